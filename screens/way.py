"""The way through the screens, which depends on the answers."""

from dataclasses import replace

from wizard.answers.checks import check_inwards
from wizard.answers.choices import Choices, Inwards, Mode
from wizard.host.host import Host


def way(choices: Choices, host: Host | None) -> tuple[str, ...]:
    """Return the names of the screens in order; each is a module of this package."""
    routed = choices.mode is Mode.ROUTED
    names = (
        ("welcome", True),
        ("host", True),
        ("mode", True),
        ("addresses", True),
        ("upstream", routed),
        ("network", True),
        ("compose", True),
        ("inwards", routed and host is not None and _can_choose_inwards(choices, host)),
        ("preview", True),
        ("apply", True),
        ("keep", True),
        ("result", True),
    )
    return tuple(name for name, wanted in names if wanted)


def _can_choose_inwards(choices: Choices, host: Host) -> bool:
    """Return whether anything but published ports can be let in; a newer engine decides itself."""
    return any(
        check_inwards(replace(choices, inwards=each), host) is None
        for each in Inwards
        if each is not Inwards.PUBLISHED
    )
