"""Of an edit that others have edited since, what is left is named, and nothing of theirs is."""

from collections.abc import Mapping

import pytest

from wizard.compose.edit import add_network
from wizard.compose.left import lines_left
from wizard.compose.override import override
from wizard.compose.read import parse
from wizard.compose.removal import without_addition, without_most
from wizard.compose.yaml_source import Content

BEFORE = "services:\n  web:\n    image: one:1\n  job:\n    image: two:1\n"
FLOW = "services:\n  web:\n    image: one:1\n  job: {image: two:1}\n"
DECLARED: Mapping[str, Content] = {"name": '"six"', "driver": '"bridge"'}
THEIRS = "  new:\n    image: three:1\n    networks:\n      - default\n      - front\n"


def added(before: str) -> str:
    file = parse(before.encode(), "compose.yaml")
    return add_network(file, ["web", "job"], "six", declaration=DECLARED).decode()


def undone(before: str, now: str) -> tuple[str, tuple[str, ...]]:
    """Return what an undo makes of a text, and which lines it names."""
    after = added(before)
    free = without_addition(before, after, now)
    if free is None:
        free = without_most(before, after, now)
    result = now if free is None else free
    return result, lines_left(before, after, result)


def test_a_new_service_in_the_place_of_a_chosen_one_keeps_its_networks() -> None:
    now = added(BEFORE)
    start, end = now.index("  job:"), now.index("networks:\n  six")
    gone = f"{now[:start]}{THEIRS}{now[end:]}"
    assert undone(BEFORE, gone) == (
        f"services:\n  web:\n    image: one:1\n{THEIRS}",
        (),
    )


@pytest.mark.parametrize("before", [BEFORE, FLOW])
def test_a_service_that_is_commented_out_is_named_and_the_rest_comes_out(before: str) -> None:
    lines = added(before).splitlines(keepends=True)
    start = next(number for number, line in enumerate(lines) if line.startswith("  job:"))
    end = lines.index("networks:\n")
    lines[start:end] = [f"#{line}" for line in lines[start:end]]
    result, left = undone(before, "".join(lines))
    assert result == "services:\n  web:\n    image: one:1\n" + "".join(lines[start:end])
    assert left
    assert "six" in left[-1]


def test_a_network_of_theirs_below_ours_is_no_reason_to_leave_ours() -> None:
    before = f"{BEFORE}networks:\n# none yet\nvolumes:\n  data:\n"
    now = added(before).replace("networks:\n  six:", "networks:\n  mine:\n  six:")
    assert "mine" in now
    assert undone(before, now) == (before.replace("networks:\n", "networks:\n  mine:\n"), ())


def test_what_a_key_that_stands_twice_hides_is_theirs_too() -> None:
    before = (
        "services:\n    web:\n        image: one:1\n    job:\n        image: two:1\n"
        "volumes:\n    data:\n"
    )
    # A service that is not indented as the others takes them into itself.
    new = "  new:\n    image: three:1\n    networks:\n      - default\n"
    below = "volumes:\n  more:\n"
    result, _ = undone(before, added(before).replace("    web:", f"{new}    web:") + below)
    assert result[result.index("volumes:") :] == f"volumes:\n    data:\n{below}"


def test_a_renamed_service_in_one_line_is_taken_back_and_one_with_a_remark_named() -> None:
    now = added(FLOW).replace("  job:", "  task:")
    assert undone(FLOW, now) == (FLOW.replace("  job:", "  task:"), ())
    remark = now.replace("default, six]", "default, # mine\n      six]")
    result, left = undone(FLOW, remark)
    assert "  task: {image: two:1, networks: [default, # mine\n" in result
    assert "    networks:\n" not in result
    assert any("six]}" in each for each in left)


def test_networks_of_others_are_not_named_as_ours() -> None:
    now = added(BEFORE).replace("  job:\n", f"{THEIRS}  job:\n").replace("- front\n", "- back\n")
    result, left = undone(BEFORE, now)
    assert result == BEFORE.replace("  job:\n", f"{THEIRS}  job:\n").replace("front", "back")
    assert not left


