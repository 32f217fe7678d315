"""What was added to a Compose file comes out again, and what somebody else did since stays."""

import difflib
from collections.abc import Iterator

import pytest
from ruamel.yaml import YAML

from tests.unit.test_compose_shapes import EDITED, Shape
from wizard.compose.edit import add_network
from wizard.compose.read import parse
from wizard.compose.removal import without_addition, without_most
from wizard.compose.yaml_source import Content
from wizard.platform.reverse_edit import same, without_edit, without_lines

BEFORE = """\
services:
  web:
    image: one:1
    networks:
      - inner
  worker:
    image: two:1
networks:
  inner:
"""
AFTER = """\
services:
  web:
    image: one:1
    networks:
      - inner
      - six
  worker:
    image: two:1
    networks:
      - default
      - six
networks:
  inner:
  six:
    external: true
"""


def edits(shape: Shape, after: str) -> Iterator[tuple[str, str]]:
    """A remark on every other line, or a line before it: what it makes of before, and of after."""
    old, new = shape.before.splitlines(keepends=True), after.splitlines(keepends=True)
    for block in difflib.SequenceMatcher(None, old, new, False).get_matching_blocks():
        for at in range(0, block.size, 2):
            line = old[block.a + at]
            bare = line.rstrip("\r\n")
            for change in ([f"{bare} # mine{line[len(bare) :]}"], ["# mine\n", line]):
                made = []
                for lines, start in ((old, block.a), (new, block.b)):
                    place = start + at
                    made.append("".join([*lines[:place], *change, *lines[place + 1 :]]))
                yield made[0], made[1]


@pytest.mark.parametrize("shape", EDITED, ids=lambda shape: shape.name)
def test_of_every_shape_only_ours_is_taken_out_or_nothing(shape: Shape) -> None:
    after = shape.edited(shape.before.encode()).decode()
    assert without_addition(shape.before, after, after) == shape.before
    assert without_addition(shape.before, after, shape.before) == shape.before
    results = [
        (mine, without_addition(shape.before, after, both)) for mine, both in edits(shape, after)
    ]
    assert all(result in (mine, None) for mine, result in results)
    # None is for remarks that land inside a text, and so change what the file says elsewhere.
    assert sum(result == mine for mine, result in results) >= len(results) * 0.6


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("image: one:1", "image: one:2"),
        ("  worker:", "  cache:\n    image: three:1\n  worker:"),
        ("      - inner\n", "      - inner\n      - outer\n"),
        ("    image: two:1\n", "    image: two:1\n    environment:\n      A: b\n"),
        ("  inner:\n", "  inner:\n    internal: true\n"),
        ("services:", "# mine\nservices:"),
    ],
)
def test_what_an_administrator_does_stays_to_the_byte(old: str, new: str) -> None:
    both, mine = AFTER.replace(old, new, 1), BEFORE.replace(old, new, 1)
    assert without_addition(BEFORE, AFTER, both) == mine
    below = "volumes:\n  data:\n"
    assert without_addition(BEFORE, AFTER, both + below) == mine + below


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("      - six\n", "      - six # mine\n"),
        ("    external: true\n", "    external: true\n    name: other\n"),
        ("      - default\n", "      - default\n      - another\n"),
        # A copy of a service brought a copy of our line with it.
        ("\nnetworks:\n", "\n  copy:\n    image: one:1\n    networks: [six]\nnetworks:\n"),
        ("  six:\n", "  six: &anchor\n"),
        ("services:", "services: ["),
        ("services:\n", "services:\n\t"),
    ],
)
def test_what_cannot_be_told_apart_is_left_alone(old: str, new: str) -> None:
    both = AFTER.replace(old, new, 1)
    assert both != AFTER
    assert without_addition(BEFORE, AFTER, both) is None


def _by_an_editor(text: str) -> list[str]:
    """What editors and tools make of a text that they only save."""
    lines = text.splitlines()
    return [
        text if text.endswith("\n") else f"{text}\n",
        "\n".join(lines),
        "\n".join([*lines, ""]),
        "\r\n".join([*lines, ""]),
        "\n".join([*(f"{line}  " for line in lines), ""]),
        text.replace("    image: one:1", "    image: one:1  "),
    ]


