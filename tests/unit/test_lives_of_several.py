"""Lives of several set-ups at random: applied, changed, damaged, repaired, undone in any order.

Docker becomes another one meanwhile. The core of the wizard is the real one; the host is made up.
A longer search: MODEL=long pytest with this file.
"""

import os
import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.made_up_system import difference, failing
from tests.unit.test_repair import lose_chains
from tests.unit.test_several_set_ups import NAMES, Place, every_host
from wizard.answers.checks import check_proxy
from wizard.answers.choices import Choices, Mode, Proxy
from wizard.host.host import Engine, Host
from wizard.record.record import Record, State
from wizard.record.repair_store import RepairStore, store_of
from wizard.run import renewing, repair_run, revert, set_ups
from wizard.run.cancelled import Cancelled
from wizard.run.guard import Unguarded
from wizard.run.repairing import Repair
from wizard.steps import sysctl
from wizard.steps.comparing import Resolution

LONG = os.environ.get("MODEL") == "long"

ENGINES = (
    Engine("26.1.5+dfsg1", "1.45", manages_ip6tables=False),
    Engine("28.5.2+dfsg1", "1.51", manages_ip6tables=True),
)


class Life:
    """What happens to a host, one thing after the other, by chance."""

    def __init__(self, here: Place, seed: int) -> None:
        self.here, self.chance = here, random.Random(seed)  # noqa: S311
        self.before = here.seen()

    def happens(self) -> None:
        """Let one thing happen, which may fail."""
        name = self.chance.choice(NAMES)
        standing = self.here.in_force()
        if self.chance.random() < 0.15:
            self.here.host = replace(self.here.host, engine=self.chance.choice(ENGINES))
        elif name not in standing:
            self.apply(name)
        else:
            self.chance.choice((self.undo, self.change, self.repair))(name)
        self.here.all_stand()

    def fails(self) -> AbstractContextManager[None]:
        number = self.chance.randrange(1, 60) if self.chance.random() < 0.3 else 0
        self.may_fail = bool(number)
        return failing(self.here.system, {number}, self.chance.random() < 0.5)

    def proxy(self) -> Proxy:
        proxies = [Proxy.SERVICE, Proxy.FIXED]
        if check_proxy(Choices(mode=Mode.ROUTED, proxy=Proxy.NDPPD), self.here.host) is None:
            proxies.append(Proxy.NDPPD)
        return self.chance.choice(proxies)

    def mode(self) -> Mode:
        return self.chance.choice([Mode.ULA, Mode.ROUTED])

    def apply(self, name: str) -> None:
        start = self.here.seen()
        with self.fails():
            ended = self.here.apply(self.here.choices(name, self.mode(), proxy=self.proxy()))
        assert ended.state is State.APPLIED or self.may_fail, ended.error
        if ended.state is State.ROLLED_BACK:
            assert not difference(start, self.here.seen()), ended.error

    def undo(self, name: str) -> None:
        with self.fails():
            ended = self.here.undo(name)
        assert ended.state is State.UNDONE, (ended.left, ended.steps)

    def change(self, name: str) -> None:
        count = self.chance.randrange(1, 3)
        services = tuple(self.chance.sample(("web", "streaming", "sidekiq"), count))
        wanted = self.here.choices(name, self.mode(), proxy=self.proxy(), services=services)
        if self.here.in_force()[name].choices["mode"] == Mode.ROUTED and self.chance.random() < 0.5:
            wanted = self.here.renumbered(name)
        self.beside(lambda seconds: self.here.change(wanted, seconds))

    def repair(self, name: str) -> None:
        """Something is lost, of one set-up or of all, and put back; or nothing is."""
        lost = self.chance.choice(("rules", "network", "file", "nothing"))
        before = self.here.seen()
        if lost == "rules":
            lose_chains(self.here.system)
        elif lost == "file":
            self.here.system.files.pop(sysctl.PATH, None)
        elif lost == "network":
            self.lose_network(name)
        others = [each for each in self.here.in_force() if each != name]
        fits = not any(map(self.told, (name, *others)))
        for each in (name, *others):
            for _try in range(3):
                if self.wants(each) is None:
                    break
                self.beside(lambda seconds, each=each: self.mend(each, seconds))  # type: ignore[misc]
            while self.wants(each) is not None:
                ended = self.mend(each, None)
                assert ended.state is State.APPLIED, ended.error
            assert not self.told(each)
        if fits:
            assert not difference(before, self.here.seen()), lost

    def beside(self, begin: Callable[[int | None], Record]) -> None:
        """Do what has a record beside that of the run; who takes it back finds what was there."""
        start = self.here.seen()
        with self.fails():
            ended = begin(self.chance.choice([None, 60]))
        assert ended.state is not State.ROLLED_BACK or self.may_fail, ended.error
        if ended.state is State.UNCONFIRMED:
            if ended.changes:
                self.here.all_stand(waiting=True)
            store = store_of(ended.id, self.here.store)
            revert.revert(ended.id, self.here.system, store, Unguarded(), asked=True)
        if ended.state is not State.APPLIED:
            assert not difference(start, self.here.seen()), ended.error

    def lose_network(self, name: str) -> None:
        network = str(self.here.in_force()[name].choices["network"])
        for container in self.here.system.containers.values():
            container.networks.pop(network, None)
        assert self.here.system.run(("docker", "network", "rm", network)).status == 0

    def told(self, name: str) -> tuple[str, ...]:
        record, host = self.here.in_force()[name], self.here.look()
        beside = set_ups.others(self.here.store, record.id, host=host)
        return renewing.told(record, host, self.here.system, beside)

    def wants(self, name: str) -> Repair | None:
        record, host = self.here.in_force()[name], self.here.look()
        beside = set_ups.others(self.here.store, record.id, host=host)
        found = renewing.repair_of(record, host, self.here.system, beside=beside)
        return found if found.plan.steps else None

    def mend(self, name: str, seconds: int | None) -> Record:
        found = self.wants(name)
        assert found is not None
        if found.answers is not None:
            return self.here.run_change(found.plan, seconds)
        record = self.here.in_force()[name]
        return repair_run.repair(
            record.id,
            Resolution.KEEP,
            found.plan.digest,
            self.here.system,
            RepairStore(self.here.store.directory),
            Cancelled(),
            Unguarded(),
            seconds,
        )


@every_host
@pytest.mark.parametrize("seed", range(200 if LONG else 2))
def test_whatever_happens_to_several_in_whatever_order(
    host: Callable[[], Host], seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Place(host, tmp_path / "state", monkeypatch)
    monkeypatch.setattr(repair_run, "verification_of_repair", lambda *_: here)
    monkeypatch.setattr(repair_run, "look", here.look)
    life = Life(here, seed)
    for _move in range(40 if LONG else 9):
        life.happens()
    for name in life.chance.sample(NAMES, len(NAMES)):
        if name in here.in_force():
            assert here.undo(name).state is State.UNDONE
    assert not difference(life.before, here.seen())
