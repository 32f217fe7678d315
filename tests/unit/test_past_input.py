"""What is said of published ports that Docker forwards past INPUT in the private mode."""

from dataclasses import replace

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from wizard import choices as choosing
from wizard.choices import Mode
from wizard.host import Host, Unknown
from wizard.modes.consequences import consequences
from wizard.noticed.past_input import notices


def publishing(host: Host, *ports: str) -> Host:
    assert not isinstance(host.projects, Unknown)
    (project,) = host.projects
    containers = tuple(
        replace(each, ports=ports) if each.service == "web" else replace(each, ports=())
        for each in project.containers
    )
    return replace(host, projects=(replace(project, containers=containers),))


def said(host: Host, mode: Mode = Mode.ULA) -> tuple[str, ...]:
    choices = replace(choosing.defaults(host), services=("web", "sidekiq"), mode=mode)
    return notices(host, choices)


EVERYWHERE = ("0.0.0.0:3000->3000/tcp", "[::]:3000->3000/tcp", "[::]:5353->53/udp")


def test_what_becomes_open_is_named_with_the_binding_that_keeps_it_closed() -> None:
    host = publishing(made_up_hosts.debian14(), *EVERYWHERE)
    (sentence,) = said(host)
    assert "3000/tcp (web), 5353/udp (web)" in sentence
    assert '"0.0.0.0:3000:3000", "0.0.0.0:5353:53/udp"' in sentence
    assert sentence in deployment(host).plan().notices


@pytest.mark.parametrize(
    "ports", [("127.0.0.1:3000->3000/tcp",), ("0.0.0.0:3000->3000/tcp",), ("3000/tcp",)]
)
def test_what_is_not_published_over_ipv6_is_not_named(ports: tuple[str, ...]) -> None:
    assert said(publishing(made_up_hosts.debian14(), *ports)) == ()


def test_where_docker_forwards_nothing_and_with_public_addresses_nothing_is_said() -> None:
    assert said(publishing(made_up_hosts.debian13(), *EVERYWHERE)) == ()
    assert said(publishing(made_up_hosts.debian14(), *EVERYWHERE), Mode.ROUTED) == ()


def test_that_nobody_can_connect_is_said_only_where_it_is_so() -> None:
    words = " ".join(consequences(Mode.ULA, made_up_hosts.debian14()))
    assert "nobody outside can connect to them, but to the ports that they publish" in words
    words = " ".join(consequences(Mode.ULA, made_up_hosts.debian13()))
    assert "nobody outside can connect to them." in words
