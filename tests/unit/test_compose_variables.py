"""Variables in Compose files, as the compose specification has them (12-interpolation.md)."""

import pytest

from wizard.compose.variables import put_in, unset
from wizard.compose.yaml_source import word

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
