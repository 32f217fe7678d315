"""Every shape in compose_shapes/ is edited in place and by an override file."""

import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from wizard.compose import style
from wizard.compose.edit import add_network
from wizard.compose.inheritance import Inheritance
from wizard.compose.insertion import Additions, Level
from wizard.compose.joining import networks
from wizard.compose.nodes import MapNode
from wizard.compose.override import override
from wizard.compose.read import ParsedFile, parse, parse_part
from wizard.compose.yaml_source import Content
from wizard.platform.errors import Refused


@dataclass(frozen=True)
class Shape:
    name: str
    chosen: list[str]
    network: str
    before: str
    beside: str | None
    after: str | None
    refused: str | None

    def file(self, data: bytes | None = None) -> ParsedFile:
        return parse(self.before.encode() if data is None else data, "compose.yaml")

    def others(self) -> list[ParsedFile]:
        return [parse(self.beside.encode(), "base.yaml")] if self.beside else []

    def edited(self, data: bytes) -> bytes:
        file = self.file(data)
        return add_network(file, self.chosen, self.network, beside=self.others())


def _shape(path: Path) -> Shape:
    head, *parts = re.split(r"^>>>>> (\w+)\n", path.read_bytes().decode(), flags=re.MULTILINE)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    settings = dict(line.split(": ") for line in head.splitlines())
    return Shape(
        path.stem,
        settings["services"].split(),
        settings.get("network", "six"),
        sections["before"],
        sections.get("beside"),
        sections.get("after"),
        sections.get("refused"),
    )


SHAPES = [
    _shape(path) for path in sorted((Path(__file__).parent / "compose_shapes").glob("*.shape"))
]
EDITED = [shape for shape in SHAPES if shape.after is not None]
REFUSED = [shape for shape in SHAPES if shape.refused is not None]
# Shapes where no file can attach the service: an override is refused with the same sentence.
NOT_ATTACHABLE = {
    "empty_list",
    "extends_from_a_file",
    "network_mode_host",
    "network_mode_of_another",
    "tag_on_networks",
}

every_edited = pytest.mark.parametrize("shape", EDITED, ids=lambda shape: shape.name)
every_refused = pytest.mark.parametrize("shape", REFUSED, ids=lambda shape: shape.name)
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)


def wanted(shape: Shape) -> str:
    assert shape.after is not None
    return shape.after


def loaded(text: str) -> Any:
    # What a tag does to other files is no meaning of this one.
    return YAML(typ="safe", pure=True).load(re.sub(r"!(reset|override)\b", "", text))


def test_there_are_shapes_to_try() -> None:
    assert len(EDITED) >= 35
    assert len(REFUSED) >= 8


@every_edited
def test_the_edit_gives_exactly_this_text(shape: Shape) -> None:
    assert shape.edited(shape.before.encode()).decode() == wanted(shape)


@every_refused
def test_what_cannot_be_edited_is_refused_with_this_sentence(shape: Shape) -> None:
    with pytest.raises(Refused) as refused:
        shape.edited(shape.before.encode())
    assert str(refused.value) + "\n" == shape.refused


@every_edited
def test_editing_twice_adds_nothing(shape: Shape) -> None:
    assert shape.edited(wanted(shape).encode()).decode() == wanted(shape)


@every_edited
def test_lines_that_end_in_crlf_stay_so_and_new_ones_do_too(shape: Shape) -> None:
    before = shape.before.replace("\n", "\r\n").encode()
    assert shape.edited(before).decode() == wanted(shape).replace("\n", "\r\n")


@every_edited
def test_a_missing_final_newline_stays_missing(shape: Shape) -> None:
    before = shape.before.removesuffix("\n").encode()
    assert shape.edited(before).decode() == wanted(shape).removesuffix("\n")


@every_edited
def test_a_byte_order_mark_stays(shape: Shape) -> None:
    mark = b"\xef\xbb\xbf"
    assert shape.edited(mark + shape.before.encode()) == mark + wanted(shape).encode()


@every_edited
def test_every_line_stays_but_where_a_value_in_one_line_grows(shape: Shape) -> None:
    difference = difflib.ndiff(shape.before.splitlines(), wanted(shape).splitlines())
    touched = [line for line in difference if line.startswith("-")]
    for line in touched:
        # A flow value, an alias or a null; and the last lines of JSON, which take a comma.
        assert re.search(r"[\[{*~]|[\"}]$|# the first$", line), line


@every_edited
def test_every_character_stays_but_for_a_replaced_alias_or_null(shape: Shape) -> None:
    after = iter(wanted(shape))
    kept = all(character in after for character in shape.before)
    replaced = {
        "anchor_shared_list",
        "alias_at_the_chosen_service",
        "networks_null_written",
        "networks_reset_here",
    }
    assert kept == (shape.name not in replaced)


@every_edited
def test_nothing_else_means_anything_else_to_an_independent_parser(shape: Shape) -> None:
    before, after = loaded(shape.before), loaded(wanted(shape))
    for name, service in before["services"].items():
        changed = after["services"][name] or {}
        if name in shape.chosen:
            changed.pop("networks")
            (service or {}).pop("networks", None)
            assert changed == (service or {})
        else:
            assert changed == (service or {})
    assert list(after["services"]) == list(before["services"])
    for key in set(before) | set(after):
        if key not in ("services", "networks"):
            assert after[key] == before[key]
    old, new = before.get("networks") or {}, after["networks"]
    assert {key: new[key] for key in old} == old
    assert len(new) - len(old) in (0, 1)


