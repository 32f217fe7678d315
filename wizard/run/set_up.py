"""What a run has set up, in words: for whom, in which way, and since when."""

from dataclasses import dataclass

from wizard.answers import answers_file
from wizard.modes.registry import behaviour_of
from wizard.platform.local_time import local_time
from wizard.platform.text import clean_line
from wizard.record.record import Record


@dataclass(frozen=True)
class SetUp:
    """What stands on a host; every text is fit to be shown."""

    project: str
    services: str
    mode: str
    prefix: str
    network: str
    since: str
    """When it was kept, or else begun, by the clock of this host."""

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """Each thing as a label and words, the most important first."""
        return (
            ("In force since", self.since),
            ("Project", self.project),
            ("Services", self.services),
            ("Mode", self.mode),
            ("Prefix", self.prefix),
            ("Network", self.network),
        )


def set_up_of(record: Record) -> SetUp:
    """Return what a run has set up, by its record alone.

    Raises:
        Refused: the record's answers cannot be read.
    """
    choices = answers_file.from_table(record.choices)
    return SetUp(
        project=clean_line(choices.project or "none"),
        services=clean_line(", ".join(choices.services)) or "none",
        mode=behaviour_of(choices.mode).label,
        prefix=str(choices.prefix) if choices.prefix else "none",
        network=f"{clean_line(choices.network)}, bridge {clean_line(choices.bridge)}",
        since=local_time(record.finished or record.started),
    )
