"""Set-ups that the release of commit 24eb895 made and kept: told what they carry, undone whole."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.made_up_system import MadeUpContainer, MadeUpNetwork, MadeUpSystem, difference
from wizard.record import earlier_releases
from wizard.record.record import GENERATION, Record, State
from wizard.record.store import Store
from wizard.record.toml_text import dumps, loads
from wizard.run import journal
from wizard.steps import kinds
from wizard.steps.attach import Attach
from wizard.steps.docker_network import DockerNetworkBefore
from wizard.steps.sysctl import SysctlBefore

RECORDS = Path(__file__).parent / "recorded" / "records-24eb895"
NAMES = sorted(each.stem for each in RECORDS.glob("*.toml"))

PRIVATE = {"debian12-ula", "debian13-ula", "debian14-ula"}
OWN_FILTER = {"debian12-routed", "debian13-routed"}

SAID = {
    "Address already in use": set(NAMES) - PRIVATE,
    "docker network create": set(NAMES),
    "wizard.ndp": set(NAMES) - PRIVATE,
    "Nothing watches the packet filter": OWN_FILTER,
    "believed, not tried": {"debian14-routed"},
    "has flushed its rules": {"debian14-routed"},
    "net.ipv6.conf.eth0.accept_ra": set(NAMES),
    "not INPUT": {"debian14-ula"},
    "wizard --undo": set(NAMES),
}
"""What is said of which set-ups."""


def record_of(name: str) -> Record:
    return loads((RECORDS / f"{name}.toml").read_text())


class Forgetting(Store):
    """A store that keeps nothing."""

    def save(self, record: Record) -> None:
        pass


def host_before(record: Record) -> MadeUpSystem:
    """A host as the record says that it was."""
    system = MadeUpSystem()
    for entry in record.steps:
        step = kinds.step(entry.kind, entry.parameters)
        before = step.before_from(entry.before)
        for file in before.files:
            system.directories |= {str(each) for each in Path(file.path).parents}
            if file.state is not None:
                system.files[file.path] = file.state
        if isinstance(before, SysctlBefore):
            system.sysctls |= dict(before.live)
        if isinstance(before, DockerNetworkBefore):
            system.sysctls |= dict(before.forwarding or ())
        if isinstance(step, Attach):
            for identifier, name, service in step.containers:
                system.containers[name] = MadeUpContainer(identifier, name, "mastodon", service)
    system.advertised = "eth0"
    system.sysctls.setdefault("net.ipv6.conf.eth0.accept_ra", "1")
    system.directories.discard("/etc/docker-ipv6-wizard")
    system.networks["mastodon_default"] = MadeUpNetwork(
        "mastodon_default", "1", "br-1", False, ["172.18.0.0/16"], {}, {}
    )
    return system


@pytest.mark.parametrize("name", NAMES)
def test_it_is_undone_whole(name: str, tmp_path: Path) -> None:
    record = record_of(name)
    assert record.state is State.APPLIED
    system = host_before(record)
    before = system.snapshot()
    for entry in record.steps:
        kinds.step(entry.kind, entry.parameters).apply(system, lambda line: None)
    assert difference(before, system.snapshot())

    journal.take_back(record, system, Forgetting(tmp_path), State.UNDOING)

    assert record.left == []
    assert str(record.state) == "undone"
    assert difference(before, system.snapshot()) == set()


@pytest.mark.parametrize("name", NAMES)
def test_it_is_told_what_it_carries_and_what_to_type(name: str) -> None:
    said = " ".join(earlier_releases.faults(record_of(name)))
    for words, names in SAID.items():
        assert (words in said) is (name in names), words


@pytest.mark.parametrize("values", [5, [["a"]], [5]])
def test_a_step_that_is_damaged_keeps_nothing_else_from_being_told(values: object) -> None:
    record = record_of("debian13-ula")
    whole = earlier_releases.faults(record)
    steps = [
        replace(step, parameters={"values": values}) if step.kind == "sysctl" else step
        for step in record.steps
    ]
    told = earlier_releases.faults(replace(record, steps=steps))
    assert told
    assert set(told) == {each for each in whole if "router advertisements" not in each}


def test_each_uplink_with_fixed_entries_is_named_with_the_line_to_type() -> None:
    record = record_of("debian13-ula")
    entries = [
        replace(record.steps[0], kind="neighbour-proxy", parameters={"uplink": uplink})
        for uplink in ("ens18", "eth7\x1b")
    ]
    (told, other) = (
        [
            each
            for each in earlier_releases.faults(replace(record, steps=steps))
            if "entries" in each
        ]
        for steps in ([*record.steps, *entries], record.steps)
    )
    assert not other
    assert ["ens18" in each for each in told] == [True, False]
    assert ["eth7" in each for each in told] == [False, True]
    assert all("type: systemctl restart" in each and "\x1b" not in each for each in told)


@pytest.mark.parametrize("name", NAMES)
def test_what_this_release_makes_or_what_was_taken_back_carries_nothing(name: str) -> None:
    record = record_of(name)
    assert record.generation < GENERATION
    assert earlier_releases.faults(replace(record, generation=GENERATION)) == ()
    assert earlier_releases.faults(replace(record, state=State.UNDONE)) == ()


def test_what_a_later_release_ended_is_not_said_of_what_that_one_made() -> None:
    record = replace(record_of("debian14-routed"), generation=2)
    said = earlier_releases.faults(record)
    assert len(said) == 2
    assert "has flushed its rules" in said[0]
    assert "wizard --undo" in said[1]


@pytest.mark.parametrize("name", NAMES)
def test_which_release_made_it_is_kept_when_the_record_is_written_anew(name: str) -> None:
    assert loads(dumps(record_of(name))).generation == 1
