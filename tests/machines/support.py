"""What the tests of whole runs share: answers, the wizard in a machine, and packets that count."""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path

from tests.lines import PATIENCE, Lines
from tests.machines.terminal import Terminal
from wizard.answers import answers_file
from wizard.answers.choices import Choices, Mode, Placement
from wizard.rehearsal import installation, network
from wizard.rehearsal.deployment import Deployment
from wizard.rehearsal.machine import Machine

ULA = IPv6Network("fd12:3456:789a::/64")
ANSWERS = "/root/answers.toml"
RECORD = "/var/lib/docker-ipv6-wizard/record.toml"
SERVICES = ("web", "streaming", "sidekiq")

# What the deployment of 2017 publishes on every address of the host, where a routed network of 27
# and later answers on the containers' own addresses alone.
PUBLISHED = ("[::]:3000/tcp", "[::]:4000/tcp")

SOON = 20.0
"""Seconds for what follows at once; what is not followed would be found later, in half a minute."""

# The Python of the installation in a machine, for programs of the tests that import the wizard.
PYTHON = str(installation.PYTHON)


def answer(machine: Machine, deployment: Deployment, **changes: object) -> Choices:
    """Leave an answers file in the machine; what a routed network ends for certain is accepted."""
    ends = changes.get("mode") is Mode.ROUTED and machine.release >= 14
    choices = Choices(
        prefix=ULA,
        network="mastodon_ipv6",
        project="mastodon",
        file=Path(deployment.file),
        services=SERVICES,
        placement=Placement.IN_PLACE,
        target=IPv6Address(network.INTERNET),
        accepted=PUBLISHED if ends and deployment.shape == "2017" else (),
    )
    choices = replace(choices, **changes)  # type: ignore[arg-type]
    machine.path(ANSWERS).write_text(answers_file.dumps(choices))
    return choices


