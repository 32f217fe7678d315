"""The neighbour proxy service on real machines, seen from their upstream router."""

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv6Address

import pytest

from tests.machines.support import PYTHON, SOON
from wizard.ndp import fixed, unit
from wizard.ndp.proxy_table import PROTOCOL
from wizard.platform.errors import WizardError
from wizard.platform.own_names import NETWORK_LABEL as LABEL
from wizard.rehearsal import image, network
from wizard.rehearsal.machine import Machine

NETWORK = "proxied"
SUBNET = "2001:db8:1:2:1::/80"
LINK = "2001:db8:1:2::/64"
NOBODY = "2001:db8:1:2:1::dead"
STRANGE = "2001:db8:1:2:5::1"

SYSCTLS = """\
net.ipv6.conf.all.forwarding=1
net.ipv6.conf.all.proxy_ndp=1
net.ipv6.neigh.eth0.proxy_delay=0
"""

PROBE = """
import sys
from ipaddress import IPv6Address, IPv6Network
from wizard.ndp.upstream import pick_unused, probe_upstream
targets = [IPv6Address(word) for word in sys.argv[1:]]
finding = probe_upstream("eth0", pick_unused(IPv6Network("2001:db8:1:2:7::/80")), targets)
sys.stdout.write("\\n".join((finding.case, *finding.evidence)))
"""


@dataclass
class Host:
    """A machine with a network whose containers the service answers for."""

    machine: Machine
    containers: list[str] = field(default_factory=list)

    def create_network(self, subnet: str = SUBNET, label: str = SUBNET) -> None:
        self.machine.run(
            [
                "docker", "network", "create", "--ipv6", "--subnet", subnet,
                "-o", "com.docker.network.bridge.gateway_mode_ipv6=routed",
                *(("--label", f"{LABEL}={label}") if label else ()), NETWORK,
            ]
        )  # fmt: skip

    def start(self, *names: str, options: str = "") -> list[str]:
        """Start containers at once and return their addresses."""
        commands = [
            f"docker run -d --name {name} --network {NETWORK} {options} mastodon-practice:1 "
            "httpd -f -p 3000 -h /srv/www &"
            for name in names
        ]
        self.machine.shell(" ".join([*commands, "wait"]))
        self.containers += names
        return [self.address(name) for name in names]

    def address(self, name: str) -> str:
        form = f'{{{{(index .NetworkSettings.Networks "{NETWORK}").GlobalIPv6Address}}}}'
        return self.machine.run(["docker", "inspect", "-f", form, name]).stdout.strip()

    def remove(self, *names: str) -> None:
        self.machine.run(["docker", "rm", "-f", *names])
        self.containers = [each for each in self.containers if each not in names]

    def ping(self, address: str) -> bool:
        """Tell whether the router, which has forgotten its neighbours, reaches an address."""
        self.machine.router.run(["ip", "-6", "neigh", "flush", "dev", "machine"])
        ping = ["busybox", "ping6", "-c", "1", "-W", "1", address]
        return self.machine.router.run(ping, check=False).returncode == 0

    def answered(self, *addresses: str) -> set[str]:
        """Return the addresses for which the router's solicitations are answered."""
        asked = " ".join(f"busybox ping6 -c 1 -W 1 {address} &" for address in addresses)
        self.machine.router.run(["ip", "-6", "neigh", "flush", "dev", "machine"])
        self.machine.router.run(["sh", "-c", f"{asked} wait"])
        shown = self.machine.router.run(["ip", "-6", "neigh", "show", "dev", "machine"]).stdout
        known = {line.split()[0] for line in shown.splitlines() if "lladdr" in line}
        return known & set(addresses)

    def confirmed(self, address: str) -> bool:
        """Tell whether a router that re-checks the address, by unicast, is answered."""
        words = ["ip", "-6", "neigh", "replace", address, "lladdr", "02:00:00:00:00:10"]
        self.machine.router.run([*words, "dev", "machine", "nud", "probe"])
        state = ""

        def decided() -> bool:
            nonlocal state
            show = ["ip", "-6", "neigh", "show", "dev", "machine", address]
            state = self.machine.router.run(show).stdout.split()[-1]
            return state in ("REACHABLE", "FAILED")

        self.machine.wait(decided, "the end of the re-check")
        return state == "REACHABLE"

    def entries(self, protocol: int = PROTOCOL) -> set[str]:
        show = f"ip -6 neigh show proxy dev eth0 protocol {protocol}"
        return {line.split()[0] for line in self.machine.shell(show).stdout.splitlines()}

    def wait_for_entries(self, *addresses: str) -> None:
        wanted = set(addresses)
        self.machine.wait(lambda: self.entries() == wanted, f"entries {addresses}", SOON)

    def show(self, what: str) -> str:
        argv = ["systemctl", "show", "--value", "-p", what, unit.NAME]
        return self.machine.run(argv).stdout.strip()

    def wait_for_status(self, part: str) -> None:
        self.machine.wait(lambda: part in self.show("StatusText"), f"the status {part!r}", SOON)

    def clear(self) -> None:
        if self.containers:
            self.remove(*self.containers)
        self.wait_for_entries()


