"""The prefix from which the containers get their addresses."""

from collections.abc import Sequence
from ipaddress import IPv6Network
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, Input, Static

from screens.step import StepScreen, paragraph
from screens.widgets.choice_list import ChoiceList, Entry
from screens.widgets.plain_button import PlainButton
from screens.widgets.sentence import Sentence, Tone
from screens.widgets.still_input import StillInput
from wizard.answers.address_plan import AddressPlan
from wizard.answers.checks import usable_prefix
from wizard.answers.prefixes import first_subnet
from wizard.answers.subprefixes import SIZES, is_on_link, propose, usable
from wizard.host.host import Host, Unknown
from wizard.modes.routed import lasting
from wizard.platform.errors import Refused


class AddressesScreen(StepScreen):
    """A prefix that is proposed, another one, or one that the person types."""

    NAME = "addresses"
    HEADING = "Addresses"
    AUTO_FOCUS = "#prefix"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+r", "another", "Another one", key_display="Ctrl+R", tooltip="Draw another prefix"
        ),
    ]
    EXPLANATION: ClassVar[Sequence[str]] = (
        "An IPv6 address has eight groups of digits with colons between them; two colons in a row "
        "stand for groups that are zero. A prefix is the part that all addresses of a network "
        "share. /64 behind it says that the first 64 bits, four groups, are shared.",
        "Private addresses: prefixes that begin with fd are set aside for private use: everybody "
        "may take one at random, without asking anybody (RFC 4193). There are about a million "
        "million of them, so that two networks that meet one day will not have the same.",
        "The one in the field was drawn at random just now, and is not used on this host. You can "
        "leave it as it is. Type another one if you already have a plan for your addresses; a /48 "
        "is fine too, and its first /64 is then used.",
        "Public addresses: the containers get a part of the prefix that your provider gave to this "
        "host, never all of it, because the host itself needs some. The one in the field is the "
        "first that nothing uses. The longer the prefix (the larger the number behind the "
        "slash), the fewer addresses are in it. Choose a size from the list, or type any part "
        "from /65 to /120.",
        "If your provider routes another prefix to this host, type that one.",
    )

    def compose_body(self) -> ComposeResult:
        """Compose the field and what comes of it."""
        yield paragraph("", id="introduction", classes="paragraph")
        yield paragraph("Prefix of the new network", classes="heading")
        yield StillInput(id="prefix", max_length=64)
        yield Sentence(id="verdict")
        yield PlainButton("Draw another one", id="another")
        yield paragraph("Its size (arrow keys choose)", id="sizes-heading", classes="heading")
        yield ChoiceList(id="sizes")
        yield paragraph("", id="example")
        yield Sentence(id="lasting")

    def on_mount(self) -> None:
        """Remember that the field is still empty."""
        super().on_mount()
        self._filled: IPv6Network | None = None

    @property
    def _public(self) -> bool:
        return self.state.choices.mode.addresses.public

    def show_state(self) -> None:
        """Put the prefix into the field, unless the person has just typed it there."""
        prefix = self.state.choices.prefix
        if prefix != self._filled:
            self._filled = prefix
            with self.prevent(Input.Changed):
                self.query_one("#prefix", Input).value = str(prefix or "")
        for name, wanted in (
            ("another", not self._public),
            ("sizes-heading", self._public),
            ("sizes", self._public),
        ):
            self.query_one(f"#{name}").display = wanted
        host = self.state.host
        if host is not None:
            self._show_mode(host)
        self.refresh_bindings()
        self._judge()

    def _show_mode(self, host: Host) -> None:
        introduction = (
            "The containers need addresses of their own, all with the same beginning: the prefix. "
            "This one was drawn at random, and you can leave it as it is."
        )
        may_change = ""
        if self._public:
            whole = ", ".join(map(str, usable(host)))
            introduction = f"The containers get a part of your provider's prefix {whole}."
            if not whole:
                introduction = "The containers get the prefix that your provider routes here."
            may_change = lasting(host) or ""
            self._show_sizes(host)
        self.query_one("#introduction", Static).update(Content(introduction))
        self.query_one("#lasting", Sentence).say(may_change, "note")

    def _show_sizes(self, host: Host) -> None:
        prefix = self.state.choices.prefix
        entries = []
        for size in SIZES:
            offered = propose(host, size.length)
            entries.append(
                Entry(
                    str(size.length),
                    f"/{size.length}",
                    size.words,
                    chosen=prefix is not None and prefix.prefixlen == size.length,
                    open=offered is not None and offered.prefixlen == size.length,
                )
            )
        self.query_one("#sizes", ChoiceList).show(entries)

    @on(Input.Changed, "#prefix")
    def _typed(self) -> None:
        self.say("")
        prefix = self._judge()
        if prefix is not None and prefix != self.state.choices.prefix:
            self._filled = prefix
            self.state.answer(prefix=prefix)

    @on(ChoiceList.Picked, "#sizes")
    def _sized(self, event: ChoiceList.Picked) -> None:
        self.say("")
        # The field shows it even where the person has typed something else since.
        self._filled = None
        self.state.choose_length(int(event.key))

    def say_refusal(self, _refusal: str) -> None:
        """Point to the sentence under the field, which is there already."""
        self.say("Not yet: the line that begins with an exclamation mark says why.", "problem")

    def refusal(self) -> str | None:
        """Say what is wrong with the prefix, and go to its field."""
        host = self.state.host
        if host is None:
            return self.state.no_host
        try:
            self._prefix(host)
        except Refused as refused:
            self.query_one("#prefix").focus()
            return str(refused)
        return None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to draw a prefix only where it is drawn at random."""
        if action == "another" and self._public:
            return False
        return super().check_action(action, parameters)

    def action_another(self) -> None:
        """Draw another prefix."""
        if self.state.host is not None:
            self.say("")
            self._filled = None
            mode = self.state.choices.mode
            self.state.answer(prefix=mode.addresses.propose(self.state.host))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Draw another prefix with the button."""
        if event.button.id == "another":
            self.action_another()
        else:
            super().on_button_pressed(event)

    def _prefix(self, host: Host) -> IPv6Network:
        typed = self.query_one("#prefix", Input).value
        return usable_prefix(typed, host, self.state.choices.mode)

    def _judge(self) -> IPv6Network | None:
        """Say below the field what is to be said about it, and return the prefix if it is one."""
        host = self.state.host
        if host is None:
            return None
        verdict = self.query_one("#verdict", Sentence)
        example = self.query_one("#example", Static)
        try:
            found = self._prefix(host)
        except Refused as refused:
            verdict.say(str(refused), "problem")
            example.update("")
            return None
        subnet = first_subnet(found)
        if self._public and not is_on_link(found, host):
            verdict.say(
                "This prefix is not your uplink's: it works only if the provider routes it here.",
                "note",
            )
        else:
            verdict.say(*_freedom(host))
        lines = (
            "What the addresses will look like",
            f"  the network            {subnet}",
            f"  this host on it        {subnet[1]}",
            f"  the first containers   {subnet[2]}, {subnet[3]}, ..."
            if not self._public
            else f"  the containers         out of {AddressPlan(subnet).dynamic}",
        )
        # With the sizes above there is room for the last two alone, on the smallest terminal.
        example.update(Content("\n".join(lines[2:] if self._public else lines)))
        return found


def _freedom(host: Host) -> tuple[str, Tone]:
    for part in (host.networks, host.prefixes_in_use):
        if isinstance(part, Unknown):
            return f"Whether something uses this prefix is not known. {part.reason}", "note"
    return "This prefix is free on this host.", "ok"
