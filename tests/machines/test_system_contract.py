"""A real host answers as tests/system_contract.py says, and so as the made-up one does."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.lines import Lines
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.support import PYTHON
from tests.system_contract import GUEST, Case, every_case
from wizard.platform.system import FileState, Result
from wizard.rehearsal import image, network
from wizard.rehearsal.machine import Machine

TESTS = Path("/opt/tests")


class RemoteSystem:
    """The core's own system in a machine, asked from here."""

    def __init__(self, process: subprocess.Popen[str], host: Machine) -> None:
        assert process.stdin is not None
        self.host = host
        self._asked, self._answers = process.stdin, Lines(process)

    def _ask(self, name: str, *arguments: object) -> Any:
        given = [vars(each) if isinstance(each, FileState) else each for each in arguments]
        self._asked.write(f"{json.dumps([name, given])}\n")
        self._asked.flush()
        answer = json.loads(self._answers.next())
        if "errno" in answer:
            raise OSError(answer["errno"], answer["words"])
        return answer["result"]

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        return Result(**self._ask("run", list(argv), stdin))

    def read(self, path: str) -> FileState | None:
        found = self._ask("read", path)
        return None if found is None else FileState(**found)

    def write(self, path: str, state: FileState) -> None:
        self._ask("write", path, state)

    def why_not_write(self, path: str) -> str | None:
        found: str | None = self._ask("why_not_write", path)
        return found

    def remove(self, path: str) -> None:
        self._ask("remove", path)

    def make_directory(self, path: str) -> None:
        self._ask("make_directory", path)

    def remove_directory(self, path: str) -> None:
        self._ask("remove_directory", path)

    def remove_nft_table(self, name: str) -> None:
        self._ask("remove_nft_table", name)


# Where Docker leaves ip6tables alone, as the made-up host has it.
RELEASES = [13, pytest.param(12, marks=pytest.mark.thorough)]


@pytest.fixture(scope="module", params=RELEASES, ids=lambda release: f"debian{release}")
def system(request: pytest.FixtureRequest) -> Iterator[RemoteSystem]:
    """A machine with a guest; what the cases did there is gone when all have been."""
    binds = {TESTS: Path(__file__).parent}
    # So that the route that a case loses is back soon.
    often = network.Advertisement(pauses=(3, 4))
    with Machine(request.param, route="advertisement", advertisement=often, binds=binds) as host:
        image.load(host)
        labels = [f"com.docker.compose.{key}" for key in ("project", "service")]
        values = (GUEST.project, GUEST.service)
        named = [f"--label={key}={value}" for key, value in zip(labels, values, strict=True)]
        running = ["--name", GUEST.name, *named, image.TAG, "tail", "-f", "/dev/null"]
        host.run(["docker", "run", "--detach", *running])
        before = fingerprint(host)
        command = host.command([PYTHON, str(TESTS / "remote_system.py")])
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            yield RemoteSystem(process, host)
        lives_by_advertisement(host)
        assert difference(before, fingerprint(host)) == ""


def lives_by_advertisement(host: Machine) -> None:
    shown = ["ip", "-6", "route", "show", "default", "proto", "ra"]
    host.wait(lambda: bool(host.run(shown).stdout), "the advertised default route")


@every_case
def test_a_host_answers_as_the_made_up_one_does(system: RemoteSystem, case: Case) -> None:
    lives_by_advertisement(system.host)
    case(system)
