"""ULA and NAT66 from nothing to a packet out of a container, and back to the byte."""

import tomllib
from pathlib import Path

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import Fingerprint, difference, fingerprint
from tests.machines.support import (
    ANSWERS,
    PYTHON,
    RECORD,
    SERVICES,
    answer,
    apply,
    apply_by_keyboard,
    lost_default_routes,
    pings,
    reaches_internet,
    seen_source,
    undo,
    walk_to_question,
    wizard,
)
from wizard.answers.choices import Placement
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal import network
from wizard.rehearsal.machine import Machine

TESTS = Path(__file__).parent

first_of_two = pytest.mark.parametrize(
    "debian", [12, pytest.param(13, marks=pytest.mark.thorough)], indirect=True
)


def started(machine: Machine) -> str:
    """Every container with its start time, so that a restart shows."""
    form = "{{.Name}} {{.Id}} {{.State.StartedAt}} {{.RestartCount}}"
    names = machine.run(["docker", "ps", "--quiet"]).stdout.split()
    return machine.run(["docker", "inspect", "--format", form, *names]).stdout


def network_identity(machine: Machine) -> str:
    form = "{{.Id}} {{.Created}} {{json .IPAM}} {{json .Options}} {{json .Labels}}"
    return machine.run(["docker", "network", "inspect", "--format", form, "mastodon_ipv6"]).stdout


def _without(found: Fingerprint, names: set[str]) -> Fingerprint:
    return {name: text for name, text in found.items() if name not in names}


@pytest.mark.parametrize(
    ("debian", "route"),
    [
        (14, "static"),
        pytest.param(12, "advertisement", marks=pytest.mark.thorough),
        pytest.param(12, "static", marks=pytest.mark.thorough),
        pytest.param(13, "static", marks=pytest.mark.thorough),
        pytest.param(13, "advertisement", marks=pytest.mark.thorough),
    ],
    indirect=["debian"],
)
def test_containers_get_out_and_undo_leaves_no_trace(machine: StartMachine, route: str) -> None:
    host = machine(route=route)
    mastodon = deployments.up(host, "current")
    deployments.add_bystander(host)
    answer(host, mastodon)
    before, running = fingerprint(host), started(host)
    assert not reaches_internet(mastodon)

    with (
        lost_default_routes(host) as lost,
        pings(host, network.ROUTER_IPV4) as uplink,
        pings(host, network.ROUTER) as uplink_ipv6,
        pings(host, network.INTERNET_IPV4, "bystander") as bystander,
    ):
        with (
            pings(host, network.INTERNET_IPV4, mastodon.container("web")) as web,
            pings(host, network.INTERNET_IPV4, mastodon.container("sidekiq")) as sidekiq,
            pings(host, network.INTERNET_IPV4, mastodon.container("streaming")) as streaming,
        ):
            assert apply_by_keyboard(host) == ExitCode.DONE
        for service in SERVICES:
            assert reaches_internet(mastodon, service)
        assert seen_source(mastodon) == host.address
        assert not reaches_internet(mastodon, "db")
        assert started(host) == running
        taken_back = undo(host)
        assert taken_back.returncode == ExitCode.DONE, taken_back.stdout + taken_back.stderr

    assert lost == []
    for count in (uplink, uplink_ipv6, bystander, web, sidekiq, streaming):
        assert count.sent > 20
        assert count.answered == count.sent
    assert difference(before, fingerprint(host)) == ""
    assert started(host) == running
    assert tomllib.loads(host.path(RECORD).read_text())["state"] == "undone"
    assert host.path(RECORD).stat().st_mode & 0o777 == 0o600


