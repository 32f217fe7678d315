"""Which proxy entries the service adds and removes, and which words of ip and Docker it goes by."""

import json
import socket
import struct
import subprocess
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

import pytest

from wizard.ndp import fixed, proxy_table
from wizard.ndp import uplink as uplinks
from wizard.ndp.difference import Difference, difference
from wizard.ndp.docker_engine import concerns
from wizard.ndp.notify import notify
from wizard.ndp.served_network import ServedNetwork
from wizard.ndp.uplink import indices
from wizard.platform.errors import WizardError
from wizard.platform.own_names import NETWORK_LABEL as LABEL

ONE, TWO, THREE = (IPv6Address(f"2001:db8:1:2:1::{number}") for number in (1, 2, 3))


def test_what_is_missing_is_added_and_what_is_ours_and_gone_is_removed() -> None:
    change = difference({ONE, TWO}, {TWO: True, THREE: True})
    assert change == Difference(add=frozenset({ONE}), remove=frozenset({THREE}))


def test_an_entry_of_somebody_else_is_neither_added_again_nor_removed() -> None:
    assert not difference({ONE}, {ONE: False, TWO: False})


def test_nothing_is_to_do_where_all_is_right() -> None:
    assert not difference({ONE}, {ONE: True})
    assert difference({ONE}, {})
    assert difference(set(), {ONE: True})


def test_ours_are_the_entries_with_our_mark() -> None:
    output = json.dumps(
        [
            {"dst": str(ONE), "proxy": None, "protocol": str(proxy_table.PROTOCOL)},
            {"dst": str(TWO), "proxy": None, "protocol": str(fixed.PROTOCOL)},
            {"dst": str(THREE), "proxy": None},
        ]
    )
    assert proxy_table.parse(output) == {ONE: True, TWO: False, THREE: False}
    assert proxy_table.parse("") == {}


AT_ONCE = ("ntable", "change", "name", "ndisc_cache", "dev", "br0", "proxy_delay", "0")


def test_whatever_interface_has_the_name_answers_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    index, works, told = -1, True, []

    def ip(words: list[str]) -> str:
        told.append(tuple(words))
        if not works:
            raise WizardError("ip could not do it.")
        return ""

    monkeypatch.setattr(uplinks, "index", lambda _uplink: index)
    monkeypatch.setattr(proxy_table, "_ip", ip)
    table = proxy_table.ProxyTable("br0")
    table.answer_at_once()
    assert not told
    index = 5
    table.answer_at_once()
    table.answer_at_once()
    assert told == [AT_ONCE]
    index, works = 9, False
    for _ in range(2):
        with pytest.raises(WizardError):
            table.answer_at_once()
    works = True
    table.answer_at_once()
    table.answer_at_once()
    assert told == [AT_ONCE] * 4


def test_entries_come_and_go_in_one_batch_that_passes_over_what_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[tuple[list[str], str]] = []

    def run(words: list[str], **rest: Any) -> subprocess.CompletedProcess[str]:
        ran.append((words, rest["input"]))
        return subprocess.CompletedProcess(words, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    table = proxy_table.ProxyTable("eth0")
    table.apply(Difference(frozenset(), frozenset()))
    assert not ran
    table.apply(Difference(frozenset({TWO, ONE}), frozenset({THREE})))
    ((words, text),) = ran
    assert words == ["ip", "-family", "inet6", "-force", "-batch", "-"]
    mark = f"dev eth0 protocol {proxy_table.PROTOCOL}"
    # What goes comes first.
    assert text.splitlines() == [
        f"neighbour del proxy {THREE} {mark}",
        f"neighbour add proxy {ONE} {mark}",
        f"neighbour add proxy {TWO} {mark}",
    ]
    assert text.endswith("\n")


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        (FileNotFoundError(2, "No such file or directory", "ip"), "could not be used"),
        (subprocess.TimeoutExpired("ip", 10), "could not be used"),
        ((1, "RTNETLINK answers: \x1b[2J.\nmore\n"), "entries: RTNETLINK answers: "),
        ((255, ""), r"entries: status 255\."),
    ],
)
def test_what_ip_could_not_do_is_said(
    monkeypatch: pytest.MonkeyPatch, ends: Exception | tuple[int, str], said: str
) -> None:
    def run(words: list[str], **_rest: Any) -> subprocess.CompletedProcess[str]:
        if isinstance(ends, Exception):
            raise ends
        return subprocess.CompletedProcess(words, ends[0], "", ends[1])

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(WizardError, match=said) as error:
        proxy_table.ProxyTable("eth0").entries()
    assert "\x1b" not in str(error.value)
    assert "more" not in str(error.value)


