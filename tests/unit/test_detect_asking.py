"""What detectors ask of the host's programs, and what they make of one that does not answer."""

import json
import os
import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from wizard.host import docker_process, filter_sources
from wizard.host.host import Firewall
from wizard.host.looking import CannotTell
from wizard.host.parts import firewall, ip6tables
from wizard.host.processes import Process

RULES = "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -s 172.20.0.0/16 -j ACCEPT\nCOMMIT\n"
OTHERS = "table inet own {\n chain input {\n ip saddr 172.21.0.0/16 accept\n }\n}\n"
OF_NFT, OF_LEGACY = "ip6tables v1.8.11 (nf_tables)\n", "ip6tables v1.8.11 (legacy)\n"


class Programs:
    """The programs of a host, by the words that they are asked with; None where one fails."""

    def __init__(self, answers: dict[str, str | None]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def output(self, words: Sequence[str]) -> str:
        """Return what a program prints."""
        line = " ".join(words)
        self.asked.append(line)
        answer = self.answers[line]
        if answer is None:
            raise CannotTell(f"“{line}” failed.")
        return answer

    def installed(self, program: str) -> str | None:
        """Return where a program is."""
        there = any(line.split()[0] == program for line in self.answers)
        return program if there else None


def programs(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, answers: dict[str, str | None]
) -> Programs:
    """Have a detector ask these programs, as root."""
    made = Programs(answers)
    monkeypatch.setattr(module, "output", made.output)
    monkeypatch.setattr(module, "installed", made.installed, raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return made


# Rules that name a source.


@pytest.mark.parametrize(
    ("saved", "listed", "networks"),
    [
        (RULES, OTHERS, ["172.20.0.0/16", "172.21.0.0/16"]),
        (RULES, None, ["172.20.0.0/16"]),
        (None, OTHERS, ["172.21.0.0/16"]),
        (None, None, []),
    ],
)
def test_each_program_that_lists_rules_is_asked_whatever_the_other_does(
    monkeypatch: pytest.MonkeyPatch, saved: str | None, listed: str | None, networks: list[str]
) -> None:
    answers = {"iptables-save": saved, "nft list ruleset": listed}
    programs(monkeypatch, filter_sources, answers)
    found = filter_sources.filter_sources()
    assert [str(each.network) for each in found] == networks
    one = {line: text for line, text in answers.items() if text}
    programs(monkeypatch, filter_sources, dict(one))
    assert filter_sources.filter_sources() == found


def test_nobody_but_root_asks_for_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = programs(monkeypatch, filter_sources, {"iptables-save": RULES}).asked
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert filter_sources.filter_sources() == ()
    assert firewall._forward_policy() is None
    assert not asked


# The policy of FORWARD.


@pytest.mark.parametrize(
    ("version", "tables", "listed", "policy"),
    [
        (OF_NFT, None, "-P FORWARD DROP\n", "DROP"),
        (OF_LEGACY, "nat\nfilter\n", "-P FORWARD DROP\n", "DROP"),
        # To ask would make the table.
        (OF_LEGACY, "nat\n", None, "ACCEPT"),
        (OF_LEGACY, None, None, "ACCEPT"),
        (OF_NFT, "nat\n", None, None),
        (None, None, "-P FORWARD DROP\n", None),
    ],
)
def test_the_policy_is_asked_for_where_asking_makes_no_table(
    monkeypatch: pytest.MonkeyPatch,
    version: str | None,
    tables: str | None,
    listed: str | None,
    policy: str | None,
) -> None:
    answers = {"ip6tables --version": version, "ip6tables -S FORWARD": listed}
    asked = programs(monkeypatch, firewall, answers).asked
    monkeypatch.setattr(firewall, "read_if_there", lambda _path: tables)
    assert firewall._forward_policy() == policy
    makes_one = version == OF_LEGACY and "filter" not in (tables or "")
    assert ("ip6tables -S FORWARD" in asked) is (version is not None and not makes_one)
    monkeypatch.setattr(firewall, "installed", lambda _program: None)
    assert firewall._forward_policy() is None


DROPPING = json.dumps(
    {
        "nftables": [
            {"table": {"family": "inet", "name": "own"}},
            {
                "chain": {
                    "family": "inet",
                    "table": "own",
                    "name": "through",
                    "type": "filter",
                    "hook": "forward",
                    "prio": 0,
                    "policy": "drop",
                }
            },
        ]
    }
)


@pytest.mark.parametrize(
    ("answers", "tables"),
    [
        ({"nft -j list ruleset": DROPPING}, ["own"]),
        ({"nft -j list ruleset": None}, []),
        ({}, []),
    ],
)
def test_chains_that_drop_are_those_that_nft_lists_to_root(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, str | None], tables: list[str]
) -> None:
    asked = programs(monkeypatch, firewall, answers).asked
    assert [each.table for each in firewall._forward_chains()] == tables
    asked.clear()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert firewall._forward_chains() == ()
    assert not asked


@pytest.mark.parametrize("active", [(), ("ufw",), ("firewalld",), ("ufw", "firewalld")])
def test_the_words_name_those_that_are_active_and_no_other(active: tuple[str, ...]) -> None:
    found = Firewall(
        ufw="ufw" in active,
        firewalld="firewalld" in active,
        forward_policy=None,
        dropping_tables=("inet a", "ip6 b"),
    )
    words, mark = firewall.in_words(found)
    said = words.partition(";")[0]
    assert said.startswith("neither") is (not active)
    assert {each for each in ("ufw", "firewalld") if each in said and active} == {*active}
    assert (mark == "note") is bool(active)
    assert len(firewall.notes(found)) == len(active)
    assert "inet a, ip6 b" in words


# The other of the kernel's two interfaces.

CLOSED = "*filter\n:FORWARD DROP [0:0]\nCOMMIT\n"
OPEN = "*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n"


@pytest.mark.parametrize(
    ("tables", "answers", "expected"),
    [
        (None, {}, (False, "")),
        ("", {"ip6tables-legacy-save": None}, (False, "")),
        ("filter\n", {"ip6tables-legacy-save -t filter": OPEN}, (False, "")),
        ("filter\n", {"ip6tables-legacy-save -t filter": CLOSED}, (True, CLOSED)),
        (
            "nat\nfilter\n",
            {
                "ip6tables-legacy-save -t nat": "*nat\nCOMMIT\n",
                "ip6tables-legacy-save -t filter": CLOSED,
            },
            (True, f"*nat\nCOMMIT\n{CLOSED}"),
        ),
        # What the kernel has, nobody can list.
        ("filter\n", {}, (True, "")),
        ("", {}, (False, "")),
    ],
)
def test_of_the_legacy_interface_only_tables_that_are_there_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
    tables: str | None,
    answers: dict[str, str | None],
    expected: tuple[bool, str],
) -> None:
    programs(
        monkeypatch,
        ip6tables,
        {**answers, "ip6tables --version": OF_NFT, "ip6tables-save": ""},
    )
    monkeypatch.setattr(ip6tables, "read_if_there", lambda _path: tables)
    found = ip6tables.detect()
    assert (found.legacy, found.other_has_rules, found.other) == (False, *expected)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, (False, "")),
        ({"ip6tables-nft-save": OPEN}, (False, "")),
        ({"ip6tables-nft-save": CLOSED}, (True, CLOSED)),
    ],
)
def test_a_legacy_ip6tables_asks_the_program_of_nftables(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, str | None], expected: tuple[bool, str]
) -> None:
    own = {"ip6tables --version": OF_LEGACY, "ip6tables-save": RULES}
    programs(monkeypatch, ip6tables, {**own, **answers})
    found = ip6tables.detect()
    assert (found.legacy, found.other_has_rules, found.other) == (True, *expected)


