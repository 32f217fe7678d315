"""Frozen dataclasses as tables for TOML, and such tables read again with every type looked at."""

import dataclasses
import types
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

Read = TypeVar("Read")

_WORDS: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "a table",
}


class Unfit(ValueError):
    """Something is not of its type; the message says where and what, without a full stop."""


def written(value: object) -> dict[str, object]:
    """Return the fields of a dataclass, as deep as they go, as a table; None is left out.

    Raises:
        TypeError: it is no dataclass.
    """
    if not dataclasses.is_dataclass(value):
        raise TypeError(f"{type(value).__name__} has no fields")
    fields = ((each.name, getattr(value, each.name)) for each in dataclasses.fields(value))
    return {name: _plain(inner) for name, inner in fields if inner is not None}


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value):
        return written(value)
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def read(kind: type[Read], value: object, place: str) -> Read:
    """Return a value of a type: of a dataclass, a tuple, or one of TOML's own.

    Args:
        kind: The type. What may be None is so where a table does not name it.
        value: What a TOML text says.
        place: What it is called in messages, such as ``before``, and ``before.files[0]`` in it.

    Raises:
        Unfit: it is not of this type; nothing is guessed and nothing is converted.
    """
    return cast("Read", _read(kind, value, place))


def _read(kind: Any, value: object, place: str) -> object:  # noqa: ANN401 - types are of many types
    if get_origin(kind) in (types.UnionType, Union):
        (inner,) = (each for each in get_args(kind) if each is not type(None))
        return _read(inner, value, place)
    if get_origin(kind) is tuple:
        return _tuple(get_args(kind), _of(list, value, place), place)
    if get_origin(kind) is dict:
        return _of(dict, value, place)
    if dataclasses.is_dataclass(kind):
        return _instance(cast("type", kind), _of(dict, value, place), place)
    return _of(kind, value, place)


def _of(kind: type[Read], value: object, place: str) -> Read:
    # True is a whole number to Python, and none to TOML.
    if type(value) is not kind:
        is_one = _WORDS.get(type(value), "of a type of its own")
        raise Unfit(f"{place} is {is_one} and should be {_WORDS[kind]}")
    return value


def _tuple(kinds: Sequence[object], values: Sequence[object], place: str) -> tuple[object, ...]:
    if kinds[-1] is Ellipsis:
        kinds = [kinds[0]] * len(values)
    if len(kinds) != len(values):
        raise Unfit(f"{place} holds {len(values)} and should hold {len(kinds)}")
    return tuple(
        _read(kind, value, f"{place}[{number}]")
        for number, (kind, value) in enumerate(zip(kinds, values, strict=True))
    )


def _instance(kind: type, table: Mapping[str, object], place: str) -> object:
    hints, fields = _hints(kind), dataclasses.fields(kind)
    for name in table:
        if name not in {each.name for each in fields}:
            raise Unfit(f"{place}.{name} is nothing that this wizard knows")
    for each in fields:
        bare = each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING
        if bare and each.name not in table:
            raise Unfit(f"{place}.{each.name} is missing")
    values = {name: _read(hints[name], value, f"{place}.{name}") for name, value in table.items()}
    try:
        return kind(**values)
    except ValueError as error:
        raise Unfit(f"{place} {error}") from error


@cache
def _hints(kind: type) -> Mapping[str, object]:
    return get_type_hints(kind)
