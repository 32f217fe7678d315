"""Style sheets, which Textual parses at each start before anything is shown."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from textual.css.parse import parse
from textual.widgets import Button, Footer

import screens
from screens.app import Start, WizardApp
from tests.screens.made_up_session import MadeUpSession
from tests.screens.walking import on, press, settle, until

SHEETS = Path(screens.__file__).parent


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are parsed, one after the other."""
    texts: list[str] = []

    def noted(scope: str, css: str, *words: Any, **more: Any) -> Iterable[Any]:
        texts.append(css)
        return parse(scope, css, *words, **more)

    monkeypatch.setattr("textual.css.stylesheet.parse", noted)
    return texts


def texts(names: Iterable[str]) -> list[str]:
    return [(SHEETS / name).read_text(encoding="utf-8") for name in names]


async def test_those_of_the_first_screen_are_parsed_once_until_it_stands(
    parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_first: list[str] = []
    read = WizardApp.read_other_sheets

    def noted(app: WizardApp) -> None:
        at_first.extend(parsed)
        read(app)

    monkeypatch.setattr(WizardApp, "read_other_sheets", noted)
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: on(app, "welcome") and at_first)
    ours = texts(WizardApp.CSS_PATH)
    assert ours
    assert [at_first.count(each) for each in ours] == [1] * len(ours)
    others = texts(each.name for each in SHEETS.glob("*.tcss") if each.name not in app.CSS_PATH)
    assert others
    assert not {*others} & {*at_first}
    # Those are for nine looks of buttons, for keys in groups, and longer than all of ours.
    assert Button.DEFAULT_CSS not in parsed
    assert Footer.DEFAULT_CSS not in parsed


@pytest.mark.parametrize("start", ["welcome", "undo"])
async def test_each_is_parsed_once_before_a_screen_comes_that_is_not_the_first(
    parsed: list[str], start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What comes before that, as a key does that was typed at once.
    monkeypatch.setattr(WizardApp, "_settle", lambda _app: None)
    app = WizardApp(MadeUpSession(), start)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen_stack)
        if start == "welcome":
            await press(pilot, "f1")
            await until(pilot, lambda: app.screen_stack[1:])
        await settle(pilot)
    ours = texts(each.name for each in SHEETS.glob("*.tcss"))
    assert [parsed.count(each) for each in ours] == [1] * len(ours)
