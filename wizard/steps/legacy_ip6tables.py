"""Loads rules through python-iptables, on hosts whose ``ip6tables`` is the legacy program.

Never on others: merely opening a table there makes the legacy one beside the nft one.
"""

import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, cast

from wizard.platform.errors import StepFailed

Loader = Callable[[str, str, str, Sequence[Sequence[str]]], None]

# Where Debian has its own packages for Python (Debian Python Policy, "Module Path").
_PACKAGES = "/usr/lib/python3/dist-packages"

_NAMES = {
    "-i": "in-interface",
    "-o": "out-interface",
    "-s": "src",
    "-j": "target",
    "-p": "protocol",
}


def loader() -> Loader | None:
    """Return what loads rules, or None where the library is not installed."""
    iptc = _library()
    if iptc is None:
        return None

    def load(table: str, parent: str, chain: str, rules: Sequence[Sequence[str]]) -> None:
        """Put rules into a chain of their own, with a jump to it on top, in one commit."""
        opened = iptc.Table6(table)
        opened.autocommit = False
        try:
            own = opened.create_chain(chain)
            for words in rules:
                own.append_rule(iptc.easy.encode_iptc_rule(described(words), ipv6=True))
            jump = iptc.easy.encode_iptc_rule({"target": chain}, ipv6=True)
            iptc.Chain(opened, parent).insert_rule(jump)
            opened.commit()
        except (iptc.IPTCError, ValueError) as error:
            raise StepFailed(f"The rules in {table} could not be loaded: {error}.") from error
        finally:
            opened.refresh()
            opened.autocommit = True

    return load


def _library() -> ModuleType | None:
    """Import python-iptables from Debian's package python3-iptables, and leave the rest there.

    Nothing else of what is installed for Debian's own Python is ever seen by the wizard. While it
    is imported the library itself looks there for its compiled part.
    """
    sys.path.append(_PACKAGES)
    try:
        import iptc
    except ImportError:
        return None
    finally:
        sys.path.remove(_PACKAGES)
    return cast("ModuleType", iptc)


def described(words: Sequence[str]) -> dict[str, Any]:
    """Return the words of a rule as python-iptables describes one: ``{"src": …, "target": …}``.

    Raises:
        KeyError: an option is not one that this program uses.
    """
    rule: dict[str, Any] = {}
    rest = iter(words)
    inverted = ""
    for word in rest:
        if word == "!":
            inverted = "!"
        elif word == "-m":
            match, option, value = next(rest), next(rest), next(rest)
            rule[match] = {option.removeprefix("--"): value}
        else:
            rule[_NAMES[word]] = inverted + next(rest)
            inverted = ""
    return rule
