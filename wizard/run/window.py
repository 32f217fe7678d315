"""The time in which somebody has to say "keep": on the monotonic clock, and for people."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from wizard.platform.system import PACKAGE_TIMEOUT
from wizard.record.record import Record, State
from wizard.steps.base import Step
from wizard.steps.package import Package

_APPLYING = 300.0
"""Seconds that a whole apply may take before it is taken back, where nothing is installed."""

_DRIFT = 2.0
"""Seconds by which the two clocks may differ before it is said: they are not read at once."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def applying(steps: Sequence[Step]) -> float:
    """Return how many seconds a whole apply may take; to install a package takes its own time."""
    return _APPLYING + sum(PACKAGE_TIMEOUT for step in steps if isinstance(step, Package))


def open_for(record: Record, seconds: float) -> None:
    """Note in the record that this many seconds are left from now on."""
    record.expires = time.monotonic() + seconds
    record.boot = boot()
    record.deadline = _written(datetime.now(UTC) + timedelta(seconds=seconds))


def seconds_left(record: Record) -> float:
    """Return how many seconds are left until a run is taken back; 0 once they are over.

    The monotonic clock does not jump with the time of day, and begins anew with a boot
    (clock_gettime(2)): what waited for an answer before a reboot has waited long enough.
    """
    if record.state not in (State.APPLYING, State.UNCONFIRMED) or record.boot != boot():
        return 0.0
    return max(0.0, record.expires - time.monotonic())


def ends(record: Record) -> str:
    """Return when the time is over by the clock on the wall of now, as RFC 3339 writes it.

    That clock may have been set since the record was written: what counts is the seconds left.
    """
    left = seconds_left(record)
    now = datetime.now(UTC) + timedelta(seconds=left)
    try:
        said = datetime.fromisoformat(record.deadline)
        same = abs((now - said).total_seconds()) < _DRIFT
    except (ValueError, TypeError):
        same = False
    return record.deadline if same or not left else _written(now)


def seconds_to_answer(record: Record) -> float | None:
    """Return the seconds that are left to say "keep", or None where nothing waits for that."""
    return seconds_left(record) if record.state is State.UNCONFIRMED else None


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def boot() -> str:
    """Return the kernel's name for this boot (random(4)); empty where it gives none."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""
