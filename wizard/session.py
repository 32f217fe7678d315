"""All that a front end may ask of the engine, in one place."""

import os
import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path

from wizard.answers import answers_file
from wizard.answers.choices import Choices
from wizard.boot import outlook
from wizard.host import detectors
from wizard.host.detectors import detect
from wizard.host.host import DEFAULT_TARGET, ComposeProject, Host, Unknown
from wizard.host.look import DEADLINE, look
from wizard.modes import sources
from wizard.modes.sources import Sources
from wizard.ndp import upstream
from wizard.ndp.upstream import UpstreamFinding
from wizard.plan import planning, script
from wizard.plan.planning import Plan
from wizard.platform.errors import ExitCode, Refused
from wizard.platform.files import write_durably
from wizard.platform.system import RealSystem, System
from wizard.platform.text import clean, clean_line
from wizard.program import program, trust
from wizard.record.record import Record, State
from wizard.record.repair_store import RepairStore
from wizard.record.store import DIRECTORY, Store
from wizard.run import (
    changing,
    checking,
    guard,
    journal,
    lock,
    logins,
    repairing,
    revert,
    set_ups,
    start,
    undoing,
    window,
    worker_log,
)
from wizard.run.undoing import UndoPreview
from wizard.steps.comparing import Choice
from wizard.verification.judgement import Judgement

_MENDING = 60.0
"""Seconds that the guard has to begin, once a process has died."""


@dataclass(frozen=True)
class Progress:
    """How far a run is. ``ended`` is None while its process runs."""

    record: Record | None
    ended: ExitCode | None
    complaint: str = ""
    """What the process said when it refused; empty otherwise."""
    doing: str = ""
    """What the process does while there is no record yet, as far as it has said so."""


