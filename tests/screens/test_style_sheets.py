"""Style sheets, which Textual parses at each start before anything is shown."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from textual.css.parse import parse
from textual.widgets import Button

from screens.app import WizardApp
from tests.screens.made_up_session import MadeUpSession
from tests.screens.walking import on, until


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are parsed, one after the other."""
    texts: list[str] = []

    def noted(scope: str, css: str, *words: Any, **more: Any) -> Iterable[Any]:
        texts.append(css)
        return parse(scope, css, *words, **more)

    monkeypatch.setattr("textual.css.stylesheet.parse", noted)
    return texts


def texts(app: WizardApp) -> list[str]:
    return [Path(each).read_text(encoding="utf-8") for each in app.css_path]


async def test_each_of_ours_is_parsed_once_until_the_first_screen_stands(parsed: list[str]) -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: on(app, "welcome"))
    ours = texts(app)
    assert ours
    assert [parsed.count(each) for each in ours] == [1] * len(ours)
    # It is for nine looks of buttons, and longer than all of ours.
    assert Button.DEFAULT_CSS not in parsed
