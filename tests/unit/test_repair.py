"""Repair on made-up hosts: whatever is lost comes back, goes again, and can be undone."""

import copy
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from ipaddress import IPv6Network
from pathlib import Path

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import Deployment, deployment
from tests.made_up_system import UNITS, MadeUpSystem, difference
from wizard.answers.choices import Mode, Placement, Proxy
from wizard.host.host import Unknown
from wizard.platform.errors import Refused
from wizard.platform.own_names import CHAIN
from wizard.platform.system import FileState, Result
from wizard.record.record import Record, State
from wizard.record.repair_store import RepairStore, store_of
from wizard.record.store import Store
from wizard.run import journal, repairing
from wizard.run.conditions import conditions
from wizard.run.repairing import Repair, repair_of
from wizard.steps import legacy_ip6tables
from wizard.steps.attach import Attach
from wizard.steps.comparing import Resolution
from wizard.steps.compose_file import ComposeFile
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.ip6tables import PATH as RULES
from wizard.steps.ip6tables import Ip6tables
from wizard.steps.mend import Mend, Rewrite
from wizard.steps.parts import Condition
from wizard.steps.sysctl import PATH as SYSCTLS
from wizard.steps.sysctl import Sysctl
from wizard.steps.systemd_unit import FilterService, SystemdUnit

COMPOSE = "/srv/mastodon/docker-compose.yml"
NETWORK = "mastodon_ipv6"
UNIT = "docker-ipv6-wizard.service"
FILTER = "docker-ipv6-wizard-filter.service"
FORWARDING = "net.ipv6.conf.all.forwarding"
ACCEPT_RA = "net.ipv6.conf.eth0.accept_ra"

Break = Callable[[MadeUpSystem], object]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(legacy_ip6tables, "loader", lambda: None)


class Kept:
    """A host on which a run is kept."""

    def __init__(self, name: str, store: Store) -> None:
        self.made, self.original, system, record = applied(name)
        self.store, self.host = store, self.made.host
        self.system, self.record = copy.deepcopy(system), copy.deepcopy(record)
        self.applied = self.system.snapshot()
        store.save(self.record)

    def states(self) -> dict[str, str]:
        """How the steps stand that are not in effect, by their kind."""
        found = conditions(self.record, self.host, self.system)
        return {each.kind: each.state for each in found if each.state != Condition.IN_EFFECT}

    def repairs(self, changed: Resolution = Resolution.KEEP, back: bool = False) -> Repair:
        """Repair, and keep it or take it back."""
        made = repair_of(self.record, self.host, self.system, changed)
        amendment = repairing.amendment(self.record, made, self.system)
        journal.check_obstacles(made.plan, self.system)
        repairs = RepairStore(self.store.directory)
        entry = journal.begin(made.plan, {}, repairs)

        def conclude(entry: Record, store: Store) -> None:
            repairing.check_mended(made, self.record, self.host, self.system)
            amendment.make(self.host)
            self.store.save(self.record)
            entry.state = State.UNCONFIRMED if back else State.APPLIED
            store.save(entry)

        journal.apply(made.plan, entry, self.system, repairs, lambda: False, conclude)
        assert entry.state in (State.APPLIED, State.UNCONFIRMED), entry.error
        if back:
            again = repairs.load()
            assert again is not None
            journal.take_back(again, self.system, repairs, State.ROLLING_BACK)
            assert again.state is State.ROLLED_BACK, again.left
        return made

    def undo(self) -> None:
        record = self.store.load()
        assert record is not None
        journal.take_back(record, self.system, self.store, State.UNDOING)
        assert record.state is State.UNDONE, record.left


ROUTED = partial(
    deployment,
    made_up_hosts.debian13(),
    mode=Mode.ROUTED,
    prefix=IPv6Network("2001:db8:1:2:3::/80"),
)
HOSTS: dict[str, Callable[[], Deployment]] = {
    "private": partial(deployment, made_up_hosts.debian13()),
    "override": partial(deployment, made_up_hosts.debian12(), placement=Placement.OVERRIDE),
    "routed": ROUTED,
    "fixed": partial(ROUTED, proxy=Proxy.FIXED),
    "28": partial(deployment, made_up_hosts.debian14()),
}