@pytest.mark.parametrize(
    ("forwarding", "of_all", "own", "said"),
    [
        ("1", "1", "0", None),
        ("1", "1", "1", None),
        ("1", "0", "1", "re-checks gets no answer"),
        ("1", "0", "0", "proxy_ndp is not 1, so the kernel answers for none"),
        ("0", "1", "1", "forwarding is 0"),
        # An interface that is made yet says nothing.
        (None, "1", None, None),
    ],
)
def test_what_keeps_the_kernel_from_answering_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    forwarding: str | None,
    of_all: str,
    own: str | None,
    said: str | None,
) -> None:
    monkeypatch.setattr(proxy_table, "_SYSCTLS", tmp_path)
    for place, value in (
        ("all/proxy_ndp", of_all),
        ("eth0/forwarding", forwarding),
        ("eth0/proxy_ndp", own),
    ):
        if value is not None:
            (tmp_path / place).parent.mkdir(exist_ok=True)
            (tmp_path / place).write_text(f"{value}\n")
    found = proxy_table.ProxyTable("eth0").obstacle()
    assert found is None if said is None else said in (found or "")


def test_nobody_answers_for_this_host_or_its_router(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy_table, "_TABLES", tmp_path)
    table = proxy_table.ProxyTable("eth0")
    assert table.never() == set()
    (tmp_path / "if_inet6").write_text("20010db8000100020000000000000010 02 40 00 80     eth0\n")
    (tmp_path / "ipv6_route").write_text(
        "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
        "fe800000000000000000000000000001 00000400 00000003 00000000 00000003     eth0\n"
    )
    assert table.never() == {IPv6Address("2001:db8:1:2::10"), IPv6Address("fe80::1")}


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told_where_it_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool
) -> None:
    name = f"{tmp_path}/notify"
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}" if abstract else name)
    # Nobody listens yet, which is no reason to end.
    notify("READY=1")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"\0{name}" if abstract else name)
        systemd.settimeout(5)
        notify("READY=1", "STATUS=well")
        assert systemd.recv(100) == b"READY=1\nSTATUS=well"


def test_the_addresses_of_containers_are_taken_and_those_of_unused_endpoints_are_not() -> None:
    network = {
        "Labels": {LABEL: "2001:db8:1:2:1::/80"},
        "IPAM": {"Config": [{"Subnet": "2001:db8:1:2:1::/80", "Gateway": "2001:db8:1:2:1::9"}]},
        "Containers": {
            "b57c0da7": {"Name": "web", "IPv4Address": "172.18.0.2/16", "IPv6Address": f"{ONE}/80"},
            "77aa11cc": {"Name": "old", "IPv4Address": "172.18.0.3/16", "IPv6Address": ""},
            "ep-59a3c8": {"Name": "left-over", "IPv6Address": f"{TWO}/80"},
        },
    }
    assert ServedNetwork("wizard").addresses(network).wanted == {ONE}
    assert not ServedNetwork("wizard").addresses({**network, "Containers": None}).wanted


def test_only_events_of_the_network_itself_count() -> None:
    def line(name: str) -> bytes:
        return json.dumps({"Type": "network", "Actor": {"Attributes": {"name": name}}}).encode()

    assert concerns(line("wizard"), ["wizard"])
    assert not concerns(line("wizard_two"), ["wizard"])


def test_an_event_that_is_not_understood_makes_the_service_look() -> None:
    for line in (b"{", b"[]", b"null", b'{"Actor": null}', b"\xff", b"[" * 300_000):
        assert concerns(line, ["wizard"])


def test_link_messages_tell_their_interfaces() -> None:
    def message(index: int, padding: int) -> bytes:
        body = struct.pack("=BxHiII", 0, 1, index, 0, 0) + bytes(padding)
        length = 16 + len(body)
        return struct.pack("=IHHII", length, 16, 0, 0, 0) + body + bytes(-length % 4)

    assert indices(message(7, 5) + message(300, 0)) == {7, 300}
    assert indices(b"") == set()
    assert indices(bytes(64)) <= {0}


def test_fixed_entries_are_the_commands_that_a_person_would_type() -> None:
    assert [" ".join(argv) for argv in fixed.commands("eth0", [TWO, ONE, TWO])] == [
        "ip -6 neigh replace proxy 2001:db8:1:2:1::1 dev eth0 protocol 147",
        "ip -6 neigh replace proxy 2001:db8:1:2:1::2 dev eth0 protocol 147",
    ]
    assert [" ".join(argv) for argv in fixed.undo_commands("eth0", [ONE])] == [
        "ip -6 neigh del proxy 2001:db8:1:2:1::1 dev eth0"
    ]


def test_the_service_would_not_take_fixed_entries_for_its_own() -> None:
    assert fixed.PROTOCOL != proxy_table.PROTOCOL
