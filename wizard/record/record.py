"""The record: journal, receipt and undo list in one TOML file that a person can read."""

import errno
import os
import stat
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, get_origin

import tomli_w

from wizard import __version__
from wizard.platform.errors import Refused
from wizard.platform.files import read_regular, regular, write_durably
from wizard.platform.text import clean_line
from wizard.record.forgetting import without_texts

FORMAT = 1

GENERATION = 2
"""Which generation of set-ups this release makes; see :mod:`wizard.record.earlier_releases`."""

DIRECTORY = Path("/var/lib/docker-ipv6-wizard")

RESERVED = 1 << 20
"""Octets that are set aside for the record and for the files that are put back."""

_LOGS = 5
"""How many logs of workers are kept."""

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the kernel says where no space is left (errno(3))."""

_DEEPEST = 20
"""How deep tables and lists of a step may be nested; no step nests its own deeper than five."""

_HEADER = """\
# What the wizard did on this host, step by step. To take it back: wizard --undo
# By hand: run the commands under "undo" of every step that is not "planned" or "undone",
# the last step first. The text of each file as it was is under its step's "before".
"""

_NESTED = ("steps", "state", "host", "choices")

_FOOTER = "# The end. A record without this line is not whole.\n"


class State(StrEnum):
    """Where a whole run stands."""

    APPLYING = "applying"
    UNCONFIRMED = "unconfirmed"
    """Every step is done and verified; it is taken back unless somebody says "keep"."""
    APPLIED = "applied"
    ROLLING_BACK = "rolling back"
    ROLLED_BACK = "rolled back"
    ROLLBACK_INCOMPLETE = "rollback incomplete"
    UNDOING = "undoing"
    UNDONE = "undone"
    UNDO_INCOMPLETE = "undo incomplete"

    @property
    def in_force(self) -> bool:
        """Whether something of the run is, or may be, on the host."""
        return self not in (State.ROLLED_BACK, State.UNDONE)

    @property
    def in_the_way(self) -> bool:
        """Whether it has to be taken back before another run.

        After an undo what is left is somebody else's; another plan looks at it as it finds it.
        """
        return self.in_force and self is not State.UNDO_INCOMPLETE

    @property
    def moving(self) -> bool:
        """Whether a process is at work, or died at it."""
        return self in (State.APPLYING, State.ROLLING_BACK, State.UNDOING)

    @property
    def words(self) -> str:
        """The same in plain words, to go on with after “The run is ”."""
        return {
            State.APPLYING: "being applied",
            State.UNCONFIRMED: "applied, and not kept yet",
            State.ROLLING_BACK: "being rolled back",
            State.ROLLBACK_INCOMPLETE: "rolled back in part",
            State.UNDOING: "being undone",
            State.UNDO_INCOMPLETE: "undone in part",
        }.get(self, str(self))

    @property
    def meaning(self) -> str:
        """What it means for the host, to go on with after “The run ”."""
        match self:
            case State.ROLLBACK_INCOMPLETE:
                return "is rolled back but for what is listed here. wizard --undo goes on with that"
            case State.UNDO_INCOMPLETE:
                return (
                    "is undone but for what is listed here. wizard --undo goes on with that, and "
                    "takes up nothing else"
                )
        return f"is {self.words}"


def words_of(state: str) -> str:
    """Return the state of a run in plain words; one not known as it is."""
    return State(state).words if state in set(State) else state


def is_in_the_way(state: str) -> bool:
    """Return whether a run in this state has to be taken back before another; one not known has."""
    try:
        return State(state).in_the_way
    except ValueError:
        return True


class StepState(StrEnum):
    """Where one step stands."""

    PLANNED = "planned"
    APPLYING = "applying"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    KEPT = "kept"
    """Taken back but for what somebody else changed; ``left`` says what."""

    @property
    def words(self) -> str:
        """The same in plain words."""
        return {
            StepState.PLANNED: "waiting",
            StepState.APPLYING: "at work",
            StepState.DONE: "done",
            StepState.UNDOING: "going back",
            StepState.UNDONE: "taken back",
            StepState.KEPT: "kept in part",
        }[self]


@dataclass
class StepRecord:
    """One step of a run."""

    number: int
    kind: str
    title: str
    state: StepState
    commands: list[str]
    parameters: dict[str, Any]
    undo: list[str] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    output: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    choices: dict[str, str] = field(default_factory=dict)
    """What an undo does with what somebody changed: keep, ours or original, by its name."""


@dataclass
class Record:
    """A run of the wizard on a host."""

    id: str
    state: State
    started: str
    digest: str
    host: dict[str, str]
    choices: dict[str, Any]
    steps: list[StepRecord]
    finished: str = ""
    error: str = ""
    window: int = 0
    """Seconds that there are, or were, to say "keep"; 0 where nobody was asked."""
    deadline: str = ""
    """When those end by the clock on the wall, as RFC 3339 writes it."""
    expires: float = 0.0
    """The same on the monotonic clock of the boot named below."""
    boot: str = ""
    wizard: str = __version__
    generation: int = 1
    """A record that does not say is of the first."""
    format: int = FORMAT

    @property
    def in_the_way(self) -> bool:
        """Whether it has to be taken back before another run.

        After an undo that is so where the person chose that some of it stays in force.
        """
        return self.state.in_the_way or (
            self.state is State.UNDO_INCOMPLETE
            and any("ours" in step.choices.values() for step in self.steps)
        )

    @property
    def left(self) -> list[str]:
        """What was left on the host when it was taken back."""
        return [sentence for step in self.steps for sentence in step.left]


def now() -> str:
    """Return the time in UTC, to the second, as RFC 3339 writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def dumps(record: Record) -> str:
    """Return the record as TOML."""
    table = {each.name: getattr(record, each.name) for each in fields(record)}
    steps = [
        {each.name: getattr(step, each.name) for each in fields(step)} for step in record.steps
    ]
    for one in (table, *steps):
        one["state"] = str(one["state"])
    about = ("format", "wizard", "generation", "id")
    first = ("state", "started", "finished", "error", "digest")
    waiting = ("window", "deadline", "expires", "boot")
    plain = {key: table[key] for key in (*about, *first, *waiting, "host", "choices")}
    plain["steps"] = steps
    return _HEADER + tomli_w.dumps(plain) + _FOOTER


