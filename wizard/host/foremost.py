"""Which parts of a host a person has to read, where all is well; the others are details."""

from typing import Any

from wizard.host.part import Part, Verdict

FOREMOST = frozenset({"debian", "engine", "projects", "uplink", "outward", "firewall"})
"""Names of fields of :class:`~wizard.host.host.Host`."""


def is_foremost(part: Part[Any], verdict: Verdict | None) -> bool:
    """Return whether a part is to be shown: one of those, or one that is not as it should be.

    Args:
        part: The part.
        verdict: How it stands; None while that is not known.
    """
    return part.field in FOREMOST or verdict in ("problem", "unknown")
