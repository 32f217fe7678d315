"""JSON of other programs: what is unfit is said so by one kind of error, whatever it holds."""

import pytest

from wizard.platform import foreign_json


@pytest.mark.parametrize("text", ["", "no", "{", "[" * 100_000, '{"a":' * 100_000])
def test_what_is_no_json_or_nested_too_deeply_is_unfit(text: str) -> None:
    with pytest.raises(ValueError):
        foreign_json.value(text)


@pytest.mark.parametrize("text", ["[]", "1", "null", "true", '"{}"'])
def test_an_object_is_wanted_and_nothing_else_is_one(text: str) -> None:
    with pytest.raises(ValueError, match="no object"):
        foreign_json.table(text)
    assert foreign_json.table(b'{"a": 1}') == {"a": 1}


@pytest.mark.parametrize("text", ["{}", "[1]", "[{}, []]", "null"])
def test_a_list_of_objects_is_wanted(text: str) -> None:
    with pytest.raises(ValueError, match="no list of objects"):
        foreign_json.tables(text)


def test_where_there_is_nothing_some_programs_print_nothing_or_empty_objects() -> None:
    assert foreign_json.tables(" \n") == []
    assert foreign_json.tables('[{}, {"a": 1}, {}]') == [{"a": 1}]
