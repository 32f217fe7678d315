"""What was there before a step, and what others made stand on it, outlives the step's undo."""

import os
import re
from dataclasses import replace
from ipaddress import IPv6Network
from pathlib import Path

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from tests.made_up_system import MadeUpSystem, difference
from wizard.answers.choices import Mode, Proxy
from wizard.plan.planning import Plan
from wizard.platform import parameter_names
from wizard.platform.errors import StepFailed
from wizard.platform.files import Masked, write_durably
from wizard.platform.system import FileState
from wizard.steps import ndppd, sysctl
from wizard.steps.actions import Diff, WriteFile
from wizard.steps.base import Step
from wizard.steps.before import Before, FileBefore
from wizard.steps.closed_ports import ClosedPorts
from wizard.steps.comparing import Comparison, Resolution
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.ip6tables import Ip6tables
from wizard.steps.ndppd import Ndppd
from wizard.steps.neighbour_proxy import NeighbourProxy
from wizard.steps.others import Other
from wizard.steps.package import Package, PackageBefore
from wizard.steps.parts import Condition
from wizard.steps.step_files import StepFiles
from wizard.steps.sysctl import Sysctl
from wizard.steps.systemd_unit import SystemdUnit, rules_and_sysctls

SUBNET = "2001:db8::/80"
ADDRESSES = ("2001:db8::2", "2001:db8::3")
NDPPD = "ndppd.service"


def quiet(line: str) -> None:
    pass


def routing_host() -> MadeUpSystem:
    """A host on which a network can be made: it has a filter, and does not forward yet."""
    system = MadeUpSystem()
    system.tables["filter"] = {"INPUT": [], "FORWARD": [], "OUTPUT": []}
    system.sysctls["net.ipv6.conf.all.forwarding"] = "0"
    return system


def there_and_back(step: Step, system: MadeUpSystem) -> tuple[str, ...]:
    captured = step.capture(system)
    step.apply(system, quiet)
    assert step.check(system) is None
    return step.undo(system, captured, quiet)


# Packages.


def test_a_package_that_was_missing_is_purged() -> None:
    system = MadeUpSystem()
    before = system.snapshot()
    assert there_and_back(Package("ndppd", "It answers."), system) == ()
    assert difference(before, system.snapshot()) == set()


def test_a_package_that_was_there_stays() -> None:
    system = MadeUpSystem()
    system.packages.add("ndppd")
    step = Package("ndppd", "It answers.")
    assert there_and_back(step, system) == ()
    assert system.packages == {"ndppd"}
    assert step.undo_lines(PackageBefore(files=(), installed=True)) == ()


def test_a_package_that_somebody_removed_since_is_no_fault() -> None:
    system = MadeUpSystem()
    step = Package("ndppd", "It answers.")
    captured = step.capture(system)
    step.apply(system, quiet)
    system.packages.clear()
    system.ran.clear()
    assert step.undo(system, captured, quiet) == ()
    assert not [argv for argv in system.ran if "purge" in argv]


# Entries of the neighbour proxy.


def test_our_entries_go_and_those_that_were_there_stay() -> None:
    system = MadeUpSystem()
    theirs = {("eth0", ADDRESSES[0]), ("eth0", "2001:db8::ffff"), ("eth1", ADDRESSES[1])}
    system.proxied |= theirs
    assert there_and_back(NeighbourProxy("eth0", ADDRESSES), system) == ()
    assert system.proxied == theirs


def test_an_entry_that_is_gone_already_does_not_stop_the_others() -> None:
    system = MadeUpSystem()
    step = NeighbourProxy("eth0", ADDRESSES)
    captured = step.capture(system)
    step.apply(system, quiet)
    system.proxied.discard(("eth0", ADDRESSES[0]))
    assert step.undo(system, captured, quiet) == ()
    assert system.proxied == set()


def test_an_entry_that_is_missing_is_noticed() -> None:
    system = MadeUpSystem()
    step = NeighbourProxy("eth0", ADDRESSES)
    assert step.check(system) is not None
    step.apply(system, quiet)
    system.proxied.discard(("eth0", ADDRESSES[1]))
    assert ADDRESSES[1] in (step.check(system) or "")


# ndppd.


def with_ndppd() -> MadeUpSystem:
    system = MadeUpSystem()
    system.packages.add("ndppd")
    system.known_units.add(NDPPD)
    return system


def test_ndppd_stops_where_it_had_no_file_for_it_does_not_run_without_one() -> None:
    system = with_ndppd()
    assert there_and_back(Ndppd("eth0", "2001:db8::/80"), system) == ()
    assert ndppd.PATH not in system.files
    assert system.active == set()


