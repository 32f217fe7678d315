"""The ways in which containers can get IPv6, and what the chosen one means here."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from screens.step import StepScreen, paragraph
from screens.widgets.choice_list import ChoiceList, Entry
from wizard.answers.checks import check_mode
from wizard.answers.choices import Mode
from wizard.modes.recommending import recommended
from wizard.modes.registry import behaviour_of, behaviours


class ModeScreen(StepScreen):
    """Private addresses behind the host's own, or public addresses for each container."""

    NAME = "mode"
    HEADING = "Mode"
    AUTO_FOCUS = "#modes"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a,A", "ask_all", "Ask all", key_display="A", tooltip="Ask every question"),
    ]
    EXPLANATION: ClassVar[Sequence[str]] = (
        "An IPv6 address can be private or public. A private one (a unique local address, ULA, "
        "which begins with fd) is only known to this host. A public one (a global unicast "
        "address, GUA) is known to the whole internet, like a telephone number.",
        *(each.explanation for each in behaviours()),
        "To be reachable is not to be open: a packet filter on this host lets in what the "
        "containers publish, and drops the rest. Who makes its rules stands on this screen, and "
        "the preview lists who will be reachable at which address and port.",
        "Which one comes first, IPv4 or IPv6? Many servers have both. Programs ask the C library, "
        "which sorts by rules that the internet's engineers wrote down (RFC 6724). A private IPv6 "
        "address loses against IPv4 in these rules. Mastodon does not ask: it tries IPv6 first, "
        "whatever the rules say.",
        "The wizard proposes what you need not know: addresses, names, and in the public mode who "
        "answers the router and who may come in. The preview lists that, and a key opens each. A "
        "asks every such question on the way instead, or goes back to the short way.",
    )

    def compose_body(self) -> ComposeResult:
        """Compose the modes, and what the chosen one means."""
        yield paragraph(
            "Which addresses should the containers have? (arrow keys choose)", classes="heading"
        )
        yield ChoiceList(id="modes", below=True)
        yield paragraph("", id="words")

    def show_state(self) -> None:
        """Show which mode is chosen, and what it means on this host."""
        host = self.state.host
        if host is None:
            return
        chosen = behaviour_of(self.state.choices.mode)
        finding = self.state.router.finding
        best = recommended(host, finding.case if finding else None)
        entries = []
        for each in behaviours():
            obstacle = check_mode(each.mode, host)
            entries.append(
                Entry(
                    each.mode.value,
                    each.label,
                    f"Not possible here: {obstacle}"
                    if obstacle
                    else f"{each.summary} {best.words}"
                    if best and best.mode is each.mode
                    else each.summary,
                    chosen=chosen is each,
                    open=obstacle is None,
                )
            )
        self.query_one("#modes", ChoiceList).show(entries)
        points = [f"- {each}" for each in chosen.consequences(host)]
        self.query_one("#words", Static).update(Content("\n".join(points)))

    @property
    def explanation(self) -> Sequence[str]:
        """Begin with what one may regret of what is chosen."""
        host = self.state.host
        catch = (behaviour_of(self.state.choices.mode).catch(host),) if host else ()
        return (*catch, *self.EXPLANATION)

    @on(ChoiceList.Picked, "#modes")
    def _picked(self, event: ChoiceList.Picked) -> None:
        self.state.choose_mode(Mode(event.key))
        self.say("")

    def action_ask_all(self) -> None:
        """Ask every question on the way, or only those that have to be asked."""
        self.state.ask_all(not self.state.all_questions)
        self.say(
            "Every question is asked on the way. A goes back to the short way."
            if self.state.all_questions
            else "Only what has to be asked is asked; the preview lists the rest."
        )

    def refusal(self) -> str | None:
        """Say why the mode cannot be had."""
        host = self.state.host
        return check_mode(self.state.choices.mode, host) if host else self.state.no_host
