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
from screens.widgets.plain_button import PlainButton
from screens.widgets.sentence import Sentence
from wizard.choices import another_prefix, check_prefix
from wizard.prefixes import first_subnet


class AddressesScreen(StepScreen):
    """A random prefix, another one, or one that the person types."""

    NAME = "addresses"
    HEADING = "Addresses"
    AUTO_FOCUS = "#prefix"
    CSS_PATH: ClassVar[list[str]] = ["step.tcss", "fields.tcss"]  # type: ignore[assignment]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+r", "another", "Another one", key_display="Ctrl+R", tooltip="Draw another prefix"
        ),
    ]
    EXPLANATION: ClassVar[Sequence[str]] = (
        "An IPv6 address has eight groups of digits with colons between them; two colons in a row "
        "stand for groups that are zero. A prefix is the part that all addresses of a network "
        "share. /64 behind it says that the first 64 bits, four groups, are shared.",
        "Prefixes that begin with fd are set aside for private use: everybody may take one at "
        "random, without asking anybody (RFC 4193). There are about a million million of them, so "
        "that two networks that meet one day will not have the same.",
        "The one in the field was drawn at random just now, and is not used on this host. You can "
        "leave it as it is. Type another one if you already have a plan for your addresses; a /48 "
        "is fine too, and its first /64 is then used.",
    )

    def compose_body(self) -> ComposeResult:
        """Compose the field and what comes of it."""
        yield paragraph(
            "The containers need addresses of their own, all with the same beginning: the prefix. "
            "This one was drawn at random, and you can leave it as it is.",
            classes="paragraph",
        )
        yield paragraph("Prefix of the new network", classes="heading")
        yield Input(id="prefix", compact=True, max_length=64)
        yield Sentence(id="verdict")
        yield PlainButton("Draw another one", id="another")
        yield paragraph("", id="example")

    def on_mount(self) -> None:
        """Remember that the field is still empty."""
        super().on_mount()
        self._filled: IPv6Network | None = None

    def show_state(self) -> None:
        """Put the prefix into the field, unless the person has just typed it there."""
        prefix = self.wizard.choices.prefix
        if prefix != self._filled and prefix is not None:
            self._filled = prefix
            with self.prevent(Input.Changed):
                self.query_one("#prefix", Input).value = str(prefix)
        self._judge()

    @on(Input.Changed, "#prefix")
    def _typed(self) -> None:
        self.say("")
        prefix = self._judge()
        if prefix is not None and prefix != self.wizard.choices.prefix:
            self._filled = prefix
            self.wizard.answer(prefix=prefix)

    def say_refusal(self, _refusal: str) -> None:
        """Point to the sentence under the field, which is there already."""
        self.say("Not yet: the line that begins with an exclamation mark says why.", "problem")

    def refusal(self) -> str | None:
        """Say what is wrong with the prefix, and go to its field."""
        if self.wizard.host is None:
            return "The wizard is still looking at this host."
        found = check_prefix(self.query_one("#prefix", Input).value, self.wizard.host)
        if not isinstance(found, str):
            return None
        self.query_one("#prefix").focus()
        return found

    def action_another(self) -> None:
        """Draw another prefix."""
        if self.wizard.host is not None:
            self.say("")
            self._filled = None
            self.wizard.answer(prefix=another_prefix(self.wizard.host))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Draw another prefix with the button."""
        if event.button.id == "another":
            self.action_another()
        else:
            super().on_button_pressed(event)

    def _judge(self) -> IPv6Network | None:
        """Say below the field what is to be said about it, and return the prefix if it is one."""
        if self.wizard.host is None:
            return None
        found = check_prefix(self.query_one("#prefix", Input).value, self.wizard.host)
        verdict = self.query_one("#verdict", Sentence)
        example = self.query_one("#example", Static)
        if isinstance(found, str):
            verdict.say(found, "problem")
            example.update("")
            return None
        verdict.say("This prefix is free on this host.", "ok")
        subnet = first_subnet(found)
        example.update(
            Content(
                "What the addresses will look like\n"
                f"  the network            {subnet}\n"
                f"  this host on it        {subnet[1]}\n"
                f"  the first containers   {subnet[2]}, {subnet[3]}, ..."
            )
        )
        return found
