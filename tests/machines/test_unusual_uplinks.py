"""Hosts that were refused although they can have it: by rules, and with a prefix routed to them."""

import json
from functools import partial
from ipaddress import IPv6Network

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.support import (
    SERVICES,
    answer,
    apply,
    reaches_internet,
    seen_source,
    undo,
    wizard,
)
from tests.machines.test_routed import addresses, answers
from wizard.answers.choices import Mode, Proxy
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal import network
from wizard.rehearsal.machine import Machine

ROUTED_HERE = IPv6Network("2001:db8:a:b::/64")
MODES = pytest.mark.parametrize(
    "routed",
    [False, pytest.param(True, marks=pytest.mark.thorough)],
    ids=["private", "routed"],
)
RELEASES = pytest.mark.parametrize(
    "debian",
    [
        pytest.param(12, marks=pytest.mark.thorough),
        13,
        pytest.param(14, marks=pytest.mark.thorough),
    ],
    indirect=True,
)


def detected(host: Machine) -> dict[str, object]:
    """The uplink, as soon as a busy host tells it in time."""
    found: list[dict[str, object]] = []

    def told() -> bool:
        found.append(json.loads(wizard(host, "--detect", "--json").stdout)["uplink"])
        return "interface" in found[-1]

    host.wait(told, "the uplink")
    return found[-1]


def single_address(host: Machine, closed: bool) -> None:
    """Leave the uplink a /128, and let the router send a /64 to it."""
    host.shell(
        f"ip -6 address del {network.MACHINE}/64 dev eth0; "
        f"ip -6 address add {network.MACHINE}/128 dev eth0 nodad; "
        f"ip -6 route replace {network.ROUTER} dev eth0; "
        f"ip -6 route replace default via {network.ROUTER} dev eth0"
    )
    host.router.run(["ip", "-6", "route", "replace", str(ROUTED_HERE), "via", host.address])
    if closed:
        host.run(["ip", "-6", "route", "add", "unreachable", str(ROUTED_HERE)])


@pytest.mark.thorough
@RELEASES
def test_a_single_address_with_a_prefix_routed_to_the_host(machine: StartMachine) -> None:
    host = machine()
    mastodon = deployments.up(host, "2017")
    single_address(host, closed=True)
    assert detected(host)["routed"] == [str(ROUTED_HERE)]
    before = fingerprint(host)
    # A part of it, as it is proposed, and all of it.
    for prefix in (IPv6Network("2001:db8:a:b:1::/80"), ROUTED_HERE):
        answer(host, mastodon, mode=Mode.ROUTED, prefix=prefix, proxy=Proxy.NONE)
        done = apply(host)
        assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
        for service in SERVICES:
            address = addresses(host)[mastodon.container(service)]
            assert reaches_internet(mastodon, service)
            assert seen_source(mastodon, service) == address
            host.wait(partial(answers, host, address), f"an echo from {service}")
        assert wizard(host, "--check").returncode == ExitCode.DONE
        assert undo(host).returncode == ExitCode.DONE
        assert difference(before, fingerprint(host)) == ""


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [12, 13, 14], indirect=True)
def test_a_prefix_that_left_no_trace_on_the_host_is_typed(machine: StartMachine) -> None:
    host = machine()
    mastodon = deployments.up(host, "2017")
    single_address(host, closed=False)
    answer(host, mastodon, mode=Mode.ROUTED, prefix=ROUTED_HERE, proxy=Proxy.NONE)
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    for service in SERVICES:
        assert seen_source(mastodon, service) == addresses(host)[mastodon.container(service)]
    assert undo(host).returncode == ExitCode.DONE


@pytest.mark.thorough
@MODES
@RELEASES
def test_a_default_route_in_a_table_to_which_rules_lead(
    machine: StartMachine, routed: bool
) -> None:
    """As wg-quick(8) leaves it: nothing in the main table."""
    host = machine()
    mastodon = deployments.up(host, "2017")
    host.shell(
        "ip -6 rule add not fwmark 51820 table 51820 priority 32765; "
        "ip -6 rule add table main suppress_prefixlength 0 priority 32764; "
        f"ip -6 route add default via {network.ROUTER} dev eth0 table 51820; "
        "ip -6 route del default dev eth0"
    )
    assert detected(host)["interface"] == "eth0"
    before = fingerprint(host)
    changes: dict[str, object] = {}
    if routed:
        changes = {"mode": Mode.ROUTED, "prefix": IPv6Network("2001:db8:1:2:1::/80")}
    answer(host, mastodon, **changes)
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    for service in SERVICES:
        assert reaches_internet(mastodon, service)
    assert wizard(host, "--check").returncode == ExitCode.DONE
    assert undo(host).returncode == ExitCode.DONE
    assert difference(before, fingerprint(host)) == ""