# What Docker of 12 does otherwise than that of 14 is in the tests that name the release.
RELEASES = [*(pytest.param(each, marks=pytest.mark.thorough) for each in (12, 13)), 14]
of_both_kinds = pytest.mark.parametrize(
    "booted",
    [12, pytest.param(13, marks=pytest.mark.thorough), 14],
    ids=["debian12", "debian13", "debian14"],
    indirect=True,
)


@pytest.fixture(scope="module", params=RELEASES, ids=["debian12", "debian13", "debian14"])
def booted(request: pytest.FixtureRequest) -> Iterator[Host]:
    with Machine(request.param) as machine:
        image.load(machine)
        machine.path("/etc/sysctl.d/60-proxied.conf").write_text(SYSCTLS)
        machine.run(["sysctl", "-q", "--load=/etc/sysctl.d/60-proxied.conf"])
        host = Host(machine)
        host.create_network()
        text = unit.unit("eth0", NETWORK, SUBNET)
        machine.run(["wizard", "--install-program"])
        machine.path(unit.PATH).write_text(text)
        machine.shell(f"systemctl daemon-reload; systemctl enable --now {unit.NAME}")
        yield host


@pytest.fixture
def host(booted: Host) -> Iterator[Host]:
    yield booted
    booted.clear()


@of_both_kinds
def test_every_container_is_reached_at_its_address_and_leaves_with_it(host: Host) -> None:
    addresses = host.start("one", "two")
    for name, address in zip(("one", "two"), addresses, strict=True):
        assert host.answered(address)
        host.machine.wait(functools.partial(host.ping, address), f"an answer of {address}")
        asked = ["wget", "-q", "-O", "-", f"http://[{network.INTERNET}]/"]
        assert host.machine.run(["docker", "exec", name, *asked]).stdout.strip() == address
    assert host.show("StatusText") == "answering for 2 addresses on eth0"


def test_a_router_that_checks_again_by_unicast_is_answered(host: Host) -> None:
    (address,) = host.start("one")
    host.wait_for_entries(address)
    assert host.confirmed(address)


def test_an_address_that_nobody_has_is_not_answered_for(host: Host) -> None:
    (address,) = host.start("one")
    assert host.answered(address)
    assert not host.answered(NOBODY)
    host.remove("one")
    host.wait_for_entries()
    assert not host.answered(address)


def test_the_entry_is_there_before_the_container_runs(host: Host) -> None:
    create = ("docker", "create", "--network", NETWORK, "--name")
    # On a busy computer the service may have to wait for its turn, though not every time.
    for name in ("one", "two", "three", "four", "five"):
        host.machine.run([*create, name, "mastodon-practice:1", "sleep", "1000"])
        host.containers.append(name)
        host.machine.run(["docker", "start", name])
        if host.entries() == {host.address(name)}:
            return
        host.remove(name)
        host.wait_for_entries()
    pytest.fail("Docker had started each of five containers before there was an entry for it.")


