"""What the new network and its bridge may be called, and what is proposed instead."""

from dataclasses import replace

import pytest

from tests import made_up_hosts
from wizard.answers.choices import Choices
from wizard.answers.names import (
    check_bridge,
    check_gateway,
    check_network,
    check_network_name,
    first_free,
    sorted_first,
)
from wizard.host.host import ExistingNetwork, Host, Unknown

HOST = made_up_hosts.debian13()
BLIND = replace(HOST, networks=Unknown("It hides."), interfaces=Unknown("It hides."))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "Type a name for the Docker network"),
        ("a b", "a b cannot be the name of a Docker network"),
        ("-a", "-a cannot be the name of a Docker network"),
        ("a\x1bb", "a\\x1bb cannot be the name of a Docker network"),
        ("n" * 1001, f"{'n' * 20}… has 1001 characters, and a Compose file takes 1000 at most"),
        ("bridge", "Docker keeps the name bridge for itself"),
        ("default", "Docker keeps the name default for itself"),
        ("host", "Docker keeps the name host for itself"),
        ("none", "Docker keeps the name none for itself"),
        (made_up_hosts.EXTERNAL, f"A Docker network called {made_up_hosts.EXTERNAL} already"),
    ],
)
def test_what_a_network_cannot_be_called(name: str, why: str) -> None:
    said = check_network_name(name, HOST)
    assert said is not None
    assert said.startswith(why)
    assert check_network(Choices(network=name), HOST) == said
    assert (check_network_name(name, BLIND) is None) is (name == made_up_hosts.EXTERNAL)


@pytest.mark.parametrize("name", ["n" * 1000, "0.a_b-c", "hosts", "lo", "all", "B"])
def test_what_a_network_can_be_called(name: str) -> None:
    assert check_network_name(name, HOST) is None
    assert check_network(Choices(network=name), HOST) is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "Type a name for the bridge interface"),
        ("br-sixteen-chars", "br-sixteen-chars has 16 characters, and the kernel takes 15 at most"),
        ("br/a", "br/a cannot be the name of an interface"),
        (".", ". cannot be the name of an interface"),
        ("all", "The kernel keeps the name all for itself"),
        ("default", "The kernel keeps the name default for itself"),
        ("docker0", "This host already has an interface called docker0"),
    ],
)
def test_what_a_bridge_cannot_be_called(name: str, why: str) -> None:
    said = check_bridge(name, HOST)
    assert said is not None
    assert said.startswith(why)
    assert (check_bridge(name, BLIND) is None) is (name == "docker0")


@pytest.mark.parametrize("name", ["b", "br-fifteen-char", "host", "br.1_2"])
def test_what_a_bridge_can_be_called(name: str) -> None:
    assert check_bridge(name, HOST) is None


def test_the_first_name_that_is_free_has_the_least_number() -> None:
    assert first_free("br", []) == "br"
    assert first_free("br", ["br"]) == "br2"
    assert first_free("br", ["br", "br-2", "br-3", "br3"], "-") == "br-4"
    assert first_free("br", ["br-2"], "-") == "br"


def networks(*names: str) -> list[ExistingNetwork]:
    assert not isinstance(HOST.networks, Unknown)
    return [replace(HOST.networks[0], name=name) for name in names]


# Docker compares names byte by byte.
@pytest.mark.parametrize(
    ("others", "name"),
    [
        ([], "web_ipv6"),
        (["web_ipv7"], "web_ipv6"),
        (["web", "x"], "a_web_ipv6"),
        (["b", "web_ipv6"], "a_web_ipv6"),
        (["web_ipv6"], "a_web_ipv6"),
        (["a_b"], "0_web_ipv6"),
        (["Z"], "0_web_ipv6"),
        (["0_a", "b"], "0-web_ipv6"),
        (["00_a"], "0-web_ipv6"),
        (["0.a"], "0-web_ipv6"),
        (["0-a", "00"], "0--web_ipv6"),
        (["0--x"], "0--web_ipv6"),
        # Before these no longer name sorts.
        (["0"], "web_ipv6"),
        (["0---"], "web_ipv6"),
    ],
)
def test_the_least_that_lets_a_name_sort_first(others: list[str], name: str) -> None:
    assert sorted_first("web_ipv6", networks(*others)) == name
    assert (min([name, *others]) == name) is (others not in (["0"], ["0---"]))


def with_ipv6(*names: str) -> Host:
    """Return a host on which the containers of the project have networks of these names."""
    assert not isinstance(HOST.projects, Unknown)
    assert not isinstance(HOST.networks, Unknown)
    (project,) = HOST.projects
    containers = tuple(replace(each, networks=names) for each in project.containers)
    made = [replace(each, ipv6=True, internal=False) for each in networks(*names)]
    return replace(
        HOST,
        projects=(replace(project, containers=containers),),
        networks=(*HOST.networks, *made),
    )


def test_the_network_that_docker_would_send_out_by_is_named_and_a_name_before_it() -> None:
    there = with_ipv6("six", "five")
    choices = Choices(project="mastodon", services=("web",), network="mastodon_ipv6")
    said = check_gateway(choices, there)
    assert said is not None
    assert said.startswith("five, which the chosen services are on, has IPv6 too")
    assert said.endswith("such as a_mastodon_ipv6.")
    assert check_network(choices, there) == said
    for other in (
        replace(choices, network="a_mastodon_ipv6"),
        replace(choices, network=""),
        replace(choices, project="gone"),
        replace(choices, services=()),
    ):
        assert check_gateway(other, there) is None
    assert check_gateway(choices, HOST) is None
