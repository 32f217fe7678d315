"""Whole lives of runs in any order: applied, killed, kept, expired, undone, edited by others.

The core is the real one; the host, PID 1, the clock and the disk are made up. A longer search:
MODEL=long pytest tests/unit/test_model.py
"""

import ast
import copy
import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from ipaddress import IPv6Network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests import made_up_deployments, made_up_hosts
from tests.made_up_deployments import claimant
from tests.made_up_surroundings import Clock, Disk, Host, Killed, Moments, Pid1
from tests.made_up_system import FORWARDING, MadeUpContainer, MadeUpNetwork, difference
from wizard.answers.choices import Choices, Mode, Placement, Proxy
from wizard.answers.projects import project_of
from wizard.modes import plan_inputs
from wizard.plan.planning import Plan
from wizard.platform.errors import Refused, StepFailed, WizardError
from wizard.platform.own_names import CHAIN
from wizard.platform.system import FileState
from wizard.record.record import Record, State, StepState, is_in_the_way
from wizard.record.store import Store
from wizard.run import apply_run, journal, reversible, revert, undo_run, window
from wizard.run.cancelled import Cancelled
from wizard.run.each_step import attempt, begun
from wizard.steps import legacy_ip6tables
from wizard.steps.ip6tables import PATH as RULES_FILE
from wizard.steps.sysctl import PATH as SYSCTL_FILE
from wizard.steps.systemd_unit import PATH as UNIT_FILE

HOSTS = (made_up_hosts.debian12, made_up_hosts.debian13, made_up_hosts.debian14)

PRIVATE: dict[str, Any] = {}
ROUTED: tuple[dict[str, Any], ...] = tuple(
    {"mode": Mode.ROUTED, "prefix": IPv6Network("2001:db8:1:2:3::/80"), "proxy": proxy}
    for proxy in (Proxy.SERVICE, Proxy.FIXED)
)

COMPOSE = "/srv/mastodon/docker-compose.yml"
FILES = (COMPOSE, SYSCTL_FILE, RULES_FILE, UNIT_FILE, "/etc/somebody.conf")

BACK = (State.ROLLED_BACK, State.UNDONE)
PARTLY_BACK = (State.ROLLBACK_INCOMPLETE, State.UNDO_INCOMPLETE)
UP = (State.UNCONFIRMED, State.APPLIED)

GUEST = "somebody's"
LINE = "# somebody was here\n"


def _append(host: Host, path: str) -> None:
    if str(Path(path).parent) not in host.directories:
        return
    text = host.files[path].text if path in host.files else ""
    host.files[path] = FileState(f"{text}{LINE}", 0o600, 1000, 1000)


def _remove(host: Host, path: str) -> None:
    host.files.pop(path, None)


def _set(host: Host, key: str, value: str) -> None:
    if key in host.sysctls:
        host.sysctls[key] = value
        if key == FORWARDING:
            for each in host.sysctls:
                if each.endswith(".forwarding"):
                    host.sysctls[each] = value


def _guest_joins(host: Host) -> None:
    if "mastodon_ipv6" in host.networks:
        host.containers[GUEST] = MadeUpContainer("f" * 64, GUEST, networks={"mastodon_ipv6": ()})


def _guest_leaves(host: Host) -> None:
    host.containers.pop(GUEST, None)


def _network_comes(host: Host) -> None:
    if GUEST not in host.networks:
        subnets = ["fd00:dead::/64"]
        host.networks[GUEST] = MadeUpNetwork(GUEST, "e" * 64, "br-else", True, subnets, {}, {})
        _set(host, FORWARDING, "1")


def _network_goes(host: Host) -> None:
    host.networks.pop(GUEST, None)


