"""Variables in Compose files, as the compose specification has them (12-interpolation.md)."""

import pytest
import yaml

from wizard.compose.variables import Variables, of_file, put_in, unset
from wizard.compose.yaml_source import Content, flow, source, text_source, word

UNSET: dict[str, str] = {}
EMPTY, SET = {"X": ""}, {"X": "said"}


@pytest.mark.parametrize(
    ("text", "values", "meant"),
    [
        ("$X", SET, "said"),
        ("${X}", SET, "said"),
        ("${X}", EMPTY, ""),
        ("${X}", UNSET, "${X}"),
        ("${X:-other}", SET, "said"),
        ("${X:-other}", EMPTY, "other"),
        ("${X:-other}", UNSET, "other"),
        ("${X-other}", SET, "said"),
        ("${X-other}", EMPTY, ""),
        ("${X-other}", UNSET, "other"),
        ("${X:-}", EMPTY, ""),
        ("a/${X:-b}/c-$X.yml", SET, "a/said/c-said.yml"),
        # What Compose 2.26.1 and 2.40.3 made of them as names of included files.
        ("${X:?why}", SET, "said"),
        ("${X?why}", EMPTY, ""),
        ("${X:?why}", EMPTY, "${X:?why}"),
        ("${X?why}", UNSET, "${X?why}"),
        ("${X:+other}", SET, "other"),
        ("${X:+other}", EMPTY, ""),
        ("${X+other}", EMPTY, "other"),
        ("${X+other}", UNSET, ""),
        ("${Y:-${X:-a}}/${Y:-${Z-${X}b}}", SET, "said/saidb"),
        ("${X:-${Y}}", UNSET, "${Y}"),
        ("$$X ${Y:-$$X}", SET, "$$X $$X"),
        ("${", SET, "${"),
        ("${X", SET, "${X"),
        ("${X} }${}${a b}$1$", SET, "said }${}${a b}$1$"),
    ],
)
def test_a_default_stands_for_what_is_missing(
    text: str, values: dict[str, str], meant: str
) -> None:
    assert put_in(text, values) == meant
    if values is UNSET:
        assert unset(text) == meant


def test_defaults_in_defaults_take_no_longer_than_the_text_is() -> None:
    deep = 20_000
    for text in ("${X:-" * deep, "${X:-" * deep + "}" * deep, "$" * deep, "${X}" * deep):
        assert len(put_in(text, {"X": "a"})) <= len(text)
        assert len(unset(text)) <= len(text)


# What Compose 2.26.1 and 2.40.3 took each variable for.
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("X=a # remark", {"X": "a"}),
        ("X=a#b\n# X=c\n", {"X": "a#b"}),
        ("  export X = a b \r\nY: c\r\n", {"X": "a b", "Y": "c"}),
        ("\ufeffX=a", {"X": "a"}),
        ("X='$Y' # remark", {"X": "$Y"}),
        ('X="a\\"b"', {"X": 'a"b'}),
        ("Y=a\nX=${Y}/${Z:-c}", {"Y": "a", "X": "a/c"}),
        ('Y=a\nX="$Y"', {"Y": "a", "X": "a"}),
        ('X="a\nY=b"\nZ=c', {"X": "a\nY=b", "Z": "c"}),
        ("X=$Y", {"X": "$Y"}),
        ("X=\nX=a\n", {"X": "a"}),
        ("X=\nno setting\nY=", {"X": "", "Y": ""}),
        ("X='not ended\nY=b", {"X": "'not ended", "Y": "b"}),
    ],
)
def test_what_a_file_of_variables_sets(text: str, said: dict[str, str]) -> None:
    assert of_file(text) == said


def test_a_value_may_name_what_is_set_further_outside() -> None:
    assert of_file("X=$Y/$Z\nY=inner\nV=$Y", {"Y": "outer"}) == {
        "X": "outer/$Z", "Y": "inner", "V": "outer",
    }  # fmt: skip


def test_of_several_files_the_last_one_wins_and_what_is_said_outside_stays() -> None:
    texts = {"a": b"X=1\nY=1\n", "b": b"Y=2$X\nZ=$O\n", "outer": b"O=o\n", "c": b"X=c\nN=$X\n"}
    read = list[str]()

    def content(path: str) -> bytes | None:
        read.append(path)
        return texts.get(path)

    outside = Variables(content, ["a", "gone", "b"])
    inside = Variables(content, ["c"], outside)
    assert inside.put_in("no variable") == "no variable"
    assert read == []
    assert outside.put_in("$X $Y $Z $N") == "1 21 $O $N"
    assert inside.put_in("$X $Y $N") == "1 21 1"
    assert read == ["a", "gone", "b", "c"]


# https://yaml.org/type/bool.html and null.html
@pytest.mark.parametrize(
    "name", ["y", "Y", "n", "N", "yes", "No", "NO", "on", "Off", "true", "False", "null", "Null"]
)
def test_a_name_that_yaml_1_1_takes_for_something_else_is_quoted(name: str) -> None:
    assert word(name) == f'"{name}"'
    assert word(f"{name}x") == f"{name}x"


@pytest.mark.parametrize(
    "text",
    ["a", "a-b.c_d", "yes", "Null", "1", "-a", "it's", "''", "a: b", "a #b", "[x]", "", "fd00::1"],
)
def test_any_text_is_read_again_as_it_was(text: str) -> None:
    assert yaml.safe_load(source(text)) == text
    assert yaml.safe_load(text_source(text)) == text


@pytest.mark.parametrize("quoted", [False, True])
def test_what_is_written_in_one_line_is_read_again_as_it_was_meant(quoted: bool) -> None:
    content: dict[str, Content] = {
        "six": {"external": "true", "attachable": "false", "name": source("yes")},
        word("on"): ["a", {"b": "c"}, text_source("true")],
    }
    written = flow(content, quoted=quoted)
    assert yaml.safe_load(written) == {
        "six": {"external": True, "attachable": False, "name": "yes"},
        "on": ["a", {"b": "c"}, "true"],
    }
    assert ('"six": {"external": true' in written) is quoted
    assert "\n" not in written
