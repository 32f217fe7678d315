"""The way of a container's packets: where it ends, the likely cause, and what to do."""

import pytest

from wizard.probes.findings import Finding
from wizard.probes.path import Path, Seen, Stop, path_of

YES = Finding(True, "reply in 12 ms")
NO = Finding(False, "no answer in 2 s")
ULA, GUA, HOST, TARGET = "fd9b::2", "2001:db8:1:2::7", "2001:db8:1:2::10", "2606:4700:4700::1111"


def path(*found: Finding, source: str = ULA, seen_as: str = HOST, last: str = "",
         host: Finding = YES) -> Path:  # fmt: skip
    address, route, router, reached = found
    seen = Seen(address, route, router, reached, last, host)
    return path_of(seen, source, seen_as, TARGET, "12 ms")


def test_who_arrives_is_shown_with_the_address_that_others_see_and_the_time() -> None:
    assert path(YES, YES, YES, YES).picture("web") == (
        f"web {ULA} → this host → seen as {HOST} → {TARGET}  12 ms"
    )
    assert path(YES, YES, YES, YES, seen_as="").picture("web") == (
        f"web {ULA} → this host → {TARGET}  12 ms"
    )
    assert path(YES, YES, YES, YES, seen_as=ULA).picture("web") == (
        f"web {ULA} → this host → seen as itself → {TARGET}  12 ms"
    )
    assert path(YES, YES, YES, YES).why == ""


@pytest.mark.parametrize(
    ("found", "stop", "end", "says"),
    [
        (path(NO, YES, YES, YES, source=""), Stop.CONTAINER, "web → stops here", "--repair"),
        (path(YES, NO, YES, NO), Stop.CONTAINER, "stops here", "no way out"),
        (path(YES, YES, NO, NO), Stop.HOST, "stops before this host", "does not answer its"),
        (path(YES, YES, YES, NO, host=NO), Stop.BEYOND, TARGET, "This host itself does not reach"),
        (path(YES, YES, YES, NO), Stop.BEYOND, TARGET, "This host likely does not"),
        (path(YES, YES, YES, NO, seen_as=ULA), Stop.BEYOND, TARGET, "private address"),
        (path(YES, YES, YES, NO, source=GUA, seen_as=GUA), Stop.BEYOND, TARGET, "provider"),
        (
            path(YES, YES, YES, Finding(False, "host unreachable, says fe80::1")),
            Stop.BEYOND, TARGET, "turns the packets away",
        ),
    ],
)  # fmt: skip
def test_where_it_ends_is_told_with_a_cause_what_tells_of_it_and_what_to_do(
    found: Path, stop: Stop, end: str, says: str
) -> None:
    assert found.stop is stop
    assert found.picture("web").endswith(end)
    assert found.took == ""
    assert says in found.why
    assert found.cause and found.evidence and found.advice


def test_an_answer_decides_and_not_a_router_that_keeps_silent() -> None:
    assert path(YES, YES, NO, YES).stop is Stop.NOWHERE


def test_the_last_who_answered_is_named() -> None:
    found = path(YES, YES, YES, NO, last="2001:db8:ffff::1")
    assert "no further than 2001:db8:ffff::1" in found.cause
    assert "--repair" not in found.advice
