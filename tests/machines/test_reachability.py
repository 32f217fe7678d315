"""Real packets: containers, their host, a router and the internet, each a network namespace."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path

import pytest

from tests.lines import PATIENCE, Lines
from wizard.probes import report as reachability
from wizard.probes.findings import Finding
from wizard.probes.report import ContainerReport, ContainerTarget, Question

if os.geteuid() != 0:
    if os.environ.get("CI") == "true":
        pytest.fail("these tests make network namespaces and need root", pytrace=False)
    pytest.skip("making network namespaces takes root", allow_module_level=True)

pytestmark = pytest.mark.machine

ULA = IPv6Network("fd00:db8:7:1::/64")
GUA = IPv6Network("2001:db8:7:2::/64")
HOST = IPv6Address("2001:db8:1::10")
INTERNET = IPv6Address("2001:db8:ffff::53")
INTERNET_IPV4 = IPv4Address("203.0.113.53")
OPEN, REFUSED, SILENT, TELLS = 53, 54, 55, 80

# Runs in the namespace that stands for the internet: one port that only accepts, and one that
# answers with its visitor's address, as practice routers do.
SERVERS = f"""
import select, socket
def listen(port):
    return socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
accepts, tells = listen({OPEN}), listen({TELLS})
print("ready", flush=True)
while True:
    for server in select.select([accepts, tells], [], [])[0]:
        connection, peer = server.accept()
        if server is tells:
            connection.sendall((peer[0] + chr(10)).encode())
        connection.close()
