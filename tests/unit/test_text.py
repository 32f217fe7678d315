import unicodedata

import pytest

from wizard.platform.text import clean, clean_line, enumerated

C0 = [chr(number) for number in range(0x20) if chr(number) not in "\t\n"]
C1 = [chr(number) for number in range(0x7F, 0xA0)]
BIDI = [chr(number) for number in (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F))]
BIDI += [chr(number) for number in range(0x2066, 0x206A)]
SEPARATORS = ["\u2028", "\u2029"]


@pytest.mark.parametrize("character", C0 + C1, ids=lambda character: f"{ord(character):02x}")
def test_a_control_character_is_written_out(character: str) -> None:
    assert clean(f"a{character}b") == f"a\\x{ord(character):02x}b"


@pytest.mark.parametrize("character", BIDI + SEPARATORS, ids=lambda each: f"{ord(each):04x}")
def test_what_turns_or_breaks_a_line_is_written_out(character: str) -> None:
    assert clean(f"a{character}b") == f"a\\u{ord(character):04x}b"


def test_every_control_character_of_unicode_is_known() -> None:
    everything = [chr(number) for number in range(0x110000)]
    controls = [each for each in everything if unicodedata.category(each) == "Cc"]
    turning = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    turning_marks = [each for each in everything if unicodedata.bidirectional(each) in turning]
    for character in {*controls, *turning_marks} - {"\t", "\n"}:
        assert character not in clean(character)


@pytest.mark.parametrize("surrogate", ["\ud800", "\udc80", "\udce9", "\udfff"])
def test_a_lone_surrogate_is_written_out_so_that_it_can_be_encoded(surrogate: str) -> None:
    cleaned = clean(f"caf{surrogate}")
    assert cleaned == f"caf\\u{ord(surrogate):04x}"
    cleaned.encode("utf-8")


def test_bytes_that_are_not_utf_8_are_written_out() -> None:
    assert clean(b"caf\xe9".decode("utf-8", "surrogateescape")) == r"caf\udce9"


@pytest.mark.parametrize(
    "text", ["", "größe 日本 😀", "a\tb\nc", "[/] [red] {x} %s \\x1b", "e\u0301"]
)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_an_escape_sequence_loses_its_power_and_can_still_be_read() -> None:
    assert clean("\x1b[2J\x1b]0;title\x07") == r"\x1b[2J\x1b]0;title\x07"
    assert clean("\x9b2J") == r"\x9b2J"


def test_a_line_is_one_line() -> None:
    assert clean_line("a\nb\tc\r\n\x0b\x85\u2028") == r"a\nb\tc\x0d\n\x0b\x85\u2028"


def test_cleaning_twice_changes_nothing_more() -> None:
    once = clean("".join(C0 + C1 + BIDI) + "\udce9")
    assert clean(once) == once


@pytest.mark.parametrize(
    ("words", "said"),
    [((), ""), (("a",), "a"), (("a", "b"), "a and b"), (("a", "b", "c"), "a, b and c")],
)
def test_words_are_listed_as_one_says_them(words: tuple[str, ...], said: str) -> None:
    assert enumerated(iter(words)) == said
