"""Lists the licence of every package of this environment; ends with 1 where one will not do.

By hand: .venv-test/bin/python tests/licences.py, and with .venv the packages of the wizard alone.
"""

import importlib.metadata
import re
import sys
from collections.abc import Iterable, Mapping, Sequence

# As packages name them: by SPDX, by a classifier, or in words of their own.
_WILL_DO = re.compile(
    r"MIT|BSD|Apache|ISC|MPL|Mozilla Public|PSF|Python Software Foundation|LGPL|Lesser General"
)
_WILL_NOT = re.compile(r"AGPL|Affero", re.IGNORECASE)


def licences(told: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """What a package says of itself, by the names of its fields: any one of these may be chosen."""
    if expression := told.get("License-Expression"):
        return re.split(r"\s+OR\s+", expression[0])
    classifiers = [each for each in told.get("Classifier", ()) if each.startswith("License")]
    # The field may hold the whole text, whose title comes first (core metadata, License).
    return [each.rpartition(" :: ")[2] for each in classifiers] or [
        each.strip().partition("\n")[0] for each in told.get("License", ())
    ]


def will_do(found: Iterable[str]) -> bool:
    """Whether a package may be installed: one of its licences is known, and none is Affero's."""
    found = list(found)
    known = any(
        all(_WILL_DO.search(part) for part in re.split(r"\s+AND\s+", each)) for each in found
    )
    return known and not any(_WILL_NOT.search(each) for each in found)


def main() -> int:
    bad = 0
    for distribution in sorted(importlib.metadata.distributions(), key=lambda each: each.name):
        told = distribution.metadata
        found = licences({name: told.get_all(name) or () for name in set(told)})
        bad += not will_do(found)
        mark = "" if will_do(found) else "  <- will not do"
        print(f"{distribution.name} {distribution.version}: {' or '.join(found) or 'none'}{mark}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
