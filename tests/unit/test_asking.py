"""The same answers, plan and run come of questions line by line as of the screens."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Interface, IPv6Network
from pathlib import Path

import pytest

from tests import made_up_hosts
from tests.screens.made_up_session import MadeUpSession, with_two_projects
from wizard import asking, following
from wizard.answers import checks, projects, proposals
from wizard.answers.choices import Choices, Inwards, Mode, Proxy
from wizard.host.host import Address, Earlier, Host, Origin, Uplink
from wizard.ndp.upstream import UpstreamCase
from wizard.platform.errors import ExitCode, Refused


class Person:
    """Answers by what is asked, with Enter where nothing else is known."""

    def __init__(self, answers: dict[str, list[str]]) -> None:
        self.answers, self.said = answers, list[str]()

    def say(self, words: str) -> None:
        self.said.append(words)

    def read(self, words: str) -> str:
        asked = "\n".join([*self.said[-12:], words])
        self.said.append(words)
        for question, typed in self.answers.items():
            if question in asked and typed:
                return typed.pop(0)
        if "Keep it?" in words:
            raise EOFError
        return ""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_POLL", 0)


def test_enter_takes_what_is_proposed_and_nothing_is_applied_without_yes() -> None:
    session = MadeUpSession()
    person = Person({})
    with pytest.raises(Refused, match="Nothing was changed"):
        asking.ask(session, person.say, person.read)
    assert session.applied is None
    host = session.host
    choices = proposals.defaults(host)
    read = session.read_project(projects.project_of(host, choices))
    wanted = session.plan(host, proposals.tick(choices, read.services, host), read)
    assert session.saved is not None and session.saved.services == wanted.choices.services
    # The preview is the plan, as text.
    text = "\n".join(person.said)
    for step in wanted.steps:
        if step.commands:
            assert step.commands[0].split()[0] in text
    assert f"Step {len(wanted.steps)} of {len(wanted.steps)}: " in text


def test_what_is_proposed_is_not_asked_and_stands_below_the_preview() -> None:
    session = MadeUpSession()
    person = Person({"Apply these": ["yes"]})
    assert asking.ask(session, person.say, person.read) == ExitCode.DONE
    for words in ("Prefix of", "Name of", "Who answers", "What may come in"):
        assert not any(words in each for each in person.said)
    assert session.applied is not None
    choices = session.applied.choices
    text = "\n".join(person.said)
    listed = text[text.index("Proposed, and not asked:") :].splitlines()
    assert f"- Addresses: {choices.prefix}" in listed
    assert f"- Network: {choices.network}, bridge {choices.bridge}" in listed


@pytest.mark.parametrize(
    ("case", "asked", "proxy"),
    [
        (UpstreamCase.SOLICITED, False, Proxy.SERVICE),
        (UpstreamCase.ROUTED, False, Proxy.NONE),
        (UpstreamCase.NOTHING, True, Proxy.SERVICE),
        (UpstreamCase.REFUSED, True, Proxy.SERVICE),
    ],
)
def test_a_router_that_brings_packets_here_is_not_asked_about_and_any_other_is(
    case: UpstreamCase, asked: bool, proxy: Proxy
) -> None:
    session = MadeUpSession(upstream=case)
    person = Person({"Which addresses": ["2"], "Apply these": ["yes"]})
    assert asking.ask(session, person.say, person.read) == ExitCode.DONE
    text = "\n".join(person.said)
    assert ("Who answers" in text) is asked
    assert ("- Upstream router: " in text) is not asked
    assert session.applied is not None and session.applied.choices.proxy is proxy


def test_what_cannot_be_proposed_is_asked() -> None:
    address = Address(IPv6Interface("2001:db8:1:2::10/128"), Origin.STATIC)
    uplink = Uplink("eth0", IPv6Address("fe80::1"), Origin.STATIC, (address,))
    session = MadeUpSession(host=made_up_hosts.debian13(uplink=uplink))
    typed = {
        "Which addresses": ["2"],
        "Prefix of the new": ["2001:db8:a:b::/64"],
        "Apply these": ["yes"],
    }
    person = Person(typed)
    assert asking.ask(session, person.say, person.read) == ExitCode.DONE
    assert session.applied is not None
    assert session.applied.choices.prefix == IPv6Network("2001:db8:a:b::/64")
    assert not any("Name of the network" in words for words in person.said)


@pytest.mark.parametrize("early", [True, False])
def test_every_question_is_asked_where_somebody_wants_that(early: bool) -> None:
    session = MadeUpSession()
    person = Person(
        {
            "Which addresses": ["ALL"] if early else [],
            "Name of its": ["br-own"],
            "every question first, Enter": ["all"],
            "Type yes or no, Enter": ["yes"],
        }
    )
    assert asking.ask(session, person.say, person.read) == ExitCode.DONE
    assert session.applied is not None and session.applied.choices.bridge == "br-own"
    assert person.said.count("Proposed, and not asked:") == (0 if early else 1)


def test_who_was_said_to_answer_for_neighbours_stays() -> None:
    session = MadeUpSession(upstream=UpstreamCase.SOLICITED)
    session.saved = replace(
        proposals.choose_mode(proposals.defaults(session.host), Mode.ROUTED, session.host),
        proxy=Proxy.FIXED,
    )
    person = Person({"Apply these": ["yes"]})
    assert asking.ask(session, person.say, person.read) == ExitCode.DONE
    assert session.applied is not None and session.applied.choices.proxy is Proxy.FIXED
    assert not any("Watching" in words for words in person.said)


def test_who_is_asked_everything_sees_what_the_router_does_and_keeps_who_was_said_to_answer() -> (
    None
):
    session = MadeUpSession(upstream=UpstreamCase.SOLICITED)
    session.saved = replace(
        proposals.choose_mode(proposals.defaults(session.host), Mode.ROUTED, session.host),
        proxy=Proxy.FIXED,
    )
    person = Person({"Which addresses": ["all", "2"], "Type yes or no, Enter": ["yes"]})
    assert asking.ask(session, person.say, person.read) == ExitCode.DONE
    assert any("Watching what the provider's router does" in words for words in person.said)
    assert any("Who answers" in words for words in person.said)
    assert session.applied is not None and session.applied.choices.proxy is Proxy.FIXED


def test_what_is_not_possible_on_this_host_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    def only(wanted: Proxy | Inwards) -> Callable[[Choices, Host], str | None]:
        return lambda choices, _host: (
            None if wanted in (choices.proxy, choices.inwards) else "It cannot be."
        )

    monkeypatch.setattr(checks, "check_proxy", only(Proxy.FIXED))
    monkeypatch.setattr(checks, "check_inwards", only(Inwards.ALL))
    session = MadeUpSession(upstream=UpstreamCase.SOLICITED)
    person = Person({"Which addresses": ["all", "2"], "Type yes or no, Enter": ["yes"]})
    assert asking.ask(session, person.say, person.read) == ExitCode.DONE
    for question in ("Who answers when", "What may come in"):
        (at,) = [number for number, words in enumerate(person.said) if question in words]
        assert person.said[at + 1].startswith("1. ")
        assert not person.said[at + 2].startswith("2. ")
    assert session.applied is not None
    chosen = session.applied.choices
    assert (chosen.proxy, chosen.inwards) == (Proxy.FIXED, Inwards.ALL)


def test_every_answer_counts() -> None:
    session = MadeUpSession()
    choose = {
        "Which addresses": ["all", "7", "2"],
        "Which services": ["2", "9", ""],
        "Prefix of the new": ["2001:db8:1:2::/64", "2001:db8:1:2:7::/80"],
        "Name of the network": ["other_ipv6"],
        "Who answers": ["4"],
        "What may come in": ["2"],
        "Apply these": ["yes"],
    }
    person = Person(choose)
    assert asking.ask(session, person.say, person.read) == ExitCode.DONE
    assert session.applied is not None
    choices = session.applied.choices
    assert choices.mode is Mode.ROUTED and str(choices.prefix) == "2001:db8:1:2:7::/80"
    assert choices.network == "other_ipv6" and choices.proxy is Proxy.NONE
    assert choices.inwards is Inwards.EXPOSED
    assert "! 7 is none of these numbers." in person.said
    assert session.window == 120
    assert not any(choose.values())


@pytest.mark.parametrize(("typed", "state"), [("keep", "applied"), ("back", "rolled back")])
def test_the_run_is_kept_or_taken_back(typed: str, state: str) -> None:
    session = MadeUpSession()
    person = Person({"Apply these": ["y"], "Keep it?": ["perhaps", "more", typed]})
    asking.ask(session, person.say, person.read)
    assert session.left == 120.0
    record = next(_records(session))
    assert record == state
    assert "! That is none of these words." in person.said


def test_a_run_that_was_kept_in_another_login_meanwhile_is_none_to_keep() -> None:
    session = MadeUpSession()
    person = Person({"Apply these": ["y"]})

    def read(words: str) -> str:
        if "Keep it?" not in words:
            return person.read(words)
        session.awaited.keep()
        assert next(_records(session)) == "applied"
        session.keep_fails = "There is nothing to keep."
        return "keep"

    assert asking.ask(session, person.say, read) == ExitCode.DONE
    assert any("in another login" in words for words in person.said)


def _records(session: MadeUpSession) -> Iterator[str]:
    for _look in range(100):
        progress = session.progress()
        record = progress.record
        settled = record is not None and not record.state.moving
        if record is not None and settled and record.state != "unconfirmed":
            yield record.state


def test_where_the_input_ends_nothing_is_changed() -> None:
    def gone(_words: str) -> str:
        raise EOFError

    session = MadeUpSession()
    with pytest.raises(Refused, match="ended before the last question"):
        asking.ask(session, lambda _words: None, gone)
    assert session.applied is None and session.saved is None


def test_who_stops_at_a_question_has_changed_nothing_and_is_told_so() -> None:
    def stopped(_words: str) -> str:
        raise KeyboardInterrupt

    session = MadeUpSession()
    with pytest.raises(Refused, match="Stopped"):
        asking.ask(session, lambda _words: None, stopped)
    assert session.applied is None and session.saved is None


def test_who_stops_at_the_last_question_is_told_what_becomes_of_the_run() -> None:
    session = MadeUpSession()
    person = Person({"Apply these": ["y"]})

    def read(words: str) -> str:
        if "Keep it?" in words:
            raise KeyboardInterrupt
        return person.read(words)

    asking.ask(session, person.say, read)
    assert "Without an answer everything is taken back." in person.said


def test_what_is_in_the_way_ends_it() -> None:
    session = MadeUpSession(host=made_up_hosts.no_docker())
    with pytest.raises(Refused, match="Nothing was changed"):
        asking.ask(session, lambda _words: None, lambda _words: "")


def test_a_project_that_is_set_up_already_is_not_taken() -> None:
    standing = Earlier(Path("/r"), "applied", "2026-11-22T12:00:00Z", True, "mastodon")
    host = replace(with_two_projects(made_up_hosts.debian13()), earlier=(standing,))
    person = Person({"Which Compose project?": ["1"]})
    with pytest.raises(Refused, match="Nothing was changed"):
        asking.ask(MadeUpSession(host=host), person.say, person.read)
    text = "\n".join(person.said)
    assert "1. mastodon, /srv/mastodon, set up already" in text
    assert "“wizard --change mastodon” gives it other answers." in text
    assert text.count("Which Compose project?") == 2
    assert "Name of the network" not in text
    assert "wiki_ipv6" in text
