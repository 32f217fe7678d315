"""The first screen where a run is in force: what stands, whether it works now, and what to do."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup

from screens import wrapping
from screens.following import standing
from screens.result import tone
from screens.step import StepScreen
from screens.widgets.prose import Prose
from screens.widgets.reachability import picture
from screens.widgets.sentence import Sentence
from wizard.platform.errors import Refused
from wizard.platform.text import clean
from wizard.probes.report import ContainerReport
from wizard.record.record import Record, State
from wizard.run.set_up import set_up_of
from wizard.tasks import ONLY_ROOT

_CHECKING = "Checking that IPv6 works in the containers as it was set up …"
_LABEL = 16


class HomeScreen(StepScreen):
    """Everything that one comes back for is a key here."""

    NAME = "home"
    ASKS = False
    HEADING = "In force"
    NEXT = "Check again"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", show=False, priority=True),
        Binding("r,R", "next", show=False),
        Binding("d,D", "details", "More", key_display="D", tooltip="What was found, in full"),
        Binding("e,E", "change", "Change", key_display="E", tooltip="Give it other answers"),
        Binding("p,P", "repair", "Repair", key_display="P", tooltip="Show what is missing"),
        Binding("t,T", "take_back", "Take back", key_display="T", tooltip="Take all of it back"),
        Binding("n,N", "another", "New", key_display="N", tooltip="Set up another project"),
        Binding("right", "another_one(1)", "Next", key_display="← →", tooltip="Another set-up"),
        Binding("left", "another_one(-1)", show=False),
    ]
    EXPLANATION: ClassVar[Sequence[str]] = (
        "The wizard has given containers of this host IPv6, and that is in force. This screen says "
        "what was set up, and whether it works now: packets are sent from inside each container, "
        "and every step is looked at. Nothing is changed by that. R does it again.",
        "D shows the way of the packets, and all that was found inside each container.",
        "E asks every question of this set-up again, with its answers filled in. The preview then "
        "shows what would change, and the set-up is as it was unless you say “keep” in time.",
        "P puts right what is not in effect any more: it looks at every step and shows that. Where "
        "something is missing, Enter there puts it back, and everything is as it was before the "
        "repair unless you say “keep” in time. Nothing is changed before you have seen it and said "
        "yes.",
        "T shows what would be taken back, and asks before it does that. N sets up another project "
        "beside this one. Where several are set up, Right shows the next, and Left the one before.",
        "Without the screens the same is done by wizard --check, wizard --change, wizard "
        "--repair and wizard --undo; wizard --status shows the record. wizard --watch on has all "
        "of it looked at daily.",
    )

    def compose_body(self) -> ComposeResult:
        """Compose the verdict, what stands, and what is wrong with it."""
        yield Sentence(id="verdict")
        yield Prose(id="stands")
        yield VerticalGroup(id="faults")
        yield Prose(id="containers")

    def on_mount(self) -> None:
        """Remember that nothing is shown yet."""
        super().on_mount()
        self._faults: tuple[str, ...] = ()
        self._projects: tuple[str, ...] = ()

    def arrive(self) -> None:
        """Look at the run, unless that was done; what came of a repair is looked at anew."""
        run = self.state.run
        if self.app.screen is self:
            self.state.set_up()
            if run.progress is None or run.repairs:
                self._look()
        super().arrive()

    def _look(self) -> None:
        self._projects = tuple(each.project for each in standing(self.state.session))
        self.state.run.find()
        self.state.run.check_containers()

    def show_state(self) -> None:
        """Show what stands, and what is known of it; elsewhere where nothing stands any more."""
        run = self.state.run
        if run.progress is None or run.repairs or self.app.screen is not self:
            return
        record = run.record
        if record is None or record.state is not State.APPLIED:
            self.wizard.see_earlier()
            return
        found = run.judgement
        words = _CHECKING if self._checking else run.judged
        self.query_one("#verdict", Sentence).say(words, "plain" if self._checking else tone(found))
        self.query_one("#stands", Prose).show(partial(_stands, record))
        why = dict.fromkeys(each.path.why for each in found.silent if each.path) if found else ()
        self._show_faults((*found.differing, *why, *found.foreseen) if found else ())
        reports = found.reports if found else ()
        self.query_one("#containers", Prose).show(partial(_ways, reports))

    @property
    def _checking(self) -> bool:
        run = self.state.run
        return run.judgement is None and not run.check_complaint

    def _show_faults(self, faults: tuple[str, ...]) -> None:
        group = self.query_one("#faults", VerticalGroup)
        group.display = bool(faults)
        if faults != self._faults:
            self._faults = faults
            group.remove_children()
            group.mount_all([Sentence(clean(each), "note") for each in faults])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the next set-up where there is one."""
        if action == "another_one":
            return len(self._projects) > 1
        return super().check_action(action, parameters)

    def action_another_one(self, step: int) -> None:
        """Show the set-up that is so many after this one."""
        projects, record = self._projects, self.state.run.record
        if not projects or record is None:
            return
        at = projects.index(record.project) + step if record.project in projects else 0
        self.state.session.records.project = projects[at % len(projects)]
        self._look()
        self.show_state()

    def action_change(self) -> None:
        """Ask the questions of this set-up again."""
        record = self.state.run.record
        if record is None:
            return
        if not self.state.session.root:
            self.say(ONLY_ROOT, "problem")
            return
        try:
            self.state.change(record)
        except Refused as refused:
            self.say(str(refused), "problem")
        else:
            self.wizard.open("mode")

    def action_another(self) -> None:
        """Look at the host, to set up another project."""
        self.wizard.start_again()

    def action_next(self) -> None:
        """Check once more, unless that is being done."""
        if self.app.screen is self and not self._checking:
            self._look()
            self.show_state()

    def action_details(self) -> None:
        """Show all that was found inside the containers."""
        self.wizard.open("result")

    def action_repair(self) -> None:
        """Show what is missing."""
        self.wizard.open("repair")

    def action_take_back(self) -> None:
        """Show what would be taken back."""
        self.wizard.open("undo")


def _ways(reports: Sequence[ContainerReport], width: int) -> list[str]:
    return [
        line for each in reports for line in wrapping.prose(picture(each), width - 1, "", "    ")
    ]


def _stands(record: Record, width: int) -> list[str]:
    try:
        lines = set_up_of(record).lines
    except Refused as refused:
        lines = (("Not known", str(refused)),)
    return [
        line
        for label, words in lines
        for line in wrapping.prose(words, width - 1, f"{label:<{_LABEL}}", " " * _LABEL)
    ]
