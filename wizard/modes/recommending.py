"""Which way to get IPv6 fits a host best, and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from wizard.answers.checks import check_mode
from wizard.answers.choices import Mode
from wizard.host.host import Host
from wizard.modes.registry import behaviours
from wizard.ndp.upstream import UpstreamCase

_ALONE = "nothing else is possible here."
_NO_PREFIX = "this host has no prefix of which containers could get a part."
_ROUTED = "your provider's router sends packets for the whole prefix here by itself."
_PRIVATE: Mapping[UpstreamCase | None, str] = {
    None: (
        "it works wherever this host does. Whether your provider's router brings packets for "
        "other addresses here is not known yet."
    ),
    UpstreamCase.SOLICITED: (
        "your provider's router asks for each address, and here nobody has to answer it."
    ),
    UpstreamCase.REFUSED: "your provider's router refuses packets for other addresses.",
    UpstreamCase.NOTHING: (
        "your provider's router was not seen to bring packets for other addresses here."
    ),
}


@dataclass(frozen=True)
class Recommendation:
    """A mode, and why it is recommended, as the end of a sentence."""

    mode: Mode
    reason: str

    @property
    def words(self) -> str:
        """All of it as a sentence."""
        return f"Recommended for this host: {self.reason}"


def recommended(host: Host, seen: UpstreamCase | None = None) -> Recommendation | None:
    """Return which mode fits a host best; None where none is possible.

    A prefix that is routed here gives public addresses that nobody has to answer for; everywhere
    else private ones ask the least of others.

    Args:
        host: The host.
        seen: What the provider's router was seen to do; None where it has not been watched.
    """
    possible = [each.mode for each in behaviours() if check_mode(each.mode, host) is None]
    fed = [each for each in possible if not each.addresses.why_nothing_proposed(host)]
    routed = seen is UpstreamCase.ROUTED and any(each.addresses.public for each in fed)
    fitting = [each for each in fed if each.addresses.public is routed] or possible
    if not fitting:
        return None
    if len(possible) == 1:
        reason = _ALONE
    elif not any(each.addresses.public for each in fed):
        reason = _NO_PREFIX
    else:
        reason = _ROUTED if routed else _PRIVATE[seen]
    return Recommendation(fitting[0], reason)
