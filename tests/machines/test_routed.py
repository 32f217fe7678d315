"""Routed addresses: out with one's own, in to what is open, answered for while one is there."""

import json
from functools import partial
from ipaddress import IPv6Network

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.support import (
    SERVICES,
    SOON,
    answer,
    apply,
    apply_by_keyboard,
    reaches_internet,
    seen_source,
    undo,
    wizard,
)
from wizard.answers.choices import Choices, Inwards, Mode, Proxy
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal.deployment import Deployment
from wizard.rehearsal.machine import Machine

PREFIX = IPv6Network("2001:db8:1:2:1::/80")
NOBODY = "2001:db8:1:2:1::dead"
NETWORK = "mastodon_ipv6"

every_release = pytest.mark.parametrize(
    "debian",
    [12, *(pytest.param(each, marks=pytest.mark.thorough) for each in (13, 14))],
    indirect=True,
)


def set_up(host: Machine, **changes: object) -> Deployment:
    """Apply the routed mode to a deployment that publishes web on 3000 and streaming on 4000."""
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon, mode=Mode.ROUTED, prefix=PREFIX, **changes)
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    return mastodon


def addresses(host: Machine, network: str = NETWORK) -> dict[str, str]:
    """The IPv6 address of every container on the network, by the container's name."""
    shown = json.loads(host.run(["docker", "network", "inspect", network]).stdout)[0]
    return {
        each["Name"]: each["IPv6Address"].partition("/")[0] for each in shown["Containers"].values()
    }


def answers(host: Machine, address: str) -> bool:
    """Whether the router, which knows no neighbour yet, gets an echo from an address."""
    host.router.run(["ip", "-6", "neighbour", "flush", "all"])
    ping = ["busybox", "ping6", "-c", "1", "-W", "2", address]
    return host.router.run(ping, check=False).returncode == 0


def is_open(host: Machine, address: str, port: int) -> bool:
    """Whether the router can connect to a port of a container."""
    text = f"import socket; socket.create_connection(({address!r}, {port}), 2)"
    return host.router.run(["python3", "-c", text], check=False).returncode == 0


def proxied(host: Machine) -> set[str]:
    shown = host.run(["ip", "-6", "neighbour", "show", "proxy", "dev", "eth0"]).stdout
    return {line.split()[0] for line in shown.splitlines()}


@every_release
def test_containers_are_reached_and_seen_at_their_own_addresses_and_undo_leaves_no_trace(
    machine: StartMachine,
) -> None:
    host = machine(route="advertisement")
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon, mode=Mode.ROUTED, prefix=PREFIX)
    before = fingerprint(host)
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr

    there = addresses(host)
    assert set(there) == {mastodon.container(service) for service in SERVICES}
    for service in SERVICES:
        address = there[mastodon.container(service)]
        host.wait(partial(answers, host, address), f"an echo from {service}")
        assert reaches_internet(mastodon, service)
        assert seen_source(mastodon, service) == address
    web, sidekiq = (there[mastodon.container(each)] for each in ("web", "sidekiq"))
    assert is_open(host, web, 3000)
    assert not is_open(host, web, 8080)
    assert not is_open(host, sidekiq, 22)
    assert not answers(host, NOBODY)

    assert undo(host).returncode == ExitCode.DONE
    assert difference(before, fingerprint(host)) == ""


@pytest.mark.parametrize("debian", [12], indirect=True)
def test_by_keyboard_what_the_router_does_is_found_out_and_set_up_for(
    machine: StartMachine,
) -> None:
    host = machine()
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon, mode=Mode.ROUTED, prefix=PREFIX)
    assert apply_by_keyboard(host) == ExitCode.DONE
    web = addresses(host)[mastodon.container("web")]
    host.wait(partial(answers, host, web), "an echo from web")
    assert proxied(host) == set(addresses(host).values())
    assert wizard(host, "--check").returncode == ExitCode.DONE
    assert undo(host).returncode == ExitCode.DONE

    host.router.run(["ip", "-6", "route", "add", str(PREFIX), "via", host.address])
    assert apply_by_keyboard(host) == ExitCode.DONE
    web = addresses(host)[mastodon.container("web")]
    host.wait(partial(answers, host, web), "an echo from web")
    assert proxied(host) == set()


