"""What is told once more lays nothing out anew, and a box styles only what it dims."""

import pytest
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Button, Static

from screens.app import WizardApp
from screens.step import StepScreen
from screens.widgets.sentence import Sentence
from tests.screens.made_up_session import Act, MadeUpSession
from tests.screens.walking import found, go_apply, jump, on, press, settle, shown, until


@pytest.fixture
def layouts(monkeypatch: pytest.MonkeyPatch) -> list[Screen[object]]:
    """The screens that were laid out, in order."""
    laid_out: list[Screen[object]] = []
    lay_out = Screen._refresh_layout

    def noted(screen: Screen[object], size: Size | None = None, scroll: bool = False) -> None:
        laid_out.append(screen)
        lay_out(screen, size, scroll)

    monkeypatch.setattr(Screen, "_refresh_layout", noted)
    return laid_out


@pytest.mark.parametrize(
    "name", ["host", "mode", "addresses", "compose", "preview", "apply", "keep"]
)
async def test_a_screen_that_is_told_the_same_again_stays_as_it_is_laid_out(
    name: str, layouts: list[Screen[object]]
) -> None:
    session = MadeUpSession(act=Act(hold_at=2))
    app = WizardApp(session)
    async with app.run_test(size=(80, 24)) as pilot:
        if name in ("apply", "keep"):
            await go_apply(pilot, app)
            await until(pilot, lambda: app.state.run.can_cancel)
        else:
            await jump(pilot, app, name)
        if name == "keep":
            session.let_go()
            await until(pilot, lambda: on(app, "keep") and app.state.run.judgement)
        await settle(pilot)
        screen, before = app.screen, shown(app)
        assert isinstance(screen, StepScreen)
        layouts.clear()
        screen.repaint()
        await settle(pilot)
        assert layouts == []
        assert shown(app) == before


async def test_a_sentence_that_is_another_one_is_laid_out_and_marked_by_its_sign() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=(80, 24)) as pilot:
        await jump(pilot, app, "preview")
        screen = app.screen
        assert isinstance(screen, StepScreen)
        said = screen.query_one("#sentence", Sentence)
        screen.say("It is so.", "problem")
        await until(pilot, lambda: "! It is so." in shown(app))
        screen.say("It is so.", "note")
        await until(pilot, lambda: "- It is so." in shown(app))
        assert not said.has_class("-problem")
        screen.say("")
        await until(pilot, lambda: "It is so." not in shown(app))
        assert not said.display


async def test_a_box_and_its_end_look_up_the_styles_of_what_they_change_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_up: list[DOMNode] = []
    apply = Stylesheet.apply

    def noted(sheet: Stylesheet, node: DOMNode, **how: object) -> None:
        looked_up.append(node)
        apply(sheet, node, **how)  # type: ignore[arg-type]

    app = WizardApp(MadeUpSession())
    async with app.run_test(size=(80, 24)) as pilot:
        await found(pilot, app)
        await jump(pilot, app, "host")
        await settle(pilot)
        behind, before = app.screen, shown(app)
        monkeypatch.setattr(Stylesheet, "apply", noted)
        await press(pilot, "f1")
        await settle(pilot)
        assert behind.styles.text_style.dim
        await press(pilot, "escape")
        await settle(pilot)
        assert not behind.styles.text_style.dim
        assert shown(app) == before
        inner = {each for each in behind.query() if each in looked_up}
        assert any(isinstance(each, Button) for each in inner)
        assert not [each for each in inner if isinstance(each, Static)]
