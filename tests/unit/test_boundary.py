"""The core knows nothing of the screens: it runs where Textual is not even installed."""

import pkgutil
import subprocess
import sys

import pytest

import wizard

FORBIDDEN = ("textual", "rich", "screens")
SHOW = f"""
import sys
print([name for name in {FORBIDDEN!r} if name in sys.modules])
"""


def modules() -> list[str]:
    """Return the names of all modules of the core; __main__ runs the program when imported."""
    found = pkgutil.walk_packages(wizard.__path__, "wizard.")
    return ["wizard", *(each.name for each in found if each.name != "wizard.__main__")]


def loaded_by(program: str) -> str:
    """Return which of the forbidden packages a program has loaded at its end."""
    done = subprocess.run(
        [sys.executable, "-c", program + SHOW], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_importing_every_module_of_the_engine_loads_no_screens() -> None:
    assert len(modules()) > 50
    imports = "\n".join(f"import {name}" for name in modules())
    assert loaded_by(imports) == "[]"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["--nonsense"]])
def test_a_verb_that_shows_no_screen_loads_none(arguments: list[str]) -> None:
    program = f"""
import runpy
import sys
sys.argv = ["wizard", *{arguments!r}]
try:
    runpy.run_module("wizard", run_name="__main__", alter_sys=True)
except SystemExit:
    pass
"""
    assert loaded_by(program) == "[]"


def test_the_test_sees_what_is_loaded() -> None:
    assert loaded_by("import screens.app") == "['textual', 'rich', 'screens']"
