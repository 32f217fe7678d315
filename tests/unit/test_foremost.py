"""Which findings are shown before somebody asks for all of them."""

import pytest

from wizard.host.every_part import PARTS
from wizard.host.foremost import FOREMOST, is_foremost
from wizard.host.part import Verdict


def test_what_matters_most_is_a_part_each() -> None:
    assert {part.field for part in PARTS} > FOREMOST


@pytest.mark.parametrize("verdict", ["ok", "note", "problem", "unknown", None])
def test_what_is_not_as_it_should_be_is_shown_whatever_it_is(verdict: Verdict | None) -> None:
    wrong = verdict in ("problem", "unknown")
    assert {part.field for part in PARTS if is_foremost(part, verdict)} == (
        {part.field for part in PARTS} if wrong else FOREMOST
    )
