"""The names of the Docker network and of its bridge."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from screens.step import StepScreen, paragraph
from screens.widgets.sentence import Sentence, Tone
from screens.widgets.still_input import StillInput
from wizard.answers.names import check_bridge, check_network
from wizard.host.host import Unknown


class NetworkScreen(StepScreen):
    """Two fields, each judged while the person types."""

    NAME = "network"
    HEADING = "Network"
    AUTO_FOCUS = "#network"
    EXPLANATION: ClassVar[Sequence[str]] = (
        "Docker cannot add IPv6 to a network that exists already. So the wizard makes a second "
        "network beside the ones you have, and connects the containers to both. Whatever they do "
        "over the old one continues as before.",
        "The first name is the one that “docker network ls” shows, and that the Compose file will "
        "use.",
        "A bridge is the network card of the host on that network: it joins the containers as a "
        "switch does. The second name is the one that “ip address” shows. The kernel allows 15 "
        "characters. A fixed name matters, because the packet filter rules mention it.",
    )

    def compose_body(self) -> ComposeResult:
        """Compose the two fields."""
        yield paragraph(
            "The wizard makes a new Docker network with IPv6, beside the ones you have. Both names "
            "are only for you to recognise; you can leave them as they are.",
            classes="paragraph",
        )
        yield paragraph("Name of the network, as Docker shows it", classes="heading")
        yield StillInput(id="network", max_length=128)
        yield Sentence(id="network-verdict")
        yield paragraph("Name of its bridge, as “ip address” shows it", classes="heading")
        yield StillInput(id="bridge", max_length=64)
        yield Sentence(id="bridge-verdict")

    def show_state(self) -> None:
        """Fill in both names and what is to be said about them."""
        choices = self.state.choices
        with self.prevent(Input.Changed):
            for field, value in (("network", choices.network), ("bridge", choices.bridge)):
                name = self.query_one(f"#{field}", Input)
                if name.value != value:
                    name.value = value
        for field, sentence in self._sentences().items():
            verdict = self.query_one(f"#{field}-verdict", Sentence)
            if sentence:
                verdict.say(sentence, "problem")
            else:
                verdict.say(*self._freedom(field))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.say("")
        self.state.answer(**{str(event.input.id): event.value})

    def say_refusal(self, _refusal: str) -> None:
        """Point to the sentence under the field, which is there already."""
        self.say("Not yet: the line that begins with an exclamation mark says why.", "problem")

    def refusal(self) -> str | None:
        """Say what is wrong with the first name that cannot be used, and go to its field."""
        for field, sentence in self._sentences().items():
            if sentence:
                self.query_one(f"#{field}").focus()
                return sentence
        return None

    def _freedom(self, field: str) -> tuple[str, Tone]:
        host = self.state.host
        there = (host.networks if field == "network" else host.interfaces) if host else ()
        if isinstance(there, Unknown):
            return f"Whether this name is free is not known. {there.reason}", "note"
        return "This name is free on this host.", "ok"

    def _sentences(self) -> dict[str, str | None]:
        host, choices = self.state.host, self.state.choices
        if host is None:
            waiting = self.state.no_host
            return {"network": waiting, "bridge": waiting}
        return {
            "network": check_network(choices, host),
            "bridge": check_bridge(choices.bridge, host),
        }
