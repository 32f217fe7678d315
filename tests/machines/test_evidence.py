"""Who manages an interface, and what Docker is, though others call their processes the same."""

import shlex
import subprocess
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.lines import PATIENCE, Lines
from tests.machines.conftest import StartMachine
from tests.machines.support import PYTHON
from tests.machines.test_detection import AS_PERSON, Host, detect
from wizard.rehearsal import deployment
from wizard.rehearsal.machine import Machine

EVERYWHERE = pytest.mark.parametrize(
    "debian",
    [
        12,
        pytest.param(13, marks=pytest.mark.thorough),
        pytest.param(14, marks=pytest.mark.thorough),
    ],
    indirect=True,
)

DHCPCD = "dhcpcd: eth0 [ip4] [ip6]"


def program(machine: Machine, name: str, title: str, *options: str) -> list[str]:
    """Return the command of a program with this name, title and options, which does nothing."""
    machine.shell(f"test -e /tmp/{name} || cp /bin/dash /tmp/{name}")
    words = [title, f"/tmp/{name}", "-c", "while :; do sleep 3600; done", name, *options]
    return ["/bin/bash", "-c", f"exec -a {shlex.join(words)}"]


def pretend(machine: Machine, name: str, title: str, *options: str) -> None:
    """Start such a program as an ordinary user."""
    words = shlex.join([*AS_PERSON, *program(machine, name, title, *options)])
    machine.shell(f"{words} >/dev/null 2>&1 </dev/null &")


def shown(machine: Machine, words: str) -> int:
    """Return how many processes of the machine show these words, as the attack wants it."""
    listed = machine.run(["ps", "-eo", "args"]).stdout
    return sum(words in line for line in listed.splitlines())


def turned_round(machine: Machine, engine: dict[str, Any]) -> list[str]:
    """Return options that would say the contrary of what the Docker of a machine does."""
    manages = engine["manages_ip6tables"]
    assert manages is (machine.release >= 14)
    return ["--experimental=true", f"--ip6tables={'false' if manages else 'true'}"]


@EVERYWHERE
def test_what_anybody_calls_a_process_manages_nothing_and_tells_nothing_of_docker(
    machine: StartMachine, debian: int
) -> None:
    started = machine()
    honest = detect(started)
    assert honest["manager"] == "ifupdown"

    # A process of an ordinary user, older than Docker, with words that turn it round.
    options = turned_round(started, honest["engine"])
    pretend(started, "dockerd", "dockerd", *options)
    pretend(started, "dhcpcd", DHCPCD)
    pretend(started, "NetworkManager", "NetworkManager")
    started.run(["systemctl", "restart", "docker.service"])
    started.wait_for_docker()
    wanted = (" ".join(options), DHCPCD)
    started.wait(lambda: all(shown(started, each) for each in wanted), "the processes")
    for user in ((), AS_PERSON):
        assert detect(started, user)["manager"] == "ifupdown"
    assert detect(started)["engine"] == honest["engine"]

    # Docker does not run, and is not woken.
    started.run(["systemctl", "stop", "docker.service"])
    assert "systemctl start docker" in detect(started)["engine"]["unknown"]
    state = started.run(["systemctl", "is-active", "docker.service"], check=False).stdout
    assert state.strip() == "inactive"


CONTAINED = (("--net=host",), ("--pid=host",), ("--pid=host", "--net=host"))
"""How a container is given what is the host's; with all of it alone the processes look like it."""

# Terminals of root and of a person, each shown with what is written to it, until a line says so.
TERMINALS = """
import os, pwd, sys
person = pwd.getpwnam("person").pw_uid
made = {}
for owner in (0, person):
    reader, terminal = os.openpty()
    os.chown(terminal, owner, -1)
    made[reader] = terminal
print(",".join(os.ttyname(each).removeprefix("/dev/") for each in made.values()), flush=True)
sys.stdin.readline()
for reader, terminal in made.items():
    os.write(terminal, b"end")
    said = b""
    while not said.endswith(b"end"):
        said += os.read(reader, 4096)
    print(said, flush=True)
"""


def contain(machine: Machine, flags: Sequence[str], user: str, inside: Sequence[str]) -> None:
    """Run a command in a container that sees the whole file system of the host."""
    image = machine.run(["docker", "images", "--quiet"]).stdout.split()[0]
    run = ["docker", "run", "--detach", *flags, "--volume=/:/host", image, "chroot", "/host"]
    machine.run([*run, "/usr/sbin/runuser", "-u", user, "--", *inside])