@every_shape
def test_an_override_file_puts_the_chosen_services_on_the_network_and_no_other(
    shape: Shape,
) -> None:
    files = [*shape.others(), shape.file()]
    if shape.name in NOT_ATTACHABLE:
        with pytest.raises(Refused):
            override(files, shape.chosen, shape.network, None)
        return
    content = override(files, shape.chosen, shape.network, None)
    assert override(files, shape.chosen, shape.network, content) == content

    before = [file.meaning for file in files]
    after = [*before, parse_part(content, "override").meaning]
    for name in {name for file in before for name in file.services}:
        joined = set(networks(after, name)) - set(networks(before, name))
        stayed = set(networks(before, name)) - set(networks(after, name))
        assert not stayed
        there = any(
            file.external(key) == shape.network for file in before for key in networks(before, name)
        )
        assert len(joined) == (name in shape.chosen and not there)
        for key in joined:
            assert any(file.external(key) == shape.network for file in after)


def file_of(text: str) -> ParsedFile:
    return parse_part(text.encode(), "a.yml")


@pytest.mark.parametrize(
    ("text", "columns", "dash"),
    [
        ("services:\n  web:\n    image: x\n", 2, None),
        ("services:\n    web:\n        links:\n          - a\n", 4, 2),
        ("services:\n web:\n  links:\n  - a\n", 1, 0),
        ("services: {web: {image: x}}\n", 2, None),
        ("services:\n  a: {links: [b]}\n  web:\n    one: [c]\n    links:\n      - d\n", 2, 2),
        ("services:\n  a: x\n  web:\n    links:\n        - d\n", 2, 4),
        ("services: {}\n", 2, None),
        ("? services\n: web: {image: x}\n", 2, None),
        ("services:\n  web:\n    one:\n      -\n        b: c\n    two:\n    - d\n", 2, 0),
        ("x: 1\n", 2, None),
        ("", 2, None),
    ],
)
def test_a_file_s_style_is_that_of_its_services(text: str, columns: int, dash: int | None) -> None:
    text = text.replace("a: x\n", "a: {}\n")
    document = file_of(text).document
    assert style.indentation(document) == columns
    assert style.dash_of(document, style.services(document)) == dash


def test_content_is_written_line_by_line_in_the_file_s_style() -> None:
    document = file_of("services:\n   web:\n      image: x\n").document
    content: dict[str, Content] = {
        "a": "1", "b": {}, "c": [], "d": {"e": {"f": "g"}}, "h": ["i", {"j": "k", "l": "m"}],
    }  # fmt: skip
    assert style.block(content, 1, document, 2) == [
        " a: 1", " b: {}", " c: []", " d:", "    e:", "       f: g", " h:", "   - i", "   - j: k",
        "     l: m",
    ]  # fmt: skip
    assert style.block("x", 3, document, 0) == ["   x"]


def test_of_several_additions_at_one_place_the_one_further_inside_comes_first() -> None:
    file = file_of("services:\n  web:\n    image: x\n")
    additions = Additions(file)
    assert additions.made() is file
    end = len(file.document.text)
    additions.splice(end, "top: 1\n", level=Level.TOP)
    additions.splice(end, "  db: {}\n", level=Level.SERVICES)
    additions.splice(end, "    tty: true\n")
    additions.splice(end, "    init: true\n")
    additions.splice(0, "# ", 0)
    additions.splice(0, "mine\n")
    assert additions.made().raw.decode() == (
        "# mine\nservices:\n  web:\n    image: x\n    tty: true\n    init: true\n  db: {}\ntop: 1\n"
    )


@pytest.mark.parametrize(
    ("changed", "changing"),
    [
        ("base", {"heir", "grandchild"}),
        ("heir", {"grandchild"}),
        ("merging", set()),
        ("anchored", {"merging", "listed", "deeper", "twice"}),
        ("other", set()),
        ("on", {"also"}),
    ],
)
def test_who_has_other_networks_once_those_of_a_service_are_added_to(
    changed: str, changing: set[str]
) -> None:
    file = file_of(
        "services:\n  base: {image: x}\n  heir: {extends: base}\n  grandchild: {extends: heir}\n"
        "  anchored: &a {networks: {one: }}\n  merging: {<<: *a}\n  listed: {<<: [*a]}\n"
        "  twice: {<<: [*a, *a]}\n  on: {networks: &n [one]}\n  also: {networks: *n}\n"
        "  deeper: {<<: {<<: *a}}\n  own: {<<: *a, networks: [two]}\n  other: {image: y}\n  none:\n"
    )
    assert file.document.root is not None
    services = file.document.root.pairs["services"]
    assert isinstance(services, MapNode)
    inheritance = Inheritance(file)
    service = services.pairs[changed]
    inheritance.changes(changed, service)
    if changed == "on":
        assert isinstance(service, MapNode)
        assert not inheritance.is_changing("also")
        inheritance.changes(changed, service.pairs["networks"])
    assert {name for name in file.meaning.services if inheritance.is_changing(name)} == changing
