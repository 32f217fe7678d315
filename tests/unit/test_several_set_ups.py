"""Several set-ups on one host: beside each other, failing beside each other, known by name.

The core is the real one; the host is made up. Their lives at random: test_lives_of_several.py.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv6Network, ip_network
from pathlib import Path
from typing import Any

import pytest

from tests import made_up_hosts, made_up_system
from tests.made_up_deployments import ARTICLE
from tests.made_up_hosts import _container
from tests.made_up_system import MadeUpSystem, Packet, by_bridge, difference
from wizard.answers import answers_file, proposals
from wizard.answers.checks import check
from wizard.answers.choices import Choices, Mode, Placement
from wizard.answers.obstacles import obstacles
from wizard.answers.projects import project_of
from wizard.host.host import ComposeProject, Earlier, ExistingNetwork, Host, Unknown
from wizard.modes import plan_inputs
from wizard.ndp import unit as ndp_unit
from wizard.plan import planning
from wizard.platform.errors import Refused
from wizard.platform.own_names import CHAIN
from wizard.record.record import Record, State
from wizard.record.repair_store import RepairStore, store_of
from wizard.record.store import Store
from wizard.run import (
    apply_run,
    change_run,
    changing,
    guard,
    journal,
    reversible,
    revert,
    set_ups,
    undo_run,
    undoing,
)
from wizard.run.cancelled import Cancelled
from wizard.run.each_step import attempt, begun
from wizard.run.ground import ground_of
from wizard.run.guard import Unguarded
from wizard.steps import ip6tables, legacy_ip6tables, sysctl, systemd_unit

NAMES = ("mastodon", "peertube", "pixelfed")
PREFIXES = {
    Mode.ULA: ("fd00:0:0:1::/64", "fd00:0:0:2::/64", "fd00:0:0:3::/64"),
    Mode.ROUTED: ("2001:db8:1:2:1::/80", "2001:db8:1:2:2::/80", "2001:db8:1:2:3::/80"),
}
OTHER_PREFIXES = ("2001:db8:1:2:a::/80", "2001:db8:1:2:b::/80", "2001:db8:1:2:c::/80")
HOSTS = {
    "12": made_up_hosts.debian12,
    "13": made_up_hosts.debian13,
    "14": made_up_hosts.debian14,
}
every_host = pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)


def _project(name: str) -> ComposeProject:
    folder = Path("/srv", name)
    containers = tuple(
        _container(f"{name}-{service}-1", service, (f"{name}_default",), index)
        for index, service in enumerate(("db", "redis", "web", "streaming", "sidekiq"))
    )
    return ComposeProject(name, folder, (folder / "docker-compose.yml",), containers)


class Place:
    """A host with three projects, and the wizard on it."""

    def __init__(
        self, host: Callable[[], Host], folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.host = replace(host(), projects=tuple(map(_project, NAMES)))
        files = {f"/srv/{name}/docker-compose.yml": ARTICLE for name in NAMES}
        self.system: MadeUpSystem = made_up_system.of(self.host, files)
        self.store = Store(folder)
        self.store.prepare()
        self.lacks = False
        monkeypatch.setattr(os, "fsync", lambda descriptor: None)
        for run in (apply_run, change_run):
            monkeypatch.setattr(run, "look", self.look)
            monkeypatch.setattr(run, "verification_of", lambda *_: self)
        monkeypatch.setattr(reversible, "check_places", lambda plan: None)
        monkeypatch.setattr(legacy_ip6tables, "loader", lambda: None)
        monkeypatch.setattr(journal, "LAST_SAVES", (0.0,))
        monkeypatch.setattr(guard, "announce", lambda *_: None)

    # What stands in for the verification of a real host.

    def obstacles(self) -> tuple[str, ...]:
        return ()

    def check(self, _before: object, _say: object) -> None:
        return None

    def settle(self) -> None:
        return None

    def look(self) -> Host:
        """The host as it is now, as far as a plan of another set-up depends on it."""
        assert not isinstance(self.host.networks, Unknown)
        assert not isinstance(self.host.interfaces, Unknown)
        there = {each.name for each in self.host.networks}
        made = tuple(
            ExistingNetwork(
                id=each.id,
                name=each.name,
                driver="bridge",
                bridge=each.bridge,
                internal=False,
                ipv6=True,
                attachable=True,
                subnets=tuple(map(ip_network, each.subnets)),
                labels=tuple(each.labels.items()),
            )
            for each in self.system.networks.values()
            if each.name not in there
        )
        earlier = tuple(
            Earlier(
                Path("/r"),
                str(each.state),
                each.started,
                each.in_the_way,
                each.project,
                str(each.choices["network"]),
            )
            for each in self.store.records()
        )
        return replace(
            self.host,
            networks=(*self.host.networks, *made),
            interfaces=(*self.host.interfaces, *(each.bridge or "" for each in made)),
            earlier=earlier,
        )

    def choices(self, name: str, mode: Mode, **changes: Any) -> Choices:
        number = NAMES.index(name)
        chosen = Choices(
            mode=mode,
            prefix=IPv6Network(PREFIXES[mode][number]),
            network=f"{name}_ipv6",
            bridge=f"br-{name}",
            project=name,
            file=Path(f"/srv/{name}/docker-compose.yml"),
            services=("web", "streaming"),
            placement=Placement.IN_PLACE,
            accepted=("[::]:3000/tcp", "open [::]:3000/tcp"),
        )
        return replace(chosen, **changes)

    def renumbered(self, name: str) -> Choices:
        """The answers of a public set-up for another prefix, on a network of another name."""
        old = answers_file.from_table(self.in_force()[name].choices)
        number, second = NAMES.index(name), old.network == f"{name}_ipv6"
        prefix = OTHER_PREFIXES[number] if second else PREFIXES[Mode.ROUTED][number]
        return replace(
            old,
            prefix=IPv6Network(prefix),
            network=f"{name}_ipv6_2" if second else f"{name}_ipv6",
            bridge=f"br-{name}-2" if second else f"br-{name}",
        )

    def apply(self, choices: Choices, seconds: int | None = None) -> Record:
        others = set_ups.others(self.store)
        host = self.look()
        read = plan_inputs.read_project(self.system, project_of(host, choices), others)
        made = planning.plan(host, choices, read)
        return apply_run.apply(
            choices,
            made.digest,
            self.system,
            self.store,
            Cancelled(),
            Unguarded(),
            seconds,
        )

    def change(self, choices: Choices, seconds: int | None = None) -> Record:
        run = changing.in_force(self.store, choices)
        host = self.look()
        others = set_ups.others(self.store, run.id, host=host)
        ground = ground_of(run, host, self.system, others)
        return self.run_change(changing.change_of(ground, choices, self.system).plan, seconds)

    def run_change(self, made: planning.Plan, seconds: int | None) -> Record:
        return change_run.change(
            made.choices,
            made.digest,
            self.system,
            RepairStore(self.store.directory),
            Cancelled(),
            Unguarded(),
            seconds,
        )

    def undo(self, name: str) -> Record:
        return undo_run.undo(self.system, self.store, Unguarded(), name)

    def seen(self) -> dict[str, str]:
        found = by_bridge(self.system.snapshot())
        return {key: value for key, value in found.items() if not key.endswith(" known_units")}

    def in_force(self) -> dict[str, Record]:
        return {each.project: each for each in set_ups.in_force(self.store)}

    def all_stand(self, waiting: bool = False) -> None:
        """Make sure that every step of every set-up is in effect, and none looks changed."""
        standing = set_ups.in_force(self.store)
        if waiting:
            standing = tuple(set_ups.as_it_stands(self.store, each) for each in standing)
        for record in standing:
            beside = set_ups.others(self.store, record.id)
            for entry in begun(record):
                found = attempt(entry, lambda step: step.check(self.system), beside)
                assert found is None, (record.project, entry.title, found)
            for step in undoing.preview(record, self.system, None, beside).steps:
                assert not step.changed, (record.project, step)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Host]], Place]:
    def make(host: Callable[[], Host]) -> Place:
        shutil.rmtree(tmp_path / "state", ignore_errors=True)
        return Place(host, tmp_path / "state", monkeypatch)

    return make


Make = Callable[[Callable[[], Host]], Place]


def test_one_is_renumbered_beside_another(place: Make) -> None:
    here = place(made_up_hosts.debian13)
    before = here.seen()
    for name in NAMES[:2]:
        here.apply(here.choices(name, Mode.ROUTED))
    start = here.seen()
    ended = here.change(here.renumbered("mastodon"), 60)
    assert ended.state is State.UNCONFIRMED, ended.error
    here.all_stand(waiting=True)
    revert.revert(ended.id, here.system, store_of(ended.id, here.store), Unguarded(), asked=True)
    assert not difference(start, here.seen())
    assert here.change(here.renumbered("mastodon")).state is State.APPLIED
    here.all_stand()
    served = here.system.files[ndp_unit.PATH].text
    assert " --network mastodon_ipv6 " not in served
    assert " --network mastodon_ipv6_2 " in served and " --network peertube_ipv6 " in served
    for name in NAMES[:2]:
        assert here.undo(name).state is State.UNDONE
        here.all_stand()
    assert not difference(before, here.seen())


def test_the_containers_of_one_set_up_reach_no_closed_port_of_another(place: Make) -> None:
    here = place(made_up_hosts.debian13)
    for name, mode in zip(NAMES, (Mode.ULA, Mode.ROUTED, Mode.ROUTED), strict=True):
        here.apply(here.choices(name, mode))
    here.all_stand()

    def verdict(source: str, incoming: str, outgoing: str, state: str = "NEW") -> str:
        return here.system.verdict("filter", "FORWARD", Packet(source, incoming, outgoing, state))

    def every_way() -> None:
        standing = here.in_force()
        for number, one in enumerate(NAMES):
            if one not in standing:
                continue
            mode = Mode(str(standing[one].choices["mode"]))
            source = str(IPv6Network(PREFIXES[mode][number])[2])
            assert verdict(source, f"br-{one}", "eth0") == "ACCEPT"
            assert verdict("2001:db8::1", "eth0", f"br-{one}") == "DROP"
            for other in standing:
                if other != one:
                    assert verdict(source, f"br-{one}", f"br-{other}") == "DROP"

    every_way()
    # As a boot loads them: the file alone.
    here.system.tables = {"filter": {"FORWARD": []}, "nat": {"POSTROUTING": []}}
    here.system.run(("ip6tables-restore", "--noflush", "--wait", "10", ip6tables.PATH))
    every_way()
    here.undo("mastodon")
    every_way()


def test_what_is_shared_stays_and_is_known_by_name(place: Make) -> None:
    here = place(made_up_hosts.debian13)
    here.apply(here.choices("mastodon", Mode.ROUTED))
    alone = {path: here.system.files[path] for path in (sysctl.PATH, ip6tables.PATH, ndp_unit.PATH)}
    here.apply(here.choices("peertube", Mode.ROUTED))
    served = here.system.files[ndp_unit.PATH].text
    for name, prefix in zip(NAMES[:2], PREFIXES[Mode.ROUTED], strict=False):
        assert f" --network {name}_ipv6 --prefix {prefix}" in served
    assert here.system.files[sysctl.PATH] == alone[sysctl.PATH]

    record = here.in_force()["peertube"]
    shown = undoing.preview(record, here.system, None, set_ups.others(here.store, record.id))
    notes = [note for step in shown.steps for note in step.notes]
    for what in ("net.ipv6.conf.all.forwarding", sysctl.PATH, f"The chain {CHAIN}"):
        assert f"{what} stays for mastodon." in notes
    for unit in (systemd_unit.PATH, ndp_unit.PATH):
        assert f"{Path(unit).name} stays for mastodon." in notes
    commands = [line for step in shown.steps for line in step.commands]
    assert not [line for line in commands if "disable" in line or line.startswith("rm ")]
    assert here.undo("peertube").state is State.UNDONE
    assert {path: here.system.files[path] for path in alone} == alone


def test_what_somebody_changed_of_a_shared_file_is_not_overwritten(place: Make) -> None:
    here = place(made_up_hosts.debian13)
    here.apply(here.choices("mastodon", Mode.ULA))
    file = here.system.files[sysctl.PATH]
    here.system.files[sysctl.PATH] = replace(file, text=f"{file.text}# mine\n")
    start = here.seen()
    with pytest.raises(Refused, match=r"serves mastodon as well, has been changed by somebody"):
        here.apply(here.choices("peertube", Mode.ROUTED))
    assert here.seen() == start


def test_only_one_run_may_wait_for_an_answer(place: Make) -> None:
    here = place(made_up_hosts.debian13)
    here.apply(here.choices("mastodon", Mode.ULA))
    waits = here.apply(here.choices("peertube", Mode.ROUTED), 60)
    assert waits.state is State.UNCONFIRMED
    start = here.seen()
    for project in ("pixelfed", "mastodon"):
        (sentence,) = obstacles(here.look(), here.choices(project, Mode.ULA))
        assert "for peertube" in sentence.found
    with pytest.raises(Refused, match=r"peertube waits for an answer: keep it with wizard --keep"):
        apply_run.apply(
            here.choices("pixelfed", Mode.ULA), "", here.system, here.store, Cancelled()
        )
    with pytest.raises(Refused, match=r"mastodon cannot be taken back now"):
        here.undo("mastodon")
    assert here.seen() == start
    assert revert.keep(here.system, here.store, Unguarded()).project == "peertube"
    with pytest.raises(Refused, match=r"peertube is set up already.*wizard --undo peertube"):
        apply_run.apply(
            here.choices("peertube", Mode.ULA), "", here.system, here.store, Cancelled()
        )


class Watched(Unguarded):
    """A guard that notes when it is taken away."""

    gone = False

    def disarm(self) -> None:
        self.gone = True


def test_the_guard_of_one_run_takes_back_and_lets_go_of_no_other(place: Make) -> None:
    here = place(made_up_hosts.debian13)
    first = here.apply(here.choices("mastodon", Mode.ULA))
    alone = here.seen()
    second = here.apply(here.choices("peertube", Mode.ROUTED), 60)
    watched = Watched()
    start = here.seen()
    assert revert.revert(first.id, here.system, here.store, watched) is not None
    assert revert.revert("another", here.system, here.store, watched) is None
    assert here.seen() == start
    assert not watched.gone
    revert.revert(second.id, here.system, here.store, watched, asked=True)
    assert watched.gone
    assert not difference(alone, here.seen())
    assert here.in_force().keys() == {"mastodon"}
    here.all_stand()


def test_the_record_of_a_release_that_had_one_alone_stays_until_it_is_settled(
    place: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = place(made_up_hosts.debian13)
    before = here.seen()
    record = here.apply(here.choices("mastodon", Mode.ROUTED), 60)
    # As such a release has it: in the one place, with nothing of what others need.
    single = here.store.directory / "record.toml"
    single.unlink()
    text = here.store.path.read_text().replace("beside = []\n", "")
    shutil.rmtree(here.store.directory / "runs")
    single.write_text(text)
    single.chmod(0o600)

    assert here.store.of(record.id).path == single
    assert here.in_force()["mastodon"] == here.store.load()
    # While it is open, its guard finds it, and nothing moves it.
    here.store.move_on()
    assert single.read_text() == text
    assert revert.keep(here.system, here.store, Unguarded()).id == record.id
    assert not single.is_symlink()

    here.apply(here.choices("peertube", Mode.ROUTED))
    assert single.is_symlink()
    assert here.store.of(record.id).path == here.store.directory / f"runs/{record.id}/record.toml"
    assert here.in_force().keys() == {"mastodon", "peertube"}
    here.all_stand()
    for name in ("mastodon", "peertube"):
        assert here.undo(name).state is State.UNDONE
    assert not difference(before, here.seen())


def test_the_guard_takes_back_a_run_of_such_a_release(place: Make) -> None:
    here = place(made_up_hosts.debian13)
    before = here.seen()
    record = here.apply(here.choices("mastodon", Mode.ULA), 60)
    single = here.store.directory / "record.toml"
    here.store.path.rename(single)
    shutil.rmtree(here.store.directory / "runs")
    record.expires = 0.0
    here.store.save(record)
    ended = revert.revert(record.id, here.system, here.store, Unguarded())
    assert ended is not None
    assert ended.state is State.ROLLED_BACK
    assert not here.store.directory.joinpath("runs").exists()
    assert not difference(before, here.seen())


def test_proposals_leave_the_names_and_prefixes_of_other_set_ups_alone(place: Make) -> None:
    here = place(made_up_hosts.debian13)
    first = proposals.defaults(here.look())
    assert first.project == "mastodon"
    chosen = here.choices("mastodon", Mode.ROUTED, network=first.network, bridge=first.bridge)
    assert here.apply(chosen).state is State.APPLIED
    host = here.look()
    assert obstacles(host) == ()
    second = proposals.choose_mode(
        replace(proposals.defaults(host), prefix=None), Mode.ROUTED, host
    )
    assert (second.project, second.network, second.bridge) == (
        "peertube",
        "peertube_ipv6",
        "br-ipv6-2",
    )
    assert second.prefix is not None
    assert not second.prefix.overlaps(IPv6Network(PREFIXES[Mode.ROUTED][0]))
    # What was answered for the first is nobody's answer for the second.
    assert not proposals.answers_any(chosen, host)
    assert proposals.answers_any(replace(chosen, project="peertube"), host)
    assert proposals.resume(chosen, host).project == "peertube"
    same = replace(second, prefix=chosen.prefix, network=chosen.network, bridge=chosen.bridge)
    said = " ".join(check(replace(same, services=("web",)), host))
    for what in ("already exists", "already has an interface", "already in use"):
        assert what in said


def test_beside_a_record_that_cannot_be_read_all_goes_but_what_may_be_shared(place: Make) -> None:
    here = place(made_up_hosts.debian13)
    before = here.seen()
    record = here.apply(here.choices("mastodon", Mode.ULA))
    applied = here.seen()
    strange = here.store.directory / "runs" / "strange" / "record.toml"
    strange.parent.mkdir(mode=0o700)
    strange.write_text("no record")
    strange.chmod(0o600)
    journal.take_back(record, here.system, here.store.of(record.id), State.UNDOING)
    assert record.state is State.UNDO_INCOMPLETE
    after = here.seen()
    gone = ("file /srv/mastodon/docker-compose.yml", "network mastodon_ipv6")
    assert {key for key in difference(before, after) if key.startswith(gone)} == set()
    shared = ("file /etc/", "unit ", "sysctl net.ipv6.conf.all.")
    stays = {key for key in difference(before, applied) if key.startswith(shared)}
    assert len(stays) > 3
    assert stays.isdisjoint(difference(applied, after))
    # Once that is out of the way, the rest goes as well.
    shutil.rmtree(strange.parent)
    assert here.undo("mastodon").state is State.UNDONE
    assert not difference(before, here.seen())
