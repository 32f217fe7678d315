"""The run that is followed: how far it is, how it is begun and answered, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from textual.dom import DOMNode
from textual.timer import Timer

from screens import background
from wizard.platform.errors import ExitCode, Refused
from wizard.platform.later import later
from wizard.record.record import Record, State
from wizard.session import Session

with later():
    from wizard.run import process, set_ups
    from wizard.verification import judgement

FOLLOWED_EVERY = 0.2
"""Seconds between two looks at how far a run is."""

Failed = Callable[[str], None]
Say = Callable[[str], None]

Begin = Callable[[], Session | None]
"""Begins something; returns the session that follows it where that is not the host's own."""


class FollowedRun:
    """At most one: the one that this session began, or one that was found."""

    def __init__(self, session: Session, owner: DOMNode, changed: Callable[[], None]) -> None:
        """Take the session, what threads belong to, and what is called after every change."""
        self._host_session, self._owner, self._changed = session, owner, changed
        self.session = session
        """Whose run is followed: that of the set-up, or of its repair."""
        self._timer: Timer | None = None
        self.progress: process.Progress | None = None
        self._beginning = False
        self._seen = 0.0
        self.seconds_still = 0
        """Whole seconds for which a run that is at work has been as it is."""
        self.undoing = False
        """Whether the run that is followed takes back."""
        self.started = False
        """Whether this session started the run that is followed."""
        self.before = False
        """Whether it started one that is followed no more."""
        self.seconds_left: float | None = None
        """Until the run that waits for an answer is taken back; None where none waits."""
        self.judgement: judgement.Judgement | None = None
        """Whether IPv6 works as it was set up, once that has been looked at."""
        self.check_complaint = ""
        """Why that could not be looked at; empty otherwise."""

    # To begin one

    def apply(self, begin: Begin, say: Say, begun: Callable[[], None], failed: Failed) -> None:
        """Begin to apply or to repair, and follow that; ``say`` is told what is done until then."""
        self._begin("Starting to apply the plan", begin, False, say, begun, failed)

    def take_back(self, begin: Begin, say: Say, begun: Callable[[], None], failed: Failed) -> None:
        """Begin to take back, and follow that; ``say`` is told what is done until then."""
        self._begin("Starting to take back", begin, True, say, begun, failed)

    def _begin(
        self,
        trying: str,
        begin: Begin,
        undoing: bool,
        say: Say,
        begun: Callable[[], None],
        failed: Failed,
    ) -> None:
        self._beginning = True

        def tell(words: str) -> None:
            # What comes late must not stand over why it failed.
            if self._beginning:
                say(words)

        def give_up(complaint: str) -> None:
            self._beginning = False
            failed(complaint)

        def follow(of_its_own: Session | None) -> None:
            self._beginning = False
            self.session = of_its_own or self._host_session
            self.undoing, self.started = undoing, True
            self.follow()
            begun()

        self._host_session.say = lambda words: background.tell(self._owner, lambda: tell(words))
        background.run(self._owner, trying, begin, follow, give_up)

    def find(self, of_its_own: Session | None = None) -> None:
        """Follow the run that is on this host, or a repair of it, whoever began it."""
        self.session = of_its_own or self._host_session
        self.before = self.before or self.started
        self.undoing, self.started = False, False
        self.follow()

    def forget(self) -> None:
        """Begin as if there had been no run."""
        self.session = self._host_session
        self.before = self.before or self.started
        self.progress, self.judgement, self.undoing = None, None, False

    # To follow it

    def follow(self) -> None:
        """Look at how far the run is, again and again until it has ended."""
        self.progress, self.judgement, self.check_complaint = None, None, ""
        self._seen, self.seconds_still = monotonic(), 0
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._owner.set_interval(FOLLOWED_EVERY, self._follow_once)
        self._follow_once()

    def _follow_once(self) -> None:
        try:
            progress = self.session.progress()
            waits = _waits(progress)
            left = self.session.awaited.seconds_left() if waits else None
        except Exception as error:  # What cannot be followed ends with a sentence.
            words = background.sentence("Checking how far the run is", error)
            progress, waits, left = process.Progress(None, ExitCode.UNEXPECTED, words), False, None
        if progress != self.progress:
            self._seen = monotonic()
        # A second is said to be over at the look before it is. Looks are a little early or late,
        # so the time from which one counts lies between two: else one would come a look too late.
        still = 0 if waits else int(monotonic() - self._seen + 1.5 * FOLLOWED_EVERY)
        if progress != self.progress or waits or still != self.seconds_still:
            self.progress, self.seconds_left, self.seconds_still = progress, left, still
            self._changed()
        if progress.ended is not None and not waits and self._timer is not None:
            self._timer.stop()

    @property
    def record(self) -> Record | None:
        """The record of the run, once there is one."""
        return self.progress.record if self.progress else None

    @property
    def repairs(self) -> bool:
        """Whether what is followed is a repair."""
        return self.session is not self._host_session

    @property
    def kind(self) -> str:
        """What is followed beside a run, a repair or a change; empty where it is a run."""
        if not self.repairs:
            return ""
        return set_ups.kind_of(self.record) if self.record else "repair"

    @property
    def waits(self) -> bool:
        """Whether all is done, and somebody is asked whether to keep it."""
        return self.progress is not None and _waits(self.progress)

    @property
    def running(self) -> bool:
        """Whether a run is followed that has not ended."""
        return self.progress is not None and self.progress.ended is None

    @property
    def takes_back(self) -> bool:
        """Whether the run that is followed takes back, whoever started it."""
        record = self.record
        goes_back = (
            record is not None and record.state.moving and record.state is not State.APPLYING
        )
        return goes_back or (self.undoing and self.running)

    @property
    def can_cancel(self) -> bool:
        """Whether the run that is followed can be cancelled from here."""
        record = self.record
        return (
            self.running
            and self.started
            and not self.undoing
            and (record is None or record.state is State.APPLYING)
        )

    def cancel(self, failed: Failed) -> None:
        """Ask it to stop at the next step and to roll back."""
        background.run(
            self._owner, "Cancelling the run", self.session.cancel, lambda _: None, failed
        )

    def settle(self, action: Callable[[], object], failed: Failed) -> None:
        """Keep the run, or give it more time; that it was done is seen by following it."""
        background.run(self._owner, "Answering the question", action, lambda _: None, failed)

    # What came of it

    def check_containers(self) -> None:
        """Look into the containers of the project."""
        self.judgement, self.check_complaint = None, ""
        background.run(
            self._owner,
            "Checking the containers",
            self.session.judge,
            self._judged,
            self._not_judged,
            latest=True,
        )

    def _judged(self, found: judgement.Judgement) -> None:
        self.judgement = found
        self._changed()

    def _not_judged(self, complaint: str) -> None:
        self.check_complaint = complaint
        self._changed()

    @property
    def judged(self) -> str:
        """What the look into the containers has come to, in a sentence."""
        if self.judgement is not None:
            return self.judgement.words
        return (
            judgement.unknown(self.check_complaint) if self.check_complaint else judgement.LOOKING
        )

    @property
    def exit_code(self) -> ExitCode:
        """What the program ends with, if the person leaves now."""
        ended = self.progress.ended if self.progress else None
        return judgement.exit_code(ExitCode.DONE if ended is None else ended, self.judgement)


def recorded(session: Session) -> Record | None:
    """Return the record of what is on this host, where it can be read."""
    try:
        return session.records.at_hand()
    except Refused:
        return None


def standing(session: Session) -> tuple[Record, ...]:
    """Return the records of the set-ups that stand on this host, kept and whole."""
    try:
        return tuple(each for each in session.records.all() if each.state is State.APPLIED)
    except Refused:
        return ()


def is_home(session: Session) -> bool:
    """Return whether a set-up stands, and nothing is left of another that has to be seen to.

    Where several stand, and none was named, the newest is at hand.
    """
    record, stands = recorded(session), standing(session)
    if stands and (record is None or not record.state.in_force):
        session.records.project = stands[-1].project
        return True
    return record is not None and record.state is State.APPLIED


def has_open(session: Session) -> bool:
    """Return whether a run is at work, was cut off, or waits for an answer: it comes first."""
    record = recorded(session)
    return (record is not None and record.state.is_open) or session.is_running()


def _waits(progress: process.Progress) -> bool:
    return progress.record is not None and progress.record.state is State.UNCONFIRMED
