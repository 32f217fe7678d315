"""Of a long edit that somebody has changed at one place, all else comes out, within few tries."""

import pytest

from wizard.compose import removal
from wizard.compose.edit import add_network
from wizard.compose.left import lines_left
from wizard.compose.read import parse
from wizard.compose.removal import declared_networks, without_addition, without_most

COUNT = 24
BEFORE = "services:\n" + "".join(f"  s{n}:\n    image: one:{n}\n" for n in range(COUNT))
NAMES = [f"s{n}" for n in range(COUNT)]
AFTER = add_network(parse(BEFORE.encode(), "compose.yaml"), NAMES, "six").decode()
DECLARED = "networks:\n  six:\n    external: true\n"


def at(service: int, line: str, instead: str) -> str:
    """Return the file with a line of one service's changed."""
    start = AFTER.index(f"  s{service}:\n")
    return AFTER[:start] + AFTER[start:].replace(line, instead, 1)


def with_only(service: int, *lines: str) -> str:
    """Return what was there before, with these lines at one service."""
    own = f"    image: one:{service}\n"
    return BEFORE.replace(own, own + "".join(f"{line}\n" for line in lines))


@pytest.mark.parametrize("service", [0, 7, COUNT - 1])
def test_what_somebody_has_changed_at_one_service_stays_alone(service: int) -> None:
    now = at(service, "      - six\n", "      - six # mine\n")
    assert without_addition(BEFORE, AFTER, now) is None
    result = without_most(BEFORE, AFTER, now)
    kept = ("    networks:", "      - default", "      - six # mine")
    assert result == with_only(service, *kept) + DECLARED
    # Six lines in a row, or three and three where others stand between them.
    named = lines_left(BEFORE, AFTER, result)
    assert [each.partition(" (")[0] for each in named] == (
        [f"lines {2 * COUNT + 2} to {2 * COUNT + 7}"]
        if service == COUNT - 1
        else [
            *(f"line {2 * service + each}" for each in (4, 5, 6)),
            *(f"line {2 * COUNT + each}" for each in (5, 6, 7)),
        ]
    )


def test_one_changed_service_of_many_is_found_by_halving(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[str] = []

    def counted(before: str, after: str, now: str, *, by_tree: bool) -> str | None:
        tries.append(now)
        return without_addition(before, after, now, by_tree=by_tree)

    monkeypatch.setattr(removal, "without_addition", counted)
    now = at(12, "      - default\n", "      - default\n      - theirs\n") + "  theirs:\n"
    assert without_most(BEFORE, AFTER, now) is not None
    # Twice by halves: for as long as a service needs it the declaration stays, and so does more.
    assert len(tries) <= 30


def test_a_network_of_theirs_among_ours_stays_with_what_names_it() -> None:
    now = at(3, "      - default\n", "      - default\n      - theirs\n") + "  theirs:\n"
    assert without_most(BEFORE, AFTER, now) == (
        with_only(3, "    networks:", "      - default", "      - theirs")
        + "networks:\n  theirs:\n"
    )


def test_where_nothing_can_be_taken_out_there_is_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "_MOST_ATTEMPTS", 4)
    assert without_most(BEFORE, AFTER, BEFORE) is None
    assert without_most(BEFORE, AFTER, AFTER.replace("six", "seven")) is None
    assert without_most(BEFORE, BEFORE, AFTER) is None


@pytest.mark.parametrize(("characters", "tries"), [(3_000_000, 64), (1, 8)])
def test_a_text_is_read_only_so_often(
    monkeypatch: pytest.MonkeyPatch, characters: int, tries: int
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(removal, "without_addition", lambda *texts, by_tree: asked.append(texts[2]))
    monkeypatch.setattr(removal, "without_entries", lambda *_texts, **_how: None)
    monkeypatch.setattr(removal, "_MOST_CHARACTERS", characters)
    assert without_most(BEFORE, AFTER, AFTER) is None
    assert len(asked) == tries


def test_which_networks_an_edit_has_declared() -> None:
    assert declared_networks(BEFORE, AFTER) == ("six",)
    assert declared_networks(AFTER, AFTER) == ()
    assert declared_networks(None, f"{DECLARED}  a: {{name: b}}\nvolumes: {{c: }}\n") == (
        "six",
        "a",
    )
    assert declared_networks("networks: {a: }\n", "networks: {a: {name: x}, b: }\n") == ("a", "b")