@pytest.mark.parametrize("before", [BEFORE, BEFORE.rstrip("\n"), BEFORE.replace("\n", "\r\n")])
@pytest.mark.parametrize("declaration", [None, {"name": '"six"', "ipam": {"config": [{"a": "b"}]}}])
def test_a_file_that_an_editor_saved_keeps_what_the_editor_did(
    before: str, declaration: dict[str, Content] | None
) -> None:
    file = parse(before.encode(), "compose.yaml")
    after = add_network(file, ["web", "worker"], "six", declaration=declaration).decode()
    for mine, both in zip(_by_an_editor(before), _by_an_editor(after), strict=True):
        assert without_addition(before, after, both) == mine


@pytest.mark.parametrize("gone", ["web", "worker"])
def test_what_is_left_comes_out_when_a_chosen_service_was_deleted(gone: str) -> None:
    def without(text: str) -> str:
        start = text.index(f"  {gone}:\n")
        following = {"web": "  worker:", "worker": "\nnetworks:"}[gone]
        return text[:start] + text[text.index(following, start) :].lstrip("\n")

    assert without_addition(BEFORE, AFTER, without(AFTER)) == without(BEFORE)
    dos = [without(text).rstrip("\n").replace("\n", "\r\n") for text in (AFTER, BEFORE)]
    assert without_addition(BEFORE, AFTER, dos[0]) == dos[1]


def test_what_is_left_comes_out_when_a_chosen_service_has_another_name() -> None:
    renamed = AFTER.replace("  worker:", "  jobs:")
    assert without_addition(BEFORE, AFTER, renamed) == BEFORE.replace("  worker:", "  jobs:")


@pytest.mark.parametrize(
    "networks",
    [
        "[inner]",
        "\n      - inner # why\n      # and\n      - 'outer'",
        "\n    - inner\n    - outer",
        "\n      inner: {aliases: [a]}",
        "\n      *on",
    ],
)
def test_a_fixed_address_stands_in_the_file_and_comes_out_again(networks: str) -> None:
    before = (
        "x-on: &on {inner: {}}\n"
        f"services:\n  web:\n    networks: {networks}\n    image: one:1\n"
        "networks: {inner: , outer: }\n"
    )
    file = parse(before.encode(), "compose.yaml")
    after = add_network(file, ["web"], "six", addresses={"web": "2001:db8::2"}).decode()
    said = YAML(typ="safe").load(after)["services"]["web"]["networks"]
    assert said["six"] == {"ipv6_address": "2001:db8::2"}
    assert next(iter(said)) == "inner"
    assert without_addition(before, after, after) == before
    assert without_addition(before, after, after.rstrip("\n")) == before.rstrip("\n")


def test_a_file_that_holds_nothing_of_ours_is_as_it_should_be() -> None:
    assert without_addition(BEFORE, AFTER, BEFORE + "# mine\n") == BEFORE + "# mine\n"
    assert without_addition(BEFORE, AFTER, "services: {}\n") == "services: {}\n"


def test_aliases_without_end_are_given_up_on() -> None:
    bomb = "x0: &a0 {a: b, c: d, e: f, g: h}\n" + "".join(
        f"x{n}: &a{n} {{a: *a{n - 1}, b: *a{n - 1}, c: *a{n - 1}, d: *a{n - 1}}}\n"
        for n in range(1, 12)
    )
    assert without_addition(bomb + BEFORE, bomb + AFTER, bomb + AFTER + "# mine\n") is None


NOT_APART = {
    # Only half a list would be ours, and the rest of it something that nobody has said.
    "what would be less than theirs": (
        "services:\n  web:\n    image: one\n    networks:\n      - inner\nnetworks:\n  inner:\n",
        "services:\n  web:\n    image: one\n    networks:\n      - inner\n      - six\n"
        "networks:\n  inner:\n  six: {}\n",
        "services:\n      - inner\n      - six\nnetworks:\n  inner:\n  six: {}\n",
    ),
    # Two services were put on it, and their lines are one service's now.
    "what says it once more": (
        "services:\n  web:\n    image: one\n  db:\n    image: one\n"
        "    networks:\n      - default\n      - inner\nnetworks:\n  inner:\n",
        "services:\n  web:\n    image: one\n    networks:\n      - default\n      - six\n"
        "  db:\n    image: one\n    networks:\n      - default\n      - inner\n      - six\n"
        "networks:\n  inner:\n  six: {}\n",
        "services:\n  web:\n    image: one\n    image: one\n    networks:\n      - default\n"
        "      - inner\n      - six\nnetworks:\n  inner:\n  six: {}\n",
    ),
}


