"""What the detectors find on real hosts, also where somebody keeps them from finding it."""

import json
import re
import shutil
import signal
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.support import PYTHON
from wizard.host.detectors import DEADLINE
from wizard.rehearsal import deployment, network
from wizard.rehearsal.machine import Machine

PROGRAM = f"""
import ipaddress, json, sys, time
from wizard import describe
from wizard.host.detectors import detect
begun = time.monotonic()
host = detect(target=ipaddress.ip_address("{network.INTERNET}"))
took = time.monotonic() - begun
sys.stdout.write(json.dumps({{"took": took, "host": json.loads(describe.as_json(host))}}))
"""

Host = dict[str, Any]


def look(machine: Machine, as_user: Sequence[str] = ()) -> Host:
    """Return what the detectors find, after seeing that they did not wait for anybody."""
    done = machine.run([*as_user, PYTHON, "-c", PROGRAM])
    answer: dict[str, Any] = json.loads(done.stdout)
    # They give up at the deadline; a busy machine takes its time to start and to end them.
    assert answer["took"] < 5 * DEADLINE
    host: Host = answer["host"]
    return host


def detect(machine: Machine, as_user: Sequence[str] = ()) -> Host:
    """Look, and once more where something of a busy host did not answer in time, and said so."""
    found: list[Host] = []

    def all_answered() -> bool:
        found.append(look(machine, as_user))
        return re.search(r"did not (answer|end) within", json.dumps(found[-1])) is None

    machine.wait(all_answered, "an answer of all that was asked")
    return found[-1]


AS_PERSON = ("runuser", "-u", "person", "--")

RELEASES = [pytest.param(12, marks=pytest.mark.thorough), 13]


