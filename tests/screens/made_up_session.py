"""A session that touches nothing: a made-up host, two Compose texts, and a run by a script."""

import time
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path
from typing import Any, cast

from tests import made_up_hosts
from wizard.answers import answers_file, projects
from wizard.answers.choices import Choices
from wizard.at_hand import RecordsAtHand
from wizard.awaited import AwaitedAnswer
from wizard.compose.project import load
from wizard.host.host import ComposeProject, Host
from wizard.modes.plan_inputs import PlanInputs
from wizard.ndp.upstream import UpstreamCase, UpstreamFinding
from wizard.plan.planning import Plan
from wizard.platform.errors import ExitCode, Refused, WizardError
from wizard.platform.system import FileState
from wizard.probes.findings import Finding
from wizard.probes.path import Seen, path_of
from wizard.probes.report import ContainerReport
from wizard.record.record import Record, State, StepRecord, StepState
from wizard.record.store import Store
from wizard.run import repairing
from wizard.run.changing import Change
from wizard.run.conditions import StepCondition
from wizard.run.logins import Logins
from wizard.run.process import Progress, RunProcess
from wizard.run.repairing import Repair
from wizard.run.undoing import Changed, Chosen, UndoPreview, UndoStep
from wizard.saved_answers import SavedAnswers
from wizard.session import Session
from wizard.steps.actions import WriteFile, difference
from wizard.steps.base import Step
from wizard.steps.before import Before
from wizard.steps.comparing import Comparison, Decisions, Found, Resolution, choice_of
from wizard.steps.mend import Mend, MendBefore, Setting
from wizard.steps.parts import Condition, Part
from wizard.verification.judgement import Judgement, judge

MASTODON = """\
services:
  db:
    restart: always
    image: postgres:14-alpine
    networks:
      - internal_network
  redis:
    image: redis:7-alpine
    networks:
      - internal_network
  web:
    image: ghcr.io/mastodon/mastodon:v4.5.2
    networks:
      - external_network
      - internal_network
    ports:
      - '127.0.0.1:3000:3000'
  streaming:
    image: ghcr.io/mastodon/mastodon-streaming:v4.5.2
    networks:
      - external_network
      - internal_network
  sidekiq:
    image: ghcr.io/mastodon/mastodon:v4.5.2
    networks:
      - external_network
      - internal_network
  proxy:
    image: caddy:2
    network_mode: host

networks:
  external_network:
  internal_network:
    internal: true
"""

OTHER = """\
services:
  app:
    image: example/app:1
  cache:
    image: valkey:8
"""

OVER_BOTH = Logins(
    True, ("ssh -6 root@2001:db8:1:2::10", "ssh -4 root@203.0.113.10"), "wizard --keep"
)

NOT_YAML = "services:\n  web: [\n"


LACKS = "The unit docker-ipv6-wizard.service does not run [/]."
THEIRS = "docker-compose.yml has been changed by somebody else since."
UNIT = Setting("unit", "docker-ipv6-wizard.service", "disabled inactive", "enabled active")

UNUSED = "2001:db8:1:2:1:8123:4567:89ab"
SENT = f"    0.1 ms  {UNUSED} > 2606:4700:4700::1111: ICMP6, echo request"
SEEN = {
    UpstreamCase.SOLICITED: (
        SENT,
        f"    0.2 ms  {UNUSED} > fe80::1: ICMP6, echo request",
        f"    4.3 ms  fe80::1 > ff02::1:ff67:89ab: ICMP6, neighbor solicitation, who has {UNUSED}",
    ),
    UpstreamCase.ROUTED: (
        SENT,
        f"    5.2 ms  2606:4700:4700::1111 > {UNUSED}: ICMP6, echo reply",
    ),
    UpstreamCase.REFUSED: (
        SENT,
        f"    1.2 ms  2001:db8:1:2::1 > {UNUSED}: ICMP6, destination unreachable",
    ),
    UpstreamCase.NOTHING: (SENT,) * 6 + (f" 2000.4 ms  nothing came for {UNUSED}",),
}
"""What is seen of the provider's router, in each case."""


