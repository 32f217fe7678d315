"""What an undo makes of each object, and what it says of it before and after."""

import itertools

import pytest

from wizard.steps.actions import Diff
from wizard.steps.comparing import (
    Comparison,
    Found,
    Resolution,
    Treatment,
    choice_of,
    left_of,
    stays,
    treatments,
)

KEEP, OURS, ORIGINAL = Resolution
UNCHANGED, CHANGED, GONE = Comparison
SINCE, OUT, BACK = (Diff(each, (f"+{each}",)) for each in ("since", "out", "back"))
NEW = Diff("new", ("--- a/x", "+++ /dev/null", "-x"))

PLAIN = Found("x", back=BACK)
NEEDED = Found("x", needed="It is needed.", back=BACK)
EDITED = Found("x", CHANGED, "X was edited.", changed=SINCE, ours_out=OUT, back=BACK)
WHOLE = Found("x", CHANGED, "X was edited.", changed=SINCE, back=BACK)
PARTLY = Found("x", CHANGED, "X was edited.", changed=SINCE, ours_out=OUT, rest="A line stays.")
REST = Found("x", CHANGED, "X was edited.", changed=SINCE, rest="All of it stays.")
HELD = Found("x", CHANGED, "X was edited.", "It is needed.", SINCE, OUT, BACK)
HELD_WHOLE = Found("x", CHANGED, "X was edited.", "It is needed.", SINCE, back=BACK)
WENT = Found("x", GONE, "X has gone.")

ALONE = [
    (PLAIN, KEEP, Treatment.BACK),
    (PLAIN, ORIGINAL, Treatment.BACK),
    (PLAIN, OURS, Treatment.LEAVE),
    (NEEDED, KEEP, Treatment.LEAVE),
    (NEEDED, ORIGINAL, Treatment.LEAVE),
    (EDITED, KEEP, Treatment.OURS_OUT),
    (EDITED, ORIGINAL, Treatment.BACK),
    (EDITED, OURS, Treatment.OURS),
    (WHOLE, KEEP, Treatment.LEAVE),
    (WHOLE, ORIGINAL, Treatment.BACK),
    (HELD, KEEP, Treatment.LEAVE),
    (HELD, ORIGINAL, Treatment.LEAVE),
    (HELD, OURS, Treatment.OURS),
    (WENT, KEEP, Treatment.LEAVE),
    (WENT, ORIGINAL, Treatment.LEAVE),
    (WENT, OURS, Treatment.OURS),
]


@pytest.mark.parametrize(("found", "choice", "treatment"), ALONE)
def test_each_is_treated_by_how_it_stands_and_what_was_chosen(
    found: Found, choice: Resolution, treatment: Treatment
) -> None:
    assert treatments([found], {"x": choice}) == {"x": treatment}
    assert choice_of(found, {"x": choice}) is choice
    if choice is KEEP:
        assert treatments([found], {}) == {"x": treatment}
        assert choice_of(found, {"y": OURS}) is KEEP


def test_where_one_is_put_back_as_ours_the_others_stay_in_force_with_it() -> None:
    other = Found("y")
    assert stays([EDITED, other], {"x": OURS}) and stays([other, EDITED], {"x": OURS})
    assert not stays([EDITED, other], {"x": ORIGINAL, "z": OURS})
    assert treatments([EDITED, other], {"x": OURS}) == {
        "x": Treatment.OURS, "y": Treatment.LEAVE
    }  # fmt: skip
    assert treatments([EDITED, other], {"x": ORIGINAL}) == {
        "x": Treatment.BACK, "y": Treatment.BACK
    }  # fmt: skip


def headings(found: Found, choice: Resolution) -> list[tuple[str, str]]:
    return [(each.heading, each.path) for each in found.diffs(choice)]