def test_ndppd_runs_on_with_the_file_that_it_had() -> None:
    system = with_ndppd()
    system.active.add(NDPPD)
    old = FileState("proxy eth1 {\n}\n", 0o600, 3, 4)
    system.files[ndppd.PATH] = old
    step = Ndppd("eth0", "2001:db8::/80", old)
    captured = step.capture(system)
    step.apply(system, quiet)
    assert old.text in system.files[ndppd.PATH].text
    system.ran.clear()
    assert step.undo(system, captured, quiet) == ()
    assert system.files[ndppd.PATH] == old
    # It reads its file once, so it is told.
    assert ("systemctl", "restart", NDPPD) in system.ran
    assert system.active == {NDPPD}


@pytest.mark.parametrize(
    ("uplink", "old", "new"),
    [
        # The name is one of an interface, and no pattern.
        (
            "eth0.5",
            "proxy eth0x5 {\n}\n",
            "proxy eth0x5 {\n}\nproxy eth0.5 {\n[rule]}\n",
        ),
        ("eth0", "proxy eth1 {\n}", "proxy eth1 {\n}\nproxy eth0 {\n[rule]}\n"),
        ("eth0", "  proxy  eth0 {\n}\n", "  proxy  eth0 {\n[rule]}\n"),
        ("eth0", "", "proxy eth0 {\n[rule]}\n"),
    ],
)
def test_the_rule_goes_into_the_uplink_s_block_or_one_of_its_own(
    uplink: str, old: str, new: str
) -> None:
    assert ndppd.with_rule(old, uplink, SUBNET) == new.replace("[rule]", ndppd._rule(SUBNET))


def test_the_file_that_ndppd_had_keeps_its_owner_and_rights() -> None:
    system, old = with_ndppd(), FileState("proxy eth1 {\n}\n", 0o600, 3, 4)
    system.files[ndppd.PATH] = old
    Ndppd("eth0", SUBNET, old).apply(system, quiet)
    made = system.files[ndppd.PATH]
    assert replace(made, text=old.text) == old
    assert made.text != old.text


def test_a_rule_of_ours_that_somebody_moved_is_not_taken_out_by_guess() -> None:
    old = FileState("proxy eth0 {\n   router yes\n}\nproxy eth1 {\n}\n")
    step = Ndppd("eth0", "2001:db8::/80", old)
    ours = ndppd.with_rule(old.text, "eth0", "2001:db8::/80")
    rule = ours[len("proxy eth0 {\n") : ours.index("   router yes")]
    moved = ours.replace(rule, "").replace("eth1 {\n", f"eth1 {{\n{rule}")
    assert step.without_ours(old.text, ours, moved) is None
    # Where nothing of ours is in it, it is as it is to be.
    assert step.without_ours(old.text, ours, old.text) == old.text
    edited = ours.replace("router yes", "router no")
    assert step.without_ours(old.text, ours, edited) == old.text.replace("yes", "no")


def test_of_two_rules_in_its_file_each_goes_alone_and_ndppd_is_told() -> None:
    old = FileState("proxy eth0 {\n   router yes\n}\n", 0o600, 3, 4)
    for first_to_go in (0, 1):
        system = with_ndppd()
        system.active.add(NDPPD)
        system.files[ndppd.PATH] = old
        first = Ndppd("eth0", SUBNET, old)
        of_first = first.capture(system)
        first.apply(system, quiet)
        other = (Other("peertube", first.kind, first, of_first),)
        second = Ndppd("eth0", "2001:db8:0:1::/80", system.files[ndppd.PATH]).among(other)
        of_second = second.found_first(second.capture(system), other)
        second.apply(system, quiet)
        both = (first.among((Other("mastodon", second.kind, second, of_second),)), second)
        befores, alone = (of_first, of_second), (first, second.among(()))
        goes, stays = first_to_go, 1 - first_to_go
        # One of them put in twice is not what was set up.
        file = system.files[ndppd.PATH]
        rule = ndppd._rule(both[goes].subnet)
        system.files[ndppd.PATH] = replace(file, text=file.text.replace(rule, 2 * rule))
        (part,) = (
            each for each in both[stays].parts(system, befores[stays]) if each.name == ndppd.PATH
        )
        assert part.condition is not Condition.IN_EFFECT
        system.files[ndppd.PATH] = file
        system.ran.clear()
        assert both[goes].undo(system, befores[goes], quiet) == ()
        assert ("systemctl", "restart", NDPPD) in system.ran
        assert system.files[ndppd.PATH] == replace(
            old, text=ndppd.with_rule(old.text, "eth0", both[stays].subnet)
        )
        # Taken out a second time it is not there, and nobody is told of anything.
        system.ran.clear()
        both[goes].undo(system, befores[goes], quiet)
        assert ("systemctl", "restart", NDPPD) not in system.ran
        # What was there when the second came is not what is there now, and nobody changed it.
        (found,) = alone[stays].compare(system, befores[stays])
        assert found.comparison is Comparison.UNCHANGED
        assert alone[stays].undo(system, befores[stays], quiet) == ()
        assert system.files[ndppd.PATH] == old


