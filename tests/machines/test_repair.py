"""Whatever is lost of a set-up in force: told with its cause, put back, and packets pass again."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.guarding import Guarded, guarded
from tests.machines.support import SERVICES, answer, apply, reaches_internet, undo, wizard
from tests.machines.test_routed import NETWORK, PREFIX
from wizard.answers.choices import Mode
from wizard.platform.errors import ExitCode
from wizard.rehearsal.deployment import FOLDER

UNIT = "docker-ipv6-wizard.service"
FILTER = "docker-ipv6-wizard-filter.service"
PROXY = "docker-ipv6-wizard-ndp.service"
UPLINK = "docker-ipv6-wizard-uplink.service"
SYSCTLS = "/etc/sysctl.d/zz-docker-ipv6-wizard.conf"
PRIVATE = "mastodon_ipv6"


class Kept(Guarded):
    """A host on which a set-up is kept and works."""

    network = PRIVATE

    def checks(self) -> dict[str, Any]:
        said = wizard(self.host, "--check", "--json")
        assert said.stdout.startswith("{"), said.stdout + said.stderr
        found: dict[str, Any] = json.loads(said.stdout)
        assert found["code"] == said.returncode
        return found

    def repairs(self, *words: str) -> subprocess.CompletedProcess[str]:
        return wizard(self.host, "--repair", "--yes", *words)

    def works(self) -> None:
        for service in SERVICES:
            self.host.wait(partial(reaches_internet, self.mastodon, service), f"{service}", 20)
        found = self.checks()
        assert found["code"] == ExitCode.DONE, found
        assert {each["state"] for each in found["steps"]} == {"in effect"}

    def leave(self) -> None:
        """Take every container off the network."""
        listed = ("--all", "--filter", f"network={self.network}", "--format", "{{.Names}}")
        for name in str(self.host.run(["docker", "ps", *listed]).stdout).split():
            self.host.run(["docker", "network", "disconnect", "--force", self.network, name])


def kept(machine: StartMachine, mode: Mode, **options: Any) -> Kept:
    run = guarded(machine, **options)
    made = Kept(run.host, run.mastodon, run.before)
    if mode is Mode.ROUTED:
        made.network = NETWORK
        answer(run.host, run.mastodon, mode=mode, prefix=PREFIX, network=NETWORK)
    compose = f"cd {FOLDER}; git init -q; git add docker-compose.yml; "
    who = "-c user.name=person -c user.email=person@mastodon.example"
    run.host.shell(f"{compose} git {who} commit -q -m first")
    made.before = made.now()
    done = apply(run.host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    made.works()
    return made


@dataclass(frozen=True)
class Case:
    """Something that happens to a host, and what is said of it."""

    happens: Callable[[Kept], object]
    cause: str = ""
    """What the cause of one of the steps says; empty where nothing is lost."""
    words: tuple[str, ...] = ()
    """What is typed besides ``--repair --yes``."""
    state: str = "missing"


def down_and_up(run: Kept) -> None:
    run.mastodon.compose("down")
    run.mastodon.compose("up", "-d")


def made_anew(run: Kept) -> None:
    """Compose makes the containers anew, after somebody has restored the old file."""
    run.mastodon.compose("up", "-d", "--force-recreate", *SERVICES)


def restored_and_made_anew(run: Kept) -> None:
    run.host.shell(f"cd {FOLDER}; git checkout -q docker-compose.yml")
    run.mastodon.compose("up", "-d", "--force-recreate", *SERVICES)


def pruned(run: Kept) -> None:
    run.leave()
    run.host.run(["docker", "network", "prune", "--force"])


def system_pruned(run: Kept) -> None:
    run.mastodon.compose("down")
    run.host.run(["docker", "system", "prune", "--force"])
    run.mastodon.compose("up", "-d")


def somebody_s_network(run: Kept) -> None:
    run.leave()
    run.host.run(["docker", "network", "rm", run.network])
    words = ["--ipv6", "--subnet", "fd99::/64", run.network]
    run.host.run(["docker", "network", "create", *words])


def flushed(run: Kept) -> None:
    run.host.shell("ip6tables -F; ip6tables -t nat -F")


def flushed_without_the_service(run: Kept) -> None:
    run.host.run(["systemctl", "stop", FILTER])
    run.host.shell("ip6tables -F; ip6tables -t nat -F")


def reloaded(run: Kept) -> None:
    """Both of ours are stopped, as if they had failed, when the firewall is loaded anew."""
    run.host.run(["systemctl", "stop", FILTER])
    run.host.path("/etc/nftables.conf").write_text("#!/usr/sbin/nft -f\nflush ruleset\n")
    # IPv4 and Docker's own rules are Docker's to put back.
    run.host.run(["systemctl", "reload-or-restart", "nftables.service"])
    run.host.run(["systemctl", "restart", "docker.service"])
    run.host.wait_for_docker()


def another_value(run: Kept) -> None:
    run.host.path("/etc/sysctl.conf").write_text("net.ipv6.conf.all.forwarding = 0\n")
    run.host.run(["systemctl", "stop", UPLINK], check=False)
    run.host.run(["sysctl", "--system"])
    run.host.path("/etc/sysctl.conf").unlink()


def disabled(run: Kept) -> None:
    run.host.run(["systemctl", "disable", "--now", FILTER])
    run.host.shell("ip6tables -F; ip6tables -t nat -F")


def masked(run: Kept) -> None:
    path = f"/etc/systemd/system/{FILTER}"
    run.host.shell(f"ln -sf /dev/null {path}; systemctl daemon-reload; systemctl stop {FILTER}")


def checked_out(run: Kept) -> None:
    run.host.shell(f"cd {FOLDER}; git checkout -q docker-compose.yml")


CASES = {
    "docker compose down && up": Case(down_and_up),
    "containers made anew": Case(made_anew),
    "git checkout": Case(checked_out, "perhaps by git"),
    "git checkout, then made anew": Case(restored_and_made_anew, "git"),
    "docker network prune": Case(pruned, "pruned"),
    "docker system prune": Case(system_pruned),
    "a network of the same name": Case(
        somebody_s_network, "removed the network", ("--changed", "ours"), "changed by somebody"
    ),
    "ip6tables -F": Case(flushed),
    "ip6tables -F without the service": Case(flushed_without_the_service, "ended"),
    "a unit disabled": Case(disabled, "disabled", ("--changed", "ours"), "changed by somebody"),
    "a unit masked": Case(masked, "masked", ("--changed", "ours"), "changed by somebody"),
}
SAMPLE = ("git checkout, then made anew", "docker network prune", "a network of the same name")


def try_case(run: Kept, name: str) -> None:
    case = CASES[name]
    case.happens(run)
    if not case.cause:
        run.works()
        return
    found = run.checks()
    assert found["code"] in (ExitCode.NOT_PASSING, ExitCode.NOT_AS_SET_UP), name
    wrong = [each for each in found["steps"] if each["state"] != "in effect"]
    assert case.state in {each["state"] for each in wrong}, (name, wrong)
    causes = [f"{each['cause']} {each['evidence']}" for each in wrong]
    assert any(case.cause in cause for cause in causes), (name, causes)
    done = run.repairs(*case.words)
    assert done.returncode == ExitCode.DONE, (name, done.stdout + done.stderr)
    run.works()


@pytest.mark.parametrize("debian", [13], indirect=True)
def test_a_sample_of_losses_is_told_repaired_and_undone(machine: StartMachine) -> None:
    run = kept(machine, Mode.ULA)
    for name in SAMPLE:
        try_case(run, name)
    done = undo(run.host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
