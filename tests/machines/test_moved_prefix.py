"""The provider gives another prefix: told, followed by a repair, and none of the private mode's."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from ipaddress import IPv6Network

import pytest

from tests.lines import PATIENCE
from tests.machines import dhcp
from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.support import answer, apply, pings, seen_source, undo, wizard
from tests.machines.test_change import CHANGE
from tests.machines.test_dhcp import CLIENTS
from tests.machines.test_dhcp import start as clients
from tests.machines.test_routed import PREFIX, addresses, answers, is_open
from wizard.answers.choices import Mode
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal import network
from wizard.rehearsal.deployment import Deployment
from wizard.rehearsal.machine import Machine

thorough = pytest.mark.thorough
OLD, NEW = network.PREFIX, network.NEXT_PREFIX
NEXT = "mastodon_ipv6_2"
PART = IPv6Network("2001:db8:7:8:1::/80")

_ASKS = """\
import json, os, select, socket, struct, sys, time
targets, rounds = sys.argv[1:], []
own = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
print("asking", flush=True)
ended = False
while not ended:
    number, due = len(rounds) % 65536, time.monotonic() + 0.2
    for target in targets:
        echo = struct.pack("!BBHHH", 128, 0, 0, os.getpid() % 65536, number)
        own.sendto(echo, (target, 0))
    heard = set()
    while (left := due - time.monotonic()) > 0:
        ready = select.select([own, sys.stdin], [], [], left)[0]
        if own in ready:
            data, source = own.recvfrom(2048)
            if data[0] == 129 and data[4:8] == struct.pack("!HH", os.getpid() % 65536, number):
                heard.add(source[0])
        if sys.stdin in ready:
            ended = True
            break
    rounds.append([target in heard for target in targets])
