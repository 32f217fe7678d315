"""The networks that the services of an edited file are on by what others have written."""

from collections.abc import Mapping

from wizard.compose.facts import meaning_of
from wizard.compose.meaning import DEFAULT, ServiceMeaning


class Theirs:
    """The services of a text that was edited, and the networks of others that they are on.

    Attributes:
        ours: The networks that the edit has put services on.
    """

    def __init__(self, before: str, after: str, now: str) -> None:
        old, new = _services(before), _services(after)
        self._now = _services(now)
        self._added = {
            name: _on(said) - (_on(old[name]) if name in old else frozenset())
            for name, said in new.items()
            if old.get(name) != said
        }
        self.ours = frozenset[str]().union(*self._added.values()) - {DEFAULT}

    def keep_their_networks(self, result: str) -> bool:
        """Return whether every service stays on them, and who was never on ours says the same.

        Our lines may look like theirs: ``networks:`` and ``- default`` stand at many a service.
        """
        after = _services(result)
        return all(
            self._keeps(name, said, after[name])
            for name, said in self._now.items()
            if name in after
        )

    def _keeps(self, name: str, before: ServiceMeaning, after: ServiceMeaning) -> bool:
        on = _on(before)
        if name not in self._added and not on & self.ours:
            return before.networks == after.networks
        # It may have been given another name since, and so be any of those that were edited.
        edits = [self._added[name]] if name in self._added else self._added.values()
        return _on(after) in (on, *(on - added or {DEFAULT} for added in edits))


def _on(service: ServiceMeaning) -> frozenset[str]:
    return frozenset((DEFAULT,) if service.networks is None else service.networks)


def _services(text: str) -> Mapping[str, ServiceMeaning]:
    said = meaning_of(text)
    return {} if said is None else said.services
