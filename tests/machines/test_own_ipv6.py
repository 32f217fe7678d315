"""The host keeps its own IPv6, by its own packets: through a reboot, ``ifup``, and what sets
accept_ra and forwarding anew, on every interface that lives by router advertisements."""

import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest

from tests.lines import Lines
from tests.machines import dhcp
from tests.machines.conftest import StartMachine
from tests.machines.dhcp import LIFETIME, MANAGED, PAUSES
from tests.machines.support import answer, apply, reaches_internet, undo, wizard
from tests.machines.test_routed import PREFIX
from wizard.answers.choices import Mode
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal import network
from wizard.rehearsal.deployment import Deployment
from wizard.rehearsal.machine import Machine
from wizard.rehearsal.network import Advertisement

ADVERTISEMENT = Advertisement(lifetime=LIFETIME, pauses=PAUSES)

_IPV4 = (
    "auto eth0\niface eth0 inet static\n"
    f"    address {network.MACHINE_IPV4}/24\n    gateway {network.ROUTER_IPV4}\n"
)
_AUTO = "iface eth0 inet6 auto\n    accept_ra 1\n"
_STATIC = f"iface eth0 inet6 static\n    address {network.MACHINE}/64\n    accept_ra 1\n"
_DHCP = "iface eth0 inet6 dhcp\n"
_SECOND = "auto eth1\niface eth1 inet6 auto\n    accept_ra 1\n"
_STATIC_WHOLE = (
    f"iface eth0 inet6 static\n    address {network.MACHINE}/64\n    gateway {network.ROUTER}\n"
)

INTERFACES = "etc/network/interfaces.d/eth0"


@dataclass(frozen=True)
class Kind:
    """A kind of host: its interfaces(5), and the interfaces that live by advertisements."""

    stanzas: str
    living: tuple[str, ...] = ("eth0",)
    client: bool = False
    """Whether a DHCPv6 client gets the address."""
    advertisement: Advertisement = field(default=ADVERTISEMENT)


KINDS = {
    "auto and a second": Kind(_IPV4 + _AUTO + _SECOND, ("eth0", "eth1")),
    "auto": Kind(_IPV4 + _AUTO),
    "dhcp": Kind(_IPV4 + _DHCP, client=True, advertisement=MANAGED),
    "static with an advertised route": Kind(_IPV4 + _STATIC),
    "static, and a second": Kind(_IPV4 + _STATIC_WHOLE + _SECOND, ("eth1",)),
    "the kernel alone": Kind(_IPV4),
}


def routes(host: Machine, interface: str) -> str:
    """The default routes over an interface."""
    return host.run(["ip", "-6", "route", "show", "default", "dev", interface]).stdout


def is_up(host: Machine, interfaces: Sequence[str]) -> bool:
    """Whether each interface has a default route, and an echo comes back over it."""
    return all(routes(host, each) and echoes(host, each) for each in interfaces)


def echoes(host: Machine, interface: str) -> bool:
    ping = ["ping", "-n", "-c", "1", "-W", "1", "-I", interface, network.INTERNET]
    return host.run(ping, check=False).returncode == 0


@contextmanager
def every_second(host: Machine, interfaces: Sequence[str], lost: int = 0) -> Iterator[None]:
    """Send an echo request every second over each interface; at most so many go unanswered."""
    started = []
    for interface in interfaces:
        # An address may be new, and is not to be counted before it is in use.
        host.wait(partial(echoes, host, interface), f"an echo over {interface}")
        text = f"echo $$; exec ping -n -i 1 -I {interface} {network.INTERNET}"
        process = subprocess.Popen(
            host.command(["/bin/sh", "-c", text]), stdout=subprocess.PIPE, text=True
        )
        lines = Lines(process)
        started.append((interface, process, lines, lines.next()))
    try:
        yield
    finally:
        said = {}
        for interface, process, lines, number in started:
            host.run(["kill", "-INT", number])
            try:
                said[interface] = "\n".join(lines.rest())
            finally:
                process.kill()
    for interface, text in said.items():
        found = re.search(r"(\d+) packets transmitted, (\d+) received", text)
        assert found is not None, text
        assert int(found[1]) - int(found[2]) <= lost, f"{interface}: {text}"


def left(host: Machine, interface: str) -> int:
    """For how many more seconds what the last advertisement brought is valid.

    That is the route, or the address where a program keeps the route's lifetime to itself, as
    NetworkManager does.
    """
    shown = host.run(["ip", "-6", "address", "show", "dev", interface, "scope", "global"]).stdout
    # An address by DHCPv6 stands alone, and is no advertisement's.
    by_advertisement = r"/(?!128)\d+ scope.*\n\s+valid_lft (\d+)sec"
    found = [
        *re.findall(r"expires (\d+)sec", routes(host, interface)),
        *re.findall(by_advertisement, shown),
    ]
    return int(found[0]) if found else 0


