"""Every cause of an obstacle has a page that fits a terminal and says what to type."""

import struct
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import replace
from ipaddress import IPv6Network
from pathlib import Path
from typing import Any

import pytest

from tests import made_up_hosts
from tests.unit.test_deprecated import OLD
from tests.unit.test_deprecated import host as with_address
from tests.unit.test_describe import DROPS
from tests.unit.test_obstacles import REFUSING, chain, firewalld, parsed
from wizard import describe
from wizard.answers.choices import Choices, Mode
from wizard.explain.page import MOST_LINES, WIDTH
from wizard.explain.pages import PAGES, as_text, cause_of, listed
from wizard.host import docker_socket
from wizard.host.chain import Declared, ForwardChain
from wizard.host.host import (
    Earlier,
    Engine,
    Firewall,
    Host,
    Ip6tablesCommand,
    NetworkFile,
    Outward,
    Sysctls,
    Unknown,
)
from wizard.host.looking import CannotTell
from wizard.host.netlink import Snapshot
from wizard.host.obstacle import Cause, Obstacle
from wizard.host.parts import debian, docker_engine, ip6tables, uplink
from wizard.host.parts.uplink import NONE
from wizard.platform.errors import Refused

PROGRAMS = {
    *(
        "apt",
        "cat",
        "docker",
        "find",
        "firewall-cmd",
        "grep",
        "ip",
        "ip6tables",
        "journalctl",
        "ls",
        "mv",
        "nano",
        "networkctl",
        "printf",
    ),
    *("nft", "ping", "sudo wizard", "sysctl", "systemctl", "systemd-detect-virt", "ufw", "unset"),
    "wizard",
}


def told(finder: Callable[[], object]) -> Unknown:
    """What becomes of what a detector says."""
    with pytest.raises(CannotTell) as error:
        finder()
    return Unknown(str(error.value), error.value.cause)


def refused(version: Mapping[str, Any], info: Mapping[str, Any]) -> Unknown:
    return told(lambda: docker_engine.parse(version, info, "{}", ()))


def docker(unknown: Unknown) -> Host:
    return made_up_hosts.debian12(engine=unknown)


def _installed(monkeypatch: pytest.MonkeyPatch, program: str | None) -> None:
    monkeypatch.setattr(docker_socket, "installed", lambda _: program)
    monkeypatch.setattr(ip6tables, "installed", lambda _: program)


def _not_installed(monkeypatch: pytest.MonkeyPatch) -> Host:
    _installed(monkeypatch, None)
    monkeypatch.setattr(docker_socket, "CONTAINER_MARKS", ())
    return docker(told(docker_socket.connect))


def _not_running(monkeypatch: pytest.MonkeyPatch) -> Host:
    _installed(monkeypatch, "/usr/sbin/dockerd")
    return docker(told(docker_socket.connect))


def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.5:2375")
    return docker(told(docker_socket.socket_path))


def _inside(monkeypatch: pytest.MonkeyPatch) -> Host:
    _installed(monkeypatch, None)
    monkeypatch.setattr(docker_socket, "CONTAINER_MARKS", (Path("/"),))
    return docker(told(docker_socket.connect))


def _others(monkeypatch: pytest.MonkeyPatch) -> Host:
    class Socket:
        def __enter__(self) -> "Socket":
            return self

        def __exit__(self, *_: object) -> None: ...
        def settimeout(self, _: float) -> None: ...
        def connect(self, _: str) -> None: ...
        def getsockopt(self, *_: int) -> bytes:
            return struct.pack("iII", 100, 1000, 1000)

    monkeypatch.setattr("socket.socket", lambda *_: Socket())
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return docker(told(docker_socket.connect))


