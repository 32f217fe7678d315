"""Fixtures that give a test fresh Debian machines and take them away again."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.machines.matrix import MATRIX
from wizard.platform.errors import Refused
from wizard.rehearsal import leftovers, requirements
from wizard.rehearsal.machine import Machine

if TYPE_CHECKING:
    from tests.machines.bench import Bench


class StartMachine(Protocol):
    """Starts a machine that lives as long as the test; of the test's release if none is given."""

    def __call__(self, release: int | None = None, **options: Any) -> Machine: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("machine")


@pytest.fixture(scope="session", autouse=True)
def _machines_can_be_had() -> None:
    try:
        requirements.check()
        probe = ["unshare", "--mount", "--net", "--pid", "--fork", "true"]
        subprocess.run(probe, check=True, capture_output=True)
    except (Refused, OSError, subprocess.CalledProcessError) as error:
        reason = f"no practice machines here: {error}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    leftovers.reap()


@pytest.fixture(params=[12, 13], ids=["debian12", "debian13"])
def debian(request: pytest.FixtureRequest) -> int:
    """A Debian release. For others: ``@pytest.mark.parametrize("debian", [14], indirect=True)``."""
    release: int = request.param
    return release


@pytest.fixture(scope="module")
def bench(request: pytest.FixtureRequest) -> "Iterator[Bench]":
    """One machine for the cells of a file, which may say with ``prepare`` what is done to it."""
    from tests.machines.bench import Bench

    prepare = getattr(request.module, "prepare", lambda run: None)
    with Bench(request.config.stash[MATRIX], prepare) as made:
        yield made


@pytest.fixture
def machine(debian: int) -> Iterator[StartMachine]:
    """Starts machines of the test's release; see ``StartMachine``."""
    with contextlib.ExitStack() as machines:

        def start(release: int | None = None, **options: Any) -> Machine:
            return machines.enter_context(Machine(release or debian, **options))

        yield start
