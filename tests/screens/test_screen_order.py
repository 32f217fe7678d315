"""The way through the screens, for each mode and engine."""

from functools import partial

from screens.app import WizardApp
from screens.screen_order import screen_order
from tests import made_up_hosts
from wizard.answers.choices import Choices, Mode

asked = partial(screen_order, all_questions=True)
ROUTED = Choices(mode=Mode.ROUTED)


def test_private_addresses_need_neither_a_router_nor_a_filter() -> None:
    names = asked(Choices(), made_up_hosts.debian13())
    assert not {"upstream", "inwards"} & set(names)
    assert names == asked(Choices(), None)


def test_the_router_is_watched_once_the_prefix_is_known() -> None:
    names = asked(ROUTED, made_up_hosts.debian13())
    assert names.index("upstream") == names.index("addresses") + 1


def test_what_may_come_in_is_asked_last_and_only_where_the_engine_does_not_filter() -> None:
    names = asked(ROUTED, made_up_hosts.debian13())
    assert names[names.index("inwards") + 1] == "preview"
    assert "inwards" not in asked(ROUTED, made_up_hosts.debian14())


BESIDE = {"home", "repair", "undo"}
"""The screens of what was set up before."""


def test_every_step_is_a_screen_of_the_app() -> None:
    steps = [asked(Choices(mode=mode), made_up_hosts.debian13()) for mode in Mode]
    assert {name for names in steps for name in names} == set(WizardApp.SCREENS) - BESIDE
