"""Whatever is lost of a set-up in force: told with its cause, put back, and packets pass again."""

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference
from tests.machines.guarding import Guarded, guarded
from tests.machines.support import SERVICES, answer, apply, reaches_internet, undo, wizard
from tests.machines.test_routed import NETWORK, PREFIX
from wizard.answers.choices import Mode
from wizard.platform.errors import ExitCode
from wizard.rehearsal.deployment import FOLDER
from wizard.run import watching

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
    while "did not answer within" in done.stderr:
        # A host that is too busy says so, and nothing was changed.
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
    """The firewall is loaded anew while what would put the rules back does not run."""
    run.host.run(["systemctl", "stop", FILTER])
    own = "#!/usr/sbin/nft -f\nflush table ip6 filter\nflush table ip6 nat\n"
    run.host.path("/etc/nftables.conf").write_text(own)
    run.host.run(["systemctl", "start", "nftables.service"])
    run.host.run(["systemctl", "reload", "nftables.service"])


def reloads_ufw(run: Kept) -> None:
    run.host.shell("apt-get install -qy ufw >/dev/null 2>&1", timeout=120)
    run.host.shell("ufw allow 22/tcp; ufw --force enable; ufw reload")


def another_value(run: Kept) -> None:
    file = "/etc/sysctl.d/zzz-hardening.conf"
    run.host.path(file).write_text("net.ipv6.conf.all.forwarding = 0\n")
    # Some parameters are none of a container's to set.
    run.host.run(["sysctl", "--system"], check=False)


def folder_moved(run: Kept) -> None:
    """Under another parent, with the same name, so that it is the same project to Compose."""
    run.host.shell(f"mkdir /home/person/sites; mv {FOLDER} /home/person/sites/")
    place = f"/home/person/sites/{FOLDER.rpartition('/')[2]}"
    compose = " ".join(run.host.compose)
    run.host.shell(f"cd {place}; {compose} up -d --force-recreate", timeout=180)


def moved_back(run: Kept) -> None:
    place = f"/home/person/sites/{FOLDER.rpartition('/')[2]}"
    run.host.shell(f"mv {place} {FOLDER}; rmdir /home/person/sites")
    run.mastodon.compose("up", "-d", "--force-recreate", timeout=180)


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
    "the firewall is loaded anew": Case(reloaded, "loaded anew by nftables.service"),
    "ufw is switched on and reloaded": Case(reloads_ufw),
    "sysctl --system with another value": Case(another_value, "Another file"),
    "the folder is moved": Case(folder_moved),
    "and moved back": Case(moved_back),
    "a unit disabled": Case(disabled, "disabled", ("--changed", "ours"), "changed by somebody"),
    "a unit masked": Case(masked, "masked", ("--changed", "ours"), "changed by somebody"),
}
SAMPLE = ("git checkout, then made anew", "docker network prune", "a network of the same name")


def try_case(run: Kept, name: str, cases: Mapping[str, Case] = CASES) -> None:
    case = cases[name]
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


