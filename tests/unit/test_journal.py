"""A whole run on a made-up host: forwards, back, and stopped at every place in between."""

import copy
import os
import pickle
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests import made_up_deployments, made_up_hosts
from tests.made_up_deployments import CLAIMS, TODAY, Deployment, claimant
from tests.made_up_system import MadeUpContainer, MadeUpSystem, difference, failing
from wizard.answers.choices import Choices, Placement
from wizard.host.host import Host, Ip6tablesCommand
from wizard.plan.planning import Plan
from wizard.platform.errors import ExitCode, HostChanged, Refused
from wizard.platform.system import FileState
from wizard.record.record import Record, State, StepState
from wizard.record.store import Store
from wizard.record.toml_text import loads
from wizard.run import journal, undoing
from wizard.run.undoing import Changed
from wizard.steps import legacy_ip6tables
from wizard.steps.comparing import Resolution
from wizard.steps.compose_file import ComposeFile
from wizard.steps.sysctl import PATH as SYSCTL_FILE


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(journal, "LAST_SAVES", (0.0,) * len(journal.LAST_SAVES))


@pytest.fixture(autouse=True)
def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep python-iptables away from the machine that the tests run on."""
    monkeypatch.setattr(legacy_ip6tables, "loader", lambda: None)


def every(step: int = 1) -> Iterator[int]:
    """Count the places at which something can go wrong, of which there must be an end."""
    yield from range(step, 1000, step)
    raise AssertionError("something went wrong at every one of a thousand places")


HOSTS = {
    "debian12": made_up_hosts.debian12,
    "debian13": made_up_hosts.debian13,
    "debian14": made_up_hosts.debian14,
    "legacy": lambda: made_up_hosts.debian12(ip6tables=Ip6tablesCommand("1.8.9", legacy=True)),
}
every_host = pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS.keys())


class Remembering(Store):
    """A store in memory, for the loops that run over every place; the real one is far slower."""

    remembered = b""

    def save(self, record: Record) -> None:
        self.remembered = pickle.dumps(record)

    def load(self) -> Record | None:
        return pickle.loads(self.remembered) if self.remembered else None  # noqa: S301


@pytest.fixture
def memory(tmp_path: Path) -> Store:
    return Remembering(tmp_path)


@cache
def planned(host: Callable[[], Host], placement: Placement) -> tuple[Deployment, Plan]:
    made = made_up_deployments.deployment(host(), placement=placement)
    return made, made.plan()


@dataclass(frozen=True)
class Planned:
    """A host before a run, and the plan for it."""

    system: MadeUpSystem
    plan: Plan
    path: str
    choices: Choices


def deployment(
    host: Callable[[], Host] = made_up_hosts.debian12, placement: Placement = Placement.IN_PLACE
) -> Planned:
    """A deployment of its own for each call, planned once for all: planning is pure."""
    made, plan = planned(host, placement)
    return Planned(copy.deepcopy(made.system), plan, made.path, made.choices)


def never() -> bool:
    return False


def run(made: Planned, store: Store, cancelled: Callable[[], bool] = never) -> Record:
    journal.check_obstacles(made.plan, made.system)
    record = journal.begin(made.plan, {}, store)
    journal.apply(made.plan, record, made.system, store, cancelled)
    return record


def undo(made: Planned, store: Store) -> Record:
    record = store.load()
    assert record is not None
    journal.take_back(record, made.system, store, State.UNDOING)
    return record


def changed_objects(store: Store, made: Planned) -> tuple[Changed, ...]:
    steps = undoing.preview(store.load(), made.system).steps
    return tuple(each for step in steps for each in step.changed)


def states(record: Record) -> set[StepState]:
    return {step.state for step in record.steps}


@every_host
def test_a_run_puts_everything_in_place_and_undo_takes_it_back(
    host: Callable[[], Host], store: Store
) -> None:
    made = deployment(host)
    before = made.system.snapshot()

    record = run(made, store)

    assert (record.state, record.error, record.left) == (State.APPLIED, "", [])
    assert states(record) == {StepState.DONE}
    assert all(step.check(made.system) is None for step in made.plan.steps)
    assert made.system.snapshot() != before
    assert made.system.default_route
    assert made.system.sysctls["net.ipv6.conf.br-ipv6.forwarding"] == "1"
    for name, container in made.system.containers.items():
        service = name.strip("1_-").removeprefix("mastodon").strip("_-")
        assert ("mastodon_ipv6" in container.networks) == (service in made.choices.services)

    taken_back = undo(made, store)

    assert (taken_back.state, taken_back.left) == (State.UNDONE, [])
    assert states(taken_back) == {StepState.UNDONE}
    assert difference(before, made.system.snapshot()) == set()
    assert made.system.default_route


def test_only_what_the_plan_names_is_different_afterwards(store: Store) -> None:
    made = deployment()
    before = made.system.snapshot()
    run(made, store)
    touched = difference(before, made.system.snapshot())
    for key in touched:
        assert key in CLAIMS or key.startswith(tuple(CLAIMS)), key
    assert not any("docker0" in key and "forwarding" not in key for key in touched)
    assert "container mastodon_db_1" not in touched
    assert "network mastodon_internal_network" not in touched


def test_with_an_override_the_compose_file_itself_is_never_touched(store: Store) -> None:
    made = deployment(placement=Placement.OVERRIDE)
    before = made.system.snapshot()
    run(made, store)
    assert made.system.files[made.path].text == TODAY
    assert "/srv/mastodon/docker-compose.override.yml" in made.system.files
    undo(made, store)
    assert difference(before, made.system.snapshot()) == set()


@pytest.mark.parametrize("half_done", [False, True], ids=["not done", "done but said to fail"])
@every_host
def test_whichever_change_fails_everything_is_rolled_back(
    host: Callable[[], Host], half_done: bool, memory: Store
) -> None:
    number = 0
    for number in every():
        made = deployment(host)
        before = made.system.snapshot()
        with failing(made.system, {number}, half_done):
            record = run(made, memory)
        if record.state is State.APPLIED:
            break
        assert record.state is State.ROLLED_BACK, number
        assert journal.EXIT_CODES[record.state] == ExitCode.ROLLED_BACK
        assert record.error
        assert "[Errno" not in record.error
        assert states(record) <= {StepState.UNDONE, StepState.PLANNED}
        assert difference(before, made.system.snapshot()) == set(), number
        assert made.system.default_route
        assert memory.load() == record
    assert number > 5


def test_a_step_that_is_done_but_not_in_effect_is_rolled_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = deployment()
    before = made.system.snapshot()
    monkeypatch.setattr(ComposeFile, "check", lambda step, system: "It is not.")
    record = run(made, store)
    assert record.error == "It was done but is not in effect. It is not."
    assert record.state is State.ROLLED_BACK
    assert difference(before, made.system.snapshot()) == set()


def test_a_fault_in_a_step_is_rolled_back_like_any_failure(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = deployment()
    before = made.system.snapshot()

    def broken(step: ComposeFile, system: MadeUpSystem) -> None:
        raise KeyError("never thought of")

    monkeypatch.setattr(ComposeFile, "check", broken)
    record = run(made, store)
    assert record.error == "The wizard has a fault: KeyError: 'never thought of'."
    assert record.state is State.ROLLED_BACK
    assert difference(before, made.system.snapshot()) == set()


def test_a_cancelled_run_stops_before_the_next_step_and_rolls_back(memory: Store) -> None:
    for boundary in range(6):
        made = deployment()
        before = made.system.snapshot()
        answers = iter([False] * boundary + [True])
        record = run(made, memory, lambda answers=answers: next(answers))  # type: ignore[misc]
        assert record.state is State.ROLLED_BACK
        assert record.error == "It was cancelled before the next step."
        begun = [step for step in record.steps if step.state is not StepState.PLANNED]
        assert len(begun) == boundary
        assert difference(before, made.system.snapshot()) == set()


@pytest.mark.parametrize("half_done", [False, True], ids=["not done", "done but said to fail"])
def test_the_record_on_the_disk_never_says_less_than_what_is_on_the_host(
    store: Store, half_done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = deployment(made_up_hosts.debian13)
    before = made.system.snapshot()
    looked = 0

    def look(_: object = None) -> None:
        nonlocal looked
        looked += 1
        on_disk = store.load()
        touched = difference(before, made.system.snapshot())
        if on_disk is None:
            assert touched == set()
            return
        begun = {
            step.kind
            for step in on_disk.steps
            if step.state not in (StepState.PLANNED, StepState.UNDONE)
        }
        assert {claimant(key) for key in touched} <= begun

    save = Store.save

    def saved(self: Store, record: Record) -> None:
        look()
        save(self, record)
        look()

    monkeypatch.setattr(Store, "save", saved)
    made.system.watch = look
    with failing(made.system, {14}, half_done):
        assert run(made, store).state is State.ROLLED_BACK
    assert run(made, store).state is State.APPLIED
    assert undo(made, store).state is State.UNDONE
    assert looked > 200


class PowerCut(BaseException):
    """The machine is off: nothing more runs, not even what ends a run."""


def cut(system: MadeUpSystem, at: int) -> None:
    def watch(number: int) -> None:
        if number == at:
            raise PowerCut

    system.changes, system.watch = 0, watch


def test_after_a_crash_at_any_change_undo_brings_the_host_back(memory: Store) -> None:
    number = 0
    for number in every():
        made = deployment()
        before = made.system.snapshot()
        cut(made.system, number)
        try:
            run(made, memory)
            break
        except PowerCut:
            made.system.watch = lambda number: None
        record = undo(made, memory)
        assert record.state is State.UNDONE, number
        assert difference(before, made.system.snapshot()) == set(), number
    assert number > 12


@every_host
def test_after_a_crash_in_the_middle_of_undo_another_undo_finishes(
    host: Callable[[], Host], memory: Store
) -> None:
    number = 0
    for number in every():
        made = deployment(host)
        before = made.system.snapshot()
        run(made, memory)
        cut(made.system, number)
        try:
            undo(made, memory)
            break
        except PowerCut:
            made.system.watch = lambda number: None
        assert undo(made, memory).state is State.UNDONE, number
        assert difference(before, made.system.snapshot()) == set(), number
    assert number > 5


def test_a_rollback_that_fails_goes_on_and_says_what_is_left(store: Store) -> None:
    made = deployment()
    before = made.system.snapshot()
    with failing(made.system, range(12, 1000), half_done=False):
        record = run(made, store)
    assert record.state is State.ROLLBACK_INCOMPLETE
    assert journal.EXIT_CODES[record.state] == ExitCode.ROLLBACK_INCOMPLETE
    left = [step for step in record.steps if step.state is StepState.KEPT]
    assert len(left) > 2
    for step in left:
        assert "By hand:" in step.left[0] or "stay" in step.left[0]
    # The cause is gone, and one more undo mends it.
    assert undo(made, store).state is State.UNDONE
    assert difference(before, made.system.snapshot()) == set()


KEPT_TOGETHER = (
    ["sysctl", "docker-network"],
    ["sysctl", "docker-network", "compose-file"],
    ["ip6tables", "systemd-unit"],
)


def test_one_step_that_cannot_be_taken_back_does_not_keep_the_others(memory: Store) -> None:
    made = deployment()
    before = made.system.snapshot()
    run(made, memory)
    last = made.system.changes
    for number in range(1, 25):
        again = deployment()
        run(again, memory)
        assert again.system.changes == last
        with failing(again.system, {number}, half_done=False):
            record = undo(again, memory)
        kept = [step.kind for step in record.steps if step.state is StepState.KEPT]
        # What stays keeps what it stands on: a file its network, a network its
        # forwarding, a unit its rules.
        assert kept in ([], *([each] for each in kept[:1]), *KEPT_TOGETHER), kept
        if record.state is State.UNDO_INCOMPLETE:
            assert undo(again, memory).state is State.UNDONE
        assert difference(before, again.system.snapshot()) == set(), number


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, int], None]]:
    """Let saves of the record fail, from one number on and up to another."""
    save = Store.save
    limits = [1000000, 1000000]
    count = 0

    def saved(self: Store, record: Record) -> None:
        nonlocal count
        count += 1
        if limits[0] <= count < limits[1]:
            raise OSError(28, "No space left on device", str(self.path))
        save(self, record)

    def fill(first: int, last: int) -> None:
        nonlocal count
        count, limits[:] = 0, [first, last]

    monkeypatch.setattr(Store, "save", saved)
    yield fill


def test_a_disk_that_is_full_at_the_start_changes_nothing(
    store: Store, full_disk: Callable[[int, int], None]
) -> None:
    made = deployment()
    before = made.system.snapshot()
    full_disk(1, 1000)
    with pytest.raises(OSError, match="No space left"):
        run(made, store)
    assert difference(before, made.system.snapshot()) == set()
    assert store.load() is None


def test_a_disk_that_fills_up_at_any_save_is_rolled_back(
    store: Store, full_disk: Callable[[int, int], None]
) -> None:
    number = 0
    for number in every(2):
        made = deployment()
        before = made.system.snapshot()
        full_disk(number, number + 3)
        record = run(made, store)
        if record.state is State.APPLIED:
            break
        assert record.state is State.ROLLED_BACK, number
        assert record.error.endswith("could not be read or written: No space left on device.")
        assert difference(before, made.system.snapshot()) == set(), number
        assert journal.is_noted(record, store)
    assert number > 20


def test_a_disk_that_stays_full_does_not_stop_the_rollback(
    store: Store, full_disk: Callable[[int, int], None]
) -> None:
    number = 2
    for number in range(2, 100, 5):
        made = deployment()
        before = made.system.snapshot()
        full_disk(number, 1000000)
        record = run(made, store)
        full_disk(1000000, 1000000)
        if record.state is State.APPLIED:
            break
        assert record.state is State.ROLLED_BACK
        assert difference(before, made.system.snapshot()) == set(), number
        # The state and the sentence say the truth; the record is older, and says too much.
        assert "could not be written and does not say so" in record.error
        on_disk = store.load()
        assert on_disk is not None
        assert on_disk.state is State.APPLYING
        assert undo(made, store).state is State.UNDONE
        assert difference(before, made.system.snapshot()) == set()
    assert number > 20


def test_the_last_save_is_tried_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made = deployment()
    run(made, store)
    save, last = Store.save, 0

    def refuses_the_last_once(self: Store, record: Record) -> None:
        nonlocal last
        last += record.state is State.UNDONE
        if last == 1:
            raise OSError(28, "No space left on device", str(self.path))
        save(self, record)

    monkeypatch.setattr(Store, "save", refuses_the_last_once)
    record = undo(made, store)
    assert last == 2
    assert (record.state, record.error) == (State.UNDONE, "")
    assert journal.is_noted(record, store)


@pytest.mark.parametrize("text", ["", "no TOML", "format = 99\n"])
def test_a_record_that_cannot_be_read_says_nothing_of_how_the_run_stands(
    store: Store, text: str
) -> None:
    record = run(deployment(), store)
    assert journal.is_noted(record, store)
    store.path.write_text(text)
    assert not journal.is_noted(record, store)


def test_undoing_twice_changes_nothing_the_second_time(store: Store) -> None:
    made = deployment()
    before = made.system.snapshot()
    run(made, store)
    undo(made, store)
    made.system.changes = 0
    assert undo(made, store).state is State.UNDONE
    assert made.system.changes == 0
    assert difference(before, made.system.snapshot()) == set()


def test_only_our_lines_leave_a_compose_file_that_somebody_edited_since(store: Store) -> None:
    made = deployment()
    original = made.system.files[made.path].text
    run(made, store)

    def edit(text: str) -> str:
        return text.replace("image: made-up/mastodon", "image: made-up/mastodon:v9")

    text = edit(made.system.files[made.path].text) + "# mine\n"
    made.system.files[made.path] = FileState(text, 0o600, 5, 5)
    (changed,) = changed_objects(store, made)
    assert changed.name == made.path
    assert "Their change is kept; only what the wizard put in is removed." in changed.words
    since, happens = changed.diffs
    assert "+# mine" in since.lines
    assert "+# mine" not in happens.lines

    record = undo(made, store)

    assert record.state is State.UNDONE
    assert made.system.files[made.path] == FileState(edit(original) + "# mine\n", 0o600, 5, 5)
    assert "mastodon_ipv6" not in made.system.networks


def test_what_cannot_be_told_from_theirs_stays_in_a_compose_file_and_is_named(
    store: Store,
) -> None:
    made = deployment()
    run(made, store)
    text = made.system.files[made.path].text
    text = text.replace("      - mastodon_ipv6\n", "      - mastodon_ipv6 # mine\n", 1)
    made.system.files[made.path] = FileState(text, 0o600, 5, 5)
    (changed,) = changed_objects(store, made)
    assert "what the wizard put in is removed" in changed.words
    assert "with certainty stays: line 17 (“- mastodon_ipv6 # mine”), lines" in changed.words

    record = undo(made, store)

    assert record.state is State.UNDO_INCOMPLETE
    assert journal.EXIT_CODES[record.state] == ExitCode.ROLLBACK_INCOMPLETE
    assert any("stays: line 17 (“- mastodon_ipv6 # mine”), lines" in each for each in record.left)
    left_there = made.system.files[made.path]
    assert left_there == FileState(left_there.text, 0o600, 5, 5)
    assert [line for line in left_there.text.splitlines() if "- mastodon_ipv6" in line] == [
        "      - mastodon_ipv6 # mine"
    ]
    # The file still names the network, so Compose would not start without it.
    assert "mastodon_ipv6" in made.system.networks
    # Once more changes nothing, and says the same.
    after, changes, left = made.system.snapshot(), made.system.changes, record.left
    assert undo(made, store).left == left
    assert made.system.changes == changes
    assert difference(after, made.system.snapshot()) == set()

    without = re.sub(r"      - mastodon_ipv6.*\n|  mastodon_ipv6:\n    external: true\n", "", text)
    made.system.files[made.path] = FileState(without, 0o600, 5, 5)
    assert undo(made, store).state is State.UNDONE
    assert "mastodon_ipv6" not in made.system.networks


def test_an_undo_that_was_cut_short_anywhere_goes_on_with_the_same_choices(memory: Store) -> None:
    def meddled() -> Planned:
        made = deployment(made_up_hosts.debian13)
        run(made, memory)
        made.system.run(("sysctl", "--write", "net.ipv6.conf.eth0.accept_ra=0"))
        made.system.run(("ip6tables", "-I", "DOCKER-IPV6-WIZARD", "2", "-j", "DROP"))
        made.system.networks["mastodon_ipv6"].labels.clear()
        for path in (SYSCTL_FILE, made.path):
            state = made.system.files[path]
            made.system.files[path] = replace(state, text=state.text + "# mine\n")
        for container in made.system.containers.values():
            container.networks.pop("mastodon_ipv6", None)
        return made

    def chosen(made: Planned, choice: Resolution) -> None:
        undoing.note(memory, undoing.preview(memory.load(), made.system).choose(choice))

    before = deployment(made_up_hosts.debian13).system.snapshot()
    for choice in Resolution:
        whole = meddled()
        chosen(whole, choice)
        undo(whole, memory)
        end = whole.system.snapshot()
        assert (difference(before, end) == set()) == (choice is Resolution.ORIGINAL)
        number = 0
        for number in every():
            made = meddled()
            chosen(made, choice)
            cut(made.system, number)
            try:
                undo(made, memory)
                break
            except PowerCut:
                made.system.watch = lambda number: None
            # Whoever goes on knows only the record.
            again = undoing.preview(memory.load(), made.system)
            undoing.note(memory, again.chosen)
            undo(made, memory)
            assert difference(end, made.system.snapshot()) == set(), (choice, number)
        assert number > 5


def test_a_record_of_before_there_were_choices_is_read(store: Store) -> None:
    made = deployment()
    run(made, store)
    text = re.sub(r"(?m)^\[steps\.choices\]\n", "", store.path.read_text())
    assert text != store.path.read_text()
    assert {step.number for step in loads(text).steps if step.choices} == set()


def test_the_preview_tells_what_stands_on_what_is_kept_and_no_more(store: Store) -> None:
    made = deployment()
    run(made, store)
    steps = undoing.preview(store.load(), made.system).steps
    assert [step.notes for step in steps] == [()] * len(steps)
    made.system.networks["mastodon_ipv6"].labels.clear()
    first = undoing.preview(store.load(), made.system)
    notes = [note for step in first.steps for note in step.notes]
    assert "IPv6 forwarding stays on, because the Docker network mastodon_ipv6 uses IPv6 too." in (
        notes
    )
    assert undo(made, store).left[0] in notes


def test_a_file_that_somebody_removed_since_is_left_so_and_reported(store: Store) -> None:
    made = deployment()
    run(made, store)
    del made.system.files[made.path]
    record = undo(made, store)
    assert record.left == [f"{made.path} has been removed by somebody else. It was left as it is."]
    assert made.path not in made.system.files


def test_a_rule_that_somebody_put_between_ours_is_kept_with_its_chain(store: Store) -> None:
    made = deployment()
    run(made, store)
    theirs = ("-s", "2001:db8:bad::/48", "-j", "DROP")
    assert made.system.run(("ip6tables", "-I", "DOCKER-IPV6-WIZARD", "2", *theirs)).status == 0

    record = undo(made, store)

    (sentence,) = record.left
    assert "holds a rule that the wizard did not write" in sentence
    assert made.system.tables["filter"]["DOCKER-IPV6-WIZARD"] == [theirs]
    assert "nat" not in made.system.tables
    made.system.run(("ip6tables", "-D", "DOCKER-IPV6-WIZARD", *theirs))
    assert undo(made, store).state is State.UNDONE
    assert "filter" not in made.system.tables


def test_a_rule_of_somebody_else_elsewhere_in_the_table_stays(store: Store) -> None:
    made = deployment()
    theirs = ("-s", "2001:db8:bad::/48", "-j", "DROP")
    run(made, store)
    made.system.run(("ip6tables", "-A", "FORWARD", *theirs))
    assert undo(made, store).state is State.UNDONE
    assert made.system.tables["filter"]["FORWARD"] == [theirs]


def test_a_sysctl_that_somebody_set_since_is_kept_and_reported(store: Store) -> None:
    made = deployment(made_up_hosts.debian13)
    run(made, store)
    made.system.run(("sysctl", "--write", "net.ipv6.conf.eth0.accept_ra=0"))
    record = undo(made, store)
    assert record.left == [
        "net.ipv6.conf.eth0.accept_ra has been set to 0 by somebody else since. It was left as it "
        "is."
    ]
    assert made.system.sysctls["net.ipv6.conf.eth0.accept_ra"] == "0"
    assert made.system.sysctls["net.ipv6.conf.all.forwarding"] == "0"


def test_forwarding_stays_on_for_another_network_that_came_since(store: Store) -> None:
    made = deployment()
    run(made, store)
    made.system.run(
        ("docker", "network", "create", "--ipv6", "--subnet", "fd99::/64", "theirs_ipv6")
    )
    record = undo(made, store)
    assert record.left == [
        "IPv6 forwarding stays on, because the Docker network theirs_ipv6 uses IPv6 too."
    ]
    assert made.system.sysctls["net.ipv6.conf.all.forwarding"] == "1"
    assert SYSCTL_FILE not in made.system.files


@pytest.mark.parametrize("has_label", [False, True])
def test_a_network_that_somebody_made_anew_is_kept_and_reported(
    store: Store, has_label: bool
) -> None:
    made = deployment()
    run(made, store)
    network = made.system.networks["mastodon_ipv6"]
    network.subnets = ["172.31.0.0/16", "fd99::/64"]
    if not has_label:
        network.labels.clear()
    record = undo(made, store)
    assert "has been made anew by somebody. It was left as it is" in record.left[-1]
    # The containers are on a network that is not the wizard's any more.
    assert "mastodon_ipv6" in made.system.containers["mastodon_web_1"].networks
    assert "mastodon_ipv6" in made.system.networks


def test_a_network_with_a_guest_is_kept_and_the_guest_stays_on_it(store: Store) -> None:
    made = deployment()
    run(made, store)
    guest = MadeUpContainer(id="9" * 64, name="guest")
    made.system.containers["guest"] = guest
    made.system.run(("docker", "network", "connect", "--alias", "g", "mastodon_ipv6", "guest"))

    record = undo(made, store)

    assert record.state is State.UNDO_INCOMPLETE
    kept = next(sentence for sentence in record.left if "stays, because" in sentence)
    assert "guest" in kept
    assert "docker network disconnect mastodon_ipv6 guest; wizard --undo" in kept
    assert set(guest.networks) == {"mastodon_ipv6"}
    assert "mastodon_ipv6" not in made.system.containers["mastodon_web_1"].networks
    del made.system.containers["guest"]
    assert undo(made, store).state is State.UNDONE
    assert "mastodon_ipv6" not in made.system.networks


def test_containers_that_compose_made_anew_since_do_not_keep_the_network(store: Store) -> None:
    made = deployment()
    before = made.system.snapshot()
    run(made, store)
    web = made.system.containers["mastodon_web_1"]
    web.id = "0" * 64
    assert undo(made, store).state is State.UNDONE
    assert difference(before, made.system.snapshot()) == {"container mastodon_web_1"}
    assert "mastodon_ipv6" not in web.networks


def given(**to: Any) -> Callable[[MadeUpSystem], object]:
    """Give the Compose file to somebody else, or another mode; its text stays."""
    path = "/srv/mastodon/docker-compose.yml"
    return lambda system: system.files.update({path: replace(system.files[path], **to)})


@pytest.mark.parametrize(
    ("meddle", "sentence"),
    [
        (lambda system: system.files.update({SYSCTL_FILE: FileState("x")}), "has changed since"),
        (given(uid=4321), "has changed since"),
        (given(gid=4321), "has changed since"),
        (given(mode=0o666), "has changed since"),
        (
            lambda system: system.files.update({"/srv/mastodon/docker-compose.yml": FileState("")}),
            "has changed since",
        ),
        (lambda system: system.containers.pop("mastodon_web_1"), "is not the one that ran"),
        (
            lambda system: setattr(system.containers["mastodon_web_1"], "running", False),
            "is not the one that ran",
        ),
        (
            lambda system: setattr(system.containers["mastodon_web_1"], "id", "0" * 64),
            "is not the one that ran",
        ),
        (
            lambda system: system.run(("docker", "network", "create", "mastodon_ipv6")),
            "exists by now",
        ),
        (
            lambda system: system.run(("ip6tables", "-N", "DOCKER-IPV6-WIZARD")),
            "already has a chain called",
        ),
    ],
)
def test_a_host_that_changed_since_the_plan_is_refused_and_not_touched(
    meddle: Callable[[MadeUpSystem], object], sentence: str
) -> None:
    made = deployment()
    meddle(made.system)
    after, changes = made.system.snapshot(), made.system.changes
    with pytest.raises(HostChanged) as refused:
        journal.check_obstacles(made.plan, made.system)
    assert sentence in str(refused.value)
    assert str(refused.value).endswith("Nothing was changed. Look at a new preview.")
    assert made.system.changes == changes
    assert difference(after, made.system.snapshot()) == set()


def test_a_compose_that_does_not_take_the_result_is_refused_and_nothing_is_touched() -> None:
    made = deployment()
    made.system.compose_complaint = "services.web.networks is odd"
    with pytest.raises(Refused) as refused:
        journal.check_obstacles(made.plan, made.system)
    assert "services.web.networks is odd" in str(refused.value)
    assert str(refused.value).endswith("Nothing was changed.")
    assert made.system.changes == 0


def test_undo_shows_what_it_will_take_back_newest_first(store: Store) -> None:
    made = deployment()
    run(made, store)
    preview = undoing.preview(store.load(), made.system)
    assert [step.title for step in preview.steps] == [
        step.title for step in reversed(made.plan.steps)
    ]
    assert all(step.commands for step in preview.steps)
    lines = [line for step in preview.steps for diff in step.diffs for line in diff.lines]
    assert "-      - mastodon_ipv6" in lines
    assert "-  mastodon_ipv6:" in lines
    undo(made, store)
    with pytest.raises(Refused, match="nothing to take back"):
        undoing.preview(store.load(), made.system)
    with pytest.raises(Refused, match="nothing to take back"):
        undoing.preview(None, made.system)


def test_on_a_legacy_host_the_library_loads_the_same_rules(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_command, by_library = deployment(), deployment(HOSTS["legacy"])
    monkeypatch.setattr(legacy_ip6tables, "loader", lambda: by_library.system.load_rules)
    before = by_library.system.snapshot()
    elsewhere = Store(tmp_path / "another host")
    elsewhere.prepare()
    run(by_command, elsewhere)
    record = run(by_library, store)
    assert any("python-iptables:" in line for line in record.steps[1].output)
    ours, theirs = by_library.system.tables, by_command.system.tables
    assert ours == theirs
    assert undo(by_library, store).state is State.UNDONE
    assert difference(before, by_library.system.snapshot()) == set()


def test_the_commands_are_in_the_output_of_their_steps(store: Store) -> None:
    made = deployment()
    record = run(made, store)
    for step, entry in zip(made.plan.steps, record.steps, strict=True):
        for line in step.commands:
            if not line.startswith(("#", "mkdir")) and "--install-program" not in line:
                assert f"$ {line}" in entry.output


def test_a_file_that_cannot_be_written_is_named_in_the_error(store: Store) -> None:
    made = deployment()
    with failing(made.system, {1}, half_done=False):
        record = run(made, store)
    assert record.error == f"{SYSCTL_FILE} could not be changed: No space left on device."


def test_no_command_is_run_on_the_machine_that_the_tests_run_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a real command"))
    assert run(deployment(), store).state is State.APPLIED
