"""Which places accept a connection that is tried from inside containers."""

from collections.abc import Mapping, Sequence

from wizard.probes import namespace
from wizard.probes.trial import ACCEPT, CLOSED, OPEN

_DEADLINE = 15.0
"""Seconds that the trials from all containers may take together."""

Way = tuple[int, str, int]
"""A process in the namespace from which is asked, and the address and the port that are."""


def accepting(ways: Sequence[Way]) -> set[Way]:
    """Return the ways on which the other side accepts; nothing stands between to accept first."""
    pids = list(dict.fromkeys(pid for pid, _address, _port in ways))
    asked = [[way for way in dict.fromkeys(ways) if way[0] == pid] for pid in pids]
    requests: list[Mapping[str, object]] = [
        {
            "namespace": namespace.namespace_of(pid),
            "places": [way[1:] for way in of_one],
            "accept": ACCEPT,
            "stay": 0.0,
        }
        for pid, of_one in zip(pids, asked, strict=True)
    ]
    found: set[Way] = set()
    answers = namespace.ask(requests, _DEADLINE, "trial")
    for of_one, answer in zip(asked, answers, strict=True):
        outcomes = answer.get("outcomes")
        if isinstance(outcomes, list):
            pairs = zip(of_one, outcomes, strict=True)
            found |= {way for way, outcome in pairs if outcome in (OPEN, CLOSED)}
    return found
