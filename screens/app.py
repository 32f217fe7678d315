"""The app: holds the host, the answers and the plan, and moves between the screens."""

import asyncio
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from ipaddress import IPv6Network
from typing import ClassVar, Literal

from textual.app import App
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

from screens.messages import (
    ContainersChecked,
    HostFound,
    KeysWorkedOff,
    PartFound,
    QuestionSettled,
    UpstreamProbed,
)
from screens.modals import SMALLEST, HelpModal, QuestionModal, TooSmallModal
from screens.saver import SAVED_WITHIN, Saver
from screens.step import StepScreen
from screens.theme import TERMINAL
from screens.way import way
from wizard import describe
from wizard.answers import projects, proposals
from wizard.answers.choices import Choices, Mode, Proxy
from wizard.answers.subprefixes import propose
from wizard.host.host import ComposeProject, Earlier, Host
from wizard.modes.sources import Sources
from wizard.ndp.upstream import UpstreamFinding
from wizard.plan.planning import Plan
from wizard.platform import streams
from wizard.platform.errors import ExitCode, Refused, WizardError
from wizard.platform.text import clean_line
from wizard.record.record import Record, State, is_in_the_way
from wizard.run.undoing import Chosen, UndoPreview
from wizard.session import Progress, Session
from wizard.verification.judgement import LOOKING, Judgement, exit_code, unknown

Start = Literal["welcome", "resume", "undo"]

FOLLOWED_EVERY = 0.2
"""Seconds between two looks at how far a run is."""

REDRAWN_EVERY = 2.0
"""Seconds between two times that the whole screen is sent anew while a run is followed."""


NAMES = (
    *("welcome", "host", "mode", "addresses", "upstream", "network", "compose", "inwards"),
    *("preview", "apply", "keep", "result", "undo"),
)
"""Every screen: a module of this package with a class of that name."""


def _screen(name: str) -> Screen[None]:
    """Make a screen; it is imported when first shown, so that the first one is there at once."""
    screen: Screen[None] = getattr(import_module(f"screens.{name}"), f"{name.capitalize()}Screen")()
    return screen


