"""All that a front end may ask of the core, in one place."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Container, Sequence
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path

from wizard.answers.choices import Choices
from wizard.at_hand import RecordsAtHand
from wizard.awaited import AwaitedAnswer
from wizard.platform.errors import Refused
from wizard.platform.later import later
from wizard.platform.system import RealSystem, System
from wizard.record.record import Record
from wizard.record.repair_store import RepairStore
from wizard.record.store import Store, state_directory
from wizard.run import lock
from wizard.saved_answers import SavedAnswers
from wizard.steps.comparing import Resolution

with later():
    from wizard.boot import outlook
    from wizard.host import detectors, look
    from wizard.host import host as hosts
    from wizard.modes import plan_inputs
    from wizard.ndp import upstream
    from wizard.plan import planning, script_file
    from wizard.run import (
        changing,
        checking,
        ground,
        halfway,
        journal,
        logins,
        process,
        renewing,
        repairing,
        set_ups,
        undoing,
    )
    from wizard.verification import judgement


class Session:
    """The core on this host, for one person at one terminal."""

    def __init__(self, store: Store | None = None, system: System | None = None) -> None:
        self.store = store or Store(state_directory())
        self.system = system or RealSystem()
        self.answers = SavedAnswers(self.store)
        self.records = RecordsAtHand(self.store, lambda: self.root)
        self.awaited = AwaitedAnswer(self.store, self.system, self.records, lambda: self._process)
        self.say: Callable[[str], None] = lambda words: None
        """Told in sentences what is done until a run is started, in the thread that starts it."""

    @functools.cached_property
    def _process(self) -> process.RunProcess:
        return process.RunProcess(self.store, self._tell)

    def _tell(self, words: str) -> None:
        self.say(words)

    @property
    def root(self) -> bool:
        """Whether the person may change the host."""
        return os.geteuid() == 0

    def detect(
        self,
        found: Callable[[str, object], None] | None = None,
        target: IPv6Address | None = None,
    ) -> hosts.Host:
        """Find out what the host is; ``found`` is called from other threads.

        ``target`` is whom the host should reach; as the answers so far say unless it is given.
        Without ``found`` nobody sees what is there already, and a busy host is given more time.
        """
        saved = self.answers.load()
        target = target or (saved.target if saved else None)
        return detectors.detect(found, detectors.DEADLINE if found else look.DEADLINE, target)

    def look(self) -> hosts.Host:
        """Find out what the host is, but for the way out, which no plan depends on."""
        return look.look()

    def read_project(self, project: hosts.ComposeProject) -> plan_inputs.PlanInputs:
        """Read the files of a project.

        Raises:
            Refused: one cannot be read or is not a Compose file.
        """
        beside = set_ups.others_than_of(self.store, project.name) if self.root else ()
        return plan_inputs.read_project(self.system, project, beside)

    def plan(
        self, host: hosts.Host, choices: Choices, read: plan_inputs.PlanInputs
    ) -> planning.Plan:
        """Make the plan.

        Raises:
            Refused: why there is none.
        """
        return planning.plan(host, choices, read)

    def check_plan(self, plan: planning.Plan) -> None:
        """Look whether the plan can be applied as it is; the host is only read.

        Raises:
            WizardError: it cannot, and why.
        """
        journal.check_obstacles(plan, self.system)

    def next_boot(self) -> tuple[str, ...]:
        """Return what the next boot would take from this host, in sentences; it is only read."""
        return outlook.look().sentences

    def logins(self) -> logins.Logins:
        """Return how the person can log in a second time, to prove that a login still works."""
        return logins.find()

    def save_script(self, plan: planning.Plan) -> Path:
        """Write the plan as a shell script into the person's home folder, and return where.

        Raises:
            Refused: it cannot be written, or somebody else could change it there.
        """
        return script_file.save(plan)

    def start_apply(
        self, plan: planning.Plan, ask: bool = False, seconds: int | None = None
    ) -> None:
        """Start applying in a process of its own, which outlives this terminal.

        Args:
            plan: What is applied.
            ask: Let the run wait at the end, until somebody says "keep".
            seconds: How long to wait for that; as the choices say if it is not given.

        Raises:
            Refused: the state folder cannot be used.
        """
        self.store.prepare()
        self.answers.save(plan.choices)
        waiting = [str(seconds or plan.choices.window)] if ask or seconds else []
        self._process.start("apply", str(self.store.answers), plan.digest, *waiting)

    def start_undo(
        self, chosen: undoing.Chosen | None = None, record: Record | None = None
    ) -> None:
        """Start taking a set-up back in a process of its own.

        Args:
            chosen: What becomes of what somebody changed; without it, as :meth:`undo_preview`.
            record: Which set-up; the one at hand where it is None.

        Raises:
            Refused: the state folder cannot be used, or what was chosen cannot be noted.
            Locked: a run is at work.
        """
        self.store.prepare()
        record = record or self.records.to_take_back()
        undoing.note(self.store.of(record.id), chosen)
        self._process.start("undo", record.id)

    def repair(
        self,
        changed: Resolution = Resolution.KEEP,
        record: Record | None = None,
        done: Container[str] = (),
    ) -> repairing.Repair:
        """Return what would be put back of a run on this host, which is only read.

        Args:
            changed: What becomes of what somebody changed: theirs stays, or ours is put back.
            record: Of which set-up; of the one at hand where it is None.
            done: The names of parts that will have been put back by then, with another set-up.

        Raises:
            Refused: no run that is kept is on this host, or the person is not root.
        """
        self.records.need_root()
        record = repairing.in_force(record or self.records.at_hand())
        host = self.look()
        beside = set_ups.others(self.store, record.id, host=host)
        return renewing.repair_of(record, host, self.system, changed, beside, done)

    def start_repair(
        self,
        repair: repairing.Repair,
        changed: Resolution = Resolution.KEEP,
        seconds: int | None = None,
        record: Record | None = None,
    ) -> Session:
        """Start putting it back in a process of its own, and return a session that follows that.

        Args:
            repair: What was shown.
            changed: As for :meth:`repair`.
            seconds: How long somebody has to say "keep"; None to keep it if it is well.
            record: As for :meth:`repair`.

        Raises:
            Refused: the state folder cannot be used.
        """
        if repair.answers is not None:
            return self.start_change(repair.plan, seconds)
        self.store.prepare()
        record = repairing.in_force(record or self.records.at_hand())
        waiting = [str(seconds)] if seconds else []
        return self._start_beside("repair", record.id, str(changed), repair.plan.digest, *waiting)

    def change(self, choices: Choices) -> changing.Change:
        """Return what would change of a run on this host, which is only read.

        Raises:
            Refused: no run that is kept is on this host for this project, it cannot be changed to
                these answers, or the person is not root.
        """
        self.records.need_root()
        run = changing.in_force(self.store, choices)
        return changing.change_of(self._ground(run), choices, self.system)

    def read_without(self, project: hosts.ComposeProject, run: Record) -> plan_inputs.PlanInputs:
        """Read the files of a project as they would be without a run that is in force.

        Raises:
            Refused: a step of it is not in effect, one cannot be read or is not a Compose file.
        """
        self.records.need_root()
        return self._ground(run).read(project)

    def _ground(self, run: Record) -> ground.Ground:
        host = self.look()
        beside = set_ups.others(self.store, run.id, host=host)
        return ground.ground_of(run, host, self.system, beside)

    def start_change(self, plan: planning.Plan, seconds: int | None = None) -> Session:
        """Start changing in a process of its own, and return a session that follows that.

        ``plan`` is that of a :meth:`change`.
        ``seconds`` is how long somebody has to say "keep"; None to keep it if it is well.

        Raises:
            Refused: the state folder cannot be used.
        """
        self.store.prepare()
        if not self.answers.save_wanted(plan.choices):
            raise Refused(
                f"{self.store.wanted} cannot be written. Nothing was changed. Make room on the "
                "disk, and start again."
            )
        waiting = [str(seconds)] if seconds else []
        return self._start_beside("change", str(self.store.wanted), plan.digest, *waiting)

    def start_change_back(self) -> Session:
        """Start going back to the set-up as it was before a change that is not settled.

        Raises:
            Refused: there is none, or the person is not root.
        """
        self.records.need_root()
        change = set_ups.unsettled_change(self.store)
        if change is None:
            raise Refused(set_ups.NOTHING)
        return self._start_beside("revert", change.id, "now")

    @property
    def repairing(self) -> Session | None:
        """A session of the repair that waits for an answer or is at work, or None."""
        store = RepairStore(self.store.directory)
        try:
            repair = store.open
        except (Refused, OSError):
            return None
        return Session(store, self.system) if repair is not None else None

    def cancel(self) -> None:
        """Ask the run that this session started to stop at the next step and roll back."""
        self._process.cancel()

    def progress(self) -> process.Progress:
        """Return how far the run is: the one that this session started, or else the newest.

        Raises:
            Refused: the record cannot be read.
        """
        return self._process.progress(self.records.at_hand)

    def why_not_apply(self, project: str | None = None) -> str | None:
        """Return a sentence that says why this person cannot apply a plan now, or None.

        ``project`` is the one that the plan is for, where that is known.
        """
        if not self.root:
            if self.answers.load() is None:
                return (
                    "Only root can change this host, and your answers cannot be kept in "
                    f"{self.store.directory}. Start again with sudo, and give them there."
                )
            return (
                "Only root can change this host. Your answers are kept: continue with "
                f"sudo wizard --answers {self.store.answers}"
            )
        if self.is_running():
            return set_ups.AT_WORK
        return set_ups.why_not_apply(self.records.all(), project, set_ups.open_repair(self.store))

    def is_running(self) -> bool:
        """Return whether any run is at work on this host."""
        return lock.is_held(self.store.lock)

    def undo_preview(
        self,
        chosen: undoing.Chosen | None = None,
        record: Record | None = None,
        after: Sequence[str] = (),
    ) -> undoing.UndoPreview:
        """Return what undo would take back.

        Args:
            chosen: What becomes of what somebody changed; without it theirs is kept, but for an
                undo that did not come to its end, which goes on as it began.
            record: Of which set-up; of the one at hand where it is None.
            after: The runs that will have been taken back by then.

        Raises:
            Refused: there is nothing to take back.
        """
        record = record or self.records.to_take_back()
        beside = set_ups.others(self.store, record.id, *after)
        return undoing.preview(record, self.system, chosen, beside)

    def judge(
        self,
        target: IPv6Address | None = None,
        teller: IPv6Address | None = None,
        other: str | None = None,
        record: Record | None = None,
    ) -> judgement.Judgement:
        """Say whether IPv6 works in the containers as the run at hand set it up.

        Args:
            target: Whom to ask; the target of the run's own answers unless it is given.
            teller: A host that tells its visitors their address on TCP port 80.
            other: Another machine, as ssh takes it, that tries what comes in.
            record: Of which set-up; of the one at hand where it is None.

        Raises:
            Refused: no run is on this host, Docker does not answer, or the person is not root.
        """
        runs = Store(self.store.directory)
        record = set_ups.to_check(self.store, record or self.records.at_hand())
        if not self.root:
            raise Refused("Only root can look into containers. Nothing was checked. Use sudo.")
        host = self.look()
        beside = set_ups.others(runs, record.id, host=host)
        stopped = halfway.told(runs, record)
        return checking.check(record, host, self.system, target, teller, other, beside, stopped)

    def probe_upstream(self, prefix: IPv6Network, host: hosts.Host) -> upstream.UpstreamFinding:
        """Find out whether the upstream router asks for addresses of a prefix or routes it here.

        Raises:
            Refused: the person is not root, or there is no uplink.
        """
        if not self.root:
            raise Refused("Only root can send and watch such packets. Nothing was tried. Use sudo.")
        if isinstance(host.uplink, hosts.Unknown):
            raise Refused(host.uplink.reason)
        target = (self.answers.load() or Choices()).target
        targets = [target, *([host.uplink.gateway] if host.uplink.gateway else [])]
        unused = upstream.pick_unused(prefix)
        return upstream.probe_upstream(host.uplink.interface, unused, targets)

    def _start_beside(self, *arguments: str) -> Session:
        """Start what has its record beside those of the runs, and return what follows that."""
        following = Session(RepairStore(self.store.directory), self.system)
        following.say = self.say
        following._process.start(*arguments)
        return following
