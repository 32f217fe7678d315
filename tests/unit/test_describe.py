import json
import re
from collections.abc import Callable
from dataclasses import fields, replace
from ipaddress import IPv6Interface
from pathlib import Path
from typing import Any

import pytest

from tests import made_up_hosts
from wizard.describe import as_json, as_text, describe, notes, of_host, problems
from wizard.host.chain import ForwardChain
from wizard.host.every_part import PARTS
from wizard.host.host import (
    Address,
    Compose,
    Debian,
    Earlier,
    Engine,
    Firewall,
    Host,
    Ip6tablesCommand,
    Manager,
    Origin,
    Outward,
    Sysctls,
    Unknown,
    Uplink,
)
from wizard.host.parts import debian, docker_engine, manager, sysctls

EVERY = (
    made_up_hosts.debian12,
    made_up_hosts.debian13,
    made_up_hosts.debian14,
    made_up_hosts.debian9_article,
    made_up_hosts.not_root,
    made_up_hosts.no_docker,
    made_up_hosts.hostile_names,
)


def uplink(*addresses: Address) -> Uplink:
    found = made_up_hosts.debian12().uplink
    assert isinstance(found, Uplink)
    return replace(found, addresses=addresses)


def engine(**changes: Any) -> Engine:
    found = made_up_hosts.debian14().engine
    assert isinstance(found, Engine)
    return replace(found, **changes)


@pytest.mark.parametrize("host", EVERY)
def test_every_field_of_every_host_has_words(host: Callable[[], Host]) -> None:
    lines = of_host(host())
    assert len({line.label for line in lines}) == len(fields(Host))
    for line in lines:
        assert line.words
        assert "\n" not in line.words


@pytest.mark.parametrize("host", EVERY)
def test_the_text_fits_80_columns_and_holds_every_label(host: Callable[[], Host]) -> None:
    text = as_text(host())
    assert max(map(len, text.splitlines())) <= 80
    assert all(part.label in text for part in PARTS)


@pytest.mark.parametrize("host", EVERY)
def test_the_json_has_the_same_keys_for_every_host(host: Callable[[], Host]) -> None:
    parts = json.loads(as_json(host()))
    assert list(parts) == [*(field.name for field in fields(Host)), "problems", "notes"]


def test_the_json_says_unknown_with_the_reason() -> None:
    parts = json.loads(as_json(made_up_hosts.debian12(kernel=Unknown("It hides."))))
    assert parts["kernel"] == {"unknown": "It hides."}
    assert parts["uplink"]["addresses"] == [
        {
            "interface": "2001:db8:1:2::10/64",
            "origin": "static",
            "temporary": False,
            "deprecated": False,
        }
    ]
    assert parts["sysctls"]["accept_ra"]["eth0"] == 0
    assert parts["earlier"] == []
    assert parts["projects"][0]["directory"] == "/srv/mastodon"


@pytest.mark.parametrize(
    "host", [made_up_hosts.debian12, made_up_hosts.debian13, made_up_hosts.debian14]
)
def test_a_healthy_host_has_nothing_in_the_way(host: Callable[[], Host]) -> None:
    assert problems(host()) == ()


@pytest.mark.parametrize("host", [made_up_hosts.debian12, made_up_hosts.debian13])
def test_a_healthy_tested_host_has_nothing_to_mind(host: Callable[[], Host]) -> None:
    assert notes(host()) == ()
    assert {line.verdict for line in of_host(host())} == {"ok"}


DROPS = (
    '{"nftables":[{"chain":{"family":"inet","table":"mine","name":"forward","hook":"forward",'
    '"policy":"drop"}}]}'
)


def dropping(*chains: ForwardChain) -> Firewall:
    return Firewall(forward_chains=chains)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"debian": Unknown("This host runs Alpine.")}, "This host runs Alpine."),
        ({"engine": Unknown("Docker is not installed.")}, "Docker is not installed."),
        ({"networks": Unknown("No networks.")}, "No networks."),
        ({"engine": Engine("17.05.0-ce", "1.29", False)}, "older than 17.06"),
        ({"engine": Engine("1.13.1", "1.26", False)}, "older than 17.06"),
        ({"engine": engine(rootless=True)}, "rootless"),
        ({"uplink": Unknown("There is no uplink.")}, "There is no uplink."),
        ({"sysctls": Sysctls((), (), (), disabled=True)}, "IPv6 is switched off"),
        ({"ip6tables": Unknown("ip6tables is not installed.")}, "can make no rules"),
        ({"earlier": Unknown("The record is damaged.")}, "The record is damaged."),
        ({"earlier": (Earlier(Path("/r"), "applied", "2026", True),)}, "wizard --undo"),
        ({"earlier": (Earlier(Path("/r"), "a later format's", "2026", True),)}, "wizard --undo"),
        ({"outward": Outward(False, "no answer")}, "does not get out over IPv6 (no answer)"),
        (
            {"firewall": dropping(ForwardChain("inet", "mine", "forward", DROPS))},
            "table “inet mine”",
        ),
    ],
)
def test_what_is_in_the_way_is_said(changes: dict[str, Any], expected: str) -> None:
    (problem,) = problems(made_up_hosts.debian12(**changes))
    assert expected in problem.sentence


