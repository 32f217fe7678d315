"""What one part of a host is: how it is looked for, its label, and how it is put into words."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Any, Generic, Literal, TypeVar, cast

from wizard.host.host import Host, Unknown
from wizard.host.netlink import Netlink

Finding = TypeVar("Finding")

Verdict = Literal["ok", "note", "problem", "unknown"]

Words = tuple[str, Verdict]
"""A finding in words, and how it stands."""

LONGEST_LABEL = 16
"""Characters of a label; the words stand in a column behind it."""


@dataclass(frozen=True)
class Search:
    """What those who look for parts share, and whom the host should reach over IPv6."""

    netlink: Netlink
    target: IPv6Address | None = None


@dataclass(frozen=True)
class Part(Generic[Finding]):
    """One part of a host, declared in a file of ``wizard/host/parts/`` as ``PART``."""

    of: Callable[[Host], Finding | Unknown]
    """Takes the part out of a host: ``lambda host: host.FIELD`` and nothing else."""
    label: str
    find: Callable[[Search], Finding]
    """Raises :class:`~wizard.host.looking.CannotTell` where nothing was found out."""
    words: Callable[[Finding], Words]
    notes: Callable[[Finding], Iterable[str]] = lambda _: ()
    """What to mind of a finding, each a sentence or two; none of it is in the way."""
    foremost: bool = False
    """Whether a person has to read it where all is well too; the others are details then."""
    needed: bool = False
    """Whether nothing can be planned where it is not known."""
    asked: str = ""
    """Who is silent where the answer comes too late, as the beginning of a sentence."""
    asks_outside: bool = False
    """Whether packets leave the host for it. No plan depends on such a part."""

    def __post_init__(self) -> None:
        """Make sure of what a type cannot say.

        Raises:
            TypeError: ``of`` takes something else than a field, or the label is too long.
        """
        if self.field not in Host.__dataclass_fields__:
            raise TypeError(f"The part “{self.label}” takes {self.field!r}, no field of Host.")
        if not 0 < len(self.label) <= LONGEST_LABEL:
            raise TypeError(f"“{self.label}” has not 1 to {LONGEST_LABEL} characters for a label.")

    def is_foremost(self, verdict: Verdict | None) -> bool:
        """Return whether it is to be shown before somebody asks for all of them.

        Args:
            verdict: How it stands; None while that is not known.
        """
        return self.foremost or verdict in ("problem", "unknown")

    @property
    def field(self) -> str:
        """The name of its field of :class:`Host`."""
        return cast("Callable[[Any], str]", self.of)(_Names())


class _Names:
    """Stands for a host, and gives the name of whatever field is taken out of it."""

    def __getattr__(self, name: str) -> str:
        return name