def test_twenty_containers_come_and_all_but_one_go(host: Host) -> None:
    names = [f"many{number}" for number in range(20)]
    addresses = host.start(*names)
    host.wait_for_entries(*addresses)
    assert host.answered(*addresses) == set(addresses)
    host.remove(*names[1:])
    host.wait_for_entries(addresses[0])
    assert host.answered(*addresses) == {addresses[0]}


def test_containers_are_connected_renamed_and_disconnected_while_they_run(host: Host) -> None:
    docker = "docker network"
    host.machine.shell("docker run -d --name one mastodon-practice:1 sleep 1000")
    host.containers.append("one")
    assert host.entries() == set()
    host.machine.shell(f"{docker} connect {NETWORK} one; docker rename one renamed")
    host.containers = ["renamed"]
    address = host.address("renamed")
    host.wait_for_entries(address)
    assert host.answered(address)
    host.machine.shell(f"{docker} disconnect {NETWORK} renamed")
    host.wait_for_entries()
    host.machine.shell(f"{docker} connect --ip6 {NOBODY} {NETWORK} renamed")
    host.wait_for_entries(NOBODY)


def test_a_network_that_is_made_anew_is_followed(host: Host) -> None:
    host.start("one")
    host.remove("one")
    host.machine.run(["docker", "network", "rm", NETWORK])
    host.create_network()
    (address,) = host.start("one")
    host.wait_for_entries(address)
    assert host.answered(address)


@pytest.mark.parametrize(
    ("subnet", "label"),
    [
        (LINK, ""),
        pytest.param(LINK, SUBNET, marks=pytest.mark.thorough),
        pytest.param(LINK, LINK, marks=pytest.mark.thorough),
        pytest.param(SUBNET, "", marks=pytest.mark.thorough),
    ],
    ids=["nothing of ours", "our label", "a label of its own", "our prefix"],
)
def test_a_network_of_that_name_by_somebody_else_is_not_answered_for(
    host: Host, subnet: str, label: str
) -> None:
    (ours,) = host.start("one")
    host.wait_for_entries(ours)
    host.remove("one")
    router = network.ROUTER if subnet != SUBNET else NOBODY
    machine = host.machine
    machine.run(["docker", "network", "rm", NETWORK])
    options = ["--subnet", subnet, "--gateway", subnet.replace("::/", "::fffe/").split("/")[0]]
    labels = ["--label", f"{LABEL}={label}"] if label else []
    machine.run(["docker", "network", "create", "--ipv6", *options, *labels, NETWORK])
    try:
        host.start("taken", options=f"--ip6 {router}")
        assert host.address("taken") == router
        said = f"The network {NETWORK} is not the one that was set up"
        machine.wait(
            lambda: bool(host.entries()) or said in host.show("StatusText"), "what it makes of it"
        )
        assert host.entries() == set()
        assert said in host.show("StatusText")
    finally:
        host.remove("taken")
        machine.run(["docker", "network", "rm", NETWORK])
        host.create_network()
    # Ours is followed as soon as it is there again.
    (address,) = host.start("one")
    host.wait_for_entries(address)


HOSTILE = """
import json, socket, sys
subnet, label = sys.argv[1:3]
body = {"Name": "proxied", "Id": "0" * 64, "Labels": {label: subnet},
        "IPAM": {"Config": [{"Subnet": subnet, "Gateway": sys.argv[3]}]},
        "Containers": {str(n): {"IPv6Address": each} for n, each in enumerate(sys.argv[3:])}}
listener = socket.socket(socket.AF_UNIX)
listener.bind("/run/hostile.sock")
listener.listen()
head = b"HTTP/1.1 200 OK\\r\\n"
turn = 0
while True:
    client, _ = listener.accept()
    try:
        asked = client.recv(65536)
        if b"/events" in asked:
            client.sendall(head + b"Transfer-Encoding: chunked\\r\\n\\r\\n3\\r\\n[[\\n\\r\\n")
            if turn < 3:
                held = client
                continue
            while True:  # one line without an end
                client.sendall(b"10000\\r\\n" + b"x" * 65536 + b"\\r\\n")
        turn += 1
        if turn % 3 == 1:
            text = json.dumps(body).encode()
        elif turn % 3 == 2:
            text = b"[" * 1000000
        else:
            client.sendall(head + b"Content-Length: 99999999999\\r\\n\\r\\n")
            while True:
                client.sendall(b"{" * 65536)
        client.sendall(head + b"Content-Length: %d\\r\\n\\r\\n" % len(text) + text)
        client.close()
        with open("/run/hostile-turn", "w") as file:
            file.write(str(turn))
    except OSError:
        continue
"""