def test_one_cause_is_said_once() -> None:
    assert len(problems(made_up_hosts.no_docker())) == 1
    off = {"sysctls": Sysctls((), (), (), disabled=True), "uplink": Unknown("No route.")}
    assert len(problems(made_up_hosts.debian12(**off))) == 1


def test_the_articles_engine_is_new_enough() -> None:
    assert problems(made_up_hosts.debian9_article()) == ()


def test_ip6tables_may_be_missing_where_the_engine_needs_none_of_ours() -> None:
    assert problems(made_up_hosts.debian14(ip6tables=Unknown("ip6tables is not installed."))) == ()


def test_a_record_that_only_root_may_read_is_not_in_a_users_way() -> None:
    host = made_up_hosts.debian13(root=False, earlier=Unknown("Only root may read it."))
    assert problems(host) == ()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"root": False}, "You are not root"),
        ({"debian": Debian("Debian GNU/Linux duke/sid", 15)}, "tested on Debian 12"),
        ({"debian": Debian("Ubuntu 24.04", 13, True)}, "derives from Debian"),
        ({"engine": engine(swarm=True)}, "swarm"),
        ({"engine": engine(live_restore=True)}, "live-restore"),
        ({"compose": Compose(None, None)}, "apt install docker-compose"),
        ({"projects": ()}, "No Compose project"),
        ({"firewall": Firewall(ufw=True)}, "ufw is active"),
        ({"firewall": Firewall(firewalld=True)}, "firewalld is active"),
        ({"ip6tables": Ip6tablesCommand("1.8.9", False, True)}, "ip6tables-legacy-save"),
        ({"ip6tables": Ip6tablesCommand("1.8.9", True, True)}, "ip6tables-nft-save"),
        ({"uplink": uplink()}, "no global address"),
        (
            {"uplink": uplink(Address(IPv6Interface("fd00::1/64"), Origin.STATIC))},
            "unique local addresses alone",
        ),
    ],
)
def test_what_to_mind_is_said(changes: dict[str, Any], expected: str) -> None:
    (note,) = notes(made_up_hosts.debian12(**changes))
    assert expected in note


@pytest.mark.parametrize("state", ["undone", "rolled back", "undo incomplete"])
def test_a_run_that_was_taken_back_is_nothing_to_mind(state: str) -> None:
    earlier = (Earlier(Path("/r"), state, "2026", False),)
    assert notes(made_up_hosts.debian12(earlier=earlier)) == ()


def test_the_releases_that_the_readme_says_are_tested_are_called_so() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    (columns,) = re.findall(r"^\| \| (Debian .*) \|$", readme, re.MULTILINE)
    said = [int(number) for number in re.findall(r"Debian (\d+)", columns)]
    assert said == list(debian.TESTED_ON)
    for host in (made_up_hosts.debian12(), made_up_hosts.debian13(), made_up_hosts.debian14()):
        assert isinstance(host.debian, Debian)
        assert host.debian.version in said
        assert describe(debian.PART, host.debian).verdict == "ok"


def test_who_listens_to_advertisements_is_said() -> None:
    assert "to the kernel" in describe(manager.PART, Manager.IFUPDOWN).words
    assert "itself" in describe(manager.PART, Manager.NETWORKD).words


@pytest.mark.parametrize(
    ("accept_ra", "forwarding", "hears"),
    [(0, 0, False), (0, 1, False), (1, 0, True), (1, 1, False), (2, 0, True), (2, 1, True)],
)
def test_the_kernel_hears_advertisements_as_accept_ra_and_forwarding_say_for_each_interface(
    accept_ra: int, forwarding: int, hears: bool
) -> None:
    found = Sysctls(
        forwarding=(("all", 1 - forwarding), ("eth0", forwarding), ("eth1", 0)),
        accept_ra=(("all", 1), ("eth0", accept_ra), ("eth1", 0)),
        proxy_ndp=(),
    )
    assert found.kernel_hears("eth0") is hears
    words = describe(sysctls.PART, found).words
    assert f"hears router advertisements {'on eth0' if hears else 'nowhere'};" in words
    assert "listens" not in describe(manager.PART, Manager.IFUPDOWN).words


def test_an_unknown_that_is_needed_is_a_problem_and_another_is_not() -> None:
    assert describe(docker_engine.PART, Unknown("Why.")).verdict == "problem"
    assert describe(manager.PART, Unknown("Why.")) == describe(manager.PART, Unknown("Why."))
    assert describe(manager.PART, Unknown("Why.")).verdict == "unknown"


def test_hostile_names_are_shown_letter_by_letter() -> None:
    text = as_text(made_up_hosts.hostile_names())
    assert "[docker0] via fe80::1" in text
    assert not any(ord(character) < 32 and character != "\n" for character in text)