@pytest.mark.parametrize(
    ("edited", "choice", "told"),
    [
        ("router no", Resolution.KEEP, True),
        ("router no", Resolution.OURS, True),
        ("router no", Resolution.ORIGINAL, True),
        # What cannot be told apart is left, and then ndppd goes on as it is.
        ("static", Resolution.KEEP, False),
    ],
)
def test_ndppd_is_told_where_its_file_is_written(
    edited: str, choice: Resolution, told: bool
) -> None:
    system, old = with_ndppd(), FileState("proxy eth0 {\n   router yes\n}\n")
    system.files[ndppd.PATH] = old
    step = Ndppd("eth0", SUBNET, old)
    before = step.capture(system)
    step.apply(system, quiet)
    ours = system.files[ndppd.PATH]
    was = "router yes" if told else "static"
    system.files[ndppd.PATH] = replace(ours, text=ours.text.replace(was, f"{edited} # mine"))
    system.ran.clear()
    step.undo(system, before, quiet, {ndppd.PATH: choice})
    assert (("systemctl", "restart", NDPPD) in system.ran) is told


def test_undo_of_a_purged_ndppd_asks_nothing_of_its_unit() -> None:
    system = with_ndppd()
    step = Ndppd("eth0", "2001:db8::/80")
    captured = step.capture(system)
    step.apply(system, quiet)
    system.known_units.discard(NDPPD)
    system.active.clear()
    assert step.undo(system, captured, quiet) == ()
    assert ndppd.PATH not in system.files


# Kernel parameters.


def listening() -> tuple[MadeUpSystem, Sysctl]:
    made = deployment(made_up_hosts.debian13())
    step = next(step for step in made.plan().steps if isinstance(step, Sysctl))
    assert step.values[0] == ("net.ipv6.conf.eth0.accept_ra", "2")
    return made.system, step


def test_the_file_stays_while_the_host_must_go_on_listening() -> None:
    system, step = listening()
    captured = step.capture(system)
    step.apply(system, quiet)
    # Somebody made a network with IPv6 since: forwarding stays on, and with it accept_ra=2, which
    # without the file would be gone at the next boot, and the host's default route with it.
    system.run(("docker", "network", "create", "--ipv6", "--subnet", "fd99::/64", "theirs"))
    left = step.undo(system, captured, quiet)
    assert system.files[step.path].text == step.text
    assert system.sysctls["net.ipv6.conf.eth0.accept_ra"] == "2"
    assert system.default_route
    assert any(step.path in sentence for sentence in left)


def test_a_parameter_of_an_interface_that_is_gone_holds_nothing_up() -> None:
    system, step = listening()
    before_of_others = system.sysctls[parameter_names.name("all", "forwarding")]
    captured = step.capture(system)
    step.apply(system, quiet)
    for key in [key for key in system.sysctls if ".eth0." in key]:
        del system.sysctls[key]
    system.advertised = None
    assert step.undo(system, captured, quiet) == ()
    assert system.sysctls[parameter_names.name("all", "forwarding")] == before_of_others
    assert step.path not in system.files


# What Docker changes besides when it makes the first network with IPv6.


def first_network() -> DockerNetwork:
    subnets = ("10.9.0.0/16", "fd99::/64")
    return DockerNetwork("mine", "br-x", *subnets, "mastodon", ("web",), engine_forwards=True)


def test_the_policy_that_docker_set_is_as_before_once_no_network_needs_it() -> None:
    system = routing_host()
    step = first_network()
    captured = step.capture(system)
    step.apply(system, quiet)
    system.policies["FORWARD"] = "DROP"
    system.sysctls["net.ipv6.conf.all.forwarding"] = "1"
    assert step.undo(system, captured, quiet) == ()
    assert system.policies["FORWARD"] == "ACCEPT"
    assert system.sysctls["net.ipv6.conf.all.forwarding"] == "0"


