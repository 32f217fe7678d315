"""A set-up that the release of commit 24eb895 made and kept is told, checked and undone whole."""

import shutil
import subprocess
from pathlib import Path

import pytest
import ruamel.yaml

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.support import ANSWERS, PYTHON, SERVICES, answer, reaches_internet, undo, wizard
from tests.machines.test_routed import PREFIX
from wizard.answers.choices import Mode
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments

COMMIT = "24eb895"
PLACE = Path("/opt/earlier")
ROOT = Path(__file__).parents[2]
ROUTED = {"mode": Mode.ROUTED, "prefix": PREFIX}


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source of the earlier release, from this repository."""
    words = ["git", "-C", str(ROOT), "archive", COMMIT, "wizard", "screens"]
    archive = subprocess.run(words, capture_output=True)
    if archive.returncode:
        pytest.skip(f"this checkout does not have the commit {COMMIT}")
    folder = tmp_path_factory.mktemp("earlier")
    unpack = ["tar", "--extract", "--no-same-owner", f"--directory={folder}"]
    subprocess.run(unpack, input=archive.stdout, check=True)
    # What it read Compose files with, and is pure Python.
    shutil.copytree(Path(ruamel.yaml.__file__).parent, folder / "ruamel" / "yaml")
    folder.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("debian", "mode"),
    [
        pytest.param(12, {}, marks=pytest.mark.thorough),
        (12, ROUTED),
        pytest.param(13, {}, marks=pytest.mark.thorough),
        pytest.param(13, ROUTED, marks=pytest.mark.thorough),
        pytest.param(14, {}, marks=pytest.mark.thorough),
        pytest.param(14, ROUTED, marks=pytest.mark.thorough),
    ],
    indirect=["debian"],
)
def test_what_it_set_up_is_told_and_undone_whole(
    machine: StartMachine, earlier: Path, mode: dict[str, object]
) -> None:
    host = machine(route="advertisement", binds={PLACE: earlier})
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon, **mode, accepted=())
    before = fingerprint(host)

    def apply_by_it() -> bool:
        applied = host.run(
            [PYTHON, "-m", "wizard", "--apply", "--yes", "--answers", ANSWERS],
            env={"PYTHONPATH": str(PLACE), "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            check=False,
            timeout=300,
        )
        # It gives Docker five seconds to answer, which a busy computer takes, and changes nothing.
        if "did not answer within 5 seconds" in applied.stderr:
            return False
        assert applied.returncode == ExitCode.DONE, applied.stdout + applied.stderr
        return True

    host.wait(apply_by_it, "the earlier release to be done", 300)

    checked = wizard(host, "--check")
    assert checked.returncode == ExitCode.DONE, checked.stdout + checked.stderr
    for said in (checked.stdout, wizard(host, "--status").stdout):
        assert "docker network create" in said
        assert ("Address already in use" in said) is bool(mode)
    for service in SERVICES:
        assert reaches_internet(mastodon, service)

    undone = undo(host)
    assert undone.returncode == ExitCode.DONE, undone.stdout + undone.stderr
    assert difference(before, fingerprint(host)) == ""
