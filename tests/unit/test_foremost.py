"""Which findings are shown before somebody asks for all of them."""

import pytest

from wizard.host.every_part import PARTS
from wizard.host.part import Verdict

MOST = {"debian", "engine", "projects", "uplink", "outward", "firewall"}


@pytest.mark.parametrize("verdict", ["ok", "note", "problem", "unknown", None])
def test_what_is_not_as_it_should_be_is_shown_whatever_it_is(verdict: Verdict | None) -> None:
    every = {part.field for part in PARTS}
    shown = {part.field for part in PARTS if part.is_foremost(verdict)}
    assert shown == (every if verdict in ("problem", "unknown") else MOST)
