"""What is put into a Compose file, to the byte, for services that stand there or beside it."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from wizard.compose import style
from wizard.compose.edit import joined
from wizard.compose.inheritance import Inheritance
from wizard.compose.insertion import Additions, Level, Unusual
from wizard.compose.joining import networks
from wizard.compose.nodes import MapNode
from wizard.compose.read import ParsedFile, parse_part
from wizard.compose.yaml_source import Content
from wizard.platform.errors import Refused

BESIDE = parse_part(
    b"services: {web: {image: x}, db: {image: y, networks: [back]}}\nnetworks: {back: }\n",
    "base.yml",
)
ADDRESS = "fd00::5"


@dataclass(frozen=True)
class Case:
    """A file, the services of it or of the one beside it, and what becomes of it."""

    services: list[str]
    address: bool
    before: str
    after: str | None
    refused: str | None

    def made(self, before: str) -> bytes:
        addresses = {"web": ADDRESS} if self.address else None
        file = parse_part(before.encode(), "a.yml")
        return joined(file, self.services, "six", None, [BESIDE], addresses=addresses)


def _case(text: str) -> tuple[str, Case]:
    head, *parts = re.split(r"^>>>>> (\w+)\n", text, flags=re.MULTILINE)
    name, *settings = head.splitlines()
    said = dict(line.split(": ") for line in settings)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    return name, Case(
        said["services"].split(),
        "address" in said,
        sections["before"],
        sections.get("after"),
        sections.get("refused"),
    )


CASES = dict(
    _case(text)
    for text in (Path(__file__).parent / "compose_additions.txt").read_text().split("##### ")[1:]
)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_put_in_is_this_and_what_cannot_be_is_refused_so(case: Case) -> None:
    if case.after is None:
        with pytest.raises(Refused) as refused:
            case.made(case.before)
        assert f"{refused.value}\n" == case.refused
        return
    assert case.made(case.before).decode() == case.after
    # A second time there is nothing to do, and a parser of others reads it as it was meant.
    assert case.made(case.after).decode() == case.after
    said = yaml.safe_load(re.sub(r"!(reset|override)\b", "", case.after))
    assert said["networks"]["six"] == {"external": True}
    for service in case.services:
        named = said["services"][service]["networks"]
        assert "six" in named
        if case.address and service == "web":
            assert named["six"] == {"ipv6_address": ADDRESS}
    files = [BESIDE.meaning, parse_part(case.after.encode(), "a.yml").meaning]
    assert all("six" in networks(files, service) for service in case.services)


def test_the_cases_have_both_kinds() -> None:
    assert sum(case.after is not None for case in CASES.values()) > 20
    assert sum(case.refused is not None for case in CASES.values()) > 8


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
    ("addition", "why"),
    [
        (
            "services: [",
            "a.yml is written in a way too unusual for a safe edit: a trial edit was not",
        ),
        (
            "x0: &x0 [a]\n"
            + "".join(f"x{n}: &x{n} [*x{n - 1}, *x{n - 1}, *x{n - 1}]\n" for n in range(1, 60)),
            "With the network in it, a.yml says more than 100,000",
        ),
    ],
)
def test_an_addition_that_makes_no_compose_file_is_unusual(addition: str, why: str) -> None:
    additions = Additions(file_of("# mine\n"))
    additions.splice(7, addition)
    with pytest.raises(Unusual) as unusual:
        additions.made()
    assert str(unusual.value).startswith(why)
    assert str(unusual.value).endswith(".")


@pytest.mark.parametrize(
    ("changed", "changing"),
    [
        ("base", {"heir", "grandchild"}),
        ("heir", {"grandchild"}),
        ("merging", set()),
        ("anchored", {"merging", "listed", "deeper"}),
        ("other", set()),
    ],
)
def test_who_has_other_networks_once_those_of_a_service_are_added_to(
    changed: str, changing: set[str]
) -> None:
    file = file_of(
        "services:\n  base: {image: x}\n  heir: {extends: base}\n  grandchild: {extends: heir}\n"
        "  anchored: &a {networks: {one: }}\n  merging: {<<: *a}\n  listed: {<<: [*a]}\n"
        "  deeper: {<<: {<<: *a}}\n  own: {<<: *a, networks: [two]}\n  other: {image: y}\n  none:\n"
    )
    assert file.document.root is not None
    services = file.document.root.pairs["services"]
    assert isinstance(services, MapNode)
    inheritance = Inheritance(file)
    inheritance.changes(changed, services.pairs[changed])
    assert {name for name in file.meaning.services if inheritance.is_changing(name)} == changing
