"""The styles of what comes on the screen are looked up once, when it does."""

from typing import Any

import pytest
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode
from textual.widget import Widget

from screens.app import WizardApp
from screens.widgets.paragraph import Paragraph
from screens.widgets.plain_button import PlainButton
from tests.screens.made_up_session import MadeUpSession
from tests.screens.walking import on, settle, until


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[tuple[DOMNode, bool]]:
    """Whose styles are looked up, one after the other, and whether that is on a screen."""
    nodes: list[tuple[DOMNode, bool]] = []
    apply = Stylesheet.apply

    def noted(sheet: Stylesheet, node: DOMNode, **more: Any) -> None:
        # Parts of a widget that have styles of their own stand below none.
        nodes.append((node, node.is_attached or not isinstance(node, Widget)))
        apply(sheet, node, **more)

    monkeypatch.setattr(Stylesheet, "apply", noted)
    return nodes


async def test_those_of_the_first_screen_are_looked_up_once(
    looked_up: list[tuple[DOMNode, bool]],
) -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: on(app, "welcome"))
        await settle(pilot)
        for kind in (Paragraph, PlainButton):
            # Where the focus is has others since.
            found = [each for each in app.screen.query(kind) if not each.has_focus]
            assert found
            assert [looked_up.count((each, True)) for each in found] == [1] * len(found)
    assert all(there for _, there in looked_up)
