"""What somebody changed between a run and its undo, and what the undo makes of it."""

import re
import subprocess

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.guarding import Guarded, guarded
from tests.machines.support import apply, reaches_internet, undo, wizard
from wizard.platform.errors import ExitCode

SYSCTLS = "/etc/sysctl.d/zz-docker-ipv6-wizard.conf"
UPLINK = "docker-ipv6-wizard-uplink.service"
CHAIN = "DOCKER-IPV6-WIZARD"
THEIR_RULE = ("-s", "2001:db8:bad::/48", "-j", "DROP")

on_debian13 = pytest.mark.parametrize("debian", [13], indirect=True)
on_debian12 = pytest.mark.parametrize("debian", [12], indirect=True)


class Meddled:
    """A host on which the wizard has run, and somebody after it."""

    def __init__(self, run: Guarded) -> None:
        self.run, self.host = run, run.host
        self.compose = self.host.path(run.mastodon.file)
        self.original = self.compose.read_bytes()
        text = str(self.host.run(["ip", "-6", "route", "show", "default"]).stdout)
        self.value = f"net.ipv6.conf.{text.split(' dev ')[1].split()[0]}.accept_ra"

    def meddle(self) -> None:
        """Apply, and change one object of each kind but the unit."""
        assert apply(self.host).returncode == ExitCode.DONE
        assert reaches_internet(self.run.mastodon)
        self.applied = self.compose.read_bytes()
        self.sysctls = self.host.path(SYSCTLS).read_bytes()
        self.compose.write_bytes(self.bump(self.applied))
        self.host.path(SYSCTLS).write_bytes(self.sysctls + b"# mine\n")
        # Its service would set the value again within a second: whoever means it stops that first.
        self.host.run(["systemctl", "stop", UPLINK])
        self.host.run(["sysctl", "--write", f"{self.value}=0"])
        self.host.run(["ip6tables", "-I", CHAIN, "2", *THEIR_RULE])
        for container in self.on_the_network():
            self.host.run(["docker", "network", "disconnect", "mastodon_ipv6", container])
        self.host.run(["docker", "network", "rm", "mastodon_ipv6"])
        words = ["--ipv6", "--subnet", "fd99::/64", "mastodon_ipv6"]
        self.host.run(["docker", "network", "create", *words])

    @staticmethod
    def bump(content: bytes) -> bytes:
        """What somebody does to a Compose file: another version, an entry, and a remark."""
        content = re.sub(rb"(?m)^( +)image: .*$", rb"\g<0> # bumped", content, count=2)
        return content + b"# mine\n"

    def on_the_network(self) -> list[str]:
        asked = ("--filter", "network=mastodon_ipv6", "--format", "{{.Names}}")
        return str(self.host.run(["docker", "ps", *asked]).stdout).split()

    def live(self) -> str:
        return str(self.host.run(["sysctl", "--values", self.value]).stdout).strip()

    def rules(self) -> str:
        return str(self.host.run(["ip6tables-save"]).stdout)

    def subnets(self) -> str:
        shown = ("--format", "{{json .IPAM.Config}}", "mastodon_ipv6")
        return str(self.host.run(["docker", "network", "inspect", *shown]).stdout)


@pytest.mark.thorough
@on_debian13
def test_the_original_is_put_back_to_the_last_byte_and_rule(machine: StartMachine) -> None:
    run = guarded(machine, route="advertisement")
    made = Meddled(run)
    made.meddle()
    assert wizard(run.host, "--undo", "--changed", "original").returncode == ExitCode.REFUSED
    assert made.compose.read_bytes() == made.bump(made.applied)
    done = wizard(run.host, "--undo", "--yes", "--changed", "original")
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    run.compare("original")


