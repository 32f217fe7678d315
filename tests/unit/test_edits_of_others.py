"""A file that was set up, edited by others at random: undo loses nothing of theirs.

Of ours every line is gone afterwards, or named.
"""

import re
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests import fuzzing
from wizard.compose.edit import add_network
from wizard.compose.joining import networks
from wizard.compose.left import lines_left
from wizard.compose.read import parse
from wizard.compose.removal import without_addition, without_most
from wizard.compose.yaml_source import Content
from wizard.platform.errors import Refused

BEFORE = """\
# The web site.
services:
  db:
    image: postgres:16
    networks: [inner]

  web:
    image: one:1   # pinned
    networks:
      - outer
      - inner
    ports:
      - '127.0.0.1:3000:3000'

  worker:
    image: two:1
    environment:
      A: b

  mail:
    image: three:1
    networks:
      outer:
        aliases: [smtp]

networks:
  outer:
  inner:
    internal: true
volumes:
  data:
"""
CHOSEN = ("web", "worker", "mail")
DECLARED: dict[str, Content] = {
    "name": '"six"',
    "enable_ipv6": "true",
    "ipam": {"config": [{"subnet": '"fd00::/64"'}]},
}
AFTER = add_network(
    parse(BEFORE.encode(), "compose.yaml"), CHOSEN, "six", declaration=DECLARED
).decode()
OURS = Counter(AFTER.splitlines()) - Counter(BEFORE.splitlines())
ONLY_OURS = set(OURS) - set(BEFORE.splitlines())
"""Our lines that look like none of theirs."""

Lines = list[str]


def services(lines: Lines) -> list[tuple[int, int]]:
    """Return from where to where each service goes."""
    starts = [at for at, line in enumerate(lines) if re.match(r"  [a-z0-9]+:\s*$", line)]
    ends = [at for at, line in enumerate(lines) if re.match(r"\S", line)] + [len(lines)]
    bounds = sorted({*starts, *ends})
    return [(start, next(end for end in bounds if end > start)) for start in starts]


def delete_service(lines: Lines, at: int) -> None:
    start, end = services(lines)[at % len(services(lines))]
    del lines[start:end]


def comment_service_out(lines: Lines, at: int) -> None:
    start, end = services(lines)[at % len(services(lines))]
    lines[start:end] = [f"# {line}" for line in lines[start:end]]


def rename_service(lines: Lines, at: int) -> None:
    start, _ = services(lines)[at % len(services(lines))]
    lines[start] = f"  renamed{at}:"


def copy_service(lines: Lines, at: int) -> None:
    start, end = services(lines)[at % len(services(lines))]
    lines[end:end] = [f"  copy{at}:", *lines[start + 1 : end]]


def delete_line_of_ours(lines: Lines, at: int) -> None:
    ours = [number for number, line in enumerate(lines) if line in ONLY_OURS]
    if ours:
        del lines[ours[at % len(ours)]]


def remark_on_line_of_ours(lines: Lines, at: int) -> None:
    ours = [number for number, line in enumerate(lines) if line in OURS]
    if ours:
        lines[ours[at % len(ours)]] += f"  # theirs {at}"


def remark(lines: Lines, at: int) -> None:
    lines[at % len(lines)] += f"  # theirs {at}"


def insert_remark(lines: Lines, at: int) -> None:
    lines.insert(at % (len(lines) + 1), f"# theirs {at}")


def delete_line(lines: Lines, at: int) -> None:
    theirs = [number for number, line in enumerate(lines) if line not in OURS]
    del lines[theirs[at % len(theirs)]]


def new_release(lines: Lines, at: int) -> None:
    lines[:] = [re.sub(r"(image: \w+):\d+", rf"\1:{at}", line) for line in lines]
    lines[1:1] = [f"x-release: {at}"]


def add_service(lines: Lines, at: int) -> None:
    start, _ = services(lines)[0]
    lines[start:start] = [f"  theirs{at}:", "    image: new:1", "    networks: [outer]"]


