"""Modules that are imported once something of them is wanted, and not where they are named.

To import the whole core takes longer than most verbs and the first screen take for all else::

    with later():
        from wizard.plan import planning, script

names them as any import does, for people, type checkers and import-linter alike. Annotations that
use them need ``from __future__ import annotations``, which keeps them from being evaluated.
"""

import sys
import threading
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType, TracebackType
from typing import Any

_OWN = ("wizard.", "screens.")

_OF_IMPORT = frozenset({"__spec__", "__name__", "__loader__", "__package__", "__path__"})
"""What import itself asks of a module that is there already."""

# Taken by threads one after the other: two that import packages at the same time, which have
# modules in common, wait for each other for ever now and then in Python before 3.11.5 (CPython
# issue 106176), and so on Debian 12.
IMPORTING = threading.RLock()
"""Held while something is imported where other threads may be at work."""

_pending: list["_Pending"] = []


class later:
    """Makes those modules of ours pending that are imported below it and were not before."""

    def __enter__(self) -> None:
        """Begin to take modules as pending."""
        sys.meta_path.insert(0, _FINDER)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Import as ever again."""
        sys.meta_path.remove(_FINDER)


def load() -> None:
    """Import all that is pending, and what these name in turn, in the thread that calls."""
    while _pending:
        _pending[-1]._become()


class _Pending(ModuleType):
    """A module that is imported when anything of it is asked for."""

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401 - as various as modules
        if name not in _OF_IMPORT and name != "_become":
            self._become()
        return ModuleType.__getattribute__(self, name)

    def _become(self) -> None:
        # Who comes while another thread imports it waits for all of it.
        with IMPORTING:
            if self not in _pending:
                return
            _pending.remove(self)
            spec, loader = self.__spec__, self.__loader__
            try:
                if spec is not None and isinstance(loader, _Loader):
                    self.__loader__ = spec.loader = loader.real
                    loader.real.exec_module(self)
            finally:
                # Python lets a module have another class of modules; mypy lets no object.
                self.__class__ = ModuleType  # type: ignore[assignment]


class _Loader:
    """Makes a module and leaves it pending."""

    # No importlib.abc.Loader, which takes longer to be loaded than many a module of ours.
    def __init__(self, real: Any) -> None:  # noqa: ANN401
        self.real = real

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Make what any module is made of."""
        made: ModuleType | None = self.real.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        """Leave it as it is until it is wanted."""
        module.__class__ = _Pending
        # mypy does not see that it is one now.
        _pending.append(module)  # type: ignore[arg-type]


class _Finder:
    """Finds modules of ours."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return what is known of a module that is to be pending; None for every other."""
        if not name.startswith(_OWN):
            return None
        spec = PathFinder.find_spec(name, path, target)
        # A package is imported at once, for the sake of what is in it.
        if spec is not None and spec.loader is not None and spec.submodule_search_locations is None:
            # typeshed asks for importlib's own class, Python for its two methods.
            spec.loader = _Loader(spec.loader)  # type: ignore[assignment]
        return spec


_FINDER = _Finder()
