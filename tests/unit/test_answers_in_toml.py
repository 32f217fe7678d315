"""The answers as a table of TOML: every one comes back, and what is none is refused by its key."""

from dataclasses import fields, replace
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path
from typing import Any

import pytest

from wizard.answers.answers_file import dumps, from_table, loads, to_table
from wizard.answers.choices import Choices, Inwards, Mode, Placement, Proxy
from wizard.answers.window import check_window
from wizard.platform.errors import Refused

OTHER = Choices(
    mode=Mode.ROUTED,
    prefix=IPv6Network("2001:db8:1:2:1::/80"),
    network="six",
    bridge="br-six",
    project="site",
    file=Path("/srv/site/compose.yml"),
    services=("web", "job"),
    placement=Placement.OVERRIDE,
    target=IPv6Address("2001:db8::53"),
    proxy=Proxy.NDPPD,
    inwards=Inwards.EXPOSED,
    fixed=("web",),
    follow=True,
    window=300,
    accepted=("[::]:3000/tcp",),
    firewalld=False,
    unproven=True,
)


def test_every_answer_comes_back() -> None:
    assert all(getattr(OTHER, each.name) != getattr(Choices(), each.name) for each in fields(OTHER))
    assert loads(dumps(OTHER)) == from_table(to_table(OTHER)) == OTHER
    assert set(to_table(OTHER)) == {each.name for each in fields(Choices)}
    assert loads(dumps(Choices())) == Choices()


@pytest.mark.parametrize("name", [each.name for each in fields(Choices)])
def test_an_answer_that_is_left_out_is_the_one_that_is_proposed(name: str) -> None:
    table = to_table(OTHER)
    del table[name]
    assert from_table(table) == replace(OTHER, **{name: getattr(Choices(), name)})


def test_what_matters_to_public_addresses_alone_is_not_written_for_private_ones() -> None:
    table = to_table(replace(OTHER, mode=Mode.ULA))
    assert set(to_table(OTHER)) - set(table) == {"proxy", "inwards", "fixed", "follow"}
    # What nobody has chosen otherwise does not stand there either.
    plain = {"mode", "network", "bridge", "services", "placement", "target"}
    assert set(to_table(Choices())) == plain
    assert set(to_table(Choices(mode=Mode.ROUTED))) == {*plain, "proxy", "inwards"}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"colour": 1, "zeal": 2}, "a key that is not known: colour. Known are accepted, bridge,"),
        ({"services": "web"}, "services must be a list of names"),
        ({"fixed": [1]}, "fixed must be a list of names"),
        ({"accepted": ["a", 1]}, "accepted must be a list of names"),
        ({"services": ["a\0b"]}, "services must not hold a NUL character"),
        ({"network": "a\0b"}, "network must not hold a NUL character"),
        ({"bridge": 5}, "bridge must be a text in quotes"),
        ({"target": True}, "target must be a text in quotes"),
        ({"unproven": "true"}, "unproven must be true or false, without quotes"),
        ({"firewalld": 0}, "firewalld must be true or false, without quotes"),
        ({"follow": []}, "follow must be true or false, without quotes"),
        ({"mode": "six"}, "'six' is not a valid Mode"),
        ({"proxy": "six"}, "'six' is not a valid Proxy"),
        ({"inwards": "six"}, "'six' is not a valid Inwards"),
        ({"placement": "six"}, "'six' is not a valid Placement"),
        ({"prefix": "six"}, "'six'"),
        ({"prefix": "2001:db8::1/64"}, "has host bits set"),
        ({"target": "192.0.2.1"}, "192.0.2.1"),
        ({"window": 29}, "window must be a number of seconds from 30 to 900"),
        ({"window": 901}, "window must be a number of seconds from 30 to 900"),
        ({"window": "120"}, "window must be a number of seconds from 30 to 900"),
        ({"window": True}, "window must be a number of seconds from 30 to 900"),
    ],
)
def test_what_is_no_answer_is_refused_by_its_name(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused) as refused:
        from_table({**to_table(OTHER), **changed})
    assert why in str(refused.value)
    assert str(refused.value).endswith(" Nothing was changed.")


def test_the_window_has_its_ends() -> None:
    assert [check_window(seconds) for seconds in (30, 31, 900)] == [30, 31, 900]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("format = ", "The answers file is not TOML: "),
        ("a = " + "[" * 5000, "The answers file is not TOML: "),
        ("[choices]\n", "The answers file has format None, and this wizard reads format 1."),
        (
            "format = 2\n[choices]\n",
            "The answers file has format 2, and this wizard reads format 1.",
        ),
        ("format = 1\n", "The answers file must hold format and a table [choices], and nothing"),
        (
            "format = 1\nchoices = 1\n",
            "The answers file must hold format and a table [choices], and",
        ),
        ("format = 1\nmore = 1\n[choices]\n", "The answers file must hold format and a table"),
    ],
)
def test_what_is_no_file_of_answers_is_refused(text: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        loads(text)
    assert str(refused.value).startswith(why)
    assert str(refused.value).endswith(" Nothing was changed.")
