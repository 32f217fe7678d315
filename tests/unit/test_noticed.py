"""Who else notices: peers by name, those who trust an old subnet, and servers outside."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from wizard.answers.choices import Mode
from wizard.host.contacts import Listener, Mention, OutsideHost
from wizard.host.host import Firewall, Host
from wizard.plan.planning import Plan

PREFIX = IPv6Network("2001:db8:1:2:1::/80")


def with_service(host: Host, service: str, **changes: Any) -> Host:
    assert isinstance(host.projects, tuple)
    (project,) = host.projects
    pointer = changes.pop("pointer", project.pointer)
    containers = tuple(
        replace(each, **changes) if each.service == service else each for each in project.containers
    )
    return replace(host, projects=(replace(project, containers=containers, pointer=pointer),))


def plan(host: Host, **choices: Any) -> Plan:
    return deployment(host).plan(**choices)


def notice(made: Plan, words: str) -> str:
    found = [each for each in made.notices if words in each]
    assert len(found) <= 1
    return found[0] if found else ""


def test_a_name_that_leads_nowhere_over_ipv6_is_told_where_others_ask_for_it() -> None:
    ears = (
        Listener("tcp", IPv4Address(0), 3000),
        Listener("tcp", IPv6Address(0), 9394),
        Listener("udp", IPv4Address(0), 5000),
    )
    host = with_service(made_up_hosts.debian13(), "web", listeners=ears)
    assert "over IPv6: web port 3000. Programs" in notice(plan(host), "Docker's DNS")
    assert not notice(plan(host, services=("web",)), "Docker's DNS")
    assert not notice(plan(made_up_hosts.debian13()), "Docker's DNS")


def test_what_names_an_old_subnet_is_told_with_the_new_ones() -> None:
    old = Mention("TRUSTED_PROXIES", IPv4Network("172.18.0.0/16"))
    host = with_service(made_up_hosts.debian13(), "db", mentions=(old,))
    rules = (
        Mention("iptables -A INPUT -s 172.18.0.0/16 -j ACCEPT", IPv4Network("172.18.0.0/16")),
        Mention("iptables -A INPUT -s 10.0.0.0/8 -j ACCEPT", IPv4Network("10.0.0.0/8")),
    )
    host = replace(host, firewall=Firewall(sources=rules))
    said = notice(plan(host), "old subnet")
    assert "TRUSTED_PROXIES in the environment of db (172.18.0.0/16)" in said
    assert "iptables -A INPUT -s 172.18.0.0/16 -j ACCEPT" in said
    assert "10.0.0.0/8" not in said
    assert "Add 172.31.0.0/16 and fd91:7981:3415::/64" in said
    assert not notice(plan(made_up_hosts.debian13()), "old subnet")


def test_everybody_is_no_subnet() -> None:
    every = Mention("ALLOWED", IPv4Network("0.0.0.0/0"))
    host = with_service(made_up_hosts.debian13(), "web", mentions=(every,))
    assert not notice(plan(host), "old subnet")


def test_servers_outside_with_ipv6_are_told_with_what_to_set() -> None:
    outside = (
        OutsideHost("SMTP_SERVER", "smtp.example.org", ipv6=True),
        OutsideHost("S3_ENDPOINT", "store.example.net", ipv6=True),
        OutsideHost("DB_HOST", "db.example.net", ipv6=False),
        OutsideHost("ES_HOST", "es.example.net"),
    )
    host = with_service(made_up_hosts.debian13(), "web", outside=outside, pointer="")
    said = notice(plan(host), "mail servers")
    assert "this host's own address 2001:db8:1:2::10: smtp.example.org (SMTP_SERVER of web)" in said
    assert "no PTR record that leads back" in said
    assert "ip6:2001:db8:1:2::10" in said
    assert "store.example.net (S3_ENDPOINT of web)" in notice(plan(host), "These servers")
    assert "es.example.net (ES_HOST of web)" in notice(plan(host), "did not say in time")
    assert "db.example.net" not in "".join(plan(host).notices)

    public = plan(host, mode=Mode.ROUTED, prefix=PREFIX)
    assert f"the containers' own addresses, out of {PREFIX}" in notice(public, "mail servers")
    named = with_service(host, "web", pointer="mail.example.org")
    assert "has the name mail.example.org" in notice(plan(named), "mail servers")
    unknown = with_service(host, "web", pointer=None)
    assert "could not be found out" in notice(plan(unknown), "mail servers")
    assert plan(named).digest == plan(made_up_hosts.debian13()).digest


def test_services_that_are_not_chosen_go_outside_as_before() -> None:
    outside = (OutsideHost("SMTP_SERVER", "smtp.example.org", ipv6=True),)
    host = with_service(made_up_hosts.debian13(), "db", outside=outside)
    assert not notice(plan(host), "mail servers")