@pytest.mark.thorough
@on_debian13
def test_what_the_wizard_left_is_put_back_and_said_to_be_there(machine: StartMachine) -> None:
    run = guarded(machine, route="advertisement")
    made = Meddled(run)
    made.meddle()
    done = wizard(run.host, "--undo", "--yes", "--changed", "ours")
    assert done.returncode == ExitCode.ROLLBACK_INCOMPLETE, done.stdout + done.stderr
    assert "Left on this host, and why:" in done.stdout
    assert made.compose.read_bytes() == made.applied
    assert run.host.path(SYSCTLS).read_bytes() == made.sysctls
    assert made.live() == "2"
    assert THEIR_RULE[1] not in made.rules()
    assert "MASQUERADE" in made.rules()
    assert "fd99::/64" not in made.subnets()
    assert run.state == "undo incomplete"
    again = wizard(run.host, "--undo", "--yes", "--changed", "ours")
    assert again.returncode == ExitCode.ROLLBACK_INCOMPLETE
    assert made.compose.read_bytes() == made.applied
    # From there everything can be taken back, and the steps that are undone are not touched again.
    done = undo(run.host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    run.compare("ours, then all")


@on_debian13
def test_what_somebody_did_stays_and_all_that_they_did_not_touch_goes(
    machine: StartMachine,
) -> None:
    run = guarded(machine, route="advertisement")
    made = Meddled(run)
    made.meddle()
    done = undo(run.host)
    assert done.returncode == ExitCode.ROLLBACK_INCOMPLETE, done.stdout + done.stderr
    assert made.compose.read_bytes() == made.bump(made.original)
    assert run.host.path(SYSCTLS).read_bytes() == made.sysctls + b"# mine\n"
    assert made.live() == "0"
    assert THEIR_RULE[1] in made.rules()
    assert "MASQUERADE" not in made.rules()
    assert "fd99::/64" in made.subnets()
    left = run.record
    assert undo(run.host).returncode == ExitCode.ROLLBACK_INCOMPLETE
    assert [each["left"] for each in run.record["steps"]] == [
        each["left"] for each in left["steps"]
    ]
    # When they take away what they did, what is left of ours goes too.
    made.compose.write_bytes(made.original)
    run.host.path(SYSCTLS).unlink()
    run.host.run(["sysctl", "--write", f"{made.value}=1"])
    run.host.run(["ip6tables", "-D", CHAIN, *THEIR_RULE])
    run.host.run(["docker", "network", "rm", "mastodon_ipv6"])
    done = undo(run.host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert undo(run.host).returncode == ExitCode.REFUSED
    run.compare("theirs, then all")


@pytest.mark.thorough
@on_debian12
def test_a_guest_keeps_the_network_and_an_undo_that_was_killed_goes_on_as_was_chosen(
    machine: StartMachine,
) -> None:
    run = guarded(machine, route="advertisement")
    made = Meddled(run)
    assert apply(run.host).returncode == ExitCode.DONE
    guest = ["docker", "run", "--detach", "--name", "guest", "--network", "mastodon_ipv6"]
    run.host.run([*guest, "mastodon-practice:1", "sleep", "1000"])
    ended = undo(run.host)
    assert ended.returncode == ExitCode.ROLLBACK_INCOMPLETE
    assert made.on_the_network() == ["guest"]
    # The command that it names is the one that helps.
    command = re.search(r"docker network disconnect mastodon_ipv6 guest", ended.stdout)
    assert command is not None, ended.stdout
    run.host.run(command[0].split())
    assert undo(run.host).returncode == ExitCode.DONE
    run.host.run(["docker", "rm", "--force", "guest"])
    run.compare("guest")

    killed = 0
    for step in (6, 4, 2):
        made.meddle()
        process = subprocess.Popen(
            run.host.command(["wizard", "--undo", "--yes", "--changed", "original"]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

        def reached(step: int = step) -> bool:
            return str(run.record["steps"][step - 1]["state"]) != "done"

        run.host.wait(reached, f"step {step} to be taken back")
        number = run.host.path("/var/lib/docker-ipv6-wizard/lock").read_text().strip()
        run.host.run(["kill", "-KILL", number], check=False)
        process.wait(300)
        if run.state != "undone":
            killed += 1
            done = undo(run.host)
            assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
        run.compare(f"killed at {step}")
    assert killed, "no undo was cut short"