@cache
def applied(name: str) -> tuple[Deployment, dict[str, str], MadeUpSystem, Record]:
    """A deployment, what its host was, and the host and the record after a run."""
    made = HOSTS[name]()
    before, plan = made.system.snapshot(), made.plan()
    system = copy.deepcopy(made.system)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "state")
        store.prepare()
        record = journal.begin(plan, {"IPv6 uplink": "eth0 via fe80::1"}, store)
        journal.apply(plan, record, system, store, lambda: False)
    assert record.state is State.APPLIED
    return made, before, system, record


@pytest.fixture
def kept(store: Store) -> Kept:
    return Kept("private", store)


def lose_network(system: MadeUpSystem) -> None:
    for container in system.containers.values():
        container.networks.pop(NETWORK, None)
    assert system.run(("docker", "network", "rm", NETWORK)).status == 0


def flush(system: MadeUpSystem) -> None:
    for chains in system.tables.values():
        for rules in chains.values():
            rules.clear()


def lose_chains(system: MadeUpSystem) -> None:
    flush(system)
    for chains in system.tables.values():
        chains.pop(CHAIN, None)


def reverted(system: MadeUpSystem) -> None:
    system.files[COMPOSE] = replace(system.files[COMPOSE], text=ORIGINAL)


ORIGINAL = deployment().system.files[COMPOSE].text


def remove(path: str) -> Break:
    return lambda system: system.files.pop(path)


def mask(path: str) -> Break:
    def done(system: MadeUpSystem) -> None:
        system.run(("ln", "--symbolic", "--force", "/dev/null", path))
        system.active.discard(path.rpartition("/")[2])
        system.run(("systemctl", "daemon-reload"))

    return done


def leave(system: MadeUpSystem) -> None:
    for container in system.containers.values():
        container.networks.pop(NETWORK, None)


def set_value(key: str, value: str) -> Break:
    return lambda system: system.run(("sysctl", "--write", f"{key}={value}"))


def another_network(system: MadeUpSystem) -> None:
    lose_network(system)
    words = ("--driver", "bridge", "--ipv6", "--subnet", "fd99::/64", NETWORK)
    assert system.run(("docker", "network", "create", *words)).status == 0


def a_rule_between(system: MadeUpSystem) -> None:
    rule = ("-s", "2001:db8:bad::/48", "-j", "DROP")
    assert system.run(("ip6tables", "-I", CHAIN, "2", *rule)).status == 0


def add_lines(path: str) -> Break:
    def done(system: MadeUpSystem) -> None:
        file = system.files[path]
        system.files[path] = replace(file, text=f"{file.text}# mine\n")

    return done


LOST: dict[str, tuple[str, Break]] = {
    "network": (DockerNetwork.kind, lose_network),
    "containers made anew": (Attach.kind, leave),
    "chains": (Ip6tables.kind, lose_chains),
    "flush": (Ip6tables.kind, flush),
    "rules file": (Ip6tables.kind, remove(RULES)),
    "parameter as before": (Sysctl.kind, set_value(ACCEPT_RA, "1")),
    "file of parameters": (Sysctl.kind, remove(SYSCTLS)),
    "unit stopped": (SystemdUnit.kind, lambda system: system.active.discard(UNIT)),
    "unit removed": (SystemdUnit.kind, remove(f"{UNITS}/{UNIT}")),
    "service stopped": (FilterService.kind, lambda system: system.active.discard(FILTER)),
    "git checkout": (ComposeFile.kind, reverted),
}
CHANGED: dict[str, tuple[str, Break]] = {
    "another network": (DockerNetwork.kind, another_network),
    "a rule between": (Ip6tables.kind, a_rule_between),
    "another value": (Sysctl.kind, set_value(ACCEPT_RA, "0")),
    "file of parameters": (Sysctl.kind, add_lines(SYSCTLS)),
    "masked file": (Sysctl.kind, mask(SYSCTLS)),
    "unit disabled": (SystemdUnit.kind, lambda system: system.enabled.discard(UNIT)),
    "unit masked": (FilterService.kind, mask(f"{UNITS}/{FILTER}")),
    "unit edited": (SystemdUnit.kind, add_lines(f"{UNITS}/{UNIT}")),
}
every_loss = pytest.mark.parametrize("name", LOST)
every_change = pytest.mark.parametrize("name", CHANGED)


