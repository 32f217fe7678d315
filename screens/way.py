"""The way through the screens, which depends on the answers."""

from wizard.answers.choices import Choices
from wizard.host.host import Host
from wizard.modes.registry import behaviour_of


def way(choices: Choices, host: Host | None) -> tuple[str, ...]:
    """Return the names of the screens in order; each is a module of this package."""
    questions = behaviour_of(choices.mode).questions(choices, host)
    return ("welcome", "host", "mode", *questions, "preview", "apply", "keep", "result")
