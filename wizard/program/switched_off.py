"""Units and files of ours that somebody has switched off: what it means, and the line to type.

systemd masks a unit by a link to /dev/null in the place of its file, and reads no file of
sysctl.d(5) in whose place such a link is (systemctl(1), sysctl.d(5)). systemctl does not mask a
unit whose file is in /etc/systemd/system, so where it is masked the file is gone: with the mask
alone taken away there is nothing to enable.
"""

from pathlib import PurePath

from wizard.platform.system import System
from wizard.platform.text import clean_line
from wizard.program import program

_UNITS = PurePath("/etc/systemd/system")
_MASKED = "masked"
"""One of /run alone, ``masked-runtime``, hides no file of ours, for /etc comes before it."""


def is_masked(system: System, unit: str) -> bool:
    """Return whether a unit is masked, so that nothing can enable or start it."""
    return _MASKED in system.run(("systemctl", "is-enabled", unit)).output.split()


def in_the_way(path: str) -> str:
    """Return what to say before an apply that would write a file which is masked."""
    return (
        f"Somebody has masked {_name(path)}, so nothing that the wizard writes there would take "
        f"effect. To let the wizard use it, type: {_unmask(path)}"
    )


def stays(path: str) -> str:
    """Return what to say when a masked file is taken back."""
    return (
        f"Somebody has masked {_name(path)} since, and what the wizard wrote there is gone. The "
        f"mask stays. To take it away too, type: {_unmask(path)}"
    )


def masked(path: str) -> str:
    """Return what to say of a masked file of a run that is in force."""
    return (
        f"{_name(path)} is masked by somebody, so it has no effect, also after the next boot. To "
        f"have it back, type: {_unmask(path)} && {_anew()}"
    )


def unit(system: System, name: str, path: str = "") -> str | None:
    """Return a sentence if a unit does not run now or after the next boot, or None if it does.

    Args:
        system: The host.
        name: The name of the unit.
        path: The file of the unit, where it is one of ours.

    Raises:
        OSError: the file cannot be read.
    """
    enabled, active = (
        system.run(("systemctl", question, name)) for question in ("is-enabled", "is-active")
    )
    if _MASKED in enabled.output.split():
        return masked(path or f"{_UNITS / name}")
    if enabled.status == 0 and active.status == 0:
        return None
    if path and system.read(path) is None:
        return (
            f"{name} does not start at boot any more: somebody has removed {path}. To have it "
            f"back, type: {_anew()}"
        )
    if enabled.status != 0:
        return (
            f"{name} is disabled by somebody, so it does not start at the next boot. To have it "
            f"back, type: systemctl enable --now {name}"
        )
    said = clean_line(active.output.strip()) or "systemd does not say more"
    return (
        f"{name} does not run ({said}). To start it, type: systemctl enable --now {name}. Why it "
        f"ended is told by: journalctl -u {name}"
    )


def _anew() -> str:
    return program.typed("--repair", "--yes")


def _name(path: str) -> str:
    return clean_line(PurePath(path).name if PurePath(path).parent == _UNITS else path)


def _unmask(path: str) -> str:
    verb = "systemctl unmask" if PurePath(path).parent == _UNITS else "rm"
    return f"{verb} {_name(path)}"
