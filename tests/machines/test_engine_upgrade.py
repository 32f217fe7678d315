"""Docker 28 in place of 26, under a set-up that was made before: told as it is, undone whole."""

import re
import shutil

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import Fingerprint, difference, fingerprint
from tests.machines.support import SERVICES, answer, apply, seen_source, undo, wizard
from tests.machines.test_routed import NETWORK, PREFIX, addresses, is_open
from wizard.answers.choices import Mode
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal import rootfs
from wizard.rehearsal.machine import Machine

ENGINE = ("usr/sbin/dockerd", "usr/sbin/docker-proxy", "usr/bin/docker", "usr/bin/docker-init")
"""The programs of Debian's packages docker.io and docker-cli."""


def upgrade(host: Machine, release: int) -> None:
    """Put the engine of a later Debian in place of the one that runs, as its package does."""
    later = rootfs.root_file_system(release)
    host.run(["systemctl", "stop", "docker.socket", "docker.service"])
    for name in ENGINE:
        shutil.copy2(later / name, host.path(f"/{name}"))
    host.run(["systemctl", "start", "docker.service"])
    host.wait_for_docker()


def without_the_engine(found: Fingerprint) -> Fingerprint:
    """What the engine itself does otherwise now is left out: its rules and its containers."""
    kept = r"(file|sysctl|unit|interface|neighbours|rules -|network \S+$)"
    return {name: value for name, value in found.items() if re.match(kept, name)}


@pytest.mark.thorough
@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_what_docker_26_had_is_told_as_it_is_on_28_and_undone(
    machine: StartMachine, mode: Mode
) -> None:
    host = machine()
    mastodon = deployments.up(host, "2017")
    routed = mode is Mode.ROUTED
    changes: dict[str, object] = {"mode": mode, "prefix": PREFIX} if routed else {}
    answer(host, mastodon, **changes)
    before = fingerprint(host)
    assert apply(host).returncode == ExitCode.DONE
    upgrade(host, 14)

    checked = wizard(host, "--check")
    for service in SERVICES:
        assert seen_source(mastodon, service) == host.address
    if routed:
        assert checked.returncode == ExitCode.NOT_AS_SET_UP
        assert f"hides the containers of {NETWORK} behind" in checked.stdout
        assert not is_open(host, addresses(host)[mastodon.container("web")], 3000)
    else:
        assert checked.returncode == ExitCode.DONE, checked.stdout

    undone = undo(host)
    assert undone.returncode == ExitCode.DONE, undone.stdout + undone.stderr
    after = without_the_engine(fingerprint(host))
    assert difference(without_the_engine(before), after) == ""
    assert "DOCKER-IPV6-WIZARD" not in host.run(["ip6tables-save"]).stdout
    # What was typed, as the sentence says: the set-up is made anew.
    assert apply(host).returncode == ExitCode.DONE
    assert wizard(host, "--check").returncode == ExitCode.DONE
    if routed:
        web = addresses(host)[mastodon.container("web")]
        assert seen_source(mastodon) == web
        assert is_open(host, web, 3000)