print(json.dumps(rounds[:-1]))
"""


@contextmanager
def asked(host: Machine, *targets: str) -> Iterator[list[list[bool]]]:
    """Gather which of the addresses answer the router, five times a second."""
    process = subprocess.Popen(
        host.router.command([sys.executable, "-c", _ASKS, *targets]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: list[list[bool]] = []
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "asking\n"
        yield found
        found += json.loads(process.communicate(timeout=PATIENCE)[0])
    finally:
        process.kill()
        process.wait(PATIENCE)


def longest_silence(rounds: list[list[bool]]) -> float:
    """Seconds in a row in which none of the addresses answered."""
    longest = silent = 0
    for each in rounds:
        silent = 0 if any(each) else silent + 1
        longest = max(longest, silent)
    return longest * 0.2


def has(host: Machine, prefix: str, *, deprecated: bool) -> bool:
    """Whether the host has an address of a prefix, which is deprecated or is not."""
    listed = json.loads(host.run(["ip", "-json", "-6", "address", "show", "dev", "eth0"]).stdout)
    within = IPv6Network(prefix)
    return any(
        each.get("deprecated", False) is deprecated and not each.get("tentative", False)
        for each in listed[0]["addr_info"]
        if each["scope"] == "global" and IPv6Network(each["local"]).subnet_of(within)
    )


def start(machine: StartMachine) -> tuple[Machine, Deployment]:
    """A host with two prefixes, of which the first is to go."""
    host = machine(route="advertisement")
    host.router.advertise(OLD, NEW)
    host.wait(lambda: has(host, NEW, deprecated=False), "an address of the second prefix", 30)
    return host, deployments.up(host, "2017")


def moves(host: Machine) -> None:
    host.router.advertise(OLD, NEW, deprecated=[OLD])
    host.wait(lambda: has(host, OLD, deprecated=True), "the first prefix to be deprecated", 30)


def stays(host: Machine) -> None:
    host.router.advertise(OLD, NEW)
    host.wait(lambda: has(host, OLD, deprecated=False), "the first prefix to be preferred", 30)


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize(
    "debian",
    [13, *(pytest.param(each, marks=thorough) for each in (12, 14))],
    indirect=True,
)
def test_a_deprecated_prefix_is_told_and_the_containers_follow(machine: StartMachine) -> None:
    host, mastodon = start(machine)
    answer(host, mastodon, mode=Mode.ROUTED, prefix=PREFIX, fixed=("web",))
    before = fingerprint(host)
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr

    moves(host)
    told = wizard(host, "--check")
    assert told.returncode == ExitCode.NOT_AS_SET_UP, told.stdout + told.stderr
    assert f"The new one is {NEW}. wizard --repair" in one_line(told)

    old, new = (str(each[2]) for each in (PREFIX, PART))
    with (
        asked(host, old, new) as outside,
        pings(host, network.INTERNET, mastodon.container("web")) as inside,
        pings(host, network.INTERNET) as own,
    ):
        repaired = wizard(host, "--repair", "--yes")
        host.wait(partial(answers, host, new), "an echo from web", 20)
    assert repaired.returncode == ExitCode.DONE, repaired.stdout + repaired.stderr
    assert own.sent == own.answered > 0
    assert longest_silence(outside) <= 0.4
    assert inside.sent - inside.answered <= 4

    there = addresses(host, NEXT)
    assert there[mastodon.container("web")] == new
    assert seen_source(mastodon) == new
    assert is_open(host, new, 3000)
    assert not is_open(host, new, 8080)
    assert not answers(host, old)
    assert host.run(["docker", "network", "inspect", "mastodon_ipv6"], check=False).returncode

    assert undo(host).returncode == ExitCode.DONE
    stays(host)
    assert difference(before, fingerprint(host)) == ""


@thorough
@pytest.mark.parametrize("debian", [12, 13, 14], indirect=True)
def test_by_dhcpv6_a_prefix_that_is_gone_is_told_and_followed(machine: StartMachine) -> None:
    host = clients(machine, CLIENTS["dhcpcd"])
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon, mode=Mode.ROUTED, prefix=PREFIX)
    assert apply(host).returncode == ExitCode.DONE
    web = addresses(host)[mastodon.container("web")]
    host.wait(partial(answers, host, web), "an echo from web", 20)

    # The lease is asked for again after a minute, and ends after two.
    dhcp.serve(host, NEW)
    host.router.advertise(OLD, NEW, gone=[OLD])
    host.router.run(["ip", "-6", "route", "del", OLD, "dev", "machine"])
    host.wait(lambda: has(host, NEW, deprecated=False), "an address by DHCPv6", 180)
    host.wait(lambda: not has(host, OLD, deprecated=False), "the old address to end", 180)

    told = wizard(host, "--check")
    assert told.returncode == ExitCode.NOT_PASSING, told.stdout + told.stderr
    assert f"The new one is {NEW}." in one_line(told)
    with pings(host, network.INTERNET) as own:
        repaired = wizard(host, "--repair", "--yes")
    assert repaired.returncode == ExitCode.DONE, repaired.stdout + repaired.stderr
    assert own.sent == own.answered > 0
    web = addresses(host, NEXT)[mastodon.container("web")]
    assert web.startswith("2001:db8:7:8:1:")
    host.wait(partial(answers, host, web), "an echo from web", 20)
    assert seen_source(mastodon) == web


@thorough
@pytest.mark.parametrize("debian", [12, 13, 14], indirect=True)
def test_the_service_follows_by_itself_and_not_prefixes_that_flap(machine: StartMachine) -> None:
    host, mastodon = start(machine)
    answer(host, mastodon, mode=Mode.ROUTED, prefix=PREFIX, fixed=("web",), follow=True)
    before = fingerprint(host)
    assert apply(host).returncode == ExitCode.DONE
    old, new = (str(each[2]) for each in (PREFIX, PART))
    host.wait(partial(answers, host, old), "an echo from web", 20)

    with asked(host, old, new) as outside:
        moves(host)
        host.wait(partial(has_followed, host), "the containers to follow", 180)
        host.wait(partial(answers, host, new), "an echo from web", 20)
    assert longest_silence(outside) <= 0.4
    assert seen_source(mastodon) == new
    assert wizard(host, "--check").returncode == ExitCode.DONE
    assert "The new one is 2001:db8:7:8::/64." in told_by_service(host)

    host.router.advertise(OLD, NEW, deprecated=[NEW])
    host.wait(
        lambda: "at most once in 10 minutes" in told_by_service(host), "that it waits to be told"
    )
    assert has_followed(host)
    assert undo(host).returncode == ExitCode.DONE
    stays(host)
    assert difference(before, fingerprint(host)) == ""


def has_followed(host: Machine) -> bool:
    """Whether the record names the new network, and nothing moves any more."""
    run = host.shell("cat /var/lib/docker-ipv6-wizard/runs/*/record.toml").stdout
    change = host.path(CHANGE)
    return f'network = "{NEXT}"' in run and 'state = "applied"' in change.read_text()


def told_by_service(host: Machine) -> str:
    words = ["journalctl", "--no-pager", "--output=cat", "--unit=docker-ipv6-wizard-prefix"]
    return " ".join(host.run(words).stdout.split())


@thorough
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_one_that_is_killed_in_the_middle_goes_back_to_the_old_prefix(
    machine: StartMachine,
) -> None:
    host, mastodon = start(machine)
    answer(host, mastodon, mode=Mode.ROUTED, prefix=PREFIX, fixed=("web",))
    assert apply(host).returncode == ExitCode.DONE
    moves(host)
    before, old = fingerprint(host), str(PREFIX[2])
    host.wait(partial(answers, host, old), "an echo from web", 20)
    change = host.path(CHANGE)

    with asked(host, old, str(PART[2])) as outside:
        process = subprocess.Popen(
            host.command(["wizard", "--repair", "--yes"]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # The first of what goes has gone.
        host.wait(
            lambda: change.exists() and is_withdrawing(change.read_text()),
            "the old network to be left",
            120,
        )
        host.shell("systemctl kill --signal=KILL 'docker-ipv6-wizard-apply-*.service'")
        process.wait(PATIENCE * 4)
        host.wait(lambda: 'state = "rolled back"' in change.read_text(), "the guard", 120)
        host.wait(partial(answers, host, old), "an echo from web", 20)
    assert longest_silence(outside) <= 2
    assert difference(before, fingerprint(host)) == ""
    assert wizard(host, "--check").returncode == ExitCode.NOT_AS_SET_UP


def is_withdrawing(text: str) -> bool:
    """Whether a step that takes something away has begun."""
    steps = tomllib.loads(text)["steps"]
    return any(each["kind"] == "withdraw" and each["state"] != "planned" for each in steps)


@thorough
@pytest.mark.parametrize("debian", [12, 13, 14], indirect=True)
def test_private_addresses_do_not_care(machine: StartMachine) -> None:
    host, mastodon = start(machine)
    answer(host, mastodon)
    assert apply(host).returncode == ExitCode.DONE
    with pings(host, network.INTERNET, mastodon.container("web")) as web:
        moves(host)
    assert web.sent == web.answered > 0
    # The old one ends.
    host.router.advertise(OLD, NEW, gone=[OLD])
    host.shell(f"ip -6 address del {network.MACHINE_ADVERTISED}/64 dev eth0")
    host.router.run(["ip", "-6", "route", "del", OLD, "dev", "machine"])
    assert wizard(host, "--check").returncode == ExitCode.DONE
    assert IPv6Network(seen_source(mastodon)).subnet_of(IPv6Network(NEW))
    nothing = wizard(host, "--repair", "--yes")
    assert (nothing.returncode, "nothing to repair" in nothing.stdout) == (ExitCode.DONE, True)
