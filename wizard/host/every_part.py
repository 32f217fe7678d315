"""Every part of a host, found in the folder ``parts``: each file's ``PART`` is one."""

from collections.abc import Iterable
from dataclasses import fields
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from wizard.host import parts
from wizard.host.host import Host
from wizard.host.part import Part


def collect(modules: Iterable[ModuleType]) -> tuple[Part[Any], ...]:
    """Return the part that each module declares, in the order of the fields of a host.

    Raises:
        TypeError: A module declares none, or a field of :class:`Host` has none or several.
    """
    found: dict[str, Part[Any]] = {}
    for module in modules:
        part = getattr(module, "PART", None)
        if not isinstance(part, Part):
            raise TypeError(f"{module.__name__} declares no part of a host: its PART is missing.")
        if part.field in found:
            raise TypeError(f"{module.__name__} declares Host.{part.field}, which another does.")
        found[part.field] = part
    names = [field.name for field in fields(Host)]
    missing = ", ".join(f"Host.{name}" for name in names if name not in found)
    if missing:
        raise TypeError(f"No file of wizard/host/parts/ declares {missing}.")
    return tuple(found[name] for name in names)


PARTS = collect(
    import_module(f"{parts.__name__}.{module.name}") for module in iter_modules(parts.__path__)
)
"""The parts, in the order in which they are shown."""