def _rule(host: Host) -> None:
    chain = host.tables.get("filter", {}).get(CHAIN)
    if chain is not None:
        chain.insert(len(chain) // 2, ("-s", "2001:db8:bad::/48", "-j", "DROP"))


EDITS: dict[str, Callable[[Host], None]] = {
    **{f"{path} is edited": lambda host, path=path: _append(host, path) for path in FILES},  # type: ignore[misc]
    **{f"{path} is removed": lambda host, path=path: _remove(host, path) for path in FILES[:4]},  # type: ignore[misc]
    "forwarding is switched off": lambda host: _set(host, FORWARDING, "0"),
    "accept_ra is set": lambda host: _set(host, "net.ipv6.conf.eth0.accept_ra", "7"),
    "a guest joins": _guest_joins,
    "the guest leaves": _guest_leaves,
    "a network comes": _network_comes,
    "the network goes": _network_goes,
    "a rule comes": _rule,
}

HAPPENINGS = ("kill", "fail", "fail half done", "fill", *EDITS)

Happens = tuple[int, str] | None


def happening(most: int) -> st.SearchStrategy[Happens]:
    """Nothing, or one thing at one of so many moments."""
    names = ("kill",) * 12 + ("fail",) * 6 + HAPPENINGS
    return st.none() | st.tuples(st.integers(1, most), st.sampled_from(names))


LONG_WORK, SHORT_WORK = happening(80), happening(8)


armed = precondition(lambda self: self.pid1.run is not None)
recorded = precondition(lambda self: self.store.path.exists())
in_force = precondition(lambda self: self.state is not None and self.state.in_force)
free = precondition(lambda self: self.state is None or not is_in_the_way(self.state, ()))


class Lives(RuleBasedStateMachine):
    """One host, and everything that people, power and PID 1 may do to it."""

    def __init__(self) -> None:
        super().__init__()
        self.end = ExitStack()
        patch = self.end.enter_context(pytest.MonkeyPatch.context())
        folder = self.end.enter_context(tempfile.TemporaryDirectory())
        self.store = Store(Path(folder) / "state")
        self.store.prepare()
        self.clock, self.moments = Clock(), Moments()
        self.pid1 = Pid1(self.clock, self.moments)
        self.lacks = False
        patch.setattr(os, "fsync", lambda descriptor: None)
        patch.setattr(window, "time", self.clock)
        patch.setattr(window, "boot", lambda: self.clock.boot)
        patch.setattr(journal, "LAST_SAVES", (0.0, 0.0))
        patch.setattr(legacy_ip6tables, "loader", lambda: None)
        patch.setattr(reversible, "check_places", lambda plan: None)
        patch.setattr(apply_run, "look", lambda: self.made.host)
        patch.setattr(apply_run, "plan", self._planned)
        patch.setattr(apply_run, "verification_of", lambda *_: self)
        self.patch = patch

    @property
    def state(self) -> State | None:
        """What the record says."""
        record = self.store.load()
        return record.state if record else None

    @initialize(
        host=st.sampled_from(HOSTS),
        placement=st.sampled_from(Placement),
        choices=st.sampled_from([PRIVATE, *ROUTED]),
        happens=st.none() | LONG_WORK,
    )
    def begin(
        self,
        host: Callable[[], Any],
        placement: Placement,
        choices: dict[str, Any],
        happens: Happens,
    ) -> None:
        self.made = made_up_deployments.deployment(host(), placement=placement, **choices)
        self.host = Host(copy.deepcopy(self.made.system), self.moments)
        self.disk = self.host.disk = Disk(self.store, self.host, self.moments)
        self.patch.setattr("wizard.record.store.write_durably", self.disk.write)
        self.patch.setattr(os, "posix_fallocate", self.disk.allocate)
        self.before = self.seen()
        self.after = self.before
        self.edited: dict[str, str | None] = {}
        """What somebody else has made of a thing since the run began; None where it is gone."""
        self.besides: set[str] = set()
        """What changed with it, and may well change again."""
        self.kept: set[str] = set()
        self.taken_back: set[str] = set()
        self.undoing = False
        self.torn = False
        """Whether a process ended before it could clear its own things away."""
        self.stale = False
        """Whether the disk did not take what the record should say last."""
        self.apply(happens, 120, False)

    # What the core asks of this model in the place of what looks at a real host.

    def look(self) -> dict[str, str]:
        return {}

    def obstacles(self) -> tuple[str, ...]:
        return ()

    def check(self, _before: object, _say: object) -> None:
        if self.lacks:
            raise StepFailed("The default route is gone.")

    def _planned(self, host: Any, choices: Choices, read: plan_inputs.PlanInputs) -> Plan:
        return replace(self.made, inputs=read, choices=choices).plan()

    # What may be done.

    @free
    @rule(
        happens=LONG_WORK,
        seconds=st.sampled_from([120, 120, 30, None]),
        lacks=st.sampled_from([False] * 9 + [True]),
    )
    def apply(self, happens: Happens, seconds: int | None, lacks: bool) -> None:
        self.lacks = lacks
        earlier = self.store.load()
        start, edited, besides = self.seen(), self.edited, self.besides
        stale = self.stale
        # What is left of a unit of ours whose file somebody took away is not somebody's.
        ours = {key for key in start if key.startswith(f"unit {Path(UNIT_FILE).name} ")}
        self.edited, self.besides, self.stale = {}, ours, False

        def work() -> Record:
            read = plan_inputs.read_project(
                self.host, project_of(self.made.host, self.made.choices)
            )
            made = self._planned(self.made.host, self.made.choices, read)
            return apply_run.apply(
                self.made.choices,
                made.digest,
                self.host,
                self.store,
                Cancelled(),
                self.pid1,
                seconds,
            )

        record = self.process(work, happens)
        now = self.store.load()
        is_new = now is None or earlier is None or now.id != earlier.id
        if is_new:
            self.before, self.undoing = start, False
        else:
            assert not isinstance(record, Record)
            self.edited = edited | self.edited
            self.besides |= besides
            self.stale |= stale
        if isinstance(record, WizardError):
            assert difference(start, self.seen()) <= {*self.edited, *self.besides}
        if is_new and now is not None and now.state in UP:
            self.after = self.seen()
            assert {step.state for step in now.steps} == {StepState.DONE}
            if not self.edited and not self.besides:
                for entry in begun(now):
                    assert attempt(entry, lambda step: step.check(self.host)) is None

    @recorded
    @rule(happens=LONG_WORK)
    def undo(self, happens: Happens) -> None:
        record = self.store.load()
        in_force = record is not None and record.state.in_force
        self.undoing = self.undoing or in_force
        ended = self.process(lambda: undo_run.undo(self.host, self.store, self.pid1), happens)
        assert isinstance(ended, Refused) != in_force

    @in_force
    @rule(happens=SHORT_WORK)
    def keep(self, happens: Happens) -> None:
        before = self.store.load()
        ended = self.process(
            lambda: revert.keep(self.host, self.store, self.pid1), happens, unit=False
        )
        now = self.store.load()
        if isinstance(ended, Record):
            assert now is not None
            assert now.state is State.APPLIED
            self.kept.add(now.id)
        elif ended is not None:
            assert now == before, "somebody was told that nothing is kept"

    @in_force
    @rule(happens=SHORT_WORK, seconds=st.sampled_from([30, 300]))
    def extend(self, happens: Happens, seconds: int) -> None:
        ended = self.process(
            lambda: revert.extend(self.store, self.pid1, seconds), happens, unit=False
        )
        if isinstance(ended, Record):
            assert window.seconds_left(ended) == seconds

    @in_force
    @rule(happens=LONG_WORK)
    def take_back_now(self, happens: Happens) -> None:
        record = self.store.load()
        if record is not None and record.state.in_force:
            self.reverts(record.id, happens, asked=True)

    @armed
    @rule(happens=LONG_WORK)
    def guard(self, happens: Happens) -> None:
        """PID 1 starts the guard, whether it is due or somebody just does it."""
        self.pid1.due = False
        self.reverts(self.pid1.run, happens)

    @armed
    @rule(seconds=st.sampled_from([1, 29, 100, 1000]))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds
        self.pid1.look()

    @armed
    @rule(early=LONG_WORK, late=LONG_WORK)
    def restart(self, early: Happens, late: Happens) -> None:
        """Boot anew. What the kernel forgets is for the practice machines to show."""
        self.clock.now, self.clock.boot = 1.0, f"{self.clock.boot}+"
        self.pid1.restart()
        self.reverts(self.pid1.run, early, early=True)
        self.guard(late)

    @precondition(lambda self: self.pid1.due)
    @rule()
    def settle(self) -> None:
        """Let PID 1 do all that it has to do, without more bad luck."""
        for _ in range(3):
            if not self.pid1.due:
                return
            self.guard(None)
        assert not self.pid1.due

    @in_force
    @rule(name=st.sampled_from(sorted(EDITS)))
    def edit(self, name: str) -> None:
        was = self.seen()
        EDITS[name](self.host)
        now = self.seen()
        unit = f"unit {Path(UNIT_FILE).name}"
        for key in difference(was, now):
            if key.endswith(".forwarding") and (
                key != f"sysctl {FORWARDING}" or key in self.besides
            ):
                self.besides.add(key)
            else:
                self.edited[key] = now.get(key)
            if key == f"file {UNIT_FILE}":
                # What PID 1 makes of it.
                self.besides |= {f"{unit} enabled", f"{unit} active"}
            if key == f"network {GUEST}":
                # It forwards too, so whether the host forwards is no longer ours alone.
                self.besides |= {each for each in now if each.endswith(".forwarding")}
                self.edited.pop(f"sysctl {FORWARDING}", None)

    @in_force
    @rule()
    def fill(self) -> None:
        self.disk.fill()

    @precondition(lambda self: self.disk.junk > 0)
    @rule()
    def make_room(self) -> None:
        self.disk.junk = 0

    # How it is done.

    def reverts(self, run: str | None, happens: Happens, **how: bool) -> None:
        assert run is not None
        self.process(lambda: revert.revert(run, self.host, self.store, self.pid1, **how), happens)

    def process(
        self,
        work: Callable[[], Record | None],
        happens: Happens,
        unit: bool = True,
    ) -> Record | WizardError | None:
        """Run a process of the wizard's; None where it was killed."""
        at, what = happens or (0, "")
        self.moments.plan(at, lambda: self.happen(what))
        try:
            ended = work()
        except Killed:
            self.torn, self.stale = True, self.stale or self.disk.junk > 0
            if unit:
                self.pid1.died()
            return None
        except WizardError as error:
            # The one thing that a full disk leaves to be said.
            self.stale = self.stale or "does not say so" in str(error)
            return error
        finally:
            self.moments.plan(0, lambda: False)
            self.host.fail_at, self.host.half_done = (), False
        if ended is not None and ended != self.store.load():
            self.stale = True
        elif ended is not None and ended.state in (*BACK, *PARTLY_BACK):
            self.stale = False
        return ended

    def seen(self) -> dict[str, str]:
        """Return all there is, but for what PID 1 happens to have read of unit files."""
        found = self.host.snapshot()
        return {key: value for key, value in found.items() if not key.endswith(" known_units")}

    def happen(self, what: str) -> bool:
        if what == "kill":
            raise Killed
        if self.host.touching and what.startswith(self.host.touching):
            return False
        if what in EDITS:
            self.edit(what)
            # What the kernel holds cannot be compared and set in one go.
            values = {key for key in self.edited if key.startswith(("sysctl ", "chain "))}
            self.besides |= values | {"default route"}
            for key in values:
                del self.edited[key]
        elif what == "fill":
            self.disk.fill()
        else:
            self.host.half_done = what == "fail half done"
            return True
        return False

    # What must hold after each.

    @invariant()
    def what_others_did_stays(self) -> None:
        now = self.seen()
        for key, value in self.edited.items():
            if key.startswith("chain "):
                # Ours may go from between theirs.
                assert "2001:db8:bad" in now.get(key, ""), key
            else:
                assert now.get(key) in (value, self.without_ours(key)), key

    def without_ours(self, key: str) -> str | None:
        """Return a Compose file as it was before the run, with the lines of others since."""
        value, before = self.edited[key], self.before.get(key)
        if key != f"file {COMPOSE}" or value is None or before is None:
            return value
        rights, text = value.split(" ")[:2], ast.literal_eval(before.split(" ", 2)[2])
        added = value.count(LINE.strip()) - text.count(LINE)
        return f"{' '.join(rights)} {text + LINE * added!r}"

    @invariant()
    def the_record_says_what_is_on_the_host(self) -> None:
        record = self.store.load()
        changed = difference(self.before, self.seen()) - {*self.edited} - self.besides
        if record is None or record.state in BACK:
            assert not changed, changed
            return
        kinds = {step.kind for step in begun(record)}
        assert {claimant(key) for key in changed} <= kinds, changed
        if self.stale:
            return
        if record.state in PARTLY_BACK:
            assert record.left
            assert {claimant(key) for key in changed} <= {
                step.kind for step in record.steps if step.state is StepState.KEPT
            }
        if record.state in UP:
            now = difference(self.after, self.seen())
            assert now <= {*self.edited, *self.besides}

    @invariant()
    def there_is_one_outcome(self) -> None:
        record = self.store.load()
        if record is None:
            return
        if record.state in (*BACK, *PARTLY_BACK):
            self.taken_back.add(record.id)
        if record.id in self.kept and not self.undoing:
            assert record.state is State.APPLIED
        if record.id in self.taken_back:
            assert record.state not in (*UP, State.APPLYING)

    @invariant()
    def the_guard_is_there_while_it_is_needed(self) -> None:
        record = self.store.load()
        if self.pid1.run is None:
            self.torn = False
        if record is None or self.stale:
            return
        has_begun = any(step.state is not StepState.PLANNED for step in record.steps)
        waits = record.state is State.UNCONFIRMED or (
            record.state in (State.APPLYING, State.ROLLING_BACK) and has_begun
        )
        if waits:
            assert self.pid1.run == record.id
            assert self.pid1.due or self.pid1.ends
        if record.state is State.UNCONFIRMED and not self.pid1.due:
            left = window.seconds_left(record)
            assert any(left <= end - self.clock.now <= left + 1 for end in self.pid1.ends.values())
        if not waits and record.state is not State.UNDOING and self.pid1.run is not None:
            assert self.torn

    def teardown(self) -> None:
        self.end.close()


LONG = os.environ.get("MODEL") == "long"


def test_whatever_happens_in_whatever_order() -> None:
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=int(os.environ.get("MODEL_EXAMPLES", "800")) if LONG else 20,
            stateful_step_count=25,
            derandomize=not LONG,
            database=None,
            # To make an example shorter takes longer than the test may, which would hide it.
            phases=tuple(Phase) if LONG else (Phase.generate,),
            deadline=None,
            print_blob=LONG,
            suppress_health_check=list(HealthCheck),
        ),
    )