@pytest.mark.parametrize("host", HOSTS)
def test_nothing_is_found_where_nothing_is_lost(host: str, store: Store) -> None:
    kept = Kept(host, store)
    kept.system.changes = 0
    assert kept.states() == {}
    assert repair_of(kept.record, kept.host, kept.system).plan.steps == ()
    assert kept.system.changes == 0


@every_loss
def test_what_is_lost_is_missing_comes_back_and_is_undone(kept: Kept, name: str) -> None:
    kind, lose = LOST[name]
    lose(kept.system)
    assert kept.states()[kind] == Condition.MISSING
    kept.repairs()
    assert kept.states() == {}
    assert difference(kept.applied, kept.system.snapshot()) == set()
    kept.undo()
    assert difference(kept.original, kept.system.snapshot()) == set()


@every_change
def test_what_somebody_changed_is_left_unless_ours_is_wanted(kept: Kept, name: str) -> None:
    kind, change = CHANGED[name]
    change(kept.system)
    broken = kept.system.snapshot()
    assert kept.states()[kind] == Condition.CHANGED
    left = repair_of(kept.record, kept.host, kept.system)
    if "masked" in name:
        assert "has masked" in str(left.left[0].cause)
    assert [each.kind for each in left.left][:1] == [kind]
    assert left.plan.steps == ()
    assert difference(broken, kept.system.snapshot()) == set()
    kept.repairs(Resolution.OURS)
    assert kept.states() == {}
    assert difference(kept.applied, kept.system.snapshot()) == set()
    kept.undo()
    assert difference(kept.original, kept.system.snapshot()) == set()


@pytest.mark.parametrize("name", [*LOST, *CHANGED])
def test_a_repair_that_is_taken_back_leaves_the_host_as_it_was_before_it(
    kept: Kept, name: str
) -> None:
    (LOST.get(name) or CHANGED[name])[1](kept.system)
    broken = kept.system.snapshot()
    kept.repairs(Resolution.OURS, back=True)
    assert difference(broken, kept.system.snapshot()) == set()
    record = kept.store.load()
    assert record is not None
    assert record.state is State.APPLIED


def test_all_at_once_stopped_at_any_place_is_as_before_or_whole(kept: Kept) -> None:
    for _kind, lose in LOST.values():
        if lose not in (leave, flush):
            lose(kept.system)
    kept.system.run(("systemctl", "daemon-reload"))
    broken, before = kept.system.snapshot(), copy.deepcopy(kept.system)
    for number in range(1, 200):
        system = kept.system = copy.deepcopy(before)
        made = repair_of(kept.record, kept.host, system)
        repairs = RepairStore(kept.store.directory)
        system.changes, system.fail_at = 0, (number,)
        entry = journal.begin(made.plan, {}, repairs)
        journal.apply(made.plan, entry, system, repairs, lambda: False)
        if entry.state is State.APPLIED:
            assert number > 8
            assert difference(kept.applied, system.snapshot()) == set()
            break
        assert entry.state is State.ROLLED_BACK, (number, entry.left)
        assert difference(broken, system.snapshot()) == set()
    else:
        raise AssertionError("something went wrong at every place")


def test_a_compose_file_that_somebody_went_on_with_gets_our_lines_again(kept: Kept) -> None:
    theirs = ORIGINAL.replace("redis:7-alpine", "redis:8-alpine")
    kept.system.files[COMPOSE] = replace(kept.system.files[COMPOSE], text=theirs)
    assert kept.states() == {"compose-file": Condition.MISSING}
    kept.repairs()
    now = kept.system.files[COMPOSE].text
    assert "redis:8-alpine" in now and NETWORK in now
    kept.undo()
    assert kept.system.files[COMPOSE].text == theirs


@pytest.mark.parametrize("hindrance", ["a link", "what Compose does not take"])
def test_whatever_the_owner_of_the_compose_file_does_the_rest_is_put_back(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, hindrance: str
) -> None:
    reverted(kept.system)
    remove(SYSCTLS)(kept.system)
    run = MadeUpSystem.run

    def refusing(system: MadeUpSystem, argv: Sequence[str], stdin: str = "") -> Result:
        return Result(1, "no such thing") if "config" in argv else run(system, argv, stdin)

    if hindrance == "a link":
        monkeypatch.setattr(
            MadeUpSystem, "why_not_write", lambda _, path: "theirs" if path == COMPOSE else None
        )
    else:
        monkeypatch.setattr(MadeUpSystem, "run", refusing)
    made = kept.repairs()
    assert SYSCTLS in kept.system.files
    assert kept.system.files[COMPOSE].text == ORIGINAL
    assert [each.kind for each in made.left] == ["compose-file"]
    assert ("theirs" if hindrance == "a link" else "no such thing") in made.left[0].words


