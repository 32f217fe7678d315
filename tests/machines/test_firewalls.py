"""Firewalls that people have: packets pass, or before any change it is told what lets them pass.

What a run saw of each goes into the README's table: see tests/table.py.
"""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.machines import firewalls
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
from tests.machines.test_routed import PREFIX, addresses, is_open
from tests.table import MODES
from wizard.answers.choices import Mode
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal import rootfs
from wizard.rehearsal.deployment import Deployment
from wizard.rehearsal.machine import Machine

_OFFERED = Path("/opt/more-packages")
_INSTALL = "apt-get -q update; DEBIAN_FRONTEND=noninteractive apt-get -q -y install"


def started(machine: StartMachine, debian: int, kept: firewalls.Host) -> Machine:
    """Start a host that has a firewall, in force since a boot."""
    options: dict[str, Any] = {}
    if folder := rootfs.offered(debian, kept.packages):
        options["binds"] = {_OFFERED: folder}
        source = f"deb [trusted=yes] file:{_OFFERED} ./\n"
        options["files"] = {"etc/apt/sources.list.d/more.list": source}
    host = machine(**options)
    if kept.packages:
        host.shell(f"{_INSTALL} {' '.join(kept.packages)}", timeout=300)
    # After the packages, of which one saves the rules of today in its place.
    for path, text in kept.files.items():
        host.path(path).parent.mkdir(parents=True, exist_ok=True)
        host.path(path).write_text(text)
        host.path(path).chmod(0o755 if text.startswith("#!") else 0o644)
    host.shell(kept.setup)
    host.reboot()
    return host


def do_what_is_said(host: Machine, said: str, kept: firewalls.Host) -> None:
    """Add the lines where the sentence says so, and have the rules loaded anew."""
    said = " ".join(said.split())
    if kept.ends:
        taken_out = r"ip6tables (?:-t nat )?-D .*? -j DOCKER\S*;? ?"
        typed = re.search(f"at once, type: ((?:{taken_out})+)", said)
        assert typed is not None, said
        host.shell(f"{kept.ends}; {typed[1]}")
        assert wizard(host, "--plan", "--answers", ANSWERS).returncode == ExitCode.DONE
        # The rest of what it left goes with a boot.
        host.reboot()
        return
    found = re.search(
        r"Add these two lines to (\S+) below line (\d+) \(.*?\): “(.*?)” and “(.*?)”", said
    )
    if found is not None:
        path, line, *rules = found.groups()
        assert path == kept.keeps
    else:
        typed = re.search(
            r"where you keep your rules, and type: (.*?) (?:Nothing was changed|More of it)", said
        )
        assert typed is not None, said
        path, line, rules = kept.keeps, "-1", typed[1].split("; ")
    lines = host.path(path).read_text().splitlines()
    place = int(line) if int(line) > 0 else len(lines)
    lines[place:place] = rules
    host.path(path).write_text("\n".join(lines) + "\n")
    host.shell(kept.reload)


def lasting(found: Fingerprint) -> Fingerprint:
    """What a boot does not change of a fingerprint.

    Docker makes its own bridge and its rules anew, the latter before or after those of others.
    """
    anew = ("iptables", "network bridge id")

    def in_any_order(name: str, value: str) -> str:
        mixed = name == "ip6tables" and "DOCKER-FORWARD" in value
        return "\n".join(sorted(value.splitlines())) if mixed else value

    return {
        name: in_any_order(name, value)
        for name, value in found.items()
        if name not in anew and not name.endswith(" started")
    }


def set_up(host: Machine, mastodon: Deployment, kept: firewalls.Host, mode: Mode) -> Fingerprint:
    """Apply a mode, after what is said to stand in its way; return what the host was before."""
    chosen: dict[str, Any] = {"prefix": PREFIX} if mode is Mode.ROUTED else {}
    if host.release == 14 and mode is Mode.ULA:
        chosen["accepted"] = tuple(f"open {each}" for each in PUBLISHED)
    answer(host, mastodon, mode=mode, **chosen)
    in_the_way = kept.is_in_the_way_of(mode, host.release)
    before = fingerprint(host)
    # From 28 on it needs no policy of ours, and nothing is reloaded.
    if kept.unsaved and mode is Mode.ROUTED and host.release < 14:
        make, said, take_away = kept.unsaved
        host.shell(make)
        refused = apply(host)
        assert refused.returncode == ExitCode.REFUSED
        assert said in " ".join((refused.stderr + refused.stdout).split())
        host.shell(take_away)
        assert difference(before, fingerprint(host)) == ""
    if in_the_way:
        planned = wizard(host, "--plan", "--answers", ANSWERS)
        assert planned.returncode == ExitCode.REFUSED, planned.stdout
        assert apply(host).returncode == ExitCode.REFUSED
        assert difference(before, fingerprint(host)) == ""
        do_what_is_said(host, planned.stderr + planned.stdout, kept)
        host.run(["systemctl", "restart", "docker"])
        host.wait_for_docker()
        before = fingerprint(host)
    if kept.flushes_docker(host.release):
        told = json.loads(wizard(host, "--plan", "--json", "--answers", ANSWERS).stdout)
        assert "systemctl restart docker" in " ".join(told["notices"])
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    return before


def reload(host: Machine, kept: firewalls.Host) -> None:
    """Reload the rules, and do what is said beforehand of what that takes away."""
    host.shell(kept.reload)
    if kept.flushes_docker(host.release):
        restart_as_told(host)


