"""Variables in Compose files, as the compose specification has them (12-interpolation.md)."""

import pytest
import yaml

from wizard.compose.variables import put_in, unset
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
    ],
)
def test_a_default_stands_for_what_is_missing(
    text: str, values: dict[str, str], meant: str
) -> None:
    assert put_in(text, values) == meant
    if values is UNSET:
        assert unset(text) == meant


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
