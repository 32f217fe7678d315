"""The questions of the screens line by line, for a screen reader or a terminal without screens."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from wizard import asking_to_keep, describe, verbs
from wizard.answers import checks, names, obstacles, projects, proposals
from wizard.answers.choices import Choices, Placement
from wizard.answers.open_questions import open_questions, services_first
from wizard.answers.proposed import proposed
from wizard.answers.wording import INWARDS, PROXIES
from wizard.asking_to_keep import Read
from wizard.following import Say, follow
from wizard.host.host import ComposeProject, Host
from wizard.modes.plan_inputs import PlanInputs, target
from wizard.modes.recommending import recommended
from wizard.modes.registry import behaviour_of, behaviours
from wizard.ndp.upstream import UpstreamFinding
from wizard.plan import acceptance
from wizard.plan.planning import Plan
from wizard.platform.errors import Refused
from wizard.platform.text import clean, clean_line
from wizard.session import Session

Value = TypeVar("Value")


def ask(opened: Session, say: Say, read: Read) -> int:
    """Ask, show the plan, and apply it where the person says so; return the exit code.

    Raises:
        Refused: something is in the way, or the person wants no more; nothing was changed.
    """
    try:
        plan = _Questions(opened, say, read).plan()
    except EOFError as error:
        say("")
        raise Refused("The input ended before the last question. Nothing was changed.") from error
    except KeyboardInterrupt as error:
        say("")
        raise Refused("Stopped. Nothing was changed.") from error
    opened.say = say
    opened.start_apply(plan, ask=True, seconds=plan.choices.window)
    code = follow(opened, say)
    return asking_to_keep.ask(opened, say, read, code)


_ALL = "all"
"""What is typed to be asked every question."""


class _Questions:
    """Each method asks one thing and takes the answer over; Enter takes what is proposed.

    What can be proposed is not asked, unless the person wants to be asked everything.
    """

    def __init__(self, opened: Session, say: Say, read: Read) -> None:
        self._session, self._say, self._read = opened, say, read
        self._say("Looking at this host. That takes a few seconds.")
        self._host: Host = opened.detect()
        saved = opened.answers.load()
        self._choices: Choices = (
            proposals.resume(saved, self._host) if saved else proposals.defaults(self._host)
        )
        self._proxy_is_given = saved is not None and proposals.names_proxy(saved)
        self._all = False
        self._asked: set[str] = set()
        self._seen: UpstreamFinding | None = None
        """What the router was seen to do, once it has been watched."""

    def plan(self) -> Plan:
        """Ask what has to be asked, and return the plan that is to be applied."""
        self._say(describe.as_text(self._host))
        self._begin()
        while True:
            self._mode()
            read = self._rest()
            self._session.answers.save(self._choices)
            plan = self._session.plan(self._host, self._choices, read)
            self._show(plan)
            wanted = self._last(plan)
            if wanted is not None:
                return wanted

    def _questions(self) -> tuple[str, ...]:
        named = behaviour_of(self._choices.mode).questions(self._choices, self._host)
        return services_first(named)

    def _rest(self) -> PlanInputs:
        self._asked = set()
        self._seen = None
        read = self._compose()
        for name, question in (
            ("addresses", self._prefix),
            ("upstream", self._proxy),
            ("network", self._names),
            ("inwards", self._inwards),
        ):
            # Anew each time, for what was answered before may open another question.
            asked = self._questions()
            doubtful: tuple[str, ...] = ()
            if name == "upstream" and name in asked and self._watch_router():
                doubtful = (name,)
            if not self._all:
                asked = open_questions(asked, self._choices, self._host, doubtful)
            if name in asked:
                self._asked.add(name)
                question()
        return read

    def _begin(self) -> None:
        forbidding = describe.forbidding(self._host, self._choices)
        if forbidding:
            raise verbs.InTheWay(forbidding)
        doubts = describe.doubts(self._host, self._choices)
        if not doubts:
            return
        for each in doubts:
            self._say(f"! {each.sentence}")
        self._need("Continue all the same?")
        if describe.problems(self._host, self._choices):
            self._choices = replace(self._choices, unproven=True)

    def _mode(self) -> None:
        host, possible = self._host, []
        best = recommended(host)
        for each in behaviours():
            obstacle = checks.check_mode(each.mode, host)
            if obstacle:
                self._say(f"{each.label} is not possible here: {obstacle}")
            else:
                why = f" {best.words}" if best and best.mode is each.mode else ""
                possible.append((each.mode, f"{each.label}. {each.summary}{why}"))
        mode = self._one("Which addresses should the containers have?", possible,
                         self._choices.mode, all_too=True)  # fmt: skip
        chosen = behaviour_of(mode)
        for sentence in (*chosen.consequences(host), chosen.catch(host)):
            self._say(f"- {sentence}")
        self._choices = proposals.choose_mode(self._choices, mode, host)

    def _compose(self) -> PlanInputs:
        host = self._host
        found = host.choosable_projects
        if len(found) > 1:
            now = projects.project_if_any(host, self._choices)
            project = self._project(found, now or found[0])
            if project.name != self._choices.project:
                self._choices = proposals.choose_project(self._choices, project, host)
        read = self._session.read_project(projects.project_of(host, self._choices))
        choices = self._choices
        if not choices.services:
            choices = proposals.tick(choices, read.services, host)
        choices = proposals.untick_unknown(choices, read.services)
        services = self._some(
            "Which services should reach the IPv6 internet?",
            [(each.name, each.reason, each.attachable) for each in read.services],
            choices.services,
        )
        self._choices = replace(
            choices,
            services=services,
            fixed=tuple(each for each in choices.fixed if each in services),
        )
        self._file(read)
        return read

    def _project(self, found: Sequence[ComposeProject], proposed: ComposeProject) -> ComposeProject:
        named = [
            (each, f"{clean_line(each.name)}, {obstacles.where_it_is(self._host, each)}")
            for each in found
        ]
        while True:
            project = self._one("Which Compose project?", named, proposed)
            before = obstacles.set_up_before(self._host, project.name)
            for each in before:
                self._say(f"! {each.sentence}")
            if not before:
                return project

    def _file(self, read: PlanInputs) -> None:
        files = [path for path in read.given_paths if path != read.override]
        files += [read.override] if read.override else []
        if len(files) < 2:
            return
        now = target(self._choices, read)
        named = [(path, clean_line(Path(path).name)) for path in files]
        chosen = self._one("In which file is this written?", named, now or files[0])
        if chosen == read.override:
            self._choices = replace(self._choices, placement=Placement.OVERRIDE)
        else:
            self._choices = replace(self._choices, placement=Placement.IN_PLACE, file=Path(chosen))

    def _prefix(self) -> None:
        mode = self._choices.mode
        typed = self._text(
            "Prefix of the new network",
            str(self._choices.prefix or ""),
            lambda text: checks.check_prefix(text, self._host, mode),
        )
        prefix = checks.usable_prefix(typed, self._host, mode)
        self._choices = replace(self._choices, prefix=prefix)

    def _names(self) -> None:
        host = self._host
        network = self._text(
            "Name of the network, as Docker shows it",
            self._choices.network,
            lambda text: names.check_network(replace(self._choices, network=text), host),
        )
        bridge = self._text(
            "Name of its bridge, as “ip address” shows it",
            self._choices.bridge,
            lambda text: names.check_bridge(text, host),
        )
        self._choices = replace(self._choices, network=network, bridge=bridge)

    def _watch_router(self) -> bool:
        """Propose what fits what it does; return whether it does not seem to bring packets here."""
        choices, host = self._choices, self._host
        if choices.prefix is None or (self._proxy_is_given and not self._all):
            return False
        self._say("Watching what the provider's router does. That takes a few seconds.")
        try:
            seen = self._seen = self._session.probe_upstream(choices.prefix, host)
        except Refused as refused:
            self._say(str(refused))
            return True
        if seen.doubtful or self._all:
            for line in seen.evidence:
                self._say(clean_line(line))
        if not self._proxy_is_given:
            proxy = proposals.proxy_for(seen.case, choices, host)
            self._choices = replace(choices, proxy=proxy)
        return seen.doubtful

    def _proxy(self) -> None:
        choices, host = self._choices, self._host
        possible = [
            (proxy, f"{label}. {words}")
            for proxy, (label, words) in PROXIES.items()
            if checks.check_proxy(replace(choices, proxy=proxy), host) is None
        ]
        proxy = self._one("Who answers when the router asks?", possible, choices.proxy)
        self._choices = replace(choices, proxy=proxy)
        self._proxy_is_given = True

    def _inwards(self) -> None:
        choices, host = self._choices, self._host
        possible = [
            (inwards, f"{label}. {words}")
            for inwards, (label, words) in INWARDS.items()
            if checks.check_inwards(replace(choices, inwards=inwards), host) is None
        ]
        inwards = self._one("What may come in from the internet?", possible, choices.inwards)
        self._choices = replace(choices, inwards=inwards)

    def _show(self, plan: Plan) -> None:
        self._say("")
        self._say("Preview. Nothing has been changed yet.")
        for number, step in enumerate(plan.steps, 1):
            self._say("")
            self._say(f"Step {number} of {len(plan.steps)}: {clean_line(step.title)}")
            self._say(clean(step.reason))
            for command in step.commands:
                self._say(f"    {clean(command)}")
            for diff in step.diffs:
                self._say(f"{diff.heading} {clean_line(diff.path)}:")
                for line in diff.lines:
                    self._say(f"    {clean(line)}")
        self._say("")
        for sentence in (*plan.notices, *plan.remarks):
            self._say(f"- {clean(sentence)}")
        lines = [
            f"- {each.label}: {each.words}"
            for each in proposed(self._questions(), self._choices, self._seen)
            if each.question not in self._asked
        ]
        for line in ("", "Proposed, and not asked:", *lines) if lines else ():
            self._say(line)

    def _last(self, plan: Plan) -> Plan | None:
        """Return what is to be applied, or None where the person wants to be asked everything."""
        self._say("")
        if plan.losses:
            self._say(f"! {acceptance.in_short(plan)}")
        also = ", and lose that" if plan.losses else ""
        steps = "this step" if len(plan.steps) == 1 else f"these {len(plan.steps)} steps"
        if self._need(f"Apply {steps} now{also}?", all_too=True):
            return None
        if not plan.unaccepted:
            return self._may(plan)
        self._choices = replace(plan.choices, accepted=acceptance.accept_all(plan))
        self._session.answers.save(self._choices)
        read = self._session.read_project(projects.project_of(self._host, self._choices))
        return self._may(self._session.plan(self._host, self._choices, read))

    def _may(self, plan: Plan) -> Plan:
        obstacle = self._session.why_not_apply(plan.choices.project)
        if obstacle:
            raise Refused(f"{obstacle} Nothing was changed.")
        return plan

    # How a question is asked

    def _need(self, question: str, *, all_too: bool = False) -> bool:
        """Go on where the answer is yes; return whether the person wants every question first."""
        too = all_too and not self._all
        words = f"yes, no, or {_ALL} to be asked every question first" if too else "yes or no"
        typed = self._read(f"{question} Type {words}, Enter for no: ")
        if too and _is_all(typed):
            self._all = True
            return True
        if not _yes(typed):
            raise Refused("You did not say yes. Nothing was changed.")
        return False

    def _text(self, what: str, proposed: str, wrong: Callable[[str], str | None]) -> str:
        while True:
            typed = self._read(f"{what}. Enter for {proposed}: ").strip() or proposed
            complaint = wrong(typed)
            if complaint is None:
                return typed
            self._say(f"! {complaint}")

    def _one(
        self,
        question: str,
        possible: Sequence[tuple[Value, str]],
        proposed: Value,
        *,
        all_too: bool = False,
    ) -> Value:
        self._say("")
        self._say(question)
        for number, (_value, words) in enumerate(possible, 1):
            self._say(f"{number}. {clean(words)}")
        values = [value for value, _words in possible]
        usual = values.index(proposed) + 1 if proposed in values else 1
        while True:
            too = f", {_ALL} to be asked every question" if all_too and not self._all else ""
            typed = self._read(f"Type a number{too}, Enter for {usual}: ").strip() or str(usual)
            if too and _is_all(typed):
                self._all = True
                self._say("Every question is asked.")
                continue
            if typed.isdecimal() and 1 <= int(typed) <= len(values):
                return values[int(typed) - 1]
            self._say(f"! {clean_line(typed)} is none of these numbers.")

    def _some(
        self, question: str, rows: Sequence[tuple[str, str, bool]], chosen: Sequence[str]
    ) -> tuple[str, ...]:
        wanted = set(chosen)
        while True:
            self._say("")
            self._say(question)
            for number, (name, reason, possible) in enumerate(rows, 1):
                state = "yes" if name in wanted else "no" if possible else "cannot be chosen"
                self._say(f"{number}. {clean_line(name)}: {state}. {clean(reason)}")
            typed = self._read("Type a number to change its line, Enter to go on: ").strip()
            if not typed:
                return tuple(name for name, _reason, _possible in rows if name in wanted)
            if typed.isdecimal() and 1 <= int(typed) <= len(rows) and rows[int(typed) - 1][2]:
                wanted ^= {rows[int(typed) - 1][0]}
            else:
                self._say(f"! {clean_line(typed)} is not the number of a line that can be chosen.")


def _is_all(typed: str) -> bool:
    return typed.strip().lower() == _ALL


def _yes(typed: str) -> bool:
    return typed.strip().lower() in ("y", "yes")
