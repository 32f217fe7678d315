"""Prose on a terminal: every word of it whole, in no more columns than there are."""

import io
import os
import pty
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard import printing
from wizard.platform.word_wrap import wrapped


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("one two three", "one two\nthree"),
        ("- one two three", "- one two\n  three"),
        ("! one two three", "! one two\n  three"),
        ("1. one two three", "1. one two\n   three"),
        ("  ok  one two", "  ok  one\n  two"),
        ("a  bc def ghi", "a  bc def\n   ghi"),
        ("  one two th", "  one two\n  th"),
        ("one two", "one two"),
        ("one\ntwo three four", "one\ntwo three\nfour"),
        ("", ""),
        ("\n", "\n"),
    ],
)
def test_lines_end_between_words_and_go_on_below_their_last_column(line: str, shown: str) -> None:
    assert wrapped(line, 10) == shown


@pytest.mark.parametrize(
    "command",
    ["wizard --undo --yes", "wizard --check --from ADDRESS", "“apt install docker.io”"],
)
def test_a_command_is_copied_as_one(command: str) -> None:
    for before in range(1, 40):
        assert command in wrapped(f"{'x' * before} {command} and more of it", 40)


@pytest.mark.parametrize(
    "line",
    [f"    docker network create {'x ' * 60}", f"    + {'x ' * 60}", f"/a{'/longer' * 20}"],
)
def test_what_is_typed_or_stands_in_a_file_stays_as_it_is(line: str) -> None:
    assert wrapped(line, 80) == line


WORDS = st.lists(st.text("abc.,-", min_size=1, max_size=12), min_size=1, max_size=40)


@given(WORDS, st.sampled_from(["", "- ", "  ", "  1. ", "  done  "]), st.integers(40, 90))
def test_fuzz_no_word_is_lost_or_broken(words: list[str], start: str, width: int) -> None:
    shown = wrapped(start + " ".join(words), width)
    assert shown.split() == [*start.split(), *words]
    assert all(len(line) <= width for line in shown.split("\n"))


def a_terminal(monkeypatch: pytest.MonkeyPatch) -> int:
    """What a person sees: what is written from now on comes out of this."""
    ours, theirs = pty.openpty()
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, os.fdopen(os.dup(theirs), "w", encoding="utf-8"))
    monkeypatch.setattr(os, "get_terminal_size", lambda _stream: os.terminal_size((30, 24)))
    return ours


def seen(terminal: int, lines: int) -> list[str]:
    """The next lines on it; the kernel hands them over in parts (pty(7))."""
    said = b""
    while said.count(b"\n") < lines:
        said += os.read(terminal, 1000)
    return said.decode().splitlines()


SENTENCE = "Nothing was changed, and nothing is to be done."


def test_prose_fits_the_terminal_that_it_is_written_on(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = a_terminal(monkeypatch)
    printing.say(SENTENCE)
    printing.complain(SENTENCE)
    assert seen(terminal, 4) == ["Nothing was changed, and", "nothing is to be done."] * 2


def test_scripts_and_values_are_for_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = a_terminal(monkeypatch)
    for text in (f"#!/bin/sh\n# {SENTENCE}", f'{{"said": "{SENTENCE}"}}'):
        (printing.say if text.startswith("#!") else printing.show)(text)
        assert seen(terminal, len(text.splitlines())) == text.splitlines()


def test_in_a_file_a_sentence_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    monkeypatch.setattr(sys, "stdout", file)
    printing.say(SENTENCE * 3)
    assert file.getvalue() == f"{SENTENCE * 3}\n"
