"""The neighbour proxy service against ndppd: how soon, how dear, and how well on a re-check.

Containers are stood in for by addresses in a network namespace behind a veth pair of the machine,
and where there are many, Docker by one that is made up: the service, the kernel and the packets
are real. Debian 12, which has ndppd.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bench.conftest import SMALLEST, Figures, Much
from tests.lines import PATIENCE, Lines
from wizard.ndp import unit
from wizard.platform.errors import WizardError
from wizard.platform.own_names import NETWORK_LABEL as LABEL
from wizard.rehearsal import image
from wizard.rehearsal.machine import Machine

# Each with a machine or a network of its own.
pytestmark = pytest.mark.thorough

SERVICE = unit.NAME
SOLICIT = Path(__file__).with_name("solicit.py")
ENGINE = Path(__file__).with_name("made_up_engine.py")

SUBNET = "2001:db8:1:2:1::/80"
INSIDE_MAC = "02:00:00:00:00:77"
STANDING = "2001:db8:1:2:1::5"
NEW = [f"2001:db8:1:2:1::2:{number:x}" for number in range(1, 41)]
SIZES = (SMALLEST, 10, 100, 500)
EVENTS = (1, 20)
"""How many, in a short pass and in full; the others likewise."""
FIRST_PACKETS = (3, 50)
RECHECK_SECONDS = (2, 60)
# What it once found nobody for, it does not look for again while it is asked.
GIVEN_UP = (2, 10)
CONTAINERS = (1, 10)

NDPPD_SECONDS = (5, 20)
"""Seconds that ndppd has to give its first answer; without one there is nothing to compare with."""

RULE = """\
proxy eth0 {{
    router yes
    timeout 500
    ttl 30000
    rule {subnet} {{
        {method}
    }}
}}
"""


@pytest.fixture(scope="module")
def host() -> Iterator[Machine]:
    with Machine(12) as machine:
        image.load(machine)
        machine.shell(
            "sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.conf.all.proxy_ndp=1 "
            "net.ipv6.neigh.eth0.proxy_delay=0"
        )
        machine.shell("apt-get install -y ndppd", timeout=120)
        machine.shell("systemctl disable --now ndppd 2>&1 || true")
        machine.shell(
            "ip netns add inside; ip link add bridge0 type veth peer name eth0 netns inside\n"
            f"ip -n inside link set eth0 address {INSIDE_MAC}\n"
            "ip link set bridge0 up; ip -n inside link set lo up; ip -n inside link set eth0 up\n"
            "ip -6 address add 2001:db8:1:2:1::1/80 dev bridge0 nodad\n"
            "ip -n inside -6 route add default via 2001:db8:1:2:1::1 dev eth0 onlink"
        )
        have(machine, STANDING, *NEW)
        yield machine


def have(machine: Machine, *addresses: str) -> None:
    """Give addresses to the stand-in, known to the machine so that only its uplink is measured."""
    batch = "".join(f"address replace {each}/128 dev eth0 nodad\n" for each in addresses)
    machine.run(["ip", "-n", "inside", "-6", "-batch", "-"], input=batch)
    batch = "".join(
        f"neigh replace {each} lladdr {INSIDE_MAC} dev bridge0 nud permanent\n"
        for each in addresses
    )
    machine.run(["ip", "-6", "-batch", "-"], input=batch)


def solicit(machine: Machine, *words: object) -> list[str]:
    argv = [sys.executable, "-I", str(SOLICIT), *map(str, words)]
    return machine.router.run(argv, timeout=300).stdout.split()


@contextmanager
def asking(machine: Machine, address: str, seconds: float = 60) -> Iterator[Lines]:
    """Have the router solicit an address all the time until it is answered, or time is over."""
    words = ["await", address, str(seconds)]
    argv = machine.router.command([sys.executable, "-I", str(SOLICIT), *words])
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        lines = Lines(process)
        try:
            assert lines.next() == "asking"
            yield lines
        finally:
            process.kill()


class MadeUpEngine:
    def __init__(self, machine: Machine) -> None:
        machine.path("/root/engine.py").write_text(ENGINE.read_text())
        self.process = subprocess.Popen(
            machine.command(["python3", "/root/engine.py"]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines = Lines(self.process)
        assert self.lines.next() == "serving"

    def tell(self, verb: str, word: object) -> float:
        """Change the network, and return when, on the monotonic clock."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{verb} {word}\n")
        self.process.stdin.flush()
        return float(self.lines.next())


