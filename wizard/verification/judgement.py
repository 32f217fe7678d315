"""Does it work as it was set up? What a check found, judged in one place for everybody who asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from wizard.answers.choices import Choices
from wizard.platform.errors import ExitCode
from wizard.platform.text import enumerated
from wizard.probes.report import ContainerReport, as_table, passed, plain

_NAMED = 3
"""How many containers are named before the rest is only counted."""

LOOKING = "Whether IPv6 works in the containers is being looked at …"
"""What to say until there is a judgement."""


@dataclass(frozen=True)
class Judgement:
    """What came of a check."""

    reports: tuple[ContainerReport, ...]
    """What was found inside each running container of the chosen services."""
    differing: tuple[str, ...] = ()
    """What passes but is not as it was set up, in sentences."""
    foreseen: tuple[str, ...] = ()
    """What the next boot would take, in sentences; it changes nothing of how it is now."""
    asked: tuple[str, ...] = ()
    """What was asked to find that out, in sentences."""
    notes: tuple[str, ...] = ()
    """What was not tried, and what to know besides, in sentences."""
    steps: tuple[Mapping[str, Any], ...] = ()
    """How each step stands, as values that JSON can hold (:mod:`wizard.run.conditions`)."""

    @property
    def silent(self) -> tuple[ContainerReport, ...]:
        """The containers in which IPv6 does not pass."""
        return tuple(each for each in self.reports if not passed(each))

    @property
    def code(self) -> ExitCode:
        """DONE, NOT_PASSING or NOT_AS_SET_UP."""
        if self.silent or not self.reports:
            return ExitCode.NOT_PASSING
        return ExitCode.NOT_AS_SET_UP if self.differing else ExitCode.DONE

    @property
    def words(self) -> str:
        """The judgement in a sentence."""
        if not self.reports:
            return (
                "IPv6 does not pass: no container of the chosen services runs. Start them with "
                "Compose, and check again."
            )
        if self.silent:
            return f"IPv6 does not pass in {_list([each.name for each in self.silent])}."
        if self.differing:
            return "IPv6 passes, but not as it was set up."
        return "IPv6 works as it was set up."

    @property
    def faults(self) -> tuple[str, ...]:
        """What does not pass or is not as it was set up, in sentences."""
        silent = (
            f"In {one.name}: address: {one.address.words}; TCP: {one.tcp.words}; "
            f"echo: {one.target_echo.words}."
            for one in self.silent
        )
        return (*silent, *self.differing)

    @property
    def told(self) -> tuple[str, ...]:
        """The judgement, its reasons, and what the next boot would take, in sentences."""
        return (self.words, *self.faults, *self.foreseen)

    def as_text(self) -> str:
        """Return all of it as plain text."""
        steps = [
            f"{each['number']:>3}. {each['state']:<19}  {each['title']}" for each in self.steps
        ]
        listed = ["\n".join(["Step by step:", *steps])] if steps else []
        return "\n\n".join([*self.told, *listed, *self.notes, *self.asked, as_table(self.reports)])

    def as_values(self) -> dict[str, Any]:
        """Return all of it as values that JSON can hold."""
        return {
            "code": int(self.code),
            "verdict": self.words,
            "faults": list(self.faults),
            "steps": [dict(each) for each in self.steps],
            "next boot": list(self.foreseen),
            "notes": [*self.notes, *self.asked],
            "containers": plain(self.reports),
        }


def judge(
    reports: Sequence[ContainerReport],
    choices: Choices,
    standing: Sequence[str],
    foreseen: Sequence[str] = (),
    notes: Sequence[str] = (),
    steps: Sequence[Mapping[str, Any]] = (),
    asked: Sequence[str] = (),
) -> Judgement:
    """Judge what was found.

    Args:
        reports: What was found inside each running container of the chosen services.
        choices: What was set up.
        standing: A sentence for each thing that is not in effect any more.
        foreseen: What the next boot would take, in sentences.
        notes: What to say besides.
        steps: How each step stands, as values that JSON can hold.
        asked: What was asked to find it out.
    """
    differing = (*standing, *_sources(reports, choices))
    return Judgement(
        tuple(reports), differing, tuple(foreseen), tuple(asked), tuple(notes), tuple(steps)
    )


def together(several: Sequence[Judgement]) -> Judgement:
    """Return what came of the checks of several set-ups as if it were of one.

    Sentences that hold for several come once. The steps are those of one set-up after the other.
    """
    joined = {
        each.name: [one for found in several for one in getattr(found, each.name)]
        for each in fields(Judgement)
    }
    return Judgement(
        **{
            name: tuple(found if name == "steps" else dict.fromkeys(found))
            for name, found in joined.items()
        }
    )


def worst(several: Sequence[Judgement]) -> ExitCode:
    """Return the code for several set-ups: that nothing passes in one outweighs all else."""
    codes = {found.code for found in several}
    order = (ExitCode.NOT_PASSING, ExitCode.NOT_AS_SET_UP)
    return next((code for code in order if code in codes), ExitCode.DONE)


def unknown(complaint: str) -> str:
    """Return what to say where a check could not be made, for a reason in a sentence."""
    return f"Whether IPv6 works in the containers is not known. {complaint}"


def exit_code(ended: ExitCode, found: Judgement | None) -> ExitCode:
    """Return what a program ends with after a run: where that was done, as it was judged."""
    return found.code if ended is ExitCode.DONE and found is not None else ended


def _sources(reports: Sequence[ContainerReport], choices: Choices) -> list[str]:
    """Say who is not seen as was set up: by the own address if public, else by the host's."""
    if choices.mode.addresses.public:
        return [
            f"{one.name} should be seen by its own address, and is seen by {one.source_seen.words}."
            for one in reports
            if one.translated
        ]
    return [
        f"{one.name} should be hidden behind the address of this host, and is seen by "
        f"{one.source_seen.words}."
        for one in reports
        if one.translated is False
    ]


def _list(names: Sequence[str]) -> str:
    if len(names) > _NAMED:
        return f"{len(names)} containers: {', '.join(names[:_NAMED])} and others"
    return enumerated(names)
