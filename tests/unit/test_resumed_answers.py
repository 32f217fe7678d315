"""What of the answers of an earlier sitting still holds on the host of today."""

from dataclasses import fields, replace
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path
from typing import Any

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from wizard.answers.checks import check, check_inwards, check_mode, check_prefix
from wizard.answers.choices import Choices, Inwards, Mode, Placement, Proxy
from wizard.answers.proposals import (
    answers_any,
    choose_mode,
    choose_project,
    defaults,
    names_proxy,
    proxy_for,
    resume,
)
from wizard.host.host import ComposeProject, Earlier, Host, Unknown
from wizard.ndp.upstream import UpstreamCase

HOST = made_up_hosts.debian13()
PART = IPv6Network("2001:db8:1:2:8000::/112")


def answered(host: Host = HOST, **changes: Any) -> Choices:
    """Return answers in which every question has another one than is proposed."""
    return replace(
        deployment(host, mode=Mode.ROUTED, prefix=PART).choices,
        **{
            "network": "six",
            "bridge": "br-six",
            "services": ("web", "sidekiq"),
            "placement": Placement.OVERRIDE,
            "target": IPv6Address("2001:db8::53"),
            "proxy": Proxy.NDPPD,
            "inwards": Inwards.EXPOSED,
            "fixed": ("web",),
            "follow": True,
            "accepted": ("[::]:3000/tcp",),
            "unproven": True,
            **changes,
        },
    )


def differing(one: Choices, other: Choices) -> set[str]:
    return {
        each.name
        for each in fields(Choices)
        if getattr(one, each.name) != getattr(other, each.name)
    }


def test_answers_that_fit_are_all_kept() -> None:
    saved = answered()
    assert check(saved, HOST) == ()
    assert resume(saved, HOST) == saved


@pytest.mark.parametrize(
    ("host", "changes", "lost"),
    [
        (HOST, {"prefix": IPv6Network("2001:db8:1:2::/64")}, {"prefix"}),
        (HOST, {"prefix": IPv6Network("fd00::/64")}, {"prefix"}),
        (HOST, {"network": "host"}, {"network"}),
        (HOST, {"bridge": "docker0"}, {"bridge"}),
        (HOST, {"fixed": ("web", "db")}, {"fixed"}),
        (HOST, {"file": Path("/elsewhere.yml")}, {"file"}),
        # Debian 14 has no ndppd, and its Docker lets in the published ports alone.
        (made_up_hosts.debian14(), {}, {"proxy", "inwards"}),
        (made_up_hosts.debian14(), {"proxy": Proxy.FIXED}, {"inwards"}),
        (
            HOST,
            {"project": "gone"},
            {"project", "network", "services", "placement", "fixed", "accepted"},
        ),
    ],
)
def test_an_answer_that_does_not_fit_is_replaced_by_what_is_proposed(
    host: Host, changes: dict[str, Any], lost: set[str]
) -> None:
    saved = answered(host, **changes)
    found = resume(saved, host)
    assert differing(found, saved) == lost
    if "project" not in lost:
        assert check(found, host) == ()
    if "fixed" in lost:
        assert found.fixed == tuple(each for each in saved.fixed if each in found.services)
    if "proxy" in lost:
        assert found.proxy is Proxy.SERVICE
    if "inwards" in lost:
        assert found.inwards is Inwards.PUBLISHED


def test_where_there_is_no_uplink_any_more_private_addresses_are_proposed() -> None:
    gone = replace(HOST, uplink=Unknown("There is none."))
    assert "There is none." in (check_mode(Mode.ROUTED, gone) or "")
    assert check_mode(Mode.ULA, gone) is check_mode(Mode.ROUTED, HOST) is None
    found = resume(answered(), gone)
    assert found.mode is Mode.ULA
    assert check_prefix(str(found.prefix), gone) is None
    assert (found.services, found.network) == (("web", "sidekiq"), "six")


def test_all_that_will_not_do_is_said_at_once() -> None:
    said = check(answered(services=(), fixed=()), made_up_hosts.debian14())
    assert [each.partition(" ")[0] for each in said] == ["No", "This", "Docker"]
    assert check(answered(project="gone"), HOST) == (
        "There is no Compose project called gone on this host.",
    )


def ran(project: str, state: str = "kept", *others: ComposeProject) -> Host:
    """Return a host with a set-up of a project, and with other projects besides."""
    assert not isinstance(HOST.projects, Unknown)
    earlier = (Earlier(Path("/r"), state, "2026-11-01T06:00:00", True, project, "six"),)
    return replace(HOST, earlier=earlier, projects=(*HOST.projects, *others))


