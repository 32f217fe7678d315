"""Whole, realistic hosts for tests that need one without a machine. Nothing here was detected."""

import hashlib
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Address, IPv6Interface, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from wizard.host.host import (
    Address,
    Compose,
    ComposeProject,
    Container,
    Debian,
    Earlier,
    Engine,
    ExistingNetwork,
    Firewall,
    Host,
    Ip6tablesCommand,
    Manager,
    NetworkFile,
    Origin,
    Outward,
    Sysctls,
    Unknown,
    Uplink,
)
from wizard.host.obstacle import Cause
from wizard.platform.text import clean_line

INTERNAL, EXTERNAL = "mastodon_internal_network", "mastodon_external_network"
ANYWHERE = "0.0.0.0"  # noqa: S104 - a port as Docker prints it, nothing listens


def debian12(**changes: Any) -> Host:
    """Debian 12 with its own Docker and Compose 1, ifupdown, a static route, today's Mastodon."""
    networks = _networks_of_today()
    return replace(
        Host(
            root=True,
            debian=Debian("Debian GNU/Linux 12 (bookworm)", 12),
            kernel="6.1.0-43-amd64",
            engine=Engine("20.10.24+dfsg1", "1.41", manages_ip6tables=False),
            networks=networks,
            compose=Compose(v1="1.29.2", v2=None),
            projects=(_mastodon_of_today("_"),),
            uplink=Uplink(
                "eth0",
                IPv6Address("2001:db8:1:2::1"),
                Origin.STATIC,
                (Address(IPv6Interface("2001:db8:1:2::10/64"), Origin.STATIC),),
            ),
            manager=Manager.IFUPDOWN,
            network_files=(NetworkFile("/etc/network/interfaces"),),
            sysctls=_sysctls(forwarding=0, accept_ra=0),
            ip6tables=Ip6tablesCommand("1.8.9", legacy=False),
            firewall=Firewall(forward_policy="ACCEPT"),
            outward=Outward(True, "2001:db8:ffff::53: reply in 4 ms"),
            prefixes_in_use=_prefixes("192.0.2.0/24", "2001:db8:1:2::/64", networks=networks),
            interfaces=("lo", "eth0", "docker0", "br-1a2b3c4d5e6f", "br-6f5e4d3c2b1a"),
            earlier=(),
        ),
        **changes,
    )


def debian13(**changes: Any) -> Host:
    """Debian 13 with its own Docker and Compose 2; the kernel has the route by advertisement."""
    host = debian12(
        debian=Debian("Debian GNU/Linux 13 (trixie)", 13),
        kernel="6.12.57+deb13-amd64",
        engine=Engine("26.1.5+dfsg1", "1.45", manages_ip6tables=False),
        compose=Compose(v1=None, v2="2.26.1-4"),
        projects=(_mastodon_of_today("-"),),
        uplink=Uplink(
            "eth0",
            IPv6Address("fe80::1"),
            Origin.ADVERTISEMENT,
            (Address(IPv6Interface("2001:db8:1:2::10/64"), Origin.ADVERTISEMENT),),
        ),
        sysctls=_sysctls(forwarding=0, accept_ra=1),
        ip6tables=Ip6tablesCommand("1.8.11", legacy=False),
    )
    return replace(host, **changes)


def debian14(**changes: Any) -> Host:
    """Debian 14, whose engine keeps ip6tables itself."""
    host = debian13(
        debian=Debian("Debian GNU/Linux 14 (forky)", 14),
        kernel="6.17.8+deb14-amd64",
        engine=Engine("28.5.2+dfsg1", "1.51", manages_ip6tables=True),
        compose=Compose(v1=None, v2="2.40.3-1"),
        ip6tables=Ip6tablesCommand("1.8.13", legacy=False),
    )
    return replace(host, **changes)


