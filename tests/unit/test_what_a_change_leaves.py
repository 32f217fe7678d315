"""A change of a set-up leaves what a set-up of its own would, and goes back to either beginning."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from ipaddress import IPv4Network
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.made_up_deployments import Deployment, deployment
from tests.made_up_system import by_bridge, difference
from tests.unit.test_change import CHANGES, HOSTS, SPECIAL, every_change
from wizard.answers.choices import Mode, Proxy
from wizard.host.host import Unknown
from wizard.inward import closed
from wizard.platform.errors import Refused
from wizard.record.record import Record, State, StepState
from wizard.record.repair_store import RepairStore
from wizard.record.store import Store
from wizard.run import changing, ground, journal
from wizard.run.change_order import Made
from wizard.run.changing import Change
from wizard.steps.attach import Attach
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.parts import Condition
from wizard.steps.sysctl import Sysctl
from wizard.steps.withdraw import Withdraw


class SetUp:
    """A set-up that is kept, on a host and in a folder of its own."""

    def __init__(self, made: Deployment, store: Store) -> None:
        self.made, self.store, self.host = made, store, made.host
        self.system = copy.deepcopy(made.system)
        self.original = self.snapshot()
        plan = made.plan()
        self.record = journal.begin(plan, {}, store)
        journal.apply(plan, self.record, self.system, store, lambda: False)
        assert self.record.state is State.APPLIED, self.record.error

    def snapshot(self) -> dict[str, str]:
        return by_bridge(self.system.snapshot())

    def change(self, lacking: bool = False, **choices: Any) -> Change:
        first = ground.ground_of(self.record, self.host, self.system)
        return changing.change_of(
            first, replace(self.made.choices, **choices), self.system, lacking
        )

    def begin(self, change: Change) -> tuple[Record, Record | None]:
        """Do it; the record of the change, and what that of the run would be."""
        changing.check_obstacles(change, self.system)
        repairs, results = RepairStore(self.store.directory), list[Record]()
        entry = journal.begin(change.plan, {}, repairs, self.record.id)

        def conclude(entry: Record, store: Store) -> None:
            entry.state = State.UNCONFIRMED
            results.append(change.result(self.record, entry, self.host))

        journal.apply(change.plan, entry, self.system, repairs, lambda: False, conclude)
        return entry, results[0] if results else None

    def back(self, record: Record, store: Store, state: State) -> None:
        journal.take_back(record, self.system, store, state)
        assert record.left == []

    def finds_either_beginning(self, entry: Record, result: Record, before: dict[str, str]) -> None:
        """Go back to before the change, and to before the set-up, from a host of its own each."""
        changed = copy.deepcopy(self.system)
        self.back(entry, RepairStore(self.store.directory), State.ROLLING_BACK)
        assert difference(before, self.snapshot()) == set()
        self.system = changed
        self.store.save(result)
        self.back(result, self.store, State.UNDOING)
        assert difference(self.original, self.snapshot()) == set()


@cache
def _made(host: str, what: str, which: int) -> Deployment:
    made = deployment(HOSTS[host]())
    return replace(made, choices=replace(made.choices, **CHANGES[what][which]))


@contextmanager
def _kept(made: Deployment) -> Iterator[SetUp]:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda descriptor: None)
        store = Store(Path(folder) / "state")
        store.prepare()
        yield SetUp(made, store)


def choices(what: str, which: int = 1) -> dict[str, Any]:
    """What differs from the answers of the first set-up."""
    first, then = CHANGES[what]
    defaults = _made("13", "another prefix", 0).choices
    return {key: getattr(defaults, key) for key in first} | then


@every_change
def test_it_leaves_what_a_set_up_with_these_answers_would(host: str, what: str) -> None:
    with _kept(_made(host, what, 0)) as place:
        before = place.snapshot()
        change = place.change(**choices(what))
        entry, result = place.begin(change)
        assert result is not None, entry.error
        changed = place.snapshot()
        assert difference(before, changed)
        place.finds_either_beginning(entry, result, before)

    fresh = _made(host, what, 1)
    if what == "renumbered":
        # The IPv4 subnet that the old network had beside the new one.
        in_use = fresh.host.prefixes_in_use
        assert not isinstance(in_use, Unknown)
        taken = (*in_use, IPv4Network("172.31.0.0/16"))
        fresh = replace(fresh, host=replace(fresh.host, prefixes_in_use=taken))
    with _kept(fresh) as alone:
        assert difference(changed, alone.snapshot()) == set()
        assert result.digest == alone.record.digest
        assert result.choices == alone.record.choices
        for one, other in zip(change.result(place.record, entry, place.host).steps,
                              alone.record.steps, strict=True):  # fmt: skip
            assert (one.kind, one.parameters, one.before) == (
                other.kind,
                other.parameters,
                other.before,
            )
            assert (one.number, one.title, one.undo) == (other.number, other.title, other.undo)


@pytest.mark.parametrize("what", SPECIAL)
def test_so_it_does_where_few_hosts_are_like_that(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, changed = SPECIAL[what]
    made = make()
    monkeypatch.setattr(closed, "read", lambda _system: made.inputs.input)
    with _kept(made) as place:
        before = place.snapshot()
        entry, result = place.begin(place.change(**changed))
        assert result is not None, entry.error
        place.finds_either_beginning(entry, result, before)


def kinds(change: Change) -> list[str]:
    """The steps in their order; what goes has a minus before it."""
    return [
        f"-{step.of}" if isinstance(step, Withdraw) else step.kind for step in change.plan.steps
    ]


@every_change
def test_what_goes_and_what_comes_stand_in_an_order_that_is_safe(host: str, what: str) -> None:
    with _kept(_made(host, what, 0)) as place:
        change = place.change(**choices(what))
        numbers = {entry.number: entry.kind for entry in place.record.steps}
        steps = change.plan.steps
        goes = [each for each in steps if isinstance(each, Withdraw)]
        comes = [each for each in steps if not isinstance(each, Withdraw)]
        # The newest goes first, but for kernel parameters, without which a host may have no route.
        order = [each.number for each in goes if each.of != Sysctl.kind]
        assert order == sorted(order, reverse=True)
        assert [numbers[each.number] for each in goes] == [each.of for each in goes]
        assert [each.kind for each in comes] == [
            step.kind for step, pair in zip(change.whole.steps, change.kept, strict=True)
            if not pair or (isinstance(step, Attach) and step.kind in kinds(change))
        ]  # fmt: skip
        # What goes on is of the same kind.
        for step, number in zip(change.whole.steps, change.kept, strict=True):
            assert number == 0 or numbers[number] == step.kind
        names = kinds(change)
        inner = [each for each in names if "sysctl" not in each]
        assert change.new_first is (what == "renumbered")
        is_going = [each.startswith("-") for each in inner]
        assert is_going == sorted(is_going, reverse=not change.new_first)
        if "sysctl" in names:
            assert names.index("sysctl") == 0
        if "-sysctl" in names:
            assert names.index("-sysctl") == len(names) - 1


def test_what_people_notice_of_a_change_comes_first() -> None:
    begin = {
        "more services": "The published port",
        "another prefix": "The network is taken away and made anew",
        "renumbered": "The containers get new public addresses",
    }
    for what, words in begin.items():
        with _kept(_made("13", what, 0)) as place:
            notices = place.change(**choices(what)).plan.notices
            told = [each.startswith(words) for each in notices]
            assert told == [what != "more services"] + [False] * (len(told) - 1), notices
            assert len(set(notices)) == len(notices)


OLD = replace(_made("13", "renumbered", 0).choices)
NEW = _made("13", "renumbered", 1).choices


@pytest.mark.parametrize(
    ("old", "new", "beside"),
    [
        ({}, {}, True),
        ({"prefix": None}, {}, False),
        ({}, {"prefix": None}, False),
        ({}, {"prefix": OLD.prefix}, False),
        ({}, {"prefix": OLD.prefix.supernet(8) if OLD.prefix else None}, False),
        ({}, {"network": OLD.network}, False),
        ({}, {"bridge": OLD.bridge}, False),
        ({}, {"services": OLD.services[:1]}, False),
        ({"mode": Mode.ULA}, {"mode": Mode.ULA}, False),
        ({"proxy": Proxy.NDPPD}, {"proxy": Proxy.NDPPD}, False),
        ({"proxy": Proxy.FIXED}, {"proxy": Proxy.FIXED}, True),
    ],
)
def test_one_stands_beside_the_other_only_where_nothing_else_differs(
    old: dict[str, Any], new: dict[str, Any], beside: bool
) -> None:
    assert changing._renumbers(replace(OLD, **old), replace(NEW, **new)) is beside


@pytest.mark.parametrize(
    ("kind", "condition", "lacking", "refused"),
    [
        (DockerNetwork, Condition.MISSING, False, True),
        (DockerNetwork, Condition.MISSING, True, False),
        (DockerNetwork, Condition.CHANGED, True, True),
        (DockerNetwork, Condition.IN_EFFECT, False, False),
        # What stays where the network is made anew has to be there.
        (Sysctl, Condition.MISSING, True, True),
        (Sysctl, Condition.IN_EFFECT, True, False),
    ],
)
def test_only_what_is_made_anew_in_any_case_may_be_missing(
    kind: type[Any], condition: Condition, lacking: bool, refused: bool
) -> None:
    with _kept(_made("13", "another prefix", 0)) as place:
        first = ground.ground_of(place.record, place.host, place.system)
        made: tuple[Made, ...] = tuple(
            replace(each, state=condition, sentence="It is not.")
            if isinstance(each.step, kind)
            else each
            for each in first.made
        )
        wanted = replace(place.made.choices, **choices("another prefix"))
        try:
            changing.change_of(replace(first, made=made), wanted, place.system, lacking)
        except Refused as error:
            assert refused
            assert str(error) == ground.not_in_effect("It is not.", place.record)
        else:
            assert not refused


def test_nothing_goes_on_which_somebody_else_s_container_stands() -> None:
    with _kept(_made("13", "another prefix", 0)) as place:
        words = ("connect", "--alias", "db", "mastodon_ipv6", "mastodon-db-1")
        assert place.system.run(("docker", "network", *words)).status == 0
        with pytest.raises(Refused) as refused:
            place.change(**choices("another prefix"))
        said = str(refused.value)
        assert "docker network disconnect mastodon_ipv6 mastodon-db-1; wizard --change" in said
        assert "--undo" not in said
        assert said.endswith(" Nothing was changed.")
        # Where the network stays, so may it.
        place.change(services=("web", "sidekiq"))


def test_who_is_connected_before_and_after_is_left_alone() -> None:
    with _kept(_made("13", "more services", 0)) as place:
        for services, goes, comes in (
            (("streaming",), ["web"], ["streaming"]),
            (("web", "sidekiq"), [], ["sidekiq"]),
        ):
            steps = place.change(services=services).plan.steps
            lines = [line for step in steps for line in step.commands if "network " in line]
            for verb, names in (("disconnect", goes), ("connect", comes)):
                found = [line for line in lines if f"docker network {verb} " in line]
                assert len(found) == len(names)
                for line, name in zip(found, names, strict=True):
                    assert line.endswith(f" mastodon-{name}-1")


@pytest.mark.parametrize("what", ["renumbered", "another prefix"])
def test_before_the_first_that_goes_and_then_never_again_what_has_come_may_settle(
    what: str,
) -> None:
    with _kept(_made("13", what, 0)) as place:
        change = place.change(**choices(what))
        repairs = RepairStore(place.store.directory)
        entry = journal.begin(change.plan, {}, repairs, place.record.id)
        done: list[int] = []

        def settle() -> None:
            done.append(sum(each.state is StepState.DONE for each in entry.steps))

        steps = change.plan.steps
        journal.apply(
            change.plan, entry, place.system, repairs, lambda: False, before_withdrawal=settle
        )
        assert entry.state is State.APPLIED
        assert done == [next(at for at, each in enumerate(steps) if isinstance(each, Withdraw))]
