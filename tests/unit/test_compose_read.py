from collections import Counter
from typing import Any

import pytest

from wizard.compose import builder, variables
from wizard.compose.builder import MAX_NODES, Builder
from wizard.compose.edit import add_network
from wizard.compose.nodes import MapNode, Node, Scalar, text_of
from wizard.compose.read import check_services, parse, parse_part, services
from wizard.platform.errors import Refused

GOOD = b"services: {web: {image: x}}\n"


def refusal(data: bytes) -> str:
    with pytest.raises(Refused) as refused:
        parse(data, "compose.yaml")
    message = str(refused.value)
    assert "Nothing was changed" in message
    assert message.endswith(".")
    return message


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no services"),
        (b"# nothing\n", "no services"),
        (b"version: '3'\n", "no services"),
        (b"services:\n", "no services"),
        (b"services: {}\n", "no services"),
        (b"# v1\nweb:\n  image: x\n", "first Compose format: in line 2 the service “web”"),
        (b"a: &b {build: .}\nc: *b\n", "in line 1 the service “a”"),
        (b"services: [web]\n", "“services:” is not a mapping"),
        (b"services: {web: x}\n", "web in compose.yaml is not a mapping"),
        (b"networks: [a]\nservices: {web: {}}\n", "“networks:” is not a mapping"),
        (b"- a\n", "at its top there is no mapping"),
        (b"hello\n", "at its top there is no mapping"),
        (b"services:\n  web:\n    image: [x\n", "not valid YAML"),
        (b"services:\n  web:\n\timage: x\n", "line 3: it is indented with a tab"),
        (
            b"x: &a {b: c}\nservices:\n  web:\n    <<: *a\n    <<: *a\n",
            "the merge key << twice in one place, in lines 4 and 5, which Compose 2 refuses",
        ),
        (b"services:\n  web:\n    <<: 1\n", "line 3: the merge key << takes only mappings"),
        (b"services:\n  web: *a\n", "line 2: *a has no anchor"),
        (b"services: &a {web: *a}\n", "line 1: *a has no anchor"),
        (b"x: &a 1\nservices: &a {web: *a}\n", "line 2: *a has no anchor"),
        (b"services: {}\n---\nservices: {}\n", "several YAML documents (line 2"),
        (b"services:\n  web: {image: \xff}\n", "not UTF-8 text (line 2)"),
        (b"services:\n  web: {image: \x07}\n", "line 2: it holds the character U+0007"),
        (b"a: " + b"[" * 5000, "nested too deep"),
        (b"#" * 1_000_001, "larger than 1 MB"),
        (b'services: {"a b": {}}\n', "a service named “a b”"),
        (b'services: {"\\e[31m": {}}\n', "a service named “\\x1b[31m”"),
        (b"\x00\x01\x02", "not valid YAML"),
        (b"\x1f\x8b\x08\x00\xc0", "not UTF-8"),
    ],
)
def test_bad_content_is_refused_in_a_sentence(data: bytes, says: str) -> None:
    assert says in refusal(data)


def merges(most: int) -> str:
    """Mappings that merge one another, each with one key more, in three lines each."""
    text = ["x-0: &m0\n  k0: v\n"]
    text += [f"x-{n}: &m{n}\n  <<: *m{n - 1}\n  key_{n}: v\n" for n in range(1, most)]
    return "".join(text)