def test_a_remark_of_theirs_that_names_the_network_is_theirs() -> None:
    remark = "# six is the network with IPv6\n"
    assert undone(BEFORE, remark + added(BEFORE)) == (remark + BEFORE, ())


def test_a_file_of_remarks_alone_is_had_back_whatever_came_below() -> None:
    before = "# Nothing here yet.\n"
    base = parse(BEFORE.encode(), "compose.yaml")
    after = override([base], ["web"], "six", before.encode()).decode()
    assert without_addition(before, after, after) == before
    assert without_addition(before, after, f"{after}volumes: {{a: }}\n") == (
        f"{before}volumes: {{a: }}\n"
    )


def left(text: str) -> list[str]:
    """Return the numbers of the lines that are named, as they are said."""
    named = lines_left(BEFORE, added(BEFORE), text)
    assert all(" (“" in each or " (from “" in each for each in named)
    return [each.partition(" (")[0] for each in named]


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        # What is written otherwise says the same.
        (["networks:", "  six:", "    driver: 'bridge'"], ["line 6", "line 7", "line 8"]),
        (["networks: {six: {driver: bridge}}"], ["line 6"]),
        (["networks:", "  six:"], ["line 6", "line 7"]),
        (["# networks:", "#  six:"], ["line 6", "line 7"]),
        (["networks:", "  sixty:"], []),
        (["networks:", "  front:", "    driver: bridge"], []),
        (["    networks:", "      - default"], ["line 6", "line 7"]),
        (["    networks:", "      - default", "      - front"], ["line 6", "line 7"]),
        (
            ["    networks:", "      - default", "      - six", "networks:", "  six:"],
            ["lines 6 to 10"],
        ),
        (["    networks:", "      - default", "      - six", "networks:"], ["lines 6 to 9"]),
        (["    networks:", "      - default", "      - six"], ["line 6", "line 7", "line 8"]),
        (["    labels: [six]"], ["line 6"]),
        (["# the network six is gone"], []),
        (["# - six"], ["line 6"]),
        (["    # - six  # mine"], ["line 6"]),
        (["#"], []),
    ],
)
@pytest.mark.parametrize("first", ["", "\n"])
def test_lines_of_ours_are_named_and_others_are_not(
    lines: list[str], named: list[str], first: str
) -> None:
    def later(words: str) -> str:
        return " ".join(str(int(each) + 1) if each.isdigit() else each for each in words.split())

    text = first + BEFORE + "".join(f"{line}\n" for line in lines)
    assert left(text) == ([later(each) for each in named] if first else named)


def test_what_is_left_at_a_service_of_another_name_is_ours_where_it_was_put() -> None:
    renamed = BEFORE.replace("  job:", "  task:") + "    networks:\n      - default\n"
    assert left(renamed) == ["line 6", "line 7"]
    # In the middle of others, at one that was never ours, it is not.
    assert left(f"{BEFORE}  new:\n    image: three:1\n    networks:\n      - default\n") == []


def test_what_is_shown_of_a_line_is_clean() -> None:
    (said,) = lines_left(BEFORE, added(BEFORE), f"{BEFORE}    labels: [six, \x1b]\n")
    assert said == "line 6 (“labels: [six, \\x1b]”)"


def test_what_stands_at_many_a_service_or_network_of_others_is_theirs() -> None:
    file = parse(BEFORE.encode(), "compose.yaml")
    external = add_network(file, ["web"], "six").decode()
    theirs = f"{BEFORE}volumes:\n  a:\nnetworks:\n  front:\n    external: true\n"
    assert lines_left(BEFORE, external, theirs) == ()
    fixed = add_network(file, ["web"], "six", addresses={"web": "fd00::5"}).decode()
    assert "default: {}" in fixed
    mapping = "  new:\n    image: x\n    networks:\n      default: {}\n      front: {}\n"
    assert lines_left(BEFORE, fixed, f"{BEFORE}{mapping}") == ()
