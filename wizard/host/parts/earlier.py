"""An earlier run of the wizard, from the record that it keeps."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from wizard.host.host import Earlier
from wizard.host.looking import CannotTell, read
from wizard.host.part import Part, Words
from wizard.platform.text import clean_line
from wizard.record.record import is_in_the_way, words_of

RECORD = Path("/var/lib/docker-ipv6-wizard/record.toml")


def detect(path: Path = RECORD) -> Earlier | None:
    """Read the record's state and start; None where the wizard has not run before.

    Raises:
        CannotTell: There is a record, and this user may not read it or it is no record.
    """
    try:
        path.lstat()
    except FileNotFoundError:
        return None
    except PermissionError:
        pass
    return parse(read(path), path)


def parse(text: str, path: Path) -> Earlier:
    """Take the two keys from the text of a record.

    Raises:
        CannotTell: It is not TOML, or has not the two keys.
    """
    unreadable = (
        f"The record of an earlier run, {clean_line(str(path))}, is damaged: {{}}. "
        "Look at it before you start the wizard again: it says what was changed."
    )
    try:
        record = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise CannotTell(unreadable.format(clean_line(str(error)).rstrip("."))) from error
    missing = [key for key in ("state", "started") if key not in record]
    if missing:
        raise CannotTell(unreadable.format(f"it has no “{missing[0]}”"))
    state = clean_line(str(record["state"]))
    in_the_way = is_in_the_way(state, _choices(record))
    return Earlier(path, state, clean_line(str(record["started"])), in_the_way)


def _choices(record: Mapping[str, object]) -> Iterator[str]:
    """Yield what an undo did with each thing that somebody changed."""
    steps = record.get("steps")
    for step in steps if isinstance(steps, list) else ():
        choices = step.get("choices") if isinstance(step, dict) else None
        yield from map(str, choices.values()) if isinstance(choices, dict) else ()


def in_words(earlier: Earlier | None) -> Words:
    """Say how far it came."""
    if earlier is None:
        return "none", "ok"
    words = f"{words_of(earlier.state)}, started {earlier.started}"
    return words, "problem" if earlier.in_the_way else "ok"


PART = Part(
    lambda host: host.earlier,
    label="Earlier run",
    find=lambda _: detect(),
    words=in_words,
)