@pytest.mark.parametrize(
    ("found", "choice", "shown"),
    [
        (PLAIN, KEEP, [("Change in", "back")]),
        (PLAIN, ORIGINAL, [("Change in", "back")]),
        (NEEDED, KEEP, []),
        (EDITED, KEEP, [("Changed since in", "since"), ("Will change in", "out")]),
        (EDITED, OURS, [("Changed since in", "since")]),
        (EDITED, ORIGINAL, [("Changed since in", "since"), ("Will change in", "back")]),
        (WHOLE, KEEP, [("Changed since in", "since")]),
        (HELD, KEEP, [("Changed since in", "since")]),
        (HELD, ORIGINAL, [("Changed since in", "since")]),
        (WENT, KEEP, []),
        (Found("x", CHANGED, "X.", back=Diff("back", ())), ORIGINAL, []),
    ],
)
def test_what_somebody_changed_is_shown_and_then_what_happens_to_it(
    found: Found, choice: Resolution, shown: list[tuple[str, str]]
) -> None:
    assert headings(found, choice) == shown


LOST = "before the wizard, and their change is lost."
CHOSEN = "is in force as the wizard left it, because that was chosen."
IN_FORCE = "is put back as the wizard left it, and stays in force, as was chosen."


@pytest.mark.parametrize(
    ("found", "choice", "outlook"),
    [
        (WENT, KEEP, "X has gone."),
        (WENT, ORIGINAL, "X has gone."),
        (WENT, OURS, f"X has gone. It {IN_FORCE}"),
        (PLAIN, KEEP, ""),
        (PLAIN, OURS, f"x {IN_FORCE}"),
        (NEEDED, ORIGINAL, "It is needed."),
        (EDITED, ORIGINAL, f"X was edited. It is put back as it was {LOST}"),
        (
            Found("x", CHANGED, "X was edited.", back=NEW), ORIGINAL,
            f"X was edited. It is removed, for it was not there {LOST}",
        ),
        (Found("x", CHANGED, "X.", back=None), ORIGINAL, f"X. It is put back as it was {LOST}"),
        (WHOLE, KEEP, "X was edited. It is left as it is."),
        (REST, KEEP, "X was edited. All of it stays."),
        (HELD_WHOLE, KEEP, "X was edited. It is left as it is."),
        (HELD, KEEP, "X was edited. It is needed."),
        (HELD, ORIGINAL, "X was edited. It is needed."),
        (
            EDITED, KEEP,
            "X was edited. Their change is kept; only what the wizard put in is removed.",
        ),
        (
            PARTLY, KEEP,
            "X was edited. Their change is kept; only what the wizard put in is removed. A line "
            "stays.",
        ),
    ],
)  # fmt: skip
def test_before_an_undo_it_is_said_what_becomes_of_each(
    found: Found, choice: Resolution, outlook: str
) -> None:
    assert found.outlook(choice) == outlook


@pytest.mark.parametrize(
    ("found", "choice", "left"),
    [
        (PLAIN, KEEP, None),
        (WENT, KEEP, None),
        (EDITED, KEEP, None),
        (EDITED, ORIGINAL, None),
        (NEEDED, KEEP, "It is needed."),
        (NEEDED, ORIGINAL, "It is needed."),
        (WHOLE, KEEP, "X was edited. It was left as it is."),
        (REST, KEEP, "X was edited. All of it stays."),
        (PARTLY, KEEP, "X was edited. A line stays."),
        (HELD, KEEP, "X was edited. It is needed."),
        (HELD, ORIGINAL, "X was edited. It is needed."),
        (HELD_WHOLE, ORIGINAL, "X was edited. It is needed."),
        (HELD_WHOLE, KEEP, "X was edited. It was left as it is."),
        (EDITED, OURS, f"X was edited. It {CHOSEN}"),
        (PLAIN, OURS, f"x {CHOSEN}"),
        (HELD, OURS, f"X was edited. It {CHOSEN}"),
    ],
)
def test_after_an_undo_it_is_said_what_is_left(
    found: Found, choice: Resolution, left: str | None
) -> None:
    assert left_of([found], [found], {"x": choice}) == (() if left is None else (left,))


def test_what_is_said_of_some_goes_by_what_became_of_all() -> None:
    other = Found("y")
    assert left_of([other], [EDITED, other], {"x": OURS}) == (f"y {CHOSEN}",)
    assert left_of([], [EDITED], {"x": OURS}) == ()
    # Of one that stays as somebody edited it, the original is not what was left.
    assert HELD_WHOLE.left(ORIGINAL) != HELD_WHOLE.left(KEEP)
    assert len({each.left(choice) for each, choice in itertools.product([HELD], (KEEP, OURS))}) == 2