def wait_for_renewal(host: Machine, interface: str) -> None:
    """Wait until an advertisement is heard: what it brings is valid for longer again."""
    least = left(host, interface)
    if not least:
        # dhcpcd keeps every lifetime to itself.
        arrival = ["tcpdump", "-n", "-c", "1", "-i", interface, "icmp6 and ip6[40] == 134"]
        host.run(arrival, timeout=LIFETIME)
        return

    def renewed() -> bool:
        nonlocal least
        now = left(host, interface)
        least = min(least, now)
        return now > least

    host.wait(renewed, f"an advertisement on {interface}", LIFETIME)


def lives_on(host: Machine, interfaces: Sequence[str], seconds: float = 0) -> None:
    """Make sure that the host's own packets come back every second, past a renewal at least."""
    host.wait(partial(is_up, host, interfaces), "the host's own IPv6")
    with every_second(host, interfaces):
        for interface in interfaces:
            wait_for_renewal(host, interface)
        host.run(["sleep", f"{seconds}"], timeout=seconds + 20)


def start_client(host: Machine, kind: Kind) -> None:
    """Install a DHCPv6 client, have the router serve addresses, and configure the interface."""
    dhcp.install(host, "isc-dhcp-client")
    host.path(f"/{INTERFACES}").write_text(kind.stanzas)
    dhcp.serve(host)
    host.reboot()


def start(machine: StartMachine, kind: Kind) -> Machine:
    def up(host: Machine) -> bool:
        return is_up(host, kind.living)

    host = machine(
        route="advertisement",
        files={INTERFACES: _IPV4 if kind.client else kind.stanzas},
        advertisement=kind.advertisement,
        second="eth1" in kind.living,
        # Without a client there is no address to send from yet.
        uplink_is_up=(lambda host: True) if kind.client else up,
    )
    if kind.client:
        start_client(host, kind)
        host.wait(partial(is_up, host, kind.living), "the address by DHCPv6")
    return host


def sysctl_files(host: Machine) -> None:
    """Files of others that are read later, and scripts that run late."""
    for file in ("/etc/sysctl.d/99-theirs.conf", "/etc/sysctl.conf"):
        lines = "net.ipv6.conf.eth0.accept_ra = 1\nnet.ipv6.conf.all.forwarding = 0\n"
        host.path(file).write_text(lines)
    host.run(["sysctl", "--system"], check=False)


def script_at_boot(host: Machine) -> None:
    script = host.path("/etc/rc.local")
    script.write_text("#!/bin/sh\nsysctl -w net.ipv6.conf.eth0.accept_ra=1\n")
    script.chmod(0o755)
    host.reboot()


def down_and_up(host: Machine) -> None:
    host.shell("ifdown eth0; ifup eth0", timeout=300)


CHANGES: dict[str, Callable[[Machine], None]] = {
    "reboot": Machine.reboot,
    "ifdown and ifup": down_and_up,
    "later files of kernel parameters": sysctl_files,
    "a reboot with them": Machine.reboot,
    "a script at boot": script_at_boot,
}


def withstands(
    host: Machine, mastodon: Deployment, kind: Kind, changes: Sequence[str], seconds: float = 0
) -> None:
    """Make sure of the host's own IPv6 and the containers' after each of some changes."""
    for change in changes:
        CHANGES[change](host)
        lives_on(host, kind.living, seconds)
        host.wait(partial(reaches_internet, mastodon), f"the containers after {change}")


def applied(host: Machine, mode: Mode) -> Deployment:
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon, **({} if mode is Mode.ULA else {"mode": mode, "prefix": PREFIX}))
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    return mastodon


@pytest.mark.parametrize("debian", [12], indirect=True)
def test_hosts_of_ifupdown_keep_their_ipv6_over_a_lifetime(machine: StartMachine) -> None:
    kind = KINDS["auto and a second"]
    host = start(machine, kind)
    with every_second(host, kind.living):
        mastodon = applied(host, Mode.ULA)
    withstands(host, mastodon, kind, ["ifdown and ifup", "later files of kernel parameters"])
    withstands(host, mastodon, kind, ["a script at boot"], LIFETIME)
    host.run(["rm", "/etc/sysctl.conf", "/etc/sysctl.d/99-theirs.conf"])
    with every_second(host, kind.living):
        assert undo(host).returncode == ExitCode.DONE
    lives_on(host, kind.living)


@pytest.mark.thorough
@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("name", list(KINDS))
@pytest.mark.parametrize("debian", [12, 13, 14], indirect=True)
def test_every_kind_of_host_keeps_its_ipv6_over_lifetimes(
    machine: StartMachine, debian: int, name: str, mode: Mode
) -> None:
    kind = KINDS[name]
    if kind.client and debian == 14:
        pytest.skip("Debian 14 has no isc-dhcp-client; test_dhcp.py has what it has")
    if mode is Mode.ROUTED and "eth0" not in kind.living:
        pytest.skip("the prefix is eth0's")
    host = start(machine, kind)
    with every_second(host, kind.living):
        mastodon = applied(host, mode)
    lives_on(host, kind.living, LIFETIME)
    withstands(host, mastodon, kind, list(CHANGES))
    lives_on(host, kind.living, LIFETIME)
    with every_second(host, kind.living):
        assert undo(host).returncode == ExitCode.DONE


