"""What a record says is what its TOML says, however little of it is read anew."""

import tomllib
from copy import deepcopy

import pytest

from tests.unit.test_record import whole_run
from wizard.record import toml_reading
from wizard.record.toml_text import dumps, loads

STEP = "[[steps]]\ntitle = 'a'\n"
TEXTS = {
    "nothing": "",
    "no step": "a = 1\n[host]\nb = 2\n",
    "steps": f"a = 1\n\n{STEP}\n[steps.before]\nb = [{{ c = 1 }}]\n\n{STEP}# The end.\n",
    "a step first": STEP + "\n" + STEP,
    "the line in a text": f"a = '''\n{STEP}'''\n\n{STEP}",
    "the line in a text of a step": f"a = 1\n{STEP}b = '''\n[[steps]]\n'''\n{STEP}",
    "two texts that begin and end there": f"a = '''\n{STEP}'''\n\nb = '''\n{STEP}'''\n",
    "two in one": f"a = 1\n\n{STEP}\n[[ steps ]]\nb = 1\n\n{STEP}",
    "a table behind the steps": f"a = 1\n\n{STEP}\n[host]\nb = 1\n\n{STEP}",
    "the same table twice": f"[host]\na = 1\n\n{STEP}\n[host]\nb = 1\n",
    "steps before the steps": f"steps = []\n\n{STEP}",
    "a table of that name": f"[steps]\na = 1\n\n{STEP}",
    "a table below that name": f"[steps.a]\nb = 1\n\n{STEP}",
    "a step that says nothing": "a = 1\n\n[[steps]]\n\n[[steps]]\n",
    "the line in a list": f"a = [\n{STEP}]\n",
    "carriage returns": f"a = 1\n\n{STEP}\n{STEP}".replace("\n", "\r\n"),
    "one carriage return": f"a = 1\n\n{STEP}b = 1\r",
    "cut off in a step": f"a = 1\n\n{STEP}\n{STEP}b = 'c",
    "cut off in the line": f"a = 1\n\n{STEP}\n[[ste",
    "cut off before the steps": f"a = \n\n{STEP}",
    "the same key twice": f"a = 1\n\n{STEP}title = 'b'\n\n{STEP}",
    "deep": f"a = 1\n\n{STEP}b = {'[' * 9000}{']' * 9000}\n",
}


def said(parse: object, text: str) -> object:
    assert callable(parse)
    try:
        return parse(text)
    except (ValueError, RecursionError) as error:
        return type(error), str(error)


@pytest.mark.parametrize("what", TEXTS)
def test_it_says_what_the_whole_says_and_how_that_is_wrong(what: str) -> None:
    for _ in range(2):
        assert said(toml_reading.parse, TEXTS[what]) == said(tomllib.loads, TEXTS[what])


def test_so_it_does_of_a_record_that_is_cut_off() -> None:
    text = dumps(whole_run())
    for end in range(len(text), 0, -len(text) // 97):
        assert said(toml_reading.parse, text[:end]) == said(tomllib.loads, text[:end])


def test_of_a_record_that_has_changed_what_differs_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    record = deepcopy(whole_run())
    loads(dumps(record))
    record.steps[1].output.append("another line")
    text, read = dumps(record), list[str]()
    parse = tomllib.loads

    def noted(text: str) -> object:
        read.append(text)
        return parse(text)

    monkeypatch.setattr(tomllib, "loads", noted)
    assert loads(text) == record
    (step,) = read
    assert step.startswith("[[steps]]\nnumber = 2\n")
    assert "another line" in step
    assert len(step) < len(text) / 2


def test_who_changes_a_record_that_was_read_changes_no_other() -> None:
    text = dumps(whole_run())
    changed, again = loads(text), loads(text)
    changed.host.clear()
    changed.choices["services"].clear()  # type: ignore[attr-defined]
    for step in changed.steps:
        step.output.append("more")
        step.commands.clear()
        for table in (step.parameters, step.before):
            for value in table.values():
                if isinstance(value, dict | list):
                    value.clear()
    assert again == whole_run() == loads(text)
