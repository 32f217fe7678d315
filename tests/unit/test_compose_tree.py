"""The tree of a YAML text: where everything stands, what is the same, and what is no such text."""

from collections.abc import Iterator

import pytest
import yaml

from wizard.compose import builder
from wizard.compose.builder import Builder
from wizard.compose.document import MAX_BYTES, Document, load
from wizard.compose.nodes import Alias, ListNode, MapNode, Node, Scalar, value_of
from wizard.platform.errors import Refused


@pytest.fixture(params=["CSafeLoader", "SafeLoader"], autouse=True)
def _both_parsers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "LOADER", getattr(yaml, request.param))


def built(text: str) -> MapNode:
    root = Builder(text, "a.yml").document()
    assert root is not None
    return root


def nodes(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, MapNode):
        for key, value in node.items:
            yield from (*nodes(key), *nodes(value))
    elif isinstance(node, ListNode):
        for item in node.items:
            yield from nodes(item)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a: b # c\n", ["a", "b"]),
        ("a:\nb:  \nc : # d\n", ["a", "", "b", "", "c", ""]),
        ("a: &x !!str 'b'\n", ["a", "&x !!str 'b'"]),
        ("a: [b, {c: d}]\n", ["a", "[b, {c: d}]", "b", "{c: d}", "c", "d"]),
        ("{a, b: , c: []}\n", ["a", "", "b", "", "c", "[]"]),
        ("x: &x [1]\ny: *x\n", ["x", "&x [1]", "1", "y", "*x"]),
        ("a: |\n  b\nc: d\n", ["a", "|\n  b\n", "c", "d"]),
    ],
)
def test_every_node_stands_where_it_is_written(text: str, pieces: list[str]) -> None:
    written = [
        text[each.start : each.end]
        for each in [*nodes(built(text))][1:]
        if not isinstance(each, ListNode | MapNode) or each.flow
    ]
    assert written == pieces


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("a:\nb: c\n", [2]),
        ("a   :\n", [5]),
        ("{a, b: }\n", [2, 6]),
        ("? a\n", [3]),
    ],
)
def test_a_null_that_is_not_written_stands_right_behind_its_colon(
    text: str, places: list[int]
) -> None:
    nulls = [each for each in nodes(built(text)) if isinstance(each, Scalar) and not each.value]
    assert [each.start for each in nulls] == [each.end for each in nulls] == places


def test_of_lists_and_mappings_it_is_known_how_they_are_written() -> None:
    text = "a: &x !mine [b]\nc: !other {d: e}\nf:\n  - g\nh:\n  i: j\n"
    root = built(text)
    flow_list, flow_map, block_list, block_map = root.pairs.values()
    assert isinstance(flow_list, ListNode)
    assert isinstance(flow_map, MapNode)
    assert isinstance(block_list, ListNode)
    assert isinstance(block_map, MapNode)
    assert [each.flow for each in (root, flow_list, flow_map, block_list, block_map)] == [
        False, True, True, False, False
    ]  # fmt: skip
    assert (flow_list.anchor, flow_list.tag, flow_map.anchor, flow_map.tag) == (
        "x", "!mine", None, "!other"
    )  # fmt: skip
    assert text[flow_list.opened :].startswith("b]")
    assert text[flow_map.opened :].startswith("d: e}")
    assert block_map.own("i") == block_map.items[0]
    assert block_map.own("j") is None
    assert root.start == 0


def test_an_alias_stands_for_what_its_anchor_was_at_last() -> None:
    root = built("a: &x 1\nb: *x\nc: &x [2]\nd: *x\n")
    first, second = root.written["b"][1], root.written["d"][1]
    assert isinstance(first, Alias)
    assert isinstance(second, Alias)
    assert first.target is root.pairs["a"]
    assert value_of(second) is root.pairs["c"]
    assert first.digest == root.pairs["a"].digest


