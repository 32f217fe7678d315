"""Looks daily, and after Docker or the network restarts, whether all is as it was set up.

Started by a unit of its own. It says what is wrong in the journal and at the next login, and
changes nothing.
"""

import contextlib
import sys
import time
from pathlib import Path

from wizard.host.host import Host
from wizard.host.look import look
from wizard.platform.errors import ExitCode, Locked, Refused, StepFailed, WizardError
from wizard.platform.local_time import local_time
from wizard.platform.system import FileState, RealSystem, System
from wizard.platform.text import clean
from wizard.program import program
from wizard.program.unit_file import RESTRAINED, command_line
from wizard.record.record import Record, now
from wizard.record.store import Store
from wizard.run import checking, halfway, lock, lost_record, set_ups

NAME = "docker-ipv6-wizard-watch"
SERVICE = f"/etc/systemd/system/{NAME}.service"
TIMER = f"/etc/systemd/system/{NAME}.timer"
MESSAGE = Path(f"/run/motd.d/{NAME}")
"""What pam_motd(8) shows at each login; it goes with a reboot, after which this looks again."""

_OURS = "# Looks after IPv6 for containers. Written by the wizard; wizard --undo removes it.\n"
_PATIENCE = 90.0
"""Seconds that containers and routes have to come back after a restart."""
_POLL = 10.0
_NETWORKS = "networking.service systemd-networkd.service NetworkManager.service"


def units() -> dict[str, str]:
    """Return the text of each unit by its path."""
    restraints = "".join(f"{name}={value}\n" for name, value in RESTRAINED.items())
    service = (
        f"{_OURS}[Unit]\n"
        "Description=Check that IPv6 for containers is as it was set up\n"
        f"After=docker.service {_NETWORKS}\n"
        "\n[Service]\n"
        "Type=oneshot\n"
        f"ExecStart={command_line(program.command('wizard.run.watching'))}\n"
        "WorkingDirectory=/\n"
        f"{restraints}"
        "TimeoutStartSec=300\n"
        f"\n[Install]\nWantedBy=docker.service {_NETWORKS}\n"
    )
    timer = (
        f"{_OURS}[Unit]\n"
        "Description=Check daily that IPv6 for containers is as it was set up\n"
        "\n[Timer]\n"
        "OnCalendar=daily\n"
        "RandomizedDelaySec=1h\n"
        "Persistent=no\n"
        "\n[Install]\nWantedBy=timers.target\n"
    )
    return {SERVICE: service, TIMER: timer}


def switch_on(system: System) -> None:
    """Write both units, and have them started; a second call does no harm.

    Raises:
        Refused: somebody has units of their own by these names; nothing was changed.
        StepFailed: systemd does not take them; nothing of them is left.
    """
    for path in units():
        found = Path(path)
        if found.is_symlink() or (
            found.exists() and not found.read_text("utf-8").startswith(_OURS)
        ):
            raise Refused(
                f"{path} is not the wizard's: somebody has masked it or put a unit of their own "
                "there. Nothing was changed. Move it away, and try again."
            )
    program.install()
    try:
        for path, text in units().items():
            system.write(path, FileState(text))
        for words in (
            ("daemon-reload",),
            # Enabled and not started: it starts with Docker, and by the timer.
            ("enable", f"{NAME}.service"),
            ("enable", "--now", f"{NAME}.timer"),
        ):
            done = system.run(("systemctl", *words))
            if done.status != 0:
                said = " ".join(done.output.split()) or "It printed nothing."
                raise StepFailed(f"Nothing looks after the set-up: systemctl failed: {clean(said)}")
    except (OSError, StepFailed):
        switch_off(system)
        raise


def switch_off(system: System, *, by_itself: bool = False) -> bool:
    """Leave nothing of it on the host, and return whether there was anything.

    ``by_itself`` says that it is what looks who calls, and so would be stopped half way here.
    """
    there = [path for path in (TIMER, SERVICE) if system.read(path) is not None]
    for path in there:
        at_once = () if by_itself and path == SERVICE else ("--now",)
        system.run(("systemctl", "disable", *at_once, path.rpartition("/")[2]))
        with contextlib.suppress(OSError):
            system.remove(path)
    if there:
        system.run(("systemctl", "daemon-reload"))
    say_nothing(MESSAGE)
    return bool(there)