def with_two_projects(host: Host) -> Host:
    """Return the host with a second project, which is kept in git."""
    assert isinstance(host.projects, tuple)
    (first, *_) = host.projects
    containers = tuple(
        replace(container, name=f"wiki-{service}-1", service=service)
        for container, service in zip(first.containers[2:], ("app", "cache"), strict=False)
    )
    directory = Path("/srv/wiki")
    other = ComposeProject(
        "wiki", directory, (directory / "docker-compose.yml",), containers, in_git=True
    )
    return replace(host, projects=(first, other))


def report(name: str, *, works: bool = True) -> ContainerReport:
    """Return what a look into a container finds."""
    yes = Finding(True, "reply in 4 ms")
    tcp = Finding(True, "connected in 5 ms") if works else Finding(False, "no answer in 2 s")
    last = "" if works else "2001:db8:ffff::1"
    return ContainerReport(
        name=name,
        address=Finding(True, "fd12:3456:789a::2/64 on eth1"),
        default_route=Finding(True, "fd12:3456:789a::1 by eth1"),
        gateway_echo=Finding(True, "reply in 0.1 ms"),
        target_echo=yes if works else Finding(False, "no answer in 2 s"),
        tcp=tcp,
        path=path_of(
            Seen(yes, yes, yes, tcp, last, yes),
            "fd12:3456:789a::2",
            "2001:db8:1:2::10",
            "2606:4700:4700::1111",
            "5 ms",
        ),
        source_kernel=Finding(True, "fd12:3456:789a::2"),
        source_seen=Finding(None, "not asked; by the plan, the host's own address (masqueraded)"),
        hops=Finding(True, "2 hops to the target", (" 1  fd12:3456:789a::1  0.1 ms",
                                                    " 2  2001:db8:ffff::53  4 ms")),
        preferred_family=Finding(
            True,
            "IPv4 first (RFC 6724 rule 5, prefer matching label)",
            ("A program that follows RFC 6724, glibc and musl included, reaches a dual-stack "
             "server over IPv4 (its source is a unique local address: rule 5, prefer matching "
             "label). Mastodon sorts addresses itself and tries IPv6 first. Servers that have "
             "IPv6 alone are reached over IPv6.",),
        ),
    )  # fmt: skip


@dataclass
class Act:
    """What a made-up run is asked to become."""

    fail_at: int | None = None
    """Number of the step that fails, from 1."""
    left: str = ""
    """What the rollback or an undo leaves, in a sentence."""
    refuse: tuple[ExitCode, str] | None = None
    """How the run ends before it begins."""
    hold_at: int | None = None
    """Number of the step at which the run waits until :meth:`MadeUpSession.let_go`."""


class _MadeUpAnswers(SavedAnswers):
    """Keeps them in a made-up session."""

    def __init__(self, session: "MadeUpSession") -> None:
        super().__init__(session.store)
        self._session = session

    def save(self, choices: Choices) -> bool:
        if self._session.cannot_save:
            return False
        self._session.saved = choices
        return True

    def load(self) -> Choices | None:
        return self._session.saved

    def save_progress(self, place: str) -> bool:
        self._session.place = place
        return True

    def load_progress(self) -> str:
        return self._session.place


class _MadeUpRecords(RecordsAtHand):
    """That of what a made-up session plays, or of what it was given."""

    def __init__(self, session: "MadeUpSession") -> None:
        super().__init__(session.store, lambda: session.root)
        self._session = session

    def at_hand(self) -> Record | None:
        last = self._session.last
        if last is not None and last.record is not None:
            return last.record
        return self._session.earlier

    def all(self) -> tuple[Record, ...]:
        record = self.at_hand()
        return () if record is None else (record,)


