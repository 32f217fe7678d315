"""Every mode of the wizard, found in this folder: each ``BEHAVIOUR`` of a module is one."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from wizard.answers.choices import Mode
from wizard.modes.base import Behaviour


def behaviour_of(mode: Mode) -> Behaviour:
    """Return the object that is a mode."""
    return _BEHAVIOURS[mode]


def behaviours() -> tuple[Behaviour, ...]:
    """Return all of them, in the order in which they are offered."""
    return tuple(_BEHAVIOURS.values())


def collect(modules: Iterable[ModuleType], modes: Iterable[Mode]) -> Mapping[Mode, Behaviour]:
    """Return the object for each of the modes.

    Raises:
        TypeError: a mode has none, or more than one.
    """
    found = [module.BEHAVIOUR for module in modules if hasattr(module, "BEHAVIOUR")]
    by_mode = {}
    for mode in modes:
        of_mode = [each for each in found if each.mode is mode]
        if len(of_mode) != 1:
            raise TypeError(f"The mode {mode} has {len(of_mode)} objects in wizard/modes/.")
        by_mode[mode] = of_mode[0]
    return by_mode


def _modules() -> Iterable[ModuleType]:
    for each in iter_modules([str(Path(__file__).parent)]):
        name = f"{__package__}.{each.name}"
        if name != __name__:
            yield import_module(name)


_BEHAVIOURS = collect(_modules(), Mode)
