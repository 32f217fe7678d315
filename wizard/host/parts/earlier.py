"""An earlier run of the wizard, from the record that it keeps."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from wizard.host.host import Earlier
from wizard.host.looking import CannotTell, read
from wizard.host.part import Part, Words
from wizard.platform.local_time import local_time
from wizard.platform.text import clean_line
from wizard.record.record import is_in_the_way, words_of
from wizard.record.store import DIRECTORY, RUNS, leads_to_runs

_NAME = "record.toml"


def detect(folder: Path = DIRECTORY) -> tuple[Earlier, ...]:
    """Read state, start and project of each record, the oldest first; none where there is none.

    Raises:
        CannotTell: There is a record, and this user may not read it or it is no record.
    """
    texts = {path: read(path) for path in _places(folder)}
    alone = texts.get(folder / _NAME, "")
    if any(f'\nid = "{path.parent.name}"\n' in alone for path in texts):
        # A backup that follows links leaves a copy in the place of what led to it.
        del texts[folder / _NAME]
    found = [parse(text, path) for path, text in texts.items()]
    return tuple(sorted(found, key=lambda each: each.started))


def _places(folder: Path) -> list[Path]:
    single, places = folder / _NAME, []
    try:
        # Of a release that had one run at a time; today it leads to the newest of the others.
        # In this order, for a worker may put it there meanwhile.
        single.lstat()
        if not leads_to_runs(single):
            places.append(single)
    except FileNotFoundError:
        pass
    except PermissionError:
        return [single]
    places += sorted((folder / RUNS).glob(f"*/{_NAME}"))
    return places


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
    choices = record.get("choices")
    named = choices if isinstance(choices, dict) else {}
    return Earlier(
        path,
        state,
        clean_line(str(record["started"])),
        is_in_the_way(state, _choices(record)),
        *(clean_line(str(named.get(key, ""))) for key in ("project", "network")),
    )


def _choices(record: Mapping[str, object]) -> Iterator[str]:
    """Yield what an undo did with each thing that somebody changed."""
    steps = record.get("steps")
    for step in steps if isinstance(steps, list) else ():
        choices = step.get("choices") if isinstance(step, dict) else None
        yield from map(str, choices.values()) if isinstance(choices, dict) else ()


def in_words(earlier: tuple[Earlier, ...]) -> Words:
    """Say of each project how far its set-up came."""
    if not earlier:
        return "none", "ok"
    words = "; ".join(
        f"{each.project or 'a run'}: {words_of(each.state)}, started {local_time(each.started)}"
        for each in earlier
    )
    return words, "note" if any(each.in_the_way for each in earlier) else "ok"


PART = Part(
    lambda host: host.earlier,
    label="Earlier run",
    find=lambda _: detect(),
    words=in_words,
)
