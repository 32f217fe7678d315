"""Why a set-up does not fit the host of today, in sentences, and what its repair is then."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tests.made_up_deployments import deployment
from tests.unit.test_repair import Kept, lose_network
from wizard.answers import moved_prefix
from wizard.answers.choices import Choices
from wizard.host.host import Engine, Unknown
from wizard.host.parts import docker_engine
from wizard.platform.errors import Refused
from wizard.record.store import Store
from wizard.run import changing, renewing, repairing
from wizard.run.ground import Ground
from wizard.steps.base import Step
from wizard.steps.closed_ports import ClosedPorts
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.sysctl import Sysctl

STEPS = {step.kind: step for step in deployment().plan().steps}
NETWORK, FORWARDS, RULES = STEPS["docker-network"], STEPS["sysctl"], STEPS["ip6tables"]
assert isinstance(NETWORK, DockerNetwork)
assert isinstance(FORWARDS, Sysctl)
LISTENS = Sysctl((("net.ipv6.conf.eth0.accept_ra", "2"),))
OTHER = replace(NETWORK, options=(*NETWORK.options, ("com.docker.x", "1")), network="mas\nto")
CLOSED = ClosedPorts("br-ipv6", "fd12::/64", ports=("80/tcp", "443/tcp"), uplink="eth0")

FIXED = (
    "What lets a network have addresses of its own is fixed when it is made, and {} was made for "
    "the earlier one."
)
FORWARDING = (
    "It switches IPv6 forwarding on itself, and where nothing did that before it, closes FORWARD "
    "to all but containers. Until now the wizard's file did, and that goes: from the next boot on, "
    "whatever else this host passes on needs rules of its own in DOCKER-USER."
)
TWICE = "It makes the packet filter rules for IPv6 itself, so the wizard's stand there twice."
NONE = "It makes no packet filter rules for IPv6, so those of the wizard are needed."
BY_ITSELF = "It does not switch IPv6 forwarding on by itself."
LETS_IN = "It lets in from outside what this host's own rules (INPUT) close: 80/tcp, 443/tcp."


@pytest.mark.parametrize(
    ("before", "now", "filters", "said"),
    [
        ([NETWORK, FORWARDS, RULES], [NETWORK, FORWARDS, RULES], True, []),
        ([NETWORK], [OTHER], True, [FIXED.format("mastodon_ipv6")]),
        ([OTHER], [NETWORK], True, [FIXED.format(r"mas\nto")]),
        ([NETWORK], [], True, []),
        ([FORWARDS], [], True, [FORWARDING]),
        ([FORWARDS], [LISTENS], True, [FORWARDING]),
        ([LISTENS], [FORWARDS], True, [BY_ITSELF]),
        ([], [FORWARDS], True, [BY_ITSELF]),
        ([LISTENS], [], True, []),
        ([], [LISTENS], True, []),
        ([RULES], [], True, [TWICE]),
        ([RULES], [], False, []),
        ([], [RULES], False, [NONE]),
        ([], [RULES], True, []),
        # Those for ports alone are for what Docker forwards, whoever makes the rules.
        ([CLOSED], [], True, []),
        ([], [CLOSED], True, [LETS_IN]),
        ([], [CLOSED], False, [LETS_IN]),
        ([CLOSED], [CLOSED], False, []),
        (
            [NETWORK, FORWARDS, RULES],
            [OTHER, CLOSED],
            True,
            [FIXED.format("mastodon_ipv6"), FORWARDING, TWICE, LETS_IN],
        ),
    ],
)
def test_what_another_docker_does_otherwise(
    before: Sequence[Step], now: Sequence[Step], filters: bool, said: list[str]
) -> None:
    assert list(renewing._differing(before, now, filters=filters)) == said


@pytest.fixture
def kept(store: Store) -> Kept:
    """A set-up that was made for another engine than the one of today."""
    found = Kept("private", store)
    engine = found.host.engine
    assert isinstance(engine, Engine)
    words, _how = docker_engine.in_words(replace(engine, version="25.0.5"))
    found.record.host["Docker"] = words
    return found


def differs(monkeypatch: pytest.MonkeyPatch, *sentences: str) -> None:
    monkeypatch.setattr(renewing, "_differing", lambda *_, **__: iter(sentences))


RUNS = "Docker 26.1.5+dfsg1 runs now, and this was set up for Docker 25.0.5."


def renewal(kept: Kept) -> renewing.Renewal | None:
    return renewing.renewal_of(kept.record, kept.host, kept.system)


def test_a_set_up_is_planned_anew_where_its_steps_would_be_others(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another release that does the same is no reason.
    assert renewal(kept) is None
    differs(monkeypatch, "One.", "Two.")
    found = renewal(kept)
    assert found is not None
    assert found.reasons == (f"{RUNS} One. Two.",)
    assert (found.moved, found.answers) == ("", kept.made.choices)
    assert renewing.told(kept.record, kept.host, kept.system) == (
        f"{RUNS} One. Two. wizard --repair mastodon makes anew what differs.",
    )


@pytest.mark.parametrize("what", ["same", "unknown", "other words", "none", "a step", "no plan"])
def test_where_that_cannot_be_told_nothing_is(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    differs(monkeypatch, "One.")
    assert renewal(kept) is not None

    def refuse(*_: object) -> None:
        raise Refused("There is none.")

    match what:
        case "same":
            words, _how = docker_engine.in_words(kept.host.engine)  # type: ignore[arg-type]
            kept.record.host["Docker"] = words
        case "unknown":
            kept.host = replace(kept.host, engine=Unknown("It does not answer."))
        case "other words":
            kept.record.host["Docker"] = "somebody else's"
        case "none":
            del kept.record.host["Docker"]
        case "a step":
            kept.record.steps[0].parameters = {}
        case "no plan":
            monkeypatch.setattr(Ground, "steps", refuse)
    assert renewal(kept) is None
    assert renewing.told(kept.record, kept.host, kept.system) == ()


def moves(monkeypatch: pytest.MonkeyPatch, to: Callable[[Choices], Choices | None]) -> None:
    sentence = "The provider gave another prefix."
    monkeypatch.setattr(moved_prefix, "moved", lambda *_: SimpleNamespace(sentence=sentence))
    monkeypatch.setattr(moved_prefix, "renumbered", lambda choices, _host: to(choices))


MOVED = "The provider gave another prefix."


def test_another_prefix_is_a_reason_that_the_mode_itself_tells(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves(monkeypatch, lambda choices: replace(choices, network="another"))
    found = renewal(kept)
    assert found is not None
    assert (found.reasons, found.moved) == ((MOVED,), MOVED)
    assert found.answers == replace(kept.made.choices, network="another")
    assert renewing.told(kept.record, kept.host, kept.system) == ()
    differs(monkeypatch, "One.")
    found = renewal(kept)
    assert found is not None
    assert (found.reasons, found.moved) == ((f"{RUNS} One.", MOVED), MOVED)
    assert renewing.told(kept.record, kept.host, kept.system) == (
        f"{RUNS} One. wizard --repair mastodon makes anew what differs.",
    )


def test_the_repair_is_the_change_to_what_fits_and_says_why_first(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = repairing.repair_of(kept.record, kept.host, kept.system)
    assert renewing.repair_of(kept.record, kept.host, kept.system) == plain
    differs(monkeypatch, "One.")
    asked: list[tuple[Any, ...]] = []
    plan = replace(kept.made.plan(), notices=("It is noticed.",))

    def change_of(*words: Any, lacking: bool) -> SimpleNamespace:
        asked.append((*words[1:], lacking))
        return SimpleNamespace(plan=plan)

    monkeypatch.setattr(changing, "change_of", change_of)
    lose_network(kept.system)
    made = renewing.repair_of(kept.record, kept.host, kept.system)
    assert made.plan == replace(plan, notices=(f"{RUNS} One.", "It is noticed."))
    assert (made.left, made.moved, made.answers) == ((), "", kept.made.choices)
    assert asked == [(kept.made.choices, kept.system, True)]


@pytest.mark.parametrize("answers", [True, False])
def test_where_it_cannot_be_made_anew_yet_what_it_lacks_is_put_back(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    moves(monkeypatch, lambda choices: choices if answers else None)

    def refuse(*_: object, **__: object) -> None:
        raise Refused("Somebody stands on it. Nothing was changed.")

    monkeypatch.setattr(changing, "change_of", refuse)
    lose_network(kept.system)
    plain = repairing.repair_of(kept.record, kept.host, kept.system)
    assert plain.plan.steps
    made = renewing.repair_of(kept.record, kept.host, kept.system)
    why = f"{MOVED} Not made anew yet. Somebody stands on it." if answers else MOVED
    assert made == replace(
        plain, plan=replace(plain.plan, remarks=(*plain.plan.remarks, why)), moved=MOVED
    )
