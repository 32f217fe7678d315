"""What the provider's router was seen to do, while and after it is watched."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv6Network

from textual.dom import DOMNode

from screens import background
from wizard.platform.later import later
from wizard.session import Session

with later():
    from wizard.host import host as hosts
    from wizard.ndp import upstream


class RouterWatch:
    """Watches the router once for a prefix."""

    def __init__(self, session: Session, owner: DOMNode, seen: Callable[[], None]) -> None:
        """Take the session, what threads belong to, and what is called once it was watched."""
        self._session, self._owner, self._seen = session, owner, seen
        self.finding: upstream.UpstreamFinding | None = None
        """What it was seen to do, once it has been watched."""
        self.complaint = ""
        """Why it could not be watched; empty otherwise."""
        self.picked = False
        """Whether the person said who answers for neighbours, rather than the wizard."""
        self._watched: IPv6Network | None = None
        self._waiting: list[Callable[[], None]] = []

    @property
    def busy(self) -> bool:
        """Whether it is being watched."""
        return self.finding is None and not self.complaint

    @property
    def doubtful(self) -> bool:
        """Whether it was watched, and does not seem to bring packets here."""
        return (self.finding is not None and self.finding.doubtful) or bool(self.complaint)

    def once_known(self, then: Callable[[], None]) -> None:
        """Call once it has been watched, at once if that was so already."""
        if self.busy:
            self._waiting.append(then)
        else:
            then()

    def watch(self, prefix: IPv6Network, host: hosts.Host, *, again: bool = False) -> None:
        """Watch it, unless that was done for this prefix."""
        if prefix == self._watched and not again:
            return
        self._watched, self.finding, self.complaint = prefix, None, ""
        background.run(
            self._owner,
            "Watching the router",
            lambda: self._session.probe_upstream(prefix, host),
            self._found,
            self._failed,
            latest=True,
        )

    def forget(self) -> None:
        """Watch anew when it is next wanted: the host has been looked at anew."""
        self._watched = None

    def _found(self, finding: upstream.UpstreamFinding) -> None:
        self.finding = finding
        self._known()

    def _failed(self, complaint: str) -> None:
        self.complaint = complaint
        self._known()

    def _known(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._seen()
        for then in waiting:
            then()
