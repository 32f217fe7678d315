"""Long after a set-up was kept: what it stood on is gone, or comes from a backup, and undo ends."""

import subprocess

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.support import lost_default_routes, undo, wizard
from tests.machines.test_repair import Kept, kept
from wizard.answers.choices import Mode
from wizard.platform.errors import ExitCode
from wizard.record.store import DIRECTORY

on_debian13 = pytest.mark.parametrize("debian", [13], indirect=True)

KERNEL = ("net/ipv6/conf/all/forwarding", "net/ipv6/conf/eth0/accept_ra")


def of_ours(run: Kept) -> str:
    """What the wizard leaves on a host while something is set up."""
    rules = "ip6tables-save | grep -i wizard || true"
    return run.host.shell(f"find /etc -name '*docker-ipv6-wizard*'; {rules}").stdout


def kernel(run: Kept) -> list[str]:
    return run.host.run(["sysctl", "--values", *KERNEL]).stdout.split()


def undone(run: Kept) -> subprocess.CompletedProcess[str]:
    done = undo(run.host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert of_ours(run) == ""
    again = undo(run.host)
    assert "There is nothing to take back" in again.stderr
    return done


@pytest.mark.thorough
@on_debian13
@pytest.mark.parametrize(
    ("mode", "options"),
    [(Mode.ULA, {"route": "advertisement"}), (Mode.ROUTED, {})],
    ids=["private", "routed"],
)
def test_after_docker_was_removed_an_undo_leaves_nothing(
    machine: StartMachine, mode: Mode, options: dict[str, str]
) -> None:
    run = kept(machine, mode, **options)
    before = [run.before[f"sysctl {each}"] for each in KERNEL]
    assert kernel(run) != before
    packages = ("docker.io", "docker-cli", "docker-compose")
    run.host.run(["apt-get", "--yes", "remove", *packages], timeout=300)
    # Installed anew it would make the network again, so that this is not the end of it.
    done = undo(run.host)
    assert done.returncode == ExitCode.ROLLBACK_INCOMPLETE
    assert "come back with it" in done.stdout
    run.host.shell("rm --recursive /var/lib/docker/*")
    with lost_default_routes(run.host) as lost:
        undone(run)
    assert lost == []
    assert kernel(run) == before
    run.logs_in()


@pytest.mark.thorough
@on_debian13
def test_a_folder_from_a_backup_that_followed_links_is_as_good_as_the_wizards_own(
    machine: StartMachine,
) -> None:
    run = kept(machine, Mode.ULA)
    run.host.shell(
        f"cp --recursive --dereference --preserve {DIRECTORY} /root/backup;"
        f"rm --recursive {DIRECTORY}; mv /root/backup {DIRECTORY}"
    )
    run.works()
    undone(run)
    run.compare()
    # The next run is the only one.
    assert wizard(run.host, "--status").stdout.count("The run of") == 1


@pytest.mark.thorough
@on_debian13
def test_a_folder_that_is_gone_is_missed(machine: StartMachine) -> None:
    run = kept(machine, Mode.ULA)
    run.host.shell(f"mv {DIRECTORY} /root/backup")
    for verb in (("--status",), ("--check",), ("--undo", "--yes")):
        said = wizard(run.host, *verb)
        assert "docker-ipv6-wizard-filter.service" in said.stdout + said.stderr
    run.host.shell(f"rm --recursive --force {DIRECTORY}; mv /root/backup {DIRECTORY}")
    undone(run)
    run.compare()
