"""What a step found, and what it is made of, comes out of a record with its types or not at all."""

import copy
import tomllib
from dataclasses import dataclass, fields
from typing import Any

import pytest
import tomli_w

from tests.unit.test_earlier_releases import NAMES, record_of
from tests.unit.test_steps import before_step
from wizard.platform.errors import Refused
from wizard.platform.system import FileState
from wizard.record import tables
from wizard.steps import kinds
from wizard.steps.before import FileBefore
from wizard.steps.package import Package
from wizard.steps.sysctl import Sysctl


@dataclass(frozen=True)
class Inner:
    text: str
    number: int = 7


@dataclass(frozen=True)
class Outer:
    pairs: tuple[tuple[str, str], ...]
    inner: Inner | None = None
    several: tuple[Inner, ...] = ()
    on: bool = False


WHOLE: dict[str, Any] = {
    "pairs": [["a", "b"], ["c", "d"]],
    "inner": {"text": "é", "number": 3},
    "several": [{"text": "x", "number": 0}],
    "on": True,
}


def test_what_is_written_is_read_as_it_was() -> None:
    value = Outer((("a", "b"), ("c", "d")), Inner("é", 3), (Inner("x", 0),), True)
    assert tables.written(value) == WHOLE
    assert tables.read(Outer, WHOLE, "it") == value
    assert tables.read(Outer, {"pairs": []}, "it") == Outer(())
    assert "inner" not in tables.written(Outer(()))


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("pairs",), None, "it.pairs is missing"),
        (("pairs",), "ab", "it.pairs is a text and should be a list"),
        (("pairs", 1), ["c"], "it.pairs[1] holds 1 and should hold 2"),
        (("pairs", 1, 0), 3, "it.pairs[1][0] is a whole number and should be a text"),
        (("inner",), [], "it.inner is a list and should be a table"),
        (("inner", "number"), True, "it.inner.number is true or false and should be a whole"),
        (("inner", "number"), 1.0, "it.inner.number is a number and should be a whole number"),
        (("several", 0, "text"), None, "it.several[0].text is missing"),
        (("on",), 1, "it.on is a whole number and should be true or false"),
        (("more",), 1, "it.more is nothing that this wizard knows"),
    ],
)
def test_what_is_not_of_its_type_is_refused_with_its_place(
    path: tuple[Any, ...], value: object, said: str
) -> None:
    table = copy.deepcopy(WHOLE)
    holder: Any = table
    for key in path[:-1]:
        holder = holder[key]
    if value is None:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    with pytest.raises(tables.Unfit) as unfit:
        tables.read(Outer, table, "it")
    assert str(unfit.value).startswith(said)


@pytest.mark.parametrize(
    "table",
    [
        {"exists": False, "text": "x"},
        {"exists": False, "mode": 0},
        {"exists": True},
        {"exists": True, "text": "x", "mode": 0o644, "uid": 0},
        {"exists": True, "text": "x", "mode": 0o10000, "uid": 0, "gid": 0},
        {"exists": True, "text": "x", "mode": -1, "uid": 0, "gid": 0},
        {"exists": True, "text": "x", "mode": 0, "uid": 0, "gid": -1},
    ],
)
def test_a_file_of_before_that_is_not_said_whole_is_gone_by_by_nobody(
    table: dict[str, object],
) -> None:
    with pytest.raises(Refused, match=r"before\.files\[0\] "):
        Package.before_from({"files": [{"path": "/x", **table}], "installed": True})


def test_an_empty_file_of_nobody_s_rights_is_a_file_that_was_there() -> None:
    state = FileState("", 0, 0, 0)
    assert FileBefore.of("/x", state).state == state
    assert FileBefore.of("/x", None).state is None


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_every_kind_of_step_comes_back_from_a_record(kind: str) -> None:
    made, step = before_step(kind)
    before = step.capture(made.system)
    assert type(before) is step.before_kind
    text = tomli_w.dumps({"parameters": step.parameters(), "before": tables.written(before)})
    table = tomllib.loads(text)
    assert kinds.step(kind, table["parameters"]) == step
    assert step.before_from(table["before"]) == before


@pytest.mark.parametrize("name", NAMES)
def test_what_earlier_releases_recorded_is_read_and_written_as_it_stands(name: str) -> None:
    for entry in record_of(name).steps:
        step = kinds.step(entry.kind, entry.parameters)
        before = step.before_from(entry.before)
        for recorded, now in (
            (entry.parameters, step.parameters()),
            (entry.before, tables.written(before)),
        ):
            known = {key: value for key, value in now.items() if key in recorded}
            assert tomli_w.dumps(known) == tomli_w.dumps(recorded)


def test_what_a_step_finds_can_be_left_out_by_releases_that_did_not_know_it() -> None:
    for kind in kinds.KINDS.values():
        for each in fields(kind.before_kind):
            assert each.kw_only
    before = Sysctl.before_from({"files": [], "live": [["a", "b"]]})
    assert (before.ipv6_networks, before.default_routes) == ((), ())
