"""Every part of a host is declared once, and one that is declared wrongly stops the program."""

from collections.abc import Callable
from dataclasses import fields, replace
from types import ModuleType
from typing import Any

import pytest

from wizard.host.every_part import PARTS, collect
from wizard.host.host import Host
from wizard.host.part import Part


def modules(*parts: object) -> list[ModuleType]:
    made = []
    for number, part in enumerate(parts):
        module = ModuleType(f"wizard.host.parts.made_up_{number}")
        if part is not None:
            module.PART = part  # type: ignore[attr-defined]
        made.append(module)
    return made


def named(of: Callable[[Host], Any], label: str = "Kernel") -> Part[Any]:
    return Part(of, label=label, find=lambda _: "6.1", words=lambda words: (words, "ok"))


def test_the_parts_stand_in_the_order_of_the_fields_of_a_host() -> None:
    assert [part.field for part in PARTS] == [field.name for field in fields(Host)]
    assert collect(modules(*reversed(PARTS))) == PARTS


def test_a_file_without_a_part_is_named() -> None:
    with pytest.raises(TypeError, match=rf"parts\.made_up_{len(PARTS)} declares no part of a host"):
        collect(modules(*PARTS, None))


def test_a_field_that_no_file_declares_is_named() -> None:
    with pytest.raises(TypeError, match=r"No file of wizard/host/parts/ declares Host\.kernel\."):
        collect(modules(*(part for part in PARTS if part.field != "kernel")))


def test_a_field_that_two_files_declare_is_named() -> None:
    (kernel,) = (part for part in PARTS if part.field == "kernel")
    with pytest.raises(
        TypeError, match=rf"made_up_{len(PARTS)} declares Host\.kernel, which another does"
    ):
        collect(modules(*PARTS, replace(kernel, label="Again")))


@pytest.mark.parametrize(
    "of", [lambda host: host.colonel, lambda host: host.uplink[0], lambda _: 1]
)
def test_a_part_of_no_field_cannot_be_declared(of: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="no field of Host"):
        named(of)


@pytest.mark.parametrize("label", ["", "Seventeen letters"])
def test_a_label_that_has_no_room_cannot_be_declared(label: str) -> None:
    with pytest.raises(TypeError, match="1 to 16 characters"):
        named(lambda host: host.kernel, label)