def aliases(most: int) -> str:
    """Lists that hold the one before three times."""
    text = ["x0: &a0 [a, b]\n"]
    text += [f"x{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, most)]
    return "".join(text)


def nested_by_aliases(most: int) -> str:
    text = ["x-0: &a0 {k: v}\n"]
    text += [f"x-{n}: &a{n} {{k: *a{n - 1}}}\n" for n in range(1, most)]
    return "".join(text)


def nested_in_keys(most: int) -> str:
    text = ["x-0: &a0 {k: v}\n"]
    text += [f"x-{n}: &a{n}\n  ? *a{n - 1}\n  : v\n" for n in range(1, most)]
    return "".join(text)


def merged_in_place(levels: int) -> str:
    """Mappings merged where they are written, so that each level copies all the keys again."""
    keys = ", ".join(f"k{n}: v" for n in range(3000))
    return f"x: {'{<<: ' * levels}{{{keys}}}{'}' * levels}\n"


BOMBS = {
    "merges": (merges(2000), "more than 100,000 things"),
    "aliases": (aliases(60), "more than 100,000 things"),
    "nested by aliases": (nested_by_aliases(1500), "more than 100 levels"),
    "nested in keys": (nested_in_keys(500), "more than 100 levels"),
    "merged in place": (merged_in_place(90), "more than 100,000 things"),
    "many lines": ("x:\n" + "- a\n" * 120_000, "more than 100,000 things"),
}


@pytest.mark.parametrize(("bomb", "says"), BOMBS.values(), ids=BOMBS)
def test_what_says_more_than_any_file_is_refused_before_it_is_read_out(
    bomb: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counter[str]()
    merged, digest = Builder._merged, builder._digest

    def merging(self: Builder, node: Node, event: Any) -> list[MapNode]:
        found = merged(self, node, event)
        counted["pairs"] += sum(len(each.pairs) for each in found)
        return found

    def digesting(*parts: Any) -> bytes:
        counted["parts"] += len(parts)
        return digest(*parts)

    monkeypatch.setattr(Builder, "_merged", merging)
    monkeypatch.setattr(builder, "_digest", digesting)
    assert says in refusal((bomb + GOOD.decode()).encode())
    # The work done until then, whatever computer does it.
    assert counted["pairs"] <= MAX_NODES
    assert counted["parts"] <= 5 * MAX_NODES


def test_aliases_and_merge_keys_as_people_write_them_are_read() -> None:
    text = aliases(5) + merges(40).replace("x-", "y-") + nested_by_aliases(60) + GOOD.decode()
    assert [service.name for service in parse(text.encode(), "compose.yaml").services] == ["web"]


def test_services_that_extend_one_another_three_thousand_deep_are_read() -> None:
    text = "services:\n  s0: {image: x, networks: [back]}\n"
    text += "".join(f"  s{n}: {{extends: s{n - 1}}}\n" for n in range(1, 3000))
    found = parse(text.encode(), "compose.yaml").services
    assert {(service.image, service.networks) for service in found} == {("x", ("back",))}


def test_services_that_extend_one_another_and_name_networks_without_end_are_refused() -> None:
    text = "services:\n  s0: {image: x}\n"
    text += "".join(f"  s{n}: {{extends: s{n - 1}, networks: [n{n}]}}\n" for n in range(1, 3000))
    assert "name more than 100,000 networks" in refusal(text.encode())


def test_services_that_extend_one_another_in_a_circle_cannot_be_attached() -> None:
    text = b"services: {a: {extends: b}, b: {extends: c}, c: {extends: a}, d: {image: x}}\n"
    found = parse(text, "compose.yaml").services
    assert {service.name for service in found if service.attachable} == {"d"}


def test_a_good_file_is_read() -> None:
    file = parse(GOOD, "compose.yaml")
    assert file.raw == GOOD
    assert [service.name for service in file.services] == ["web"]


def test_a_hostile_name_is_written_out() -> None:
    with pytest.raises(Refused) as refused:
        parse(b"", "a\x1b[31m\u202eb")
    assert "\\x1b[31m\\u202eb" in str(refused.value)


def test_services_of_several_files_are_joined() -> None:
    first = parse(b"services: {web: {image: x}, db: {image: y}}\n", "a.yaml")
    second = parse_part(
        b"services: {web: {networks: [back]}, new: {network_mode: host}}\n"
        b"networks: {back: {internal: true}}\n",
        "b.yaml",
    )
    web, db, new = services([first, second])
    assert (web.name, web.image, web.networks, web.internet) == ("web", "x", ("back",), False)
    assert (db.name, db.networks) == ("db", None)
    assert (new.name, new.attachable) == ("new", False)


def test_of_a_key_that_stands_twice_the_last_counts_and_both_lines_are_known() -> None:
    file = parse(
        b"services:\n  web: {image: a}\n  web:\n    image: b\n    networks: [x]\n"
        b"    networks: [y]\nnetworks: {x: , y: }\n",
        "compose.yaml",
    )
    assert [(found.name, found.image, found.networks) for found in file.services] == [
        ("web", "b", ("y",))
    ]
    assert file.document.twice == (("networks", 5, 6), ("web", 2, 3))
    after = add_network(file, ["web"], "six").decode()
    assert "    networks: [x]\n    networks: [y, six]\n" in after


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("${A}/$B", "a/b"),
        ("$OTHER", "a"),
        ("${A:-x}${NONE:-y}${EMPTY:-z}${EMPTY-z}", "ayz"),
        ("${NONE}$NONE${NONE:?why}${NONE:-${A}}", "${NONE}$NONE${NONE:?why}a"),
    ],
)
def test_variables_are_put_in_where_they_are_known(text: str, said: str) -> None:
    values = variables.of_file(
        "# A=c\nexport A=a # remark\n B = 'b'\nEMPTY=\nOTHER=${A}\n;C\nD=\"#d\" #\n"
    )
    assert values == {"A": "a", "B": "b", "EMPTY": "", "OTHER": "a", "D": "#d"}
    assert variables.put_in(text, values) == said


