"""Hosts that get their IPv6 in ways of their own: packets pass and go on, or it is said before."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.machines import uplinks
from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import Fingerprint, difference, fingerprint
from tests.machines.support import (
    PUBLISHED,
    answer,
    apply,
    reaches_internet,
    seen_source,
    undo,
    wizard,
)
from tests.machines.test_next_boot import foresee, read
from tests.machines.test_routed import addresses, is_open
from wizard.answers.choices import Mode
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal import network, rootfs
from wizard.rehearsal.deployment import Deployment
from wizard.rehearsal.machine import Machine

_OFFERED = Path("/opt/more-packages")
_INSTALL = (
    "apt-get -q update; DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends "
    "-o Dpkg::Options::=--force-confold install"
)


def is_up(host: Machine) -> bool:
    """Whether an echo of the host itself comes back."""
    ping = ["ping", "-n", "-c", "1", "-W", "1", network.INTERNET]
    return host.run(ping, check=False).returncode == 0


def started(
    machine: StartMachine, debian: int, kept: uplinks.Host, monkeypatch: pytest.MonkeyPatch
) -> Machine:
    """Start a host of a kind, as it is after a boot."""
    options: dict[str, Any] = {}
    files = dict(kept.files)
    if folder := rootfs.offered(debian, kept.packages):
        options["binds"] = {_OFFERED: folder}
        files["etc/apt/sources.list.d/more.list"] = f"deb [trusted=yes] file:{_OFFERED} ./\n"
    known: list[Machine] = []
    host = machine(
        route=kept.route,
        manager=kept.manager,
        files=files,
        advertisement=uplinks.HEARD_OFTEN,
        second=kept.second,
        # Not before all of it is there.
        uplink_is_up=lambda each: not known or is_up(each),
        **options,
    )
    link = host.router.link

    def joined(name: str) -> None:
        link(name)
        for command in kept.router:
            host.router.run(command.split())

    monkeypatch.setattr(host.router, "link", joined)
    if kept.packages:
        host.shell(f"{_INSTALL} {' '.join(kept.packages)}", timeout=300)
    if kept.setup:
        host.shell(kept.setup)
    known.append(host)
    # What a first boot alone does is over then.
    host.reboot()
    return host


def passes(host: Machine, mastodon: Deployment, mode: Mode) -> bool:
    """Whether packets get out with the address that they should have, and in where they should."""
    if not (is_up(host) and reaches_internet(mastodon)):
        return False
    if mode is not Mode.ROUTED:
        return seen_source(mastodon) not in addresses(host).values()
    web = addresses(host)[mastodon.container("web")]
    return (
        seen_source(mastodon) == web and is_open(host, web, 3000) and not is_open(host, web, 3001)
    )


def lasting(found: Fingerprint) -> Fingerprint:
    """What neither a boot nor a network that is set up anew changes of a fingerprint."""
    # The last ones are started by whoever asks them, and end by themselves.
    anew = (
        "iptables",
        "network bridge id",
        "unit systemd-hostnamed.service",
        "unit NetworkManager-dispatcher.service",
    )
    return {
        name: value
        for name, value in found.items()
        if name not in anew
        and not name.endswith(" started")
        # What it does for a new instance alone.
        and not name.startswith("unit cloud-")
    }


def values_are_foreseen(host: Machine, foreseen: dict[str, Any]) -> bool:
    """Whether what was foreseen of the boot is so after it."""
    now = read(host, list(foreseen["values"]))
    return all(now[name] in foreseen["values"][name] for name in now)


SAMPLE = {
    ("netplan of cloud-init, static", 13, Mode.ROUTED),
    ("a route for one source", 13, Mode.ULA),
}


@pytest.mark.parametrize(
    ("debian", "name", "mode"),
    [
        pytest.param(
            debian,
            name,
            mode,
            marks=() if (name, debian, mode) in SAMPLE else pytest.mark.thorough,
            id=f"{name}-{mode}-debian{debian}",
        )
        for name, kept in uplinks.HOSTS.items()
        for debian in kept.releases
        for mode in Mode
    ],
    indirect=["debian"],
)
def test_packets_pass_and_go_on_or_it_is_said_before(
    machine: StartMachine,
    debian: int,
    name: str,
    mode: Mode,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = uplinks.HOSTS[name]
    host = started(machine, debian, kept, monkeypatch)
    mastodon = deployments.up(host, "2017")
    chosen: dict[str, Any] = {}
    if mode is Mode.ROUTED:
        chosen = {"prefix": kept.prefix, "proxy": kept.proxy}
    elif debian == 14:
        chosen = {"accepted": tuple(f"open {each}" for each in PUBLISHED)}
    answer(host, mastodon, mode=mode, **chosen)
    before = fingerprint(host)
    planned = wizard(host, "--plan", "--answers", "/root/answers.toml")
    if mode in kept.refused:
        assert planned.returncode == ExitCode.REFUSED, planned.stdout
        assert kept.refused[mode] in " ".join((planned.stderr + planned.stdout).split())
        assert apply(host).returncode == ExitCode.REFUSED
        assert difference(before, fingerprint(host)) == ""
        return
    assert planned.returncode == ExitCode.DONE, planned.stdout + planned.stderr
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    detected = json.loads(wizard(host, "--detect", "--json").stdout)
    assert detected["uplink"]["interface"] == kept.uplink or not kept.uplink, detected["uplink"]
    writers = {each["path"]: each["writer"] for each in detected["network_files"]}
    assert kept.written.items() <= writers.items(), writers
    host.wait(partial(passes, host, mastodon, mode), "packets after the apply")
    host.shell(kept.again, timeout=300)
    host.wait(partial(passes, host, mastodon, mode), "packets after the network was set up anew")
    checked = wizard(host, "--check")
    assert checked.returncode == ExitCode.DONE, checked.stdout
    foreseen = foresee(host)
    host.reboot()
    host.wait(partial(passes, host, mastodon, mode), "packets after a reboot")
    checked = wizard(host, "--check")
    assert checked.returncode == ExitCode.DONE, checked.stdout
    assert foreseen["unread"] or values_are_foreseen(host, foreseen), (
        foreseen,
        read(host, list(foreseen["values"])),
    )
    assert undo(host).returncode == ExitCode.DONE
    assert is_up(host)
    assert difference(lasting(before), lasting(fingerprint(host))) == ""
