"""What may come in to containers that have public addresses."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult

from screens.step import StepScreen, paragraph
from screens.widgets.choice_list import ChoiceList, Entry
from wizard.answers.checks import check_inwards
from wizard.answers.choices import Inwards
from wizard.answers.wording import INWARDS
from wizard.modes.open_ports import open_ports
from wizard.modes.shared import chosen_containers
from wizard.platform.errors import Refused


class InwardsScreen(StepScreen):
    """Three ways to set the packet filter, with what each would let in today."""

    NAME = "inwards"
    HEADING = "Who may come in"
    AUTO_FOCUS = "#ways"
    EXPLANATION: ClassVar[Sequence[str]] = (
        "With public addresses the containers stand on the internet themselves. What keeps "
        "strangers out is a packet filter on this host; this Docker has none for such addresses, "
        "so the wizard sets one up. Whatever a container asks for itself, and the answers to it, "
        "always pass. So does ping, and what else IPv6 needs to work (ICMPv6).",
        "A port is a number behind which a program listens: 80 and 443 are web servers. To publish "
        "a port is to say in the Compose file, under ports:, that it may be reached from outside. "
        "A port that is published on 127.0.0.1 alone is meant for this host alone, and stays "
        "closed, unless you let exposed ports in.",
        "To expose a port is only to note down that a program listens there. Databases expose "
        "theirs as well, so look at the list before you let exposed ports in.",
        "The rules hold for all containers on the new network. The preview lists who will be "
        "reachable, at which address and port.",
    )

    def compose_body(self) -> ComposeResult:
        """Compose the list."""
        yield paragraph(
            "The wizard sets up a packet filter for the containers' own addresses. Answers to what "
            "they ask for themselves always pass, and so does ping.",
            classes="paragraph",
        )
        yield paragraph(
            "What may come in from the internet? (arrow keys choose)",
            id="question",
            classes="heading",
        )
        yield ChoiceList(id="ways")
        yield paragraph(
            "The preview lists who will be reachable, at which address and port.", id="later"
        )

    def show_state(self) -> None:
        """Show the three, and what each would let in today."""
        host, choices = self.state.host, self.state.choices
        if host is None:
            return
        entries = []
        for inwards, (label, words) in INWARDS.items():
            wanted = replace(choices, inwards=inwards)
            obstacle = check_inwards(wanted, host)
            entries.append(
                Entry(
                    inwards.value,
                    label,
                    obstacle or f"{words} {self._today(inwards)}".rstrip(),
                    chosen=choices.inwards is inwards,
                    open=obstacle is None,
                )
            )
        self.query_one("#ways", ChoiceList).show(entries)

    def _today(self, inwards: Inwards) -> str:
        host = self.state.host
        if host is None or inwards is Inwards.ALL:
            return ""
        choices = replace(self.state.choices, inwards=inwards)
        try:
            ports = open_ports(choices, chosen_containers(host, choices))
        except Refused:
            return ""
        return f"Today: {', '.join(ports) or 'none'}."

    @on(ChoiceList.Picked, "#ways")
    def _picked(self, event: ChoiceList.Picked) -> None:
        self.say("")
        self.state.answer(inwards=Inwards(event.key))

    def refusal(self) -> str | None:
        """Say why the packet filter cannot be so."""
        host = self.state.host
        return check_inwards(self.state.choices, host) if host else self.state.no_host
