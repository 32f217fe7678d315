"""What a run has set up, as it is shown: from its record alone."""

from dataclasses import replace
from typing import Any

import pytest

from tests.made_up_deployments import deployment
from wizard.answers import answers_file
from wizard.answers.choices import Choices, Mode
from wizard.modes.registry import behaviour_of
from wizard.platform.errors import Refused
from wizard.platform.local_time import local_time
from wizard.record.record import Record, State
from wizard.run.set_up import set_up_of

BEGUN, KEPT = "2026-01-01T00:00:00Z", "2026-01-01T00:01:30Z"


def lines(**choices: Any) -> dict[str, str]:
    made = replace(deployment().choices, **choices)
    record = Record("1", State.APPLIED, BEGUN, "", {}, answers_file.to_table(made), [])
    record.finished = KEPT
    return dict(set_up_of(record).lines)


def test_each_thing_is_told_the_most_important_first() -> None:
    choices = deployment().choices
    assert list(lines().items()) == [
        ("In force since", local_time(KEPT)),
        ("Project", "mastodon"),
        ("Services", "web, streaming, sidekiq"),
        ("Mode", behaviour_of(Mode.ULA).label),
        ("Prefix", f"{choices.prefix}"),
        ("Network", "mastodon_ipv6, bridge br-ipv6"),
    ]


@pytest.mark.parametrize(
    ("choices", "label", "words"),
    [
        ({"project": None}, "Project", "none"),
        ({"project": "mas\nto"}, "Project", r"mas\nto"),
        ({"services": ()}, "Services", "none"),
        ({"services": ("w\teb", "x")}, "Services", r"w\teb, x"),
        ({"prefix": None}, "Prefix", "none"),
        ({"network": "a\nb", "bridge": "c\nd"}, "Network", r"a\nb, bridge c\nd"),
        ({"mode": Mode.ROUTED}, "Mode", behaviour_of(Mode.ROUTED).label),
    ],
)
def test_what_is_not_known_and_what_others_wrote_is_fit_to_be_shown(
    choices: dict[str, Any], label: str, words: str
) -> None:
    assert lines(**choices)[label] == words


def test_before_it_is_kept_it_is_there_since_it_was_begun() -> None:
    record = Record("1", State.UNCONFIRMED, BEGUN, "", {}, answers_file.to_table(Choices()), [])
    assert set_up_of(record).since == local_time(BEGUN)
    record.choices = {"mode": "of another release"}
    with pytest.raises(Refused):
        set_up_of(record)