def debian9_article(**changes: Any) -> Host:
    """The host of the article from 2017; ``2001:db8:1111:aaaa::/64`` stands for its prefix."""
    bridge = _network("bridge", "docker0", "172.17.0.0/16")
    default = _network("mastodon_default", "br-32bad14627e6", "172.18.0.0/16")
    networks = (bridge, default, *_host_and_none())
    services = ("db", "redis", "web", "streaming", "sidekiq")
    project = ComposeProject(
        "mastodon",
        Path("/home/mastodon/mastodon"),
        (Path("/home/mastodon/mastodon/docker-compose.yml"),),
        tuple(
            _container(f"mastodon_{service}_1", service, ("mastodon_default",), index, ANYWHERE)
            for index, service in enumerate(services)
        ),
        in_git=True,
    )
    host = debian12(
        debian=Debian("Debian GNU/Linux 9 (stretch)", 9),
        kernel="4.9.0-3-amd64",
        engine=Engine("17.06.0-ce", "1.30", manages_ip6tables=False),
        networks=networks,
        compose=Compose(v1="1.14.0", v2=None),
        projects=(project,),
        uplink=Uplink(
            "eth0",
            IPv6Address("fe80::1"),
            Origin.ADVERTISEMENT,
            (Address(IPv6Interface("2001:db8:1111:aaaa::4/64"), Origin.ADVERTISEMENT),),
        ),
        sysctls=_sysctls(forwarding=0, accept_ra=1),
        ip6tables=Ip6tablesCommand("1.6.0", legacy=True),
        prefixes_in_use=_prefixes("192.0.2.0/24", "2001:db8:1111:aaaa::/64", networks=networks),
        interfaces=("lo", "eth0", "docker0", "br-32bad14627e6"),
    )
    return replace(host, **changes)


def not_root(**changes: Any) -> Host:
    """Debian 13 as an ordinary user sees it who is not in the group ``docker``."""
    socket = Unknown(
        "The Docker socket /var/run/docker.sock is closed to this user: "
        "run the wizard as root or with sudo.",
        Cause.DOCKER_CLOSED,
    )
    host = debian13(
        root=False,
        engine=socket,
        networks=socket,
        projects=socket,
        ip6tables=Ip6tablesCommand("1.8.11", legacy=False),
        firewall=Firewall(forward_policy=None),
    )
    return replace(host, **changes)


def no_docker(**changes: Any) -> Host:
    """Debian 13 on which nobody has installed Docker yet."""
    missing = Unknown(
        "Docker is not installed on this host: install it, for example with "
        "“apt install docker.io docker-compose”, and start the wizard again.",
        Cause.DOCKER_NOT_INSTALLED,
    )
    host = debian13(
        engine=missing,
        networks=missing,
        projects=missing,
        compose=Compose(v1=None, v2=None),
        prefixes_in_use=_prefixes("192.0.2.0/24", "2001:db8:1:2::/64", networks=()),
        interfaces=("lo", "eth0"),
    )
    return replace(host, **changes)


def hostile_names(**changes: Any) -> Host:
    """Debian 13 on which everything that can have a name has one that attacks the terminal."""
    markup, escape, bidi, link = (
        clean_line(name)
        for name in (
            "[/]",
            "\x1b[2J\x1b]0;owned\x07[bold red]red",
            "web\u202egnp.exe",
            "[@click=app.quit]quit[/]",
        )
    )
    networks = (
        *_networks_of_today(),
        _network(markup, "[docker0]", "172.30.0.0/16"),
        _network(bidi, "br-[/bold]", "172.31.0.0/16"),
    )
    directory = Path("/srv") / escape
    project = ComposeProject(
        markup,
        directory,
        (directory / "docker-compose.yml", directory / link),
        (
            _container(escape, "[/]", (markup,), 20),
            _container(bidi, bidi, (bidi, markup), 21),
            _container(link, link, (bidi,), 22),
        ),
    )
    host = debian13(
        debian=Debian(clean_line("Debian [red]GNU[/] \x1b[31m13"), 13),
        networks=networks,
        projects=(_mastodon_of_today("-"), project),
        uplink=Uplink(
            "[docker0]",
            IPv6Address("fe80::1"),
            Origin.ADVERTISEMENT,
            (Address(IPv6Interface("2001:db8:1:2::10/64"), Origin.ADVERTISEMENT),),
        ),
        sysctls=_sysctls(forwarding=0, accept_ra=1, uplink="[docker0]"),
        outward=Outward(True, f"Somebody answered: {escape}"),
        prefixes_in_use=_prefixes("192.0.2.0/24", "2001:db8:1:2::/64", networks=networks),
        interfaces=("lo", "[docker0]", "docker0", "[/]", "br-[/bold]"),
        earlier=(
            Earlier(
                Path("/var/lib/docker-ipv6-wizard/record.toml"), "undone", link + escape, False
            ),
        ),
    )
    return replace(host, **changes)