def test_an_interface_that_went_meanwhile_is_not_written_to() -> None:
    system = routing_host()
    system.sysctls["net.ipv6.conf.veth1.forwarding"] = "0"
    step = first_network()
    captured = step.capture(system)
    step.apply(system, quiet)
    system.sysctls["net.ipv6.conf.all.forwarding"] = "1"
    del system.sysctls["net.ipv6.conf.veth1.forwarding"]
    assert step.undo(system, captured, quiet) == ()
    assert system.sysctls["net.ipv6.conf.all.forwarding"] == "0"


def test_the_policy_stays_while_another_network_has_ipv6() -> None:
    system = routing_host()
    step = first_network()
    captured = step.capture(system)
    step.apply(system, quiet)
    system.run(("docker", "network", "create", "--ipv6", "--subnet", "fd98::/64", "theirs"))
    system.policies["FORWARD"] = "DROP"
    step.undo(system, captured, quiet)
    assert system.policies["FORWARD"] == "DROP"


# The unit that closes a bridge at every boot.


def closing(bridge: str = "br-x", engine_masquerades: bool = False) -> SystemdUnit:
    rules = Ip6tables(
        bridge, "2001:db8::/80", masquerade=False, engine_masquerades=engine_masquerades
    )
    return rules_and_sysctls(None, rules)


CLOSED_PORTS = ClosedPorts("br-x", "fd98::/64", ports=("3000/tcp",), uplink="eth0")
"""What is published stays closed by it; its unit comes after Docker, and closes a bridge too."""


@pytest.mark.parametrize("step", [closing(), rules_and_sysctls(None, CLOSED_PORTS)])
def test_the_unit_stays_while_the_bridge_that_it_closes_does(step: SystemdUnit) -> None:
    system = routing_host()
    system.tables["filter"]["DOCKER-USER"] = []
    system.files["/etc/docker-ipv6-wizard/ip6tables.rules"] = FileState("*filter\nCOMMIT\n")
    system.files[sysctl.PATH] = FileState("")
    words = ("--opt", "com.docker.network.bridge.name=br-x", "theirs")
    system.run(("docker", "network", "create", "--ipv6", "--subnet", "fd98::/64", *words))
    captured = step.capture(system)
    step.apply(system, quiet)
    left = step.undo(system, captured, quiet)
    assert step.path in system.files
    assert step.name in system.enabled & system.active
    assert any("br-x" in sentence for sentence in left)
    # An undo that takes the bridge away with it takes the unit, too.
    (found,) = step.compare(system, captured, gone_by_then={"br-x"})
    assert not found.needed
    system.run(("docker", "network", "rm", "theirs"))
    assert step.undo(system, captured, quiet) == ()
    assert step.path not in system.files
    assert step.name not in system.enabled | system.active


@pytest.mark.parametrize("engine_masquerades", [False, True])
def test_the_unit_runs_on_the_side_of_docker_that_its_rules_need(engine_masquerades: bool) -> None:
    # Closed before the first container starts; but what Docker would masquerade has to be let by
    # before Docker's rule, so ours are put in front of it after Docker has made its own.
    text = closing(engine_masquerades=engine_masquerades).text
    assert ("After=docker.service\n" in text) is engine_masquerades
    assert ("Before=docker.service\n" in text) is not engine_masquerades


# Ports that are published on the host's own loopback alone.


def test_a_port_published_on_loopback_is_closed_on_the_container_s_own_address() -> None:
    made = deployment(made_up_hosts.debian13())
    plan: Plan = made.plan(
        mode=Mode.ROUTED, prefix=IPv6Network("2001:db8:1:2:1::/80"), proxy=Proxy.SERVICE
    )
    published = [
        port
        for project in (made.host.projects if isinstance(made.host.projects, tuple) else ())
        for container in project.containers
        for port in container.ports
        if "->" in port
    ]
    assert published and all(port.startswith("127.0.0.1:") for port in published)
    rules = next(step for step in plan.steps if isinstance(step, Ip6tables))
    assert rules.ports == ()
    assert "--dport" not in rules.text


# Links on the way to a file of somebody else's folder.


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a link to somebody")
def test_a_link_of_a_third_person_is_not_followed(tmp_path: Path) -> None:
    theirs, victim = tmp_path / "theirs", tmp_path / "victim"
    theirs.mkdir()
    victim.mkdir()
    (victim / "file").write_text("whole\n")
    (theirs / "link").symlink_to(victim / "file")
    os.lchown(theirs / "link", 4711, 4711)
    with pytest.raises(PermissionError, match="a link on the way"):
        write_durably(theirs / "link", "broken\n", 0o644, 0, 0)
    assert (victim / "file").read_text() == "whole\n"
    # One of whoever owns the folder it leads to could have written there anyway.
    os.chown(victim, 4711, 4711)
    write_durably(theirs / "link", "written\n", 0o644, 0, 0)
    assert (victim / "file").read_text() == "written\n"


