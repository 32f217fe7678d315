"""What somebody is told who has not accepted what a plan costs, word for word."""

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.made_up_deployments import deployment
from wizard.answers import answers_file
from wizard.host.published import parse
from wizard.noticed.losses import Loss, LossCause
from wizard.plan import acceptance
from wizard.plan.planning import Plan


def loss(port: int, *, opens: bool = False, service: str = "web") -> Loss:
    (found,) = parse(f"[::]:{port}->3000/tcp")
    cause = LossCause.OPENED if opens else LossCause.LISTENER
    return Loss(found, service, f"mastodon-{service}-1", cause, None)


def plan(losses: Sequence[Loss], *accepted: str) -> Plan:
    made = deployment().plan()
    return replace(made, losses=tuple(losses), choices=replace(made.choices, accepted=accepted))


MANY = [loss(port) for port in (90, 80, 85, 81, 88, 83, 86)]


def test_what_is_accepted_is_in_one_order_whatever_was_accepted_before() -> None:
    made = plan([*MANY, loss(80, opens=True)], "[::]:99/tcp", "[::]:81/tcp")
    # The same answers are the same file.
    ports = (80, 81, 83, 85, 86, 88, 90, 99)
    names = (*(f"[::]:{port}/tcp" for port in ports), "open [::]:80/tcp")
    assert acceptance.accept_all(made) == names


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([], ""),
        ([loss(80)], "This stops answering over IPv6: [::]:80/tcp (web)."),
        (
            [loss(80, opens=True), loss(81, service="streaming"), loss(82)],
            "This stops answering over IPv6: [::]:81/tcp (streaming), [::]:82/tcp (web). This may "
            "be open to the internet over IPv6 where your rules close it today: open [::]:80/tcp "
            "(web).",
        ),
        (
            MANY[:4],
            "This stops answering over IPv6: [::]:90/tcp (web), [::]:80/tcp (web), [::]:85/tcp "
            "(web), [::]:81/tcp (web).",
        ),
        (
            MANY,
            "This stops answering over IPv6: [::]:90/tcp (web), [::]:80/tcp (web), [::]:85/tcp "
            "(web), [::]:81/tcp (web) and 3 more.",
        ),
    ],
)
def test_what_is_lost_is_told_in_short(losses: list[Loss], words: str) -> None:
    assert acceptance.in_short(plan(losses)) == words


BEGIN = (
    "Nothing was changed, because something is lost by this that was not accepted. This stops "
    f"answering over IPv6: {', '.join(f'{each.name} (web)' for each in MANY)}. wizard --plan says "
    "for each why, and what keeps it. To continue all the same, "
)
ANSWERS = Path("/root/my\nanswers.toml")
SHOWN = r"/root/my\nanswers.toml"


@pytest.mark.parametrize(
    ("accepted", "answers", "words"),
    [
        ((), ANSWERS, f"{BEGIN}add this below [choices] in {SHOWN}:"),
        (("[::]:99/tcp",), ANSWERS, f"{BEGIN}put this in place of accepted in {SHOWN}:"),
        ((), None, f"{BEGIN}write this into a file, and give that with --answers:"),
        (("[::]:99/tcp",), None, f"{BEGIN}write this into a file, and give that with --answers:"),
    ],
)
def test_every_loss_is_named_with_the_lines_that_accept_it(
    accepted: tuple[str, ...], answers: Path | None, words: str
) -> None:
    made = plan(MANY, *accepted)
    said, _, lines = acceptance.refusal(made, answers).partition("\n\n")
    assert said == words
    whole = acceptance.accept_all(made)
    assert set(whole) == {each.name for each in MANY} | set(accepted)
    if answers is None:
        assert answers_file.loads(lines) == replace(made.choices, accepted=whole)
    else:
        assert tomllib.loads(lines) == {"accepted": list(whole)}
