"""Which questions a person is asked, and what is said of those that have an answer."""

from dataclasses import replace
from ipaddress import IPv6Network
from typing import Any

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from wizard.answers.choices import Choices, Inwards, Mode, Proxy
from wizard.answers.open_questions import open_questions, services_first
from wizard.answers.proposed import Proposed, proposed
from wizard.answers.wording import INWARDS, PROXIES
from wizard.ndp.upstream import UpstreamCase, UpstreamFinding

QUESTIONS = ("addresses", "upstream", "network", "compose", "inwards")
PUBLIC: dict[str, Any] = {"mode": Mode.ROUTED, "prefix": IPv6Network("2001:db8:1:2:8000::/112")}


def test_what_only_the_person_can_answer_comes_first_and_is_always_asked() -> None:
    assert services_first(QUESTIONS) == ("compose", "addresses", "upstream", "network", "inwards")
    made = deployment(made_up_hosts.debian14(), **PUBLIC)
    assert open_questions(QUESTIONS, made.choices, made.host) == ("compose",)
    assert open_questions(QUESTIONS, Choices(), None) == ("compose",)
    assert open_questions(("network",), made.choices, made.host) == ()


@pytest.mark.parametrize(
    ("changed", "asked"),
    [
        ({"prefix": None}, "addresses"),
        ({"prefix": IPv6Network("fd00::/64")}, "addresses"),
        ({"proxy": Proxy.NDPPD}, "upstream"),
        ({"network": "host"}, "network"),
        ({"network": "mastodon_external_network"}, "network"),
        ({"bridge": "docker0"}, "network"),
        ({"inwards": Inwards.ALL}, "inwards"),
    ],
)
def test_a_question_whose_answer_will_not_do_is_asked(changed: dict[str, Any], asked: str) -> None:
    made = deployment(made_up_hosts.debian14(), **PUBLIC)
    choices = replace(made.choices, **changed)
    found = open_questions(QUESTIONS, choices, made.host)
    assert asked in found
    assert found[0] == "compose"
    assert set(found) <= {"compose", asked, "upstream"}


def test_a_question_on_which_something_was_seen_or_of_which_nothing_is_known_is_asked() -> None:
    made = deployment(made_up_hosts.debian14(), **PUBLIC)
    seen = open_questions(QUESTIONS, made.choices, made.host, ["upstream", "network"])
    assert seen == ("compose", "upstream", "network")
    assert open_questions(("colour",), made.choices, made.host) == ("colour",)


@pytest.mark.parametrize(
    ("case", "begins"),
    [
        (UpstreamCase.SOLICITED, "Your provider's router asks for each address."),
        (UpstreamCase.ROUTED, "Your provider's router sends packets here by itself."),
        (UpstreamCase.REFUSED, "Your provider's router refuses."),
        (UpstreamCase.NOTHING, "Your provider's router was not heard."),
    ],
)
def test_what_is_proposed_is_said_question_by_question(case: UpstreamCase, begins: str) -> None:
    made = deployment(made_up_hosts.debian14(), **PUBLIC)
    choices = replace(made.choices, network="six\x1b", bridge="br-six\x1b", proxy=Proxy.FIXED)
    seen = UpstreamFinding(case, ())
    assert proposed(QUESTIONS, choices, seen) == (
        Proposed("addresses", "Addresses", "2001:db8:1:2:8000::/112"),
        Proposed("upstream", "Upstream router", f"{begins} Answered by: Fixed entries."),
        Proposed("network", "Network", "six\\x1b, bridge br-six\\x1b"),
        Proposed("inwards", "Who may come in", "Published ports"),
    )
    assert proposed(("upstream",), choices, None) == (
        Proposed("upstream", "Upstream router", "Answered by: Fixed entries."),
    )
    assert proposed(("compose",), choices, seen) == ()


def test_every_answer_has_its_words() -> None:
    for words in (PROXIES, INWARDS):
        labels = [label for label, _ in words.values()]
        assert len(set(labels)) == len(labels)
        assert all(sentence.endswith(".") for _, sentence in words.values())
    assert set(PROXIES) == set(Proxy)
    assert set(INWARDS) == set(Inwards)
