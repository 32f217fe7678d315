"""Records damaged at random: an undo never ends without a word, and takes all other steps back."""

import copy
import os
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import fuzzing, made_up_hosts
from tests.made_up_deployments import claimant, deployment
from tests.made_up_system import MadeUpSystem, difference
from tests.unit.test_earlier_releases import NAMES, RECORDS, host_before
from wizard.answers.choices import Placement
from wizard.host.host import Host
from wizard.platform.errors import Refused
from wizard.record import earlier_releases
from wizard.record.record import Record, State, StepState
from wizard.record.store import Store
from wizard.record.toml_text import dumps, loads
from wizard.run import journal, undoing
from wizard.steps import kinds, legacy_ip6tables, sysctl

HOSTS: dict[str, Callable[[], Host]] = {
    "debian12": made_up_hosts.debian12,
    "debian13": made_up_hosts.debian13,
    "debian14": made_up_hosts.debian14,
}
WHICH = [
    *(f"{name} {placement}" for name in HOSTS for placement in Placement),
    *NAMES,
]


class Memory(Store):
    """A store that knows what would be written; to write it each time takes far longer."""

    kept: Record

    def save(self, record: Record) -> None:
        self.kept = record


@cache
def recorded(which: str) -> tuple[str, MadeUpSystem, dict[str, str]]:
    """Return a record, the host after the run that it is of, and what that was before."""
    name, _, placement = which.partition(" ")
    store = Memory(Path(tempfile.gettempdir()))
    if placement:
        made = deployment(HOSTS[name](), placement=Placement(placement))
        system, plan = copy.deepcopy(made.system), made.plan()
        before = system.snapshot()
        journal.apply(plan, journal.begin(plan, {}, store), system, store, lambda: False)
        return dumps(store.kept), system, before
    text = (RECORDS / f"{name}.toml").read_text()
    record = loads(text)
    system = host_before(record)
    before = system.snapshot()
    for entry in record.steps:
        kinds.step(entry.kind, entry.parameters).apply(system, lambda line: None)
    return text, system, before


VALUES = st.one_of(
    st.sampled_from(["", "x", "\x1b[31m", "/nowhere/at/all", "a" * 2000, "0", "\u2028"]),
    st.sampled_from([0, -1, 1, 2**62, True, False, 0.5, float("nan")]),
    st.sampled_from([[], [[]], [["a"]], [[["a"]]], [1, "a"], {}, {"a": 1}, {"text": "x"}]),
    st.just([[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]),
)
WAYS = ("put", "drop", "double", "wrap", "unwrap")
damage = st.tuples(st.integers(0, 10_000), st.sampled_from(WAYS), VALUES)


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield where everything in a table is."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in inner:
        yield (*path, key)
        if isinstance(each, dict | list):
            yield from places(each, (*path, key))


def damaged(step: dict[str, Any], where: int, way: str, value: Any) -> None:
    """Change one thing in the table of a step."""
    found = list(places(step))
    path = found[where % len(found)]
    holder: Any = step
    for key in path[:-1]:
        holder = holder[key]
    last: Any = path[-1]
    match way:
        case "put":
            holder[last] = copy.deepcopy(value)
        case "drop":
            del holder[last]
        case "double" if isinstance(holder, list):
            holder.insert(last, copy.deepcopy(holder[last]))
        case "wrap":
            holder[last] = [holder[last]]
        case "unwrap" if isinstance(holder[last], list) and holder[last]:
            holder[last] = holder[last][0]


def undone(which: str, number: int, damages: list[tuple[int, str, Any]]) -> None:
    """Damage one step of a record, undo it, and see that all the others are taken back."""
    text, after, before = recorded(which)
    table = tomllib.loads(text)
    step = table["steps"][number % len(table["steps"])]
    kind = step["kind"]
    for each in damages:
        damaged(step, *each)
    comments = [line for line in text.splitlines() if line.startswith("#")]
    record = loads(f"{tomli_w.dumps(table)}{comments[-1]}\n")

    system, store = copy.deepcopy(after), Memory(Path(tempfile.gettempdir()))
    undoing.preview(record, system)
    earlier_releases.faults(record)
    assert system.snapshot() == after.snapshot()
    journal.take_back(record, system, store, State.UNDOING)

    changed = {claimant(key) for key in difference(before, system.snapshot())}
    # What is hindered keeps what it stands on, and says so.
    needed = {each.kind for each in record.steps if any("stay" in said for said in each.left)}
    if kind == "docker-network":
        needed.add("sysctl")  # Docker switched forwarding on with it, where it does.
    assert changed <= {kind, *needed}, record.left
    assert record.state in (State.UNDONE, State.UNDO_INCOMPLETE)
    assert {each.state for each in record.steps} <= {
        StepState.UNDONE,
        StepState.KEPT,
        StepState.PLANNED,
    }
    assert (record.state is State.UNDONE) == (not record.left)
    assert not [said for said in record.left if "has a fault" in said]
    # What is on the disk can be read again and gone on with.
    again = loads(dumps(store.kept))
    assert again.left == record.left
    journal.take_back(again, system, store, State.UNDOING)
    assert changed >= {claimant(key) for key in difference(before, system.snapshot())}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(journal, "LAST_SAVES", (0.0,))
    monkeypatch.setattr(legacy_ip6tables, "loader", lambda: None)
    # Nothing is sent on an interface of this computer.
    monkeypatch.setattr(sysctl, "regain", list)


@pytest.mark.timeout(fuzzing.TIMEOUT)
def test_fuzz_steps_of_records() -> None:
    def once(how: settings) -> None:
        @how
        @given(st.sampled_from(WHICH), st.integers(0, 20), st.lists(damage, min_size=1, max_size=3))
        def try_one(which: str, number: int, damages: list[tuple[int, str, Any]]) -> None:
            undone(which, number, damages)

        try_one()

    fuzzing.tried(60, once)


@pytest.mark.timeout(fuzzing.TIMEOUT)
def test_fuzz_texts_of_records() -> None:
    """What is no whole record any more is refused, and nothing else ends the reading."""

    def once(how: settings) -> None:
        @how
        @given(
            st.sampled_from(NAMES),
            st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 40), st.text(max_size=6))),
        )
        def try_one(name: str, cuts: list[tuple[int, int, str]]) -> None:
            text = (RECORDS / f"{name}.toml").read_text()
            for at, length, put in cuts:
                place = at % len(text)
                text = text[:place] + put + text[place + length :]
            try:
                record = loads(text)
            except Refused as refused:
                assert "\n" not in str(refused)
            else:
                assert loads(dumps(record)) == record
                earlier_releases.faults(record)

        try_one()

    fuzzing.tried(60, once)