def test_of_merged_mappings_the_first_counts_and_what_is_written_counts_over_all() -> None:
    text = "a: &a {k: 1, l: 1, m: 1}\nb: &b {l: 2, n: 2}\nc: {<<: [*b, *a], m: 3}\n"
    merged = built(text).pairs["c"]
    assert isinstance(merged, MapNode)
    said = {key: value.value for key, value in merged.pairs.items() if isinstance(value, Scalar)}
    assert said == {"k": "1", "l": "2", "m": "3", "n": "2"}
    assert set(merged.written) == {"<<", "m"}
    quoted = built("a: &a {k: 1}\nc: {'<<': *a}\n").pairs["c"]
    assert isinstance(quoted, MapNode)
    assert list(quoted.pairs) == ["<<"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", "a # b"),
        ("'a b'", '"a b"'),
        ("", "~"),
        ("null", "NULL"),
        ("", "Null"),
        ("[a, b]", "\n- a\n- b"),
        ("{a: b, c: d}", "{c: d, a: b}"),
        ("{a: b}", "\n  a: b"),
        ("&x a", "a"),
        ("{<<: {a: b}, c: d}", "{a: b, c: d}"),
        ("[&x [a], *x]", "[[a], [a]]"),
        ("|-\n  a", "'a'"),
    ],
)
def test_what_means_the_same_has_the_same_digest(one: str, other: str) -> None:
    assert built(f"x: {one}\n").digest == built(f"x: {other}\n").digest


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", "b"),
        ("1", "'1'"),
        ("", "''"),
        ("~", "'~'"),
        ("null", "nothing"),
        ("!x a", "a"),
        ("!x a", "!y a"),
        ("!x a", "!xa ''"),
        ("!x 'a'", "!x a"),
        ("[]", "{}"),
        ("[]", "''"),
        ("[a, b]", "[b, a]"),
        ("[ab, c]", "[a, bc]"),
        ("[a, a]", "[a]"),
        ("[[a], b]", "[[a, b]]"),
        ("!x []", "[]"),
        ("!x {}", "{}"),
        ("{a: b}", "{a: c}"),
        ("{a: b}", "{b: a}"),
        ("{a: , b: }", "{a: b}"),
        ("{a: b}", "[a, b]"),
        ("{? [a] : b}", "{? [c] : b}"),
    ],
)
def test_what_means_something_else_has_another_digest(one: str, other: str) -> None:
    assert built(f"x: {one}\n").digest != built(f"x: {other}\n").digest


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a:\n  b: [", "line 2: while parsing a flow"),
        ("a:\n  b: [\n", "line 3: while parsing a flow"),
        ("a: b\nc: d: e\n", "line 2: mapping values are not allowed"),
        ("x: ['\t', }\n", "line 1: while parsing a flow"),
        ("a:\n  b: c\n\td: e", "line 3: it is indented with a tab, and YAML takes only spaces"),
        ("a:\n  b: c\n\td: e\n", "line 3: it is indented with a tab, and YAML takes only spaces"),
        ("a:\n  <<: [{b: c}, d]\n", "line 2: the merge key << takes only mappings"),
        ("a: {<<: []}\n", "line 1: the merge key << takes only mappings"),
        ("a: b\nc: \x7f\n", "line 2: it holds the character U+007F"),
        ('a: "\\U00110000"\n', "line 1: "),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line_and_why(text: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        built(text)
    said = str(refused.value)
    assert f"a.yml is not valid YAML, so Compose cannot read it either: {why}" in said
    assert said.endswith(". Nothing was changed. Fix the line and try again.")
    assert ("tab" in said) is ("tab" in why)


def test_a_text_says_so_much_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "MAX_NODES", 1000)
    items = ", ".join("a" * 997)
    assert len(list(nodes(built(f"x: [{items}]\n")))) == 1000
    more = "x:\n" + "- a\n" * 998
    with pytest.raises(Refused) as refused:
        built(more)
    assert str(refused.value).startswith(
        "a.yml says more than 1,000 things by line 999, aliases and merge keys written out, which"
    )
    # What an alias stands for is said once more, and so is each key that is merged.
    with pytest.raises(Refused, match="says more than 1,000 things by line 2"):
        built(f"x: &x [{', '.join('a' * 500)}]\ny: [*x]\n")


@pytest.mark.parametrize("by_alias", [False, True])
def test_a_text_is_nested_so_deep_and_no_deeper(
    by_alias: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "MAX_DEPTH", 10)

    def nested(depth: int) -> str:
        """Return a text whose deepest node has as many around it, and itself."""
        if by_alias:
            return f"x: &x {'[' * 4}a{']' * 4}\ny: {'[' * (depth - 6)}*x{']' * (depth - 6)}\n"
        return f"x:\n  y: {'[' * (depth - 3)}a{']' * (depth - 3)}\n"

    built(nested(10))
    with pytest.raises(Refused) as refused:
        built(nested(11))
    assert str(refused.value).startswith(
        "a.yml is nested too deep, with more than 10 levels in line 2, aliases and merge keys"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: b\n---\nc: d\n", "a.yml holds several YAML documents (line 2 begins another)"),
        ("- a\n", "a.yml is not a Compose file: at its top there is no mapping"),
        ("a\n", "a.yml is not a Compose file: at its top there is no mapping"),
        ("''\n", "a.yml is not a Compose file: at its top there is no mapping"),
        (
            "a: {<<: {b: c}, <<: {d: e}}\n",
            "a.yml has the merge key << twice in one place, in lines 1",
        ),
    ],
)
def test_what_is_no_single_mapping_is_refused(text: str, says: str) -> None:
    with pytest.raises(Refused) as refused:
        built(text)
    assert str(refused.value).startswith(says)
    assert "Nothing was changed" in str(refused.value)