def _id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _network(
    name: str, bridge: str | None, *subnets: str, driver: str = "bridge", **fields: Any
) -> ExistingNetwork:
    return ExistingNetwork(
        id=_id(name),
        name=name,
        driver=driver,
        bridge=bridge,
        internal=fields.pop("internal", False),
        ipv6=False,
        attachable=fields.pop("attachable", False),
        subnets=tuple(ip_network(subnet) for subnet in subnets),
        **fields,
    )


def _host_and_none() -> tuple[ExistingNetwork, ExistingNetwork]:
    return _network("host", None, driver="host"), _network("none", None, driver="null")


def _networks_of_today() -> tuple[ExistingNetwork, ...]:
    def of_compose(name: str) -> tuple[tuple[str, str], ...]:
        return (
            ("com.docker.compose.network", name),
            ("com.docker.compose.project", "mastodon"),
        )

    return (
        _network(
            "bridge",
            "docker0",
            "172.17.0.0/16",
            options=(("com.docker.network.bridge.name", "docker0"),),
        ),
        *_host_and_none(),
        _network(
            EXTERNAL, "br-1a2b3c4d5e6f", "172.18.0.0/16", labels=of_compose("external_network")
        ),
        _network(
            INTERNAL,
            "br-6f5e4d3c2b1a",
            "172.19.0.0/16",
            internal=True,
            labels=of_compose("internal_network"),
        ),
    )


def _container(
    name: str, service: str, networks: tuple[str, ...], index: int, listen: str = "127.0.0.1"
) -> Container:
    port = {"web": 3000, "streaming": 4000}.get(service)
    return Container(
        id=_id(name),
        name=name,
        service=service,
        running=True,
        pid=2000 + index,
        started_at=f"2026-11-01T06:00:{index:02}.123456789Z",
        networks=networks,
        network_mode=networks[0],
        ports=(f"{listen}:{port}->{port}/tcp",) if port else (),
    )


def _mastodon_of_today(separator: str) -> ComposeProject:
    both = (EXTERNAL, INTERNAL)
    services = {
        "db": (INTERNAL,),
        "redis": (INTERNAL,),
        "web": both,
        "streaming": both,
        "sidekiq": both,
    }
    return ComposeProject(
        "mastodon",
        Path("/srv/mastodon"),
        (Path("/srv/mastodon/docker-compose.yml"),),
        tuple(
            _container(f"mastodon{separator}{service}{separator}1", service, networks, index)
            for index, (service, networks) in enumerate(services.items())
        ),
    )


def _sysctls(forwarding: int, accept_ra: int, uplink: str = "eth0") -> Sysctls:
    names = ("all", "default", "docker0", uplink, "lo")
    return Sysctls(
        forwarding=tuple((name, forwarding) for name in names),
        accept_ra=tuple((name, {uplink: accept_ra, "docker0": 0}.get(name, 1)) for name in names),
        proxy_ndp=tuple((name, 0) for name in names),
    )


def _prefixes(
    *uplink: str, networks: tuple[ExistingNetwork, ...]
) -> tuple[IPv4Network | IPv6Network, ...]:
    return (
        *(ip_network(prefix) for prefix in uplink),
        *(subnet for network in networks for subnet in network.subnets),
    )