@contextmanager
def service(machine: Machine) -> Iterator[MadeUpEngine]:
    engine = MadeUpEngine(machine)
    machine.run(["wizard", "--install-program"])
    text = unit.unit("eth0", "made-up", SUBNET)
    text = text.replace("--network made-up", "--network made-up --socket /run/made-up.sock")
    machine.path(unit.PATH).write_text(text)
    machine.shell(f"systemctl daemon-reload; systemctl start {SERVICE}")
    try:
        yield engine
    finally:
        machine.run(["systemctl", "stop", SERVICE])
        engine.process.kill()
        engine.process.communicate(timeout=PATIENCE)


@contextmanager
def ndppd(machine: Machine, configuration: str, seconds: int) -> Iterator[None]:
    machine.path("/etc/ndppd.conf").write_text(configuration)
    machine.shell("systemd-run --quiet --collect --unit=bench-ndppd ndppd -c /etc/ndppd.conf")
    try:
        try:
            machine.wait(lambda: solicit_answered(machine), "ndppd", seconds)
        except WizardError:
            # One that was asked before it had looked at the routes does not look again while a
            # router goes on asking it: then there is nothing to compare with.
            pytest.skip("ndppd answers nobody here")
        yield
    finally:
        # One that has ended by itself has no unit any more.
        machine.run(["systemctl", "stop", "bench-ndppd"], check=False)


def solicit_answered(machine: Machine) -> bool:
    return solicit(machine, "first", STANDING, 1) != ["lost"]


def answered_entries(machine: Machine) -> int:
    return len(machine.shell("ip -6 neigh show proxy dev eth0").stdout.splitlines())


def spent(machine: Machine, name: str) -> int:
    """Return the nanoseconds of CPU time that a unit and its children have taken."""
    argv = ["systemctl", "show", "--value", "-p", "CPUUsageNSec", name]
    return int(machine.run(argv).stdout)


