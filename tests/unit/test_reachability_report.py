"""From measurements to words, verdicts, a table and JSON; no socket is opened."""

from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network

import pytest

from wizard.probes import findings, report
from wizard.probes.answer import Answer, Connection, Echo
from wizard.probes.findings import Finding
from wizard.probes.report import ContainerReport

PREFIX = IPv6Network("fd91:7981:3415::/64")


def echo(outcome: str, **more: object) -> Echo:
    whole = {"outcome": outcome, "sender": None, "milliseconds": None}
    return Echo(**{**whole, "type": 0, "code": 0, "errno": 0, **more})  # type: ignore[typeddict-item]


def connection(outcome: str, text: str = "") -> Connection:
    return {"outcome": outcome, "milliseconds": 12.34, "errno": 0, "text": text}


def answer(**more: object) -> Answer:
    whole = {
        "own_namespace": False,
        "ipv6_off": False,
        "may_echo": True,
        "addresses": [
            {
                "address": "fd91:7981:3415::2",
                "prefix_length": 64,
                "scope": 0,
                "interface": "eth1",
                "flags": 0x80,
            }
        ],
        "default_route": {"gateway": "fd91:7981:3415::1", "interface": "eth1"},
        "gateway_echo": echo("reply", sender="fd91:7981:3415::1", milliseconds=0.0512),
        "target_echo": echo("silence"),
        "hops": [],
        "tcp": None,
        "address_service": None,
        "source": {"address": "fd91:7981:3415::2", "errno": 0},
        "source_ipv4": {"address": "172.18.0.2", "errno": 0},
    }
    return Answer(**{**whole, **more})  # type: ignore[typeddict-item]


def with_flags(flags: int) -> Answer:
    one = answer()
    one["addresses"][0]["flags"] = flags
    return one


def test_an_address_must_be_of_the_prefix_and_usable() -> None:
    assert findings.address(answer(), PREFIX) == Finding(True, "fd91:7981:3415::2/64 on eth1")
    assert findings.address(answer(), IPv6Network("2001:db8::/64")).ok is False
    assert findings.address(with_flags(0x48), PREFIX) == Finding(
        False, "fd91:7981:3415::2 is in use elsewhere as well"
    )
    assert findings.address(with_flags(0x40), PREFIX) == Finding(
        False, "fd91:7981:3415::2 is still being checked"
    )


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (echo("reply", milliseconds=0.314), Finding(True, "reply in 0.31 ms")),
        (echo("reply", milliseconds=123.4), Finding(True, "reply in 123 ms")),
        (echo("silence"), Finding(False, "no answer in 2 s")),
        (
            echo("error", type=1, code=0, sender="2001:db8::1"),
            Finding(False, "no route to the destination, says 2001:db8::1"),
        ),
        (
            echo("error", type=1, code=3, sender="fd91:7981:3415::2"),
            Finding(False, "address unreachable, says its own kernel (fd91:7981:3415::2)"),
        ),
        (echo("unsent", errno=101), Finding(False, "not sent: no route from here")),
        (echo("unsent", errno=1), Finding(False, "not sent: a firewall rule here forbids it")),
    ],
)
def test_an_echo_in_words(one: Echo, expected: Finding) -> None:
    assert findings.echo(one, answer(), 2) == expected


@pytest.mark.parametrize(
    ("echoed", "accepts_host", "counts"),
    [(True, False, True), (None, False, True), (False, False, False), (True, True, False)],
)
def test_a_refusal_counts_where_the_target_is_known_to_be_reached_and_to_refuse(
    echoed: bool | None, accepts_host: bool, counts: bool
) -> None:
    found = findings.tcp(
        connection("refused"), 2, Finding(echoed, "an echo"), accepts_host=accepts_host
    )
    assert found.ok is counts
    assert findings.tcp(connection("connected"), 2, NO, accepts_host=accepts_host).ok is True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2001:db8:1::10\n", "2001:db8:1::10"),
        ("HTTP/1.0 200 OK\r\nServer: 10.0.0.1\r\n\r\nyou are 2001:db8::7, hello", "2001:db8::7"),
        ("HTTP/1.1 200 OK\nVia: 192.0.2.1\n\n192.0.2.99", "192.0.2.99"),
        ('{"ip":"2001:db8::8"}', "2001:db8::8"),
        ("Your address is 192.0.2.5.", "192.0.2.5"),
        ("at 12:34:56 you were 2001:db8::9", "2001:db8::9"),
        ("dead beef 1.2.3 :: no", "::"),
        ("HTTP/1.0 500 Oops", None),
        ("", None),
        ("999.1.1.1", None),
        ("x2001:db8::1", None),
    ],
)
def test_the_address_in_what_a_service_says(text: str, expected: str | None) -> None:
    seen = findings.address_in(text)
    assert (str(seen) if seen else None) == expected


