"""Projects whose networks have IPv6, and a host on which the wizard's own network stands."""

from dataclasses import replace
from ipaddress import IPv6Network, ip_network
from pathlib import Path
from typing import Any

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import PREFIX, TODAY, deployment
from wizard.answers import answers_file, names, proposals
from wizard.answers.checks import check
from wizard.answers.choices import Choices, Mode
from wizard.answers.names import check_gateway
from wizard.answers.projects import project_of
from wizard.answers.proposals import choose_project, defaults
from wizard.host.host import Earlier, Host, Unknown
from wizard.host.ipv6_already import served
from wizard.host.own_objects import in_the_way
from wizard.platform.errors import Refused
from wizard.platform.own_names import NETWORK_LABEL
from wizard.record.record import is_in_the_way
from wizard.steps.docker_network import DockerNetwork

EXTERNAL = made_up_hosts.EXTERNAL


def with_ipv6(host: Host) -> Host:
    """The host with IPv6 on the network that reaches outside."""
    assert not isinstance(host.networks, Unknown)
    subnets = (ip_network("172.18.0.0/16"), ip_network("fd01:2345:6789::/64"))
    return replace(
        host,
        networks=tuple(
            replace(each, ipv6=True, subnets=subnets) if each.name == EXTERNAL else each
            for each in host.networks
        ),
    )


def with_ours(host: Host, state: str) -> Host:
    assert not isinstance(host.networks, Unknown)
    assert not isinstance(host.interfaces, Unknown)
    assert not isinstance(host.prefixes_in_use, Unknown)
    ours = made_up_hosts._network(
        "mastodon_ipv6",
        "br-ipv6",
        "172.31.0.0/16",
        str(PREFIX),
        labels=((NETWORK_LABEL, str(PREFIX)),),
    )
    return replace(
        host,
        networks=(*host.networks, ours),
        interfaces=(*host.interfaces, "br-ipv6"),
        prefixes_in_use=(*host.prefixes_in_use, PREFIX, ip_network("172.31.0.0/16")),
        earlier=(
            Earlier(
                Path("/r"),
                state,
                "2026-11-01T06:00:00",
                is_in_the_way(state, ()),
                "mastodon",
                "mastodon_ipv6",
            ),
        ),
    )


@pytest.mark.parametrize("host", [made_up_hosts.debian12(), made_up_hosts.debian13()])
def test_a_name_is_proposed_that_lets_our_network_have_the_gateway(host: Host) -> None:
    made = deployment(with_ipv6(host))
    project = project_of(made.host, made.choices)
    assert made.choices.network < EXTERNAL
    assert check_gateway(made.choices, made.host) is None
    assert any(EXTERNAL in notice for notice in made.plan().notices)
    later = replace(made.choices, network="mastodon_ipv6")
    refused = check_gateway(later, made.host)
    assert refused is not None
    assert made.choices.network in refused
    assert refused in check(later, made.host)
    assert served(made.host, project) == ()


def test_what_reaches_the_internet_already_is_not_ticked() -> None:
    host = with_ipv6(made_up_hosts.debian14())
    made = deployment(host)
    assert served(host, project_of(host, made.choices)) == ("sidekiq", "streaming", "web")
    assert made.choices.services == ()
    # Where Docker does not masquerade it, they are.
    engine = host.engine
    assert not isinstance(engine, Unknown)
    alone = replace(host, engine=replace(engine, manages_ip6tables=False))
    assert deployment(alone).choices.services == ("web", "streaming", "sidekiq")


def test_docker_28_leaves_ipv4_alone_but_where_a_network_has_both() -> None:
    def made(host: Host) -> DockerNetwork:
        plan = deployment(host, services=("web",)).plan()
        (step,) = (each for each in plan.steps if isinstance(each, DockerNetwork))
        return step

    assert not made(made_up_hosts.debian14()).ipv4
    assert made(made_up_hosts.debian14()).ipv4_subnet == ""
    assert made(with_ipv6(made_up_hosts.debian14())).ipv4
    assert made(made_up_hosts.debian13()).ipv4
    compose = made_up_hosts.debian14().compose
    assert not isinstance(compose, Unknown)
    assert made(made_up_hosts.debian14(compose=replace(compose, v2="2.30.0"))).ipv4


def test_a_compose_that_cannot_make_the_network_gets_one_from_outside() -> None:
    host = made_up_hosts.debian12()
    compose = host.compose
    assert not isinstance(compose, Unknown)
    old = deployment(replace(host, compose=replace(compose, v1="1.25.5")))
    plan = old.plan()
    assert "    external: true" in plan.steps[-2].diffs[0].lines[-1]
    assert any("docker network create" in notice for notice in plan.notices)
    assert not any("docker network create" in notice for notice in deployment().plan().notices)