def memory(machine: Machine, name: str) -> int:
    """Return the kilobytes of memory that the main process of a unit has."""
    argv = ["systemctl", "show", "--value", "-p", "MainPID", name]
    status = machine.path(f"/proc/{machine.run(argv).stdout.strip()}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def in_microseconds(words: Sequence[str]) -> list[float]:
    return [float(word) for word in words if word != "lost"]


@pytest.fixture(scope="module")
def theirs(host: Machine, much: Much) -> dict[str, dict[str, float]]:
    """What ndppd comes to, with each of its rules."""
    found = {}
    for name in ("static", "auto"):
        with ndppd(host, RULE.format(subnet=SUBNET, method=name), much(*NDPPD_SECONDS)):
            times = in_microseconds(solicit(host, "first", STANDING, much(*FIRST_PACKETS)))
            if not times:
                pytest.skip("ndppd answers nobody here")
            unicast = float(solicit(host, "unicast", STANDING, much(*FIRST_PACKETS))[0])
            sent, lost = recheck(host, much(*RECHECK_SECONDS))
            found[name] = {
                "median": statistics.median(times),
                "worst": max(times),
                "unicast": unicast,
                "sent": sent,
                "lost": lost,
                "memory": memory(host, "bench-ndppd"),
            }
    return found


def recheck(machine: Machine, seconds: int) -> tuple[float, float]:
    """Return how many packets were sent and lost while the router re-checks every second or so."""
    settings = "net.ipv6.neigh.machine"
    machine.router.run(
        ["sysctl", "-qw", f"{settings}.base_reachable_time_ms=1000",
         f"{settings}.delay_first_probe_time=1"]
    )  # fmt: skip
    sent, lost = solicit(machine, "lost", STANDING, seconds)
    machine.router.run(
        ["sysctl", "-qw", f"{settings}.base_reachable_time_ms=30000",
         f"{settings}.delay_first_probe_time=5"]
    )  # fmt: skip
    return float(sent), float(lost)


@pytest.mark.parametrize("size", SIZES)
def test_first_packet_from_a_router_that_knows_no_neighbours(
    host: Machine, theirs: dict[str, dict[str, float]], figures: Figures, much: Much, size: int
) -> None:
    count = much(*FIRST_PACKETS)
    with service(host) as engine:
        engine.tell("fill", size)
        engine.tell("add", STANDING)
        host.wait(lambda: answered_entries(host) == size + 1, "entries")
        times = in_microseconds(solicit(host, "first", STANDING, count))
    assert len(times) == count
    for rule, their in theirs.items():
        what = f"first packet of {count}, {size} addresses"
        ours = statistics.median(times)
        figures.add(f"{what}, median", ours, f"ndppd {rule}", their["median"], "µs")
        figures.add(f"{what}, worst", max(times), f"ndppd {rule}", their["worst"], "µs")


@pytest.fixture(scope="module")
def with_fewest() -> dict[str, tuple[float, int]]:
    """CPU time and memory of the first size, which the others are set against."""
    return {}


@pytest.mark.parametrize("size", SIZES)
def test_from_the_event_to_the_first_answer_and_what_it_costs(
    host: Machine,
    with_fewest: dict[str, tuple[float, int]],
    figures: Figures,
    much: Much,
    size: int,
) -> None:
    events = much(*EVENTS)
    with service(host) as engine:
        engine.tell("fill", size)
        host.wait(lambda: answered_entries(host) == size, "entries")
        # Past the second look that follows a beginning, so that no event falls into it.
        time.sleep(3)
        before, delays = spent(host, SERVICE), []
        for address in NEW[:events]:
            with asking(host, address) as router:
                told = engine.tell("add", address)
                delays.append((float(router.next(70)) - told) * 1e6)
        cost = (spent(host, SERVICE) - before) / 1e3 / events
        kilobytes = memory(host, SERVICE)
    goal = 50_000.0
    what = f"event to answer, {size} addresses"
    figures.add(f"{what}, median", statistics.median(delays), "goal", goal, "µs")
    figures.add(f"{what}, worst of {events}", max(delays), "goal", goal, "µs")
    least_cost, least_kilobytes = with_fewest.setdefault("figures", (cost, kilobytes))
    fewest = f"{SIZES[0]} addresses"
    figures.add(f"CPU time an event, {size} addresses", cost, fewest, least_cost, "µs")
    figures.add(f"memory, {size} addresses", kilobytes, fewest, least_kilobytes, "kB")


def test_packets_lost_while_the_router_checks_its_neighbours(
    host: Machine, theirs: dict[str, dict[str, float]], figures: Figures, much: Much
) -> None:
    count = much(*FIRST_PACKETS)
    with service(host) as engine:
        engine.tell("add", STANDING)
        host.wait(lambda: answered_entries(host) == 1, "the entry")
        unicast = float(solicit(host, "unicast", STANDING, count)[0])
        _, lost = recheck(host, much(*RECHECK_SECONDS))
        kilobytes = memory(host, SERVICE)
    for rule, their in theirs.items():
        against = f"ndppd {rule}"
        sent = int(their["sent"])
        figures.add("memory", kilobytes, against, their["memory"], "kB")
        # One more of each, for a ratio to nothing is none.
        figures.add(f"lost of about {sent}, and 1", lost + 1, against, their["lost"] + 1, "")
        figures.add(
            f"unicast solicitations of {count} answered, and 1",
            unicast + 1,
            against,
            their["unicast"] + 1,
            "",
        )


def test_from_the_start_of_a_real_container_to_the_first_answer(
    host: Machine, figures: Figures, much: Much
) -> None:
    network, subnet = "real", "2001:db8:1:2:3::/80"
    label = ["--label", f"{LABEL}={subnet}"]
    host.run(["docker", "network", "create", "--ipv6", "--subnet", subnet, *label, network])
    host.run(["wizard", "--install-program"])
    text = unit.unit("eth0", network, subnet)
    host.path(unit.PATH).write_text(text)
    host.shell(f"systemctl daemon-reload; systemctl start {SERVICE}")
    done, answered = [], []
    for number in range(0x10, 0x10 + much(*CONTAINERS)):
        address = f"2001:db8:1:2:3::{number:x}"
        name = f"real{number}"
        argv = ["docker", "create", "--name", name, "--network", network, "--ip6", address]
        host.run([*argv, "mastodon-practice:1", "sleep", "1000"])
        with asking(host, address) as router:
            begun = time.monotonic()
            host.run(["docker", "start", name])
            done.append((time.monotonic() - begun) * 1e6)
            answered.append((float(router.next(70)) - begun) * 1e6)
    host.run(["systemctl", "stop", SERVICE])
    figures.add(
        "docker start to answer, median",
        statistics.median(answered),
        "to its return",
        statistics.median(done),
        "µs",
    )


def test_how_soon_ndppd_answers_for_who_comes_after_the_router_has_asked(
    host: Machine, figures: Figures, much: Much
) -> None:
    address, given_up = "2001:db8:1:2:1::3:1", much(*GIVEN_UP)
    with (
        ndppd(host, RULE.format(subnet=SUBNET, method="auto"), much(*NDPPD_SECONDS)),
        asking(host, address, given_up) as router,
    ):
        time.sleep(1)
        begun = time.monotonic()
        have(host, address)
        word = router.next(given_up + PATIENCE)
        delay = (float(word) - begun if word != "never" else given_up) * 1e6
    what = "ndppd auto, address there to answer"
    figures.add(f"{what} (given up)" if word == "never" else what, delay, "goal", 50_000.0, "µs")
