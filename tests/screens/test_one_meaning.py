"""A letter does the same wherever it does something, so that nobody has to look which screen it is.

Two letters open a question on one screen and are said in words on another; each stands in front of
the line, or behind the words, that it belongs to. P puts back: in a repair what the wizard made,
and in an undo what was there before it.
"""

from collections import defaultdict
from importlib import import_module

import pytest
from textual.binding import Binding
from textual.screen import Screen

from screens import fitting, modals
from screens.app import NAMES, WizardApp

MEANINGS = {
    "a": ("ask_all", "question('addresses')"),
    "c": ("cancel",),
    "d": ("details", "packets"),
    "e": ("change",),
    "f": ("fix",),
    "g": ("start_again",),
    "i": ("question('inwards')",),
    "k": ("choose('keep')", "forward"),
    "m": ("extend",),
    "n": ("another", "answer(False)", "question('network')"),
    "o": ("choose('ours')", "ours"),
    "p": ("choose('original')", "repair"),
    "r": ("check_again", "look_again", "next", "probe_again", "read_again"),
    "s": ("save_script",),
    "t": ("take_back",),
    "u": ("question('upstream')",),
    "w": ("wait_longer",),
    "y": ("answer(True)",),
}
"""What each letter does: again (R), details (D), back as it was (P), take back (T), and so on."""


def bindings(screen: type[Screen[object]]) -> list[Binding]:
    return [each for each in screen.__dict__.get("BINDINGS", []) if isinstance(each, Binding)]


def test_every_letter_means_one_thing() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    classes = [
        getattr(import_module(f"screens.{name}"), f"{name.capitalize()}Screen") for name in NAMES
    ]
    boxes = [modals.HelpModal, modals.QuestionModal, modals.TextModal, fitting.TooSmallModal]
    review = import_module("screens.review").ReviewScreen
    for screen in (*classes, *boxes, review, WizardApp):
        for each in bindings(screen):
            for key in each.key.split(","):
                if len(key) == 1 and key.islower():
                    assert f"{key},{key.upper()}" in each.key, "with the capitals locked as well"
                    found[key].add(each.action)
    assert {key: tuple(sorted(actions)) for key, actions in found.items()} == MEANINGS


@pytest.mark.parametrize("name", NAMES)
def test_a_letter_that_is_shown_is_the_one_to_press(name: str) -> None:
    screen = getattr(import_module(f"screens.{name}"), f"{name.capitalize()}Screen")
    for each in bindings(screen):
        shown = each.key_display or ""
        if each.show and len(shown) == 1 and shown.isalpha():
            assert shown.lower() in each.key.split(",")
