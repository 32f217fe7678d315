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
    pings,
    reaches_internet,
    seen_source,
    undo,
    wizard,
)
from wizard.answers.choices import Mode, Placement
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal import network
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
    said = host.run(["/bin/sh", "-c", text], check=False, timeout=300)
    assert said.returncode == 0, said.stdout + said.stderr


@thorough
@pytest.mark.parametrize(
    ("debian", "mode", "shape"),
    [
        (12, Mode.ROUTED, "2017"),
        pytest.param(12, Mode.ULA, "2017", marks=thorough),
        pytest.param(12, Mode.ULA, "current", marks=thorough),
        pytest.param(13, Mode.ULA, "2017", marks=thorough),
        pytest.param(13, Mode.ROUTED, "current", marks=thorough),
        pytest.param(14, Mode.ULA, "current", marks=thorough),
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
    host.wait(partial(passes, host, mastodon, mode), "IPv6 of the containers that ran")
    there = host.run(["docker", "network", "inspect", "--format", "{{.Id}}", NETWORK]).stdout

    mastodon.compose("up", "-d")
    # Compose took the network for its own, and made none anew but whose service has changed.
    assert (
        host.run(["docker", "network", "inspect", "--format", "{{.Id}}", NETWORK]).stdout == there
    )
    now = identifiers(host)
    unchanged = {mastodon.container(each) for each in EVERY_SERVICE if each not in SERVICES}
    assert {name for name in now if now[name] == before[name]} == unchanged
    host.wait(partial(passes, host, mastodon, mode), "IPv6 after up")

    in_one_line(host, mastodon)
    assert all_run(host, mastodon)
    host.wait(partial(passes, host, mastodon, mode), "IPv6 after down, prune and up")
    if mode is Mode.ROUTED:
        web = address(host, mastodon, "web")
        host.wait(partial(answers, host, web), "an echo from web")

    undone = undo(host)
    assert undone.returncode == ExitCode.DONE, undone.stdout + undone.stderr
    assert host.path(mastodon.file).read_bytes() == text
    assert host.run(["docker", "network", "inspect", NETWORK], check=False).returncode != 0
    mastodon.compose("up", "-d")
    assert all_run(host, mastodon)


@thorough
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
        host.wait(partial(all_run, host, mastodon), "every container")
        host.wait(partial(passes, host, mastodon, Mode.ROUTED), "IPv6 after the reboot")


@every_release
@thorough
def test_a_fixed_address_is_the_same_for_good(machine: StartMachine) -> None:
    host = machine()
    mastodon = deployments.up(host, "current")
    text = host.path(mastodon.file).read_bytes()
    answer(host, mastodon, mode=Mode.ROUTED, prefix=PREFIX, fixed=("web",))
    assert apply(host).returncode == ExitCode.DONE
    wanted = str(PREFIX.network_address + 2)

    def stays() -> None:
        assert address(host, mastodon, "web") == wanted
        host.wait(partial(answers, host, wanted), "an echo from web")
        assert seen_source(mastodon, "web") == wanted

    stays()
    mastodon.compose("up", "-d")
    stays()
    mastodon.compose("up", "-d", "--scale", "sidekiq=5", timeout=300)
    in_one_line(host, mastodon)
    stays()
    mastodon.compose("up", "-d", "--force-recreate", timeout=300)
    stays()
    host.reboot()
    host.wait(partial(all_run, host, mastodon), "every container")
    stays()
    assert undo(host).returncode == ExitCode.DONE
    assert host.path(mastodon.file).read_bytes() == text


@every_release
@thorough
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


@every_release
@thorough
def test_a_file_that_an_editor_has_ended_is_undone(machine: StartMachine) -> None:
    host = machine()
    mastodon = deployments.up(host, "current")
    file = host.path(mastodon.file)
    file.write_text(file.read_text().rstrip("\n"))
    answer(host, mastodon)
    before = file.read_text()
    assert apply(host).returncode == ExitCode.DONE
    host.wait(partial(passes, host, mastodon, Mode.ULA), "IPv6")
    # What vi and nano do.
    file.write_text(file.read_text() + "\n")
    undone = undo(host)
    assert undone.returncode == ExitCode.DONE, undone.stdout + undone.stderr
    assert file.read_text() == before + "\n"
    assert host.run(["docker", "network", "inspect", NETWORK], check=False).returncode != 0


IPV6_ALREADY = """\
services:
  web:
    image: mastodon-practice:1
    restart: always
    command: sleep 1000000
networks:
  default:
    enable_ipv6: true
    ipam:
      config:
        - subnet: 172.18.0.0/16
        - subnet: fd01:2345:6789::/64
"""


def project(host: Machine, folder: str, text: str) -> Deployment:
    """Start a project of one file in the folder of a name."""
    mastodon = deployments.up(host, "current")
    mastodon.compose("down")
    other = Deployment(host, "current", f"/srv/{folder}")
    host.path(other.folder).mkdir()
    host.path(other.file).write_text(text)
    other.compose("up", "-d")
    return other


def out(host: Machine, container: str) -> str:
    """The source that the internet sees a container come from; empty where it does not get out."""
    asked = ["docker", "exec", container, "timeout", "5", "nc", network.INTERNET, "443"]
    return host.run(asked, check=False).stdout.strip()


@thorough
@pytest.mark.parametrize(
    "debian", [13, *(pytest.param(each, marks=thorough) for each in (12, 14))], indirect=True
)
def test_a_project_whose_network_has_ipv6_gets_it_to_the_internet(machine: StartMachine) -> None:
    host = machine()
    peertube = project(host, "peertube", IPV6_ALREADY)
    web = peertube.container("web").replace("mastodon", "peertube")
    works = host.release == 14
    assert out(host, web) == (host.address if works else "")
    planned = wizard(host, "--plan")
    if works:
        # Docker masquerades it already: said so, and not ticked.
        assert planned.returncode == ExitCode.REFUSED
    answer(
        host,
        peertube,
        project="peertube",
        services=("web",),
        network="a_peertube_ipv6",
    )
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    host.wait(lambda: out(host, web) == host.address, "IPv6")
    default = ["docker", "exec", web, "ip", "-6", "route", "show", "default"]
    assert str(ULA.network_address + 1) in host.run(default).stdout
    peertube.compose("up", "-d")
    host.wait(lambda: out(host, web) == host.address, "IPv6 after up")
    host.reboot()
    host.wait(lambda: out(host, web) == host.address, "IPv6 after the reboot")
    assert undo(host).returncode == ExitCode.DONE
    assert host.path(peertube.file).read_text() == IPV6_ALREADY


@pytest.mark.parametrize("debian", [12, 13], indirect=True)
@thorough
def test_a_name_that_would_leave_the_gateway_with_another_is_refused(
    machine: StartMachine,
) -> None:
    host = machine()
    peertube = project(host, "peertube", IPV6_ALREADY)
    answer(host, peertube, project="peertube", services=("web",), network="peertube_ipv6")
    refused = apply(host)
    assert refused.returncode == ExitCode.REFUSED
    assert host.run(["docker", "network", "inspect", "peertube_ipv6"], check=False).returncode != 0


@pytest.mark.parametrize("debian", [12, 13, 14], indirect=True)
@pytest.mark.parametrize("mode", list(Mode))
@thorough
def test_an_override_file_makes_the_network_too(machine: StartMachine, mode: Mode) -> None:
    host = machine()
    mastodon = deployments.up(host, "2017")
    text = host.path(mastodon.file).read_bytes()
    prefix = ULA if mode is Mode.ULA else PREFIX
    answer(host, mastodon, mode=mode, prefix=prefix, placement=Placement.OVERRIDE)
    assert apply(host).returncode == ExitCode.DONE
    assert host.path(mastodon.file).read_bytes() == text
    in_one_line(host, mastodon)
    assert all_run(host, mastodon)
    host.wait(partial(passes, host, mastodon, mode), "IPv6 after down, prune and up")
    assert undo(host).returncode == ExitCode.DONE
    assert not host.path(f"{mastodon.folder}/docker-compose.override.yml").exists()
    mastodon.compose("up", "-d")
    assert all_run(host, mastodon)


@thorough
@pytest.mark.parametrize("debian", [14], indirect=True)
def test_ipv4_keeps_its_gateway_and_its_source_on_docker_28(machine: StartMachine) -> None:
    host = machine()
    mastodon = deployments.up(host, "2017")
    web = mastodon.container("web")
    listener = (
        "import socket; s = socket.create_server(('', 5999))\n"
        "while True: c = s.accept(); c[0].sendall(c[1][0].encode()); c[0].close()"
    )
    host.run(["systemd-run", "--unit=listener", "python3", "-c", listener])

    def source() -> str:
        """Which address of the container the host sees over IPv4."""
        asked = ["docker", "exec", web, "timeout", "5", "nc", network.MACHINE_IPV4, "5999"]
        return host.run(asked, check=False).stdout.strip()

    host.wait(lambda: source() != "", "the listener")
    before = source()
    answer(host, mastodon)
    with pings(host, network.INTERNET_IPV4, web) as count:
        assert apply(host).returncode == ExitCode.DONE
    assert count.answered == count.sent
    assert source() == before
    host.wait(partial(passes, host, mastodon, Mode.ULA), "IPv6")
    mastodon.compose("up", "-d")
    host.wait(partial(passes, host, mastodon, Mode.ULA), "IPv6 after up")
    route = ["docker", "exec", web, "ip", "-4", "route", "show", "default"]
    assert "via 172.18.0.1" in host.run(route).stdout
    host.reboot()
    host.wait(partial(passes, host, mastodon, Mode.ULA), "IPv6 after the reboot")
    assert "via 172.18.0.1" in host.run(route).stdout


@pytest.mark.parametrize("debian", [12, 13, 14], indirect=True)
@thorough
def test_what_is_left_is_undone_when_a_service_was_deleted_and_the_folder_renamed(
    machine: StartMachine,
) -> None:
    host = machine()
    mastodon = deployments.up(host, "current")
    before = host.path(mastodon.file).read_text()
    answer(host, mastodon)
    assert apply(host).returncode == ExitCode.DONE

    def without_streaming(text: str) -> str:
        start, end = text.index("  streaming:\n"), text.index("  sidekiq:\n")
        return text[:start] + text[end:]

    file = host.path(mastodon.file)
    file.write_text(without_streaming(file.read_text()))
    host.path(mastodon.folder).rename(host.path("/srv/renamed"))
    undone = undo(host)
    assert undone.returncode == ExitCode.DONE, undone.stdout + undone.stderr
    now = host.path("/srv/renamed/docker-compose.yml").read_text()
    assert now == without_streaming(before)
    assert host.run(["docker", "network", "inspect", NETWORK], check=False).returncode != 0