@pytest.mark.parametrize(("before", "after", "now"), NOT_APART.values(), ids=NOT_APART)
def test_what_cannot_be_told_apart_is_left(before: str, after: str, now: str) -> None:
    assert without_addition(before, after, now) is None


def test_what_declares_a_network_stays_whole_where_somebody_has_added_to_it() -> None:
    before = "services:\n  web:\n    image: a\n    networks:\n      - inner\nnetworks:\n  inner:\n"
    after = before.replace("      - inner\n", "      - inner\n      - six\n")
    after += "  six:\n    external: true\n"
    now = before + "  six:\n    name: theirs\n    external: true\n"
    # Without the one line that is ours it would be a network that Compose makes.
    assert without_most(before, after, now) is None


def test_where_nothing_of_it_is_left_whatever_is_there_stays() -> None:
    # Somebody has gone back to another version, in which a service has the name of our network.
    for now in (
        "services:\n  web:\n    image: one:1\n  six:\n    image: three\n",
        "services:\n  six:\n    image: three\n",
        "# Nothing.\n",
    ):
        assert without_addition(BEFORE, AFTER, now) == now


def test_lines_that_an_edit_took_away_come_back_between_the_same_neighbours() -> None:
    assert without_edit("a\nb\nc\n", "a\nc\n", "x\na\nc\ny\n") == "x\na\nb\nc\ny\n"
    assert without_edit("a\nb\n", "a\n", "a\n") == "a\nb\n"
    assert without_edit("a\nb\nc\n", "a\nc\n", "a\nx\nc\n") is None
    assert without_edit("a\n", "a\nb\n", "a\n") is None


def test_of_texts_too_large_to_compare_line_by_line_nothing_counts_as_the_same() -> None:
    few, many = ["a", "b"] * 20, ["a", "b"] * 600
    assert len(same(few, few[1:])) == len(few) - 1
    assert same(few, [*few[1:], "a"])
    assert same(many, [*many[1:], "a"]) == []


def test_lines_that_stood_in_the_place_of_others_come_out_all_or_not_at_all() -> None:
    before, after = "a\none\ntwo\nz\n", "a\nONE\nTWO\nz\n"
    assert without_lines(before, after, "a\r\nONE  \r\nTWO\r\nz") == "a\r\none\r\ntwo\r\nz"
    for half in ("a\nONE\nz\n", "a\nTWO\nz\n", "a\nONE\nmine\nTWO\nz\n"):
        assert without_lines(before, after, half) is None
    # Where none of them is left, nothing of ours has to come out.
    assert without_lines(before, after, "a\nmine\nz\n") == "a\nmine\nz\n"
    # What was only taken away comes back between the same neighbours, and nowhere else.
    assert without_lines("a\nb\nc\n", "a\nc\n", "a  \nc\n") == "a  \nb\nc\n"
    assert without_lines("a\nb\nc\n", "a\nc\n", "a\nmine\nc\n") == "a\nmine\nc\n"


def test_what_is_taken_out_leaves_nothing_of_ours_to_a_network_of_somebody_else() -> None:
    services = "services:\n  web:\n    image: b\n    networks:\n"
    before = f"{services}      - inner\nnetworks:\n  inner:\n"
    declared = "  six:\n    name: six\n    driver: bridge\n"
    after = (
        f"{services}      - inner\n      - six\nnetworks:\n  inner:\n{declared}"
        "    enable_ipv6: true\n"
    )
    # Somebody wrote a second declaration into the middle of ours.
    now = (
        f"{services}      - inner\nnetworks:\n  inner:\n{declared}  inner:\n    enable_ipv6: true\n"
    )
    assert without_most(before, after, now) is None
