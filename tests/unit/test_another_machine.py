"""Another machine that tries what comes in: what it is asked, and what its answers mean."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.made_up_system import MadeUpSystem
from wizard.platform.errors import Refused
from wizard.platform.system import Result
from wizard.probes import another_machine
from wizard.probes.another_machine import Place

PLACES = (Place("web", "2001:db8::80", (3000, 3001)), Place("host", "2001:db8::1", (4000,), False))


class Answering(MadeUpSystem):
    """A host whose ssh says the same to everything."""

    def __init__(self, said: str, status: int = 0) -> None:
        super().__init__()
        self._said = Result(status, said)
        self.asked = ""
        self.argv: Sequence[str] = ()

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        assert argv[-3:] == ("--", "root@other", "sh")
        self.asked, self.argv = stdin, argv
        return self._said


def test_every_place_is_asked_and_who_is_silent_is_named() -> None:
    said = (
        "A banner\necho 2001:db8::80 yes\ntcp 2001:db8::80 3000 yes\ntcp 2001:db8::80 3001 no\n"
        "tcp 2001:db8::1 4000 no\ndone\n"
    )
    system = Answering(said)
    found = another_machine.ask(system, "root@other", PLACES)
    assert [each.split(" when")[0] for each in found.silent] == [
        "web does not answer TCP port 3001 at 2001:db8::80",
        "host does not answer TCP port 4000 at 2001:db8::1",
    ]
    (note,) = found.notes
    assert "an echo request at 2001:db8::80, TCP port 3000" in note
    assert "echoed 2001:db8::1" not in system.asked


@pytest.mark.parametrize("said", ["", "Permission denied (publickey).\n", "echo 2001:db8::80 no\n"])
def test_a_machine_that_did_not_get_to_the_end_tells_nothing(said: str) -> None:
    found = another_machine.ask(Answering(said, 255), "root@other", PLACES)
    assert found.silent == ()
    assert "Inwards was not tried" in found.notes[0]


@pytest.mark.parametrize("name", ["other", "root@2001:db8::1", "me@[fe80::1%eth0]", "a.example"])
def test_a_machine_is_named_as_ssh_takes_it(name: str) -> None:
    assert another_machine.machine(name) == name


@pytest.mark.parametrize("name", ["", "-oProxyCommand=x", "me@-x", "a b", "a;b", "$(x)", "@a"])
def test_what_ssh_or_a_shell_would_take_for_something_else_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        another_machine.machine(name)


def test_the_command_does_what_it_says_in_a_shell(tmp_path: Path) -> None:
    system = Answering("")
    closed = Place("nobody", "::1", (1,), echo=False)
    another_machine.ask(system, "root@other", (closed,))
    done = subprocess.run(["sh"], input=system.asked, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == "tcp ::1 1 no\ndone\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("exec yes", "y"),
        ("printf '\\033[2J[red]'; exec cat /dev/zero", None),
        ('cat; echo done; echo "$*"', "-T -o BatchMode=yes -o ConnectTimeout=10 -- root@other sh"),
    ],
    ids=["without an end", "signs without an end", "as it should"],
)
def test_what_the_machine_says_has_an_end(tmp_path: Path, words: str, said: str | None) -> None:
    system = Answering("")
    another_machine.ask(system, "root@other", PLACES)
    (tmp_path / "ssh").write_text(f"#!/bin/sh\n{words}\n")
    (tmp_path / "ssh").chmod(0o755)
    done = subprocess.run(
        system.argv, input=system.asked.encode(), capture_output=True, timeout=30,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
    )  # fmt: skip
    assert len(done.stdout) <= 64 * 1024
    assert said is None or done.stdout.decode().splitlines()[-1] == said
    found = another_machine.ask(Answering(done.stdout.decode()), "root@other", PLACES)
    assert "\x1b" not in "".join(found.notes)
    assert len("".join(found.notes)) < 2000
