"""What a trial from outside makes of what it finds, and what it expects."""

from dataclasses import replace
from ipaddress import IPv6Network
from typing import Any

import pytest

from tests import made_up_hosts
from wizard.answers import proposals
from wizard.answers.choices import Choices, Inwards, Mode
from wizard.host.host import Host, Unknown
from wizard.verification.from_outside import Expected, expected, faults_in

WEB = "2001:db8:1:2:1::2"
NAMES = {WEB: "mastodon-web-1"}


def finding(port: int, came: bool, wanted: bool, protocol: str = "tcp") -> dict[str, Any]:
    return {
        "address": WEB, "port": port, "protocol": protocol, "came": came, "expected": wanted,
    }  # fmt: skip


def test_what_is_as_it_should_be_is_no_fault() -> None:
    assert faults_in([finding(3000, True, True), finding(50000, False, False)], NAMES) == ()


def test_open_and_closed_ports_are_named_with_container_and_address() -> None:
    found = [finding(50000, True, False), finding(50001, True, False, "udp")]
    (sentence,) = faults_in(found, NAMES)
    assert f"50000/tcp of mastodon-web-1 at {WEB}, 50001/udp of mastodon-web-1" in sentence
    (sentence,) = faults_in([finding(3000, False, True)], NAMES)
    assert f"meant to be open: 3000/tcp of mastodon-web-1 at {WEB}." in sentence


def published(host: Host, *ports: str) -> tuple[Host, Choices]:
    assert not isinstance(host.projects, Unknown)
    (project,) = host.projects
    containers = tuple(
        replace(each, ports=ports) if each.service == "web" else replace(each, ports=())
        for each in project.containers
    )
    host = replace(host, projects=(replace(project, containers=containers),))
    choices = proposals.defaults(host)
    return host, replace(
        choices,
        services=("web", "sidekiq"),
        mode=Mode.ROUTED,
        prefix=IPv6Network("2001:db8:1:2:1::/80"),
    )


BOTH = ("0.0.0.0:3000->3000/tcp", "[::]:3000->3000/tcp")


def test_our_own_rules_open_a_port_on_every_container() -> None:
    host, choices = published(made_up_hosts.debian13(), *BOTH)
    assert dict(expected(host, choices).opened) == {
        "mastodon-web-1": ("3000/tcp",),
        "mastodon-sidekiq-1": ("3000/tcp",),
    }


@pytest.mark.parametrize(
    ("ports", "opened"),
    [
        (BOTH, ("3000/tcp",)),
        (("0.0.0.0:3000->3000/tcp",), ()),
        (("127.0.0.1:3000->3000/tcp",), ()),
        (("[::1]:3000->3000/tcp",), ()),
        (("3000/tcp",), ()),
    ],
)
def test_the_engine_opens_what_a_container_itself_publishes_over_ipv6(
    ports: tuple[str, ...], opened: tuple[str, ...]
) -> None:
    host, choices = published(made_up_hosts.debian14(), *ports)
    assert dict(expected(host, choices).opened) == {
        "mastodon-web-1": opened,
        "mastodon-sidekiq-1": (),
    }


def test_where_everything_may_come_in_nothing_has_to_be_closed() -> None:
    host, choices = published(made_up_hosts.debian13(), *BOTH)
    assert expected(host, choices).nothing_else
    assert not expected(host, replace(choices, inwards=Inwards.ALL)).nothing_else


def test_in_the_private_mode_nothing_is_open() -> None:
    host, choices = published(made_up_hosts.debian13(), *BOTH)
    private = replace(choices, mode=Mode.ULA)
    assert expected(host, private) == Expected(uplink="eth0", bridge="br-ipv6")