@pytest.mark.thorough
@first_of_two
def test_the_previewed_script_by_hand_does_what_the_wizard_does(machine: StartMachine) -> None:
    by_hand, by_wizard = machine(), machine()
    for host in (by_hand, by_wizard):
        answer(host, deployments.up(host, "current"))

    script = wizard(by_hand, "--plan", "--answers", ANSWERS).stdout
    by_hand.path("/root/plan.sh").write_text(script)
    by_hand.run(["sh", "/root/plan.sh"])
    assert apply(by_wizard).returncode == ExitCode.DONE

    hands, wizards = fingerprint(by_hand), fingerprint(by_wizard)
    assert "network mastodon_ipv6" in hands
    assert difference(hands, wizards, twins=True) == ""


# Most other tests edit the file in place; all of the three meet with --thorough.
@pytest.mark.thorough
@pytest.mark.parametrize(
    ("debian", "placement", "shape"),
    [
        (12, Placement.OVERRIDE, "2017"),
        (13, Placement.OVERRIDE, "current"),
        pytest.param(12, Placement.IN_PLACE, "2017", marks=pytest.mark.thorough),
        pytest.param(12, Placement.IN_PLACE, "current", marks=pytest.mark.thorough),
        pytest.param(12, Placement.OVERRIDE, "current", marks=pytest.mark.thorough),
        pytest.param(13, Placement.IN_PLACE, "2017", marks=pytest.mark.thorough),
        pytest.param(13, Placement.IN_PLACE, "current", marks=pytest.mark.thorough),
        pytest.param(13, Placement.OVERRIDE, "2017", marks=pytest.mark.thorough),
    ],
    indirect=["debian"],
)
def test_compose_makes_the_containers_anew_on_the_same_network(
    machine: StartMachine, shape: deployments.Shape, placement: Placement
) -> None:
    host = machine()
    mastodon = deployments.up(host, shape)
    answer(host, mastodon, placement=placement)
    before = fingerprint(host)
    assert apply(host).returncode == ExitCode.DONE
    made = network_identity(host)

    mastodon.compose("up", "-d")

    assert network_identity(host) == made
    for service in SERVICES:
        assert reaches_internet(mastodon, service)
    # Containers that Compose made anew are still the project's own, and do not hold undo up.
    assert undo(host).returncode == ExitCode.DONE
    mastodon.compose("up", "-d")
    after = fingerprint(host)
    # They are new containers, and Docker made its IPv4 rules for them in an order of its own.
    new = {name for name in {*before, *after} if name.startswith(("container ", "iptables"))}
    assert difference(_without(before, new), _without(after, new)) == ""


@pytest.mark.thorough
@first_of_two
def test_it_is_all_there_again_after_a_reboot_and_after_a_restart_of_docker(
    machine: StartMachine,
) -> None:
    host = machine(route="advertisement")
    mastodon = deployments.up(host, "current")
    answer(host, mastodon)
    assert apply(host).returncode == ExitCode.DONE

    host.run(["systemctl", "restart", "docker"])
    host.wait(lambda: reaches_internet(mastodon), "IPv6 after the restart of Docker")
    rules = host.run(["ip6tables-save"]).stdout
    assert rules.count("-A FORWARD -j DOCKER-IPV6-WIZARD") == 1

    host.reboot()
    host.wait(lambda: reaches_internet(mastodon), "IPv6 after the reboot")
    assert seen_source(mastodon) == host.address
    assert wizard(host, "--check").returncode == ExitCode.DONE


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [12], indirect=True)
def test_a_step_that_fails_is_rolled_back_wherever_it_is(
    machine: StartMachine, request: pytest.FixtureRequest
) -> None:
    # Each takes its time: a sample has every third step, and every twentieth change. A change is
    # met by test_faults.py, too, by the system calls that it consists of.
    steps, changes = (1, 1) if request.config.getoption("--thorough") else (3, 20)
    host = machine(route="advertisement", binds={Path("/opt/tests"): TESTS})
    mastodon = deployments.up(host, "current")
    answer(host, mastodon)
    before, running = fingerprint(host), started(host)

    def fails(kind: str, number: int) -> int:
        words = [PYTHON, "/opt/tests/failing_apply.py", ANSWERS, kind, str(number)]
        return host.run(words, check=False, timeout=300).returncode

    for kind, least, stride in (("step", 6, steps), ("change", 10, changes)):
        number = 1
        while (code := fails(kind, number)) != ExitCode.DONE:
            assert code == ExitCode.ROLLED_BACK, f"{kind} {number}"
            assert difference(before, fingerprint(host)) == "", f"{kind} {number}"
            number += stride
            assert number < 100, "it fails though nothing makes it fail"
        assert number > least
        assert undo(host).returncode == ExitCode.DONE
    assert started(host) == running


