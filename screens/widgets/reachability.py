"""What was found inside the containers: a table in words, and the chosen container in full."""

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalGroup
from textual.content import Content
from textual.widgets import OptionList, Static

from screens import wrapping
from screens.widgets.step_list import StepList
from wizard.probes.findings import Finding
from wizard.probes.report import ContainerReport, passed

COLUMNS = ("Works", "Address", "Route", "Router", "Target", "TCP")
_COLUMN = 8
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


class ReachabilityTable(VerticalGroup):
    """Arrow keys choose a container."""

    DEFAULT_CSS = """
    ReachabilityTable {
        .columns { text-style: bold; }
        StepList { max-height: 8; height: auto; }
        .found { margin: 1 0 0 0; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._reports: tuple[ContainerReport, ...] = ()

    def compose(self) -> ComposeResult:
        """Compose the head, the rows and the details."""
        yield Static("", markup=False, classes="columns")
        yield StepList()
        yield Static("", markup=False, classes="found")

    def show(self, reports: Sequence[ContainerReport]) -> None:
        """Show these reports."""
        self._reports = tuple(reports)
        name = self._name_width()
        self.query_one(".columns", Static).update(Content(_row("Container", COLUMNS, name)))
        self.query_one(StepList).show(
            [(_row(one.name, _words(one), name), "") for one in self._reports]
        )
        self._show_chosen()

    def on_resize(self) -> None:
        """Break the lines anew."""
        if self._reports:
            self.show(self._reports)
            # What is below stays where the lines of before ended, if this comes within a layout.
            self.call_after_refresh(self.refresh, layout=True)

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self._show_chosen()

    def _name_width(self) -> int:
        longest = max((len(one.name) for one in self._reports), default=0)
        room = (self.size.width or 76) - len(COLUMNS) * _COLUMN - 2
        return max(9, min(longest, room))

    def _show_chosen(self) -> None:
        at = self.query_one(StepList).highlighted
        if at is None or at >= len(self._reports):
            return
        one, width = self._reports[at], (self.size.width or 76) - 1
        lines = [Content.styled(f"Inside {one.name}", "bold")]
        for field, label in LABELS:
            finding: Finding = getattr(one, field)
            front = f"{label:<17}"
            lines += map(Content, wrapping.prose(finding.words, width, front, " " * len(front)))
            for more in finding.lines:
                lines += map(
                    Content, wrapping.prose(more, width, " " * len(front), " " * len(front))
                )
        self.query_one(".found", Static).update(Content("\n").join(lines))


def _row(name: str, columns: Sequence[str], width: int) -> str:
    shown = name if len(name) <= width else name[: width - 1] + "…"
    return f"{shown:<{width}}  " + "".join(f"{column:<{_COLUMN}}" for column in columns)


def _words(one: ContainerReport) -> list[str]:
    works = "unknown" if one.address.ok is None else "yes" if passed(one) else "no"
    found = (one.address, one.default_route, one.gateway_echo, one.target_echo, one.tcp)
    return [works, *map(_word, found)]


def _word(finding: Finding) -> str:
    if finding.ok is None:
        return "untried" if finding.words.startswith("not ") else "unknown"
    return "yes" if finding.ok else "no"
