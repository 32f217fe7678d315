"""Modules of a package that are imported without all else of it."""

import sys


def without_its_rest(package: str) -> None:
    """Let modules of a package be imported without what the package itself imports first.

    pyroute2 imports all that it has, whichever module of it is wanted, and that takes as long once
    more. Afterwards its modules can be had, and nothing by the name of the package alone. Where
    there is no such package, to import something of it fails as ever.
    """
    if package in sys.modules:
        return
    # Here, for who only names this does not need it.
    from importlib.util import find_spec, module_from_spec

    spec = find_spec(package)
    if spec is not None:
        sys.modules[package] = module_from_spec(spec)