@pytest.fixture(scope="module", params=RELEASES, ids=["debian12", "debian13"])
def deployed(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A machine with a deployment that no test changes: the two ways to have an uplink."""
    release: int = request.param
    route: Literal["static", "advertisement"] = "static" if release == 12 else "advertisement"
    manager: Literal["ifupdown", "systemd-networkd"] = (
        "ifupdown" if release == 12 else "systemd-networkd"
    )
    with Machine(release, route=route, manager=manager) as machine:
        deployment.up(machine, "current")
        yield machine


def test_root_finds_everything_on_a_healthy_host(deployed: Machine) -> None:
    host = detect(deployed)
    assert [
        name for name, part in host.items() if isinstance(part, dict) and "unknown" in part
    ] == []
    assert host["problems"] == []
    assert host["notes"] == []
    assert host["root"] is True
    assert host["debian"]["version"] == deployed.release
    assert host["kernel"] == deployed.run(["uname", "-r"]).stdout.strip()
    expected = {12: ("20.10.24", "1.41"), 13: ("26.1.5", "1.45")}[deployed.release]
    assert host["engine"]["version"].startswith(expected[0])
    assert host["engine"]["api_version"] == expected[1]
    assert host["engine"]["manages_ip6tables"] is False
    assert host["ip6tables"] == {
        "version": {12: "1.8.9", 13: "1.8.11"}[deployed.release],
        "legacy": False,
        "other_has_rules": False,
        "to_docker": [],
        "imitated": "",
        "before_docker": "",
        "has_docker": False,
    }
    assert host["firewall"] == {
        "ufw": False,
        "firewalld": False,
        "forward_policy": "ACCEPT",
        "dropping_tables": [],
        "forward_chains": [],
        "sources": [],
        "flushed_by": "",
        "ufw_drops_ipv6": False,
    }
    assert host["outward"]["works"] is True
    assert host["earlier"] == []
    assert {"lo", "eth0", "docker0"} <= set(host["interfaces"])
    compose = {12: {"v1": "1.29.2", "v2": None}, 13: {"v1": None, "v2": "2.26.1-4"}}
    assert host["compose"] == compose[deployed.release] | {"standalone": False}


def test_the_uplink_is_found_with_who_configures_it(deployed: Machine) -> None:
    host = detect(deployed)
    by_advertisement = deployed.route == "advertisement"
    origin = "router advertisement" if by_advertisement else "static"
    assert host["uplink"] == {
        "interface": "eth0",
        "gateway": "fe80::1" if by_advertisement else "2001:db8:1:2::1",
        "route_origin": origin,
        "addresses": [
            {
                "interface": f"{deployed.address}/64",
                "origin": origin,
                "temporary": False,
                "deprecated": False,
            }
        ],
        "mtu": 1500,
        "routed": [],
        "on_link": [],
        "heard": [],
        "advertised": (
            [{"interface": "eth0", "manager": deployed.manager}] if by_advertisement else []
        ),
        "beside": [],
    }
    assert host["manager"] == deployed.manager
    assert host["sysctls"]["forwarding"]["all"] == 0
    assert host["sysctls"]["disabled"] is False
    assert "2001:db8:1:2::/64" in host["prefixes_in_use"]
    assert "192.0.2.0/24" in host["prefixes_in_use"]
    assert "172.17.0.0/16" in host["prefixes_in_use"]


def test_the_project_is_found_with_the_processes_of_its_containers(deployed: Machine) -> None:
    (project,) = detect(deployed)["projects"]
    assert (project["name"], project["directory"]) == ("mastodon", "/srv/mastodon")
    assert project["files"] == ["/srv/mastodon/docker-compose.yml"]
    networks = {one["service"]: one["networks"] for one in project["containers"]}
    internal, external = "mastodon_internal_network", "mastodon_external_network"
    assert networks == {
        "db": [internal],
        "redis": [internal],
        "web": [external, internal],
        "streaming": [external, internal],
        "sidekiq": [external, internal],
    }
    for container in project["containers"]:
        cgroup = deployed.path(f"/proc/{container['pid']}/cgroup").read_text()
        assert container["id"] in cgroup


def test_an_ordinary_user_finds_all_but_what_is_roots(deployed: Machine) -> None:
    host = detect(deployed, AS_PERSON)
    assert host["root"] is False
    for field in ("engine", "networks", "projects"):
        assert "run the wizard as root or with sudo" in host[field]["unknown"]
    assert host["uplink"]["interface"] == "eth0"
    assert host["manager"] == deployed.manager
    assert host["outward"]["works"] is True
    assert host["ip6tables"]["other_has_rules"] is None
    assert host["firewall"]["forward_policy"] is None
    assert len(host["problems"]) == 1


def test_detection_changes_nothing(deployed: Machine) -> None:
    detect(deployed)
    before = fingerprint(deployed)
    detect(deployed)
    assert difference(before, fingerprint(deployed)) == ""
    assert deployed.run(["cat", "/proc/net/ip6_tables_names"], check=False).stdout == ""


def test_an_engine_that_does_not_answer_is_given_up_and_the_rest_is_found(
    deployed: Machine,
) -> None:
    pid = deployed.run(["cat", "/run/docker.pid"]).stdout.strip()
    deployed.run(["kill", f"-{signal.SIGSTOP.value}", pid])
    try:
        host = look(deployed)
    finally:
        deployed.run(["kill", f"-{signal.SIGCONT.value}", pid])
    for field in ("engine", "networks", "projects"):
        assert "did not answer" in host[field]["unknown"]
    assert host["uplink"]["interface"] == "eth0"
    assert host["compose"]["v1"] or host["compose"]["v2"]


@pytest.mark.parametrize(
    "debian", [12, pytest.param(13, marks=pytest.mark.thorough)], indirect=True
)
def test_the_other_ways_to_have_an_uplink(machine: StartMachine, debian: int) -> None:
    route, manager = (
        ("advertisement", "ifupdown") if debian == 12 else ("static", "systemd-networkd")
    )
    started = machine(route=route, manager=manager)
    host = detect(started)
    assert host["manager"] == manager
    origin = "static" if route == "static" else "router advertisement"
    assert host["uplink"]["route_origin"] == origin
    assert [one["origin"] for one in host["uplink"]["addresses"]] == [origin]
    assert host["projects"] == []


@pytest.mark.parametrize("debian", [13], indirect=True)
def test_an_engine_that_was_stopped_is_not_woken(machine: StartMachine) -> None:
    started = machine()
    started.shell("systemctl stop docker.service docker.socket; systemctl start docker.socket")
    host = detect(started)
    assert "systemctl start docker" in host["engine"]["unknown"]
    state = started.run(["systemctl", "is-active", "docker.service"], check=False).stdout
    assert state.strip() in ("inactive", "failed")
    # Its file stays, and nobody listens on it any more.
    started.run(["systemctl", "stop", "docker.socket"])
    assert started.path("/run/docker.sock").exists()
    assert "systemctl start docker" in detect(started)["engine"]["unknown"]


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [12], indirect=True)
def test_rules_of_the_other_interface_are_seen_and_no_table_is_made(machine: StartMachine) -> None:
    started = machine()
    started.run(["ip6tables-legacy", "-A", "INPUT", "-j", "ACCEPT"])
    started.run(["ip6tables", "-P", "FORWARD", "DROP"])
    host = detect(started)
    assert host["firewall"]["forward_policy"] == "DROP"
    assert host["ip6tables"]["legacy"] is False
    assert host["ip6tables"]["other_has_rules"] is True
    assert any("ip6tables-legacy-save" in note for note in host["notes"])
    tables = started.run(["cat", "/proc/net/ip6_tables_names"]).stdout
    assert tables.split() == ["filter"]


@pytest.mark.parametrize("debian", [12], indirect=True)
def test_a_legacy_host_stays_without_tables(machine: StartMachine) -> None:
    started = machine()
    started.run(["update-alternatives", "--set", "ip6tables", "/usr/sbin/ip6tables-legacy"])
    host = detect(started)
    assert host["ip6tables"]["legacy"] is True
    assert host["firewall"]["forward_policy"] == "ACCEPT"
    assert started.run(["cat", "/proc/net/ip6_tables_names"], check=False).stdout == ""


@pytest.mark.parametrize("debian", [13], indirect=True)
def test_an_uplink_that_goes_and_ipv6_that_is_off_are_told_apart(machine: StartMachine) -> None:
    started = machine()
    started.run(["ip", "-6", "route", "del", "default"])
    host = detect(started)
    assert "no IPv6 default route" in host["uplink"]["unknown"]
    assert host["outward"]["works"] is False
    assert "no IPv6 default route" in host["problems"][0]["sentence"]
    started.run(["sysctl", "-w", "net.ipv6.conf.all.disable_ipv6=1"])
    (problem,) = detect(started)["problems"]
    assert problem["cause"] == "ipv6-off"


def test_a_damaged_record_is_told_and_stops_nothing_else(deployed: Machine) -> None:
    folder = deployed.path("/var/lib/docker-ipv6-wizard")
    folder.mkdir(mode=0o700)
    try:
        (folder / "record.toml").write_text("half a rec")
        host = detect(deployed)
        by_a_user = detect(deployed, AS_PERSON)
    finally:
        shutil.rmtree(folder)
    assert "is damaged" in host["earlier"]["unknown"]
    assert [each["sentence"] for each in host["problems"]] == [host["earlier"]["unknown"]]
    assert "Only root may read" in by_a_user["earlier"]["unknown"]
