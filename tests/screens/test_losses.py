"""What stops answering over IPv6 is named in the question, and accepted by a deliberate yes."""

from screens.app import WizardApp
from tests import made_up_hosts
from tests.screens.made_up_session import MadeUpSession
from tests.screens.walking import ask, jump, keep, on, press, shown
from tests.unit.test_losses import with_web

SIZE = (80, 24)


async def test_the_question_names_what_is_lost_and_yes_fills_in_the_answer() -> None:
    session = MadeUpSession(host=with_web(made_up_hosts.debian13()))
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "preview")
        assert "stops answering over" in " ".join(shown(app).split())
        await ask(pilot, app)
        words = " ".join(shown(app).replace("│", " ").split())
        assert "and lose that?" in words
        assert "[::]:3000/tcp (web)" in words
        assert "[ Apply, and lose it ]" in words
        await press(pilot, "n")
        assert on(app, "preview")
        assert app.state.choices.accepted == ()
        assert session.applied is None
        await ask(pilot, app)
        await press(pilot, "y")
        await keep(pilot, app)
        assert session.applied is not None
        assert session.applied.unaccepted == ()
        assert app.state.choices.accepted == ("[::]:3000/tcp",)