class _MadeUpAnswer(AwaitedAnswer):
    """Notes in a made-up session how its run was answered."""

    def __init__(self, session: "MadeUpSession") -> None:
        super().__init__(
            session.store, session.system, session.records, partial(RunProcess, session.store)
        )
        self._session = session

    def guard_coverage(self) -> str:
        return self._session.coverage

    def seconds_left(self) -> float | None:
        begun = self._session.counts_since
        return self._session.left - (time.monotonic() - begun if begun else 0)

    def keep(self) -> Record:
        if self._session.keep_fails:
            raise Refused(self._session.keep_fails)
        self._session.answer = "keep"
        return self._record

    def extend(self, seconds: int | None = None) -> Record:
        self._session.left = 120.0
        return self._record

    def revert_now(self) -> None:
        self._session.answer = "revert"

    @property
    def _record(self) -> Record:
        record = self._session.records.at_hand()
        assert record is not None
        return record


@dataclass
class MadeUpSession(Session):
    """Stands in for :class:`Session`; the planner, the checks and the parser are the real ones."""

    host: Host = field(default_factory=made_up_hosts.debian13)
    composes: dict[str, str] = field(default_factory=lambda: {"mastodon": MASTODON, "wiki": OTHER})
    directory: Path = Path("/var/lib/docker-ipv6-wizard")
    is_root: bool = True
    saved: Choices | None = None
    cannot_save: bool = False
    earlier: Record | None = None
    act: Act = field(default_factory=Act)
    hold_detection: bool = False
    upstream: UpstreamCase = UpstreamCase.SOLICITED
    upstream_fails: str = ""
    hold_probe: bool = False
    hold_check: bool = False
    hold_undo: bool = False
    check_fails: str = ""
    broken: tuple[str, ...] = ()
    """Names of containers that reach nobody."""
    keep_fails: str = ""
    died: str = ""
    """What is said of an earlier run whose process is gone."""
    place: str = ""
    way_in: Logins = OVER_BOTH
    coverage: str = ""
    foreseen: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    left: float = 107.0
    """Seconds until a run that waits for an answer is taken back."""
    counts_since: float | None = None
    """When these began to run, on the monotonic clock; they stand still where it is None."""
    differing: tuple[str, ...] = ()
    """What passes but is not as it was set up."""
    meddled: bool = False
    """Whether somebody has changed the Compose file, and joined the network, since."""
    missing: bool = False
    """Whether something of the run is not in effect any more."""
    moved: str = ""
    """What is said of another prefix of the provider's, which a repair follows."""
    hold_repair: bool = False
    check_names: tuple[str, ...] = ("mastodon-web-1", "mastodon-streaming-1", "mastodon-sidekiq-1")

    def __post_init__(self) -> None:
        super().__init__(Store(self.directory), _NoSystem())
        self.answers, self.records = _MadeUpAnswers(self), _MadeUpRecords(self)
        self.awaited = _MadeUpAnswer(self)
        self.probed: list[IPv6Network] = []
        self.frames: Iterator[Progress] | None = None
        self.last: Progress | None = None
        self.cancelled = False
        self.applied: Plan | None = None
        self.undone = False
        self.changed: Plan | None = None
        """The plan of a change, where one was started."""
        self.repaired: Resolution | None = None
        """What became of what somebody changed, where a repair was started."""
        self.chosen: Chosen | None = None
        self.script: Plan | None = None
        self.holding = True
        self.window: int | None = None
        self.answer = ""
        """How a run that waits was answered: keep, extend, revert, or expire."""

    @property
    def root(self) -> bool:
        return self.is_root

    def detect(
        self,
        found: Callable[[str, object], None] | None = None,
        target: IPv6Address | None = None,
    ) -> Host:
        for each in fields(Host):
            if found is not None:
                found(each.name, getattr(self.host, each.name))
            if self.hold_detection and each.name == "engine":
                self._wait()
        return self.host

    def _wait(self) -> None:
        while self.hold_detection or self.hold_probe:
            time.sleep(0.01)

    def probe_upstream(self, prefix: IPv6Network, host: Host) -> UpstreamFinding:
        self.probed.append(prefix)
        if self.hold_probe:
            self._wait()
        if self.upstream_fails:
            raise Refused(self.upstream_fails)
        return UpstreamFinding(self.upstream, SEEN[self.upstream])

    def read_project(self, project: ComposeProject) -> PlanInputs:
        if not project.files:
            raise Refused("The containers of this project do not say which file they come from.")
        text = self.composes.get(project.name, MASTODON)
        path = str(project.files[0])
        override = str(Path(path).with_name("docker-compose.override.yml"))
        read = load([path], str(project.directory), {path: text.encode()}.get)
        return PlanInputs({path: FileState(text, 0o644, 1000, 1000)}, read, override)

    def save_script(self, plan: Plan) -> Path:
        self.script = plan
        return Path("/root/docker-ipv6-plan.sh")

    def check_plan(self, plan: Plan) -> None:
        return None

    def why_not_apply(self, project: str | None = None) -> str | None:
        return super().why_not_apply(project)

    def start_apply(self, plan: Plan, ask: bool = False, seconds: int | None = None) -> None:
        self.applied = plan
        self.window = seconds
        self.cancelled = False
        self.frames = self._play_apply(plan)
        self.last = None

    def start_undo(self, chosen: Chosen | None = None, record: Record | None = None) -> None:
        self.undone, self.chosen = True, chosen
        assert self.earlier is not None
        self.frames = self._play_undo(self.earlier)
        self.last = None

    def cancel(self) -> None:
        self.cancelled = True

    def logins(self) -> Logins:
        return self.way_in

    def next_boot(self) -> tuple[str, ...]:
        return self.foreseen

    def repair(
        self,
        changed: Resolution = Resolution.KEEP,
        record: Record | None = None,
        done: Container[str] = (),
    ) -> Repair:
        while self.hold_repair:
            time.sleep(0.01)
        repairing.in_force(self.records.at_hand())
        step = StepCondition(2, "Let packets out", "ip6tables", str(Condition.MISSING), LACKS)
        steps = (Mend(2, step.title, LACKS, settings=(UNIT,)),) if self.missing else ()
        part = Part("/srv/x", Condition.CHANGED, wanted=UNIT.then)
        theirs = StepCondition(
            5, "Add it to the file [/]", "x", str(Condition.CHANGED), THEIRS, parts=(part,)
        )
        if self.meddled and changed is Resolution.OURS:
            steps = (*steps, Mend(5, theirs.title, THEIRS, settings=(UNIT,)))
        left = (theirs,) if self.meddled and changed is Resolution.KEEP else ()
        if self.moved:
            plan = Plan(Choices(), (Mend(1, "x", "", settings=(UNIT,)),), (), (self.moved, "Cost."))
            return Repair(plan, (), moved=self.moved, answers=plan.choices)
        remarks = tuple(f"Left as it is. {each.sentence}" for each in left)
        found = (step, *((theirs,) if self.meddled else ()))
        return Repair(Plan(Choices(), steps, remarks), found, left)

    def start_repair(
        self,
        repair: Repair,
        changed: Resolution = Resolution.KEEP,
        seconds: int | None = None,
        record: Record | None = None,
    ) -> Session:
        self.repaired = changed
        following = MadeUpSession(act=self.act, earlier=self.earlier)
        following.frames = following._play_apply(repair.plan)
        return following

    def read_without(self, project: ComposeProject, run: Record) -> PlanInputs:
        return self.read_project(project)

    def change(self, choices: Choices) -> Change:
        """Return a change of the Compose file and the connections, where the answers differ."""
        run = self.records.at_hand()
        assert run is not None
        read = self.read_project(projects.project_of(self.host, choices))
        whole = self.plan(self.host, choices, read)
        same = answers_file.from_table(run.choices) == choices
        plan = replace(whole, steps=() if same else whole.steps[-2:])
        return Change(plan, whole, (), self.host, self.system)

    def start_change(self, plan: Plan, seconds: int | None = None) -> Session:
        self.changed = plan
        following = MadeUpSession(act=self.act, earlier=self.earlier)
        following.frames = following._play_apply(plan)
        return following

    @property
    def repairing(self) -> Session | None:
        return None

    def progress(self) -> Progress:
        if self.frames is None:
            if self.earlier is None:
                return Progress(None, ExitCode.REFUSED, "No run of the wizard is on this host.")
            if self.died:
                return Progress(self.earlier, ExitCode.UNEXPECTED, self.died)
            return Progress(self.earlier, None if self.earlier.state.moving else ExitCode.DONE)
        self.last = next(self.frames, self.last)
        assert self.last is not None
        return self.last

    def is_running(self) -> bool:
        record = self.earlier
        return record is not None and record.state.moving and self.frames is None

    def undo_preview(
        self,
        chosen: Chosen | None = None,
        record: Record | None = None,
        after: Sequence[str] = (),
    ) -> UndoPreview:
        record = self.records.at_hand()
        if record is None or not record.state.in_force:
            raise Refused("There is nothing to take back: no run of the wizard is on this host.")
        steps = (
            _undo_step(step, self.meddled, (chosen or {}).get(step.number, {}))
            for step in reversed(record.steps)
        )
        return UndoPreview(record, tuple(steps))

    def judge(
        self,
        target: IPv6Address | None = None,
        teller: IPv6Address | None = None,
        other: str | None = None,
        record: Record | None = None,
    ) -> Judgement:
        while self.hold_check:
            time.sleep(0.01)
        if self.check_fails:
            raise Refused(self.check_fails)
        reports = [report(name, works=name not in self.broken) for name in self.check_names]
        asked = f"Asked was {target or Choices().target}."
        return judge(reports, Choices(), self.differing, self.foreseen, self.notes, asked=[asked])

    def let_go(self) -> None:
        """Let a held run or look go on."""
        self.holding = False
        self.hold_detection = self.hold_probe = self.hold_check = self.hold_undo = False
        self.hold_repair = False

    def _play_apply(self, plan: Plan) -> Iterator[Progress]:
        if self.act.refuse:
            yield Progress(None, None)
            code, words = self.act.refuse
            yield Progress(None, code, words)
            return
        record = record_of(plan)
        failed = False
        for step in record.steps:
            step.state = StepState.APPLYING
            step.output = [f"$ {line}" for line in step.commands if not line.startswith("#")]
            yield Progress(_copy(record), None)
            while self.act.hold_at == step.number and self.holding and not self.cancelled:
                yield Progress(_copy(record), None)
            if self.act.fail_at == step.number or self.cancelled:
                record.error = (
                    "It was cancelled before the next step."
                    if self.cancelled
                    else "The command “docker network create” failed: Error: [/] no."
                )
                failed = True
                break
            step.output.append("done [/] [bold]literally[/bold]")
            step.state = StepState.DONE
        if not failed:
            record.state = State.UNCONFIRMED
            record.window, record.deadline = 120, "2026-11-22T12:02:30Z"
            while not self.answer:
                yield Progress(_copy(record), ExitCode.DONE)
            answer, self.answer = self.answer, ""
            if answer == "keep":
                record.state, record.finished = State.APPLIED, "2026-11-22T12:00:30Z"
                yield Progress(_copy(record), ExitCode.DONE)
                return
            record.error = "Nobody said keep within 120 seconds."
        record.state = State.ROLLING_BACK
        for step in reversed(record.steps):
            if step.state is not StepState.PLANNED:
                step.state = StepState.UNDOING
                yield Progress(_copy(record), None)
                kept = self.act.left and step.number == 1
                step.state = StepState.KEPT if kept else StepState.UNDONE
                step.left = [self.act.left] if kept else []
        incomplete = bool(self.act.left)
        record.state = State.ROLLBACK_INCOMPLETE if incomplete else State.ROLLED_BACK
        yield Progress(
            _copy(record), ExitCode.ROLLBACK_INCOMPLETE if incomplete else ExitCode.ROLLED_BACK
        )

    def _play_undo(self, before: Record) -> Iterator[Progress]:
        record = _copy(before)
        # Until its process has begun, the record is the one from before.
        while self.hold_undo:
            yield Progress(_copy(record), None)
        record.state = State.UNDOING
        for step in reversed(record.steps):
            step.state = StepState.UNDOING
            yield Progress(_copy(record), None)
            kept = self.act.left and step.number == 1
            step.state = StepState.KEPT if kept else StepState.UNDONE
            step.left = [self.act.left] if kept else []
        record.state = State.UNDO_INCOMPLETE if self.act.left else State.UNDONE
        self.earlier = record
        yield Progress(_copy(record), ExitCode.DONE)


