"""Filters that hold: tried from outside, by packets, whoever makes the rules."""

import subprocess
from functools import partial

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.support import ANSWERS, answer, apply, reaches_internet, seen_source, undo
from tests.machines.test_routed import NETWORK, PREFIX, addresses, answers, is_open, set_up
from wizard.choices import Mode
from wizard.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal.deployment import Deployment
from wizard.rehearsal.machine import Machine

UNPUBLISHED = 8080


def listen(host: Machine, mastodon: Deployment, service: str = "web") -> None:
    """Have a container answer on a port that is not published, on every address."""
    argv = ["docker", "exec", "-d", mastodon.container(service), "nc", "-lk", "-p"]
    host.run([*argv, str(UNPUBLISHED), "-e", "cat"])


@pytest.mark.parametrize("debian", [14], indirect=True)
def test_an_engine_told_to_make_no_rules_for_ipv6_leaves_no_port_open(
    machine: StartMachine,
) -> None:
    host = machine(files={"etc/docker/daemon.json": '{"ip6tables": false}\n'})
    mastodon = set_up(host)
    listen(host, mastodon)
    web = addresses(host)[mastodon.container("web")]
    host.wait(partial(answers, host, web), "an echo from web", 10)
    assert is_open(host, web, 3000)
    assert not is_open(host, web, UNPUBLISHED)
    assert reaches_internet(mastodon)
    assert seen_source(mastodon) == web
    assert " DOCKER " not in host.run(["ip6tables-save"]).stdout
    assert undo(host).returncode == ExitCode.DONE
    assert "DOCKER-IPV6-WIZARD" not in host.run(["ip6tables-save"]).stdout


BREAKS = {
    12: "nft add table inet theirs; "
    "nft add chain inet theirs forward '{ type filter hook forward priority 10; }'; "
    "nft add rule inet theirs forward oifname br-ipv6 tcp dport 3000 drop",
    14: "ip6tables -I DOCKER-USER -j ACCEPT",
}
"""What lets nobody in to a published port, and what lets everybody in everywhere."""


def apply_routed(host: Machine) -> int:
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon, mode=Mode.ROUTED, prefix=PREFIX)
    return apply(host).returncode


def trials(host: Machine) -> bool:
    """Whether there is anything of a trial on the host: its interface, or its process."""
    interface = host.run(["ip", "link", "show", "dev", "veth-ipv6-trial"], check=False)
    process = host.run(["pgrep", "-f", "reachability.outside"], check=False)
    return interface.returncode == 0 or process.returncode == 0


@pytest.mark.parametrize("debian", BREAKS, indirect=True)
def test_what_is_open_or_closed_for_strangers_and_should_not_be_takes_all_back(
    machine: StartMachine, debian: int
) -> None:
    host = machine()
    host.shell(BREAKS[debian])
    assert apply_routed(host) == ExitCode.ROLLED_BACK
    assert NETWORK not in host.run(["docker", "network", "ls"]).stdout
    assert not trials(host)


@pytest.mark.parametrize("debian", [14], indirect=True)
def test_a_rule_that_opens_the_uplink_alone_is_found_though_the_trial_does_not_meet_it(
    machine: StartMachine,
) -> None:
    host = machine()
    host.run(["ip6tables", "-I", "DOCKER-USER", "-i", "eth0", "-j", "ACCEPT"])
    assert apply_routed(host) == ExitCode.ROLLED_BACK
    assert not trials(host)


@pytest.mark.parametrize("debian", [13], indirect=True)
@pytest.mark.parametrize("killed", ["reachability.outside", "wizard.apply.worker"])
def test_nothing_of_a_trial_is_left_that_is_killed(machine: StartMachine, killed: str) -> None:
    host = machine()
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon, mode=Mode.ROUTED, prefix=PREFIX)
    with subprocess.Popen(
        host.command(["wizard", "--apply", "--yes", "--answers", ANSWERS]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as applying:
        host.wait(lambda: trials(host), "the trial to begin", 60)
        host.run(["pkill", "-KILL", "-f", killed])
        host.wait(lambda: not trials(host), "what is left of the trial to go", 5)
        applying.wait(60)
