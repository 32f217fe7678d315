"""Looks for every part of the host side by side and gathers them into one :class:`Host`."""

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from ipaddress import IPv6Address

from wizard.host.every_part import PARTS
from wizard.host.host import Host, Unknown
from wizard.host.looking import CannotTell
from wizard.host.netlink import Netlink
from wizard.host.part import Search
from wizard.platform.text import clean_line

DEADLINE = 5.0
"""Seconds after which a detector counts as hanging."""

Detector = Callable[[], object]
Found = Callable[[str, object], None]


def detect(
    found: Found | None = None, deadline: float = DEADLINE, target: IPv6Address | None = None
) -> Host:
    """Find out what this host is, and change nothing on it.

    Args:
        found: Called with the name of a field and its value as each is found, from threads of
            their own but never two at once.
        deadline: Seconds after which a part that is still missing becomes an :class:`Unknown`.
        target: The address that the host should reach over IPv6.
    """
    return gather(detectors(target), found, deadline)


def detectors(target: IPv6Address | None = None) -> dict[str, Detector]:
    """Return the detector of each field of :class:`Host`."""
    search = Search(Netlink(), target)
    return {part.field: partial(part.find, search) for part in PARTS}


def gather(
    detectors: Mapping[str, Detector], found: Found | None = None, deadline: float = DEADLINE
) -> Host:
    """Run detectors in threads of their own and return the host once all are done or too late.

    Nothing waits for a thread that hangs, not even the end of the program.
    """
    values: dict[str, object] = {}
    settled = threading.Condition()

    def settle(field: str, value: object) -> None:
        with settled:
            if field in values:
                return
            values[field] = value
            try:
                if found is not None:
                    found(field, value)
            finally:
                settled.notify_all()

    def run(field: str, detector: Detector) -> None:
        value: object
        try:
            value = detector()
        except CannotTell as reason:
            value = Unknown(str(reason), reason.cause)
        except Exception as error:  # A detector that fails is a finding, whatever it failed of.
            value = Unknown(
                "This could not be found out, by a fault of the wizard or of the host: "
                f"{type(error).__name__}: {clean_line(str(error)).rstrip('.')}."
            )
        settle(field, value)

    for field, detector in detectors.items():
        threading.Thread(
            target=run, args=(field, detector), name=f"detect {field}", daemon=True
        ).start()
    end = time.monotonic() + deadline
    with settled:
        settled.wait_for(lambda: len(values) == len(detectors), timeout=end - time.monotonic())
    for field in detectors:
        settle(field, Unknown(_too_late(field, deadline)))
    # mypy has compared each part with its field where it is declared (wizard/host/part.py).
    return Host(**values)  # type: ignore[arg-type]


def _too_late(field: str, deadline: float) -> str:
    (part,) = (part for part in PARTS if part.field == field)
    asked = part.asked or f"What tells of “{part.label}”"
    return (
        f"{asked} did not answer within {deadline:g} seconds, as on a host with much to do. Look "
        "again; if that stays so, see what keeps it."
    )
