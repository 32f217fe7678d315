"""Where no container gets IPv6 nothing is kept or called done; a check says how it is."""

import json
from collections.abc import Callable

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.support import (
    ANSWERS,
    RECORD,
    SERVICES,
    answer,
    apply,
    reaches_internet,
    undo,
    wizard,
)
from tests.machines.test_routed import PREFIX
from wizard.answers.choices import Mode
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal import network
from wizard.rehearsal.deployment import Deployment
from wizard.rehearsal.machine import Machine

DROPS = """\
table {table} {{
    chain forward {{
        type filter hook forward priority 10; policy drop;
        {rule}
    }}
}}
"""
FOR_OTHERS = "meta mark 7 accept"
"""A rule that is not for the containers, which nobody can tell but by packets."""

ROUTED = {"mode": Mode.ROUTED, "prefix": PREFIX}
MODES = pytest.mark.parametrize("mode", [{}, ROUTED], ids=["private", "routed"])

OWN_IPV6 = """
networks:
  default:
    enable_ipv6: true
    ipam:
      config:
        - subnet: fd00:aaaa::/64
"""


def load(host: Machine, table: str, rule: str = "") -> None:
    if table.startswith("inet"):
        rule = f"meta nfproto ipv4 accept\n{rule}"
    host.run(["nft", "--file", "-"], input=DROPS.format(table=table, rule=rule))


def daemon(host: Machine, **settings: object) -> None:
    host.path("/etc/docker").mkdir(exist_ok=True)
    host.path("/etc/docker/daemon.json").write_text(json.dumps(settings))
    host.run(["systemctl", "restart", "docker"])
    host.wait_for_docker()


def told_not_to_forward(host: Machine, _mastodon: Deployment) -> None:
    daemon(host, **{"ip-forward": False})


def told_to_route(host: Machine, _mastodon: Deployment) -> None:
    option = {"com.docker.network.bridge.gateway_mode_ipv6": "routed"}
    daemon(host, **{"default-network-opts": {"bridge": option}})


def ipv6_of_its_own(host: Machine, mastodon: Deployment) -> None:
    file = host.path(mastodon.file)
    text = file.read_text() + OWN_IPV6
    file.write_text(text.replace("version: '3'", "version: '2.4'"))
    mastodon.compose("down")
    mastodon.compose("up", "-d")


def a_firewall(host: Machine, _mastodon: Deployment) -> None:
    load(host, "inet mine", FOR_OTHERS)


def a_firewall_called_filter(host: Machine, _mastodon: Deployment) -> None:
    load(host, "ip6 filter", FOR_OTHERS)


def ends_honestly(host: Machine, mastodon: Deployment) -> None:
    """It is done where every container gets out, and else as if it had never begun."""
    before = fingerprint(host)
    done = apply(host)
    out = [reaches_internet(mastodon, service) for service in SERVICES]
    if done.returncode == ExitCode.DONE:
        assert all(out), done.stdout
        return
    assert done.returncode in (ExitCode.REFUSED, ExitCode.ROLLED_BACK), done.stdout + done.stderr
    assert difference(before, fingerprint(host)) == ""
    assert '\nstate = "applied"' not in _record(host)


def _record(host: Machine) -> str:
    file = host.path(RECORD)
    return file.read_text() if file.exists() else ""


def check(host: Machine, *words: str) -> tuple[int, dict[str, object]]:
    """The exit code of a check, and what it says for programs, which has the same code."""
    ended = wizard(host, "--check", "--json", *words)
    said: dict[str, object] = json.loads(ended.stdout)
    assert said["code"] == ended.returncode
    assert wizard(host, "--check", *words).returncode == ended.returncode
    return ended.returncode, said


def by_hand(host: Machine, *rule: str) -> Callable[[], None]:
    """Add a rule of ip6tables, and return what takes it out again."""
    table, chain, *rest = rule
    host.run(["ip6tables", "-t", table, "-I", chain, *rest])

    def remove() -> None:
        host.run(["ip6tables", "-t", table, "-D", chain, *rest])

    return remove


def internet_goes(host: Machine) -> Callable[[], None]:
    """Let nothing upstream answer, and return what brings it back."""
    words = [f"{network.INTERNET}/128", "dev", "lo"]
    host.router.run(["ip", "address", "del", *words])

    def back() -> None:
        host.router.run(["ip", "address", "add", *words, "nodad"])

    return back