def loads(text: str, path: str = "the record") -> Record:
    """Return the record in a TOML text.

    What a step does not say as it should is empty there, and hinders that step alone.

    Raises:
        Refused: it is not TOML, of a format this wizard does not know, not whole, or not a record.
    """
    where = clean_line(path)
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(
            f"{where} is not whole: {clean_line(str(error))}. Nothing was changed. It lists by "
            "hand what was done; look at it before you go on."
        ) from error
    if table.get("format") != FORMAT:
        raise Refused(
            f"{where} has format {clean_line(str(table.get('format')))}, and this wizard reads "
            f"format {FORMAT}. Nothing was changed. Use the wizard that wrote it, version "
            f"{clean_line(str(table.get('wizard')))}."
        )
    if not text.endswith(_FOOTER):
        raise Refused(
            f"{where} is not whole: its end is missing. Nothing was changed. It lists by hand what "
            "was done; look at it before you go on."
        )
    try:
        return _record(table)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise Refused(
            f"{where} is not a record of the wizard ({clean_line(str(error))}). Nothing was "
            "changed. Move it away if you know that nothing of it is on this host."
        ) from error


def _record(table: Mapping[str, Any]) -> Record:
    _check_types(table)
    values = {key: value for key, value in table.items() if key not in _NESTED}
    return Record(
        **values,
        host=_texts_by_name(table["host"]),
        choices=_table(table["choices"]),
        state=State(table["state"]),
        steps=[_step(number, each) for number, each in enumerate(table["steps"], 1)],
    )


def _step(number: int, said: object) -> StepRecord:
    """Return a step as far as it can be read.

    Raises:
        ValueError: it holds something that this wizard does not know.
    """
    table = said if isinstance(said, dict) else {}
    unknown = set(table) - {each.name for each in fields(StepRecord)}
    if unknown:
        raise ValueError(f"a step holds {', '.join(sorted(unknown))}")
    title, kind, given = (table.get(key) for key in ("title", "kind", "number"))
    return StepRecord(
        number=given if isinstance(given, int) else number,
        kind=kind if isinstance(kind, str) else "",
        title=title if isinstance(title, str) and title else f"Step {number}",
        state=_step_state(table.get("state")),
        commands=_texts(table.get("commands")),
        parameters=_table(table.get("parameters")),
        undo=_texts(table.get("undo")),
        before=_table(table.get("before")),
        output=_texts(table.get("output")),
        left=_texts(table.get("left")),
        choices=_texts_by_name(table.get("choices")),
    )


def _step_state(said: object) -> StepState:
    """Return how a step stands; one that does not say so may have changed something."""
    return next((state for state in StepState if state == said), StepState.APPLYING)


def _texts(said: object) -> list[str]:
    return [str(each) for each in said] if isinstance(said, list) else []


def _texts_by_name(said: object) -> dict[str, str]:
    return {key: str(value) for key, value in said.items()} if isinstance(said, dict) else {}


def _table(said: object) -> dict[str, Any]:
    return said if isinstance(said, dict) and _is_shallow(said, _DEEPEST) else {}


def _is_shallow(said: object, levels: int) -> bool:
    if not isinstance(said, dict | list):
        return True
    inner = said.values() if isinstance(said, dict) else said
    return levels > 0 and all(_is_shallow(each, levels - 1) for each in inner)


def _check_types(table: Mapping[str, Any]) -> None:
    for each in fields(Record):
        wanted = get_origin(each.type) or each.type
        if each.name not in table or not isinstance(wanted, type) or issubclass(wanted, StrEnum):
            continue
        if not isinstance(table[each.name], wanted):
            raise TypeError(f"{each.name} is no {wanted.__name__}")


