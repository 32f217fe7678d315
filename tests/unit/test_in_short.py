"""What a plan changes and what people will notice, in a line each."""

from dataclasses import replace

from tests import made_up_hosts
from tests.made_up_deployments import PREFIX
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
