"""What is said while a practice machine is built: how far it is, and how long it may still take."""

import io
from collections.abc import Iterator

import pytest

from wizard.rehearsal import rootfs
from wizard.rehearsal.progress import Lines, Pace, in_words

# What debootstrap said, on two busy cores: a first word, how often, and seconds from first to last.
SEEN = {
    12: (
        ("Resolving", 2, 36.3), ("Validating", 227, 56.7), ("Extracting", 88, 27.1),
        ("Installing", 1, 18.4), ("Unpacking", 212, 254.2), ("Configuring", 215, 80.0),
    ),
    14: (
        ("Resolving", 2, 12.3), ("Validating", 191, 15.4), ("Extracting", 76, 5.9),
        ("Installing", 1, 7.4), ("Unpacking", 186, 188.3), ("Configuring", 189, 48.2),
    ),
}  # fmt: skip
OFFERING = {12: (7, 88.1), 14: (5, 60.5)}


def build(release: int, slower: float) -> Iterator[tuple[float, str]]:
    """When each line came, and the line."""
    now = 0.0
    for word, count, seconds in (*SEEN[release], ("Fetching", *OFFERING[release])):
        for _number in range(count):
            yield now * slower, f"{word} something"
            now += seconds / count
    yield now * slower, ""


@pytest.mark.parametrize("release", SEEN)
@pytest.mark.parametrize("slower", [0.2, 1, 5])
def test_the_time_that_is_left_is_about_what_a_build_then_takes(
    release: int, slower: float
) -> None:
    clock = [0.0]
    pace = Pace(rootfs.work_of_all(release), lambda _line: None, lambda: clock[0])
    lines = list(build(release, slower))
    whole = lines[-1][0]
    shares = []
    for when, line in lines[:-1]:
        clock[0] = when
        pace.did(rootfs.work_of(line), line)
        shares.append(pace.share)
        if when > whole * 0.25:
            assert abs(when + pace.left - whole) < 0.35 * whole, (when, pace.left, whole)
    assert shares == sorted(shares)
    assert shares[-1] < 1


def test_what_passes_is_said_once_a_second_at_most() -> None:
    said: list[str] = []
    clock = [0.0]
    pace = Pace(200, said.append, lambda: clock[0])
    for number in range(100):
        clock[0] = number / 10
        pace.did(1, f"Unpacking {number}")
    assert len(said) == 10
    assert said[0] == "\r  0%, about 3 minutes left. Unpacking 0"
    assert said[5] == "\r 26%, about 20 seconds left. Unpacking 50"


def test_times_are_as_exact_as_they_are_known() -> None:
    assert in_words(3) == "about 10 seconds"
    assert in_words(44) == "about 50 seconds"
    assert in_words(61) == "about a minute"
    assert in_words(204) == "about 3 minutes"


def test_lines_that_pass_are_written_over_and_never_broken() -> None:
    stream = io.StringIO()
    columns = [20]
    lines = Lines(stream, lambda: columns[0])
    lines("\r 10%, about 3 minutes left. Unpacking")
    assert stream.getvalue() == " 10%, about 3 minut"
    columns[0] = 10
    lines("Done.")
    assert stream.getvalue().endswith(f"\r{' ' * 9}\rDone.\n")
    lines("And more.")
    assert stream.getvalue().endswith("Done.\nAnd more.\n")
    lines("\rPassing.")
    for _number in range(2):
        lines.close()
    assert stream.getvalue().endswith("more.\nPassing.\n")
