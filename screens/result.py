"""What came of the run, and whether the containers have working IPv6 now."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.content import Content
from textual.widgets import OptionList, Static

from screens.following import standing
from screens.step import StepScreen, paragraph
from screens.widgets.reachability import Paths
from screens.widgets.sentence import Sentence, Tone
from screens.widgets.step_list import StepList
from wizard.platform.errors import ExitCode
from wizard.platform.text import clean
from wizard.record.kept_by_docker import kept_by_docker
from wizard.record.record import State, StepState
from wizard.run import set_ups
from wizard.run.process import Progress
from wizard.verification.judgement import Judgement

_AS_BEFORE = "Everything was taken back: this host is as it was before."


class ResultScreen(StepScreen):
    """The end of the way."""

    NAME = "result"
    HEADING = "Result"
    NEXT = "Finish"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "Finish", key_display="Enter", priority=True),
        Binding("d,D", "details", "Details", key_display="D", tooltip="What was found inside"),
        Binding("r,R", "check_again", "Check", key_display="R", tooltip="Check once more"),
        Binding("t,T", "take_back", "Take back", key_display="T", tooltip="Take all of it back"),
        Binding("g,G", "start_again", "Start again", key_display="G", tooltip="Look and plan anew"),
    ]
    EXPLANATION: ClassVar[Sequence[str]] = (
        "The steps of a run are taken back when one of them fails, when you cancel, when nobody "
        "says “keep” in time, and whenever you ask for it. What this screen says at the top is how "
        "that ended. What could not be taken back is listed with the reason, and stays noted in "
        "the record until it is.",
        "The record is a text file that says what was done, step by step, and how each step is "
        "taken back by hand. wizard --status shows it, and wizard --undo takes back what is on "
        "this host.",
    )
    EXPLANATION_OF_PATHS: ClassVar[Sequence[str]] = (
        "Each line is the way of a container's packets: its own address, this host, the address by "
        "which others see it where that is another or is known, and the server on the internet "
        "that answered, with the time that took. Where packets get no further, the line ends "
        "there, and below it stand the likely cause, what tells of it, and what to do.",
        "Choose a container with the arrow keys. D shows or hides all that was found in it: its "
        "address, its way out (route), whether its router on this host answers, whether the "
        "server answers an echo request (as with ping) and takes a connection (TCP), and the "
        "hops, which are the routers on the way.",
        "wizard --status says what was done and where its record is: a text file with each step, "
        "and how that is taken back by hand. wizard --undo takes everything back, and wizard "
        "--check looks into the containers again at any time.",
    )

    @property
    def goes_back(self) -> bool:
        """Only to what is in force: what was asked before has been answered."""
        record, repairs = self.state.run.record, self.state.run.repairs
        applied = record is not None and record.state is State.APPLIED
        return self.wizard.at_home and (repairs or applied)

    @property
    def explanation(self) -> Sequence[str]:
        """Explain the ways where there are any."""
        record = self.state.run.record
        applied = record is not None and record.state is State.APPLIED
        return self.EXPLANATION_OF_PATHS if applied else self.EXPLANATION

    def compose_body(self) -> ComposeResult:
        """Compose the verdict, the ways and what to do next."""
        yield Sentence(id="verdict")
        yield VerticalGroup(id="left")
        yield VerticalGroup(id="notes")
        yield Sentence(id="checking")
        yield Paths(id="paths")
        yield paragraph("", id="more")
        yield VerticalGroup(id="besides")
        yield VerticalGroup(id="asked")

    def on_mount(self) -> None:
        """Remember what is shown."""
        super().on_mount()
        self._listed: dict[str, tuple[str, ...]] = {}

    def show_state(self) -> None:
        """Show the verdict and the ways."""
        state = self.state
        progress = state.run.progress
        if progress is None:
            return
        self.query_one("#back").display = self.goes_back
        found = state.run.judgement
        self.query_one("#verdict", Sentence).say(*verdict(progress, found, state.run.judged))
        self._list("left", tuple(progress.record.left) if progress.record else ())
        applied = progress.record is not None and progress.record.state is State.APPLIED
        judged = found if applied else None
        self._list("notes", (*judged.differing, *judged.foreseen) if judged else ())
        self._list("besides", judged.notes if judged else ())
        opened = self.query_one("#paths", Paths).opened
        self._list("asked", judged.asked if judged and opened else ())
        self._show_paths(applied)
        more = _more(progress, str(state.run.session.store.path), len(standing(state.session)) > 1)
        self.query_one("#more", Static).update(Content(more))
        self.refresh_bindings()

    def _list(self, name: str, sentences: tuple[str, ...]) -> None:
        group = self.query_one(f"#{name}", VerticalGroup)
        group.display = bool(sentences)
        if sentences != self._listed.get(name, ()):
            self._listed[name] = sentences
            group.remove_children()
            group.mount_all([Sentence(clean(each), "note") for each in sentences])

    def _show_paths(self, applied: bool) -> None:
        checking = self.query_one("#checking", Sentence)
        paths = self.query_one("#paths", Paths)
        found = self.state.run.judgement
        paths.display = applied and found is not None and bool(found.reports)
        looking = applied and found is None and not self.state.run.check_complaint
        checking.say("This takes a few seconds." if looking else "")
        if paths.display and found is not None:
            paths.show(found.reports)
            if self.focused is self.query_one("#next"):
                paths.query_one(StepList).focus(scroll_visible=False)

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        """A container is looked at, not chosen."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done after this end."""
        progress = self.state.run.progress
        record = progress.record if progress else None
        state = record.state if record else None
        if action in ("check_again", "details"):
            return state is State.APPLIED
        if action == "start_again":
            free = record is None or not record.in_the_way
            return free and not self.state.run.repairs and self.wizard.can_start_again
        if action == "take_back":
            return state is not None and state.in_force
        return super().check_action(action, parameters)

    def action_next(self) -> None:
        """Leave, with the exit code of the run and of what was found in the containers."""
        self.app.exit(self.state.run.exit_code)

    def action_details(self) -> None:
        """Show all that was found in the chosen container, or hide it again."""
        self.query_one("#paths", Paths).open()
        self.show_state()

    def action_check_again(self) -> None:
        """Look into the containers again."""
        self.state.run.check_containers()
        self.show_state()

    def action_take_back(self) -> None:
        """Show what would be taken back."""
        self.wizard.open("undo")

    def action_start_again(self) -> None:
        """Go back to the host and look at it anew; the answers stay."""
        self.wizard.start_again()


