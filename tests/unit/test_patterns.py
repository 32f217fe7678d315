"""No pattern takes long over what others may write at any length, whatever they write."""

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from itertools import product

import pytest

import wizard

LENGTH = 3000
"""Characters of a text: what grows with the square of it takes a hundred times too long."""

SECONDS = 0.1
"""Of the processor for one text, which is a hundred times what it takes."""

SIGNS = "a0 .:-_=/\"'[]{}\n\t#$@%"


def patterns() -> dict[str, re.Pattern[str]]:
    """Every pattern that a module of the engine has a name for."""
    found = {}
    for module in pkgutil.walk_packages(wizard.__path__, "wizard."):
        if module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                found.setdefault(value.pattern, (f"{module.name}.{name}", value))
    return dict(found.values())


def texts(pattern: str) -> Iterator[str]:
    """Texts that repeat a sign, two of them, or a word of the pattern itself."""
    own = {sign for sign in pattern if sign.isascii() and not sign.isspace()} - set("\\()?+*|^<>!")
    signs = sorted(set(SIGNS) | {sign for sign in own if not sign.isalnum()})
    words = set(re.findall(r"[A-Za-z]{3,}|[a-z]+[ :=]", pattern))
    for piece in (*signs, *map("".join, product(signs, repeat=2)), *sorted(words)):
        yield (piece * LENGTH)[:LENGTH]
    for sign, piece in product("a. ", sorted(words)):
        yield f"{piece}{sign * LENGTH}!"


@pytest.mark.parametrize("name", patterns())
def test_no_text_takes_long(name: str) -> None:
    pattern = patterns()[name]
    for text in texts(pattern.pattern):
        begun = time.process_time()
        for _found in pattern.finditer(text):
            pass
        pattern.match(text)
        pattern.fullmatch(text)
        taken = time.process_time() - begun
        assert taken < SECONDS, (pattern.pattern, text[:20], taken)
