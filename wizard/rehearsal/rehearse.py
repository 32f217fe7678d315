"""Opens the wizard in a practice machine, in this terminal, and stays there until one leaves it."""

import contextlib
import shutil
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType

from wizard.host.target import DEFAULT_TARGET
from wizard.platform.errors import Refused, WizardError
from wizard.platform.text import clean_line
from wizard.rehearsal import cache, deployment, leftovers, login, network
from wizard.rehearsal.machine import Machine
from wizard.rehearsal.progress import Lines, Progress

ROUTERS: Mapping[str, network.Route] = {
    "on-link": "static",
    "routed": "routed",
    "advertisement": "advertisement",
    "none": "none",
}
"""What the router of a practice machine does, by the word for it."""

_SHELL = ("bash", "-l")
_LEFT_OVER = "\x1b[?1047l\x1b[?1000;1002;1003;1004;1006;2004l\x1b[?25h\x1b[0m\x1b[999;1H\n"
"""Takes a terminal back (xterm's DECRST) from a full screen whose program was cut off from it, and
goes to its last line: where the cursor was before is known to that program alone."""

_RETURNING = 20.0
"""Seconds for a machine that boots again: what is rehearsed may have taken its network for good."""

_TO_TRY = """
This is a root shell of the practice machine, which stays until you leave it.
  wizard               open the wizard
  wizard --check       does IPv6 work in the containers?
  wizard --undo        take it back
  docker ps            the containers
  ping6 {internet}
  reboot               what is there afterwards? You come back here
A second login, from another terminal of this computer, as root:
  {line}
exit ends the rehearsal and removes the machine.
"""


def rehearse(
    release: int,
    router: str = "on-link",
    command: Sequence[str] = ("wizard",),
) -> int:
    """Start a machine with a deployment, run a command in it, stay in its shell, and remove it all.

    It is logged in to over SSH. Removed it is however this ends: by leaving the shell, switching
    the machine off, Ctrl+C, a closed terminal or SIGTERM. What a SIGKILL leaves, the next practice
    machine removes.

    Args:
        release: 12, 13 or 14.
        router: One of :data:`ROUTERS`.
        command: What to run first, as root.

    Returns:
        0, or 128 and the number of the signal that ended it, as a shell has it.

    Raises:
        Refused: This is no terminal.
        WizardError: The machine could not be built or started.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refused(
            "A rehearsal needs a terminal, for one lands in a shell of the practice machine, and "
            "this is none. Over SSH use ssh -t. Nothing was changed."
        )
    say = lines = Lines(sys.stdout, lambda: shutil.get_terminal_size().columns)
    try:
        with _signals_end_it():
            say(f"Starting a practice machine with Debian {release}.")
            machine = Machine(release, route=ROUTERS[router], progress=say)
            with machine, _undisturbed_at_the_end():
                say("Starting a deployment like Mastodon's in it.")
                deployment.up(machine)
                # Only there, and so that what is typed on a real host works here, too. Nothing
                # leaves the router.
                target = f"{DEFAULT_TARGET}/128"
                machine.router.run(["ip", "address", "add", target, "dev", "lo", "nodad"])
                _stay(machine, command, say)
        say("It is removed, with all that was changed in it.")
    except _Ended as ended:
        return 128 + ended.number
    except KeyboardInterrupt:
        say("Stopped. What was begun is removed.")
        return 128 + signal.SIGINT
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        raise WizardError(
            "The rehearsal ended, for something failed on this computer: "
            f"{clean_line(str(said).strip())}. What was made of the practice machine is removed, "
            "and nothing else was changed. Mend what it says and try again."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            lines.close()
    return 0


def clean() -> str:
    """Remove what is kept for practice machines, and return what came of that.

    Raises:
        WizardError: the cache belongs to somebody else, or something in it cannot be unmounted.
    """
    leftovers.reap()
    place = cache.folder()
    left = cache.clean()
    if not left:
        return f"{place} is removed. The next practice machine is built anew, which takes minutes."
    names = ", ".join(each.name for each in left)
    return (
        f"Of {place} this is left, because a practice machine uses it: {names}. End that machine, "
        "and type wizard --rehearse --clean again."
    )


def _stay(machine: Machine, command: Sequence[str], say: Progress) -> None:
    """Run the command, and then shells, until the person leaves one or switches the machine off."""
    way = login.prepare(machine)
    shown = _TO_TRY.format(internet=network.INTERNET_NAME, line=way.line).rstrip("\n")
    status = _call(way, command)
    leaves = False
    while True:
        if machine.ends:
            say("The practice machine shuts down …")
            if not machine.wait_for_its_end():
                say("It is switched off, which ends the rehearsal.")
                return
            _boot_again(machine, say)
        elif status == login.LOST or status < 0:
            if not _again(machine, say):
                return
        elif leaves:
            return
        say(shown)
        status, leaves = _call(way, _SHELL), True


def _call(way: login.Login, command: Sequence[str]) -> int:
    """Run a command in the machine; Ctrl+C is for the command, and not for this program."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with _terminal_kept():
            status = way.call(command)
    finally:
        signal.signal(signal.SIGINT, before)
    if status == login.LOST or status < 0:
        sys.stdout.write(_LEFT_OVER)
    return status


def _boot_again(machine: Machine, say: Progress) -> None:
    say("It boots again …")
    machine.switch_on()
    with contextlib.suppress(WizardError):
        machine.wait_for_all(_RETURNING)


def _again(machine: Machine, say: Progress) -> bool:
    """Ask what to do where the connection was lost, and return whether to log in anew."""
    say("The connection to the practice machine was lost, but it still runs.")
    while True:
        try:
            typed = input("Enter logs in again, r cuts its power and boots it, e ends it all: ")
        except EOFError:
            return False
        match typed.strip().lower():
            case "":
                return True
            case "r":
                machine.power_cut()
                _boot_again(machine, say)
                return True
            case "e":
                return False


class _Ended(BaseException):
    """A signal ended the rehearsal; no Exception, so that nothing on the way swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


_SIGNALS = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)


@contextlib.contextmanager
def _signals_end_it() -> Iterator[None]:
    """Let SIGHUP, SIGTERM and Ctrl+C unwind the stack once; later ones leave the clean-up alone."""

    def end(number: int, _frame: FrameType | None) -> None:
        _ignore()
        raise KeyboardInterrupt if number == signal.SIGINT else _Ended(number)

    before = {number: signal.signal(number, end) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _undisturbed_at_the_end() -> Iterator[None]:
    """Let no signal interrupt what is done after this block."""
    try:
        yield
    finally:
        _ignore()


def _ignore() -> None:
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)


@contextlib.contextmanager
def _terminal_kept() -> Iterator[None]:
    """Leave the terminal's settings as they are now, also if the login in it is killed."""
    settings = termios.tcgetattr(sys.stdin)
    try:
        yield
    finally:
        # A terminal that was closed has no settings to bring back.
        with contextlib.suppress(termios.error):
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, settings)