def is_on(system: System) -> bool:
    """Return whether somebody has switched it on."""
    return system.read(TIMER) is not None


def looked_after(store: Store) -> tuple[Record, ...]:
    """Return the records of the set-ups of which somebody wants that they work.

    Not those that were taken back but for what others did: that stays as they want it.

    Raises:
        Refused: a record cannot be read.
    """
    return tuple(each for each in set_ups.in_force(store) if each.in_the_way)


def what_is_wrong(store: Store, system: System) -> tuple[str, ...]:
    """Return what is not as it was set up, in sentences, of every set-up; the host is only read."""
    records = looked_after(store)
    if not records:
        lost = lost_record.told(store)
        return (lost,) if lost else ()
    host = look()
    wrong: list[str] = []
    for record in records:
        found = _wrong(record, host, store, system)
        if found and len(records) > 1:
            wrong.append(f"Of the set-up for {set_ups.name_of(record)}:")
        wrong += found
    return tuple(wrong)


def _wrong(record: Record, host: Host, store: Store, system: System) -> tuple[str, ...]:
    beside = set_ups.others(store, record.id, host=host)
    try:
        found = checking.check(
            record, host, system, beside=beside, halfway=halfway.told(store, record)
        )
    except Refused as refused:
        return (str(refused),)
    return () if found.code is ExitCode.DONE else (found.words, *found.faults)


def what_to_type(store: Store) -> str:
    """Return what helps with that, for who logs in."""
    try:
        mendable = any(not halfway.told(store, each) for each in looked_after(store))
    except Refused:
        mendable = False
    if not mendable:
        return f"See: {program.typed('--status')}"
    return f"Check with: {program.typed('--check')}   Repair with: {program.typed('--repair')}"


def tell(sentences: tuple[str, ...], to_type: str = "", message: Path = MESSAGE) -> None:
    """Say it in the journal and at the next login; take back what was said there before."""
    lines = [clean(each) for each in sentences]
    sys.stderr.write("\n".join(lines or ["IPv6 works in the containers as it was set up."]) + "\n")
    if not lines:
        say_nothing(message)
        return
    message.parent.mkdir(mode=0o755, exist_ok=True)
    new = message.with_name(f".{message.name}.new")
    when = f"IPv6 for containers, as of {local_time(now())}:"
    new.write_text("\n".join([when, *lines, to_type, ""]), encoding="utf-8")
    new.chmod(0o644)
    new.replace(message)


def say_nothing(message: Path = MESSAGE) -> None:
    """Say nothing more at the next login."""
    with contextlib.suppress(OSError):
        message.unlink()


def look_again(system: System) -> None:
    """Have it look now, where somebody has switched it on: what it said may be true no more."""
    with contextlib.suppress(OSError):
        if is_on(system):
            system.run(("systemctl", "--no-block", "start", f"{NAME}.service"))


def _is_over(store: Store, system: System) -> bool:
    """Return whether all was taken back, and leave nothing that looks after it then.

    Who took back the last set-up may have been killed before this was gone.
    """
    if not store.records() or looked_after(store):
        return False
    with contextlib.suppress(Locked, OSError), lock.held(store.lock):
        if not looked_after(store):
            switch_off(system, by_itself=True)
            if store.directory == program.FOLDER.parent and not set_ups.in_force(store):
                program.remove()
    return True


def main() -> int:
    """Look, once more as long as something may be on its way, and tell."""
    store, system = Store(), RealSystem()
    deadline = time.monotonic() + _PATIENCE
    try:
        if _is_over(store, system):
            return ExitCode.DONE
        while True:
            wrong = what_is_wrong(store, system)
            if not wrong or time.monotonic() > deadline:
                break
            time.sleep(_POLL)
    except WizardError as error:
        wrong = (str(error),)
    tell(wrong, what_to_type(store))
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
