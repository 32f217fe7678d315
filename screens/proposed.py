"""The keys that open a question that was not asked."""

from screens.screen_order import questions
from screens.state import State
from wizard.answers import proposed as proposals
from wizard.answers.proposed import Proposed

KEYS = {"addresses": "a", "upstream": "u", "network": "n", "inwards": "i"}
"""The key of each, by the name of its screen."""


def proposed(state: State) -> tuple[Proposed, ...]:
    """Return what was proposed, of those that the mode asks for."""
    asked = questions(state.choices, state.host)
    return proposals.proposed(asked, state.choices, state.router.finding)


def key(each: Proposed) -> str:
    """Return the key that opens it, as it is shown."""
    return KEYS[each.question].upper()