def test_lines_of_others_beside_ours_are_nothing_to_repair(kept: Kept) -> None:
    add_lines(COMPOSE)(kept.system)
    assert kept.states() == {}


def test_a_network_of_somebody_s_with_guests_is_not_replaced(kept: Kept) -> None:
    another_network(kept.system)
    guest = copy.deepcopy(next(iter(kept.system.containers.values())))
    guest.name, guest.id, guest.project, guest.networks = "guest", "f" * 64, "", {NETWORK: ()}
    kept.system.containers["guest"] = guest
    made = repair_of(kept.record, kept.host, kept.system, Resolution.OURS)
    assert made.plan.steps == ()
    assert "guest" in made.left[0].words


WITHOUT = {"accept_ra": "1", "forwarding": "0", "proxy_ndp": "0", "proxy_delay": "80"}
"""What the parameters of an interface are without the wizard."""


def rename_interface(system: MadeUpSystem, new: str, booted: bool) -> None:
    """Give eth0 another name: at a boot, or of a kernel that goes on with the values it has."""
    fresh = WITHOUT | {"forwarding": "1"}
    for name in [name for name in system.sysctls if ".eth0." in name]:
        value = system.sysctls.pop(name)
        parameter = name.rpartition(".")[2]
        system.sysctls[name.replace("eth0", new)] = fresh[parameter] if booted else value


@pytest.mark.parametrize("booted", [True, False])
def test_an_uplink_with_another_name_is_followed_and_undone(store: Store, booted: bool) -> None:
    kept = Kept("fixed", store)
    system = kept.system
    assert not isinstance(kept.host.uplink, Unknown)
    uplink = replace(kept.host.uplink, interface="wan0")
    kept.host = replace(kept.host, uplink=uplink, interfaces=("lo", "wan0"))
    rename_interface(system, "wan0", booted)
    system.proxied.clear()
    system.advertised = "wan0"
    assert set(kept.states()) >= {"sysctl", "neighbour-proxy", "systemd-unit"}
    found = conditions(kept.record, kept.host, system)
    assert "eth0" in str(found[0].cause) and "wan0" in str(found[0].cause)
    kept.repairs()
    assert kept.states() == {}
    assert {name for name, _ in system.proxied} == {"wan0"}
    assert system.sysctls["net.ipv6.neigh.wan0.proxy_delay"] == "0"
    kept.undo()
    after = {key: value for key, value in system.sysctls.items() if ".wan0." in key}
    assert len(after) == 4
    assert all(value == WITHOUT[key.rpartition(".")[2]] for key, value in after.items()), after
    assert system.proxied == set()


def test_only_what_is_kept_can_be_repaired_and_an_undo_ends_what_waits(kept: Kept) -> None:
    with pytest.raises(Refused, match="nothing to repair"):
        repairing.in_force(None)
    with pytest.raises(Refused, match="only one that is kept"):
        repairing.in_force(replace(kept.record, state=State.UNCONFIRMED))
    repairs = RepairStore(kept.store.directory)
    record = journal.begin(kept.made.plan(), {}, repairs)
    assert repairs.open is not None
    assert store_of(record.id, kept.store).path == repairs.path
    assert store_of(kept.record.id, kept.store) is kept.store
    repairing.give_up(repairs)
    assert repairs.open is None


def test_a_file_that_is_not_as_it_was_put_back_is_noticed() -> None:
    system, path = MadeUpSystem(), "/etc/sysctl.d/ours.conf"
    step = Mend(1, "Something", "It is gone.", files=(Rewrite(path, FileState("ours\n")),))
    assert path in (step.check(system) or "")
    step.apply(system, lambda line: None)
    assert step.check(system) is None
    system.files[path] = FileState("theirs\n")
    assert path in (step.check(system) or "")