def tone(found: Judgement | None) -> Tone:
    """Return how a judgement is shown; without one, as what is not known."""
    if found is None:
        return "note"
    return "ok" if found.code is ExitCode.DONE else "problem"


def verdict(progress: Progress, found: Judgement | None, judged: str) -> tuple[str, Tone]:
    """Return what came of the run, in sentences; what was found in the containers decides.

    ``judged`` is what was found there in a sentence, also where there is no judgement.
    """
    record = progress.record
    if progress.complaint or record is None:
        return progress.complaint or "The run ended without a record.", "problem"
    error = clean(record.error)
    match record.state:
        case State.APPLIED:
            words = f"Every step was applied. {judged}"
            if found is None:
                return words, tone(found)
            if found.code is ExitCode.DONE:
                return f"Done. {words}", tone(found)
            return (
                f"{words} Below stands what was found. R looks again, and T takes everything back.",
                tone(found),
            )
        case State.ROLLED_BACK:
            return (
                f"{_AS_BEFORE} {' '.join(filter(None, (kept_by_docker(record), error)))}",
                "problem",
            )
        case State.ROLLBACK_INCOMPLETE:
            return (
                f"It was not applied, and not everything could be taken back. {error} What is left "
                "is listed here; wizard --undo tries again.",
                "problem",
            )
        case State.UNDONE:
            return " ".join(filter(None, (_AS_BEFORE, kept_by_docker(record)))), "ok"
        case State.UNDO_INCOMPLETE:
            return (
                "Taken back, except for what is listed here with the reason. wizard --undo tries "
                "that again, and nothing else.",
                "problem",
            )
        case state:
            return f"The run {state.meaning}.", "note"


def _more(progress: Progress, path: str, several: bool) -> str:
    record = progress.record
    if record is None:
        return ""
    if record.state is State.APPLIED:
        # Who names none of several means all of them.
        name = f" {set_ups.argument_of(record)}" if several else ""
        return (
            f"What was done, step by step  wizard --status{name}\n"
            f"To check again later         wizard --check{name}\n"
            f"To take everything back      wizard --undo{name}"
        )
    lines = [f"What was done, step by step  {clean(path)}"]
    if record.state.moving:
        words = {each: each.words for each in StepState}
        words |= {StepState.PLANNED: "not begun", StepState.APPLYING: "begun"}
        widest = max(map(len, words.values()))
        lines[:0] = [
            *(
                f"{words[step.state]:<{widest}}  {step.number}. {step.title}"
                for step in record.steps
            ),
            "",
        ]
    return "\n".join(lines)
