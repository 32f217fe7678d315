"""Filters for the bridges that Docker's own rules filter, while somebody has flushed those."""

from __future__ import annotations

import os

from wizard.filter import docker_rules
from wizard.platform.service_log import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from wizard.filter.loaded import Loaded

_DEVICE = "/sys/class/net/"


class StandIn:
    """Rules of ours that stand in for Docker's, which it makes again only when it starts."""

    def __init__(self, uplink: str, bridges: Sequence[str], loaded: Loaded) -> None:
        """Take the interface towards the internet, the bridges of Docker's rules, and all rules."""
        self._uplink, self._bridges, self._loaded = uplink, bridges, loaded
        self.failed = False
        """Whether nothing closes the way."""

    def is_due(self) -> bool:
        """Return whether ours are not there although Docker's are gone."""
        gone = self._gone()
        return bool(gone) and not self._stands_in(gone)

    def look(self) -> str:
        """Have ours there while Docker's are gone, and only then; return in words that they are."""
        self.failed = False
        gone = self._gone()
        if not gone:
            self.end()
            return ""
        words = f"Docker's own rules for {' and '.join(gone)} are gone until Docker is restarted"
        if not self._stands_in(gone):
            made = docker_rules.standing_in(gone, self._loaded.text, self._uplink)
            if why := self._loaded.change(made):
                self.failed = True
                return f"{words}, and {why}"
        return f"{words}; nobody gets in there meanwhile"

    def end(self) -> None:
        """Take ours away, whatever Docker's are."""
        if self._bridges and docker_rules.is_there(self._loaded.text):
            self._loaded.change(docker_rules.taken_away(self._loaded.text))
            say("the rules that stood in for Docker's are taken away")

    def _stands_in(self, gone: Sequence[str]) -> bool:
        return docker_rules.stands_in(gone, self._loaded.text, self._uplink)

    def _gone(self) -> list[str]:
        # A network that is down has no rules, and nothing behind it.
        there = [each for each in self._bridges if os.path.exists(_DEVICE + each)]  # noqa: PTH110 - light
        return [each for each in there if not self._filtered(each)]

    def _filtered(self, bridge: str) -> bool:
        # What a policy drops gets neither in nor out, unless Docker's rules let it out.
        saved = self._loaded.text
        if docker_rules.stand(saved, bridge) and docker_rules.close(saved, self._uplink, bridge):
            return True
        return docker_rules.names(self._loaded.of_docker, bridge)