# Of the sample the tests of --resume close it as well.
@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_the_run_goes_on_when_its_terminal_is_closed(machine: StartMachine) -> None:
    host = machine()
    mastodon = deployments.up(host, "current")
    answer(host, mastodon)
    terminal = walk_to_question(host)
    terminal.press("y")
    terminal.wait_for("6 of 8")
    host.wait(lambda: host.path(RECORD).exists(), "the apply to begin")
    terminal.close()

    def state() -> str:
        return str(tomllib.loads(host.path(RECORD).read_text())["state"])

    host.wait(lambda: state() == "unconfirmed", "the run to wait for an answer")
    assert wizard(host, "--keep").returncode == ExitCode.DONE
    assert state() == "applied"
    assert reaches_internet(mastodon)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "debian", [13, pytest.param(12, marks=pytest.mark.thorough)], indirect=True
)
def test_a_host_with_the_legacy_ip6tables_stays_without_nft_rules(machine: StartMachine) -> None:
    host = machine()
    for program in ("iptables", "ip6tables"):
        legacy = f"/usr/sbin/{program}-legacy"
        host.run(["update-alternatives", "--set", program, legacy])
    host.reboot()
    mastodon = deployments.up(host, "current")
    answer(host, mastodon)
    before = fingerprint(host)

    assert apply(host).returncode == ExitCode.DONE
    assert reaches_internet(mastodon)
    assert host.run(["ip6tables-nft-save"]).stdout == ""
    assert "python-iptables" in host.path(RECORD).read_text()
    assert undo(host).returncode == ExitCode.DONE
    assert difference(before, fingerprint(host)) == ""


# Of the sample the tests of undo have one of each.
@pytest.mark.thorough
@pytest.mark.parametrize("debian", [12], indirect=True)
def test_what_somebody_changed_since_is_kept_and_said(machine: StartMachine) -> None:
    host = machine()
    mastodon = deployments.up(host, "current")
    answer(host, mastodon)
    assert apply(host).returncode == ExitCode.DONE
    compose = host.path(mastodon.file)
    compose.write_text(compose.read_text() + "# mine\n")
    theirs = ["-t", "filter", "-I", "DOCKER-IPV6-WIZARD", "2", "-s", "2001:db8:bad::/48"]
    host.run(["ip6tables", *theirs, "-j", "DROP"])
    run = ["docker", "run", "--detach", "--name", "guest", "--network", "mastodon_ipv6"]
    host.run([*run, "mastodon-practice:1", "sleep", "1000"])

    ended = undo(host)

    assert ended.returncode == ExitCode.ROLLBACK_INCOMPLETE
    assert compose.read_text().endswith("# mine\n")
    assert "2001:db8:bad::/48" in host.run(["ip6tables-save"]).stdout
    assert "guest" in ended.stdout
    assert host.run(["docker", "exec", "guest", "true"], check=False).returncode == 0
    assert "MASQUERADE" not in host.run(["ip6tables-save"]).stdout

    host.run(["docker", "rm", "--force", "guest"])
    host.run(["ip6tables", "-D", *theirs[3:4], *theirs[5:], "-j", "DROP"])
    text = compose.read_text().removesuffix("# mine\n")
    compose.write_text(text)
    assert undo(host).returncode == ExitCode.DONE
    assert "DOCKER-IPV6-WIZARD" not in host.run(["ip6tables-save"]).stdout
    assert "mastodon_ipv6" not in host.run(["docker", "network", "ls"]).stdout
    assert undo(host).returncode == ExitCode.REFUSED
