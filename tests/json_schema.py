"""As much of JSON Schema (draft 2020-12) as this project's own schemas use."""

from collections.abc import Iterator, Mapping
from typing import Any

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "null": (type(None),),
}
_KNOWN = {"$schema", "title", "description", "type", "enum", "items", "required", "properties",
          "additionalProperties"}  # fmt: skip


def faults(schema: Mapping[str, Any], value: object, place: str = "$") -> Iterator[str]:
    """Yield what of a value does not fit a schema."""
    assert schema.keys() <= _KNOWN, schema.keys() - _KNOWN
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place} is {value!r}"
    wanted = schema.get("type", [])
    kinds = [wanted] if isinstance(wanted, str) else wanted
    if kinds and not isinstance(value, tuple(each for kind in kinds for each in _TYPES[kind])):
        yield f"{place} is no {' or '.join(kinds)}: {value!r}"
        return
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        yield from (
            f"{place} lacks {each}" for each in schema.get("required", ()) if each not in value
        )
        if schema.get("additionalProperties", True) is False:
            yield from (f"{place}.{each} is not known" for each in value.keys() - properties.keys())
        for key, inner in properties.items():
            if key in value:
                yield from faults(inner, value[key], f"{place}.{key}")
    if isinstance(value, list) and "items" in schema:
        for number, each in enumerate(value):
            yield from faults(schema["items"], each, f"{place}[{number}]")