@pytest.mark.parametrize("given", [{"mode": 0o600}, {"uid": 7}, {"gid": 8}])
def test_the_rights_that_somebody_gave_a_file_since_outlive_the_undo(given: dict[str, int]) -> None:
    path, old = "/etc/ours.conf", FileState("old\n", 0o640, 1, 2)
    written = WriteFile(path, old, FileState("ours\n", 0o644, 3, 4))
    files = StepFiles((written,), lambda before, after, now: None)
    system = MadeUpSystem()
    system.files[path] = old
    before = Before(files=files.capture(system))
    system.files[path] = replace(written.after, **given)  # type: ignore[arg-type]
    found = files.compare(system, before)
    assert files.undo(system, before, found, {}) == ()
    assert system.files[path] == replace(written.after, text="old\n", **given)
    # So it is where ours is put back.
    theirs = replace(written.after, text="theirs\n", **given)
    system.files[path] = theirs
    files.undo(system, before, files.compare(system, before), {path: Resolution.OURS})
    assert system.files[path] == replace(theirs, text="ours\n")
    # And where nobody gave it any, it gets back its own.
    system.files[path] = written.after
    files.undo(system, before, found, {})
    assert system.files[path] == old


def test_a_file_of_which_the_record_says_nothing_is_not_left_in_silence() -> None:
    written = WriteFile("/etc/ours.conf", None, FileState("ours\n"))
    files = StepFiles((written,), lambda before, after, now: None)
    system = MadeUpSystem()
    system.files[written.path] = written.after
    with pytest.raises(StepFailed, match=r"does not say what /etc/ours.conf was"):
        files.compare(system, Before(files=()))


def test_a_file_that_was_theirs_and_is_masked_since_is_not_as_before() -> None:
    class Hiding(MadeUpSystem):
        def read(self, path: str) -> FileState | None:
            raise Masked(path)

    written = WriteFile("/etc/ours.conf", FileState("old\n"), FileState("ours\n"))
    files = StepFiles((written,), lambda before, after, now: None)
    theirs = Before(files=(FileBefore.of(written.path, written.before),))
    with pytest.raises(Masked):
        files.compare(Hiding(), theirs)
    nobody_s = Before(files=(FileBefore.of(written.path, None),))
    (found,) = files.compare(Hiding(), nobody_s)
    assert found.comparison is Comparison.GONE


@pytest.mark.parametrize(
    ("old", "now", "comparison", "said"),
    [
        ("old\n", "ours\n", Comparison.UNCHANGED, None),
        ("old\n", "old\n", Comparison.GONE, "as it was before"),
        (None, None, Comparison.GONE, "not there any more"),
        ("old\n", "theirs\n", Comparison.CHANGED, "changed by somebody"),
        (None, "theirs\n", Comparison.CHANGED, "changed by somebody"),
        ("old\n", None, Comparison.CHANGED, "removed by somebody"),
    ],
)
def test_how_a_file_stands_is_said_in_one_sentence_and_shown_both_ways(
    old: str | None, now: str | None, comparison: Comparison, said: str | None
) -> None:
    system, path = MadeUpSystem(), "/etc/ours"
    before, at_present = (None if text is None else FileState(text) for text in (old, now))
    files = StepFiles(
        (WriteFile(path, before, FileState("ours\n")),), lambda _old, _ours, _now: None
    )
    if at_present is not None:
        system.files[path] = at_present
    (found,) = files.compare(system, Before(files=(FileBefore.of(path, before),)))
    assert found.comparison is comparison
    if said:
        assert re.fullmatch(rf"{path} [^.]*{said}[^.]*\.", found.words)
    else:
        assert not found.words

    def lines(text: str | None, sign: str) -> set[str]:
        return set() if text is None else {f"{sign}{text.rstrip()}"}

    def of(diff: Diff | None) -> set[str]:
        return {
            line
            for line in (diff.lines if diff else ())
            if not line.startswith(("---", "+++", "@"))
        }

    is_changed = comparison is Comparison.CHANGED
    assert of(found.changed) == (lines("ours\n", "-") | lines(now, "+") if is_changed else set())
    gone = comparison is Comparison.GONE
    assert of(found.back) == (set() if gone else lines(now, "-") | lines(old, "+"))