@pytest.mark.parametrize("booted", [14], ids=["debian14"], indirect=True)
def test_a_hostile_engine_gets_nobody_answered_for_and_the_service_neither_grows_nor_dies(
    host: Host,
) -> None:
    machine = host.machine
    drop_in = machine.path(f"/run/systemd/system/{unit.NAME}.d/hostile.conf")
    drop_in.parent.mkdir(parents=True)
    # The whole prefix of the link, so that the router and the machine itself lie inside.
    text = unit.unit("eth0", NETWORK, LINK)
    start = next(line for line in text.splitlines() if "ExecStart" in line)
    drop_in.write_text(f"[Service]\nExecStart=\n{start} --socket /run/hostile.sock\n")
    machine.path("/root/hostile.py").write_text(HOSTILE)
    allowed = "2001:db8:1:2:1::5"
    never = ["::", "fe80::1", "ff02::1", network.ROUTER, machine.address, "2001:db8:1:2::"]
    words = [LINK, LABEL, "2001:db8:1:2:7::1", *never, "2001:db8:1:2:1::1", allowed]
    start_unit = ["systemd-run", "--quiet", "--collect", "--unit=hostile"]
    machine.run([*start_unit, "python3", "/root/hostile.py", *words])
    machine.wait(machine.path("/run/hostile.sock").exists, "the hostile engine")
    turn = machine.path("/run/hostile-turn")
    try:
        machine.shell(f"systemctl daemon-reload; systemctl restart {unit.NAME}")
        host.wait_for_entries(allowed)
        pid = host.show("MainPID")
        machine.wait(lambda: int(turn.read_text() or 0) >= 4, "hostile answers of each kind")
        assert host.entries() == {allowed}
        assert host.show("MainPID") == pid
        assert host.show("NRestarts") == "0"
        status = machine.path(f"/proc/{pid}/status").read_text()
        assert int(status.partition("VmHWM:")[2].split()[0]) < 64 * 1024
        assert int(host.show("MemoryMax")) <= 96 * 1024**2
        machine.shell(f"systemctl kill --signal=KILL {unit.NAME}")
        machine.wait(lambda: host.show("NRestarts") == "1", "its successor")
        machine.wait(lambda: host.show("ActiveState") == "active", "its successor")
        assert host.entries() == {allowed}
    finally:
        machine.path("/run/hostile.sock").unlink()
        drop_in.unlink()
        drop_in.parent.rmdir()
        machine.shell(
            f"systemctl stop hostile; systemctl daemon-reload; systemctl restart {unit.NAME}"
        )
    (address,) = host.start("one")
    host.wait_for_entries(address)


def test_entries_of_somebody_else_are_theirs_for_ever(host: Host) -> None:
    taken = "2001:db8:1:2:1::abc"
    theirs = {STRANGE, taken}
    by_hand = fixed.commands("eth0", [IPv6Address(taken)])
    host.machine.shell(f"ip -6 neigh add proxy {STRANGE} dev eth0 protocol 0")
    for argv in by_hand:
        host.machine.run(argv)
    (own,) = host.start("own")
    host.start("taken", options=f"--ip6 {taken}")
    host.wait_for_entries(own)
    host.remove("taken", "own")
    host.wait_for_entries()
    host.machine.run(["systemctl", "restart", unit.NAME])
    shown = host.machine.run(["ip", "-6", "neigh", "show", "proxy", "dev", "eth0"]).stdout
    assert {line.split()[0] for line in shown.splitlines()} == theirs
    for address in theirs:
        host.machine.run(["ip", "-6", "neigh", "del", "proxy", address, "dev", "eth0"])


