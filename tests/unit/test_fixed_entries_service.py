"""The service for fixed entries: what it tells the kernel, whatever happens to the interface."""

import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from wizard.ndp import fixed_service, fixed_unit
from wizard.ndp import uplink as uplinks

ADDRESSES = ("2001:db8:1::2", "2001:db8:1::3", "2001:db8:1::4")


class Ended(Exception):
    """Enough was seen."""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the program ``ip`` was told each time; every second time it is not there or hangs."""
    found: list[list[str]] = []

    def run(argv: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        assert argv[0] == "ip"
        assert "-6" in argv
        # One address that fails, such as one that is there, keeps none of the others back.
        assert "-force" in argv
        assert options["timeout"] < 30
        found.append(options["input"].splitlines())
        if len(found) == 1:
            raise FileNotFoundError("ip")
        if len(found) == 2:
            raise subprocess.TimeoutExpired("ip", 1)
        return subprocess.CompletedProcess(argv, 1, "")

    def changes(uplink: str) -> Iterator[None]:
        assert uplink == "eth0"
        yield from ()

    def notify(*lines: str) -> None:
        assert {"READY=1", "WATCHDOG=1", "STATUS=answering for 3 on eth0"} == set(lines)
        if len(found) > 6:
            raise Ended

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(uplinks, "changes", changes)
    # It goes, and is made anew, after the first two times have failed.
    indices = iter((2, 2, 2, 2, -1, 7, 7))
    monkeypatch.setattr(uplinks, "index", lambda _uplink: next(indices))
    monkeypatch.setattr(fixed_service, "notify", notify)
    monkeypatch.setattr(fixed_service, "_PERIOD", 0.01)
    return found


def test_every_address_is_told_again_and_again_though_that_fails(told: list[list[str]]) -> None:
    (line,) = (
        each
        for each in fixed_unit.unit("eth0", ADDRESSES).splitlines()
        if each.startswith("ExecStart=")
    )
    words = line[line.index("--uplink") :].split()
    with pytest.raises(Ended):
        fixed_service.main(words)
    assert len(told) == 7
    at_once = "ntable change name ndisc_cache dev eth0 proxy_delay 0"
    # Once for each interface of that name, as soon as ip could be asked.
    assert [at_once in lines for lines in told] == [True, True, True, False, False, True, False]
    for lines in ([each for each in lines if each != at_once] for lines in told):
        assert len(lines) == 3
        for each, address in zip(lines, ADDRESSES, strict=True):
            assert each.startswith("neigh replace ")
            assert f" proxy {address} " in f"{each} "
            assert "dev eth0" in each
