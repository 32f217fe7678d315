"""Lines are broken between words, and long names where a sign stands in them."""

import pytest

from screens import wrapping
from screens.app import WizardApp
from screens.widgets.step_list import StepList
from tests import made_up_hosts
from tests.screens.made_up_session import MadeUpSession
from tests.screens.walking import jump
from wizard.host.host import Host


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Put it back", ["Put it back"]),
        ("Change docker-compose.override.yml", ["Change", "docker-compose.", "override.yml"]),
        ("a docker-ipv6-wizard-ndp.service b", ["a", "docker-ipv6-wizard-", "ndp.service b"]),
        ("x" * 25, ["x" * 20, "x" * 5]),
        (" 1  fd12::1  0.1 ms", [" 1  fd12::1  0.1 ms"]),
    ],
)  # fmt: skip
def test_a_longer_word_is_broken_after_a_sign(text: str, lines: list[str]) -> None:
    assert wrapping.prose(text, 20) == lines


@pytest.mark.parametrize("width", range(8, 60))
def test_every_letter_stays(width: int) -> None:
    text = (
        "Change /srv/mastodon/docker-compose.override.yml: web, streaming join fd12:3456:789a::/64"
    )
    for first, later in (("", ""), (" 1 ", "   "), ("", "        ")):
        lines = wrapping.prose(text, width, first, later)
        assert max(map(len, lines)) <= max(width, len(later) + 8)
        assert "".join("".join(lines).split()) == "".join((first + text).split())


@pytest.mark.parametrize(
    "host", [made_up_hosts.debian12, made_up_hosts.debian13, made_up_hosts.debian14]
)
async def test_no_step_in_the_list_is_broken_inside_a_word(host: object) -> None:
    made: Host = host()  # type: ignore[operator]
    app = WizardApp(MadeUpSession(host=made))
    async with app.run_test(size=(80, 24)) as pilot:
        await jump(pilot, app, "preview")
        assert app.state.draft.plan is not None
        steps = app.screen.query_one(StepList)
        for number, step in enumerate(app.state.draft.plan.steps, 1):
            words = str(steps.get_option_at_index(number).prompt).split()
            broken = set(step.title.split()) - set(words)
            assert len(broken) <= 1, words
            # A file's name that is longer than the list is wide, and broken after a sign.
            assert all(len(word) > 22 and "compose" in word for word in broken), words
            assert not broken or words[words.index("Change") + 1].endswith((".", "-"))
