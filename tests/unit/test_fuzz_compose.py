"""Compose files changed at random: read, edited and taken back, or refused in a sentence.

What was found to go wrong is kept in ``compose_corpus``, with files of the kinds that people write.
"""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import fuzzing
from tests.unit.test_compose_shapes import SHAPES
from wizard.compose.edit import add_network
from wizard.compose.joining import networks
from wizard.compose.override import override
from wizard.compose.read import ParsedFile, parse, parse_part
from wizard.compose.removal import declared_networks, without_addition
from wizard.platform.errors import Refused

CORPUS = {
    path.name: path.read_bytes().decode()
    for path in sorted((Path(__file__).parent / "compose_corpus").iterdir())
}
SEEDS = [
    *CORPUS.values(),
    *(text for shape in SHAPES for text in (shape.before, shape.after, shape.beside) if text),
]
DECLARED = {"name": '"six"', "ipam": {"config": [{"subnet": '"fd00::/64"'}]}}

PIECES = (
    *("&a ", "*a", "<<: *a", "<<: [*a, *a]", "!reset ", "!!map ", "? ", ": ", ":", "- ", ","),
    *("{", "}", "[", "]", "{}", "[]", "#", " #", "'", '"', "|", "|+\n", ">-\n", "~", "null", "|2"),
    *("\t", "\n", "\r", "\r\n", " ", "  ", "    ", "\n\n", "---\n", "...\n", "%YAML 1.2\n"),
    *("\u2028", "\x85", "\ufeff", "é", "\U0001f600", "\x07", "\\", "%", "@", "`", "0", "on", "six"),
    *("networks:", "services:", "extends: web", "default", "network_mode: host", "external: true"),
)

change = st.tuples(
    st.sampled_from(["cut", "copy", "swap", "indent", "dedent", "put", "take", "join", "mix"]),
    st.integers(0, 400),
    st.integers(0, 400),
    st.sampled_from(PIECES),
)
text_of_a_file = st.tuples(
    st.sampled_from(SEEDS), st.lists(change, max_size=4), st.sampled_from(SEEDS)
)


def changed(text: str, how: tuple[str, int, int, str], other: str) -> str:
    """Return a text with one change to its lines or characters."""
    what, first, second, piece = how
    lines = text.splitlines(keepends=True) or [""]
    at, to = first % len(lines), second % len(lines)
    line = lines[at]
    match what:
        case "cut":
            del lines[at]
        case "copy":
            lines.insert(to, line)
        case "swap":
            lines[at], lines[to] = lines[to], line
        case "indent":
            lines[at] = f"  {line}"
        case "dedent":
            lines[at] = line.removeprefix(" ").removeprefix(" ")
        case "put":
            place = second % (len(line) + 1)
            lines[at] = line[:place] + piece + line[place:]
        case "take":
            place = second % (len(line) + 1)
            lines[at] = line[:place] + line[place + 1 :]
        case "join":
            lines[at] = line.rstrip("\r\n")
        case "mix":
            theirs = other.splitlines(keepends=True) or [""]
            start = second % len(theirs)
            lines[at:at] = theirs[start : start + 3]
    return "".join(lines)


def edited_and_taken_back(text: str) -> None:
    """Read a text, edit it in every way, and take the edit back; all that fails is a refusal."""
    data = text.encode("utf-8", "surrogatepass")
    try:
        file = parse(data, "compose.yaml")
    except Refused as refused:
        said(refused)
        declared_networks(None, text)
        assert without_addition(text, text, text) in (text, None)
        return
    names = [service.name for service in file.services if service.attachable]
    fixed = dict.fromkeys(names[:1], "fd00::5")
    for chosen in (names, names[::2], names[-1:]):
        for how in ({}, {"declaration": DECLARED}, {"addresses": fixed}):
            try:
                after = add_network(file, chosen, "six", **how)
            except Refused as refused:
                said(refused)
            else:
                assert add_network(parse(after, "compose.yaml"), chosen, "six", **how) == after
                on_the_network(file, after, chosen)
                taken_back(text, after.decode())
            try:
                beside = override([file], chosen, "six", None, **how)
            except Refused as refused:
                said(refused)
            else:
                assert override([file], chosen, "six", beside, **how) == beside


def on_the_network(file: ParsedFile, after: bytes, chosen: list[str]) -> None:
    """See that the chosen services have one network more, and no other has."""
    again = parse_part(after, "compose.yaml")
    for name in file.meaning.services:
        before = set(networks([file.meaning], name))
        now = set(networks([again.meaning], name))
        assert before <= now
        if name not in chosen:
            assert before == now


def taken_back(before: str, after: str) -> None:
    """See that the edit comes out of the file to the byte, and out of one that was edited since."""
    assert without_addition(before, after, after) == before
    assert without_addition(before, after, before) == before
    if after != before:
        found = without_addition(before, after, f"{after}\n# mine\n")
        # How a line ends that had no end before is theirs to say.
        wanted = [[*before.splitlines(), *more, "# mine"] for more in ([], [""])]
        assert found is None or found.splitlines() in wanted


def said(refused: Refused) -> None:
    """See that a refusal is a sentence that can be shown."""
    words = str(refused)
    assert "Nothing was changed" in words
    assert words.endswith(".")
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", words)


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS)
def test_every_file_of_the_corpus_is_edited_and_taken_back(text: str) -> None:
    edited_and_taken_back(text)
    edited_and_taken_back(text.replace("\n", "\r\n"))
    edited_and_taken_back(text.removesuffix("\n"))


@pytest.mark.timeout(fuzzing.TIMEOUT)
def test_fuzz_compose_files() -> None:
    def once(how: settings) -> None:
        @how
        @given(text_of_a_file)
        def try_one(made: tuple[str, list[tuple[str, int, int, str]], str]) -> None:
            text, changes, other = made
            for each in changes:
                text = changed(text, each, other)
            edited_and_taken_back(text)

        try_one()

    fuzzing.tried(100, once)