class Session:
    """The engine on this host, for one person at one terminal."""

    def __init__(self, store: Store | None = None, system: System | None = None) -> None:
        self.store = store or Store(state_directory())
        self.system = system or RealSystem()
        self._process: start.Worker | None = None
        self._died: float | None = None
        self._before: tuple[str, ...] | None = None
        self._run: str | None = None
        """The run that the process of this session takes back; None where it applies one."""
        self.project: str | None = None
        """The project whose set-up is at hand, where the person named one."""
        self.answers_file: Path | None = None
        """The file that the person named to take the answers from, if it is not the wizard's."""

    @property
    def root(self) -> bool:
        """Whether the person may change the host."""
        return os.geteuid() == 0

    def detect(
        self,
        found: Callable[[str, object], None] | None = None,
        target: IPv6Address | None = None,
    ) -> Host:
        """Find out what the host is; ``found`` is called from other threads.

        ``target`` is whom the host should reach; as the answers so far say unless it is given.
        Without ``found`` nobody sees what is there already, and a busy host is given more time.
        """
        saved = self.load_answers()
        target = target or (saved.target if saved else None)
        return detect(found, detectors.DEADLINE if found else DEADLINE, target)

    def look(self) -> Host:
        """Find out what the host is, but for the way out, which no plan depends on."""
        return look()

    def read_project(self, project: ComposeProject) -> Sources:
        """Read the files of a project.

        Raises:
            Refused: one cannot be read or is not a Compose file.
        """
        beside = set_ups.others(self.store, *self._of_project(project.name)) if self.root else ()
        return sources.read_project(self.system, project, beside)

    def plan(self, host: Host, choices: Choices, read: Sources) -> Plan:
        """Make the plan.

        Raises:
            Refused: why there is none.
        """
        return planning.plan(host, choices, read)

    def check_plan(self, plan: Plan) -> None:
        """Look whether the plan can be applied as it is; the host is only read.

        Raises:
            WizardError: it cannot, and why.
        """
        journal.check_obstacles(plan, self.system)

    def save_answers(self, choices: Choices) -> bool:
        """Keep the answers so far, and return whether that could be done; it is safe in a thread.

        A folder that cannot be written is no reason to stop.
        """
        return self._write(self.store.answers, choices)

    def _write(self, path: Path, choices: Choices) -> bool:
        try:
            self.store.prepare()
            write_durably(path, answers_file.dumps(choices), 0o600, os.geteuid(), os.getegid())
        except (Refused, OSError):
            return False
        return True

    @property
    def has_answers(self) -> bool:
        """Whether answers are kept that can be used."""
        return self.load_answers() is not None

    def load_answers(self) -> Choices | None:
        """Return the answers that were kept, or None where there are none that can be used."""
        try:
            return answers_file.loads(self.store.answers.read_text(encoding="utf-8"))
        except (OSError, Refused, UnicodeDecodeError):
            return None

    def save_place(self, place: str) -> bool:
        """Keep how far the person has come, as a word of the front end's own; return if it was."""
        try:
            self.store.prepare()
            write_durably(self.store.place, f"{place}\n", 0o600, os.geteuid(), os.getegid())
        except (Refused, OSError):
            return False
        return True

    def load_place(self) -> str:
        """Return the word that was kept, or an empty one."""
        try:
            return clean(self.store.place.read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError):
            return ""

    def next_boot(self) -> tuple[str, ...]:
        """Return what the next boot would take from this host, in sentences; it is only read."""
        return outlook.look().sentences

    def logins(self) -> logins.Logins:
        """Return how the person can log in a second time, to prove that a login still works."""
        return logins.find()

    def save_script(self, plan: Plan) -> Path:
        """Write the plan as a shell script into the person's home folder, and return where.

        Raises:
            Refused: it cannot be written, or somebody else could change it there.
        """
        path = Path.home() / "docker-ipv6-plan.sh"
        try:
            trust.check([path.parent], trust.trusted_owners())
            write_durably(path, script.render(plan), 0o700, os.geteuid(), os.getegid())
        except trust.Doubted as error:
            raise Refused(
                f"{clean_line(str(path))} was not written: others than you can change files there, "
                "and the script is run as root. Nothing was changed. Save it to a folder of your "
                f"own, with {program.typed('--plan')} > FILE."
            ) from error
        except OSError as error:
            raise Refused(f"{path} cannot be written: {error.strerror}.") from error
        return path

    def start_apply(self, plan: Plan, ask: bool = False, seconds: int | None = None) -> None:
        """Start applying in a process of its own, which outlives this terminal.

        Args:
            plan: What is applied.
            ask: Leave the run unconfirmed at the end, until somebody says "keep".
            seconds: How long to wait for that; as the choices say if it is not given.

        Raises:
            Refused: the state folder cannot be used.
        """
        self.store.prepare()
        self.save_answers(plan.choices)
        waiting = [str(seconds or plan.choices.window)] if ask or seconds else []
        self._start("apply", str(self.store.answers), plan.digest, *waiting)

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
        record = record or self._to_take_back()
        undoing.note(self.store.of(record.id), chosen)
        self._start("undo", record.id)

    def repair(
        self,
        changed: Choice = Choice.KEEP,
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
        self._need_root()
        record = repairing.in_force(record or self.record())
        host = self.look()
        beside = set_ups.others(self.store, record.id, host=host)
        return repairing.repair_of(record, host, self.system, changed, beside, done)

    def start_repair(
        self,
        repair: repairing.Repair,
        changed: Choice = Choice.KEEP,
        seconds: int | None = None,
        record: Record | None = None,
    ) -> "Session":
        """Start putting it back in a process of its own, and return a session that follows that.

        Args:
            repair: What was shown.
            changed: As for :meth:`repair`.
            seconds: How long somebody has to say "keep"; None to keep it if it is well.
            record: As for :meth:`repair`.

        Raises:
            Refused: the state folder cannot be used.
        """
        self.store.prepare()
        record = repairing.in_force(record or self.record())
        waiting = [str(seconds)] if seconds else []
        return self._start_beside("repair", record.id, str(changed), repair.plan.digest, *waiting)

    def change(self, choices: Choices) -> changing.Change:
        """Return what would change of a run on this host, which is only read.

        Raises:
            Refused: no run that is kept is on this host for this project, it cannot be changed to
                these answers, or the person is not root.
        """
        self._need_root()
        run, host = changing.in_force(self.store, choices), self.look()
        beside = set_ups.others(self.store, run.id, host=host)
        return changing.change_of(run, choices, host, self.system, beside)

    def start_change(self, change: changing.Change, seconds: int | None = None) -> "Session":
        """Start changing in a process of its own, and return a session that follows that.

        ``seconds`` is how long somebody has to say "keep"; None to keep it if it is well.

        Raises:
            Refused: the state folder cannot be used.
        """
        self.store.prepare()
        if not self._write(self.store.wanted, change.plan.choices):
            raise Refused(f"{self.store.wanted} cannot be written. Nothing was changed.")
        waiting = [str(seconds)] if seconds else []
        return self._start_beside("change", str(self.store.wanted), change.plan.digest, *waiting)

    def start_change_back(self) -> "Session":
        """Start going back to the set-up as it was before a change that is not settled.

        Raises:
            Refused: there is none, or the person is not root.
        """
        self._need_root()
        change = set_ups.unsettled_change(self.store)
        if change is None:
            raise Refused(set_ups.NOTHING)
        return self._start_beside("revert", change.id, "now")

    @property
    def repairing(self) -> "Session | None":
        """A session of the repair that waits for an answer or is at work, or None."""
        store = RepairStore(self.store.directory)
        try:
            repair = store.open
        except (Refused, OSError):
            return None
        return Session(store, self.system) if repair is not None else None

    def keep(self) -> Record:
        """Keep the run that waits for an answer, and end its guard.

        Raises:
            Refused: there is nothing to keep, or the person is not root.
            TooLate: the run was taken back; the message says why.
            Locked: a run is at work.
        """
        self._need_root()
        return revert.keep(self.system, self.store, guard.choose(self.system, self.store))

    def extend(self, seconds: int | None = None) -> Record:
        """Begin the time for an answer anew; as long as the last one if no seconds are given.

        Raises:
            Refused: nothing waits for an answer, or the person is not root.
            TooLate: the run was taken back.
            Locked: a run is at work.
        """
        self._need_root()
        record = self.record()
        wanted = seconds or (record.window if record else 0) or Choices.window
        return revert.extend(self.store, guard.choose(self.system, self.store), wanted)

    def revert_now(self) -> None:
        """Start taking back the run that waits for an answer, without waiting for the end.

        Raises:
            Refused: there is none, or the person is not root.
        """
        self._need_root()
        self._start("revert", self._to_take_back().id, "now")

    def seconds_left(self) -> float | None:
        """Return the seconds until the run is taken back, or None where none waits for an answer.

        Raises:
            Refused: the record cannot be read.
        """
        record = self.record()
        waits = record is not None and record.state is State.UNCONFIRMED
        return window.seconds_left(record) if record is not None and waits else None

    def guard_coverage(self) -> str:
        """Return what the guard of this host does not cover, or an empty text for nothing."""
        return guard.choose(self.system, self.store).coverage

    def cancel(self) -> None:
        """Ask the run that this session started to stop at the next step and roll back."""
        if self._process is not None:
            self._process.cancel()

    def progress(self) -> Progress:
        """Return how far the run is: the one that this session started, or else the newest.

        Raises:
            Refused: the record cannot be read.
        """
        if self._process is None:
            return self._progress_of_another(self.record())
        record = self._followed()
        code = self._process.poll()
        if code is None:
            if self._is_new(record):
                return Progress(record, None)
            return Progress(None, None, doing=worker_log.doing(self._process.log))
        record = self._followed()
        if record and self._is_of_this_run(record) and journal.EXIT_CODES.get(record.state) == code:
            return Progress(record, ExitCode(code))
        seen_to = code in set(ExitCode) - {ExitCode.DONE, ExitCode.UNEXPECTED}
        if record is not None and not seen_to and (not code or self._is_new(record)):
            return self._progress_of_another(record)
        ended = ExitCode(code) if code in set(ExitCode) else ExitCode.UNEXPECTED
        return Progress(None, ended, self._last_words(self._process.log))

    def _progress_of_another(self, record: Record | None) -> Progress:
        if self.is_running():
            return Progress(record, None)
        if record is None:
            return Progress(None, ExitCode.REFUSED, "No run of the wizard is on this host.")
        if record.state.moving and self._is_being_mended():
            return Progress(record, None)
        if record.state.moving:
            return Progress(
                record,
                ExitCode.UNEXPECTED,
                "The process that changed this host has died before its end. Take back what it "
                "began with wizard --undo.",
            )
        return Progress(record, journal.EXIT_CODES[record.state])

    def _is_being_mended(self) -> bool:
        """Return whether the guard can be expected to take over from a process that has died."""
        if not guard.is_armed(self.store):
            return False
        self._died = self._died or time.monotonic()
        return time.monotonic() - self._died < _MENDING

    def _need_root(self) -> None:
        if not self.root:
            raise Refused("Only root can change this host. Nothing was changed. Use sudo.")

    def why_not_apply(self, project: str | None = None) -> str | None:
        """Return a sentence that says why this person cannot apply a plan now, or None.

        ``project`` is the one that the plan is for, where that is known.
        """
        if not self.root:
            if not self.has_answers:
                return (
                    "Only root can change this host, and your answers cannot be kept in "
                    f"{self.store.directory}. Start again with sudo, and give them there."
                )
            return (
                "Only root can change this host. Your answers are kept: continue with "
                f"sudo wizard --answers {self.store.answers}"
            )
        if self.is_running():
            return "Another run of the wizard is at work. Wait until it has ended."
        return set_ups.why_not_apply(self.records(), project, set_ups.open_repair(self.store))

    def record(self) -> Record | None:
        """Return the record that is at hand: of the project that was named, or see :class:`Store`.

        Raises:
            Refused: there is one, but it cannot be read.
        """
        if self.project is None:
            self._need_sight()
            return self.store.load()
        records = reversed(self.records())
        return next((each for each in records if each.project == self.project), None)

    def records(self) -> tuple[Record, ...]:
        """Return the newest record of every project on this host, the oldest run first.

        Raises:
            Refused: one cannot be read.
        """
        self._need_sight()
        return self.store.records()

    def _need_sight(self) -> None:
        if not self.root and self.store.directory != DIRECTORY and DIRECTORY.is_dir():
            raise Refused("Only root can read what the wizard did on this host. Use sudo.")

    def in_force(self) -> tuple[Record, ...]:
        """Return the records of the set-ups on this host, in the order in which undo takes them.

        Raises:
            Refused: one cannot be read, or none is of the project that was named.
        """
        self.records()
        if self.project is not None:
            return (set_ups.chosen(self.store, self.project),)
        return set_ups.in_force(self.store)

    def is_running(self) -> bool:
        """Return whether any run is at work on this host."""
        return lock.is_held(self.store.lock)

    def undo_preview(
        self,
        chosen: undoing.Chosen | None = None,
        record: Record | None = None,
        after: Sequence[str] = (),
    ) -> UndoPreview:
        """Return what undo would take back.

        Args:
            chosen: What becomes of what somebody changed; without it theirs is kept, but for an
                undo that did not come to its end, which goes on as it began.
            record: Of which set-up; of the one at hand where it is None.
            after: The runs that will have been taken back by then.

        Raises:
            Refused: there is nothing to take back.
        """
        record = record or self._to_take_back()
        beside = set_ups.others(self.store, record.id, *after)
        return undoing.preview(record, self.system, chosen, beside)

    def judge(
        self,
        target: IPv6Address | None = None,
        teller: IPv6Address | None = None,
        other: str | None = None,
        record: Record | None = None,
    ) -> Judgement:
        """Say whether IPv6 works in the containers as the run at hand set it up.

        Args:
            target: Whom to ask; the target of the run's own answers unless it is given.
            teller: A host that tells its visitors their address on TCP port 80.
            other: Another machine, as ssh takes it, that tries what comes in.
            record: Of which set-up; of the one at hand where it is None.

        Raises:
            Refused: no run is on this host, Docker does not answer, or the person is not root.
        """
        record, runs = record or self.record(), Store(self.store.directory)
        if record is not None and isinstance(self.store, RepairStore):
            # What was put back works where the whole of its run does.
            record = set_ups.chosen(runs, record.project)
        if record is not None and record.state.in_force:
            record = set_ups.as_it_stands(runs, record)
        if record is None or not record.state.in_force:
            raise Refused("There is nothing to check: no run of the wizard is on this host.")
        if not self.root:
            raise Refused("Only root can look into containers. Nothing was checked. Use sudo.")
        host = self.look()
        beside = set_ups.others(runs, record.id, host=host)
        return checking.check(record, host, self.system, target, teller, other, beside)

    def probe_upstream(self, prefix: IPv6Network, host: Host) -> UpstreamFinding:
        """Find out whether the upstream router asks for addresses of a prefix or routes it here.

        Raises:
            Refused: the person is not root, or there is no uplink.
        """
        if not self.root:
            raise Refused("Only root can send and watch such packets. Nothing was tried. Use sudo.")
        if isinstance(host.uplink, Unknown):
            raise Refused(host.uplink.reason)
        saved = self.load_answers()
        target = saved.target if saved else DEFAULT_TARGET
        targets = [target, *([host.uplink.gateway] if host.uplink.gateway else [])]
        unused = upstream.pick_unused(prefix)
        return upstream.probe_upstream(host.uplink.interface, unused, targets)

    def _is_of_this_run(self, record: Record | None) -> bool:
        """Whether the process of this session wrote the record, and not a run before it."""
        return record is not None and _mark(record) != self._before

    def _is_new(self, record: Record | None) -> bool:
        undoing = record is not None and record.state is State.UNDOING
        return self._is_of_this_run(record) or undoing

    def _to_take_back(self) -> Record:
        record = self.record()
        if record is None or not record.state.in_force:
            if self.project is not None:
                return set_ups.chosen(self.store, self.project)
            raise Refused(set_ups.NOTHING)
        return record

    def _of_project(self, project: str) -> list[str]:
        return [each.id for each in self.store.records() if each.project == project]

    def _followed(self) -> Record | None:
        """Return the record that the process of this session writes, if it does yet."""
        return self.store.latest() if self._run is None else self.store.of(self._run).load()

    def _start_beside(self, *arguments: str) -> "Session":
        """Start what has its record beside those of the runs, and return what follows that."""
        following = Session(RepairStore(self.store.directory), self.system)
        following._start(*arguments)
        return following

    def _start(self, *arguments: str) -> None:
        self._run = arguments[1] if arguments[0] in ("undo", "revert") else None
        record = self._followed()
        self._before = _mark(record) if record else None
        self._process = start.start(self.store, *arguments)

    def _last_words(self, log: Path) -> str:
        said = worker_log.last_words(log)
        if not said and not os.statvfs(self.store.directory).f_bavail:
            return (
                f"There is no room left on the disk that holds {self.store.directory}, and "
                "without its record the wizard changes nothing more. Make room, look at wizard "
                "--status, and take back with wizard --undo what had been begun."
            )
        return said or "The process that applies ended without a word."


def _mark(record: Record) -> tuple[str, ...]:
    """Return what tells a record from the same one after another process wrote it."""
    return record.id, str(record.state), record.finished


def state_directory() -> Path:
    """Return where the record and the answers are: /var/lib for root, the home folder otherwise."""
    if os.geteuid() == 0:
        return DIRECTORY
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "docker-ipv6-wizard"
