"""What was proposed and not asked, in a line each, with the key that opens its question."""

from collections.abc import Callable
from dataclasses import dataclass

from screens.state import State
from screens.way import questions
from wizard.answers.wording import INWARDS, PROXIES
from wizard.ndp.upstream import UpstreamCase
from wizard.platform.text import clean_line

_ROUTER = {
    UpstreamCase.SOLICITED: "Your provider's router asks for each address. ",
    UpstreamCase.ROUTED: "Your provider's router sends packets here by itself. ",
    UpstreamCase.REFUSED: "Your provider's router refuses. ",
    UpstreamCase.NOTHING: "Your provider's router was not heard. ",
}


@dataclass(frozen=True)
class Proposed:
    """A question that has an answer already."""

    screen: str
    key: str
    label: str
    words: Callable[[State], str]


def _router(state: State) -> str:
    finding = state.router.finding
    seen = _ROUTER[finding.case] if finding else ""
    return f"{seen}Answered by: {PROXIES[state.choices.proxy][0]}."


PROPOSED = (
    Proposed("addresses", "a", "Addresses", lambda state: str(state.choices.prefix)),
    Proposed("upstream", "r", "Router", _router),
    Proposed(
        "network",
        "n",
        "Network",
        lambda state: (
            f"{clean_line(state.choices.network)}, bridge {clean_line(state.choices.bridge)}"
        ),
    ),
    Proposed("inwards", "i", "Who may come in", lambda state: INWARDS[state.choices.inwards][0]),
)


def proposed(state: State) -> tuple[Proposed, ...]:
    """Return those that the mode asks for."""
    asked = questions(state.choices, state.host)
    return tuple(each for each in PROPOSED if each.screen in asked)