def test_a_text_that_says_nothing_has_no_top_and_one_may_end_before_its_file() -> None:
    for text in ("", "# a\n", "---\n", "--- ~\n", "null\n"):
        assert Builder(text, "a.yml").document() is None
    document = load(b"a: b\n...\n# c\n", "a.yml")
    assert document.end == 5
    assert load(b"a: b\n# c\n", "a.yml").end == 9


def test_keys_that_stand_twice_are_known_with_their_lines() -> None:
    read = Builder("a: 1\nb: {c: 1, c: 2}\na: 2\na: 3\n", "a.yml")
    assert read.document() is not None
    assert read.twice == [("c", 2, 2), ("a", 1, 3), ("a", 1, 4)]


def test_a_document_knows_its_line_ends_and_columns_and_keeps_its_mark() -> None:
    def of(data: bytes) -> Document:
        return load(data, "a\x1b.yml")

    assert of(b"").name == "a\\x1b.yml"
    for data, newline in (
        (b"a: b\n", "\n"),
        (b"a: b\r\nc: d\n", "\r\n"),
        (b"a: b\nc: d\r\n", "\n"),
        (b"a: b", "\n"),
        (b"\na: b\r\n", "\n"),
        (b"\r\na: b\n", "\r\n"),
    ):
        assert of(data).newline == newline
    document = of(b"\xef\xbb\xbfa: b\n  \nc: d\n")
    assert document.text == "a: b\n  \nc: d\n"
    assert [document.column(place) for place in (0, 3, 5, 7, 8, 11)] == [0, 3, 0, 2, 0, 3]
    assert [of(b"\na: b\n").column(place) for place in (0, 1, 2)] == [0, 0, 1]
    assert document.with_text("e: f\n") == b"\xef\xbb\xbfe: f\n"
    assert of(b"a: b\n").with_text("é\n") == "é\n".encode()


def test_a_file_may_be_so_large_and_is_text() -> None:
    assert load(b"#" * MAX_BYTES, "a.yml").root is None
    with pytest.raises(Refused, match=r"^a\.yml is larger than 1 MB"):
        load(b"#" * (MAX_BYTES + 1), "a.yml")
    with pytest.raises(Refused, match=r"^a\.yml is not UTF-8 text \(line 3\)"):
        load(b"a: b\n\n\xff\n", "a.yml")