@pytest.mark.thorough
@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("debian", [12, 13], indirect=True, ids=["debian12", "debian13"])
def test_whatever_is_lost_of_a_private_set_up_is_told_repaired_and_undone(
    machine: StartMachine, half: int
) -> None:
    run = kept(machine, Mode.ULA)
    middle = 11
    for name in [*CASES][:middle] if half == 0 else [*CASES][middle:]:
        try_case(run, name)
    done = undo(run.host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert "DOCKER-IPV6-WIZARD" not in run.host.run(["ip6tables-save"]).stdout
    assert not run.host.path(SYSCTLS).exists()


def loses_proxy(run: Kept) -> None:
    path = f"/etc/systemd/system/{PROXY}"
    run.host.shell(f"systemctl stop {PROXY}; rm {path}; systemctl daemon-reload")


ROUTED = {
    "docker compose down && up": Case(down_and_up),
    "docker network prune": Case(pruned, "pruned"),
    "a network of the same name": CASES["a network of the same name"],
    "git checkout, then made anew": CASES["git checkout, then made anew"],
    "the unit of the proxy is removed": Case(loses_proxy, "The file was removed"),
    "ip6tables -F": Case(flushed),
}


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [12, 14], indirect=True, ids=["debian12", "debian14"])
def test_whatever_is_lost_of_a_routed_set_up_is_told_repaired_and_undone(
    machine: StartMachine,
) -> None:
    run = kept(machine, Mode.ROUTED)
    for name, case in ROUTED.items():
        # Docker 28 makes the rules itself, and again only when it starts: see test_filter.
        if case.happens is not flushed or run.host.release < 14:
            try_case(run, name, ROUTED)
    rename_uplink(run, "eth0", "wan0")
    found = run.checks()
    causes = [str(each["cause"]) for each in found["steps"] if each["state"] == "missing"]
    assert causes
    assert all("another name now: wan0" in cause for cause in causes), found["steps"]
    done = run.repairs()
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    run.works()
    done = undo(run.host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert not run.host.path(SYSCTLS).exists()
    assert run.host.run(["sysctl", "-n", "net.ipv6.conf.wan0.proxy_ndp"]).stdout == "0\n"
    assert run.host.run(["ip", "-6", "neighbour", "show", "proxy"]).stdout == ""


def rename_uplink(run: Kept, old: str, new: str) -> None:
    run.host.shell(
        f"ifdown {old}; sed -i s/{old}/{new}/ /etc/network/interfaces.d/eth0; "
        f"ip link set {old} name {new}; ifup {new}"
    )


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_a_repair_that_nobody_keeps_is_taken_back_and_one_that_is_kept_stays(
    machine: StartMachine,
) -> None:
    run = kept(machine, Mode.ULA)
    pruned(run)
    lost = run.checks()["steps"]
    done = run.repairs("--window", "120")
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert reaches_internet(run.mastodon)
    # In the middle of it, the power goes.
    run.host.power_cut()
    run.host.boot()
    run.wait_for_no_guard()
    assert run.state == "applied"
    again = run.checks()["steps"]
    assert [each["state"] for each in again] == [each["state"] for each in lost]
    done = run.repairs("--window", "60")
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert wizard(run.host, "--repair", "--yes").returncode in (ExitCode.DONE, ExitCode.REFUSED)
    assert wizard(run.host, "--keep").returncode == ExitCode.DONE
    run.wait_for_no_guard()
    run.works()
    # An undo in the middle of a repair takes back everything, and nothing comes again.
    pruned(run)
    assert run.repairs("--window", "30").returncode == ExitCode.DONE
    done = undo(run.host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    run.wait_for_no_guard()
    assert run.state == "undone"


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_what_is_lost_is_told_at_the_next_login_until_it_is_mended_and_the_undo_ends_that(
    machine: StartMachine,
) -> None:
    run = kept(machine, Mode.ULA)
    assert wizard(run.host, "--watch", "on").returncode == ExitCode.DONE
    message = run.host.path(str(watching.MESSAGE))
    pruned(run)
    before = run.now()
    # As after a restart of Docker, but for the containers, which go on.
    run.host.run(["systemctl", "start", f"{watching.NAME}.service"], timeout=300)
    assert "The Docker network mastodon_ipv6 is not there" in message.read_text()
    assert difference(before, run.now()) == ""
    assert run.repairs().returncode == ExitCode.DONE
    # Docker starts it.
    run.host.run(["systemctl", "restart", "docker.service"], timeout=120)
    run.host.wait(lambda: not message.exists(), "the message to be gone", 200)
    timers = run.host.run(["systemctl", "list-timers", "--all", "--plain", "--no-legend"]).stdout
    assert f"{watching.NAME}.timer" in timers
    assert undo(run.host).returncode == ExitCode.DONE
    left = run.host.shell(f"find /etc /run -name '{watching.NAME}*'").stdout
    assert left == ""