@pytest.mark.parametrize(
    ("extends", "why"),
    [
        ("{file: a.yml, service: '${HW}'}", "the service ${HW} of a.yml, which has a variable in"),
        ("{service: '${HW}'}", "the service ${HW}, which has a variable in its name"),
        ("{file: a.yml, service: b}", "the file a.yml, which was not read"),
    ],
)
def test_why_what_is_extended_is_not_known_is_said(extends: str, why: str) -> None:
    text = f"services: {{web: {{image: x, extends: {extends}}}}}\n"
    (web,) = parse(text.encode(), "compose.yaml").services
    assert not web.attachable
    assert f"takes settings from {why}" in web.reason


# YAML 1.2.2, section 10.3.2.
@pytest.mark.parametrize(
    ("written", "is_null"),
    [
        ("", True),
        ("~", True),
        ("null", True),
        ("Null", True),
        ("NULL", True),
        ("!!null ''", False),
        ("!!null", True),
        ("!!str", False),
        ("!mine", False),
        ("nULL", False),
        ("none", False),
        ("''", False),
        ("'null'", False),
    ],
)
def test_what_is_null(written: str, is_null: bool) -> None:
    file = parse_part(f"x: {written}\n".encode(), "compose.yaml")
    assert file.document.root is not None
    node = file.document.root.pairs["x"]
    assert isinstance(node, Scalar)
    assert node.is_null is is_null
    assert (text_of(node) is None) is is_null
    assert text_of(None) is None


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["x: 1\n"], "a.yml has no services, so"),
        (["x: 1\n", "", "services: {}\n"], "a.yml, b.yml, c.yml have no services, so"),
        (
            ["x: 1\nweb:\n  image: x\n"],
            "a.yml is of the first Compose format: in line 2 the service",
        ),
        (["", "\ndb: {build: .}\n"], "b.yml is of the first Compose format: in line 2 the service"),
        (["x: &x {web: {image: x}}\n<<: *x\n"], "a.yml is of the first Compose format: in line 1 "),
        (["web: {ports: [x]}\nimage: x\n"], "a.yml has no services"),
    ],
)
def test_where_there_is_nothing_to_choose_from_it_is_said_why(texts: list[str], why: str) -> None:
    files = [
        parse_part(text.encode(), f"{name}.yml") for name, text in zip("abc", texts, strict=False)
    ]
    with pytest.raises(Refused) as refused:
        check_services(files)
    assert str(refused.value).startswith(why)
    check_services([*files, parse_part(b"services: {web: }\n", "d.yml")])
