"""Debian 13 in place of 12 under a set-up in force: another Python, and nothing to fetch."""

import subprocess
from functools import partial
from ipaddress import IPv6Address

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.support import reaches_internet, seen_source, wizard
from tests.machines.test_repair import PROXY, kept, pruned
from tests.machines.test_routed import PREFIX, addresses, answers
from wizard.answers.choices import Mode
from wizard.platform.errors import ExitCode
from wizard.rehearsal import installation, network, rootfs
from wizard.rehearsal.machine import Machine

COPY = "/var/lib/docker-ipv6-wizard/program/current/wizard.sh"


def upgrade(host: Machine, release: int) -> None:
    """Boot what the host has written on another release, with the environment of the first."""
    below = rootfs.root_file_system(host.release)
    environment = installation.layers(host.release, below)
    host.shutdown()
    folder = host._made.folder
    network.run(["umount", str(folder / "root")])
    lower = ":".join(map(str, (*environment, rootfs.root_file_system(release))))
    options = f"lowerdir={lower},upperdir={folder}/upper,workdir={folder}/work"
    network.run(["mount", "-t", "overlay", "-o", options, "practice", str(folder / "root")])
    host.boot()


def by_copy(host: Machine, *words: str) -> subprocess.CompletedProcess[str]:
    """Type what works without the wizard's own environment."""
    return host.run([COPY, *words], check=False, timeout=180)


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [12], indirect=True)
def test_service_guard_check_repair_and_undo_go_on_by_another_python(
    machine: StartMachine,
) -> None:
    run = kept(machine, Mode.ROUTED)
    before = str(run.host.run(["python3", "--version"]).stdout)
    pruned(run)
    assert run.repairs("--window", "900").returncode == ExitCode.DONE

    upgrade(run.host, 13)

    assert str(run.host.run(["python3", "--version"]).stdout) != before
    # The guard takes back, at the first boot, what nobody has kept.
    run.wait_for_no_guard()
    assert run.host.run(["systemctl", "is-active", PROXY]).stdout == "active\n"
    checked = by_copy(run.host, "--check")
    assert checked.returncode == ExitCode.NOT_PASSING, checked.stdout + checked.stderr
    mended = by_copy(run.host, "--repair", "--yes")
    assert mended.returncode == ExitCode.DONE, mended.stdout + mended.stderr
    run.host.wait(partial(reaches_internet, run.mastodon), "IPv6", 20)
    assert IPv6Address(seen_source(run.mastodon)) in PREFIX
    web = addresses(run.host)[run.mastodon.container("web")]
    run.host.wait(partial(answers, run.host, web), "the service to answer", 20)
    checked = by_copy(run.host, "--check")
    assert checked.returncode == ExitCode.DONE, checked.stdout + checked.stderr
    # Nothing can be fetched, and whoever types the usual command is told what works.
    told = wizard(run.host, "--check")
    assert told.returncode == ExitCode.REFUSED, told.stdout + told.stderr
    assert COPY in told.stderr
    undone = by_copy(run.host, "--undo", "--yes")
    assert undone.returncode == ExitCode.DONE, undone.stdout + undone.stderr
    assert run.state == "undone"
    assert "DOCKER-IPV6-WIZARD" not in run.host.run(["ip6tables-save"]).stdout
