"""No pattern takes long over what others may write at any length, whatever they write."""

import ast
import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import pytest

import wizard

LENGTH = 6000
"""Characters of a text: what grows with the square of it takes hundreds of times too long."""

SECONDS = 0.1
"""Of the processor for one text, which is a hundred times what it takes."""

TRIES = 3
"""The processor may be busy with others: the best of so many counts."""

SIGNS = "a0 .:-_=/\"'[]{}\n\t#$@%"


Pattern = tuple[re.Pattern[str], tuple[str, ...]]
"""A pattern, and the methods by which it is asked."""


@cache
def patterns() -> dict[str, Pattern]:
    """Every pattern of the core, whether it has a name or is written where it is asked."""
    found: dict[str, Pattern] = {}
    for module in pkgutil.walk_packages(wizard.__path__, "wizard."):
        if module.name.endswith("__main__"):
            continue
        values = vars(importlib.import_module(module.name))
        tree = ast.parse(Path(str(values["__file__"])).read_text("utf-8"))
        for name, value in list(values.items()):
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                asked = _asked(tree, name)
                ways = {
                    "fullmatch" if way in ("fullmatch", "match") else "findall" for way in asked
                }
                found[f"{module.name}.{name}"] = value, tuple(sorted(ways))
        for node in ast.walk(tree):
            match node:
                case ast.Call(
                    ast.Attribute(ast.Name("re"), way), [ast.Constant(str() as text), *_]
                ) if way in ("search", "match", "fullmatch", "findall", "sub", "split"):
                    lines = re.MULTILINE if "re.M" in ast.unparse(node) else 0
                    way = "findall" if way == "sub" else way
                    place = f"{module.name}:{node.lineno}:{node.col_offset}"
                    found[place] = re.compile(text, lines), (way,)
    return found


def _asked(tree: ast.AST, name: str) -> set[str]:
    """The methods of a name that are used in a module; all of them where it is passed on."""
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == name
    }
    return used or {"findall", "fullmatch"}


def texts(pattern: str) -> Iterator[str]:
    """Texts that repeat a sign, two of them, or a word of the pattern itself."""
    own = {sign for sign in pattern if sign.isascii() and not sign.isalnum()} - set("\\()?+*|^<>!")
    pairs = product(sorted(own | set("a0 \n")), repeat=2)
    words = set(re.findall(r"[A-Za-z]{3,}|[a-z]+[ :=]", pattern))
    for piece in (*SIGNS, *map("".join, pairs), *sorted(words)):
        yield (piece * LENGTH)[:LENGTH]
    for sign, piece in product("a. ", sorted(words)):
        yield f"{piece}{sign * LENGTH}!"


@pytest.mark.parametrize("name", patterns())
def test_no_text_takes_long(name: str) -> None:
    pattern, ways = patterns()[name]
    for text in texts(pattern.pattern):
        for way in ways:
            taken = SECONDS
            for _try in range(TRIES):
                begun = time.process_time()
                getattr(pattern, way)(text)
                taken = min(taken, time.process_time() - begun)
                if taken < SECONDS:
                    break
            assert taken < SECONDS, (pattern.pattern, way, text[:20])


def test_what_is_written_where_it_is_asked_is_found() -> None:
    assert any(":" in name for name in patterns())
    assert "wizard.platform.masking._SECRET" in patterns()
