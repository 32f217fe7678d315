"""Filters that hold: tried from outside, by packets, whoever makes the rules."""

import json
import subprocess
from functools import partial

import pytest

from tests.lines import PATIENCE
from tests.machines.conftest import StartMachine
from tests.machines.support import (
    ANSWERS,
    SOON,
    ULA,
    answer,
    apply,
    reaches_internet,
    seen_source,
    undo,
    wizard,
)
from tests.machines.test_routed import (
    NETWORK,
    PREFIX,
    addresses,
    answers,
    is_open,
    set_up,
)
from tests.machines.test_several_set_ups import Project
from wizard.answers.choices import Mode, Proxy
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal import image, network
from wizard.rehearsal.deployment import Deployment
from wizard.rehearsal.machine import Machine

UNPUBLISHED = 8080


def listen(host: Machine, mastodon: Deployment, service: str = "web") -> None:
    """Have a container answer on a port that is not published, on every address."""
    argv = ["docker", "exec", "-d", mastodon.container(service), "httpd", "-f", "-p"]
    host.run([*argv, f"[::]:{UNPUBLISHED}", "-h", "/"])
    # Without a filter it would be open: from the host itself, which is not filtered, it is.
    address = addresses(host)[mastodon.container(service)]
    reach = ["bash", "-c", f"exec 3<>/dev/tcp/{address}/{UNPUBLISHED}"]
    host.wait(lambda: host.run(reach, check=False).returncode == 0, "the listener")


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [14], indirect=True)
def test_an_engine_told_to_make_no_rules_for_ipv6_leaves_no_port_open(
    machine: StartMachine,
) -> None:
    host = machine(files={"etc/docker/daemon.json": '{"ip6tables": false}\n'})
    mastodon = set_up(host)
    listen(host, mastodon)
    web = addresses(host)[mastodon.container("web")]
    host.wait(partial(answers, host, web), "an echo from web")
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
    process = host.run(["pgrep", "-f", "probes.outside"], check=False)
    return interface.returncode == 0 or process.returncode == 0


