"""The two ways in which containers can get IPv6, side by side, with what each means here."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import HorizontalGroup, VerticalGroup
from textual.content import Content
from textual.widgets import Static

from screens.step import StepScreen, paragraph
from screens.widgets.choice_list import ChoiceList, Entry
from wizard.choices import Mode, check_mode
from wizard.host import Host, Unknown


class ModeScreen(StepScreen):
    """Private addresses behind the host's own, or public addresses for each container."""

    NAME = "mode"
    HEADING = "Mode"
    AUTO_FOCUS = "#ula"
    CSS_PATH: ClassVar[list[str]] = ["step.tcss", "mode.tcss"]  # type: ignore[assignment]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]
    EXPLANATION: ClassVar[Sequence[str]] = (
        "An IPv6 address can be private or public. A private one (a unique local address, ULA, "
        "which begins with fd) means something on this host alone. A public one (a global unicast "
        "address, GUA) is known to the whole internet, like a telephone number.",
        "With private addresses the host puts its own public address on every packet that leaves, "
        "and hands the answers back to the right container. That is called masquerading or NAT66, "
        "and it is what Docker has always done with IPv4. It works wherever the host itself has "
        "IPv6, and asks nothing of your provider.",
        "With public addresses every container is seen from outside at an address of its own. "
        "That needs a piece of your provider's prefix, and often a neighbour proxy: a helper that "
        "answers the provider's router in the containers' place.",
        "Which one comes first, IPv4 or IPv6? Many servers have both. Programs ask the C library, "
        "which sorts by rules that the internet's engineers wrote down (RFC 6724). A private IPv6 "
        "address loses against IPv4 in these rules. Mastodon does not ask: it tries IPv6 first, "
        "whatever the rules say.",
    )

    def compose_body(self) -> ComposeResult:
        """Compose the two columns and the catch."""
        with HorizontalGroup(id="modes"):
            for mode in Mode:
                with VerticalGroup(classes="mode"):
                    yield ChoiceList(id=mode.value)
                    yield paragraph("", id=f"{mode.value}-words", classes="words")
        yield paragraph(
            "The catch with private addresses: by the rules (RFC 6724) they rank below IPv4, so a "
            "server that has both is reached over IPv4. Mastodon tries IPv6 first all the same. "
            "Other programs can be told to in Debian images (/etc/gai.conf of glibc), but not in "
            "Alpine ones (musl).",
            id="catch",
        )

    def show_state(self) -> None:
        """Show which mode is chosen, and what each means on this host."""
        host = self.wizard.host
        if host is None:
            return
        for mode, label in ((Mode.ULA, "Private: ULA and NAT66"), (Mode.ROUTED, "Public: routed")):
            suffix = "" if check_mode(mode, host) is None else " (not yet)"
            self.query_one(f"#{mode.value}", ChoiceList).show(
                [Entry(mode.value, label + suffix, chosen=self.wizard.choices.mode is mode)]
            )
        self.query_one("#ula-words", Static).update(Content(_private(host)))
        self.query_one("#routed-words", Static).update(Content(_public(host)))

    @on(ChoiceList.Picked)
    def _picked(self, event: ChoiceList.Picked) -> None:
        self.wizard.answer(mode=Mode(event.key))
        self.say(self.refusal() or "", "problem")

    def refusal(self) -> str | None:
        """Say why the mode cannot be had."""
        host = self.wizard.host
        return check_mode(self.wizard.choices.mode, host) if host else None


def _private(host: Host) -> str:
    own = "the address of this host"
    if not isinstance(host.uplink, Unknown) and host.uplink.addresses:
        own = f"this host's own address ({host.uplink.addresses[0].interface.ip})"
    rules = "The packet filter rules for it are made."
    if not isinstance(host.engine, Unknown):
        version = f"Docker {host.engine.version}"
        rules = (
            f"{version} makes the rules for this itself."
            if host.engine.manages_ip6tables
            else f"{version} makes no rules for IPv6, so the wizard adds them, also for after "
            "a reboot."
        )
    return (
        f"Containers get addresses that mean something on this host alone, and go out with {own}.\n"
        f"They reach the IPv6 internet, and nobody outside can connect to them.\n{rules}"
    )


def _public(host: Host) -> str:
    prefix = "your provider's prefix"
    if not isinstance(host.uplink, Unknown) and host.uplink.prefixes:
        prefix = str(host.uplink.prefixes[0])
    return (
        f"Containers get addresses out of {prefix}, and others see each by its own.\n"
        "They rank above IPv4, so servers with both are reached over IPv6.\n"
        "The provider's router has to find each container, by a route or a neighbour proxy. A "
        "later version of the wizard will set that up."
    )
