"""The keeper closes what it can by routes, while the rules cannot be put back."""

from pathlib import Path

import pytest

from wizard.filter import keeper

PREFIXES = ("2001:db8:1::/80", "2001:db8:2::/80")


def test_a_route_that_fails_keeps_no_other_prefix_open(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    closed: list[str] = []

    def run(argv: list[str], *_rest: object) -> tuple[int, str]:
        if "route" in argv and "replace" in argv:
            prefix = next(each for each in PREFIXES if each in argv)
            if prefix == PREFIXES[0]:
                return 2, "no memory"
            closed.append(prefix)
        return 0, ""

    monkeypatch.setattr(keeper, "run", run)
    made = keeper.Keeper(str(tmp_path / "gone"), "eth0", ["br-one", "br-two"], PREFIXES)
    assert not made.look()
    assert closed == [PREFIXES[1]]