class Store:
    """The folder that holds the record, its lock, its log and the answers; root's alone."""

    def __init__(self, directory: Path = DIRECTORY) -> None:
        self.directory = directory
        self.path = directory / "record.toml"
        self.lock = directory / "lock"
        self.guard = directory / "guard-lock"
        """Held by the process that guards a run where there is no systemd."""
        self.answers = directory / "answers.toml"
        self.place = directory / "place"
        self.padding = directory / "reserved-space"

    def new_log(self) -> Path:
        """Make an empty log for one worker, and let go of all but the newest of before.

        Each has its own, for who starts one does not hold the lock: another may be at work.

        Raises:
            OSError: the disk is full or read-only.
        """
        old = sorted(self.directory.glob("apply*.log"), key=lambda log: log.lstat().st_mtime)
        for log in old[: -_LOGS + 1]:
            log.unlink(missing_ok=True)
        old = old[-_LOGS + 1 :]
        try:
            descriptor, name = tempfile.mkstemp(".log", "apply-", self.directory)
        except OSError as error:
            if error.errno not in FULL or not old:
                raise
            # An undo must begin all the same, and this one is there.
            os.truncate(old[-1], 0)
            return old[-1]
        os.close(descriptor)
        return Path(name)

    def prepare(self) -> None:
        """Make the folder where there is none.

        Raises:
            Refused: it belongs to somebody else, is a link, or cannot be made.
        """
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_folder()
        except OSError as error:
            raise Refused(
                f"{self.directory} cannot be made: {error.strerror}. Nothing was changed. The "
                "wizard keeps its record there and does not start without one."
            ) from error

    def _check_folder(self) -> None:
        status = self.directory.lstat()
        if not (stat.S_ISDIR(status.st_mode) and _is_only_ours(status)):
            raise Refused(
                f"{self.directory} is a link, belongs to somebody else, or can be written by "
                "others. Nothing was changed. Find out why, move it away, and start again."
            )

    def load(self) -> Record | None:
        """Return the record, or None where there is none.

        Raises:
            Refused: it cannot be read, is not whole, or could have been written by others.
        """
        try:
            self._check_folder()
            text, status = regular(self.path, follow=False)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Refused(
                f"{self.path} cannot be read: {error.strerror}. Nothing was changed."
            ) from error
        if not _is_only_ours(status):
            raise Refused(
                f"{self.path} belongs to somebody else, or can be written by others, "
                "so what it says cannot be trusted. Nothing was changed."
            )
        return loads(text, str(self.path))

    def save(self, record: Record) -> None:
        """Write the record whole or not at all, and make it durable.

        Where the disk is full, the reserved space is given up for it. Of a run that is over it has
        no text of a file any more: a Compose file may hold passwords, and undo alone needs it.

        Raises:
            OSError: the disk is full or read-only; the record before stays.
        """
        text, owner = dumps(_fit_to_keep(record)), (os.geteuid(), os.getegid())
        try:
            write_durably(self.path, text, 0o600, *owner)
        except OSError as error:
            if error.errno not in FULL or not self.release():
                raise
            write_durably(self.path, text, 0o600, *owner)

    def reserve(self) -> None:
        """Set space aside, so that a change can be taken back on a disk that is full by then.

        Raises:
            OSError: there is no such space.
        """
        descriptor = os.open(self.padding, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, RESERVED)
            os.fsync(descriptor)
        except OSError:
            self.release()
            raise
        finally:
            os.close(descriptor)

    def release(self) -> bool:
        """Give up the space that was set aside; return whether there was any."""
        try:
            self.padding.unlink()
        except OSError:
            return False
        return True

    def archive(self) -> None:
        """Keep an ended record under its own name, so that the next one does not overwrite it.

        Those of earlier releases have texts of files in them, which go.
        """
        record = self.load()
        if record is not None:
            self.path.rename(self.directory / f"record-{record.id}.toml")
        for path in self.directory.glob("record-*.toml"):
            # One that cannot be read is none of ours, or for a person to look at.
            with suppress(Refused, OSError):
                kept = loads(read_regular(path), str(path))
                fit = dumps(_without_texts_of_files(kept))
                if fit != dumps(kept):
                    write_durably(path, fit, 0o600, os.geteuid(), os.getegid())


def _fit_to_keep(record: Record) -> Record:
    return record if record.state.in_force else _without_texts_of_files(record)


def _without_texts_of_files(record: Record) -> Record:
    steps = [
        step
        # Of what was left on the host somebody may still take back the rest by hand.
        if step.state is StepState.KEPT
        else replace(
            step, parameters=without_texts(step.parameters), before=without_texts(step.before)
        )
        for step in record.steps
    ]
    return replace(record, steps=steps)


def _is_only_ours(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022
