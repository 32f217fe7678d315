"""The network lasts: through down and prune, through reboots, with addresses that stay."""

import json
from functools import partial
from ipaddress import IPv6Network

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.support import (
    SERVICES,
    ULA,
    answer,
    apply,
    reaches_internet,
    seen_source,
    undo,
)
from wizard.choices import Mode
from wizard.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal.deployment import SERVICES as EVERY_SERVICE
from wizard.rehearsal.deployment import Deployment, Shape
from wizard.rehearsal.machine import Machine

PREFIX = IPv6Network("2001:db8:1:2:1::/80")
NETWORK = "mastodon_ipv6"
thorough = pytest.mark.thorough
every_release = pytest.mark.parametrize("debian", [12, 13, 14], indirect=True)


def identifiers(host: Machine) -> dict[str, str]:
    """The identifier of every running container, by its name."""
    said = host.run(["docker", "ps", "--no-trunc", "--format", "{{.Names}} {{.ID}}"]).stdout
    return dict(line.split() for line in said.splitlines())


def address(host: Machine, mastodon: Deployment, service: str) -> str:
    """The IPv6 address of a service's container on the network; empty where it has none."""
    shown = host.run(["docker", "inspect", mastodon.container(service)]).stdout
    networks = json.loads(shown)[0]["NetworkSettings"]["Networks"]
    return str(networks.get(NETWORK, {}).get("GlobalIPv6Address", ""))


def passes(host: Machine, mastodon: Deployment, mode: Mode) -> bool:
    """Whether packets of every chosen service get out, and from where they should."""
    for service in SERVICES:
        source = host.address if mode is Mode.ULA else address(host, mastodon, service)
        if not reaches_internet(mastodon, service) or seen_source(mastodon, service) != source:
            return False
    return True


def answers(host: Machine, address: str) -> bool:
    """Whether the router, which knows no neighbour yet, gets an echo from an address."""
    host.router.run(["ip", "-6", "neighbour", "flush", "all"])
    ping = ["busybox", "ping6", "-c", "1", "-W", "2", address]
    return host.router.run(ping, check=False).returncode == 0


def all_run(host: Machine, mastodon: Deployment) -> bool:
    return set(identifiers(host)) == {mastodon.container(each) for each in EVERY_SERVICE}


def in_one_line(host: Machine, mastodon: Deployment) -> None:
    """Take the project down, tidy up, and start it, as people do before an upgrade."""
    compose = " ".join(host.compose)
    text = f"cd {mastodon.folder}; {compose} down; docker system prune -f; {compose} up -d"
    said = host.run(["/bin/sh", "-c", text], check=False, timeout=200)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize(
    ("debian", "mode", "shape"),
    [
        (12, Mode.ROUTED, "2017"),
        pytest.param(12, Mode.ULA, "2017", marks=thorough),
        pytest.param(12, Mode.ULA, "current", marks=thorough),
        pytest.param(13, Mode.ULA, "2017", marks=thorough),
        pytest.param(13, Mode.ROUTED, "current", marks=thorough),
        (14, Mode.ULA, "current"),
        pytest.param(14, Mode.ROUTED, "2017", marks=thorough),
    ],
    indirect=["debian"],
)
def test_down_prune_and_up_end_with_the_same_containers_and_ipv6(
    machine: StartMachine, mode: Mode, shape: Shape
) -> None:
    host = machine()
    mastodon = deployments.up(host, shape)
    text = host.path(mastodon.file).read_bytes()
    before = identifiers(host)
    answer(host, mastodon, mode=mode, prefix=ULA if mode is Mode.ULA else PREFIX)
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert identifiers(host) == before
    host.wait(partial(passes, host, mastodon, mode), "IPv6 of the containers that ran", 20)
    there = host.run(["docker", "network", "inspect", "--format", "{{.Id}}", NETWORK]).stdout

    mastodon.compose("up", "-d")
    # Compose took the network for its own, and made none anew but whose service has changed.
    assert (
        host.run(["docker", "network", "inspect", "--format", "{{.Id}}", NETWORK]).stdout == there
    )
    now = identifiers(host)
    unchanged = {mastodon.container(each) for each in EVERY_SERVICE if each not in SERVICES}
    assert {name for name in now if now[name] == before[name]} == unchanged
    host.wait(partial(passes, host, mastodon, mode), "IPv6 after up", 20)

    in_one_line(host, mastodon)
    assert all_run(host, mastodon)
    host.wait(partial(passes, host, mastodon, mode), "IPv6 after down, prune and up", 20)
    if mode is Mode.ROUTED:
        web = address(host, mastodon, "web")
        host.wait(partial(answers, host, web), "an echo from web", 10)

    undone = undo(host)
    assert undone.returncode == ExitCode.DONE, undone.stdout + undone.stderr
    assert host.path(mastodon.file).read_bytes() == text
    assert host.run(["docker", "network", "inspect", NETWORK], check=False).returncode != 0
    mastodon.compose("up", "-d")
    assert all_run(host, mastodon)