@pytest.mark.parametrize(
    "debian", [14, pytest.param(12, marks=pytest.mark.thorough)], indirect=True
)
def test_what_is_open_or_closed_for_strangers_and_should_not_be_takes_all_back(
    machine: StartMachine, debian: int
) -> None:
    host = machine()
    host.shell(BREAKS[debian])
    assert apply_routed(host) == ExitCode.ROLLED_BACK
    assert NETWORK not in host.run(["docker", "network", "ls"]).stdout
    assert not trials(host)


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [14], indirect=True)
def test_a_rule_that_opens_the_uplink_alone_is_found_though_the_trial_does_not_meet_it(
    machine: StartMachine,
) -> None:
    host = machine()
    host.run(["ip6tables", "-I", "DOCKER-USER", "-i", "eth0", "-j", "ACCEPT"])
    assert apply_routed(host) == ExitCode.ROLLED_BACK
    assert not trials(host)


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_who_takes_the_interface_of_the_trial_over_is_told_as_such(machine: StartMachine) -> None:
    host = machine()
    # As NetworkManager does without udev, whose rules keep it from such interfaces; it is not
    # always as fast as a trial.
    taker = "while :; do ip -6 address flush dev veth-ipv6-trial; sleep 0.02; done"
    host.run(["systemd-run", "--unit=taker", "bash", "-c", taker])
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon, mode=Mode.ROUTED, prefix=PREFIX)
    done = apply(host)
    assert done.returncode == ExitCode.ROLLED_BACK
    said = " ".join((done.stdout + done.stderr).split())
    assert "something on this host took over veth-ipv6-trial" in said
    assert NETWORK not in host.run(["docker", "network", "ls"]).stdout
    host.run(["systemctl", "stop", "taker"])
    assert apply(host).returncode == ExitCode.DONE


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13], indirect=True)
@pytest.mark.parametrize("killed", ["probes.outside", "wizard.run.worker"])
def test_nothing_of_a_trial_is_left_that_is_killed(machine: StartMachine, killed: str) -> None:
    host = machine()
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon, mode=Mode.ROUTED, prefix=PREFIX)
    with subprocess.Popen(
        host.command(["wizard", "--apply", "--yes", "--answers", ANSWERS]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as applying:
        host.wait(lambda: trials(host), "the trial to begin")
        host.run(["pkill", "-KILL", "-f", killed])
        host.wait(lambda: not trials(host), "what is left of the trial to go", SOON)
        applying.wait(PATIENCE)


FLUSHES = {
    "reload": "systemctl reload nftables",
    "file": "nft -f /etc/nftables.conf",
    "flush": "ip6tables -F; ip6tables -P FORWARD ACCEPT",
    "script": "ip6tables -F; ip6tables -X; ip6tables -P FORWARD ACCEPT; "
    "ip6tables -A FORWARD -i eth0 -j ACCEPT",
    "forward": "ip6tables -F FORWARD; ip6tables -P FORWARD ACCEPT",
    "alone": "ip6tables -P FORWARD DROP; ip6tables -F",
    "restore": "printf '*filter\\n:FORWARD ACCEPT [0:0]\\nCOMMIT\\n' | ip6tables-restore",
    "jump": "ip6tables -D FORWARD -j DOCKER-IPV6-WIZARD",
    "before": "ip6tables -I FORWARD -j ACCEPT",
}
"""How others take our rules away, or come before them."""

NFTABLES = """\
#!/usr/sbin/nft -f
flush ruleset
table inet theirs {
    chain input {
        type filter hook input priority 0; policy accept;
        RULE
    }
}
"""
WATCH = """
import socket, sys, time
address, seconds, port = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
print("watching", flush=True)
end, opened = time.monotonic() + seconds, []
while time.monotonic() < end:
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as one:
        one.settimeout(0.05)
        try:
            one.connect((address, port))
            opened.append(time.monotonic())
        except OSError:
            pass
print(opened[-1] - opened[0] if opened else -1.0)
"""


def opened_for(host: Machine, address: str, command: str, port: int = UNPUBLISHED) -> float:
    """How long the router could connect to an unpublished port; -1 where it never could."""
    argv = host.router.command(["python3", "-c", WATCH, address, "4", str(port)])
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline() == "watching\n"
        host.shell(command)
        return float(watching.communicate(timeout=PATIENCE)[0])


def start_nftables(host: Machine, rule: str = "") -> None:
    host.path("/etc/nftables.conf").write_text(NFTABLES.replace("RULE", rule))
    host.path("/etc/nftables.conf").chmod(0o755)
    host.run(["systemctl", "enable", "--now", "nftables"])
    # Its own rules were flushed as well, and it makes networks only where they are.
    host.run(["systemctl", "restart", "docker"])
    host.wait_for_docker()


def holds(host: Machine, flushes: list[str], **changes: object) -> None:
    """Make sure that unpublished ports are closed within a second, whoever takes rules away."""
    start_nftables(host)
    if changes.get("proxy") is Proxy.NDPPD:
        host.run(["apt-get", "update", "--quiet=2"])
    if changes.get("proxy") is Proxy.NONE:
        host.router.run(["ip", "-6", "route", "add", str(PREFIX), "via", host.address])
    mastodon = set_up(host, **changes)
    listen(host, mastodon)
    web = addresses(host)[mastodon.container("web")]
    host.wait(partial(answers, host, web), "an echo from web")
    assert not is_open(host, web, UNPUBLISHED)
    for name in flushes:
        assert opened_for(host, web, FLUSHES[name]) < 1, name
        assert not is_open(host, web, UNPUBLISHED), name
        assert is_open(host, web, 3000), name
        jumps = host.run(["ip6tables", "-S", "FORWARD"]).stdout
        assert jumps.count("-j DOCKER-IPV6-WIZARD") == 1, name
        host.run(["ip6tables", "-D", "FORWARD", "-j", "ACCEPT"], check=False)
    # What cannot be put back is closed another way, until it can.
    program = "/usr/sbin/ip6tables-restore"
    host.shell(f"mv {program} /root/kept")
    assert opened_for(host, web, "ip6tables -F") < 1
    assert not is_open(host, web, UNPUBLISHED)
    assert not is_open(host, web, 3000)
    host.shell(f"mv /root/kept {program}")
    host.wait(lambda: is_open(host, web, 3000), "the published port to be open again")
    assert not is_open(host, web, UNPUBLISHED)
    assert "blackhole" not in host.run(["ip", "-6", "route"]).stdout
    host.run(["systemctl", "restart", "docker"])
    host.wait_for_docker()
    assert undo(host).returncode == ExitCode.DONE
    assert "DOCKER-IPV6-WIZARD" not in host.run(["ip6tables-save"]).stdout


@pytest.mark.parametrize("debian", [13], indirect=True)
def test_rules_that_somebody_flushes_are_back_within_a_second(machine: StartMachine) -> None:
    holds(machine(), ["reload", "file", "flush", "before"])


def stands_in(host: Machine) -> bool:
    return "DOCKER-IPV6-WIZARD-STAND-IN" in host.run(["ip6tables-save"]).stdout


@pytest.mark.parametrize("debian", [14], indirect=True)
def test_while_docker_s_own_rules_are_flushed_nobody_gets_in_and_check_says_so(
    machine: StartMachine,
) -> None:
    host = machine()
    start_nftables(host)
    mastodon = set_up(host)
    listen(host, mastodon)
    web = addresses(host)[mastodon.container("web")]
    host.wait(partial(answers, host, web), "an echo from web")
    for name in ("reload", "flush", "script", "alone"):
        assert not stands_in(host)
        assert opened_for(host, web, FLUSHES[name]) < 1, name
        assert not is_open(host, web, UNPUBLISHED), name
        host.wait(partial(reaches_internet, mastodon), f"a way out after {name}")
        checked = host.run(["wizard", "--check"], check=False)
        assert checked.returncode == ExitCode.NOT_AS_SET_UP, name
        said = " ".join(checked.stdout.split())
        assert "nobody gets in to these containers" in said, name
        assert "systemctl restart docker" in said
        host.run(["systemctl", "reset-failed", "docker"])
        host.run(["systemctl", "restart", "docker"])
        host.wait_for_docker()
        host.wait(lambda: not stands_in(host), "Docker's own rules to be in force")
        web = addresses(host)[mastodon.container("web")]
        host.wait(partial(is_open, host, web, 3000), "the published port")
        listen(host, mastodon)
        assert not is_open(host, web, UNPUBLISHED), name
    checked = host.run(["wizard", "--check"], check=False)
    assert checked.returncode == ExitCode.DONE, checked.stdout
    assert undo(host).returncode == ExitCode.DONE
    assert "DOCKER-IPV6-WIZARD" not in host.run(["ip6tables-save"]).stdout
    told = host.run(["wizard", "--plan", "--json", "--answers", ANSWERS]).stdout
    assert "/etc/nftables.conf line 2: flush ruleset" in " ".join(json.loads(told)["notices"])


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [14], indirect=True)
def test_a_flush_with_set_ups_of_both_modes_leaves_one_its_way_out_and_the_other_its_closed_port(
    machine: StartMachine,
) -> None:
    host = machine()
    start_nftables(host, "iifname eth0 tcp dport 3000 drop")
    image.load(host)
    private = Project(host, "mastodon", ULA, Mode.ULA, published="3000:3000")
    public = Project(host, "peertube", PREFIX, Mode.ROUTED)
    for each in (private, public):
        each.up()
        each.set_up()
    assert not is_open(host, host.address, 3000)
    for event in (host.reboot, lambda: None):
        event()
        for each in (private, public):
            host.wait(each.works, f"{each.name} to work")
        assert not stands_in(host)
        for name in ("reload", "alone", "forward"):
            assert opened_for(host, public.address, FLUSHES[name], 3000) < 1, name
            host.wait(partial(gets_out, public), f"a way out after {name}")
            assert stands_in(host), name
            assert public.is_closed_to(private), name
            assert not is_open(host, host.address, 3000), name
            assert "blackhole" not in host.run(["ip", "-6", "route"]).stdout, name
            checked = host.run(["wizard", "--check", public.name], check=False)
            assert checked.returncode == ExitCode.NOT_AS_SET_UP, name
        host.run(["systemctl", "reset-failed", "docker"])
        host.run(["systemctl", "restart", "docker"])
        host.wait_for_docker()
    host.shell(FLUSHES["reload"])
    host.wait(lambda: stands_in(host), "what stands in")
    for each in (private, public):
        done = wizard(host, "--undo", each.name, "--yes")
        assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert "DOCKER-IPV6-WIZARD" not in host.run(["ip6tables-save"]).stdout


def gets_out(project: Project) -> bool:
    return project.execute("nc", "-w", "3", network.INTERNET, "443") == (0, project.address)


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [12, 13, 14], indirect=True)
@pytest.mark.parametrize("proxy", [Proxy.SERVICE, Proxy.NDPPD, Proxy.FIXED, Proxy.NONE])
def test_every_way_to_flush_them_with_every_way_to_answer(
    machine: StartMachine, debian: int, proxy: Proxy
) -> None:
    if debian == 14 and proxy is Proxy.NDPPD:
        pytest.skip("Debian 14 has no ndppd")
    files = {"etc/docker/daemon.json": '{"ip6tables": false}\n'} if debian == 14 else {}
    holds(machine(files=files), list(FLUSHES), proxy=proxy)


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [12], indirect=True)
def test_in_the_private_mode_containers_get_out_again_after_a_flush(machine: StartMachine) -> None:
    host = machine()
    start_nftables(host)
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon)
    assert apply(host).returncode == ExitCode.DONE
    for name in ("reload", "flush", "file"):
        host.shell(FLUSHES[name])
        host.wait(lambda: reaches_internet(mastodon), f"IPv6 after {name}")
        assert seen_source(mastodon) == host.address


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_at_boot_the_way_is_closed_before_anything_is_behind_the_bridge(
    machine: StartMachine,
) -> None:
    host = machine()
    mastodon = set_up(host)
    host.shell("echo broken >/etc/docker-ipv6-wizard/ip6tables.rules")
    host.reboot()
    route = host.run(["ip", "-6", "route", "show", "type", "blackhole"]).stdout
    assert str(PREFIX) in route
    web = addresses(host)[mastodon.container("web")]
    assert not is_open(host, web, 3000)
