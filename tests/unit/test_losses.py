"""Which published ports stop answering over IPv6, and what it takes to go on all the same."""

import re
import tomllib
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from pathlib import Path
from typing import Any

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import article, deployment
from wizard.answers import answers_file
from wizard.answers.choices import Choices, Mode
from wizard.host.contacts import Listener
from wizard.host.host import Host, Uplink
from wizard.host.published import hears, parse, published
from wizard.noticed.losses import LossCause
from wizard.plan import acceptance
from wizard.plan.planning import Plan
from wizard.platform.errors import Refused
from wizard.run import course

PREFIX = IPv6Network("2001:db8:1:2:1::/80")
EVERYWHERE = "[::]:3000->3000/tcp"
ANY4, ANY6 = IPv4Address(0), IPv6Address(0)


def with_web(host: Host, **changes: Any) -> Host:
    """The host with a service web that publishes port 3000 on every address, both families."""
    assert isinstance(host.projects, tuple)
    changes = {
        "ports": ("0.0.0.0:3000->3000/tcp", EVERYWHERE),
        "proxied": (EVERYWHERE,),
        "listeners": (Listener("tcp", ANY4, 3000),),
    } | changes
    (project,) = host.projects
    containers = tuple(
        replace(each, **changes) if each.service == "web" else each for each in project.containers
    )
    return replace(host, projects=(replace(project, containers=containers),))


def plan(host: Host, **choices: Any) -> Plan:
    return deployment(host).plan(**choices)


def routed(host: Host, **choices: Any) -> Plan:
    return plan(host, mode=Mode.ROUTED, prefix=PREFIX, **choices)


RELEASES = {
    "12": made_up_hosts.debian12, "13": made_up_hosts.debian13, "14": made_up_hosts.debian14
}  # fmt: skip


@pytest.mark.parametrize("host", RELEASES.values(), ids=RELEASES)
def test_a_program_on_ipv4_alone_is_lost_to_ipv6_visitors_in_either_mode(host: Any) -> None:
    for made in (plan(with_web(host())), routed(with_web(host()))):
        (loss,) = made.losses
        assert loss.name == "[::]:3000/tcp"
        assert loss.service == "web"
        (notice,) = [each for each in made.notices if "stops answering" in each]
        assert notice.startswith("[2001:db8:1:2::10]:3000 and [::1]:3000 (web, tcp) stops")
        assert "listen on ::" in notice


@pytest.mark.parametrize("host", RELEASES.values(), ids=RELEASES)
def test_a_program_on_both_is_lost_only_where_the_engine_publishes_elsewhere(host: Any) -> None:
    both = with_web(host(), listeners=(Listener("tcp", ANY6, 3000),))
    assert plan(both).losses == ()
    causes = [loss.cause for loss in routed(both).losses]
    assert causes == ([LossCause.ROUTED] if host is made_up_hosts.debian14 else [])
    if causes:
        assert "to the container's own address, where the port is 3000. Or leave web out" in (
            " ".join(routed(both).notices)
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"proxied": ()},
        {"listeners": ()},
        {"listeners": (Listener("tcp", ANY4, 3001),)},
        {"listeners": None},
        {"ports": ("127.0.0.1:3000->3000/tcp",), "proxied": ()},
        {"ports": ("0.0.0.0:3000->3000/tcp",), "proxied": ()},
    ],
)
def test_what_does_not_answer_over_ipv6_today_is_not_lost(changes: dict[str, Any]) -> None:
    assert plan(with_web(made_up_hosts.debian12(), **changes)).losses == ()


def test_what_was_not_seen_counts_as_answering_where_every_port_is_lost() -> None:
    host = with_web(made_up_hosts.debian14(), listeners=None, proxied=None)
    assert [loss.name for loss in routed(host).losses] == ["[::]:3000/tcp"]


def test_a_container_with_ipv6_of_its_own_was_deaf_there_before() -> None:
    host = with_web(made_up_hosts.debian14())
    assert isinstance(host.networks, tuple)
    host = replace(host, networks=tuple(replace(each, ipv6=True) for each in host.networks))
    assert plan(host, services=("web",)).losses == ()
    assert routed(host, services=("web",)).losses == ()


def test_a_service_left_out_loses_nothing() -> None:
    assert plan(with_web(made_up_hosts.debian12()), services=("sidekiq",)).losses == ()


def test_losses_are_part_of_what_is_applied_and_their_acceptance_is_not() -> None:
    host = with_web(made_up_hosts.debian12())
    lost, fine = plan(host), plan(with_web(made_up_hosts.debian12(), proxied=()))
    assert [step.parameters() for step in lost.steps] == [step.parameters() for step in fine.steps]
    assert lost.digest != fine.digest
    accepted = plan(host, accepted=("[::]:3000/tcp",))
    assert accepted.digest == lost.digest
    assert lost.unaccepted == lost.losses
    assert accepted.unaccepted == ()
    course.check_shown(accepted, lost.digest)
    with pytest.raises(Refused, match=r"3000/tcp"):
        course.check_shown(lost, lost.digest)