def restart_as_told(host: Machine) -> None:
    """Have Docker make its rules again, once the check says so."""

    def told() -> bool:
        checked = wizard(host, "--check")
        return checked.returncode != ExitCode.DONE and "systemctl restart docker" in checked.stdout

    host.wait(told, "the check to name what brings Docker's rules back")
    host.run(["systemctl", "reset-failed", "docker"])
    host.run(["systemctl", "restart", "docker"])
    host.wait_for_docker()


def passes(host: Machine, mastodon: Deployment, mode: Mode, published: bool) -> bool:
    """Whether packets get out, and in where they should and nowhere else.

    ``published`` is whether a published port answered strangers before, at the host's own address.
    """
    if mode is not Mode.ROUTED:
        # Docker 27 and later forwards past INPUT, which the answers accept.
        same = host.release > 13 or is_open(host, host.address, 3000) is published
        return reaches_internet(mastodon) and same
    web = addresses(host)[mastodon.container("web")]
    return reaches_internet(mastodon) and is_open(host, web, 3000) and not is_open(host, web, 3001)


@pytest.mark.parametrize(
    ("debian", "name"),
    [
        pytest.param(
            debian,
            name,
            marks=() if debian == 13 and name in firewalls.SAMPLE else pytest.mark.thorough,
        )
        for debian in (12, 13, 14)
        for name in firewalls.HOSTS
    ],
    indirect=["debian"],
)
def test_packets_pass_or_what_stops_them_is_told_before(
    machine: StartMachine,
    debian: int,
    name: str,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    kept = firewalls.HOSTS[name]
    host = started(machine, debian, kept)
    mastodon = deployments.up(host, "2017")
    thorough = request.config.getoption("--thorough")
    for mode in MODES if thorough else (firewalls.SAMPLE[name],):

        def held(column: str, mode: Mode = mode) -> None:
            record_property("held", f"{name}|{debian}|{mode}|{column}")

        if kept.keeps and kept.is_in_the_way_of(mode, debian):
            # As they were before the lines for another mode.
            host.path(kept.keeps).write_text(kept.files[kept.keeps])
            host.shell(kept.reload)
        if kept.detected:
            assert kept.detected in " ".join(wizard(host, "--detect").stdout.split())
            held("detected")
        if kept.ends:
            host.shell(kept.setup)
        published = is_open(host, host.address, 3000)
        before = set_up(host, mastodon, kept, mode)
        if kept.is_in_the_way_of(mode, debian):
            held("told")
        events: dict[str, Callable[[], object]] = {
            MODES[mode]: lambda: None,
            "after a reload": partial(reload, host, kept),
            "after a reboot": host.reboot,
        }
        for column, event in events.items():
            event()
            host.wait(partial(passes, host, mastodon, mode, published), f"packets: {column}")
            held(column)
        checked = wizard(host, "--check")
        assert checked.returncode == ExitCode.DONE, checked.stdout
        # From 28 on Docker tells firewalld itself what to let through: there is no policy of ours.
        later = kept.stop_public if mode is Mode.ROUTED and debian < 14 else None
        stop, words, let_pass = later or kept.stop
        host.shell(stop)
        checked = wizard(host, "--check")
        assert checked.returncode != ExitCode.DONE, checked.stdout
        assert words in " ".join(checked.stdout.split())
        held("check names it")
        host.shell(let_pass)
        assert undo(host).returncode == ExitCode.DONE
        assert difference(lasting(before), lasting(fingerprint(host))) == ""
        held("undone whole")


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_ufw_without_ipv6_is_named_and_what_is_said_lets_packets_pass(
    machine: StartMachine, debian: int
) -> None:
    ufw = firewalls.HOSTS["ufw"]
    without = "sed -i s/^IPV6=.*/IPV6=no/ /etc/default/ufw"
    host = started(machine, debian, replace(ufw, setup=f"{without}; {ufw.setup}"))
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon, unproven=True)
    before = fingerprint(host)
    refused = apply(host)
    assert refused.returncode == ExitCode.REFUSED
    said = " ".join(refused.stderr.split())
    assert "Write IPV6=yes there, and type “ufw reload”" in said
    assert difference(before, fingerprint(host)) == ""
    host.shell("sed -i s/^IPV6=no/IPV6=yes/ /etc/default/ufw; ufw reload")
    answer(host, mastodon)
    before = fingerprint(host)
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert reaches_internet(mastodon, "web")
    # What was allowed before is for IPv4 alone.
    assert "22/tcp (v6)" not in host.shell("ufw status").stdout
    assert undo(host).returncode == ExitCode.DONE
    assert difference(before, fingerprint(host)) == ""
    assert "22/tcp (v6)" in host.shell("ufw allow 22/tcp; ufw status").stdout


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_a_rule_that_names_private_addresses_is_told_and_what_is_said_lets_packets_pass(
    machine: StartMachine, debian: int
) -> None:
    kept = firewalls.nftables(
        "table inet site {\n\tset bogons { type ipv6_addr; flags interval\n"
        "\t\telements = { ::1, fc00::/7 }; }\n\tchain through {\n"
        "\t\ttype filter hook forward priority 0; policy accept;\n"
        "\t\tip6 saddr @bogons drop\n\t}\n}\n"
    )
    host = started(machine, debian, kept)
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon)
    before = fingerprint(host)
    refused = apply(host)
    assert refused.returncode == ExitCode.REFUSED
    assert "what the containers send" in " ".join(refused.stderr.split())
    assert difference(before, fingerprint(host)) == ""
    do_what_is_said(host, refused.stderr + refused.stdout, kept)
    host.run(["systemctl", "restart", "docker"])
    host.wait_for_docker()
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert reaches_internet(mastodon, "web")
