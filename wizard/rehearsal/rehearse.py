"""Opens the wizard in a practice machine, in this terminal, and leaves nothing behind."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv6Address
from types import FrameType

from wizard.answers import answers_file
from wizard.answers.choices import Choices
from wizard.rehearsal import cache, deployment, leftovers, network
from wizard.rehearsal.machine import Machine

ANSWERS = "/root/practice-answers.toml"

# What a program draws by; TERM goes with the login itself.
_PASSED = ("COLORTERM", "NO_COLOR", "LANG", "LC_ALL")


def rehearse(
    release: int,
    progress: Callable[[str], None],
    command: Sequence[str] = ("wizard", "--answers", ANSWERS),
) -> int:
    """Start a machine with a deployment, run a command in it as over SSH, and remove it all.

    Removed it is however this ends: by the command's own end, Ctrl+C, a closed terminal or
    SIGTERM. What a SIGKILL leaves, the next practice machine removes.

    Args:
        release: 12, 13 or 14.
        progress: Is given a line for every stage until the command starts.
        command: What to run, as root.

    Returns:
        The command's exit status, or 128 and the signal's number, as a shell has it.

    Raises:
        WizardError: The machine could not be built or started.
    """
    try:
        with _signals_end_it():
            progress(f"Starting a practice machine with Debian {release}.")
            with Machine(release, progress=progress) as machine, _terminal_kept():
                progress("Starting a deployment like Mastodon's in it.")
                deployment.up(machine)
                # The machine reaches its router and no real address of the internet.
                answers = answers_file.dumps(Choices(target=IPv6Address(network.INTERNET)))
                machine.path(ANSWERS).write_text(answers)
                argv = [*machine.ssh_command(4), "-t", "-e", "none", _remote(command)]
                # From here Ctrl+C is for the command, not for this program.
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                status = subprocess.call(argv)
                with contextlib.suppress(OSError):
                    progress("Removing the practice machine …")
                return status if status >= 0 else 128 - status
    except _Ended as ended:
        return 128 + ended.number
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


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


class _Ended(BaseException):
    """A signal ended the rehearsal; no Exception, so that nothing on the way swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def _signals_end_it() -> Iterator[None]:
    """Let SIGHUP and SIGTERM unwind the stack once; later ones leave the clean-up alone."""
    numbers = (signal.SIGHUP, signal.SIGTERM)

    def end(number: int, frame: FrameType | None) -> None:
        for each in (*numbers, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
        raise _Ended(number)

    def interrupt(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in numbers}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _terminal_kept() -> Iterator[None]:
    """Leave the terminal's settings as they are now, also if the login in it is killed."""
    if not sys.stdin.isatty():
        yield
        return
    settings = termios.tcgetattr(sys.stdin)
    try:
        yield
    finally:
        # A terminal that was closed has no settings to bring back.
        with contextlib.suppress(termios.error):
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, settings)


def _remote(command: Sequence[str]) -> str:
    """Return the command as the login shell in the machine is given it."""
    variables = {name: os.environ[name] for name in _PASSED if name in os.environ}
    variables.setdefault("LANG", "C.UTF-8")
    # Nobody can log in a second time from outside, so the wizard is not to ask for that.
    variables["SSH_CONNECTION"] = ""
    return shlex.join(["env", *(f"{name}={value}" for name, value in variables.items()), *command])