def test_answers_of_a_project_that_is_set_up_are_kept_while_there_is_no_other() -> None:
    saved = answered()
    assert resume(saved, ran("mastodon")) == saved
    assert answers_any(saved, ran("mastodon"))
    other = ComposeProject("blog", Path("/srv/blog"), (Path("/srv/blog/compose.yml"),), ())
    there = ran("mastodon", "kept", other)
    found = resume(saved, there)
    assert found.project == "blog"
    assert (found.target, found.unproven) == (saved.target, saved.unproven)
    assert (found.services, found.mode, found.window) == ((), Mode.ULA, Choices.window)
    assert not answers_any(saved, there)
    assert defaults(there).project == "blog"


def test_whether_anything_was_answered_yet() -> None:
    assert not answers_any(Choices(), HOST)
    # What is asked of nobody is no answer.
    assert not answers_any(Choices(window=300, target=IPv6Address("2001:db8::1")), HOST)
    assert answers_any(Choices(network="six"), HOST)
    assert not names_proxy(Choices())
    assert names_proxy(Choices(proxy=Proxy.NONE))


def test_another_mode_gets_a_prefix_of_its_own_and_the_same_one_keeps_it() -> None:
    private = defaults(HOST)
    assert choose_mode(private, Mode.ULA, HOST) is private
    public = choose_mode(private, Mode.ROUTED, HOST)
    assert public.mode is Mode.ROUTED
    assert check_prefix(str(public.prefix), HOST, Mode.ROUTED) is None
    assert replace(public, mode=Mode.ULA, prefix=private.prefix) == private
    without = choose_mode(replace(private, prefix=None), Mode.ULA, HOST)
    assert without.prefix is not None


@pytest.mark.parametrize(
    ("name", "network"),
    [
        ("site", "site_ipv6"),
        ("Si te!", "Site_ipv6"),
        ("_-.site-2", "site-2_ipv6"),
        ("größe", "gre_ipv6"),
        ("--", "compose_ipv6"),
        ("x" * 80, "x" * 64 + "_ipv6"),
    ],
)
def test_a_network_is_called_after_its_project(name: str, network: str) -> None:
    file = Path("/srv/x/compose.yaml")
    project = ComposeProject(name, file.parent, (file, Path("/srv/x/more.yml")), ())
    found = choose_project(replace(Choices(), services=("web",)), project, HOST)
    assert (found.network, found.project, found.services, found.file) == (network, name, (), file)
    assert choose_project(Choices(), replace(project, files=()), HOST).file is None
    assert not isinstance(HOST.networks, Unknown)
    taken = replace(HOST, networks=(*HOST.networks, replace(HOST.networks[0], name=network)))
    assert choose_project(Choices(), project, taken).network == f"{network}_2"


@pytest.mark.parametrize("case", UpstreamCase)
@pytest.mark.parametrize("prefix", [None, PART, IPv6Network("2001:db8:9::/64")])
def test_who_answers_for_neighbours(case: UpstreamCase, prefix: IPv6Network | None) -> None:
    asked = prefix == PART and case is not UpstreamCase.ROUTED
    found = proxy_for(case, Choices(mode=Mode.ROUTED, prefix=prefix), HOST)
    assert found is (Proxy.SERVICE if asked else Proxy.NONE)


@pytest.mark.parametrize("inwards", Inwards)
def test_only_where_docker_filters_itself_is_nothing_else_than_published_ports_to_be_had(
    inwards: Inwards,
) -> None:
    public = answered(inwards=inwards)
    assert check_inwards(public, HOST) is None
    said = check_inwards(public, made_up_hosts.debian14())
    assert (said is None) is (inwards is Inwards.PUBLISHED)
    assert said is None or "Choose published ports, and publish in the Compose file" in said
    assert check_inwards(replace(public, mode=Mode.ULA), made_up_hosts.debian14()) is None


@pytest.mark.parametrize(
    ("text", "mode", "why"),
    [
        ("", Mode.ULA, "Type a prefix such as"),
        (" ", Mode.ROUTED, "Type a prefix such as"),
        ("fd00::/64", Mode.ROUTED, "is private"),
        ("2001:db8:1:2:8000::/112", Mode.ULA, "is not a unique local prefix"),
        ("x/64", Mode.ROUTED, "is not an IPv6 prefix"),
    ],
)
def test_a_prefix_is_judged_by_the_mode(text: str, mode: Mode, why: str) -> None:
    assert why in (check_prefix(text, HOST, mode) or "")


def test_a_fixed_address_is_for_a_ticked_service_with_public_addresses() -> None:
    one = answered(fixed=("web", "d\x1bb"))
    (said,) = check(one, HOST)
    assert said.startswith("d\\x1bb is to have a fixed address, but is not among the services")
    private = replace(one, mode=Mode.ULA, prefix=IPv6Network("fd00:1:2:3::/64"))
    assert check(private, HOST) == ()