_NOTHING_THERE: dict[str, Any] = {
    "files": (), "live": (), "there": (), "tables": (), "installed": False,
}  # fmt: skip
"""What every kind of step would have found on a host that has nothing of what it changes."""


def record_of(plan: Plan, state: State = State.APPLYING) -> Record:
    """Return the record of a run that begins with this plan."""
    done = StepState.DONE if state is State.APPLIED else StepState.PLANNED
    return Record(
        id="20261122T120000Z-abcd",
        state=state,
        started="2026-11-22T12:00:00Z",
        digest=plan.digest,
        host={},
        choices=answers_file.to_table(plan.choices),
        steps=[
            StepRecord(
                number=number,
                kind=step.kind,
                title=step.title,
                state=done,
                commands=list(step.commands),
                parameters=step.parameters(),
                undo=list(step.undo_lines(_nothing_there(step))),
                before={"written": [_written(each) for each in step.actions()
                                    if isinstance(each, WriteFile)]},
            )
            for number, step in enumerate(plan.steps, 1)
        ],
    )  # fmt: skip


def _nothing_there(step: Step) -> Before:
    if isinstance(step, Mend):
        return MendBefore(files=(), objects=tuple(each.now for each in step.settings))
    names = {each.name for each in fields(step.before_kind)}
    table = {name: value for name, value in _NOTHING_THERE.items() if name in names}
    return step.before_kind(**table)