def test_which_source_others_see() -> None:
    def seen(service: Connection | None, left_as: str | None = None) -> Finding:
        by_kernel = IPv6Address(left_as) if left_as else None
        return findings.source_seen(answer(address_service=service), by_kernel, 2)

    assert seen(connection("connected", "fd91:7981:3415::2")).words == "fd91:7981:3415::2, its own"
    assert seen(connection("connected", "2001:db8:1::10")) == Finding(
        True, "2001:db8:1::10, not its own: translated on the way"
    )
    assert seen(connection("connected", "no")).ok is None
    assert seen(connection("silence")).words == (
        "unknown: the service that tells: no answer in 2 s"
    )
    assert "translated by this host" in seen(None, "2001:db8:1::10").words
    assert seen(None, "fd91:7981:3415::2").words.startswith("fd91:7981:3415::2, its own")
    assert seen(None).ok is None
    assert seen(None).words.startswith("unknown")


def test_hops_are_listed_with_the_silent_ones_between() -> None:
    def hop(limit: int, one: Echo) -> dict[str, object]:
        return {"hop_limit": limit, "echo": one}

    way = [
        hop(1, echo("error", type=3, sender="fd91:7981:3415::1", milliseconds=0.05)),
        hop(2, echo("silence")),
        hop(3, echo("reply", sender="2001:db8:ffff::53", milliseconds=8.81)),
    ]
    assert findings.hops(answer(hops=way)) == Finding(
        True,
        "3 hops to the target",
        (" 1  fd91:7981:3415::1  0.05 ms", " 2  no answer", " 3  2001:db8:ffff::53  8.8 ms"),
    )
    assert findings.hops(answer(hops=way[:1])).words == "1 hop, then no further"
    assert findings.hops(answer()).ok is None


def test_the_family_of_a_dual_stack_name_is_told_from_the_kernels_sources() -> None:
    told = findings.preferred_family(answer(), IPv6Address("2001:db8:ffff::53"))
    assert told.words.startswith("IPv4 first")
    none = {"address": None, "errno": 101}
    told = findings.preferred_family(answer(source_ipv4=none), None)
    assert told.words.startswith("IPv6 first")


YES, NO, UNKNOWN = Finding(True, "yes"), Finding(False, "no"), Finding(None, "unknown: x")
WHOLE = ContainerReport("web", YES, YES, YES, YES, YES, YES, YES, YES, YES)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({"address": NO}, False),
        ({"default_route": NO}, False),
        ({"gateway_echo": NO}, True),
        ({"target_echo": NO}, True),
        ({"tcp": NO}, False),
        ({"tcp": UNKNOWN}, True),
        ({"tcp": UNKNOWN, "target_echo": NO}, False),
        ({"tcp": UNKNOWN, "target_echo": UNKNOWN}, True),
        ({"tcp": UNKNOWN, "target_echo": UNKNOWN, "gateway_echo": NO}, False),
        ({"tcp": UNKNOWN, "target_echo": UNKNOWN, "gateway_echo": UNKNOWN}, False),
        ({"hops": UNKNOWN, "source_seen": UNKNOWN}, True),
    ],
)
def test_what_counts_as_working(changed: dict[str, Finding], expected: bool) -> None:
    one = replace(WHOLE, **changed)  # type: ignore[arg-type]
    assert report.passed(one) is expected


def test_a_long_name_and_long_words_stay_within_80_columns() -> None:
    long = replace(WHOLE, name="n" * 200, address=Finding(False, "word " * 60))
    text = report.as_table([long, WHOLE])
    assert max(map(len, text.splitlines())) <= 80
    assert "n" * 25 + "…" in text
    assert report.as_table([]) == "No container to check.\n"


def test_an_answer_that_makes_no_sense_is_unknown_not_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for nonsense in ({}, {**answer(), "addresses": 7}, {"failed": "\x1b[2J", "errno": 0}):
        monkeypatch.setattr(report, "run_probes", lambda *_, one=nonsense: (one,))
        (found,) = report.check(
            [report.ContainerTarget("web", 1)], report.Question(prefix=PREFIX, target=None)
        )
        assert found.address.ok is None
        assert "\x1b" not in found.address.words


def test_no_containers_make_no_reports() -> None:
    assert report.check([], report.Question(prefix=PREFIX, target=None)) == ()
