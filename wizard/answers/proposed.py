"""What is proposed where a question is not asked, in words."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from wizard.answers.choices import Choices
from wizard.answers.wording import INWARDS, PROXIES
from wizard.ndp.upstream import UpstreamCase, UpstreamFinding
from wizard.platform.text import clean_line

_ROUTER = {
    UpstreamCase.SOLICITED: "Your provider's router asks for each address. ",
    UpstreamCase.ROUTED: "Your provider's router sends packets here by itself. ",
    UpstreamCase.REFUSED: "Your provider's router refuses. ",
    UpstreamCase.NOTHING: "Your provider's router was not heard. ",
}


@dataclass(frozen=True)
class Proposed:
    """A question that has an answer already.

    Attributes:
        question: Its name, as a mode has it.
        label: What it is about.
        words: The answer.
    """

    question: str
    label: str
    words: str


def _router(choices: Choices, seen: UpstreamFinding | None) -> str:
    return f"{_ROUTER[seen.case] if seen else ''}Answered by: {PROXIES[choices.proxy][0]}."


_WORDS: Mapping[str, tuple[str, Callable[[Choices, UpstreamFinding | None], str]]] = {
    "addresses": ("Addresses", lambda choices, _seen: str(choices.prefix)),
    "upstream": ("Upstream router", _router),
    "network": (
        "Network",
        lambda choices, _seen: (
            f"{clean_line(choices.network)}, bridge {clean_line(choices.bridge)}"
        ),
    ),
    "inwards": ("Who may come in", lambda choices, _seen: INWARDS[choices.inwards][0]),
}


def proposed(
    questions: Collection[str], choices: Choices, seen: UpstreamFinding | None
) -> tuple[Proposed, ...]:
    """Return those of a mode's questions for which something can be proposed.

    Args:
        questions: The names of the mode's questions.
        choices: The answers, proposed or given.
        seen: What the router was seen to do, once it has been watched.
    """
    return tuple(
        Proposed(name, label, words(choices, seen))
        for name, (label, words) in _WORDS.items()
        if name in questions
    )