@pytest.mark.parametrize(
    "debian", [12, *(pytest.param(each, marks=thorough) for each in (13, 14))], indirect=True
)
def test_routed_every_container_is_up_after_each_reboot(machine: StartMachine) -> None:
    host = machine()
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon, mode=Mode.ROUTED, prefix=PREFIX)
    assert apply(host).returncode == ExitCode.DONE
    # Compose makes one anew; the others stay as they were attached.
    mastodon.compose("up", "-d", "--force-recreate", "--no-deps", "sidekiq")
    for _boot in range(2):
        host.reboot()
        host.wait(partial(all_run, host, mastodon), "every container", 30)
        host.wait(partial(passes, host, mastodon, Mode.ROUTED), "IPv6 after the reboot", 40)


@pytest.mark.parametrize(
    "debian", [13, *(pytest.param(each, marks=thorough) for each in (12, 14))], indirect=True
)
def test_a_fixed_address_is_the_same_for_good(machine: StartMachine) -> None:
    host = machine()
    mastodon = deployments.up(host, "current")
    text = host.path(mastodon.file).read_bytes()
    answer(host, mastodon, mode=Mode.ROUTED, prefix=PREFIX, fixed=("web",))
    assert apply(host).returncode == ExitCode.DONE
    wanted = str(PREFIX.network_address + 2)

    def stays() -> None:
        assert address(host, mastodon, "web") == wanted
        host.wait(partial(answers, host, wanted), "an echo from web", 20)
        assert seen_source(mastodon, "web") == wanted

    stays()
    mastodon.compose("up", "-d")
    stays()
    mastodon.compose("up", "-d", "--scale", "sidekiq=5", timeout=240)
    in_one_line(host, mastodon)
    stays()
    mastodon.compose("up", "-d", "--force-recreate", timeout=240)
    stays()
    host.reboot()
    host.wait(partial(all_run, host, mastodon), "every container", 30)
    stays()
    assert undo(host).returncode == ExitCode.DONE
    assert host.path(mastodon.file).read_bytes() == text


@pytest.mark.parametrize(
    "debian", [12, *(pytest.param(each, marks=thorough) for each in (13, 14))], indirect=True
)
def test_one_off_containers_of_a_service_that_runs_get_an_address_too(
    machine: StartMachine,
) -> None:
    host = machine()
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon, mode=Mode.ROUTED, prefix=PREFIX)
    assert apply(host).returncode == ExitCode.DONE
    mastodon.compose("up", "-d")
    ran = mastodon.compose("run", "--rm", "--no-deps", "web", "true", check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    "debian", [13, *(pytest.param(each, marks=thorough) for each in (12, 14))], indirect=True
)
def test_a_file_that_an_editor_has_ended_is_undone(machine: StartMachine) -> None:
    host = machine()
    mastodon = deployments.up(host, "current")
    file = host.path(mastodon.file)
    file.write_text(file.read_text().rstrip("\n"))
    answer(host, mastodon)
    before = file.read_text()
    assert apply(host).returncode == ExitCode.DONE
    host.wait(partial(passes, host, mastodon, Mode.ULA), "IPv6", 20)
    # What vi and nano do.
    file.write_text(file.read_text() + "\n")
    undone = undo(host)
    assert undone.returncode == ExitCode.DONE, undone.stdout + undone.stderr
    assert file.read_text() == before + "\n"
    assert host.run(["docker", "network", "inspect", NETWORK], check=False).returncode != 0
