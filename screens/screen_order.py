"""The order of the screens, which depends on the answers."""

from __future__ import annotations

from collections.abc import Collection

from wizard.answers import open_questions
from wizard.answers.choices import Choices
from wizard.platform.later import later

with later():
    from wizard.host import host as hosts
    from wizard.modes import registry


def questions(choices: Choices, host: hosts.Host | None) -> tuple[str, ...]:
    """Return the names of the screens that ask for what the mode needs, in order."""
    return registry.behaviour_of(choices.mode).questions(choices, host)


def screen_order(
    choices: Choices,
    host: hosts.Host | None,
    *,
    all_questions: bool = False,
    doubtful: Collection[str] = (),
) -> tuple[str, ...]:
    """Return the names of the screens in order; each is a module of this package.

    The short way has only the questions that have to be asked, ``doubtful`` ones among them.
    """
    if host is None and not (all_questions or doubtful):
        # As open_questions has it, but of no mode, which takes long to be loaded.
        asked = open_questions.ALWAYS
    else:
        asked = questions(choices, host)
        if not all_questions:
            asked = open_questions.open_questions(asked, choices, host, doubtful)
    return ("welcome", "host", "mode", *asked, "preview", "apply", "keep", "result")
