"""An earlier run of the wizard, from the record that it keeps."""

import tomllib
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
    return Earlier(path, clean_line(str(record["state"])), clean_line(str(record["started"])))


def in_words(earlier: Earlier | None) -> Words:
    """Say how far it came."""
    if earlier is None:
        return "none", "ok"
    words = f"{words_of(earlier.state)}, started {earlier.started}"
    return words, "problem" if is_in_the_way(earlier.state) else "ok"


PART = Part(
    lambda host: host.earlier,
    label="Earlier run",
    find=lambda _: detect(),
    words=in_words,
)