def test_a_stop_takes_its_own_entries_away_and_a_start_brings_them_back(host: Host) -> None:
    (address,) = host.start("one")
    host.wait_for_entries(address)
    host.machine.run(["systemctl", "stop", unit.NAME])
    assert host.entries() == set()
    assert not host.answered(address)
    host.machine.run(["systemctl", "start", unit.NAME])
    host.wait_for_entries(address)


def test_killed_it_leaves_its_entries_and_mends_them_when_it_is_back(host: Host) -> None:
    stays, goes = host.start("stays", "goes")
    host.wait_for_entries(stays, goes)
    before = host.show("MainPID")
    host.machine.shell(f"systemctl kill --signal=KILL {unit.NAME}")
    assert host.entries() == {stays, goes}
    host.remove("goes")
    (comes,) = host.start("comes")
    host.machine.wait(lambda: host.show("MainPID") not in ("0", before), "its successor")
    host.machine.wait(lambda: host.show("ActiveState") == "active", "its successor")
    host.wait_for_entries(stays, comes)
    host.machine.run(["systemctl", "stop", unit.NAME])
    assert host.entries() == set()
    host.machine.run(["systemctl", "start", unit.NAME])


def test_what_a_dead_service_left_is_taken_away_by_one_command(host: Host) -> None:
    host.machine.shell(f"ip -6 neigh add proxy {STRANGE} dev eth0")
    (address,) = host.start("one")
    host.wait_for_entries(address)
    host.machine.shell(f"systemctl kill --signal=KILL {unit.NAME}; systemctl stop {unit.NAME}")
    assert host.entries() == {address}
    host.machine.shell(f"ip -6 neigh flush proxy dev eth0 protocol {PROTOCOL}")
    shown = host.machine.run(["ip", "-6", "neigh", "show", "proxy", "dev", "eth0"]).stdout
    assert shown.split() == [STRANGE, "proxy"]
    host.machine.run(["ip", "-6", "neigh", "del", "proxy", STRANGE, "dev", "eth0"])
    host.machine.run(["systemctl", "start", unit.NAME])


@of_both_kinds
def test_after_a_restart_of_docker_all_is_as_before(host: Host) -> None:
    host.start("one", options="--restart always")
    service = host.show("MainPID")
    host.machine.run(["systemctl", "restart", "docker"])
    host.machine.wait_for_docker()
    host.wait_for_entries(host.address("one"))
    (later,) = host.start("two")
    host.wait_for_entries(host.address("one"), later)
    host.machine.wait(lambda: host.ping(later), "an answer")
    assert host.show("MainPID") == service


@pytest.mark.parametrize("booted", [12, 14], ids=["debian12", "debian14"], indirect=True)
def test_a_stopped_docker_is_not_started_again_by_the_service(host: Host) -> None:
    host.start("one")
    host.machine.run(["systemctl", "stop", "docker"])
    host.wait_for_status("Docker is away")
    # The service's next attempts come every half a second.
    with pytest.raises(WizardError):
        host.machine.wait(host.machine.path("/run/docker.pid").exists, "dockerd", 2)
    assert host.machine.shell("systemctl is-active docker", check=False).stdout == "inactive\n"
    host.machine.run(["systemctl", "start", "docker"])
    host.machine.wait_for_docker()
    host.machine.run(["docker", "start", "one"])
    host.wait_for_entries(host.address("one"))


@pytest.mark.parametrize("booted", [12], ids=["debian12"], indirect=True)
def test_when_the_uplink_was_down_its_entries_come_back(host: Host) -> None:
    (address,) = host.start("one")
    host.wait_for_entries(address)
    host.machine.shell("ifdown eth0; ifup eth0")
    host.wait_for_entries(address)
    host.machine.wait(lambda: host.ping(address), "an answer")


