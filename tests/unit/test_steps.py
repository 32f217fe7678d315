"""Every kind of step by itself: preview, apply, check, undo, on a made-up host."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from ipaddress import IPv6Network
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import Deployment, deployment
from tests.made_up_system import MadeUpContainer, MadeUpSystem, difference
from tests.unit.test_obstacles import firewalld
from tests.unit.test_past_input import publishing
from wizard import steps
from wizard.answers.choices import Mode, Proxy
from wizard.inward.closed import InputRules
from wizard.plan import planning
from wizard.platform.errors import Refused, StepFailed
from wizard.platform.own_names import CHAIN
from wizard.platform.system import FileState, Result
from wizard.record import tables
from wizard.record.record import Record, State, StepState
from wizard.record.store import Store
from wizard.run import docker_patience, journal
from wizard.run.change_order import Around, new_first
from wizard.run.conditions import StepCondition
from wizard.run.repairing import mend
from wizard.steps import actions, sysctl
from wizard.steps.actions import Run, WriteFile
from wizard.steps.attach import Attach
from wizard.steps.base import Step
from wizard.steps.compose_file import ComposeFile
from wizard.steps.docker_network import DockerNetwork, DockerNetworkBefore
from wizard.steps.firewalld import NAME as POLICY
from wizard.steps.ip6tables import Ip6tables
from wizard.steps.kinds import KINDS, SHARED, collect
from wizard.steps.legacy_ip6tables import described
from wizard.steps.mend import Rewrite
from wizard.steps.networks import LABEL
from wizard.steps.others import Other
from wizard.steps.package import Package
from wizard.steps.parts import Condition, worst
from wizard.steps.sysctl import Sysctl
from wizard.steps.systemd_unit import SystemdUnit
from wizard.steps.withdraw import Withdraw
from wizard.uplink import unit as uplink_unit

every_kind = pytest.mark.parametrize("kind", KINDS)


def routed(proxy: Proxy) -> Deployment:
    prefix = IPv6Network("2001:db8:1:2:3::/80")
    return deployment(made_up_hosts.debian13(), mode=Mode.ROUTED, prefix=prefix, proxy=proxy)


def closing() -> Deployment:
    made = deployment(publishing(made_up_hosts.debian14(), "[::]:3000->3000/tcp"))
    made.system.tables = {"filter": {"FORWARD": [], "DOCKER-USER": []}}
    return replace(made, inputs=replace(made.inputs, input=InputRules(CLOSED)))


CLOSED = "*filter\n:INPUT DROP [0:0]\nCOMMIT\n"


def behind_firewalld() -> Deployment:
    host = made_up_hosts.debian12(firewall=firewalld("docker0"))
    prefix = IPv6Network("2001:db8:1:2:3::/80")
    return deployment(host, mode=Mode.ROUTED, prefix=prefix)


ELSEWHERE: Mapping[str, Callable[[], Deployment]] = {
    "firewalld": behind_firewalld,
    "package": partial(routed, Proxy.NDPPD),
    "ndppd": partial(routed, Proxy.NDPPD),
    "neighbour-proxy": partial(routed, Proxy.FIXED),
    "closed-ports": closing,
}
"""Where a kind is planned that the private mode on Debian 13 does without."""


def test_a_kind_needs_no_more_than_a_file_of_its_own_in_the_folder() -> None:
    folder = Path(steps.__path__[0])
    texts = [each.read_text("utf-8") for each in folder.glob("*.py")]
    named = re.findall(r"^    kind: ClassVar\[str\] = \"(.+)\"$", "".join(texts), re.MULTILINE)
    assert sorted(named) == sorted(KINDS)
    assert all(name == kind.kind for name, kind in KINDS.items())


def test_a_class_without_a_kind_of_its_own_is_found_at_once() -> None:
    def made_of(*kinds: Mapping[str, str]) -> ModuleType:
        module = ModuleType("made_up")
        # What is imported there from elsewhere is none of its own.
        module.Package = Package  # type: ignore[attr-defined]
        for number, own in enumerate(kinds):
            name = f"Made{number}"
            setattr(module, name, type(name, (Package,), {"__module__": "made_up", **own}))
        return module

    assert list(collect([made_of({"kind": "one"}, {"kind": "other"})])) == ["one", "other"]
    for wrong in ({}, {"kind": "one"}):
        with pytest.raises(TypeError, match="Made1 has no kind of its own"):
            collect([made_of({"kind": "one"}, wrong)])


def test_a_file_that_imports_the_table_while_it_is_loaded_is_not_left_out_of_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "made_up.py").write_text(
        "from wizard.steps import kinds\nfrom wizard.steps.package import Package\n"
        "class MadeUp(Package):\n    kind = 'made up'\n"
    )
    program = (
        "import sys; from wizard import steps; steps.__path__.append(sys.argv[1]); "
        "import wizard.steps.made_up"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True)
    assert done.returncode
    assert "wizard.steps.made_up has to import wizard.steps.kinds where it is used" in done.stderr


def before_mending() -> tuple[Deployment, Step]:
    """A host on which everything was done and a network is gone, and the step that mends that."""
    made = deployment(made_up_hosts.debian13())
    first = made.plan().steps[0]
    assert isinstance(first, Sysctl)
    before = first.capture(made.system)
    for step in made.plan().steps:
        step.apply(made.system, quiet)
    (key, _value), *_ = first.values
    made.system.sysctls[key] = dict(before.live)[key]
    del made.system.files[first.path]
    parts = first.parts(made.system, before)
    found = StepCondition(1, "Forward", "sysctl", "missing", "It is gone.", None, parts)
    return made, mend(found, parts)


def before_withdrawing() -> tuple[Deployment, Step]:
    """A host on which everything was done, and the step that takes its Compose file back."""
    made = deployment(made_up_hosts.debian13())
    for step in made.plan().steps:
        before = step.capture(made.system)
        step.apply(made.system, quiet)
        if isinstance(step, ComposeFile):
            (file,) = before.files
            assert file.state is not None
            rewrite = Rewrite(file.path, file.state, made.system.files[file.path])
            found = tables.written(before)
            return made, Withdraw(1, step.kind, step.parameters(), found, (rewrite,))
    raise AssertionError(made)


def before_step(kind: str) -> tuple[Deployment, Step]:
    """A host on which every step before one of a kind was done, and that step."""
    if kind == "mend":
        return before_mending()
    if kind == "withdraw":
        return before_withdrawing()
    made = ELSEWHERE.get(kind, partial(deployment, made_up_hosts.debian13()))()
    for step in planning.plan(made.host, made.choices, made.inputs).steps:
        # The uplink's own unit is of the same kind.
        if step.kind == kind and getattr(step, "path", "") != uplink_unit.PATH:
            return made, step
        step.apply(made.system, lambda line: None)
    raise AssertionError(kind)


def quiet(line: str) -> None:
    pass


@every_kind
def test_a_step_says_that_it_is_not_in_effect_until_it_is_applied(kind: str) -> None:
    made, step = before_step(kind)
    sentence = step.check(made.system)
    assert sentence is not None
    assert sentence[-1] in ".)d"
    step.apply(made.system, quiet)
    assert step.check(made.system) is None


@every_kind
def test_a_step_reads_the_host_without_changing_it(kind: str) -> None:
    made, step = before_step(kind)
    before, made.system.changes = made.system.snapshot(), 0
    assert step.obstacle(made.system) is None
    assert step.refusal(made.system) is None
    step.capture(made.system)
    step.check(made.system)
    assert made.system.changes == 0
    assert difference(before, made.system.snapshot()) == set()


@every_kind
def test_a_step_can_be_taken_back_and_then_once_more(kind: str) -> None:
    made, step = before_step(kind)
    before = made.system.snapshot()
    captured = step.capture(made.system)
    step.apply(made.system, quiet)
    assert step.undo(made.system, captured, quiet) == ()
    assert difference(before, made.system.snapshot()) == set()
    assert step.undo(made.system, captured, quiet) == ()
    assert difference(before, made.system.snapshot()) == set()


@every_kind
def test_every_part_of_a_step_is_in_effect_once_it_is_applied_and_until_it_is_taken_back(
    kind: str,
) -> None:
    made, step = before_step(kind)
    captured = step.capture(made.system)
    step.apply(made.system, quiet)
    parts = step.parts(made.system, captured)
    assert [part.name for part in parts if part.condition is not Condition.IN_EFFECT] == []
    step.undo(made.system, captured, quiet)
    assert worst(step.parts(made.system, captured)) is not Condition.IN_EFFECT


@pytest.mark.parametrize("kind", SHARED)
def test_a_file_that_several_set_ups_share_is_named_by_what_was_there(kind: str) -> None:
    _made, step = before_step(kind)
    there = FileState("theirs\n")
    if any(isinstance(each, WriteFile) for each in step.actions()):
        # By this name a change gives it the file as the other set-up leaves it.
        renewed = type(step).from_parameters({**step.parameters(), "previous": vars(there)})
        assert there in [each.before for each in renewed.actions() if isinstance(each, WriteFile)]


def test_what_several_set_ups_share_that_is_no_file_is_made_beside_another_in_a_change() -> None:
    system, package = MadeUpSystem(), Package("ndppd", "It answers.")
    other = Other("peertube", package.kind, package, package.capture(system))
    around = Around("mastodon", system, system, (other,))
    assert list(new_first([], [package], around)) == [replace(package, beside=("peertube",))]


@every_kind
def test_a_step_that_was_never_applied_has_nothing_to_take_back(kind: str) -> None:
    made, step = before_step(kind)
    before = made.system.snapshot()
    assert step.undo(made.system, step.capture(made.system), quiet) == ()
    assert difference(before, made.system.snapshot()) == set()


@every_kind
def test_the_commands_that_take_a_step_back_by_hand_do_so(kind: str) -> None:
    made, step = before_step(kind)
    before = made.system.snapshot()
    captured = step.capture(made.system)
    step.apply(made.system, quiet)
    for line in step.undo_lines(captured):
        match shlex.split(line, comments=True):
            case []:
                assert "put back" in line
                (file,) = captured.files
                made.system.write(file.path, file.state)
            case ["rm", path]:
                made.system.remove(path)
            case ["rmdir", path]:
                made.system.remove_directory(path)
            case argv:
                assert made.system.run(argv).status == 0, line
    if kind == "ip6tables":
        # The empty tables, which no command takes away, filter nothing.
        made.system.tables = {}
    assert difference(before, made.system.snapshot()) == set()


@every_kind
def test_what_is_shown_is_what_is_run(kind: str) -> None:
    made, step = before_step(kind)
    made.system.ran.clear()
    step.apply(made.system, quiet)
    runs = [action.argv for action in step.actions() if isinstance(action, Run)]
    assert made.system.ran == runs
    assert [Run(argv).line for argv in runs] == [
        line
        for line in step.commands
        if not line.startswith(("#", "mkdir")) and "--install-program" not in line
    ]


@pytest.mark.parametrize(
    "kind",
    [
        *("sysctl", "ip6tables", "closed-ports", "ndppd"),
        *("systemd-unit", "filter-service", "compose-file"),
    ],
)
def test_a_file_that_changed_in_the_last_moment_is_not_overwritten(kind: str) -> None:
    made, step = before_step(kind)
    (path,) = (each.path for each in step.actions() if isinstance(each, WriteFile))
    made.system.files[path] = FileState("mine\n")
    with pytest.raises(StepFailed, match="has changed since the plan was made"):
        step.apply(made.system, quiet)
    assert made.system.files[path] == FileState("mine\n")


@pytest.mark.parametrize(
    "kind",
    [
        *("sysctl", "ip6tables", "closed-ports", "ndppd"),
        *("systemd-unit", "filter-service", "compose-file"),
    ],
)
def test_a_file_that_was_there_comes_back_with_its_owner_and_mode(kind: str) -> None:
    made, step = before_step(kind)
    (path,) = (each.path for each in step.actions() if isinstance(each, WriteFile))
    old = FileState("old\n", 0o604, 7, 8)
    made.system.files[path] = old
    previous = "before" if kind == "compose-file" else "previous"
    step = type(step).from_parameters({**step.parameters(), previous: vars(old)})
    captured = step.capture(made.system)
    step.apply(made.system, quiet)
    assert made.system.files[path] != old
    assert step.undo(made.system, captured, quiet) == ()
    assert made.system.files[path] == old


@every_kind
def test_a_command_that_fails_ends_the_step_with_what_it_said(kind: str) -> None:
    made, step = before_step(kind)
    made.system.changes, made.system.fail_at = 0, range(1, 100)
    with pytest.raises(StepFailed) as failed:
        step.apply(made.system, quiet)
    assert str(failed.value).endswith((".", ")"))
    assert "[Errno" not in str(failed.value)


def test_an_undo_that_was_cut_short_after_forwarding_for_all_is_finished_by_the_next() -> None:
    made, step = before_step("sysctl")
    made.system.sysctls["net.ipv6.conf.default.forwarding"] = "1"
    before = made.system.snapshot()
    captured = step.capture(made.system)
    step.apply(made.system, quiet)
    made.system.run(("sysctl", "--write", "net.ipv6.conf.all.forwarding=0"))
    assert step.undo(made.system, captured, quiet) == ()
    assert difference(before, made.system.snapshot()) == set()


def test_accept_ra_is_written_before_forwarding_both_live_and_at_boot() -> None:
    _, step = before_step("sysctl")
    assert isinstance(step, Sysctl)
    runs = [action.line for action in step.actions() if isinstance(action, Run)]
    assert "accept_ra=2" in runs[0]
    lines = [line for line in step.text.splitlines() if line.startswith("net.")]
    assert "accept_ra" in lines[0]


def test_undo_of_the_sysctls_keeps_the_default_route() -> None:
    made, step = before_step("sysctl")
    captured = step.capture(made.system)
    step.apply(made.system, quiet)
    # Taking accept_ra back first, with forwarding on, would be the dangerous order.
    lines = step.undo_lines(captured)
    assert next(n for n, line in enumerate(lines) if "all.forwarding=0" in line) < next(
        n for n, line in enumerate(lines) if "accept_ra=1" in line
    )


@pytest.mark.parametrize("interface", ["docker0", "default"])
def test_an_interface_that_forwarded_before_does_so_again_after_undo(interface: str) -> None:
    made, step = before_step("sysctl")
    made.system.sysctls[f"net.ipv6.conf.{interface}.forwarding"] = "1"
    before = made.system.snapshot()
    captured = step.capture(made.system)
    step.apply(made.system, quiet)
    assert step.undo(made.system, captured, quiet) == ()
    assert difference(before, made.system.snapshot()) == set()


@pytest.mark.parametrize(
    "spoil",
    [
        ("-t", "filter", "-D", CHAIN, "1"),
        ("-t", "filter", "-D", "FORWARD", "1"),
        ("-t", "nat", "-F", CHAIN),
        ("-t", "nat", "-D", "POSTROUTING", "-j", CHAIN),
    ],
)
def test_a_rule_or_jump_that_is_missing_is_noticed(spoil: tuple[str, ...]) -> None:
    made, step = before_step("ip6tables")
    step.apply(made.system, quiet)
    assert made.system.run(("ip6tables", *spoil)).status == 0
    assert step.check(made.system) is not None


def test_the_rules_of_others_are_not_touched_by_loading_ours() -> None:
    made, step = before_step("ip6tables")
    for chain in ("FORWARD", "INPUT"):
        made.system.run(("ip6tables", "-A", chain, "-s", "2001:db8::/32", "-j", "DROP"))
    step.apply(made.system, quiet)
    forward = made.system.tables["filter"]["FORWARD"]
    assert forward == [("-j", CHAIN), ("-s", "2001:db8::/32", "-j", "DROP")]
    assert made.system.tables["filter"]["INPUT"] == [("-s", "2001:db8::/32", "-j", "DROP")]


def test_starting_the_unit_again_leaves_one_jump_and_each_rule_once() -> None:
    made, step = before_step("systemd-unit")
    step.apply(made.system, quiet)
    before = made.system.snapshot()
    for _ in range(3):
        made.system.active.clear()
        made.system.run(("systemctl", "enable", "--now", "docker-ipv6-wizard.service"))
    assert difference(before, made.system.snapshot()) == set()
    assert made.system.tables["filter"]["FORWARD"] == [("-j", CHAIN)]


def test_the_unit_brings_rules_and_values_back_after_a_reboot() -> None:
    made, step = before_step("systemd-unit")
    step.apply(made.system, quiet)
    before = made.system.snapshot()
    made.system.tables = {}
    for key in made.system.sysctls:
        if key.endswith(".forwarding"):
            made.system.sysctls[key] = "0"
    made.system.active.clear()
    made.system.run(("systemctl", "enable", "--now", "docker-ipv6-wizard.service"))
    assert difference(before, made.system.snapshot()) == set()


def test_the_unit_is_ordered_before_docker_and_after_what_flushes_rules() -> None:
    _, step = before_step("systemd-unit")
    assert isinstance(step, SystemdUnit)
    text = step.text
    assert "Before=docker.service\n" in text
    assert "PartOf=docker.service nftables.service netfilter-persistent.service\n" in text
    assert "WantedBy=docker.service\n" in text
    for other in ("netfilter-persistent", "nftables", "ufw"):
        assert f"{other}.service" in next(
            line for line in text.splitlines() if line.startswith("After=")
        )


def test_the_unit_waits_for_what_makes_interfaces_whose_parameters_it_sets() -> None:
    _, step = before_step("systemd-unit")
    assert isinstance(step, SystemdUnit)
    after = [line for line in step.text.splitlines() if line.startswith("After=")]
    assert any("network-online.target" in line.split() for line in after)


def test_a_unit_that_somebody_edited_goes_on_running() -> None:
    made, step = before_step("systemd-unit")
    captured = step.capture(made.system)
    step.apply(made.system, quiet)
    path = "/etc/systemd/system/docker-ipv6-wizard.service"
    made.system.files[path] = FileState(made.system.files[path].text + "# mine\n")
    (sentence,) = step.undo(made.system, captured, quiet)
    assert "has been changed by somebody else" in sentence
    assert "docker-ipv6-wizard.service" in made.system.active


def test_the_network_has_our_label_a_fixed_bridge_and_both_families() -> None:
    made, step = before_step("docker-network")
    assert isinstance(step, DockerNetwork)
    step.apply(made.system, quiet)
    network = made.system.networks["mastodon_ipv6"]
    assert network.labels == {
        LABEL: "fd91:7981:3415::/64",
        "com.docker.compose.project": "mastodon",
        "com.docker.compose.network": "mastodon_ipv6",
    }
    assert network.bridge == "br-ipv6"
    assert network.subnets == [step.ipv4_subnet, step.ipv6_subnet]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda network: network.labels.clear(),
        lambda network: network.labels.update({LABEL: "fd99::/64"}),
        lambda network: setattr(network, "ipv6", False),
    ],
)
def test_a_network_that_is_not_as_it_was_created_is_noticed(
    spoil: Callable[[Any], object],
) -> None:
    made, step = before_step("docker-network")
    step.apply(made.system, quiet)
    spoil(made.system.networks["mastodon_ipv6"])
    assert step.check(made.system) == "The Docker network mastodon_ipv6 is not as it was created."


def test_a_name_that_is_the_beginning_of_another_network_s_identifier_is_free() -> None:
    made, _ = before_step("docker-network")
    begins = made.system.networks["mastodon_internal_network"].id[:4]
    step = DockerNetwork(begins, "br-x", "10.9.0.0/16", "fd99::/64", "mastodon", ("web",))
    assert step.obstacle(made.system) is None
    assert step.undo(made.system, DockerNetworkBefore(files=()), quiet) == ()
    assert "mastodon_internal_network" in made.system.networks


@pytest.mark.parametrize("said", ["Cannot connect to the Docker daemon\n", ""])
def test_an_engine_that_does_not_answer_is_no_free_name(
    said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, step = before_step("docker-network")
    monkeypatch.setattr(MadeUpSystem, "run", lambda self, argv, stdin="": Result(1, said))
    with pytest.raises(StepFailed, match="Docker did not say"):
        step.obstacle(made.system)


def test_containers_get_the_name_of_their_service_on_the_network() -> None:
    made, step = before_step("attach")
    step.apply(made.system, quiet)
    web = made.system.containers["mastodon-web-1"]
    assert web.networks["mastodon_ipv6"] == ("web",)
    assert set(web.networks) > {"mastodon_ipv6"}


def test_a_container_that_left_by_itself_does_not_hold_undo_up() -> None:
    made, step = before_step("attach")
    captured = step.capture(made.system)
    step.apply(made.system, quiet)
    del made.system.containers["mastodon-web-1"]
    assert step.undo(made.system, captured, quiet) == ()


def test_a_container_that_is_not_on_the_network_is_named() -> None:
    made, step = before_step("attach")
    assert isinstance(step, Attach)
    step.apply(made.system, quiet)
    del made.system.containers["mastodon-web-1"].networks["mastodon_ipv6"]
    said = step.check(made.system)
    assert said == "The container mastodon-web-1 is not on mastodon_ipv6."


def test_a_guest_of_the_same_service_name_in_another_project_is_a_guest() -> None:
    made, step = before_step("docker-network")
    captured = step.capture(made.system)
    step.apply(made.system, quiet)
    made.system.containers["guest"] = MadeUpContainer(
        "9" * 64, "guest", "another", "web", networks={"mastodon_ipv6": ("web",)}
    )
    (sentence,) = step.undo(made.system, captured, quiet)
    assert "guest" in sentence


def test_the_rules_are_described_to_the_library_as_it_wants_them() -> None:
    (filter_table, nat) = Ip6tables("br-x", "fd99::/64").tables
    assert [described(rule) for rule in filter_table.rules] == [
        {
            "out-interface": "br-x",
            "conntrack": {"ctstate": "RELATED,ESTABLISHED"},
            "target": "ACCEPT",
        },
        {
            "in-interface": "br-x",
            "conntrack": {"ctstate": "RELATED,ESTABLISHED"},
            "target": "ACCEPT",
        },
        {
            "src": "fd99::/64",
            "in-interface": "br-x",
            "conntrack": {"ctstate": "NEW"},
            "target": "ACCEPT",
        },
        {"in-interface": "!br-x", "out-interface": "br-x", "target": "DROP"},
    ]
    assert [described(rule) for rule in nat.rules] == [
        {"src": "fd99::/64", "out-interface": "!br-x", "target": "MASQUERADE"}
    ]


def test_a_diff_shows_what_a_terminal_would_act_on_as_text() -> None:
    diff = actions.difference("/etc/\x1b[2J", "a\r\n\u202eb", "a\r\nc\n")
    assert diff.path == r"/etc/\x1b[2J"
    assert diff.lines[3:] == (" a", r"-\u202eb", "\\ No newline at end of file", "+c")


def test_a_diff_of_a_new_or_a_gone_file_says_so() -> None:
    assert actions.difference("/x", None, "a\n").lines[:2] == ("--- /dev/null", "+++ b/x")
    assert actions.difference("/x", "a\n", None).lines[:2] == ("--- a/x", "+++ /dev/null")


class TestAdvertisedDefaultRoute:
    STEP = Sysctl((("net.ipv6.conf.eth0.accept_ra", "2"), ("net.ipv6.conf.all.forwarding", "1")))

    @pytest.fixture
    def host(self) -> MadeUpSystem:
        made = MadeUpSystem()
        made.advertised = "eth0"
        made.sysctls = {
            "net.ipv6.conf.all.forwarding": "0",
            "net.ipv6.conf.eth0.forwarding": "0",
            "net.ipv6.conf.eth0.accept_ra": "1",
        }
        return made

    @pytest.mark.parametrize("comes_back", [True, False])
    def test_it_is_asked_for_where_it_is_missing_and_said_to_be_where_it_stays_so(
        self, host: MadeUpSystem, monkeypatch: pytest.MonkeyPatch, comes_back: bool
    ) -> None:
        asked: list[list[str]] = []

        def regain(interfaces: list[str]) -> tuple[str, ...]:
            asked.append(interfaces)
            return () if comes_back else tuple(interfaces)

        monkeypatch.setattr(sysctl, "regain", regain)
        before = self.STEP.capture(host)
        self.STEP.apply(host, print)
        host.default_route = False
        left = self.STEP.undo(host, before, print)
        assert asked == [["eth0"]]
        assert bool(left) is not comes_back
        for sentence in left:
            assert "ip -6 route replace default via fe80::1 dev eth0" in sentence

    def test_nobody_is_asked_where_it_is_there_or_where_the_interface_has_gone(
        self, host: MadeUpSystem, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sysctl, "regain", lambda interfaces: pytest.fail(str(interfaces)))
        before = self.STEP.capture(host)
        self.STEP.apply(host, print)
        assert self.STEP.undo(host, before, print) == ()
        host.default_route = False
        del (
            host.sysctls["net.ipv6.conf.eth0.forwarding"],
            host.sysctls["net.ipv6.conf.eth0.accept_ra"],
        )
        assert self.STEP.undo(host, before, print) == ()

    def test_a_record_from_before_names_no_routes_and_another_file(
        self, host: MadeUpSystem
    ) -> None:
        assert self.STEP.path == "/etc/sysctl.d/90-docker-ipv6-wizard.conf"
        written = tables.written(self.STEP.capture(host))
        del written["default_routes"]
        before = self.STEP.before_from(written)
        self.STEP.apply(host, print)
        assert self.STEP.path in host.files
        host.default_route = False
        assert self.STEP.undo(host, before, print) == ()
        assert host.files == {}


def test_firewalld_is_not_reloaded_where_that_would_undo_what_is_set_for_now() -> None:
    made, step = before_step("firewalld")
    made.system.firewalld_for_now = "  interfaces: eth0\n  ports: 2222/tcp\n"
    refusal = step.refusal(made.system)
    assert refusal is not None
    assert "public: ports: 2222/tcp" in refusal
    assert "eth0" not in refusal
    assert "firewall-cmd --runtime-to-permanent" in refusal


def test_what_a_reload_does_to_our_own_policy_or_to_what_stays_is_no_reason_against_it() -> None:
    made, step = before_step("firewalld")
    answers = {
        ("--list-all-policies",): f"{POLICY} (active)\n  rule one\nother\n  ports: 1/tcp\n",
        ("--permanent", "--list-all-policies"): "other\n  ports: 1/tcp\n",
    }
    run = made.system.run

    def answering(argv: Sequence[str], stdin: str = "") -> Result:
        known = answers.get(tuple(argv[1:])) if argv[0] == "firewall-cmd" else None
        return run(argv, stdin) if known is None else Result(0, known)

    made.system.run = answering  # type: ignore[method-assign]
    assert step.refusal(made.system) is None
    # What its files alone have comes into force by the reload, and may close a port as well.
    answers["--permanent", "--list-all-policies"] = "other\n  ports: 1/tcp\n  ports: 2/tcp\n"
    assert "other: ports: 2/tcp" in str(step.refusal(made.system))
    answers.clear()
    answers["--direct", "--get-all-rules"] = "ipv6 filter INPUT 0 -j DROP\neb x\n"
    assert "ipv6 filter INPUT 0 -j DROP; eb x" in str(step.refusal(made.system))


def test_a_policy_that_firewalld_lost_is_named_with_the_line_that_brings_it_back() -> None:
    made, step = before_step("firewalld")
    captured = step.capture(made.system)
    step.apply(made.system, quiet)
    assert worst(step.parts(made.system, captured)) is Condition.IN_EFFECT
    made.system.firewalld = set()
    parts = step.parts(made.system, captured)
    assert worst(parts) is Condition.MISSING
    assert "firewall-cmd --reload" in parts[-1].words
    made.system.firewalld = None
    assert worst(step.parts(made.system, captured)) is Condition.IN_EFFECT


def test_firewalld_is_left_alone_where_the_answers_say_so_or_it_lets_all_through() -> None:
    made = behind_firewalld()
    kinds = {step.kind for step in made.plan().steps}
    assert "firewalld" in kinds
    passing = made_up_hosts.debian12(firewall=firewalld("docker0", "eth0"))
    plan = planning.plan(passing, made.choices, made.inputs)
    assert "firewalld" not in {step.kind for step in plan.steps}
    with pytest.raises(Refused, match="firewall-cmd --permanent"):
        planning.plan(made.host, replace(made.choices, firewalld=False), made.inputs)


ON_DOCKER = {"attach", "docker-network"}
MAY_WAIT = {"package", "ndppd", "mend", "withdraw", "sysctl"}
"""Forwarding stays on where Docker does not say that none of its networks needs it."""


@pytest.mark.parametrize("kind", [each for each in KINDS if each not in MAY_WAIT])
def test_what_docker_is_not_asked_for_is_taken_back_while_it_does_not_answer(
    kind: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, step = before_step(kind)
    before = made.system.snapshot()
    entry = journal.planned(1, step)
    entry.before, entry.state = tables.written(step.capture(made.system)), StepState.DONE
    step.apply(made.system, quiet)
    applied = made.system.snapshot()
    run = made.system.run

    def silent(argv: Sequence[str], stdin: str = "") -> Result:
        return Result(1, "no answer") if "docker" in argv else run(argv, stdin)

    monkeypatch.setattr(made.system, "run", silent)
    monkeypatch.setattr(docker_patience, "WAIT", 0.0)
    record = Record("1", State.APPLIED, "", "", {}, {}, [entry])
    journal.take_back(record, made.system, store, State.ROLLING_BACK)
    if kind in ON_DOCKER:
        assert entry.state is StepState.KEPT
        assert made.system.snapshot() == applied
    else:
        assert entry.state is StepState.UNDONE, entry.left
        assert difference(before, made.system.snapshot()) == set()