@pytest.mark.parametrize("state", ["applied", "unconfirmed", "undo incomplete"])
def test_our_own_network_in_force_is_not_in_the_way_of_its_own_answers(state: str) -> None:
    host = made_up_hosts.debian12()
    answers = deployment(host).choices
    now = with_ours(host, state)
    assert check(answers, now) == ()
    assert proposals.resume(answers, now) == answers
    proposed = defaults(now)
    assert (proposed.network, proposed.bridge) == ("mastodon_ipv6", "br-ipv6")


def test_what_an_undone_run_left_is_taken() -> None:
    host = with_ours(made_up_hosts.debian12(), "undone")
    proposed = defaults(host)
    assert (proposed.network, proposed.bridge) == ("mastodon_ipv6_2", "br-ipv6-2")
    assert len(check(replace(deployment().choices), host)) >= 3


def test_a_fixed_address_is_for_a_chosen_service_with_one_container() -> None:
    routed: dict[str, Any] = {
        "mode": Mode.ROUTED,
        "prefix": IPv6Network("2001:db8:1:2:1::/80"),
        "services": ("web",),
    }
    host = made_up_hosts.debian12()
    chosen = deployment(host, fixed=("db",), **routed)
    assert any("db is to have a fixed address" in each for each in check(chosen.choices, host))
    scaled = TODAY.replace("  web:\n", "  web:\n    deploy: {replicas: 2}\n", 1)
    with pytest.raises(Refused, match="more than one container"):
        deployment(host, scaled, fixed=("web",), **routed).plan()
    table = answers_file.loads(
        answers_file.dumps(deployment(host, fixed=("web",), **routed).choices)
    )
    assert table.fixed == ("web",)


def test_a_project_without_networks_of_its_own_is_proposed_the_plain_name() -> None:
    host = made_up_hosts.debian12()
    assert not isinstance(host.projects, Unknown)
    assert choose_project(Choices(), host.projects[0], host).network == "mastodon_ipv6"


def test_a_network_whose_label_names_another_prefix_is_not_ours() -> None:
    host = with_ours(made_up_hosts.debian12(), "applied")
    assert not isinstance(host.networks, Unknown)
    copied = replace(host.networks[-1], labels=((NETWORK_LABEL, "fd00:9::/64"),))
    theirs = replace(host, networks=(*host.networks[:-1], copied))
    answers = deployment(made_up_hosts.debian12()).choices
    assert check(answers, host) == ()
    assert any("already exists" in each for each in check(answers, theirs))


def test_only_a_network_that_leads_out_and_is_not_ours_takes_the_gateway() -> None:
    host = with_ipv6(made_up_hosts.debian12())
    later = replace(deployment(made_up_hosts.debian12()).choices, network="mastodon_ipv6")
    assert check_gateway(later, host) is not None
    assert not isinstance(host.networks, Unknown)
    for change in (
        {"internal": True},
        {"ipv6": False},
        {"labels": ((NETWORK_LABEL, "fd01:2345:6789::/64"),)},
    ):
        changed = tuple(
            replace(each, **change) if each.name == EXTERNAL else each for each in host.networks
        )
        assert check_gateway(later, replace(host, networks=changed)) is None, change


def test_a_run_of_which_it_is_not_known_whose_it_is_is_in_the_way_of_every_project() -> None:
    host = with_ours(made_up_hosts.debian12(), "applied")
    assert not isinstance(host.earlier, Unknown)
    assert in_the_way(host, "mastodon") == host.earlier
    assert in_the_way(host, "another") == ()
    nameless = tuple(replace(each, project="") for each in host.earlier)
    for project in ("mastodon", "another", None):
        assert in_the_way(replace(host, earlier=nameless), project) == nameless


@pytest.mark.parametrize(
    "others", [["web"], ["a_a", "b"], ["0_a"], ["00_a", "0_b"]], ids=lambda names: names[0]
)
def test_a_name_is_put_before_those_of_other_networks(others: list[str]) -> None:
    host = made_up_hosts.debian13()
    assert not isinstance(host.networks, Unknown)
    networks = [replace(host.networks[0], name=name) for name in others]
    name = names.sorted_first("web_ipv6", networks)
    assert name.endswith("web_ipv6")
    assert sorted([name, *others])[0] == name
