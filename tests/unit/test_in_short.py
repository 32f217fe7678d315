"""What a plan changes and what people will notice, in a line each."""

from dataclasses import replace
from typing import Any

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import PREFIX, deployment
from tests.unit.test_losses import plan, with_web
from wizard.plan.in_short import first_sentence, in_short


def test_files_network_containers_and_what_is_noticed_are_told() -> None:
    made = replace(plan(made_up_hosts.debian13()), notices=("One. More of it.", "Two."))
    short = dict(in_short(made))
    assert list(short) == ["Files", "Network", "Containers", "Noticed"]
    new = sum("--- /dev/null" in diff.lines for step in made.steps for diff in step.diffs)
    assert short["Files"] == f"{new} new; docker-compose.yml changed"
    assert short["Network"] == f"mastodon_ipv6 with {PREFIX}, bridge br-ipv6"
    assert short["Containers"].startswith("web, streaming, sidekiq;")
    assert short["Noticed"] == "One. And 1 more: see “All of it”."


def test_what_is_lost_is_named_before_what_is_noticed() -> None:
    short = dict(in_short(plan(with_web(made_up_hosts.debian13()))))
    assert "[::]:3000/tcp (web)" in short["Lost"]
    assert list(short)[-2:] == ["Lost", "Noticed"]


def test_a_first_sentence_ends_where_another_begins() -> None:
    assert first_sentence("Docker 26.1 does it. More.") == "Docker 26.1 does it."
    assert first_sentence("no end") == "no end"
    assert first_sentence("") == ""


@pytest.mark.parametrize(
    ("services", "words"),
    [
        ((), "none; they keep running"),
        (("web",), "web; it keeps running"),
        (("web", "side\nkiq"), "web, side\\nkiq; they keep running"),
    ],
)
def test_who_keeps_running(services: tuple[str, ...], words: str) -> None:
    made = plan(made_up_hosts.debian13())
    short = dict(in_short(replace(made, choices=replace(made.choices, services=services))))
    assert short["Containers"] == words


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ((), "none"),
        (("compose-file",), "docker-compose.yml changed"),
        (("sysctl",), "1 new"),
        (("compose-file", "sysctl"), "1 new; docker-compose.yml changed"),
    ],
)
def test_which_files_are_new_and_which_change(kinds: tuple[str, ...], words: str) -> None:
    made = deployment(made_up_hosts.debian12()).plan()
    steps: Any = tuple(step for step in made.steps if step.kind in kinds)
    assert dict(in_short(replace(made, steps=steps)))["Files"] == words


def test_of_what_is_noticed_the_first_is_told_and_the_others_are_counted() -> None:
    made = plan(made_up_hosts.debian13())

    def noticed(*notices: str) -> str:
        return dict(in_short(replace(made, notices=notices)))["Noticed"]

    assert noticed() == "nothing that is known of"
    assert noticed("One! More of it.") == "One!"
    assert noticed("Is it? Yes.", "Two.", "Three.") == "Is it? And 2 more: see “All of it”."