class WizardApp(App[int]):
    """The wizard on a terminal. What it returns is the exit code of the program."""

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    TITLE = "IPv6 for containers"
    SCREENS: ClassVar[Mapping[str, Callable[[], Screen[None]]]] = {  # type: ignore[assignment]
        name: partial(_screen, name) for name in NAMES
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "explain", "Help", key_display="F1", tooltip="Explain this screen"),
        Binding("ctrl+q", "quit", "Quit", key_display="Ctrl+Q", priority=True),
        Binding("ctrl+c", "quit", show=False, priority=True),
        Binding("ctrl+l", "redraw", show=False, priority=True),
    ]

    def __init__(self, session: Session, start: Start = "welcome") -> None:
        super().__init__(ansi_color=True)
        self.session = session
        self.host: Host | None = None
        """The host, once it has been looked at."""
        self.parts: dict[str, object] = {}
        """The parts of the host found so far, by the names of its fields."""
        self.choices = Choices()
        self._given: Choices | None = None
        """The answers as somebody gave them last, whether they fit the host or not."""
        self.saver = Saver(session.save_answers)
        self.resumed = False
        """Whether answers were filled in that somebody gave before."""
        self.upstream: UpstreamFinding | None = None
        """What the provider's router was seen to do, once it has been watched."""
        self.upstream_complaint = ""
        self.proxy_picked = False
        """Whether the person said who answers for neighbours, rather than the wizard."""
        self.sources: Sources | None = None
        self.plan: Plan | None = None
        self.undo_preview: UndoPreview | None = None
        self.undoing = start == "undo"
        """Whether the run that is followed takes back."""
        self.progress: Progress | None = None
        self.started = False
        """Whether this session started the run that is followed."""
        self.seconds_left: float | None = None
        """Until the run that waits for an answer is taken back; None where none waits."""
        self.judgement: Judgement | None = None
        """Whether IPv6 works as it was set up, once that has been looked at."""
        self.check_complaint = ""
        self.nothing_to_resume = False
        """Whether the person asked to go on where there is nothing to go on with."""
        self._start_at = start
        self._aim = ""
        self.left_at = ""
        """The question at which the person left at an earlier time, until it is passed."""
        self._timer: Timer | None = None
        self._redrawing: Timer | None = None
        self._look = 0
        self._probe = 0
        self._probed: IPv6Network | None = None
        self._prefixes: dict[Mode, IPv6Network | None] = {}
        self._by_length: dict[int, IPv6Network] = {}
        self._by_project: dict[str, Choices] = {}
        self._read_project: ComposeProject | None = None

    def on_mount(self) -> None:
        """Look at the host while the person reads the first screen."""
        self.register_theme(TERMINAL)
        self.theme = TERMINAL.name
        loop = asyncio.get_running_loop()
        # Textual leaves both at their defaults, which would end the program without giving the
        # terminal back; and a program that ignores a hang-up spins on the dead terminal.
        for number in (signal.SIGHUP, signal.SIGTERM):
            loop.add_signal_handler(number, self._leave_by, number)
        if self._start_at == "undo":
            self.push_screen("undo")
        else:
            self.push_screen("welcome")
            if self._has_open_run() or self._resumes_run():
                self.see_earlier()
            else:
                self._resume_answers()
                self.look()
        self.call_later(self.fit, self.size)

    def _has_open_run(self) -> bool:
        """Whether a run is at work, was cut off, or waits for an answer: all else has to wait."""
        record = self.record()
        waits = record is not None and (record.state.moving or record.state is State.UNCONFIRMED)
        return waits or self.session.is_running()

    def _resumes_run(self) -> bool:
        """Whether the last thing that the person did was to start a run."""
        asked = self._start_at == "resume" and self.record() is not None
        return asked and self.session.load_place() not in self._questions()

    def _resume_answers(self) -> None:
        if self._start_at != "resume":
            return
        place = self.session.load_place()
        if place in self._questions():
            self._aim = place
        self.nothing_to_resume = not self._aim and self.session.load_answers() is None

    def _questions(self) -> tuple[str, ...]:
        """Return the screens on which nothing has been started yet, but for the first."""
        return NAMES[1 : NAMES.index("apply")]

    def go_to_aim(self) -> None:
        """Go on by one screen towards the one where the person left, as far as the answers fit."""
        screen = self.screen if self._aim else None
        if not isinstance(screen, StepScreen) or not screen.ready:
            return
        if self._aim == screen.NAME:
            self._aim, self.left_at = "", screen.NAME
            screen.say(*screen.greeting)
        elif screen.refusal() is None:
            screen.action_next()
        elif self.host is not None and not (screen.NAME == "upstream" and self.probing):
            self._aim = ""

    def _fatal_error(self) -> None:
        # Textual would print a traceback with the values of local variables. Whoever called
        # run_app gets the exception instead, and says it in a sentence.
        self._close_messages_no_wait()

    def _leave_by(self, number: signal.Signals) -> None:
        self.exit(128 + number, return_code=128 + number)

    # The host

    def look(self) -> None:
        """Look at the host, in a thread that nothing waits for."""
        self._look += 1
        self.host, self.parts = None, {}
        number = self._look

        def run() -> None:
            def found(field: str, value: object) -> None:
                self.tell(PartFound(number, field, value))

            self.tell(HostFound(number, self.session.detect(found)))

        threading.Thread(target=run, name="look at the host", daemon=True).start()
        self.repaint()

    def tell(self, message: Message) -> None:
        """Post a message from another thread; one that comes after the end is dropped."""
        with suppress(RuntimeError):
            self.post_message(message)

    def on_part_found(self, message: PartFound) -> None:
        """Keep a part of the host."""
        if message.look == self._look:
            self.parts[message.field] = message.value
            self.repaint()

    def on_host_found(self, message: HostFound) -> None:
        """Keep the host, and fill in what is proposed for it or was answered before."""
        if message.look != self._look:
            return
        self.host = message.host
        if self._given is None and self.choices == Choices():
            self._given = self.session.load_answers()
            if self._given is not None:
                self.resumed = proposals.answers_any(self._given)
                self.proxy_picked = self._given.proxy is not Choices().proxy
        # What was given, and not what stood in for it while Docker, say, did not answer.
        if self._given is not None:
            self.choices = proposals.resume(self._given, message.host)
        elif self.run_in_force:
            # What would be proposed now has other names than once the run is taken back.
            self.choices = Choices()
        elif self.choices == Choices():
            self.choices = proposals.defaults(message.host)
        else:
            self.choices = proposals.resume(self.choices, message.host)
        self.sources, self._read_project, self.plan = None, None, None
        self._prefixes, self._by_length, self._by_project, self._probed = {}, {}, {}, None
        self.repaint()

    @property
    def filled_in(self) -> str:
        """A sentence about the answers that were filled in, or nothing where none were."""
        if not self.resumed:
            return ""
        file = self.session.answers_file
        whose = f"The answers in {clean_line(str(file))}" if file else "Answers of an earlier time"
        return f"{whose} are filled in. You can change each of them."

    @property
    def run_in_force(self) -> bool:
        """Whether a run was on the host, when it was looked at, that has to be taken back first."""
        earlier = self.host.earlier if self.host else None
        return isinstance(earlier, Earlier) and is_in_the_way(earlier.state)

    # The answers

    def answer(self, **changes: object) -> None:
        """Take answers over, in place of those before, and keep them for another time."""
        self.choices = replace(self.choices, **changes)  # type: ignore[arg-type]
        self.save()
        self.repaint()

    def choose_mode(self, mode: Mode) -> None:
        """Take another mode; each keeps the prefix that was chosen for it."""
        if self.host is None or mode is self.choices.mode:
            return
        self._prefixes[self.choices.mode] = self.choices.prefix
        self.choices = proposals.choose_mode(self.choices, mode, self.host)
        self.answer(prefix=self._prefixes.get(mode) or self.choices.prefix)

    def choose_length(self, length: int) -> None:
        """Take a part of the uplink's prefix of this length: the one from before, or a free one."""
        prefix = self.choices.prefix
        if self.host is None:
            return
        if prefix is not None:
            self._by_length[prefix.prefixlen] = prefix
        self.answer(prefix=self._by_length.get(length) or propose(self.host, length) or prefix)

    def pick_proxy(self, proxy: Proxy) -> None:
        """Take over who answers for neighbours; nothing that is found changes it any more."""
        self.proxy_picked = True
        self.answer(proxy=proxy)

    @property
    def proposed_proxy(self) -> Proxy | None:
        """Who should answer for neighbours, by what was seen; None while that is not known."""
        if self.host is None or self.upstream is None:
            return None
        return proposals.proxy_for(self.upstream.case, self.choices, self.host)

    @property
    def probing(self) -> bool:
        """Whether the provider's router is being watched."""
        return self.upstream is None and not self.upstream_complaint

    def probe_upstream(self, *, again: bool = False) -> None:
        """Watch the provider's router, in a thread that nothing waits for; once for a prefix."""
        prefix, host = self.choices.prefix, self.host
        if prefix is None or host is None or (prefix == self._probed and not again):
            return
        self._probe += 1
        self._probed, self.upstream, self.upstream_complaint = prefix, None, ""
        probe = self._probe

        def run() -> None:
            try:
                finding = self.session.probe_upstream(prefix, host)
            except WizardError as error:
                self.tell(UpstreamProbed(probe, None, str(error)))
            else:
                self.tell(UpstreamProbed(probe, finding))

        threading.Thread(target=run, name="watch the router", daemon=True).start()
        self.repaint()

    def on_upstream_probed(self, message: UpstreamProbed) -> None:
        """Keep what was seen, and propose what fits it where the person has not said otherwise."""
        if message.probe != self._probe:
            return
        self.upstream, self.upstream_complaint = message.finding, message.complaint
        proposed = self.proposed_proxy
        if proposed is not None and not self.proxy_picked:
            self.choices = replace(self.choices, proxy=proposed)
        self.repaint()

    def choose_project(self, project: ComposeProject) -> None:
        """Take another project, with what was chosen for it before, or else what is proposed."""
        if self.host is None or project.name == self.choices.project:
            return
        if self.choices.project is not None:
            self._by_project[self.choices.project] = self.choices
        before = self._by_project.get(project.name)
        self.choices = proposals.choose_project(self.choices, project, self.host)
        if before is not None:
            self.choices = replace(
                self.choices,
                network=before.network,
                services=before.services,
                file=before.file,
                placement=before.placement,
            )
        self.answer()

    def read_project(self, project: ComposeProject) -> Sources:
        """Read the files of a project, once.

        Raises:
            Refused: one cannot be read or is not a Compose file.
        """
        if self.sources is None or self._read_project != project:
            self.sources, self._read_project = None, None
            self.sources = self.session.read_project(project)
            self._read_project = project
            if not self.choices.services:
                self.choices = proposals.tick(self.choices, self.sources.services, self.host)
            self.choices = proposals.untick_unknown(self.choices, self.sources.services)
        return self.sources

    def forget_sources(self) -> None:
        """Have the files read again when they are next needed."""
        self.sources, self._read_project = None, None

    def make_plan(self) -> str | None:
        """Make the plan from the answers, or return a sentence that says why there is none."""
        if self.host is None or self.sources is None:
            return "The host and the Compose file have to be read first. Go back to them."
        obstacles = describe.problems(self.host)
        if obstacles:
            self.plan = None
            return " ".join(obstacles)
        try:
            self.plan = self.session.plan(self.host, self.choices, self.sources)
        except Refused as refused:
            self.plan = None
            return str(refused)
        return None

    def plan_again(self) -> str | None:
        """Read the files again and make the plan anew, or return why there is none."""
        self.forget_sources()
        if self.host is not None:
            try:
                self.read_project(projects.project_of(self.host, self.choices))
            except Refused as refused:
                self.plan = None
                return str(refused)
        return self.make_plan()

    def save(self) -> None:
        """Keep the answers for another time, but not over those of a run that is in force."""
        if self.host is not None and not self.run_in_force:
            self._given = self.choices
            self.saver.save(self.choices)

    # Runs

    def start_apply(self) -> str | None:
        """Start applying the plan, or return a sentence that says why it was not started."""
        if self.plan is None:
            return "There is no plan yet. Go back to the preview."
        self.saver.wait(SAVED_WITHIN)
        try:
            self.session.start_apply(self.plan, ask=True, seconds=self.choices.window)
        except Refused as refused:
            return str(refused)
        self.undoing, self.started = False, True
        self.follow()
        return None

    def start_undo(self) -> str | None:
        """Start taking back, or return a sentence that says why it was not started."""
        try:
            self.session.start_undo(self.undo_preview.chosen if self.undo_preview else None)
        except WizardError as error:
            return str(error)
        self.undo_preview = None
        self.undoing, self.started = True, True
        self.follow()
        return None

    def follow(self) -> None:
        """Look at how far the run is, again and again until it has ended."""
        self.progress, self.judgement, self.check_complaint = None, None, ""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_interval(FOLLOWED_EVERY, self._follow_once)
        if self._redrawing is None:
            # wall(1), with which the guard tells everybody who is logged in, writes over it.
            self._redrawing = self.set_interval(REDRAWN_EVERY, self.action_redraw)
        self._follow_once()

    def action_redraw(self) -> None:
        """Send the whole screen anew, over whatever another program has written there."""
        # A timer may end once more while the program does.
        if self.is_running and self.screen_stack:
            self.screen.refresh()

    def _follow_once(self) -> None:
        try:
            progress = self.session.progress()
        except Refused as refused:
            progress = Progress(None, ExitCode.UNEXPECTED, str(refused))
        waits = progress.record is not None and progress.record.state is State.UNCONFIRMED
        if progress != self.progress or waits:
            self.progress = progress
            self.seconds_left = self.session.seconds_left() if waits else None
            self.repaint()
        if progress.ended is not None and not waits and self._timer is not None:
            self._timer.stop()

    @property
    def running(self) -> bool:
        """Whether a run is followed that has not ended."""
        return self.progress is not None and self.progress.ended is None

    def record(self) -> Record | None:
        """Return the record of what is on this host, where it can be read."""
        try:
            return self.session.record()
        except Refused:
            return None

    @property
    def can_cancel(self) -> bool:
        """Whether the run that is followed can be cancelled from here."""
        record = self.progress.record if self.progress else None
        return (
            self.running
            and self.started
            and not self.undoing
            and (record is None or record.state is State.APPLYING)
        )

    @property
    def can_start_again(self) -> bool:
        """Whether there is a first screen to go back to."""
        return any(getattr(screen, "NAME", "") == "welcome" for screen in self.screen_stack)

    def look_back(self, chosen: Chosen | None = None) -> str | None:
        """Find out what undo would take back, or return a sentence that says why nothing.

        ``chosen`` is what becomes of what somebody changed; without it, as it was chosen before.
        """
        if chosen is None and self.undo_preview is not None:
            chosen = self.undo_preview.chosen
        try:
            self.undo_preview = self.session.undo_preview(chosen)
        except Refused as refused:
            self.undo_preview = None
            return str(refused)
        return None

    def show_result(self) -> None:
        """Open the question or the result of the run that has ended, and look into containers."""
        progress = self.progress
        if progress is None:
            return
        if progress.record is not None and progress.record.state is State.UNCONFIRMED:
            self.switch_screen("keep")
            self.check_containers()
            return
        self.switch_screen("result")
        if progress.record is not None and progress.record.state is State.APPLIED:
            self.check_containers()

    def settle(self, action: Callable[[], object]) -> None:
        """Keep the run, or give it more time, in a thread that nothing waits for."""

        def run() -> None:
            try:
                action()
            except WizardError as error:
                self.tell(QuestionSettled(str(error)))
            else:
                self.tell(QuestionSettled())

        threading.Thread(target=run, name="settle the question", daemon=True).start()

    def on_question_settled(self, message: QuestionSettled) -> None:
        """Say why it could not be done; what was done is seen by following the run."""
        if isinstance(self.screen, StepScreen):
            self.screen.say(message.complaint, "problem")

    def take_back_now(self) -> str | None:
        """Take back the run that waits for an answer, or return why that was not started."""
        try:
            self.session.revert_now()
        except WizardError as error:
            return str(error)
        self.undoing = True
        self.follow()
        self.switch_screen("apply")
        return None

    def leave_question(self) -> None:
        """Go where the run has gone that waited for an answer."""
        if self.running:
            self.switch_screen("apply")
        else:
            self.show_result()

    def see_earlier(self) -> None:
        """Show the earlier run: at work, or what came of it."""
        self.undoing, self.started = False, False
        self.open("apply")
        self.follow()

    def start_again(self) -> None:
        """Go back to the host and look at it anew; the answers stay."""
        self.progress, self.judgement, self.undoing = None, None, False
        self.go_back_to("host")
        self.open("host")
        self.look()

    def check_containers(self) -> None:
        """Look into the containers of the project, in a thread that nothing waits for."""
        self.judgement, self.check_complaint = None, ""

        def run() -> None:
            try:
                found = self.session.judge()
            except Refused as refused:
                self.tell(ContainersChecked(None, str(refused)))
            else:
                self.tell(ContainersChecked(found))

        threading.Thread(target=run, name="check the containers", daemon=True).start()

    def on_containers_checked(self, message: ContainersChecked) -> None:
        """Keep what was found in the containers."""
        self.judgement, self.check_complaint = message.judgement, message.complaint
        self.repaint()

    @property
    def judged(self) -> str:
        """What the look into the containers has come to, in a sentence."""
        if self.judgement is not None:
            return self.judgement.words
        return unknown(self.check_complaint) if self.check_complaint else LOOKING

    @property
    def exit_code(self) -> ExitCode:
        """What the program ends with, if the person leaves now."""
        ended = self.progress.ended if self.progress else None
        return exit_code(ExitCode.DONE if ended is None else ended, self.judgement)

    # Moving about

    def after_keys(self, then: Callable[[], None]) -> None:
        """Do something once the keys that were typed before are worked off.

        Textual looks at Enter as soon as it comes, and at other keys only after they have gone from
        the widget with the focus up to here; what they change is told on the same way once more.
        Typed fast, or in one packet, Enter would go on with what was chosen before.
        """
        self._send_lap(KeysWorkedOff(then, 2))

    def _send_lap(self, message: KeysWorkedOff) -> None:
        if not (self.focused or self.screen).post_message(message):
            message.then()

    def on_keys_worked_off(self, message: KeysWorkedOff) -> None:
        """Send it round once more, or do what had to wait."""
        if message.laps > 1:
            self._send_lap(KeysWorkedOff(message.then, message.laps - 1))
        else:
            message.then()

    def step_words(self, screen: StepScreen) -> str:
        """Return which step of how many a screen is."""
        names = way(self.choices, self.host)
        if self.takes_back or self.undoing or screen.NAME not in names:
            return screen.heading
        return f"{names.index(screen.NAME) + 1} of {len(names)} · {screen.heading}"

    @property
    def takes_back(self) -> bool:
        """Whether the run that is followed takes back, whoever started it."""
        record = self.progress.record if self.progress else None
        moving = record is not None and record.state.moving
        goes_back = moving and record is not None and record.state is not State.APPLYING
        return goes_back or (self.undoing and self.running)

    def go_after(self, name: str) -> None:
        """Open the screen that comes after the named one."""
        names = way(self.choices, self.host)
        following = names[names.index(name) + 1]
        self.left_at = ""
        if not self._aim:
            self.session.save_place(following)
        self.open(following)

    def open(self, name: str) -> None:
        """Open a screen, unless it is open."""
        if not any(getattr(screen, "NAME", "") == name for screen in self.screen_stack):
            self.push_screen(name)

    def go_back_to(self, name: str) -> None:
        """Go back to a screen that was passed, or to the first one."""
        while len(self.screen_stack) > 2 and getattr(self.screen, "NAME", "") != name:
            self.pop_screen()

    def repaint(self) -> None:
        """Let the step that is shown paint what has changed; the others do when they are again."""
        if not self.is_running:
            return
        for screen in reversed(self.screen_stack):
            if isinstance(screen, StepScreen):
                if screen.ready:
                    screen.repaint()
                return

    def on_resize(self, event: Resize) -> None:
        """Look whether the screens still fit."""
        self.fit(event.size)

    def fit(self, size: Size) -> None:
        """Say so where the terminal is too small, and go on as soon as it is not."""
        too_small = size.width < SMALLEST[0] or size.height < SMALLEST[1]
        begun = any(isinstance(screen, StepScreen) for screen in self.screen_stack)
        covered = any(isinstance(screen, TooSmallModal) for screen in self.screen_stack)
        if too_small and begun and not covered:
            self.push_screen(TooSmallModal())
        elif not too_small and isinstance(self.screen, TooSmallModal):
            self.pop_screen()

    def action_explain(self) -> None:
        """Show the help of the screen."""
        if isinstance(self.screen, StepScreen):
            self.push_screen(HelpModal(self.screen.HEADING, self.screen.EXPLANATION))

    async def action_quit(self) -> None:
        """Ask before leaving."""
        if isinstance(self.screen, QuestionModal) and self.screen.name == "quit":
            return
        self.push_screen(
            QuestionModal(*self._quit_words(), yes="Leave", no="Stay", name="quit"), self._quit
        )

    def _quit(self, leave: bool | None) -> None:
        if leave:
            self.exit(self.exit_code)
        else:
            self.call_later(self.fit, self.size)

    def _quit_words(self) -> tuple[str, str]:
        if self.running:
            return (
                "Leave while the steps are being done?",
                "They go on without this terminal, up to the end. To see how far they are, start "
                "the wizard again, or type wizard --status. To take everything back once they "
                "have ended: wizard --undo.",
            )
        if self.seconds_left is not None:
            return (
                "Leave without an answer?",
                "Then everything is taken back when the time is over, unless somebody types the "
                "line in another login before. To come back to the question, start the wizard "
                "again.",
            )
        if self.progress is not None:
            return (
                "Leave the wizard?",
                "What was done is kept in the record. wizard --status shows it, and wizard "
                "--undo takes back what is on this host.",
            )
        return (
            "Leave the wizard?",
            f"Nothing was changed on this host. {self._answers_words()}",
        )

    def _answers_words(self) -> str:
        if self.saver.failed:
            return (
                f"Your answers could not be kept in {self.session.store.directory}: the wizard "
                "asks for them again next time."
            )
        if not (self.saver.busy or self.session.has_answers):
            return "You have not answered anything yet."
        return "Your answers are kept, and the wizard begins with them next time."


def run_app(session: Session, start: Start = "welcome") -> int:
    """Show the screens on this terminal until the person leaves, and return the exit code.

    Raises:
        Exception: a fault in the screens, once the terminal is as it was.
    """
    app = WizardApp(session, start)
    # Without the mouse the terminal's own way of marking and copying text goes on working.
    code = app.run(mouse=False)
    app.saver.wait(SAVED_WITHIN)
    streams.let_go()
    if app._exception is not None:
        raise app._exception
    if code is None:
        code = app.return_code
    return int(code) if code is not None else int(ExitCode.UNEXPECTED)