# That the service follows on the others is tried without the wizard, by the tests of the service.
@pytest.mark.thorough
@pytest.mark.parametrize(
    "debian",
    [13, *(pytest.param(each, marks=pytest.mark.thorough) for each in (12, 14))],
    indirect=True,
)
def test_the_service_follows_containers_that_come_and_go(machine: StartMachine) -> None:
    host = machine()
    mastodon = set_up(host)

    mastodon.compose("up", "-d", "--scale", "sidekiq=20", timeout=300)
    there = set(addresses(host).values())
    assert len(there) == 22
    host.wait(lambda: proxied(host) == there, "an entry for every container", SOON)
    mastodon.compose("up", "-d", "--scale", "sidekiq=1", timeout=300)
    left = set(addresses(host).values())
    host.wait(lambda: proxied(host) == left, "no entry but of those that are left", SOON)
    assert not answers(host, next(iter(there - left)))

    main = ["systemctl", "kill", "--signal=KILL", "docker-ipv6-wizard-ndp.service"]
    host.run(main)
    host.run(["docker", "restart", mastodon.container("web")])
    host.run(["systemctl", "restart", "docker"])
    host.wait_for_docker()

    def all_answer() -> bool:
        now = addresses(host)
        return len(now) == 3 and all(answers(host, each) for each in now.values())

    host.wait(all_answer, "every container to answer after the restarts")
    host.reboot()
    host.wait(all_answer, "every container to answer after the reboot")
    assert not answers(host, NOBODY)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "debian", [12, pytest.param(13, marks=pytest.mark.thorough)], indirect=True
)
def test_ndppd_answers_for_the_whole_subnet_and_goes_with_undo(machine: StartMachine) -> None:
    host = machine()
    mastodon = deployments.up(host, "2017")
    host.run(["apt-get", "update", "--quiet=2"])
    answer(host, mastodon, mode=Mode.ROUTED, prefix=PREFIX, proxy=Proxy.NDPPD)
    before = fingerprint(host)
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    for address in addresses(host).values():
        host.wait(partial(answers, host, address), f"an echo from {address}")
    assert proxied(host) == set()
    assert undo(host).returncode == ExitCode.DONE
    assert difference(before, fingerprint(host)) == ""


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_fixed_entries_are_there_again_after_a_reboot_and_once_the_uplink_was_down(
    machine: StartMachine,
) -> None:
    host = machine()
    set_up(host, proxy=Proxy.FIXED)
    there = set(addresses(host).values())
    assert proxied(host) == there
    host.reboot()
    host.wait(lambda: proxied(host) == there, "the entries after the reboot")
    host.shell("ifdown eth0; ifup eth0")
    host.wait(lambda: proxied(host) == there, "the entries once eth0 was down", SOON)
    host.settle()
    for address in there:
        host.wait(partial(answers, host, address), f"an echo from {address}")
    assert undo(host).returncode == ExitCode.DONE
    assert proxied(host) == set()


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [12], indirect=True)
def test_a_routed_prefix_needs_no_proxy_and_may_be_opened_whole(machine: StartMachine) -> None:
    host = machine()
    host.router.run(["ip", "-6", "route", "add", str(PREFIX), "via", host.address])
    mastodon = set_up(host, proxy=Proxy.NONE, inwards=Inwards.ALL)
    assert proxied(host) == set()
    streaming = addresses(host)[mastodon.container("streaming")]
    host.wait(partial(answers, host, streaming), "an echo from streaming")
    assert is_open(host, streaming, 4000)
    assert undo(host).returncode == ExitCode.DONE


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_an_engine_told_to_manage_ip6tables_does_not_hide_the_addresses(
    machine: StartMachine,
) -> None:
    host = machine()
    daemon = host.path("/etc/docker/daemon.json")
    daemon.parent.mkdir(exist_ok=True)
    daemon.write_text('{"experimental": true, "ip6tables": true}\n')
    host.run(["systemctl", "restart", "docker"])
    host.wait_for_docker()
    mastodon = set_up(host)

    def web_is_itself() -> bool:
        web = addresses(host).get(mastodon.container("web"), "")
        return bool(web) and answers(host, web) and is_open(host, web, 3000) and seen() == web

    def seen() -> str:
        return seen_source(mastodon)

    host.wait(web_is_itself, "web to be reached and seen at its own address")
    host.run(["systemctl", "restart", "docker"])
    host.wait_for_docker()
    host.wait(web_is_itself, "the same after the restart of Docker")


def test_answers_of_the_routed_mode_come_back_from_their_file() -> None:
    from wizard.answers import answers_file

    chosen = Choices(mode=Mode.ROUTED, prefix=PREFIX, proxy=Proxy.FIXED, inwards=Inwards.EXPOSED)
    assert answers_file.loads(answers_file.dumps(chosen)) == chosen