EDITS: tuple[Callable[[Lines, int], None], ...] = (
    delete_service,
    comment_service_out,
    rename_service,
    copy_service,
    delete_line_of_ours,
    remark_on_line_of_ours,
    remark,
    insert_remark,
    delete_line,
    new_release,
    add_service,
)
ENDS = ("\n", "\r\n", "  \n")


def test_the_edit_only_adds_lines() -> None:
    assert not Counter(BEFORE.splitlines()) - Counter(AFTER.splitlines())
    assert {"      - six", "      six: {}", "  six:"} <= ONLY_OURS


def undone(now: str) -> str:
    """Return what undo makes of the file."""
    result = without_addition(BEFORE, AFTER, now)
    if result is None:
        result = without_most(BEFORE, AFTER, now)
    return now if result is None else result


def named(text: str) -> set[int]:
    """Return the numbers of the lines that are said to be left."""
    found: set[int] = set()
    for words in lines_left(BEFORE, AFTER, text):
        first, last = re.findall(r"^lines? (\d+)(?: to (\d+))?", words)[0]
        found |= set(range(int(first), int(last or first) + 1))
    return found


def undeclared(text: str) -> set[str] | None:
    """Return networks that services name and nothing declares; None for no Compose file."""
    try:
        said = parse(text.encode(), "compose.yaml").meaning
    except Refused:
        return None
    on = {network for name in said.services for network in networks([said], name)}
    return on - {*said.networks, "default"}


def nothing_of_theirs_is_lost(now: str) -> None:
    result = undone(now)
    old, new = ([line.rstrip() for line in text.splitlines()] for text in (now, result))
    # Lines that cannot be ours stay, in their order; of those that can, no more go than were ours.
    assert [line for line in new if line not in OURS] == [line for line in old if line not in OURS]
    assert Counter(old) - Counter(new) <= OURS
    # A network that is named stays declared.
    without = undeclared(now)
    if without is not None:
        assert (undeclared(result) or set()) <= without
        assert undeclared(result) is not None
    # Ours is gone, or named.
    left = named(result)
    for number, line in enumerate(new, 1):
        bare = line.partition("  # theirs")[0]
        assert bare not in ONLY_OURS or number in left, (number, line)


@pytest.mark.timeout(fuzzing.TIMEOUT)
def test_fuzz_nothing_of_theirs_is_lost_and_ours_is_gone_or_named() -> None:
    change = st.tuples(st.sampled_from(EDITS), st.integers(0, 60))

    def once(how: settings) -> None:
        @how
        @given(st.lists(change, min_size=1, max_size=4), st.sampled_from(ENDS), st.booleans())
        @example([(remark_on_line_of_ours, 0)], "\n", True)
        @example([(remark_on_line_of_ours, 0), (insert_remark, 0), (delete_line, 16)], "\n", True)
        @example([(comment_service_out, 1), (remark_on_line_of_ours, 3)], "\r\n", False)
        def try_one(
            changes: list[tuple[Callable[[Lines, int], None], int]], end: str, ended: bool
        ) -> None:
            lines = AFTER.splitlines()
            for edit, at in changes:
                if services(lines):
                    edit(lines, at)
            nothing_of_theirs_is_lost(end.join(lines) + (end if ended else ""))

        try_one()

    fuzzing.tried(200, once)


@pytest.mark.parametrize("edit", EDITS)
def test_after_one_edit_most_of_ours_is_gone(edit: Callable[[Lines, int], None]) -> None:
    counts = []
    for at in range(12):
        lines = AFTER.splitlines()
        edit(lines, at)
        now = "\n".join([*lines, ""])
        nothing_of_theirs_is_lost(now)
        if undeclared(now) is None:
            continue
        left = [line for line in undone(now).splitlines() if line in ONLY_OURS]
        counts.append(len(left))
    assert min(counts) == 0 or edit in (copy_service, remark_on_line_of_ours)
    whole = len([line for line in AFTER.splitlines() if line in ONLY_OURS])
    assert max(counts) < whole + (edit is copy_service) * 2
