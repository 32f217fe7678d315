"""Another Docker under a set-up made before: told as it is, made anew by a repair, undone whole."""

import re
import shutil

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import Fingerprint, difference, fingerprint
from tests.machines.guarding import without_a_boot
from tests.machines.support import (
    SERVICES,
    answer,
    apply,
    pings,
    seen_source,
    undo,
    wizard,
)
from tests.machines.test_change import CHANGE, checked, is_private, is_public
from tests.machines.test_routed import PREFIX, addresses, answers
from wizard.answers.choices import Mode
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal import network, rootfs
from wizard.rehearsal.deployment import Deployment
from wizard.rehearsal.machine import Machine
from wizard.run.guard_units import GUARD

ENGINE = ("usr/sbin/dockerd", "usr/sbin/docker-proxy", "usr/bin/docker", "usr/bin/docker-init")
"""The programs of Debian's packages docker.io and docker-cli."""


def put(host: Machine, release: int) -> None:
    """Put the Docker of another Debian in place of the one that runs, as its package does."""
    other = rootfs.root_file_system(release)
    host.run(["systemctl", "stop", "docker.socket", "docker.service"])
    # That of Debian 12 needs a library that later ones have not.
    for path in (*map(other.joinpath, ENGINE), *other.glob("usr/lib/*/libdevmapper.so.1.02.1")):
        if path.exists():
            shutil.copy2(path, host.path(f"/{path.relative_to(other)}"))
    # systemd starts it three times a minute, and no more.
    host.run(["systemctl", "reset-failed", "docker.socket", "docker.service"])
    host.run(["systemctl", "start", "docker.service"])
    host.wait_for_docker()


def works(host: Machine, mastodon: Deployment, mode: Mode) -> None:
    passes = is_public if mode is Mode.ROUTED else is_private
    passes(host, mastodon, *SERVICES)
    checked(host)


def told(host: Machine, mastodon: Deployment, mode: Mode, earlier: str) -> None:
    """Make sure that the check says what is so, and the preview what mending it costs."""
    said = wizard(host, "--check")
    assert said.returncode == ExitCode.NOT_AS_SET_UP, said.stdout + said.stderr
    assert f"this was set up for Docker {earlier}" in said.stdout
    assert "the wizard's stand there twice" in said.stdout
    if mode is Mode.ROUTED:
        assert seen_source(mastodon) == host.address
        assert not answers(host, addresses(host)[mastodon.container("web")])
    shown = wizard(host, "--repair")
    assert shown.returncode == ExitCode.REFUSED, shown.stdout + shown.stderr
    assert f"this was set up for Docker {earlier}" in " ".join(shown.stdout.split("\n# "))
    assert "for some seconds the containers" in " ".join(shown.stdout.split("\n# "))


@pytest.mark.parametrize("mode", [Mode.ROUTED, pytest.param(Mode.ULA, marks=pytest.mark.thorough)])
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_what_docker_26_had_is_told_on_28_made_anew_and_undone_whole(
    machine: StartMachine, mode: Mode
) -> None:
    host = machine(route="advertisement")
    mastodon = deployments.up(host)
    put(host, 14)
    before = without_a_boot(fingerprint(host))
    put(host, 13)
    # The earlier one leaves the rules of the later one.
    for table in ("filter", "nat", "raw"):
        host.shell(f"ip6tables -t {table} -F; ip6tables -t {table} -X")
    routed = {"mode": mode, "prefix": PREFIX} if mode is Mode.ROUTED else {}
    answer(host, mastodon, **routed)
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    put(host, 14)

    told(host, mastodon, mode, "26.1.5")
    with pings(host, network.INTERNET) as own:
        mended = wizard(host, "--repair", "--yes")
    assert mended.returncode == ExitCode.DONE, mended.stdout + mended.stderr
    assert own.sent == own.answered > 0
    works(host, mastodon, mode)
    assert "DOCKER-IPV6-WIZARD" not in host.run(["ip6tables-save"]).stdout
    undone = undo(host)
    assert undone.returncode == ExitCode.DONE, undone.stdout + undone.stderr
    assert difference(before, without_a_boot(fingerprint(host))) == ""


@pytest.mark.thorough
@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_docker_20_then_26_needs_nothing_and_then_28_is_followed_across_a_reboot(
    machine: StartMachine, mode: Mode
) -> None:
    host = machine(route="advertisement")
    put(host, 12)
    mastodon = deployments.up(host)
    # What a first boot alone does is behind it then.
    host.reboot()
    routed = {"mode": mode, "prefix": PREFIX} if mode is Mode.ROUTED else {}
    answer(host, mastodon, **routed)
    before = without_the_engine(fingerprint(host))
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr

    put(host, 13)
    works(host, mastodon, mode)
    nothing = wizard(host, "--repair", "--yes")
    assert nothing.returncode == ExitCode.DONE
    assert "there is nothing to repair" in nothing.stdout

    put(host, 14)
    told(host, mastodon, mode, "20.10.24")
    stood = fingerprint(host)
    waits = wizard(host, "--repair", "--yes", "--window", "600")
    assert waits.returncode == ExitCode.DONE, waits.stdout + waits.stderr
    # Nobody says keep.
    host.shell(f"sed -i 's/^expires = .*/expires = 0.0/' {CHANGE}")
    host.run(["systemctl", "start", GUARD])
    host.wait(lambda: 'state = "rolled back"' in host.path(CHANGE).read_text(), "the end", 90)
    changed = difference(anew(stood), anew(fingerprint(host)))
    assert not changed, changed
    told(host, mastodon, mode, "20.10.24")

    mended = wizard(host, "--repair", "--yes")
    assert mended.returncode == ExitCode.DONE, mended.stdout + mended.stderr
    works(host, mastodon, mode)
    host.reboot()
    works(host, mastodon, mode)
    undone = undo(host)
    assert undone.returncode == ExitCode.DONE, undone.stdout + undone.stderr
    assert "DOCKER-IPV6-WIZARD" not in host.run(["ip6tables-save"]).stdout
    left = difference(before, without_the_engine(fingerprint(host)))
    assert not left, left


def without_the_engine(found: Fingerprint) -> Fingerprint:
    """What Docker itself does otherwise now is left out: rules, containers and networks."""
    kept = r"(file|sysctl|unit|interface|neighbours|rules -)"
    return {name: value for name, value in found.items() if re.match(kept, name)}


def anew(found: Fingerprint) -> Fingerprint:
    """The same and the rules for IPv6, in any order: which container has which address changes."""
    rules = "\n".join(sorted(found["ip6tables"].splitlines()))
    return without_the_engine(found) | {"ip6tables": rules}
