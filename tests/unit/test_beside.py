"""Commands beside each other: each counts, and what they say is not mixed."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent.parent / "beside.py"


def ran(*commands: str) -> tuple[int, str]:
    words = [word for each in commands for word in ("--", "sh", "-c", each)][1:]
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *words], capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout


def test_they_run_at_once_and_say_what_they_say_one_after_the_other(tmp_path: Path) -> None:
    waiting = f"echo one; until [ -e {tmp_path}/there ]; do sleep 0.01; done; echo of one"
    code, said = ran(waiting, f"echo two; touch {tmp_path}/there; echo complaint >&2")
    assert (code, said) == (0, "one\nof one\ntwo\ncomplaint\n")


@pytest.mark.parametrize("codes", [(3, 0), (0, 3), (3, 3)])
def test_whichever_fails_all_has_failed(codes: tuple[int, int]) -> None:
    code, said = ran(*(f"echo said; exit {each}" for each in codes))
    assert (code, said) == (3, "said\nsaid\n")