def test_to_a_user_it_is_not_known_whether_the_other_has_rules(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    closed = tmp_path / "ip6_tables_names"
    monkeypatch.setattr(ip6tables, "LEGACY_TABLES", closed)
    monkeypatch.setattr(ip6tables, "read_if_there", lambda _path: None)
    for version, there, expected in (
        (OF_LEGACY, False, None),
        (OF_NFT, False, False),
        (OF_NFT, True, None),
    ):
        programs(monkeypatch, ip6tables, {"ip6tables --version": version})
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        if there:
            closed.touch()
        found = ip6tables.detect()
        assert found.other_has_rules is expected
        words, mark = ip6tables.in_words(found)
        assert ("only root may see" in words) is (expected is None)
        assert mark == "ok"


# Which process Docker is.

SHOW = "systemctl show --property=MainPID --value docker.service"
LISTENS = "systemctl is-active docker.socket"


@pytest.fixture
def of_pid(monkeypatch: pytest.MonkeyPatch) -> dict[int, Process]:
    """The processes that may be believed."""
    found: dict[int, Process] = {}
    monkeypatch.setattr(
        docker_process, "trusted", lambda pid, _name: found.get(pid) if pid > 0 else None
    )
    monkeypatch.setattr(docker_process, "number_in", lambda _file: 7)
    return found


DOCKERD = Process("dockerd", 0, own=True, words=("dockerd",))


@pytest.mark.parametrize(
    ("active", "said", "pid"),
    [
        (True, "42\n", 42),
        (True, None, 7),
        (True, "\n", 7),
        (True, "²\n", 7),
        (False, "42\n", 7),
    ],
)
def test_the_engine_is_the_one_of_systemd_or_else_that_of_its_pid_file(
    monkeypatch: pytest.MonkeyPatch,
    of_pid: dict[int, Process],
    active: bool,
    said: str | None,
    pid: int,
) -> None:
    programs(monkeypatch, docker_process, {SHOW: said})
    monkeypatch.setattr(docker_process, "is_active", lambda _unit: active)
    assert docker_process.running() is None
    # Whoever has the number 1 is not meant where no number is known.
    of_pid |= {1: replace(DOCKERD, words=("init",)), pid: DOCKERD}
    assert docker_process.running() is DOCKERD


@pytest.mark.parametrize(
    ("active", "runs", "listens", "sleeps"),
    [
        (False, False, "active\n", True),
        (False, False, "inactive\n", False),
        (False, False, None, False),
        (True, False, "active\n", False),
        (False, True, "active\n", False),
    ],
)
def test_an_engine_sleeps_where_systemd_listens_for_one_that_does_not_run(
    monkeypatch: pytest.MonkeyPatch,
    of_pid: dict[int, Process],
    active: bool,
    runs: bool,
    listens: str | None,
    sleeps: bool,
) -> None:
    programs(monkeypatch, docker_process, {SHOW: "0\n", LISTENS: listens})
    monkeypatch.setattr(docker_process, "is_active", lambda _unit: active)
    if runs:
        of_pid[7] = DOCKERD
    assert docker_process.sleeps() is sleeps


def test_whoever_listens_on_the_socket_is_the_one_who_is_looked_at(
    tmp_path: Path, of_pid: dict[int, Process]
) -> None:
    path = tmp_path / "docker.sock"
    of_pid[os.getpid()] = DOCKERD
    assert docker_process.engine_process(path) is None
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        assert docker_process.engine_process(path) is DOCKERD
        assert docker_process.engine_words(path) == ("dockerd",)
