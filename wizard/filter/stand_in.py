"""Closes the bridges that Docker's own rules close, while somebody has flushed those."""

from __future__ import annotations

import os

from wizard.filter import engine_rules
from wizard.filter.host_commands import run
from wizard.platform.service_log import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_DEVICE = "/sys/class/net/"


class StandIn:
    """Rules of ours that stand in for Docker's, which it makes again only when it starts."""

    def __init__(self, uplink: str, bridges: Sequence[str]) -> None:
        """Take the interface towards the internet, and the bridges that Docker's rules close."""
        self._uplink, self._bridges = uplink, bridges
        self.failed = False
        """Whether nothing closes the way."""

    def look(self) -> str:
        """Have ours there while Docker's are gone, and only then; return in words that they are."""
        self.failed = False
        if not self._bridges:
            return ""
        saved = run(["ip6tables-save"])[1]
        gone = self._gone(saved)
        if not gone:
            self._take_away(saved)
            return ""
        words = f"Docker's own rules for {' and '.join(gone)} are gone until Docker is restarted"
        if not engine_rules.stands_in(gone, saved):
            made = engine_rules.standing_in(gone, saved)
            code, said = run(["ip6tables-restore", "--noflush", "--wait", "5"], made)
            if code:
                self.failed = True
                return f"{words}, and ip6tables-restore ends with {code}: {' '.join(said.split())}"
        return f"{words}; nobody gets in there meanwhile"

    def end(self) -> None:
        """Take ours away, whatever Docker's are."""
        if self._bridges:
            self._take_away(run(["ip6tables-save"])[1])

    def _gone(self, saved: str) -> list[str]:
        # A network that is down has no rules, and nothing behind it.
        there = [each for each in self._bridges if os.path.exists(_DEVICE + each)]  # noqa: PTH110 - light
        gone = [each for each in there if not engine_rules.close(saved, self._uplink, each)]
        if gone:
            listed = run(["nft", "list", "table", "ip6", engine_rules.TABLE])[1]
            gone = [each for each in gone if not engine_rules.names(listed, each)]
        return gone

    @staticmethod
    def _take_away(saved: str) -> None:
        if engine_rules.is_there(saved):
            run(["ip6tables-restore", "--noflush", "--wait", "5"], engine_rules.taken_away(saved))
            say("the rules that stood in for Docker's are taken away")