@pytest.mark.parametrize(
    "debian",
    [13, *(pytest.param(each, marks=pytest.mark.thorough) for each in (12, 14))],
    indirect=True,
)
def test_what_runs_in_a_container_manages_nothing_and_is_no_login(machine: StartMachine) -> None:
    started = machine(manager="ifupdown")
    deployment.up(started, "current")
    before = detect(started)
    assert before["manager"] == "ifupdown"
    options = turned_round(started, before["engine"])
    manager = program(started, "dhcpcd", DHCPCD)
    engine = program(started, "dockerd", "dockerd", *options)
    # Where there is a utmp(5), wall(1) tells those who are logged in.
    started.shell("rm -f /run/utmp")
    process = subprocess.Popen(
        started.command(["/usr/bin/python3", "-c", TERMINALS]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        lines = Lines(process)
        title = f"sshd: person@{lines.next()}"
        login = program(started, "sshd", title)
        for flags in CONTAINED:
            contain(started, flags, "root", manager)
            contain(started, flags, "root", engine)
            contain(started, flags, "person", login)
        contain(started, ["--pid=host"], "root", login)
        pretend(started, "sshd", title)
        wanted = {DHCPCD: 3, " ".join(options): 3, title: 5}
        started.wait(lambda: all(shown(started, each) >= wanted[each] for each in wanted), "them")

        for user in ((), AS_PERSON):
            assert detect(started, user)["manager"] == "ifupdown"
        assert detect(started)["engine"] == before["engine"]
        told = "from wizard.run import terminals; terminals.tell('words')"
        started.run([PYTHON, "-c", told])
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert [lines.next(), lines.next()] == ["b'end'", "b'end'"]
    finally:
        process.kill()
        process.wait(PATIENCE)


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [12], indirect=True)
def test_a_configuration_of_docker_that_is_no_file_is_not_waited_for(
    machine: StartMachine,
) -> None:
    started = machine()
    started.shell(
        "echo '{}' > /etc/docker-own.json; unit=/run/systemd/system/docker.service.d; "
        "mkdir -p $unit; printf '[Service]\nExecStart=\n"
        "ExecStart=/usr/sbin/dockerd -H fd:// --config-file /etc/docker-own.json\n'"
        " > $unit/own.conf; systemctl daemon-reload; systemctl restart docker.service"
    )
    started.wait_for_docker()
    assert detect(started)["engine"]["version"]
    for make in ("mkfifo {}", "ln -s /dev/zero {}", "mkdir {}", "truncate --size=1G {}"):
        started.shell("rm -rf /etc/docker-own.json; " + make.format("/etc/docker-own.json"))
        # detect() sees to it that nobody was waited for.
        assert "/etc/docker-own.json cannot be read" in detect(started)["engine"]["unknown"]


def has_route(machine: Machine) -> bool:
    return "default" in machine.run(["ip", "-6", "route", "show", "default"]).stdout


def by_dhcpcd(machine: Machine, words: str) -> None:
    machine.run(["apt-get", "install", "-qq", "dhcpcd-base"])
    # The address is still that of the kernel's: dhcpcd makes it its own.
    machine.shell(f"ip link set eth0 up; dhcpcd -b {words}")


def by_dhcpcd_on_all(machine: Machine) -> None:
    by_dhcpcd(machine, "")


def by_dhcpcd_on_one(machine: Machine) -> None:
    by_dhcpcd(machine, "eth0")


def by_dhcpcd_for_ipv6(machine: Machine) -> None:
    by_dhcpcd(machine, "-6 eth0")


def by_network_manager(machine: Machine) -> None:
    machine.shell(
        "umask 077; mkdir -p /etc/NetworkManager/system-connections; "
        "printf '[connection]\nid=eth0\ntype=ethernet\ninterface-name=eth0\n[ipv4]\n"
        "method=disabled\n[ipv6]\nmethod=auto\naddr-gen-mode=eui64\n'"
        " > /etc/NetworkManager/system-connections/eth0.nmconnection; "
        "apt-get install -qq network-manager; systemctl restart NetworkManager; "
        "nmcli --wait 20 connection up eth0"
    )


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        pytest.param(by_dhcpcd_on_all, "dhcpcd", marks=pytest.mark.thorough),
        pytest.param(by_dhcpcd_on_one, "dhcpcd", marks=pytest.mark.thorough),
        pytest.param(by_dhcpcd_for_ipv6, "dhcpcd", marks=pytest.mark.thorough),
        (by_network_manager, "NetworkManager"),
    ],
)
@pytest.mark.parametrize(
    "debian",
    [13, *(pytest.param(each, marks=pytest.mark.thorough) for each in (12, 14))],
    indirect=True,
)
def test_real_managers_are_recognised_by_everybody(
    machine: StartMachine, start: Callable[[Machine], None], expected: str
) -> None:
    started = machine(
        route="advertisement",
        files={"etc/network/interfaces.d/eth0": ""},
        uplink_is_up=lambda _machine: True,
    )
    started.run(["apt-get", "update", "-qq"])
    start(started)
    started.wait(lambda: has_route(started), "a default route")
    found: list[Host] = [detect(started), detect(started, AS_PERSON)]
    assert [host["manager"] for host in found] == [expected, expected]
