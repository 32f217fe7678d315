"""Whether the provider's router asks for the containers' addresses, and who answers it."""

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from screens import wrapping
from screens.step import StepScreen, paragraph
from screens.widgets.choice_list import ChoiceList, Entry
from screens.widgets.prose import Prose
from screens.widgets.sentence import Sentence, Tone
from wizard.answers.checks import check_proxy
from wizard.answers.choices import Proxy
from wizard.answers.wording import PROXIES
from wizard.ndp.upstream import UpstreamCase
from wizard.platform.text import clean_line

MEANINGS: dict[UpstreamCase, tuple[str, Tone]] = {
    UpstreamCase.SOLICITED: ("Your provider asks for each address.", "ok"),
    UpstreamCase.ROUTED: (
        "Your provider sends packets for the prefix here by itself. Nobody has to answer.",
        "ok",
    ),
    UpstreamCase.REFUSED: (
        "Your provider refuses: its router sends errors and does not ask. Public addresses will "
        "hardly work here. Ask your provider, or choose private ones.",
        "note",
    ),
    UpstreamCase.NOTHING: (
        "Your provider was not heard: packets are filtered on the way, or there is no IPv6 "
        "router. Ask your provider, or press R to try again.",
        "note",
    ),
}

_ANSWERING = {
    Proxy.SERVICE: "The wizard will answer.",
    Proxy.NDPPD: "ndppd will answer.",
    Proxy.FIXED: "Fixed entries will answer, for the addresses of today.",
    Proxy.NONE: "As you chose, nobody will answer, so no packet will come.",
}

_LINES = 4
"""Lines of evidence that are shown; those between the first two and the last are like them."""


class UpstreamScreen(StepScreen):
    """What the router was seen to do, and what to do about it."""

    NAME = "upstream"
    HEADING = "Does the router ask, or route?"
    AUTO_FOCUS = "#proxies"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "r,R", "probe_again", "Try again", key_display="R", tooltip="Watch the router again"
        ),
        Binding("d,D", "packets", "Packets", key_display="D", tooltip="What was seen, or not"),
    ]
    EXPLANATION: ClassVar[Sequence[str]] = (
        "A packet for a container comes to your provider's router first. How does the router know "
        "that it has to go to this host? There are two ways, and this screen finds out which one "
        "your provider has: the wizard sends an echo request (as ping does) from an address of "
        "your new prefix that nobody uses, and watches what comes back for that address. D shows "
        "these packets.",
        "The router asks: it calls out on the link “who has this address?”. That is neighbour "
        "discovery (NDP), the successor of ARP. No container hears it, because containers are "
        "behind this host. So this host has to answer in their place; that is called a neighbour "
        "proxy.",
        "The router routes: it has been told that the whole prefix lies behind this host, and just "
        "sends the packet. No proxy is needed. Providers do that when they give you a prefix of "
        "your own.",
        "Nothing comes back, or an error: packets are filtered on the way, or the router lets only "
        "the addresses through that it knows. Your provider can tell you. R tries again.",
        "The wizard's service is small: it listens to Docker, and keeps the kernel's list of "
        "addresses to answer for in step with the containers. ndppd is an older program that "
        "answers for all of the prefix, whether a container is there or not, so that strangers "
        "can fill the router's memory; and when a router asks once more in person (by unicast), "
        "it keeps silent, and packets are lost. Fixed entries are written once, and stay as they "
        "are when containers change.",
    )

    def compose_body(self) -> ComposeResult:
        """Compose what was seen, what it means, and the list."""
        yield Sentence(id="meaning")
        yield Prose(id="evidence")
        yield paragraph(
            "Who answers for the containers? (arrow keys choose)", id="question", classes="heading"
        )
        yield ChoiceList(id="proxies", below=True)

    def on_mount(self) -> None:
        """Show no packets before somebody asks for them."""
        super().on_mount()
        self._packets = False

    def action_packets(self) -> None:
        """Show the packets that were seen, or hide them again."""
        self._packets = not self._packets
        self._show_evidence()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the packets once there are some."""
        if action == "packets":
            return self.state.router.finding is not None
        return super().check_action(action, parameters)

    def arrive(self) -> None:
        """Watch the router, unless that was done for this prefix."""
        self.state.watch_router()
        super().arrive()

    def show_state(self) -> None:
        """Show what was seen, and who is to answer."""
        state = self.state
        meaning = self.query_one("#meaning", Sentence)
        if state.router.finding is not None:
            words, tone = MEANINGS[state.router.finding.case]
            if state.router.finding.case is UpstreamCase.SOLICITED:
                words = f"{words} {_ANSWERING[state.choices.proxy]}"
                tone = "problem" if state.choices.proxy is Proxy.NONE else tone
            meaning.say(words, tone)
        elif state.router.complaint:
            meaning.say(state.router.complaint, "note")
        else:
            meaning.say(
                "Watching: an echo request leaves from an address of "
                f"{state.choices.prefix} that nobody uses. Whoever wants to answer it has to "
                "find that address. This takes a few seconds."
            )
        self._show_evidence()
        self.query_one("#proxies", ChoiceList).show(self._entries())
        if state.router.finding is not None:
            self.say("")
        self.refresh_bindings()

    def _show_evidence(self) -> None:
        finding = self.state.router.finding
        lines = [clean_line(line) for line in finding.evidence] if finding else []
        if len(lines) > _LINES:
            between = len(lines) - _LINES + 1
            lines = [*lines[:2], f"... {between} more like these", lines[-1]]
        shown = textwrap.dedent("\n".join(lines)).split("\n") if self._packets and lines else ()
        self.query_one("#evidence", Prose).show(
            lambda width: [
                each for line in shown for each in wrapping.prose(line, width - 1, later=" " * 8)
            ]
        )

    def _entries(self) -> list[Entry]:
        host, choices = self.state.host, self.state.choices
        entries = []
        for proxy, (label, words) in PROXIES.items():
            obstacle = check_proxy(replace(choices, proxy=proxy), host) if host else None
            proposed = proxy is self.state.proposed_proxy
            said = f"Proposed. {words.removeprefix('Recommended. ')}" if proposed else words
            entries.append(
                Entry(
                    proxy.value,
                    label,
                    obstacle or said,
                    chosen=choices.proxy is proxy,
                    open=obstacle is None,
                )
            )
        return entries

    @on(ChoiceList.Picked, "#proxies")
    def _picked(self, event: ChoiceList.Picked) -> None:
        self.say("")
        self.state.pick_proxy(Proxy(event.key))

    def refusal(self) -> str | None:
        """Say that the router is still watched, or why the proxy cannot be had."""
        state = self.state
        if state.host is None:
            return state.no_host
        if state.router.busy and not state.router.picked:
            return (
                "The wizard is still watching the router. Wait a few seconds, or press Space to "
                "choose the marked line yourself."
            )
        return check_proxy(state.choices, state.host)

    def action_probe_again(self) -> None:
        """Watch the router again."""
        if not self.state.router.busy:
            self.say("")
            self.state.watch_router(again=True)
