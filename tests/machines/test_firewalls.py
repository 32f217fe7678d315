"""Firewalls that people have: told before anything is changed with what mends it, or it works."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Network
from typing import Any

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import Fingerprint, difference, fingerprint
from tests.machines.support import (
    ANSWERS,
    PUBLISHED,
    answer,
    apply,
    reaches_internet,
    undo,
    wizard,
)
from tests.machines.test_routed import addresses, is_open
from wizard.answers.choices import Mode
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal.machine import Machine
from wizard.steps.firewalld import PATH as POLICY

PREFIX = IPv6Network("2001:db8:1:2:1::/80")
CONFIGURATION = "/etc/nftables.conf"


@dataclass(frozen=True)
class Own:
    """A ruleset of somebody's own, in a file that nftables.service loads."""

    text: str
    file: str = CONFIGURATION
    mode: Mode = Mode.ULA


LATE = (
    "nft add table inet late; "
    "nft add chain inet late x '{ type filter hook forward priority 20; }'; "
    "nft add rule inet late x reject"
)
"""A ruleset that comes after the wizard, and refuses all."""

HEAD = "#!/usr/sbin/nft -f\nflush ruleset\n"

OWN = {
    "ip6 filter, a chain in lower case": Own(
        "table ip6 filter {\n\tchain forward {\n"
        "\t\ttype filter hook forward priority 0; policy drop;\n\t}\n}\n"
    ),
    "inet, a policy": Own(
        "table inet filter {\n\tchain forward {\n\t\ttype filter hook forward priority filter\n"
        "\t\tpolicy drop\n\t\tct state established,related accept\n\t}\n}\n",
        mode=Mode.ROUTED,
    ),
    "a policy that accepts, and a chain that rejects": Own(
        "table inet site {\n\tchain rest { meta l4proto tcp counter; reject with icmpx type "
        "admin-prohibited; }\n\tchain through {\n"
        "\t\ttype filter hook forward priority -5; policy accept;\n\t\tjump rest\n\t}\n}\n",
        file="/etc/nftables.d/site.nft",
    ),
    "a set with a name, and answers dropped": Own(
        "table inet site {\n\tset inside { type ifname; flags interval; auto-merge\n"
        '\t\telements = { "lan0", "br-*" }; }\n\tchain forward {\n'
        "\t\ttype filter hook forward priority 10; policy drop;\n"
        "\t\tiifname @inside accept\n\t}\n}\n"
    ),
}


def put(host: Machine, own: Own) -> None:
    """Leave a ruleset of somebody's own on a host, in force now and after every boot."""
    text = own.text
    if own.file != CONFIGURATION:
        host.path(own.file).parent.mkdir(exist_ok=True)
        host.path(own.file).write_text(text)
        text = 'include "/etc/nftables.d/*.nft"\n'
    host.path(CONFIGURATION).write_text(HEAD + text)
    host.path(CONFIGURATION).chmod(0o755)
    host.run(["systemctl", "enable", "nftables"])
    host.run(["systemctl", "restart", "nftables"])
    # Its own rules were flushed as well, and it makes networks only where they are.
    host.run(["systemctl", "restart", "docker"])
    host.wait_for_docker()


def add_what_is_said(host: Machine, said: str) -> str:
    """Add the lines to the file, where the sentence says so; return the file's path."""
    said = " ".join(said.split())
    found = re.search(r"Add these two lines to (\S+) below line (\d+) \(.*?\): “(.*?)” and “(.*?)”",
                      said)  # fmt: skip
    assert found is not None, said
    path, line, *rules = found.groups()
    lines = host.path(path).read_text().splitlines()
    lines[int(line) : int(line)] = rules
    host.path(path).write_text("\n".join(lines) + "\n")
    return path


def is_told_and_works_with_what_is_said(host: Machine, own: Own) -> None:
    put(host, own)
    mastodon = deployments.up(host, "2017")
    prefix: dict[str, Any] = {"prefix": PREFIX} if own.mode is Mode.ROUTED else {}
    answer(host, mastodon, mode=own.mode, **prefix)
    before = fingerprint(host)
    said = wizard(host, "--plan", "--answers", ANSWERS)
    assert said.returncode == ExitCode.REFUSED, said.stdout
    assert apply(host).returncode == ExitCode.REFUSED
    assert difference(before, fingerprint(host)) == ""
    told = wizard(host, "--detect").stdout
    assert "whatever Docker and ip6tables accept" in " ".join(told.split())
    assert add_what_is_said(host, said.stderr + said.stdout) == own.file
    host.run(["systemctl", "reload", "nftables"])
    host.run(["systemctl", "restart", "docker"])
    host.wait_for_docker()
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr

    def passes() -> bool:
        inwards = own.mode is not Mode.ROUTED or is_open(
            host, addresses(host)[mastodon.container("web")], 3000
        )
        return reaches_internet(mastodon) and inwards

    for event in AFTERWARDS:
        event(host)
        host.wait(passes, "packets both ways")
    host.shell(LATE)
    checked = wizard(host, "--check")
    assert checked.returncode == ExitCode.NOT_PASSING, checked.stdout
    assert "“inet late”" in checked.stdout
    host.run(["nft", "delete", "table", "inet", "late"])
    assert undo(host).returncode == ExitCode.DONE