@pytest.mark.thorough
@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("debian", [12, 13, 14], indirect=True)
def test_ten_minutes_after_a_boot_no_echo_has_been_lost(machine: StartMachine, mode: Mode) -> None:
    kind = KINDS["auto and a second"]
    host = start(machine, kind)
    mastodon = applied(host, mode)
    host.reboot()
    lives_on(host, kind.living, 600)
    assert reaches_internet(mastodon)


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [12, 13, 14], indirect=True)
@pytest.mark.parametrize("manager", ["systemd-networkd", "NetworkManager"])
def test_where_a_program_listens_itself_nothing_is_needed(
    machine: StartMachine, manager: str
) -> None:
    if manager == "systemd-networkd":
        host = machine(route="advertisement", manager=manager, advertisement=ADVERTISEMENT)
        again = "networkctl reload; networkctl reconfigure eth0"
    else:
        host = machine(route="advertisement", advertisement=ADVERTISEMENT)
        dhcp.install(host, "network-manager")
        host.path(f"/{INTERFACES}").unlink()
        host.path("/etc/NetworkManager/conf.d/all.conf").write_text(
            "[keyfile]\nunmanaged-devices=except:interface-name:eth0\n"
            "[device]\nmatch-device=interface-name:eth0\nmanaged=1\n"
        )
        profile = host.path("/etc/NetworkManager/system-connections/eth0.nmconnection")
        profile.write_text(
            "[connection]\nid=eth0\ntype=ethernet\ninterface-name=eth0\n[ipv4]\nmethod=manual\n"
            f"address1={network.MACHINE_IPV4}/24,{network.ROUTER_IPV4}\n"
            "[ipv6]\nmethod=auto\naddr-gen-mode=0\n"
        )
        profile.chmod(0o600)
        host.reboot()
        again = "nmcli connection up eth0"
    mastodon = applied(host, Mode.ULA)
    assert not host.path("/etc/systemd/system/docker-ipv6-wizard-uplink.service").exists()
    lives_on(host, ["eth0"], LIFETIME)
    host.shell(again)
    lives_on(host, ["eth0"], LIFETIME)
    host.reboot()
    lives_on(host, ["eth0"], LIFETIME)
    assert reaches_internet(mastodon)


@pytest.mark.parametrize("debian", [13], indirect=True)
def test_a_deprecated_address_is_refused_with_the_line_that_mends_it(
    machine: StartMachine,
) -> None:
    host = machine()
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon)
    change = ["ip", "-6", "address", "change", f"{network.MACHINE}/64", "dev", "eth0"]
    host.run([*change, "preferred_lft", "0"])

    refused = apply(host)

    assert refused.returncode == ExitCode.REFUSED
    assert wizard(host, "--plan", "--answers", "/root/answers.toml").returncode == ExitCode.REFUSED
    assert "mastodon_ipv6" not in host.run(["docker", "network", "ls"]).stdout
    (line,) = re.findall(
        r"ip -6 address change \S+ dev \S+ preferred_lft forever", refused.stderr.replace("\n", " ")
    )
    host.shell(line)
    with every_second(host, ["eth0"]):
        assert apply(host).returncode == ExitCode.DONE
    asked = ["ip", "-6", "route", "get", network.INTERNET]
    assert f"src {network.MACHINE} " in host.run(asked).stdout


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_an_undo_brings_the_default_route_back_or_says_that_it_is_missing(
    machine: StartMachine,
) -> None:
    # Its router says nothing unasked for minutes.
    host = machine(route="advertisement")
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon)
    assert apply(host).returncode == ExitCode.DONE
    stop = ["systemctl", "stop", "docker-ipv6-wizard-uplink.service"]

    # Another's doing, just before: what undo takes back is not what it lost.
    host.run(stop)
    host.run(["ip", "-6", "route", "del", "default"])
    assert undo(host).returncode == ExitCode.DONE
    assert "proto ra" in routes(host, "eth0")

    assert apply(host).returncode == ExitCode.DONE
    host.run(stop)
    host.router.stop_advertising()
    host.run(["ip", "-6", "route", "del", "default"])
    ended = undo(host)
    assert ended.returncode == ExitCode.ROLLBACK_INCOMPLETE
    said = ended.stdout.replace("\n", " ")
    (line,) = re.findall(r"ip -6 route replace default via \S+ dev eth0", said)[:1]
    host.shell(line)
    assert undo(host).returncode == ExitCode.DONE
    assert echoes(host, "eth0")
