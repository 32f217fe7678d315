"""Every kind of step by its name, so that a record can be turned into steps again.

They are found in this folder: each class with a ``kind`` of its own is one.
"""

from collections.abc import Iterable, Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from wizard import steps
from wizard.platform.errors import Refused
from wizard.platform.text import clean_line
from wizard.steps.base import Step, StepOf


def collect(modules: Iterable[ModuleType]) -> Mapping[str, type[Step]]:
    """Return every kind of step that is made in these modules.

    Raises:
        TypeError: a class has no kind of its own, or that of another one.
        ImportError: a module imports this one while it is loaded, so its classes are not there yet.
    """
    found: dict[str, type[Step]] = {}
    for module in modules:
        if getattr(module.__spec__, "_initializing", False):
            raise ImportError(f"{module.__name__} has to import {__name__} where it is used.")
        for each in vars(module).values():
            if not isinstance(each, type) or each.__module__ != module.__name__:
                continue
            if not issubclass(each, StepOf) or each is StepOf:
                continue
            if "kind" not in vars(each) or each.kind in found:
                raise TypeError(f"{module.__name__}.{each.__name__} has no kind of its own.")
            found[each.kind] = each
    return found


KINDS = collect(
    import_module(f"{steps.__name__}.{module.name}")
    for module in iter_modules(steps.__path__)
    if f"{steps.__name__}.{module.name}" != __name__
)

SHARED = tuple(name for name, kind in KINDS.items() if kind.among is not StepOf.among)
"""The kinds that several set-ups may need of the same thing."""


def step(kind: str, parameters: Mapping[str, object]) -> Step:
    """Return the step that a record describes.

    Raises:
        Refused: the kind is not known or the parameters do not fit it; the message says where.
    """
    if kind not in KINDS:
        raise Refused(
            "The record holds a step that this wizard does not know: "
            f"{clean_line(kind) or 'one without a kind'}. Use the wizard that wrote the record."
        )
    return KINDS[kind].from_parameters(parameters)


def needs_docker(kind: str) -> bool:
    """Return whether taking back a step of a kind may need Docker; one that is not known may."""
    return kind not in KINDS or KINDS[kind].needs_docker
