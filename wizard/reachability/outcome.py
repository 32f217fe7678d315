"""What a look into all containers comes to, in a sentence that says what to do."""

from collections.abc import Sequence
from dataclasses import dataclass

from wizard.reachability.report import ContainerReport, passed

_NAMED = 3
"""How many containers are named before the rest is only counted."""


@dataclass(frozen=True)
class Outcome:
    """Whether IPv6 works; ``works`` is None while that is not known."""

    works: bool | None
    words: str


def outcome(
    reports: Sequence[ContainerReport] | None, complaint: str = "", notes: Sequence[str] = ()
) -> Outcome:
    """Return what the packets say.

    Args:
        reports: What was found inside the containers; None while they have not been looked into.
        complaint: Why they could not be looked into.
        notes: What else is not as it was set up.
    """
    if complaint:
        return Outcome(None, f"Whether IPv6 works is not known. {complaint}")
    if reports is None:
        return Outcome(None, "Whether IPv6 works in the containers is being looked at …")
    if not reports:
        return Outcome(
            False,
            "No container of the chosen services runs, so nobody has IPv6 yet. Start them with "
            "Compose, and look again.",
        )
    failing = [report.name for report in reports if not passed(report)]
    if failing:
        return Outcome(False, f"IPv6 does not work in {_list(failing)}.")
    if notes:
        return Outcome(False, "IPv6 works in the containers, but not all is as it was set up.")
    return Outcome(True, "IPv6 works in every container that was looked into.")


def _list(names: Sequence[str]) -> str:
    if len(names) > _NAMED:
        return f"{len(names)} containers: {', '.join(names[:_NAMED])} and others"
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