"""


def run(command: str) -> str:
    return subprocess.run(
        command.split(), check=True, text=True, capture_output=True, timeout=PATIENCE
    ).stdout


def sysctl(namespace: str, *settings: str) -> None:
    run(f"ip netns exec {namespace} sysctl -qw {' '.join(settings)}")


@dataclass
class Network:
    """Namespaces joined by veth pairs, named so that two runs do not meet."""

    name: str
    namespaces: list[str] = field(default_factory=list)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def namespace(self, name: str, *, forwards: bool = False) -> str:
        full = f"{self.name}-{name}"
        run(f"ip netns add {full}")
        self.namespaces.append(full)
        run(f"ip -n {full} link set lo up")
        # Addresses are usable at once; what waits for duplicate address detection has its own test.
        sysctl(full, "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0")
        if forwards:
            sysctl(full, "net.ipv6.conf.all.forwarding=1", "net.ipv4.ip_forward=1")
        return full

    def join(self, one: str, one_name: str, other: str, other_name: str) -> None:
        run(f"ip -n {one} link add {one_name} type veth peer name {other_name} netns {other}")
        run(f"ip -n {one} link set {one_name} up")
        run(f"ip -n {other} link set {other_name} up")

    def address(self, namespace: str, interface: str, *addresses: str) -> None:
        for address in addresses:
            flag = " nodad" if ":" in address else ""
            run(f"ip -n {namespace} address add {address} dev {interface}{flag}")

    def process(self, namespace: str, *command: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            ["ip", "netns", "exec", namespace, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def container(
        self, name: str, prefix: IPv6Network | None, ipv4: IPv4Network | None = None
    ) -> str:
        """Join a container to the host; return its namespace."""
        container = self.namespace(name)
        number = len(self.namespaces)
        host = f"{self.name}-host"
        self.join(container, "eth0", host, f"c{number}")
        if prefix is not None:
            self.address(host, f"c{number}", f"{prefix[1]}/{prefix.prefixlen}")
            self.address(container, "eth0", f"{prefix[2]}/{prefix.prefixlen}")
            run(f"ip -n {container} -6 route add default via {prefix[1]}")
        if ipv4 is not None:
            self.address(host, f"c{number}", f"{ipv4[1]}/{ipv4.prefixlen}")
            self.address(container, "eth0", f"{ipv4[2]}/{ipv4.prefixlen}")
            run(f"ip -n {container} route add default via {ipv4[1]}")
        return container

    def target(self, namespace: str, name: str = "") -> ContainerTarget:
        """Start a process in a namespace, as a container has one, and return it as a target."""
        process = self.process(namespace, "sleep", "1000")
        inode = Path(f"/run/netns/{namespace}").stat().st_ino
        deadline = time.monotonic() + PATIENCE
        while Path(f"/proc/{process.pid}/ns/net").stat().st_ino != inode:
            assert time.monotonic() < deadline
        return ContainerTarget(name or namespace, process.pid)

    def remove(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait(PATIENCE)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        for namespace in self.namespaces:
            subprocess.run(["ip", "netns", "delete", namespace], check=False)


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    """container ── host (masquerades the ULA) ── router ── internet."""
    network = Network(f"reach{os.getpid()}")
    try:
        host = network.namespace("host", forwards=True)
        router = network.namespace("router", forwards=True)
        internet = network.namespace("internet")
        network.join(host, "uplink", router, "lan")
        network.join(router, "wan", internet, "net")
        network.address(host, "uplink", f"{HOST}/64", "192.0.2.10/24")
        network.address(router, "lan", "2001:db8:1::1/64", "192.0.2.1/24")
        network.address(router, "wan", "2001:db8:ffff::1/64", "203.0.113.1/24")
        network.address(internet, "net", f"{INTERNET}/64", f"{INTERNET_IPV4}/24")
        run(f"ip -n {host} -6 route add default via 2001:db8:1::1")
        run(f"ip -n {host} route add default via 192.0.2.1")
        run(f"ip -n {router} -6 route add {GUA} via {HOST}")
        run(f"ip -n {router} -6 route add prohibit 2001:db8:bad::/48")
        run(f"ip -n {internet} -6 route add default via 2001:db8:ffff::1")
        run(f"ip -n {internet} route add default via 203.0.113.1")
        inside = f"ip netns exec {host}"
        run(f"{inside} ip6tables -w -t nat -A POSTROUTING -s {ULA} -o uplink -j MASQUERADE")
        run(f"{inside} iptables -w -t nat -A POSTROUTING -o uplink -j MASQUERADE")
        drop = f"ip netns exec {internet} ip6tables -w -A INPUT -p tcp --dport {SILENT} -j DROP"
        run(drop)
        servers = network.process(internet, sys.executable, "-c", SERVERS)
        assert Lines(servers).next() == "ready"
        yield network
    finally:
        network.remove()


@pytest.fixture(scope="module")
def ula(network: Network) -> ContainerTarget:
    return network.target(
        network.container("ula", ULA, IPv4Network("198.51.100.0/26")), "mastodon_web_1"
    )


@pytest.fixture(scope="module")
def gua(network: Network) -> ContainerTarget:
    return network.target(network.container("gua", GUA), "mastodon_sidekiq_1")


QUESTION = Question(
    prefix=ULA,
    target=INTERNET,
    target_port=OPEN,
    address_service=(INTERNET, TELLS),
)


def look(target: ContainerTarget, question: Question, timeout: float = 5.0) -> ContainerReport:
    (found,) = reachability.check([target], question, timeout)
    return found


def test_a_container_behind_masquerade_reaches_the_internet(ula: ContainerTarget) -> None:
    started = time.monotonic()
    found = look(ula, QUESTION, timeout=PATIENCE)
    assert time.monotonic() - started < PATIENCE, (
        "everything answers, so nothing waits for a timeout"
    )
    assert reachability.passed(found)
    assert found.name == "mastodon_web_1"
    assert found.address.words == f"{ULA[2]}/64 on eth0"
    assert found.default_route.words == f"{ULA[1]} by eth0"
    assert found.gateway_echo.ok and found.gateway_echo.words.startswith("reply in ")
    assert found.target_echo.ok and found.target_echo.words.startswith("reply in ")
    assert found.tcp.ok and found.tcp.words.startswith("connected in ")
    assert found.source_kernel.words == str(ULA[2])
    assert found.source_seen.ok
    assert found.source_seen.words == f"{HOST}, not its own: translated on the way"


def test_the_hops_are_the_host_the_router_and_the_target(ula: ContainerTarget) -> None:
    # Routers send few errors a second; the second and third requests come a second apart.
    found = look(ula, QUESTION, timeout=3)
    assert found.hops.ok
    assert found.hops.words == "3 hops to the target"
    assert [line.split()[:2] for line in found.hops.lines] == [
        ["1", str(ULA[1])],
        ["2", "2001:db8:1::1"],
        ["3", str(INTERNET)],
    ]


def test_a_routed_container_is_seen_with_its_own_address(gua: ContainerTarget) -> None:
    found = look(gua, replace(QUESTION, prefix=GUA))
    assert reachability.passed(found)
    assert found.source_seen.words == f"{GUA[2]}, its own"


def test_a_refusal_means_that_the_way_is_open(ula: ContainerTarget) -> None:
    found = look(ula, replace(QUESTION, target_port=REFUSED))
    assert found.tcp.ok
    assert found.tcp.words == "refused, so the way is open"


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("-j REJECT", f"port unreachable, says {ULA[1]}"),
        ("-j REJECT --reject-with icmp6-adm-prohibited", f"prohibited, says {ULA[1]}"),
        ("-p tcp -j REJECT --reject-with tcp-reset", "refused by something on the way"),
    ],
)
def test_who_refuses_on_the_way_is_not_the_target(
    network: Network, ula: ContainerTarget, rule: str, says: str
) -> None:
    host = f"{network.name}-host"
    forward = f"FORWARD -i c{network.namespaces.index(f'{network.name}-ula') + 1} {rule}"
    run(f"ip netns exec {host} ip6tables -w -A {forward}")
    try:
        found = look(ula, replace(QUESTION, accepts_host=True), timeout=2)
        unanswered = look(ula, replace(QUESTION, target_port=REFUSED), timeout=2)
    finally:
        run(f"ip netns exec {host} ip6tables -w -D {forward}")
    assert not reachability.passed(found)
    assert says in found.tcp.words
    # Where the host is refused as well, a reset in the name of the target cannot be told apart.
    assert reachability.passed(unanswered) is ("tcp-reset" in rule)


def test_silence_is_told_with_the_time_waited_and_does_not_pass(ula: ContainerTarget) -> None:
    found = look(ula, replace(QUESTION, target_port=SILENT), timeout=0.4)
    assert found.tcp.ok is False
    assert found.tcp.words == "no answer in 0.4 s"
    assert found.target_echo.ok, "the echo came back all the same"
    assert not reachability.passed(found)


def test_an_icmpv6_error_is_told_with_who_sent_it(ula: ContainerTarget) -> None:
    # The answer to a first SYN comes back here while connect() still holds the socket, and is
    # dropped; the second SYN, a second later, is the one that counts.
    found = look(ula, replace(QUESTION, target=IPv6Address("2001:db8:bad::1")), timeout=2)
    assert found.target_echo.ok is False
    assert found.target_echo.words == "administratively prohibited, says 2001:db8:1::1"
    assert found.tcp.words == "administratively prohibited, says 2001:db8:1::1"
    assert found.hops.ok is None
    assert found.hops.lines[-1].endswith("administratively prohibited")
    assert not reachability.passed(found)


def test_a_neighbour_that_is_not_there_is_told_by_the_last_router(ula: ContainerTarget) -> None:
    found = look(ula, replace(QUESTION, target=IPv6Address("2001:db8:ffff::dead")), timeout=4)
    assert found.target_echo.words == "address unreachable, says 2001:db8:1::1"
    assert found.tcp.words == "host unreachable, says 2001:db8:1::1"


def test_a_container_without_a_default_route_says_so(network: Network) -> None:
    inside = network.container("noroute", IPv6Network("fd00:db8:7:3::/64"))
    run(f"ip -n {inside} -6 route delete default")
    found = look(network.target(inside), replace(QUESTION, prefix=None))
    assert found.address.ok
    assert found.default_route == Finding(False, "none")
    assert found.gateway_echo.ok is None
    assert found.target_echo.words == "not sent: no route from here"
    assert found.tcp.words == "no route from here"
    assert found.source_kernel == Finding(False, "no route from here")
    assert not reachability.passed(found)


def test_a_container_without_an_address_of_the_prefix_says_so(network: Network) -> None:
    inside = network.container("noaddress", None, IPv4Network("198.51.100.128/25"))
    target = network.target(inside)
    assert look(target, QUESTION).address.words == f"no address of {ULA}"
    sysctl(inside, "net.ipv6.conf.all.disable_ipv6=1")
    found = look(target, QUESTION)
    assert found.address.ok is False
    assert found.address.words == f"no address of {ULA}: IPv6 is switched off in it"
    assert found.preferred_family.words.startswith("IPv4 first")
    assert not reachability.passed(found)


def test_an_address_still_checked_for_duplicates_is_waited_for(network: Network) -> None:
    prefix = IPv6Network("fd00:db8:7:4::/64")
    inside = network.container("dad", None)
    sysctl(inside, "net.ipv6.conf.eth0.accept_dad=1", "net.ipv6.conf.eth0.dad_transmits=1")
    target = network.target(inside)
    run(f"ip -n {inside} address add {prefix[2]}/64 dev eth0")
    assert "tentative" in run(f"ip -n {inside} -6 address show dev eth0")
    question = Question(prefix=prefix, target=None)
    assert look(target, question, timeout=5).address.words == f"{prefix[2]}/64 on eth0"


def test_a_link_local_router_is_asked_on_its_interface(network: Network) -> None:
    inside = network.container("linklocal", IPv6Network("fd00:db8:7:5::/64"))
    host, number = f"{network.name}-host", len(network.namespaces)
    network.address(host, f"c{number}", "fe80::77/64")
    # Without the interface named, link-local packets would go out here instead.
    network.join(inside, "wrong", host, "elsewhere")
    run(f"ip -n {inside} -6 route add fe80::/64 dev wrong metric 1")
    run(f"ip -n {inside} -6 route delete default")
    run(f"ip -n {inside} -6 route add default via fe80::77 dev eth0")
    found = look(network.target(inside), Question(prefix=None, target=None))
    assert found.default_route.words == "fe80::77 by eth0"
    assert found.gateway_echo.ok, found.gateway_echo.words
    assert reachability.passed(found)


def test_a_container_that_is_gone_is_a_finding_beside_the_others(
    network: Network, ula: ContainerTarget
) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait(PATIENCE)
    alive, dead = reachability.check([ula, ContainerTarget("gone", gone.pid)], QUESTION, 1)
    assert reachability.passed(alive)
    assert not reachability.passed(dead)
    assert dead.address == Finding(None, "unknown: the container is gone")


def test_a_container_whose_process_is_dead_but_not_yet_reaped_is_gone_too() -> None:
    zombie = subprocess.Popen(["true"])
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
    try:
        found = look(ContainerTarget("zombie", zombie.pid), QUESTION)
    finally:
        zombie.wait(PATIENCE)
    assert found.address.words == "unknown: the container is gone"


def test_a_container_on_the_hosts_own_network_says_so() -> None:
    found = look(ContainerTarget("host", os.getpid()), Question(prefix=ULA, target=None), 0.2)
    assert found.address.words == f"no address of {ULA}: it shares the host's own network"


def test_all_containers_are_looked_into_side_by_side(ula: ContainerTarget) -> None:
    question = replace(QUESTION, target_port=SILENT)
    targets = [replace(ula, name=f"web_{number}") for number in range(8)]
    started = time.monotonic()
    found = reachability.check(targets, question, timeout=3)
    assert time.monotonic() - started < 20, "one after the other would take 24 s"
    assert [one.name for one in found] == [target.name for target in targets]
    assert all(one.target_echo.ok for one in found)


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split())


def test_a_lost_packet_is_sent_again(network: Network) -> None:
    prefix = IPv6Network("fd00:db8:7:7::/64")
    inside = network.container("lossy", prefix)
    drop_first = "-m statistic --mode nth --every 2 --packet 0 -j DROP"
    run(
        f"ip netns exec {network.name}-host ip6tables -w -A INPUT -s {prefix} "
        f"-p icmpv6 --icmpv6-type echo-request {drop_first}"
    )
    found = look(network.target(inside), Question(prefix=prefix, target=None))
    assert found.gateway_echo.ok, found.gateway_echo.words


def test_a_probe_that_hangs_is_ended_at_the_deadline(
    ula: ContainerTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wizard.probes.namespace._START", "import time; time.sleep(60)")
    monkeypatch.setattr(reachability, "_deadline", lambda timeout, count: 0.5)
    before = children()
    started = time.monotonic()
    found = look(ula, QUESTION)
    assert time.monotonic() - started < 30
    assert children() == before, "nothing is left running"
    assert found.address.words == "unknown: the check did not end in 0.5 s"


def test_the_callers_own_namespace_is_left_alone(ula: ContainerTarget) -> None:
    before = Path("/proc/thread-self/ns/net").stat().st_ino
    inside: list[int] = []

    def in_a_thread() -> None:
        look(ula, QUESTION)
        inside.append(Path("/proc/thread-self/ns/net").stat().st_ino)

    thread = threading.Thread(target=in_a_thread)
    thread.start()
    thread.join(PATIENCE)
    assert inside == [before]


def test_hostile_names_are_written_out(network: Network) -> None:
    prefix = IPv6Network("fd00:db8:7:6::/64")
    inside = network.container("hostile", None)
    run(f"ip -n {inside} link set dev eth0 down")
    run(f"ip -n {inside} link set dev eth0 name \x1b[31m[eth]")
    run(f"ip -n {inside} link set dev \x1b[31m[eth] up")
    network.address(inside, "\x1b[31m[eth]", f"{prefix[2]}/64")
    target = network.target(inside, "web\x1b]0;\u202e\n")
    found = look(target, Question(prefix=prefix, target=None), 0.3)
    assert found.address.words == f"{prefix[2]}/64 on \\x1b[31m[eth]"
    assert found.name == r"web\x1b]0;\u202e\n"
    for text in (reachability.as_table([found]), json.dumps(reachability.plain([found]))):
        assert not {"\x1b", "\u202e"} & set(text)


def test_the_table_is_plain_text_of_80_columns(ula: ContainerTarget, gua: ContainerTarget) -> None:
    found = reachability.check([ula, gua, ContainerTarget("gone" * 20, 2**22 - 1)], QUESTION, 1)
    text = reachability.as_table(found)
    assert max(map(len, text.splitlines())) <= 80
    assert all(line.isprintable() for line in text.splitlines())
    overview = [line.split() for line in text.splitlines()[1:4]]
    assert overview[0] == ["mastodon_web_1", "yes", "yes", "yes", "yes", "yes", "yes"]
    assert overview[1][:3] == ["mastodon_sidekiq_1", "no", "no"], "not of the ULA prefix"
    assert overview[2][1:] == ["unknown"] * 6
    assert [one["passed"] for one in reachability.plain(found)] == [
        True,
        False,
        False,
    ]


def test_the_host_itself_is_measured_without_entering_anything(network: Network) -> None:
    code = (
        "from ipaddress import IPv6Address as A; from wizard.probes.report import *;"
        f"f = host_outward(A('{INTERNET}'), 1); print(f.ok, f.words);"
        f"f = host_outward(A('2001:db8:bad::1'), 1); print(f.ok, f.words)"
    )
    reached, refused = run_python(f"{network.name}-host", code)
    assert reached.startswith("True reply in ")
    assert refused == "False administratively prohibited, says 2001:db8:1::1"


def test_without_raw_sockets_the_hosts_way_out_is_told_by_tcp(network: Network) -> None:
    code = (
        "from ipaddress import IPv6Address as A; from wizard.probes.report import *;"
        f"f = host_outward(A('{INTERNET}'), 1, {OPEN}); print(f.ok, f.words);"
        f"f = host_outward(A('{INTERNET}'), 1); print(f.ok, f.words)"
    )
    # Root less this one capability is, for raw sockets, what an ordinary user is.
    unprivileged = ("setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw")
    reached, unknown = run_python(f"{network.name}-host", code, *unprivileged)
    assert reached.startswith("True TCP connected in ")
    assert unknown == "None not tried: only root may send echo requests"


def run_python(namespace: str, code: str, *through: str) -> list[str]:
    return subprocess.run(
        ["ip", "netns", "exec", namespace, *through, sys.executable, "-c", code],
        check=True,
        text=True,
        capture_output=True,
        timeout=15,
    ).stdout.splitlines()


@pytest.mark.parametrize(("container", "family"), [("ula", 4), ("gua_dual", 6)])
def test_glibc_sorts_a_dual_stack_name_as_the_finding_says(
    network: Network, ula: ContainerTarget, tmp_path: Path, container: str, family: int
) -> None:
    target = ula
    if container == "gua_dual":
        inside = network.container(
            container, IPv6Network("2001:db8:7:8::/64"), IPv4Network("198.51.100.64/26")
        )
        target = network.target(inside)
    hosts = tmp_path / "hosts"
    hosts.write_text(f"{INTERNET} dual.test\n{INTERNET_IPV4} dual.test\n")
    script = f"mount --bind {hosts} /etc/hosts && getent ahosts dual.test"
    # ip netns exec gives its command a mount namespace of its own, so only it sees this file.
    first = subprocess.run(
        ["ip", "netns", "exec", f"{network.name}-{container}", "sh", "-c", script],
        check=True,
        text=True,
        capture_output=True,
    ).stdout.split()[0]
    assert first == str(INTERNET if family == 6 else INTERNET_IPV4)
    found = look(target, replace(QUESTION, prefix=None), timeout=0.3)
    assert found.preferred_family.words.startswith(f"IPv{family} first (RFC 6724 rule ")
