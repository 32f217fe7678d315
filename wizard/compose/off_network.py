"""Which services an edit put on a network that they do not name any more."""

from wizard.compose.facts import meaning_of
from wizard.compose.meaning import DEFAULT


def off_network(before: str, after: str, now: str) -> tuple[str, ...]:
    """Return the services that an edit put on a network and that the file names there no more.

    However it is written counts as naming it. A service that is gone, or has another name, is none.
    Nothing is returned where one of the texts is no Compose file.

    Args:
        before: The file before the edit.
        after: The file with it.
        now: The file today.
    """
    old, new, today = meaning_of(before), meaning_of(after), meaning_of(now)
    if old is None or new is None or today is None:
        return ()
    found = []
    for name, service in new.services.items():
        had = old.services.get(name)
        added = {*(service.networks or ())} - {*((had.networks if had else None) or ())}
        there = today.services.get(name)
        if there is not None and not there.gone and added - {DEFAULT} - {*(there.networks or ())}:
            found.append(name)
    return tuple(found)
