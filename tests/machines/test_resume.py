"""Coming back after a lost connection: to the question, to the run at work, to what came of it."""

import subprocess
import tomllib

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.support import (
    ANSWERS,
    RECORD,
    answer,
    keep_from_second_login,
    undo,
    wait_for_host,
)
from tests.machines.terminal import Terminal
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal.machine import Machine


def log_in(host: Machine, *words: str) -> Terminal:
    return Terminal([*host.ssh_command(4), "-t", "wizard", *words])


def state(host: Machine) -> str:
    path = host.path(RECORD)
    return str(tomllib.loads(path.read_text())["state"]) if path.exists() else ""


def screens(host: Machine) -> str:
    """The processes of the wizard's screens that are still there."""
    return host.run(["pgrep", "-f", "bin/python -m wizard( |$)"], check=False).stdout


@pytest.mark.parametrize("debian", [13], indirect=True)
def test_one_comes_back_to_where_one_was_whatever_was_cut_off(machine: StartMachine) -> None:
    host = machine()
    answer(host, deployments.up(host, "current"), network="of_my_own")

    first = log_in(host, "--answers", ANSWERS)
    first.wait_for("1 of 8")
    first.press("enter")
    wait_for_host(first)
    for heading in ("3 of 8", "4 of 8"):
        first.press("enter")
        first.wait_for(heading)
    first.close()
    host.wait(lambda: not screens(host), "the screens to end with their terminal")

    second = log_in(host, "--resume")
    second.wait_for("You stopped here")
    assert "4 of 8" in second.text
    second.press("enter")
    second.wait_for("5 of 8")
    second.wait_for("of_my_own")
    second.press("enter")
    second.wait_for("steps now?")
    second.press("y")
    second.wait_for("6 of 8")
    host.wait(lambda: state(host) == "applying", "the apply to begin")
    second.close()

    third, fourth = log_in(host), log_in(host, "--resume")
    for terminal in (third, fourth):
        terminal.wait_for("6 of 8", "7 of 8")
    keep_from_second_login(host, third)
    for terminal in (third, fourth):
        terminal.wait_for("The way of their packets")
        terminal.press("enter")
        assert terminal.wait_for_end() == ExitCode.DONE
    assert state(host) == "applied"

    last = log_in(host, "--resume")
    last.wait_for("The way of their packets")
    last.press("enter")
    assert last.wait_for_end() == ExitCode.DONE
    assert undo(host).returncode == ExitCode.DONE


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [12], indirect=True)
def test_the_question_outlives_the_screens_that_asked_it(machine: StartMachine) -> None:
    host = machine()
    answer(host, deployments.up(host, "current"), window=60)
    done = subprocess.run(
        [*host.ssh_command(6), "wizard", "--apply", "--yes", "--window", "60", "--answers", ANSWERS]
    )
    assert done.returncode == ExitCode.DONE
    first = log_in(host)
    first.wait_for("Then type there:")
    (process,) = screens(host).split()
    host.run(["kill", "-KILL", process])
    first.close()

    second = log_in(host)
    second.wait_for("Then type there:")
    second.press("t")
    second.wait_for("Take everything back now?")
    second.press("y")
    second.wait_for("Everything was taken back: this host")
    # The guard tells everybody who is logged in, over whatever their terminals show.
    second.wait_for("Finish ] Enter Finish G Start again Ctrl+Q Quit F1 Help")
    second.press("enter")
    assert second.wait_for_end() == ExitCode.ROLLED_BACK
    assert state(host) == "rolled back"
