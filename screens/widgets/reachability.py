"""The way of each container's packets as a picture, and what was found in the chosen one."""

from collections.abc import Sequence
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalGroup
from textual.content import Content
from textual.widgets import OptionList, Static

from screens import wrapping
from screens.widgets.prose import Prose
from screens.widgets.step_list import StepList
from wizard.probes.findings import Finding
from wizard.probes.report import ContainerReport, passed

LABELS = (
    ("address", "Address"),
    ("default_route", "Route"),
    ("gateway_echo", "Router"),
    ("target_echo", "Target"),
    ("tcp", "TCP"),
    ("source_kernel", "Source"),
    ("source_seen", "Seen by others"),
    ("hops", "Hops"),
    ("preferred_family", "Dual-stack name"),
)


class Paths(VerticalGroup):
    """Arrow keys choose a container; what was found in it opens below."""

    DEFAULT_CSS = """
    Paths {
        .columns { text-style: bold; }
        StepList { max-height: 12; height: auto; }
        .found { margin: 1 0 0 0; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._reports: tuple[ContainerReport, ...] = ()
        self.opened = False
        """Whether all that was found in the chosen container is shown."""

    def compose(self) -> ComposeResult:
        """Compose the head, the rows and the details."""
        yield Static("The way of their packets", markup=False, classes="columns")
        yield StepList()
        yield Prose(classes="found")

    def show(self, reports: Sequence[ContainerReport]) -> None:
        """Show these reports, with the cursor on the first that does not work."""
        if tuple(reports) != self._reports:
            self._reports = tuple(reports)
            rows = self.query_one(StepList)
            rows.show([("", picture(one)) for one in self._reports])
            silent = [at for at, one in enumerate(self._reports) if not passed(one)]
            if silent:
                rows.highlighted = silent[0]
        self._show_chosen()

    def open(self) -> None:
        """Show all that was found in the chosen container, or hide it again."""
        self.opened = not self.opened
        self._show_chosen()

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self._show_chosen()

    def _show_chosen(self) -> None:
        at = self.query_one(StepList).highlighted
        found = self.query_one(Prose)
        if at is None or at >= len(self._reports):
            found.show(lambda _width: ())
        else:
            found.show(partial(_inside, self._reports[at], self.opened))


def _inside(one: ContainerReport, opened: bool, width: int) -> list[Content]:
    """Return what was found in a container, or where nothing is wrong and asked for, nothing."""
    room = width - 1
    why = one.path.why if one.path else ""
    lines = [Content.styled(f"Inside {one.name}", "bold")] if why or opened else []
    lines += map(Content, wrapping.prose(why, room, "! ", "  ") if why else ())
    for field, label in LABELS if opened else ():
        finding: Finding = getattr(one, field)
        front = f"{label:<17}"
        lines += map(Content, wrapping.prose(finding.words, room, front, " " * len(front)))
        for more in finding.lines:
            lines += map(Content, wrapping.prose(more, room, " " * len(front), " " * len(front)))
    return lines


def picture(one: ContainerReport) -> str:
    """Return the way of a container's packets on a line."""
    return one.path.picture(one.name) if one.path else f"{one.name}  {one.address.words}"