@pytest.mark.parametrize("booted", [12], ids=["debian12"], indirect=True)
def test_when_ipv6_alone_was_off_on_the_uplink_its_entries_come_back_at_once(host: Host) -> None:
    (address,) = host.start("one")
    host.wait_for_entries(address)
    # As NetworkManager does it: the link stays up.
    switch = "sysctl -qw net.ipv6.conf.eth0.disable_ipv6="
    try:
        host.machine.shell(f"{switch}1; {switch}0")
        host.wait_for_entries(address)
    finally:
        host.machine.shell("ifdown eth0; ifup eth0")
    host.wait_for_entries(address)
    host.machine.wait(lambda: host.ping(address), "an answer")


@pytest.mark.parametrize("booted", [14], ids=["debian14"], indirect=True)
def test_a_hanging_docker_does_not_hang_the_service(host: Host) -> None:
    (address,) = host.start("one")
    host.wait_for_entries(address)
    host.machine.shell("kill -STOP $(pidof dockerd)")
    try:
        host.machine.shell("ifdown eth0; ifup eth0")
        host.wait_for_status("does not answer")
        assert host.entries() == {address}
    finally:
        host.machine.shell("kill -CONT $(pidof dockerd)")
    (later,) = host.start("two")
    host.wait_for_entries(address, later)


@pytest.mark.parametrize("booted", [14], ids=["debian14"], indirect=True)
def test_the_status_tells_that_the_kernel_does_not_answer(host: Host) -> None:
    host.machine.run(["sysctl", "-qw", "net.ipv6.conf.all.proxy_ndp=0"])
    try:
        (address,) = host.start("one")
        host.wait_for_status("so the kernel answers for none")
        assert not host.answered(address)
        host.machine.run(["sysctl", "-qw", "net.ipv6.conf.eth0.proxy_ndp=1"])
        host.wait_for_status("so a router that re-checks gets no answer")
        assert host.answered(address)
        assert not host.confirmed(address)
    finally:
        settings = ["net.ipv6.conf.eth0.proxy_ndp=0", "net.ipv6.conf.all.proxy_ndp=1"]
        host.machine.run(["sysctl", "-qw", *settings])


@pytest.mark.parametrize("booted", [12], ids=["debian12"], indirect=True)
def test_the_probe_tells_the_cases_apart_and_leaves_nothing(host: Host) -> None:
    machine = host.machine
    shows = ("addr show", "route show", "neigh show proxy", "maddr show")
    text = "; ".join([*(f"ip -6 {show} dev eth0" for show in shows), "ss -a0"])

    def traces() -> str:
        return machine.shell(text).stdout

    machine.settle()
    before = traces()

    def probe(*targets: str) -> list[str]:
        return machine.run([PYTHON, "-c", PROBE, *targets]).stdout.splitlines()

    case, *evidence = probe("fe80::1", network.INTERNET)
    assert case == "solicited"
    assert "neighbor solicitation, who has 2001:db8:1:2:7:" in evidence[-1]
    route = ["ip", "-6", "route", "add", "2001:db8:1:2:7::/80", "via", network.MACHINE]
    machine.router.run(route)
    case, *evidence = probe(network.INTERNET)
    assert case == "routed"
    assert "echo reply" in evidence[-1]
    filtered = ["ip6tables", "-A", "INPUT", "-s", "2001:db8:1:2:7::/80", "-j", "DROP"]
    machine.router.run(filtered)
    assert probe(network.INTERNET)[0] == "nothing"
    machine.router.run(["ip6tables", "-F", "INPUT"])
    machine.router.run(["ip", "-6", "route", "del", "2001:db8:1:2:7::/80"])
    # The kernel lets go of a socket's groups some time after it is closed.
    with contextlib.suppress(WizardError):
        machine.wait(lambda: traces() == before, "the end of its traces")
    assert traces() == before


def test_after_a_reboot_all_is_as_before(host: Host) -> None:
    host.start("one", options="--restart always")
    host.machine.reboot()
    host.machine.wait(lambda: host.show("ActiveState") == "active", "the service")
    host.wait_for_entries(host.address("one"))
    assert host.answered(host.address("one"))
