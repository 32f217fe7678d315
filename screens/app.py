"""The app: moves between the screens."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.events import ScreenResume
from textual.screen import ModalScreen, Screen
from textual.theme import Theme

from screens import following
from screens.fitting import FittingApp
from screens.keys import AppWithKeysInOrder
from screens.saver import SAVED_WITHIN, Saver
from screens.sending import SentApp
from screens.state import State
from screens.step import StepScreen
from screens.style_sheets import StyleSheetsApp
from screens.styled_once import StyledOnceApp
from screens.theme import TERMINAL
from screens.widgets import plain_scrollbar
from wizard.platform import later, streams
from wizard.platform.errors import ExitCode
from wizard.record.record import State as RunState
from wizard.session import Session

with later.later():
    from screens import leaving, modals

Start = Literal["welcome", "resume", "undo"]

NAMES = (
    *("welcome", "host", "mode", "addresses", "upstream", "network", "compose", "inwards"),
    *("preview", "apply", "keep", "result", "home", "repair", "undo"),
)
"""Every screen: a module of this package with a class of that name."""


def _screen(name: str) -> Screen[None]:
    """Make a screen; it is imported when first shown, so that the first one is there at once."""
    screen: Screen[None] = getattr(import_module(f"screens.{name}"), f"{name.capitalize()}Screen")()
    return screen


class WizardApp(AppWithKeysInOrder, FittingApp, SentApp, StyledOnceApp, StyleSheetsApp):
    """The wizard on a terminal. What it returns is the exit code of the program."""

    ENABLE_COMMAND_PALETTE = False
    TITLE = "IPv6 for containers"
    SCREENS: ClassVar[Mapping[str, Callable[[], Screen[None]]]] = {  # type: ignore[assignment]
        name: partial(_screen, name) for name in NAMES
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "explain", "Help", key_display="F1", tooltip="Explain this screen"),
        Binding("ctrl+q", "quit", "Quit", key_display="Ctrl+Q", priority=True),
        Binding("ctrl+c", "quit", show=False, priority=True),
    ]

    def __init__(self, session: Session, start: Start = "welcome") -> None:
        super().__init__(ansi_color=True)
        plain_scrollbar.use()
        # Two widgets on every screen, for what comes up where the mouse is and for notes in a
        # corner. There is neither here, and Textual has words for that in run_test alone.
        self._disable_tooltips = self._disable_notifications = True
        self.session = session
        self.state = State(session, self, self.repaint)
        self.state.run.undoing = start == "undo"
        self.progress = Saver(session.answers.save_progress)
        self.nothing_to_resume = False
        """Whether the person asked to go on where there is nothing to go on with."""
        self._start_at = start
        self.left_home = False
        """Whether one came to the first question from what is in force."""
        self._resuming_to = ""
        self.resumed_at = ""
        """The question at which the person left at an earlier time, until it is passed."""

    @property
    def current_theme(self) -> Theme:
        """The one theme. To choose it by its name has Textual parse all style sheets once more."""
        return TERMINAL

    def get_default_screen(self) -> Screen[None]:
        """Return where one begins: what would be taken back, what is in force, or the beginning.

        Textual begins with an empty screen, and to lay that out and style it takes a part of the
        time until the first with words.
        """
        if self._start_at == "undo":
            name = "undo"
        else:
            name = "home" if following.is_home(self.session) else "welcome"
        screen = self.get_screen(name)
        self._load_screen_css(screen)
        # As those have that are pushed: another may take its place.
        screen._push_result_callback(self, None)
        return screen

    def on_mount(self) -> None:
        """Look at the host while the person reads the first screen."""
        loop = asyncio.get_running_loop()
        # Textual leaves both at their defaults, which would end the program without giving the
        # terminal back; and a program that ignores a hang-up spins on the dead terminal.
        for number in (signal.SIGHUP, signal.SIGTERM):
            loop.add_signal_handler(number, self._leave_by, number)
        if self._start_at != "undo":
            self._begin()
        self.call_after_refresh(self._settle)
        self.call_later(self.fit, self.size)

    def _settle(self) -> None:
        """Load what the first screen does without, and look for garbage from now on."""
        later.load()
        self.read_other_sheets()
        if not gc.isenabled():
            gc.freeze()
            gc.enable()

    def _begin(self) -> None:
        """Go on to what is at work or waits, or to where the person left; else look at the host."""
        repair = self.session.repairing
        if repair is not None:
            self.state.run.find(repair)
            self.open_run()
        elif following.has_open(self.session) or self._resumes_run():
            self.see_earlier()
        elif not self.at_home:
            self._resume_answers()
            # Its threads would compete with the first screen.
            self.call_after_refresh(self.state.look)

    def _fatal_error(self) -> None:
        # Textual would print a traceback with the values of local variables. Whoever called
        # run_app gets the exception instead, and says it in a sentence.
        self._close_messages_no_wait()

    def _leave_by(self, number: signal.Signals) -> None:
        self.exit(128 + number, return_code=128 + number)

    # Where the person left at an earlier time

    def _resumes_run(self) -> bool:
        """Whether the last thing that the person did was to start a run."""
        asked = self._start_at == "resume" and following.recorded(self.session) is not None
        return asked and self.session.answers.load_progress() not in _questions()

    def _resume_answers(self) -> None:
        if self._start_at != "resume":
            return
        left_at = self.session.answers.load_progress()
        if left_at in _questions():
            self._resuming_to = left_at
            # Where one left at a question that is not always asked, all of them were asked.
            self.state.all_questions = left_at not in self.state.order
        self.nothing_to_resume = not self._resuming_to and self.session.answers.load() is None

    def resume(self) -> None:
        """Go on by one screen towards the one where the person left, as far as the answers fit."""
        screen = self.screen if self._resuming_to else None
        if not isinstance(screen, StepScreen) or not screen.ready:
            return
        state = self.state
        if self._resuming_to == screen.NAME:
            self._resuming_to, self.resumed_at = "", screen.NAME
            screen.say(*screen.greeting)
        elif screen.refusal() is None:
            screen.action_next()
        elif state.host is not None and not (screen.NAME == "upstream" and state.router.busy):
            self._resuming_to = ""

    def stop_resuming(self) -> None:
        """Go on no further by itself: what was answered does not fit any more."""
        self._resuming_to = ""

    # Moving about

    def go_after(self, name: str) -> None:
        """Open the screen that comes after the named one."""
        if any(getattr(each, "NAME", "") == "preview" for each in self.screen_stack[:-1]):
            # It was opened from there.
            self.pop_screen()
            return
        next_one = self.state.after(name)
        self.resumed_at = ""
        if not self._resuming_to:
            self.progress.save(next_one)
        self.open(next_one)

    def open(self, name: str) -> None:
        """Open a screen, unless it is open."""
        if not self._has(name):
            self._uncover()
            self.push_screen(name)

    def _switch(self, name: str) -> None:
        self._uncover()
        self.switch_screen(name)

    def _uncover(self) -> None:
        """Take away what lies over a screen that is left: it was about that one."""
        while isinstance(self.screen, ModalScreen):
            self.pop_screen()
        self.call_later(self.fit, self.size)

    def _go_back_to(self, name: str) -> None:
        """Go back to a screen that was passed, or to the first one."""
        while len(self.screen_stack) > 1 and not self._shows(name):
            self.pop_screen()

    @property
    def can_start_again(self) -> bool:
        """Whether there is a first screen to go back to."""
        return self._has("welcome") or self.at_home

    @property
    def at_home(self) -> bool:
        """Whether one came from what is in force, and not on the way through the questions."""
        return self._has("home")

    def go_home(self) -> None:
        """Show what is in force again, unless it has been taken back since."""
        self.left_home = False
        if following.is_home(self.session):
            self.state.run.forget()
            self._switch("home")
        elif self._shows("welcome"):
            self.screen.post_message(ScreenResume())
        else:
            self._switch("welcome")

    def _shows(self, *names: str) -> bool:
        return getattr(self.screen, "NAME", "") in names

    def _has(self, name: str) -> bool:
        return any(getattr(screen, "NAME", "") == name for screen in self.screen_stack)

    def start_again(self) -> None:
        """Go back to the host and look at it anew; the answers stay."""
        self.state.run.forget()
        self.state.set_up()
        self._go_back_to("host")
        if self.at_home or self.left_home:
            self.left_home = following.is_home(self.session)
            self.session.records.project = None
        if self.at_home:
            self._switch("welcome")
        self.open("host")
        self.state.look()

    def see_earlier(self) -> None:
        """Show the earlier run: at work, or what came of it."""
        self.open("apply")
        self.state.run.find()

    def open_run(self) -> None:
        """Show the run that is followed, over the one screen from which it was begun, if any.

        The preview of an undo that has begun, and the result from which that was opened, are over.
        """
        if self.at_home:
            self._go_back_to("home")
        while len(self.screen_stack) > 1 and self._shows("undo", "result"):
            self.pop_screen()
        if self._shows("undo", "result"):
            self._switch("apply")
        else:
            self.open("apply")

    def show_run(self) -> None:
        """Open the question or the result of the run that is followed, or its steps."""
        run = self.state.run
        if run.progress is None:
            return
        name = "apply" if run.running else "keep" if run.waits else "result"
        self._switch(name)
        applied = run.record is not None and run.record.state is RunState.APPLIED
        if name == "keep" or (name == "result" and applied):
            run.check_containers()

    # What is shown

    def repaint(self) -> None:
        """Let the step that is shown paint what has changed; the others do when they are again."""
        if not self.is_running:
            return
        for screen in reversed(self.screen_stack):
            if isinstance(screen, StepScreen):
                if screen.ready:
                    screen.repaint()
                return

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer help where there is some, and not from behind a box."""
        if action == "explain" and self.screen_stack and not isinstance(self.screen, StepScreen):
            return False
        return super().check_action(action, parameters)

    def action_explain(self) -> None:
        """Show the help of the screen."""
        if isinstance(self.screen, StepScreen):
            self.push_screen(self.screen.help)

    async def action_quit(self) -> None:
        """Ask before leaving."""
        if isinstance(self.screen, modals.QuestionModal) and self.screen.name == "quit":
            return
        words = leaving.question(self.state)
        self.push_screen(
            modals.QuestionModal(*words, yes="Leave", no="Stay", name="quit"), self._quit
        )

    def _quit(self, leave: bool | None) -> None:
        if leave:
            self.exit(self.state.run.exit_code)
        else:
            self.call_later(self.fit, self.size)


def _questions() -> tuple[str, ...]:
    """Return the screens on which nothing has been started yet, but for the first."""
    return NAMES[1 : NAMES.index("apply")]


def run_app(session: Session, start: Start = "welcome") -> int:
    """Show the screens on this terminal until the person leaves, and return the exit code.

    Raises:
        Exception: a fault in the screens, once the terminal is as it was.
    """
    app = WizardApp(session, start)
    # Without the mouse the terminal's own way of marking and copying text goes on working.
    with streams.to_itself():
        code = app.run(mouse=False)
    app.state.saver.wait(SAVED_WITHIN)
    app.progress.wait(SAVED_WITHIN)
    if code is not None and code < 128:  # No signal ended it, so somebody reads.
        with suppress(OSError):
            sys.stdout.write("\n".join([*leaving.farewell(app.state), ""]))
    streams.let_go()
    if app._exception is not None:
        raise app._exception
    if code is None:
        code = app.return_code
    return int(code) if code is not None else int(ExitCode.UNEXPECTED)