def test_what_changes_from_second_to_second_is_no_part_of_what_is_applied() -> None:
    quiet = with_web(made_up_hosts.debian12())
    busy = with_web(
        made_up_hosts.debian12(),
        listeners=(Listener("tcp", ANY4, 3000), Listener("tcp", ANY4, 45678)),
        pid=99,
    )
    assert plan(quiet).digest == plan(busy).digest


def test_the_lines_that_accept_are_lines_of_an_answers_file() -> None:
    made = plan(with_web(made_up_hosts.debian12()))
    said = acceptance.refusal(made)
    whole = answers_file.loads(said[said.index("# Answers") :])
    assert whole == replace(made.choices, accepted=("[::]:3000/tcp",))
    assert answers_file.loads(answers_file.dumps(whole)) == whole


def test_what_was_accepted_before_stands_in_the_line_to_write_and_is_not_told_again() -> None:
    made = plan(with_web(made_up_hosts.debian12()), accepted=("[::]:80/tcp",))
    (loss,) = made.losses
    answers = Path("/root/answers.toml")
    said = acceptance.refusal(made, answers)
    assert "put this in place of accepted in /root/answers.toml" in said
    line = said.rpartition("\n")[2]
    assert tomllib.loads(line) == {"accepted": ["[::]:3000/tcp", "[::]:80/tcp"]}
    # With none before, it goes where there was no such line.
    bare = acceptance.refusal(plan(with_web(made_up_hosts.debian12())), answers)
    assert "add this below [choices]" in bare
    assert tomllib.loads(bare.rpartition("\n")[2]) == {"accepted": ["[::]:3000/tcp"]}
    # Of several losses those are named that nobody has accepted.
    several = [
        replace(loss, port=replace(loss.port, host_port=port)) for port in (80, 81, 82, 83, 84, 85)
    ]
    told = acceptance.refusal(replace(made, losses=tuple(several)), answers).partition("\n")[0]
    assert re.findall(r"\[::\]:(\d+)", told) == ["81", "82", "83", "84", "85"]


@pytest.mark.parametrize("accepted", ["[::]:3000/tcp", [3000], {"a": 1}])
def test_accepted_is_a_list_of_names(accepted: object) -> None:
    with pytest.raises(Refused, match="accepted must be a list of names"):
        answers_file.from_table({"accepted": accepted})


def test_answers_without_losses_are_as_before() -> None:
    assert "accepted" not in answers_file.dumps(Choices())


def test_the_addresses_of_the_uplink_are_named_but_for_temporary_ones() -> None:
    host = with_web(made_up_hosts.debian12())
    assert isinstance(host.uplink, Uplink)
    (address,) = host.uplink.addresses
    passing = replace(address, temporary=True)
    uplink = replace(host.uplink, addresses=(passing,))
    (notice, *_) = plan(replace(host, uplink=uplink)).notices
    assert notice.startswith("[::1]:3000 (web, tcp)")


def test_one_address_of_the_host_is_named_alone() -> None:
    port = "[2001:db8:1:2::11]:80->3000/tcp"
    (notice, *_) = plan(with_web(made_up_hosts.debian12(), ports=(port,), proxied=(port,))).notices
    assert notice.startswith("[2001:db8:1:2::11]:80 (web, tcp) stops")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("3000/tcp", []),
        ("0.0.0.0:3000->3000/tcp", ["0.0.0.0:3000/tcp"]),
        ("[::]:53->5353/udp", ["[::]:53/udp"]),
        (":::3000->3000/tcp", ["[::]:3000/tcp"]),
        ("3000->3000/tcp", ["0.0.0.0:3000/tcp", "[::]:3000/tcp"]),
        ("[fe80::1%eth0]:1->1/tcp", []),
        ("->3000/tcp", []),
    ],
)
def test_what_a_port_publishes(text: str, names: list[str]) -> None:
    assert [each.name for each in parse(text)] == names


def test_a_socket_on_every_address_hears_both_families() -> None:
    every, ipv4 = Listener("tcp", ANY6, 80), Listener("tcp", IPv4Address("172.18.0.2"), 80)
    assert hears([every], "tcp", 80, 4)
    assert hears([every], "tcp", 80, 6)
    assert hears([ipv4], "tcp", 80, 4)
    assert not hears([ipv4], "tcp", 80, 6)
    assert not hears([every], "udp", 80, 6)


def test_the_articles_ports_are_told_apart() -> None:
    host = article().host
    assert isinstance(host.projects, tuple)
    containers = [each for each in host.projects[0].containers if each.service == "web"]
    assert [port.name for port in published(containers[0])] == ["0.0.0.0:3000/tcp"]


def test_what_is_lost_stands_in_the_order_of_the_ports_and_not_of_their_letters() -> None:
    ports = tuple(f"[::]:{port}->{port}/tcp" for port in (3000, 443, 80))
    ears = tuple(Listener("tcp", ANY4, port) for port in (3000, 443, 80))
    host = with_web(made_up_hosts.debian13(), ports=ports, proxied=ports, listeners=ears)
    assert [loss.port.port for loss in plan(host).losses] == [80, 443, 3000]