def _written(action: WriteFile) -> dict[str, Any]:
    before = action.before.text if action.before else None
    return {"path": action.path, "before": before, "after": action.after.text}


def _undo_step(step: StepRecord, meddled: bool, decisions: Decisions) -> UndoStep:
    written = cast("list[dict[str, Any]]", step.before["written"])
    files = [(each["path"], each["before"], each["after"]) for each in written]
    commands = tuple(step.undo)
    if meddled and step.kind == "compose-file":
        ((path, before, after),) = files
        theirs = _bumped(after)
        found = Found(
            path,
            Comparison.CHANGED,
            f"{path} has been changed by somebody else since.",
            changed=difference(path, after, theirs),
            ours_out=difference(path, theirs, _bumped(before)),
            back=difference(path, theirs, before),
        )
        choice = choice_of(found, decisions)
        changed = Changed(path, choice, found.outlook(choice), found.diffs(choice))
        stays = choice is Resolution.OURS
        return UndoStep(step.title, commands, (), (), step.number, (changed,), stays)
    notes = (
        "The Docker network mastodon_ipv6 stays, because these containers are on it: guest. "
        "When they have no use for it any more, let them leave it, and continue: docker network "
        "disconnect mastodon_ipv6 guest; wizard --undo",
    )
    diffs = tuple(difference(path, after, before) for path, before, after in files)
    guests = notes if meddled and step.kind == "docker-network" else ()
    return UndoStep(step.title, commands, diffs, guests, step.number)


def _bumped(text: str) -> str:
    return text.replace("mastodon:v4.5.2", "mastodon:v4.6.0  # [/]", 1)


def _copy(record: Record) -> Record:
    steps = [replace(step, output=list(step.output)) for step in record.steps]
    return replace(record, steps=steps)


class _NoSystem:
    """A host that must not be touched."""

    def __getattr__(self, name: str) -> Any:
        raise WizardError(f"A screen reached for the host: {name}")
