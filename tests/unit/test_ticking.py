"""What is ticked at first by what a service was seen to do, and what of it a plan depends on."""

import socket
import struct
from dataclasses import replace
from ipaddress import IPv4Address, ip_network

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from tests.made_up_hosts import ANYWHERE
from wizard.answers import proposals, ticking
from wizard.compose.read import parse
from wizard.compose.services import Service
from wizard.host import connections
from wizard.host.contacts import Connection
from wizard.host.host import Host, Unknown
from wizard.plan import planning

PEER = Connection("tcp", IPv4Address("198.51.100.7"), 443)
MINE, HEADING = "172.18.0.5", "  sl  local_address rem_address   st tx_queue ...\n"


def word(address: str) -> str:
    octets = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    count = len(octets) // 4
    return struct.pack(f"!{count}I", *struct.unpack(f"={count}I", octets)).hex().upper()


def line(peer: str, port: int, state: str, local_port: int = 40000, mine: str = MINE) -> str:
    return f"   0: {word(mine)}:{local_port:04X} {word(peer)}:{port:04X} {state} 00000000:0000\n"


@pytest.mark.parametrize(
    ("table", "text", "found"),
    [
        ("tcp", line("198.51.100.7", 443, "01"), [PEER]),
        ("tcp", line("198.51.100.7", 443, "06"), [PEER]),
        ("tcp", line("198.51.100.7", 443, "02"), []),
        ("tcp6", line("::ffff:198.51.100.7", 443, "08", mine="::ffff:172.18.0.5"), [PEER]),
        ("tcp6", line("2001:db8::7", 443, "01", mine="2001:db8::1"), []),
        ("tcp", line("172.18.0.3", 5432, "01"), []),
        ("tcp", line("10.1.2.3", 5432, "01"), []),
        ("tcp", line("127.0.0.1", 80, "01"), []),
        ("udp", line("198.51.100.7", 3478, "01"), [replace(PEER, protocol="udp", port=3478)]),
        ("udp", line("198.51.100.7", 53, "01"), []),
        ("udp", line(ANYWHERE, 0, "07"), []),
        ("tcp", "   0: what 3 01 4\n", []),
    ],
)
def test_connections_to_outside(table: str, text: str, found: list[Connection]) -> None:
    assert list(connections.outward({table: HEADING + text})) == found


def test_a_connection_that_was_opened_from_outside_says_nothing() -> None:
    visitor = line("198.51.100.7", 50123, "01", local_port=3000)
    listening = line(ANYWHERE, 0, "0A", local_port=3000, mine=ANYWHERE)
    over_both = line("::", 0, "0A", local_port=3000, mine="::")
    assert connections.outward({"tcp": HEADING + visitor})
    assert not connections.outward({"tcp": HEADING + visitor + listening})
    assert not connections.outward({"tcp": HEADING + visitor, "tcp6": HEADING + over_both})
    waiting = line(ANYWHERE, 0, "07", local_port=3000, mine=ANYWHERE)
    assert connections.outward({"udp": HEADING + visitor})
    assert not connections.outward({"udp": HEADING + visitor + waiting})


def holding(host: Host, *services: str) -> Host:
    assert not isinstance(host.projects, Unknown)
    (project,) = host.projects
    containers = tuple(
        replace(each, connections=(PEER,) if each.service in services else ())
        for each in project.containers
    )
    return replace(host, projects=(replace(project, containers=containers),))


def services(text: str) -> tuple[Service, ...]:
    return parse(text.encode(), "compose.yaml").services


def test_what_a_service_does_outweighs_its_name_and_is_its_reason() -> None:
    host = holding(made_up_hosts.debian13(), "web", "redis")
    (project,) = host.choosable_projects
    web, redis, db = services("services: {web: {image: x}, redis: {image: redis}, db: {image: y}}")
    ticked = proposals.tick(proposals.defaults(host), (web, redis, db), host).services
    assert ticked == ("web", "redis")
    assert ticking.reason(web, host, project) == (
        "web holds a connection to 198.51.100.7 (tcp port 443) outside."
    )
    assert "looks like a store, but holds a connection to 198.51" in ticking.reason(
        redis, host, project
    )
    assert ticking.reason(db, host, project) == db.reason


def test_no_connection_ticks_the_end_of_a_vpn_or_what_its_files_keep_inside() -> None:
    host = holding(made_up_hosts.debian13(), "web", "sidekiq", "db")
    found = services(
        "services:\n  web: {image: gluetun}\n  sidekiq: {image: x, networks: [back]}\n"
        "  db: {image: x, network_mode: host}\nnetworks: {back: {internal: true}}\n"
    )
    assert proposals.tick(proposals.defaults(host), found, host).services == ()
    assert [ticking.reason(each, host, host.choosable_projects[0]) for each in found] == [
        each.reason for each in found
    ]


@pytest.mark.parametrize("named", ["networks: {back: {external: true}}", "networks: {back: }"])
def test_what_docker_lets_nowhere_out_is_not_ticked_whatever_the_file_says(named: str) -> None:
    host = made_up_hosts.debian13()
    (project,) = host.choosable_projects
    assert not isinstance(host.networks, Unknown)
    (web,) = services(f"services: {{web: {{image: x, networks: [back]}}}}\n{named}\n")
    assert ticking.first_tick(web, host, project)
    networks = {name for each in project.containers for name in each.networks}
    closed = tuple(
        replace(each, internal=each.name in networks or each.internal) for each in host.networks
    )
    inside = replace(host, networks=closed)
    assert not ticking.first_tick(web, inside, project)
    assert "web is only on internal networks (mastodon_ext" in ticking.reason(web, inside, project)
    assert "from which Docker keeps it" in ticking.reason(web, inside, project)
    # Of one that never ran nobody knows.
    assert ticking.first_tick(replace(web, name="other"), inside, project)


def test_what_reaches_the_ipv6_internet_by_docker_already_is_not_ticked() -> None:
    host = made_up_hosts.debian14()
    assert not isinstance(host.networks, Unknown)
    (project,) = host.choosable_projects
    on = made_up_hosts.EXTERNAL
    served = tuple(
        replace(each, ipv6=True, subnets=(ip_network("fd01:2:3::/64"),))
        if each.name == on
        else each
        for each in host.networks
    )
    there = holding(replace(host, networks=served), "web")
    web, host_s_own = services(
        "services: {web: {image: x}, sidekiq: {image: x, network_mode: host}}\n"
    )
    assert not ticking.first_tick(web, there, project)
    assert ticking.reason(web, there, project).startswith(
        f"web reaches the IPv6 internet through {on} already"
    )
    assert ticking.reason(host_s_own, there, project) == host_s_own.reason
    # While the host is looked at, and where there is no such project, the file alone speaks.
    for known in ((None, None), (there, None), (None, project)):
        assert ticking.first_tick(web, *known)
        assert ticking.reason(web, *known) == web.reason
        assert not ticking.first_tick(host_s_own, *known)


def test_a_plan_does_not_depend_on_connections() -> None:
    made = deployment(made_up_hosts.debian13())
    plans = [
        planning.plan(holding(made.host, *those), made.choices, made.inputs)
        for those in ((), ("web", "db"))
    ]
    assert plans[0].digest == plans[1].digest
    assert plans[0] == plans[1]