def whole_way(host: Machine, mode: dict[str, object]) -> None:
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon, **mode)
    before = fingerprint(host)

    # The host itself gets nowhere: said before anything is done, and gone on with if told.
    back = internet_goes(host)
    for words in (["--plan"], ["--apply", "--yes"]):
        ended = wizard(host, *words, "--answers", ANSWERS)
        assert ended.returncode == ExitCode.REFUSED
        assert network.INTERNET in ended.stderr
    assert difference(before, fingerprint(host)) == ""
    answer(host, mastodon, **mode, unproven=True)
    ended = apply(host)
    assert ended.returncode == ExitCode.NOT_PASSING
    code, said = check(host)
    assert code == ExitCode.NOT_PASSING
    for told in (ended, wizard(host, "--status")):
        assert str(said["verdict"]) in told.stdout
    assert undo(host).returncode == ExitCode.DONE
    answer(host, mastodon, **mode)
    back()

    # A firewall of which nobody can tell beforehand what it does with the containers' packets.
    load(host, "inet mine", FOR_OTHERS)
    ended = apply(host)
    assert ended.returncode == ExitCode.ROLLED_BACK, ended.stdout + ended.stderr
    host.run(["nft", "delete", "table", "inet", "mine"])
    assert difference(before, fingerprint(host)) == ""

    assert apply(host).returncode == ExitCode.DONE
    for service in SERVICES:
        assert reaches_internet(mastodon, service)
    code, said = check(host)
    assert code == ExitCode.DONE, said
    routed = bool(mode)
    containers = said["containers"]
    assert isinstance(containers, list)
    assert [each["translated"] for each in containers] == [not routed] * len(SERVICES)

    takes_not = by_hand(host, "filter", "FORWARD", "-i", "br-ipv6", "-j", "DROP")
    assert check(host)[0] == ExitCode.NOT_PASSING
    takes_not()
    if routed:
        # As Docker from 27 on does with a network that an older one made.
        hides = by_hand(
            host, "nat", "POSTROUTING", "-s", str(PREFIX), "-o", "eth0", "-j", "MASQUERADE"
        )
        assert check(host)[0] == ExitCode.NOT_AS_SET_UP
        hides()
    assert check(host)[0] == ExitCode.DONE
    host.run(["sysctl", "-qw", "net.ipv6.conf.default.forwarding=0"])
    expected = ExitCode.NOT_AS_SET_UP if host.release < 14 else ExitCode.DONE
    assert check(host)[0] == expected


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_nothing_is_done_unless_packets_pass_and_a_check_tells_how_they_do(
    machine: StartMachine,
) -> None:
    whole_way(machine(), ROUTED)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("debian", "mode"),
    [(12, {}), (12, ROUTED), (13, {}), (14, {}), (14, ROUTED)],
    indirect=["debian"],
)
def test_so_it_is_on_every_release_and_in_both_modes(
    machine: StartMachine, mode: dict[str, object]
) -> None:
    whole_way(machine(), mode)


@pytest.mark.thorough
@MODES
@pytest.mark.parametrize("debian", [12, 13, 14], indirect=True)
@pytest.mark.parametrize(
    "prepare",
    [told_not_to_forward, told_to_route, ipv6_of_its_own, a_firewall, a_firewall_called_filter],
)
def test_whatever_keeps_the_containers_in_is_never_called_done(
    machine: StartMachine,
    prepare: Callable[[Machine, Deployment], None],
    mode: dict[str, object],
) -> None:
    host = machine()
    if prepare is told_to_route and host.release < 14:
        pytest.skip("this engine has no such setting")
    mastodon = deployments.up(host, "2017")
    prepare(host, mastodon)
    answer(host, mastodon, **mode)
    ends_honestly(host, mastodon)


@pytest.mark.parametrize("debian", [14], indirect=True)
def test_an_engine_that_hides_nobody_and_is_told_so_by_its_defaults_is_not_called_done(
    machine: StartMachine,
) -> None:
    host = machine()
    mastodon = deployments.up(host, "2017")
    told_to_route(host, mastodon)
    answer(host, mastodon)
    ends_honestly(host, mastodon)


def filters(host: Machine, mode: dict[str, object]) -> None:
    """A firewall that surely drops is told beforehand, with lines that mend it when typed."""
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon, **mode)
    for table in ("inet mine", "ip6 filter"):
        load(host, table)
        before = fingerprint(host)
        assert wizard(host, "--plan", "--answers", ANSWERS).returncode == ExitCode.REFUSED
        ended = apply(host)
        assert ended.returncode == ExitCode.REFUSED, ended.stdout
        assert difference(before, fingerprint(host)) == ""
        typed = ended.stderr.partition("type: ")[2].partition("Nothing was changed.")[0].strip()
        assert typed, ended.stderr
        host.shell(typed)
        done = apply(host)
        assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
        for service in SERVICES:
            assert reaches_internet(mastodon, service)
        assert undo(host).returncode == ExitCode.DONE
        host.run(["nft", "delete", "table", *table.split()])


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [12], indirect=True)
def test_a_firewall_that_surely_drops_is_told_with_lines_that_mend_it(
    machine: StartMachine,
) -> None:
    filters(machine(), {})


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("debian", "mode"),
    [(12, ROUTED), (13, {}), (13, ROUTED), (14, {}), (14, ROUTED)],
    indirect=["debian"],
)
def test_so_are_firewalls_on_every_release_and_in_both_modes(
    machine: StartMachine, mode: dict[str, object]
) -> None:
    filters(machine(), mode)
