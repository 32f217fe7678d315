"""Does it work as it was set up? What a check found, judged in one place for everybody who asks."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from wizard.choices import Choices, Mode
from wizard.errors import ExitCode
from wizard.reachability.report import ContainerReport, as_table, passed, plain

_WORDS = {
    ExitCode.DONE: "IPv6 works as it was set up.",
    ExitCode.NOT_PASSING: "IPv6 does not pass.",
    ExitCode.NOT_AS_SET_UP: "IPv6 passes, but not as it was set up.",
}


@dataclass(frozen=True)
class Judgement:
    """What came of a check."""

    code: ExitCode
    """DONE, NOT_PASSING or NOT_AS_SET_UP."""
    reports: tuple[ContainerReport, ...]
    faults: tuple[str, ...] = ()
    """What does not pass or is not as it was set up, in sentences."""
    notes: tuple[str, ...] = ()
    """What was not tried, and what to know besides, in sentences."""

    @property
    def words(self) -> str:
        """The judgement in a sentence."""
        return _WORDS[self.code]

    def as_text(self) -> str:
        """Return all of it as plain text."""
        blocks = [self.words, *self.faults, *self.notes, as_table(self.reports)]
        return "\n\n".join(blocks)

    def as_json(self) -> str:
        """Return all of it as JSON."""
        table = {
            "code": int(self.code),
            "verdict": self.words,
            "faults": list(self.faults),
            "notes": list(self.notes),
            "containers": plain(self.reports),
        }
        return json.dumps(table, ensure_ascii=False, indent=2)


def judge(
    reports: Sequence[ContainerReport],
    choices: Choices,
    standing: Sequence[str],
    notes: Sequence[str] = (),
) -> Judgement:
    """Judge what was found.

    Args:
        reports: What was found inside each running container of the chosen services.
        choices: What was set up.
        standing: A sentence for each thing that is not in effect any more.
        notes: What to say besides.
    """
    silent = [
        f"IPv6 does not pass in {one.name}: address: {one.address.words}; TCP: {one.tcp.words}; "
        f"echo: {one.target_echo.words}."
        for one in reports
        if not passed(one)
    ]
    if not reports:
        silent.append("No container of the chosen services runs, so nothing passes.")
    faults = (*silent, *standing, *_sources(reports, choices))
    code = ExitCode.DONE
    if faults:
        code = ExitCode.NOT_PASSING if silent else ExitCode.NOT_AS_SET_UP
    return Judgement(code, tuple(reports), faults, tuple(notes))


def _sources(reports: Sequence[ContainerReport], choices: Choices) -> list[str]:
    """Say who is not seen as was set up: by the own address if routed, else by the host's."""
    if choices.mode is Mode.ROUTED:
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
