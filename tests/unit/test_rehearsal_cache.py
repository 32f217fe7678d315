"""Old systems of practice machines are nobody's to run programs from but root's."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from wizard.platform.errors import WizardError
from wizard.rehearsal import cache

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can try as somebody else")
NOBODY = 65534


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that everybody may look into, as one made by an earlier release is."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)
    place = made / "cache"
    place.mkdir(mode=0o755)
    monkeypatch.setenv("DOCKER_IPV6_WIZARD_CACHE", str(place))
    yield place
    shutil.rmtree(made)


def runs_as_nobody(program: Path) -> bool:
    try:
        done = subprocess.run([str(program)], user=NOBODY, group=NOBODY, extra_groups=())
    except PermissionError:
        return False
    return done.returncode == 0


def test_an_ordinary_user_reaches_no_program_in_it(folder: Path) -> None:
    program = folder / "true"
    shutil.copy("/bin/true", program)
    program.chmod(0o4755)
    assert runs_as_nobody(program)
    assert cache.folder() == folder
    assert not runs_as_nobody(program)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_is_missing_is_closed_from_the_first(folder: Path) -> None:
    folder.rmdir()
    cache.folder()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_of_somebody_else_is_not_used(folder: Path) -> None:
    os.chown(folder, NOBODY, NOBODY)
    with pytest.raises(WizardError, match="belongs to somebody else"):
        cache.folder()
