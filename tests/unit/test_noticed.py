"""Who else notices: peers by name, those who trust an old subnet, and servers outside."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from pathlib import Path
from typing import Any

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from wizard.answers import proposals
from wizard.answers.choices import Mode, Placement
from wizard.host.contacts import Listener, Mention, OutsideHost
from wizard.host.host import Firewall, Host, Unknown
from wizard.host.known import known
from wizard.host.published import Published
from wizard.noticed import owners, source_addresses, visitors
from wizard.noticed.losses import Loss, LossCause
from wizard.plan.planning import Plan

PREFIX = IPv6Network("2001:db8:1:2:1::/80")
NOTHING = deployment().inputs


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


def test_replicas_of_one_service_ask_nobody_by_that_name() -> None:
    ears = (Listener("tcp", IPv4Address(0), 3000),)
    host = with_service(made_up_hosts.debian13(), "web", listeners=ears)
    assert isinstance(host.projects, tuple)
    (project,) = host.projects
    (web,) = [each for each in project.containers if each.service == "web"]
    twice = replace(project, containers=(*project.containers, replace(web, id="two", name="w2")))
    host = replace(host, projects=(twice,))
    assert not notice(plan(host, services=("web",)), "Docker's DNS")


def test_who_listens_over_both_families_is_reached_over_either() -> None:
    ears = (Listener("tcp", IPv4Address(0), 3000), Listener("tcp", IPv6Address(0), 3000))
    host = with_service(made_up_hosts.debian13(), "web", listeners=ears)
    assert not notice(plan(host), "Docker's DNS")


OLD = IPv4Network("172.18.0.0/16")


def told(host: Host, text: str = "", **choices: Any) -> str:
    """What is said of places that name an old subnet, where the Compose file ends with a text."""
    made = deployment(host)
    files = dict(made.inputs.files)
    files[made.path] = replace(files[made.path], text=f"{files[made.path].text}{text}")
    made = replace(made, inputs=replace(made.inputs, files=files))
    return notice(made.plan(**choices), "old subnet")


def test_of_a_file_a_remark_and_what_declares_the_subnet_say_nothing_of_whom_it_trusts() -> None:
    host = made_up_hosts.debian13()
    assert told(host) == ""
    assert told(host, f"# {OLD}\n") == ""
    for word in ("subnet", "gateway", "ip_range", "ipv4_address"):
        assert told(host, f"x-a:\n  {word}: {OLD}\n") == ""
    assert told(host, f"x-a:\n  trusted: {OLD}\n") != ""


def test_a_subnet_that_the_chosen_containers_are_not_on_is_nobody_s_old_one() -> None:
    host = made_up_hosts.debian13()
    assert isinstance(host.networks, tuple)
    other = replace(host.networks[0], id="x", name="other", subnets=(IPv4Network("10.9.0.0/16"),))
    host = replace(host, networks=(*host.networks, other))
    assert told(host, "x-a:\n  trusted: 10.9.0.0/16\n") == ""
    assert told(host, f"x-a:\n  trusted: {OLD}\n") != ""


def test_the_filter_is_told_of_where_docker_takes_the_new_subnet_from_pools_of_the_host() -> None:
    rules = (Mention(f"iptables -A INPUT -s {OLD} -j ACCEPT", OLD),)
    host = replace(made_up_hosts.debian13(), firewall=Firewall(sources=rules))
    assert not isinstance(host.engine, Unknown)
    host = replace(host, engine=replace(host.engine, own_address_pools=True))
    assert "iptables -A INPUT" in told(host)
    assert source_addresses.notices(known(host), proposals.defaults(host), (), NOTHING) == ()


def test_an_address_that_comes_and_goes_is_none_by_which_others_know_the_host() -> None:
    outside = (OutsideHost("SMTP_SERVER", "smtp.example.org", ipv6=True),)
    host = with_service(made_up_hosts.debian13(), "web", outside=outside)
    assert not isinstance(host.uplink, Unknown)
    (own,) = host.uplink.addresses
    passing = [
        replace(own, interface=IPv6Interface("2001:db8:1:2::aa/64"), temporary=True),
        replace(own, interface=IPv6Interface("2001:db8:1:2::bb/64"), deprecated=True),
    ]
    host = replace(host, uplink=replace(host.uplink, addresses=(*passing, own)))
    assert f"own address {own.interface.ip}" in notice(plan(host), "mail servers")


def test_a_server_is_one_of_mail_by_the_variable_that_names_it_and_told_once() -> None:
    outside = (OutsideHost("DB_HOST", "mail.example.org", ipv6=True),) * 2
    host = with_service(made_up_hosts.debian13(), "web", outside=outside)
    said = notice(plan(host), "These servers have")
    assert said.count("mail.example.org") == 1
    assert not notice(plan(host), "mail servers")


def test_what_a_tool_does_to_the_change_depends_on_where_that_is_written() -> None:
    host = made_up_hosts.debian13()
    assert isinstance(host.projects, tuple)
    project = replace(host.projects[0], files=(Path("/data/compose/3/docker-compose.yml"),))
    sure, choices = known(replace(host, projects=(project,))), proposals.defaults(host)
    said = [
        owners.notices(sure, replace(choices, placement=placement))
        for placement in (Placement.IN_PLACE, Placement.OVERRIDE)
    ]
    assert "lines are lost" in said[0][0]
    assert "leaves the override file" in said[1][0]
    assert owners.notices(known(host), choices) == ()


def test_what_becomes_open_does_not_stop_answering() -> None:
    port = Published(IPv6Address(0), 3000, 3000, "tcp")
    opened = Loss(port, "web", "web-1", LossCause.OPENED, None)
    lost = replace(opened, cause=LossCause.LISTENER)
    (said,) = visitors.notices(known(made_up_hosts.debian13()), (opened, lost))
    assert "stops answering" in said