def lasting(found: Fingerprint) -> Fingerprint:
    """What a boot does not change of a fingerprint.

    Docker makes its own bridge and its IPv4 rules anew, the latter in another order.
    """
    anew = ("iptables", "network bridge id")
    return {
        name: value
        for name, value in found.items()
        if name not in anew and not name.endswith(" started")
    }


def with_firewalld(host: Machine) -> None:
    """Install firewalld, and have Docker find it as at every boot."""
    host.shell(
        "apt-get -q update; DEBIAN_FRONTEND=noninteractive apt-get -q -y install firewalld",
        timeout=200,
    )
    host.reboot()


@pytest.mark.parametrize(
    ("debian", "mode"),
    [
        pytest.param(
            debian,
            mode,
            marks=() if (debian, mode) == (13, Mode.ROUTED) else pytest.mark.thorough,
        )
        for debian in (12, 13, 14)
        for mode in Mode
    ],
    indirect=["debian"],
)
def test_firewalld_lets_the_containers_through_at_once_and_after_a_reload_and_a_boot(
    machine: StartMachine, debian: int, mode: Mode
) -> None:
    host = machine()
    with_firewalld(host)
    mastodon = deployments.up(host, "2017")
    routed = mode is Mode.ROUTED
    chosen: dict[str, Any] = {"prefix": PREFIX} if routed else {}
    if debian == 14 and not routed:
        chosen["accepted"] = tuple(f"open {each}" for each in PUBLISHED)
    answer(host, mastodon, mode=mode, **chosen)
    before = fingerprint(host)
    if routed:
        host.run(["firewall-cmd", "--add-port=2222/tcp"])
        refused = apply(host)
        assert refused.returncode == ExitCode.REFUSED
        assert "ports: 2222/tcp" in " ".join((refused.stderr + refused.stdout).split())
        host.run(["firewall-cmd", "--remove-port=2222/tcp"])
        assert difference(before, fingerprint(host)) == ""
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr

    def passes() -> bool:
        web = addresses(host)[mastodon.container("web")]
        inwards = is_open(host, web, 3000) and not is_open(host, web, 3001) if routed else True
        return reaches_internet(mastodon) and inwards

    host.wait(passes, "packets at once")
    host.run(["firewall-cmd", "--reload"])
    host.wait(passes, "packets after a reload")
    host.reboot()
    host.wait(passes, "packets after a reboot")
    checked = wizard(host, "--check")
    assert checked.returncode == ExitCode.DONE, checked.stdout
    if routed:
        host.run(["rm", POLICY])
        host.run(["firewall-cmd", "--reload"])
        checked = wizard(host, "--check")
        assert checked.returncode != ExitCode.DONE, checked.stdout
        assert f"{POLICY} is not there any more" in " ".join(checked.stdout.split())
    assert undo(host).returncode == ExitCode.DONE
    assert difference(lasting(before), lasting(fingerprint(host))) == ""
    if routed:
        answer(host, mastodon, mode=mode, firewalld=False, **chosen)
        said = wizard(host, "--plan", "--answers", ANSWERS)
        assert said.returncode == ExitCode.REFUSED
        typed = re.search(r"type: (firewall-cmd .*? --reload)", " ".join(said.stderr.split()))
        assert typed is not None, said.stderr
        host.shell(typed[1])
        said = wizard(host, "--plan", "--answers", ANSWERS)
        assert said.returncode == ExitCode.DONE, said.stderr


def _reload(host: Machine) -> None:
    host.run(["systemctl", "reload", "nftables"])


AFTERWARDS: tuple[Callable[[Machine], object], ...] = (
    lambda _host: None,
    _reload,
    lambda host: host.reboot(),
)
"""What may not stop packets."""


@pytest.mark.parametrize("debian", [13], indirect=True)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if number in (1, 2) else pytest.mark.thorough)
        for number, name in enumerate(OWN)
    ],
)
def test_a_ruleset_of_somebodys_own_is_told_with_the_lines_that_mend_it(
    machine: StartMachine, name: str
) -> None:
    is_told_and_works_with_what_is_said(machine(), OWN[name])
