"""A network of an earlier Docker, hidden by a later one though its addresses are routed."""

from dataclasses import replace

import pytest

from tests import made_up_hosts
from wizard.host import gateway_mode
from wizard.host.host import Engine, Host, Unknown

MODE = "com.docker.network.bridge.gateway_mode_ipv6"


def host(version: str, options: dict[str, str], **changes: bool) -> Host:
    ours = replace(
        made_up_hosts._network("six", "br-ipv6", "172.31.0.0/16", "2001:db8:1:2:1::/80"),
        options=tuple(options.items()),
    )
    engine = Engine(version, "1.47", manages_ip6tables=changes.get("manages_ip6tables", True))
    return replace(made_up_hosts.debian13(), engine=engine, networks=(ours,))


@pytest.mark.parametrize(
    ("made", "hidden"),
    [
        (host("28.5.2", {}), True),
        (host("28.5.2", {MODE: "nat"}), True),
        (host("28.5.2", {MODE: "routed"}), False),
        (host("28.5.2", {}, manages_ip6tables=False), False),
        (host("26.1.5", {}), False),
        (replace(host("28.5.2", {}), networks=()), False),
        (replace(host("28.5.2", {}), networks=Unknown("Docker does not answer.")), False),
    ],
)
def test_who_is_hidden(made: Host, hidden: bool) -> None:
    found = gateway_mode.hides(made, "six")
    assert (found is not None) is hidden
    assert found is None or "wizard --repair" in found