def _closed(monkeypatch: pytest.MonkeyPatch) -> Host:
    def closed(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("socket.socket", closed)
    return docker(told(docker_socket.connect))


def _silent(monkeypatch: pytest.MonkeyPatch) -> Host:
    error = docker_socket.explained(TimeoutError("Read timed out."))
    return docker(Unknown(str(error), error.cause))


def _missing(monkeypatch: pytest.MonkeyPatch) -> Host:
    _installed(monkeypatch, None)
    return made_up_hosts.debian12(ip6tables=told(ip6tables.detect))


def chains(*entries: dict[str, Any]) -> Firewall:
    return Firewall(forward_chains=parsed(*entries))


DECLARED = Declared("/etc/nftables.d/site.nft", 12, "type filter hook forward priority filter")

HOSTS: dict[Cause, Callable[[pytest.MonkeyPatch], Host]] = {
    Cause.NOT_FOUND_OUT: lambda _: made_up_hosts.debian12(
        networks=Unknown(
            "Docker answered with something that the wizard does not understand "
            "(TypeError: string indices must be integers, not 'str'), so it is not relied on. "
            "Check that its release is one that the wizard knows."
        )
    ),
    Cause.NOT_DEBIAN: lambda _: made_up_hosts.debian12(
        debian=told(lambda: debian.parse('ID=fedora\nPRETTY_NAME="Fedora Linux 43"\n', ""))
    ),
    Cause.NOT_ROOT: lambda _: made_up_hosts.debian12(root=False),
    Cause.DOCKER_NOT_INSTALLED: _not_installed,
    Cause.DOCKER_NOT_RUNNING: _not_running,
    Cause.DOCKER_SILENT: _silent,
    Cause.DOCKER_CLOSED: _closed,
    Cause.DOCKER_ELSEWHERE: _elsewhere,
    Cause.DOCKER_OF_OTHERS: _others,
    Cause.IN_CONTAINER: _inside,
    Cause.DOCKER_UNIT: lambda _: made_up_hosts.debian14(
        engine=Engine("28.5.2", "1.51", True, unit="snap.docker.dockerd.service")
    ),
    Cause.DOCKER_DESKTOP: lambda _: docker(
        refused({"Version": "28.5.2"}, {"OperatingSystem": "Docker Desktop"})
    ),
    Cause.DOCKER_ROOTLESS: lambda _: made_up_hosts.debian14(
        engine=Engine("28.5.2", "1.51", True, rootless=True)
    ),
    Cause.DOCKER_TOO_OLD: lambda _: made_up_hosts.debian12(engine=Engine("1.13.1", "1.26", False)),
    Cause.PODMAN: lambda _: docker(
        refused({"Components": [{"Name": "Podman Engine"}], "Version": "5.4.2"}, {})
    ),
    Cause.IPV6_OFF: lambda _: made_up_hosts.debian12(sysctls=Sysctls((), (), (), disabled=True)),
    Cause.NO_DEFAULT_ROUTE: lambda _: made_up_hosts.debian12(
        uplink=told(lambda: uplink.parse(Snapshot((), (), ())))
    ),
    Cause.FORWARDING_OFF: lambda _: made_up_hosts.debian13(
        network_files=(
            NetworkFile("/etc/systemd/networkd.conf", forwarding_off=3, everywhere=True),
        )
    ),
    Cause.BRIDGES_TAKEN: lambda _: made_up_hosts.debian13(
        network_files=(NetworkFile("/etc/systemd/network/99-all.network", takes_bridges=True),)
    ),
    Cause.ADDRESS_DEPRECATED: lambda _: with_address(OLD),
    Cause.NO_WAY_OUT: lambda _: made_up_hosts.debian12(
        outward=Outward(False, "2606:4700:4700::1111: address unreachable, says 2001:db8:1:2::1")
    ),
    Cause.UFW_WITHOUT_IPV6: lambda _: made_up_hosts.debian12(
        firewall=Firewall(ufw=True, ufw_drops_ipv6=True)
    ),
    Cause.IP6TABLES_MISSING: _missing,
    Cause.FORWARD_POLICY: lambda _: made_up_hosts.debian14(
        engine=Engine("29.7.2", "1.55", True, "nftables"),
        firewall=chains(chain("ip6", "filter", name="FORWARD")),
    ),
    Cause.FORWARD_CHAIN: lambda _: made_up_hosts.debian12(
        firewall=Firewall(
            forward_chains=(ForwardChain("inet", "mine", "forward", DROPS, DECLARED),)
        )
    ),
    Cause.FORWARD_RULES: lambda _: made_up_hosts.debian12(
        ip6tables=Ip6tablesCommand("1.8.9", False, True, REFUSING)
    ),
    Cause.OTHER_TABLES: lambda _: made_up_hosts.debian12(
        ip6tables=Ip6tablesCommand(
            "1.8.9",
            False,
            beside_filter="*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -i br-+ -j DROP\n"
            "COMMIT\n",
        )
    ),
    Cause.SOURCE_TRANSLATED: lambda _: made_up_hosts.debian12(
        ip6tables=Ip6tablesCommand(
            "1.8.9",
            False,
            beside_filter="*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -o eth0 -j MASQUERADE\n"
            "COMMIT\n",
        )
    ),
    Cause.BEFORE_DOCKER: lambda _: made_up_hosts.debian14(
        ip6tables=Ip6tablesCommand("1.8.13", False, before_docker="by its policy", has_docker=True)
    ),
    Cause.FIREWALLD: lambda _: made_up_hosts.debian12(firewall=firewalld("docker0")),
    Cause.PORTS_TRANSLATED: lambda _: made_up_hosts.debian12(
        ip6tables=Ip6tablesCommand("1.8.9", False, to_docker=("PREROUTING -j DOCKER",))
    ),
    Cause.DOCKER_IMITATED: lambda _: made_up_hosts.debian14(
        ip6tables=Ip6tablesCommand(
            "1.8.13", False, has_docker=True, imitated="FORWARD -j DOCKER-ISOLATION-STAGE-1"
        )
    ),
    Cause.EARLIER_RUN: lambda _: made_up_hosts.debian12(
        earlier=(Earlier(Path("/r"), "undoing", "2026-11-26T10:00:00Z", True),)
    ),
    Cause.RECORD_UNREADABLE: lambda _: made_up_hosts.debian12(
        earlier=Unknown(
            "The record of an earlier run, /var/lib/docker-ipv6-wizard/record.toml, is damaged: "
            "Expected '=' after a key in a key/value pair (at line 1, column 6). Look at it before "
            "you start the wizard again: it says what was changed."
        )
    ),
}
"""A host on which each cause is in the way, as far as can be as the detectors find it."""


CHOICES = {
    Cause.FIREWALLD: Choices(
        mode=Mode.ROUTED, prefix=IPv6Network("2001:db8:1:2:1::/80"), firewalld=False
    ),
    Cause.PORTS_TRANSLATED: Choices(),
    Cause.SOURCE_TRANSLATED: Choices(mode=Mode.ROUTED, prefix=IPv6Network("2001:db8:1:2:1::/80")),
    Cause.DOCKER_IMITATED: Choices(
        mode=Mode.ROUTED, prefix=IPv6Network("2001:db8:1:2:1::/80"), bridge="br-mine"
    ),
}


def in_the_way(cause: Cause, monkeypatch: pytest.MonkeyPatch) -> Obstacle:
    host = HOSTS[cause](monkeypatch)
    choices = CHOICES.get(cause, Choices())
    found = (*describe.forbidding(host, choices), *describe.doubts(host, choices))
    (obstacle,) = (each for each in found if each.cause is cause)
    return obstacle


def test_every_cause_has_a_page_and_a_host_here() -> None:
    assert set(PAGES) == set(Cause)
    assert set(HOSTS) == set(Cause)
    assert len({page.title for page in PAGES.values()}) == len(PAGES)


@pytest.mark.parametrize("cause", Cause)
def test_a_page_says_what_was_found_what_to_type_and_fits_a_terminal(
    cause: Cause, monkeypatch: pytest.MonkeyPatch
) -> None:
    obstacle = in_the_way(cause, monkeypatch)
    page = PAGES[cause]
    assert len(page.title) <= WIDTH
    for lines in (page.lines(obstacle), page.lines()):
        words = [line for line in lines if not line.startswith("  ")]
        assert max(map(len, words)) <= WIDTH
        # A terminal breaks what is longer, as a command may be.
        broken = [part for line in lines for part in textwrap.wrap(line, WIDTH) or [""]]
        assert len(broken) <= MOST_LINES, "\n".join(broken)
        commands = [line.strip() for line in lines if line.startswith("  ")]
        assert commands
        for command in commands:
            assert any(command.startswith(program) for program in PROGRAMS), command
    text = " ".join(as_text(cause, [obstacle]).split())
    assert " ".join(obstacle.found.split()) in text
    assert all(command in text for command in obstacle.commands or page.commands)


@pytest.mark.parametrize("cause", Cause)
def test_a_page_ends_as_its_commands_go_on(cause: Cause) -> None:
    page = PAGES[cause]
    assert page.remedy.endswith(":")
    assert page.what.endswith(".")
    assert page.wizard.endswith(".")


def test_commands_of_this_host_stand_in_place_of_those_of_the_page() -> None:
    (obstacle,) = describe.problems(with_address(OLD))
    text = as_text(Cause.ADDRESS_DEPRECATED, [obstacle])
    assert "\n  ip -6 address change 2001:db8:1:2::10/64 dev eth0 preferred_lft forever\n" in text
    assert "ADDRESS/LENGTH" not in text
    assert obstacle.sentence.endswith(obstacle.commands[-1])


def test_of_several_chains_each_has_its_own_commands() -> None:
    others = chains(chain(), chain("ip6", "second"))
    found = describe.problems(made_up_hosts.debian12(firewall=others))
    text = as_text(Cause.FORWARD_CHAIN, found)
    assert "insert rule inet mine forward" in text
    assert "insert rule ip6 second forward" in text


def test_a_page_that_is_not_about_this_host_says_so() -> None:
    assert "it is not in the way on this host now" in as_text(Cause.PODMAN, ())


def test_every_page_is_on_the_list_and_an_unknown_one_is_refused() -> None:
    lines = listed().splitlines()
    for cause, page in PAGES.items():
        (line,) = (line for line in lines if line.split()[:1] == [cause.value])
        assert line.endswith(page.title)
        assert cause_of(cause.value) is cause
    assert max(map(len, lines)) <= 80
    with pytest.raises(Refused, match="no page called docker"):
        cause_of("docker")


def test_a_part_that_came_too_late_is_not_found_out() -> None:
    host = replace(made_up_hosts.debian12(), uplink=Unknown("It did not answer within 5 seconds."))
    (obstacle,) = describe.problems(host)
    assert obstacle.cause is Cause.NOT_FOUND_OUT
    assert NONE not in obstacle.sentence
