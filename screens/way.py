"""The way through the screens, which depends on the answers."""

from collections.abc import Collection

from wizard.answers.choices import Choices
from wizard.answers.open_questions import open_questions
from wizard.host.host import Host
from wizard.modes.registry import behaviour_of


def questions(choices: Choices, host: Host | None) -> tuple[str, ...]:
    """Return the names of the screens that ask for what the mode needs, in order."""
    return behaviour_of(choices.mode).questions(choices, host)


def way(
    choices: Choices,
    host: Host | None,
    *,
    all_questions: bool = False,
    doubtful: Collection[str] = (),
) -> tuple[str, ...]:
    """Return the names of the screens in order; each is a module of this package.

    The short way has only the questions that have to be asked, ``doubtful`` ones among them.
    """
    asked = questions(choices, host)
    if not all_questions:
        asked = open_questions(asked, choices, host, doubtful)
    return ("welcome", "host", "mode", *asked, "preview", "apply", "keep", "result")
