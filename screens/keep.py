"""The question whether to keep what was done, while the time for an answer runs."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from screens import background
from screens.modals import QuestionModal
from screens.result import tone
from screens.step import StepScreen, paragraph
from screens.widgets.sentence import Sentence
from wizard.platform.errors import ExitCode
from wizard.platform.text import clean
from wizard.record.record import State
from wizard.run.logins import Logins
from wizard.session import Session

_BAR = 40


class KeepScreen(StepScreen):
    """Waits for somebody to say "keep", here or in another login."""

    NAME = "keep"
    HEADING = "Keep it?"
    NEXT = "Keep it ..."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "Keep", key_display="Enter", priority=True),
        Binding("k,K", "forward", show=False),
        Binding("m,M", "extend", "More time", key_display="M", tooltip="Begin the time anew"),
        Binding("t,T", "take_back", "Take back", key_display="T", tooltip="Take all back now"),
    ]
    EXPLANATION: ClassVar[Sequence[str]] = (
        "All steps are done, and the wizard has looked at what this host and its containers had "
        "before: the way to the internet over IPv4 and IPv6, and every container that was "
        "running. They still have it.",
        "It also looks from inside the containers whether they reach the internet over IPv6 now. "
        "Where they do not, there is little reason to keep it: T takes everything back.",
        "One thing the wizard cannot see from in here: whether you can still log in. A connection "
        "that is open already may keep working where a new one would not. So it asks you to log "
        "in a second time, from your own computer, and to type the line there.",
        "If nobody does, everything is taken back when the time is over: also if this terminal is "
        "closed, if the connection is lost, or if this host is restarted. You need not do "
        "anything for that. Keys that you press here do not shorten the time.",
        "M begins the time anew. T takes everything back at once. Enter or K keeps it without a "
        "second login, after a warning.",
    )

    _foreseen_for = ""
    """The run for which it was last asked what the next boot would take."""

    @property
    def goes_back(self) -> bool:
        """Nowhere: what was asked before has been answered."""
        return False

    def compose_body(self) -> ComposeResult:
        """Compose the countdown and what to type."""
        yield Sentence(
            "All steps are done. This host and its containers have all that they had.", "ok"
        )
        yield Sentence(id="works")
        yield paragraph("", id="countdown")
        yield paragraph("", id="how")
        yield Sentence(id="coverage")
        yield Sentence(id="foreseen")

    def arrive(self) -> None:
        """Say what to do for the run that waits now; an earlier one may have waited here before."""
        super().arrive()
        run = self.state.run
        if self.app.screen is not self or run.record is None:
            return
        if run.record.id != self._foreseen_for:
            self._foreseen_for = run.record.id
            self._say_foreseen(())
        words = how(self.state.session.logins(), run.kind, came_back=not run.started)
        self.query_one("#how", Static).update(Content(words))
        self.query_one("#coverage", Sentence).say(
            self.state.session.awaited.guard_coverage(), "note"
        )
        background.run(
            self.app,
            "Foreseeing the next boot",
            self.state.session.next_boot,
            self._say_foreseen,
            lambda complaint: self._say_foreseen([complaint]),
            latest=True,
        )

    def _say_foreseen(self, sentences: Sequence[str]) -> None:
        """Say what the next boot would take."""
        words = "\n- ".join(map(clean, sentences))
        self.query_one("#foreseen", Sentence).say(words, "note")

    def show_state(self) -> None:
        """Show the time that is left, or go where the run has gone."""
        progress = self.state.run.progress
        record = progress.record if progress else None
        if record is not None and record.state is State.UNCONFIRMED:
            run = self.state.run
            ends = self.state.session.awaited.ends(record)
            words = countdown(run.seconds_left, record.window, ends, run.kind)
            self.query_one("#countdown", Static).update(Content(words))
            self.query_one("#works", Sentence).say(
                self.state.run.judged, tone(self.state.run.judgement)
            )
            return
        if isinstance(self.app.screen, QuestionModal) and self.app.screen.name == self.NAME:
            self.app.screen.dismiss(None)
        elif self.app.screen is self:
            self.wizard.show_run()

    def go_on(self) -> None:
        """Warn, and keep."""
        run, logins = self.state.run, self.state.session.logins()
        heading, words = warning(logins, run.kind, came_back=not run.started)
        found = run.judgement
        if found is None or found.code is not ExitCode.DONE:
            words = f"{run.judged} {words}"
        self.app.push_screen(
            QuestionModal(heading, words, yes="Keep it", no="Not yet", name=self.NAME),
            self._keep,
        )

    def _keep(self, yes: bool | None) -> None:
        if yes:
            self.say("Keeping …")
            self.state.run.settle(self.state.run.session.awaited.keep, self._not_settled)

    def action_extend(self) -> None:
        """Begin the time anew."""
        self.state.run.settle(self.state.run.session.awaited.extend, self._not_settled)

    def _not_settled(self, complaint: str) -> None:
        self.say(complaint, "problem")

    def action_take_back(self) -> None:
        """Ask, and take everything back."""
        kind = self.state.run.kind
        what = _what(kind)
        before = f"it was before the {kind}" if kind else "it was before"
        self.app.push_screen(
            QuestionModal(
                f"Take {what} back now?",
                f"Every step of it is taken back, so that this host is as {before}.",
                yes="Take back",
                no="Not yet",
                name=self.NAME,
            ),
            self._take_back,
        )

    def _take_back(self, yes: bool | None) -> None:
        if yes:
            self.begin("Starting to take back …")
            self.state.run.take_back(self._revert, self.say, self._taken_back, self.end)

    def _revert(self) -> Session:
        session = self.state.run.session
        session.awaited.revert_now()
        return session

    def _taken_back(self) -> None:
        self.end()
        if self.app.screen is self:
            self.wizard.show_run()


def _what(kind: str) -> str:
    return f"the {kind}" if kind else "everything"


def countdown(left: float | None, window: int, deadline: str, kind: str = "") -> str:
    """Return the time that is left, as a bar and in numbers, and when that is by the clock.

    ``kind`` is what waits beside a run, a change or a repair.
    """
    what = _what(kind)
    if not left:
        return f"The time is over. {what.capitalize()} is being taken back …"
    filled = min(_BAR, round(_BAR * left / window)) if window else 0
    minutes, seconds = divmod(int(left), 60)
    until = datetime.fromisoformat(deadline).astimezone()
    return (
        f"{'█' * filled}{'░' * (_BAR - filled)}  {minutes}:{seconds:02} left\n"
        f"At {until:%H:%M:%S} by this host's clock {what} is taken back, unless you keep it."
    )


def how(logins: Logins, kind: str = "", *, came_back: bool = False) -> str:
    """Return what to do, line by line; ``kind`` as for :func:`countdown`.

    Who ``came_back`` to a run that was begun before may have logged in anew for that.
    """
    if not logins.over_ssh:
        return (
            "You are not logged in over SSH here. If you do log in to this host over SSH at other "
            "times, do so now from your own computer, to see that it still works, and type "
            f"there:\n\n    {clean(logins.keep)}\n\nOr keep it here: Enter."
        )
    commands = "\n".join(f"    {clean(command)}" for command in logins.commands)
    both = "Try both, if you have both at home. " if len(logins.commands) > 1 else ""
    make_sure = (
        "If you logged in anew to come back here, you do get in: keep it with Enter. Else open"
        if came_back
        else "Make sure that you still get in. Open"
    )
    return (
        f"{make_sure} a second terminal on your own computer and log in "
        f"to this host as you always do:\n\n{commands}\n\n{both}Then type there:\n\n"
        f"    {clean(logins.keep)}\n\n"
        f"If you do not get in, do nothing: then {_what(kind)} is taken back."
    )


def warning(logins: Logins, kind: str = "", *, came_back: bool = False) -> tuple[str, str]:
    """Return the question before it is kept without a second login, as far as is known.

    ``kind`` as for :func:`countdown`.
    """
    if not logins.over_ssh:
        back = f"the whole set-up back, with the {kind}," if kind else "it back"
        return "Keep it?", f"Afterwards wizard --undo takes {back} whenever you want."
    if came_back:
        return (
            "Did you log in anew to come back here?",
            "Then a new login works, and you can keep it. If this is the connection from before, "
            "as in tmux, it may keep working although a new one would not, and later nothing takes "
            "the change back for you. Type the line in a second login then.",
        )
    return (
        "Keep it without a second login?",
        "This connection may keep working although a new one would not. If you cannot log in "
        "anew later, nothing takes the change back for you. It is safer to type the line in a "
        "second login.",
    )
