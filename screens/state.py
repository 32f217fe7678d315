"""What the screens know and may change: the host, the answers, and what is made from both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import IPv6Network

from textual.dom import DOMNode

from screens import background
from screens.draft import Draft
from screens.following import FollowedRun
from screens.mending import Mending
from screens.saver import Saver
from screens.screen_order import questions, screen_order
from screens.taking_back import TakingBack
from screens.watching import RouterWatch
from wizard.answers.choices import Choices, Mode, Proxy
from wizard.platform.errors import Refused
from wizard.platform.later import later
from wizard.platform.text import clean_line
from wizard.record.record import Record
from wizard.session import Session
from wizard.tasks import Changing, SettingUp, Task

with later():
    from wizard.answers import projects, proposals, subprefixes
    from wizard.host import host as hosts
    from wizard.host import own_objects

KEPT_WITHIN = 0.05
"""Seconds that an answer may take to the disk before it is shown all the same; nobody notices."""


class State:
    """One for all screens, which paint it, and tell it what the person does.

    It knows no screen. It says that it has changed, and whoever shows it paints it anew.
    """

    def __init__(self, session: Session, owner: DOMNode, changed: Callable[[], None]) -> None:
        """Take the session, what threads belong to, and what is called after every change."""
        self.session = session
        self._owner = owner
        self.changed = changed
        self.host: hosts.Host | None = None
        """The host, once it has been looked at."""
        self.parts: dict[str, object] = {}
        """The parts of the host found so far, by the names of its fields."""
        self.complaint = ""
        """Why the host could not be looked at; empty otherwise."""
        self.choices = Choices()
        self._given: Choices | None = None
        """The answers as somebody gave them last, whether they fit the host or not."""
        self.saver = Saver(session.answers.save)
        self.all_questions = False
        """Whether those are asked, too, for which there is something to propose."""
        self.resumed = False
        """Whether answers were filled in that somebody gave before."""
        self.router = RouterWatch(session, owner, self._proxy_proposed)
        self.task: Task = SettingUp(session)
        """What the answers are given for."""
        self.draft = Draft(owner, self)
        self.run = FollowedRun(session, owner, changed)
        self.undo = TakingBack(session, owner, changed)
        self.mending = Mending(session, owner, changed)
        self._prefixes: dict[Mode, IPv6Network | None] = {}
        self._by_length: dict[int, IPv6Network] = {}
        self._by_project: dict[str, Choices] = {}

    # The host

    def look(self) -> None:
        """Look at the host; what was begun before is not told any more."""
        self.host, self.complaint = None, ""
        parts = self.parts = {}

        def keep(field: str, value: object) -> None:
            parts[field] = value
            if self.parts is parts:
                self.changed()

        background.run(
            self._owner,
            "Looking at this host",
            lambda: self.session.detect(
                lambda field, value: background.tell(self._owner, lambda: keep(field, value))
            ),
            self._found,
            self._not_found,
            latest=True,
        )
        self.changed()

    def _not_found(self, complaint: str) -> None:
        self.complaint = f"{complaint} Press R on “Your host” to look again."
        self.changed()

    def _found(self, host: hosts.Host) -> None:
        """Keep the host, and fill in what is proposed for it or was answered before."""
        host = self.host = self.task.host(host)
        if self._given is None and self.choices == Choices():
            self._given = self.session.answers.load()
            if self._given is not None:
                self.resumed = proposals.answers_any(self._given, host)
                self.router.picked = proposals.names_proxy(self._given)
        # What was given, and not what stood in for it while Docker, say, did not answer.
        if self._given is not None:
            self.choices = proposals.resume(self._given, host)
        elif self.run_in_force:
            # What would be proposed now has other names than once the run is taken back.
            self.choices = Choices()
        elif self.choices == Choices():
            self.choices = proposals.defaults(host)
        else:
            self.choices = proposals.resume(self.choices, host)
        # Whoever went on without a way out has one now; what a file says stays as it says.
        gets_out = isinstance(host.outward, hosts.Outward) and host.outward.works
        if gets_out and self.session.answers.taken_from is None:
            self.choices = replace(self.choices, unproven=False)
        self.draft.forget()
        self.router.forget()
        self._prefixes, self._by_length, self._by_project = {}, {}, {}
        self.changed()

    @property
    def no_host(self) -> str | None:
        """Why nothing can be said of the host, in a sentence; None where it is known."""
        if self.host is not None:
            return None
        return self.complaint or (
            "The wizard is still looking at this host. That takes a few seconds at most."
        )

    @property
    def filled_in(self) -> str:
        """A sentence about the answers that were filled in, or nothing where none were."""
        if not self.resumed:
            return ""
        file = self.session.answers.taken_from
        whose = (
            f"The answers in {clean_line(str(file))}" if file else "Answers from an earlier time"
        )
        return f"{whose} are filled in. You can change each of them."

    @property
    def run_in_force(self) -> bool:
        """Whether a run was on the host, when it was looked at, that has to be taken back first."""
        return self.host is not None and bool(
            own_objects.in_the_way(self.host, self.choices.project)
        )

    # The answers

    def answer(self, **changes: object) -> None:
        """Take answers over, in place of those before, and keep them for another time."""
        # Of as many types as there are answers; a name that is none raises here.
        self.choices = replace(self.choices, **changes)  # type: ignore[arg-type]
        self.save()
        # So that what is seen is kept already, unless the disk is slow.
        self.saver.wait(KEPT_WITHIN)
        self.changed()

    def propose(self, choices: Choices) -> None:
        """Take answers that nobody gave; they are kept once somebody goes on with them."""
        self.choices = choices

    def save(self) -> None:
        """Keep the answers for another time, but not over those of a run that is in force."""
        if self.host is not None and not self.run_in_force and self.task.changed is None:
            self._given = self.choices
            self.saver.save(self.choices)

    def choose_mode(self, mode: Mode) -> None:
        """Take another mode; each keeps the prefix that was chosen for it."""
        if self.host is None or mode is self.choices.mode:
            return
        self._prefixes[self.choices.mode] = self.choices.prefix
        self.choices = proposals.choose_mode(self.choices, mode, self.host)
        self.answer(prefix=self._prefixes.get(mode) or self.choices.prefix)

    def choose_length(self, length: int) -> None:
        """Take a part of the uplink's prefix of this length: the one from before, or a free one."""
        prefix = self.choices.prefix
        if self.host is None:
            return
        if prefix is not None:
            self._by_length[prefix.prefixlen] = prefix
        self.answer(
            prefix=self._by_length.get(length) or subprefixes.propose(self.host, length) or prefix
        )

    def choose_project(self, project: hosts.ComposeProject) -> None:
        """Take another project, with what was chosen for it before, or else what is proposed."""
        if self.host is None or project.name == self.choices.project:
            return
        if self.choices.project is not None:
            self._by_project[self.choices.project] = self.choices
        before = self._by_project.get(project.name)
        self.choices = proposals.choose_project(self.choices, project, self.host)
        if before is not None:
            self.choices = replace(
                self.choices,
                network=before.network,
                services=before.services,
                file=before.file,
                placement=before.placement,
            )
        self.answer()

    @property
    def project(self) -> hosts.ComposeProject | None:
        """The project of the answers; :attr:`no_project` says why there is none."""
        return projects.project_if_any(self.host, self.choices) if self.host else None

    @property
    def no_project(self) -> str | None:
        """Why the answers name no project, in a sentence; None where they do."""
        if self.host is None:
            return self.no_host
        try:
            projects.project_of(self.host, self.choices)
        except Refused as refused:
            return str(refused)
        return None

    # What the answers are for

    def change(self, record: Record) -> None:
        """Ask every question anew for a set-up that stands, with its answers filled in.

        Raises:
            Refused: its record does not say which they were.
        """
        self._begin_task(task := Changing(self.session, record), task.answers)
        self.router.picked = True
        self.all_questions = True
        self.look()

    def set_up(self) -> None:
        """Ask for a new set-up, and no more for a change."""
        if self.task.changed is not None:
            self._begin_task(SettingUp(self.session), Choices())
            self.router.picked = self.all_questions = False

    def _begin_task(self, task: Task, answers: Choices) -> None:
        self.task, self.host, self.choices = task, None, answers
        self._given = None if answers == Choices() else answers
        self.resumed = False

    # The order of the screens

    @property
    def order(self) -> tuple[str, ...]:
        """The names of the screens in order, as far as is known now."""
        return self._order(("upstream",) if self.router.doubtful else ())

    def after(self, name: str) -> str:
        """The screen that comes after another, which may itself be asked for no more."""
        every, names = self._order(questions(self.choices, self.host)), self.order
        return next(each for each in every[every.index(name) + 1 :] if each in names)

    def router_decides_after(self, name: str) -> bool:
        """Whether what comes after a screen depends on what the router is seen to do."""
        next_one = self.after(name)
        return next_one == "preview" or (next_one == "upstream" and not self.all_questions)

    def _order(self, doubtful: Sequence[str]) -> tuple[str, ...]:
        asks = self.all_questions
        return screen_order(self.choices, self.host, all_questions=asks, doubtful=doubtful)

    def ask_all(self, ask: bool) -> None:
        """Ask every question, or only those that have to be asked."""
        self.all_questions = ask
        self.changed()

    # Who answers for neighbours

    @property
    def _needs_router(self) -> bool:
        return "upstream" in questions(self.choices, self.host)

    def expect_router(self) -> None:
        """Watch the router, where it matters, while the person answers something else."""
        if self._needs_router:
            self.watch_router()

    def when_router_known(self, then: Callable[[], None]) -> bool:
        """Call once the router has been watched, where that matters; return whether it is later."""
        if not self._needs_router or self.choices.prefix is None or self.router.picked:
            then()
            return False
        self.watch_router()
        later = self.router.busy
        self.router.once_known(then)
        return later

    def watch_router(self, *, again: bool = False) -> None:
        """Watch the provider's router, once for a prefix."""
        if self.choices.prefix is not None and self.host is not None:
            self.router.watch(self.choices.prefix, self.host, again=again)
            self.changed()

    def pick_proxy(self, proxy: Proxy) -> None:
        """Take over who answers for neighbours; nothing that is found changes it any more."""
        self.router.picked = True
        self.answer(proxy=proxy)

    @property
    def proposed_proxy(self) -> Proxy | None:
        """Who should answer for neighbours, by what was seen; None while that is not known."""
        if self.host is None or self.router.finding is None:
            return None
        return proposals.proxy_for(self.router.finding.case, self.choices, self.host)

    def _proxy_proposed(self) -> None:
        """Propose what fits what was seen, where the person has not said otherwise."""
        proposed = self.proposed_proxy
        if proposed is not None and not self.router.picked:
            self.choices = replace(self.choices, proxy=proposed)
        self.changed()