def wizard(machine: Machine, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the wizard in the machine and return how it ended, whatever that was."""
    return machine.run(["wizard", *words], check=False, timeout=300)


def apply(machine: Machine) -> subprocess.CompletedProcess[str]:
    return wizard(machine, "--apply", "--yes", "--answers", ANSWERS)


def walk_to_question(machine: Machine) -> Terminal:
    """Log in over SSH, answer every question of the wizard by keyboard, up to the last one."""
    terminal = Terminal([*machine.ssh_command(4), "-t", "wizard", "--answers", ANSWERS])
    for number in range(1, 20):
        terminal.wait_for(f"{number} of ")
        if "· Preview" in terminal.text:
            break
        if "· Your host" in terminal.text:
            wait_for_host(terminal)
        if "· Does the router ask" in terminal.text:
            terminal.wait_for("Your provider asks", "Your provider sends")
        terminal.press("enter")
    terminal.press("enter")
    terminal.wait_for("steps now?")
    return terminal


def wait_for_host(terminal: Terminal) -> None:
    """Wait until the host is known, and look again where it is too busy to answer in time."""
    ready, late = "This host is ready", "did not answer"
    for _look in range(5):
        found = terminal.wait_for(ready, "press R to look again")
        # Without its projects a host is ready, too.
        if found == ready and late not in " ".join(terminal.text.split()):
            return
        terminal.press("r")
        terminal.wait_for("Looking at this host")
    raise AssertionError(f"the host never was ready; the screen is:\n{terminal.text}")


def keep_from_second_login(machine: Machine, terminal: Terminal) -> None:
    """Wait for the question, and type what it says in a login of its own."""
    terminal.wait_for("Then type there:")
    # The screen may be half painted.
    found: list[str] = []
    until = time.monotonic() + PATIENCE
    while not found:
        assert time.monotonic() < until, f"no line to type on the screen:\n{terminal.text}"
        terminal.wait_for("wizard --keep")
        found = re.findall(r"^ {4,}(\S*wizard --keep)$", terminal.text, re.MULTILINE)
    line = found[0]
    second = [*machine.ssh_command(6), line]
    subprocess.run(second, check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)


def apply_by_keyboard(machine: Machine) -> int:
    """Go through the whole wizard by keyboard and return its exit code."""
    terminal = walk_to_question(machine)
    terminal.press("y")
    keep_from_second_login(machine, terminal)
    terminal.wait_for("The way of their packets")
    terminal.press("enter")
    ended = terminal.wait_for_end()
    # Others who are logged in are told; the screens say it themselves.
    assert b"Broadcast message" not in terminal.received
    assert b"The change for IPv6 in containers is" not in terminal.received
    return ended


def undo(machine: Machine) -> subprocess.CompletedProcess[str]:
    return wizard(machine, "--undo", "--yes")


def reaches_internet(deployment: Deployment, service: str = "web") -> bool:
    """Whether a container of the service gets an answer over IPv6."""
    ping = ["ping6", "-c", "1", "-W", "3", network.INTERNET]
    return deployment.exec(service, ping, check=False).returncode == 0


def seen_source(deployment: Deployment, service: str = "web") -> str:
    """The address that the internet sees a container come from."""
    asked = ["nc", network.INTERNET, "443"]
    return deployment.exec(service, asked).stdout.strip()


@dataclass
class Count:
    """Packets sent and answered; filled in when the counting ends."""

    sent: int = 0
    answered: int = 0


@contextmanager
def pings(machine: Machine, target: str, container: str | None = None) -> Iterator[Count]:
    """Ping a target twenty times a second, from the machine or one of its containers."""
    enter = ""
    if container is not None:
        pid = machine.run(["docker", "inspect", "--format", "{{.State.Pid}}", container])
        enter = f"nsenter --target {pid.stdout.strip()} --net "
    text = f"echo $$; exec {enter}ping -n -i 0.05 {target}"
    process = subprocess.Popen(
        machine.command(["/bin/sh", "-c", text]), stdout=subprocess.PIPE, text=True
    )
    count, lines = Count(), Lines(process)
    try:
        number = lines.next()
        first = [lines.next(), lines.next()]
        assert "time=" in first[1], f"no answer from {target} to begin with: {first}"
        try:
            yield count
        finally:
            machine.run(["kill", "-INT", number])
            said = "\n".join(lines.rest())
    finally:
        process.kill()
        process.wait(PATIENCE)
    found = re.search(r"(\d+) packets transmitted, (\d+) received", said)
    assert found is not None, said
    count.sent, count.answered = int(found[1]), int(found[2])


@contextmanager
def lost_default_routes(machine: Machine) -> Iterator[list[str]]:
    """Gather every message of the kernel that an IPv6 default route has gone."""
    process = subprocess.Popen(
        machine.command(["/bin/sh", "-c", "echo $$; exec ip -6 monitor route"]),
        stdout=subprocess.PIPE,
        text=True,
    )
    lines, lost = Lines(process), list[str]()
    try:
        number = lines.next()
        listens_to_routes(machine, lines)
        try:
            yield lost
        finally:
            machine.run(["kill", number])
            said = lines.rest()
    finally:
        process.kill()
        process.wait(PATIENCE)
    lost += [line for line in said if line.startswith("Deleted default")]


def listens_to_routes(machine: Machine, monitor: Lines) -> None:
    """Wait until a monitor of routes listens: it sees a route of our own come, after some tries.

    It says nothing of what came before it listened, and it does not say when it does.
    """
    marker = "2001:db8:aaaa::/64"
    until = time.monotonic() + PATIENCE
    heard = ""
    while marker not in heard:
        assert time.monotonic() < until, "the monitor of routes never heard of one"
        machine.run(["ip", "-6", "route", "add", "blackhole", marker])
        heard = monitor.next_or_none(0.5) or ""
        machine.run(["ip", "-6", "route", "del", "blackhole", marker])
