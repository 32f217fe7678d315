"""Which of several records is at hand, and what becomes of a change that is kept or taken back."""

import os
from pathlib import Path

import pytest

from wizard.platform.errors import Refused
from wizard.record.record import Record, State, is_in_the_way
from wizard.record.repair_store import RepairStore, store_of
from wizard.record.store import RUNS, Store


def record(name: str, state: State = State.APPLIED, changes: str = "", digest: str = "") -> Record:
    return Record(name, state, "", digest, {}, {}, [], changes=changes)


def saved(store: Store, name: str, state: State = State.APPLIED) -> Record:
    made = record(name, state)
    store.save(made)
    return made


@pytest.fixture
def repairs(store: Store) -> RepairStore:
    return RepairStore(store.directory)


def test_what_waits_or_moves_is_at_hand_then_the_newest_in_force_then_the_newest(
    store: Store,
) -> None:
    saved(store, "1", State.UNDONE)
    over = saved(store, "2", State.ROLLED_BACK)
    assert store.load() == over
    applied = saved(store, "4")
    saved(store, "5", State.UNDONE)
    assert store.load() == applied
    waiting = saved(store, "0", State.UNCONFIRMED)
    assert store.load() == waiting
    assert store.latest() == waiting
    assert store.path == store.of("0").path
    saved(store, "0", State.UNDONE)
    assert store.load() == applied
    assert store.latest() == record("5", State.UNDONE)


def test_of_a_run_that_is_named_its_own_record_is_read(store: Store) -> None:
    older, newer = saved(store, "1"), saved(store, "2", State.UNCONFIRMED)
    assert store.of("1").load() == older
    assert store.of("2").load() == newer
    assert store.of("3").load() is None


def test_the_folders_of_runs_are_for_root_alone_whatever_the_mask(store: Store) -> None:
    mask = os.umask(0)
    try:
        saved(store, "1")
    finally:
        os.umask(mask)
    folders = store.directory / RUNS, store.directory / RUNS / "1"
    assert [each.stat().st_mode & 0o777 for each in folders] == [0o700, 0o700]


def test_the_place_of_an_only_record_leads_to_the_newest_one(store: Store) -> None:
    single = store.directory / "record.toml"
    for name in ("1", "2"):
        saved(store, name)
        assert single.is_symlink()
        assert single.read_text() == store.of(name).path.read_text()
    assert [each.id for each in store.records()] == ["1", "2"]
    assert {each.name for each in store.directory.iterdir()} == {RUNS, "record.toml"}


def test_the_only_record_of_an_earlier_release_stays_while_it_is_open(store: Store) -> None:
    single = store.directory / "record.toml"
    saved(store, "1", State.UNCONFIRMED)
    single.unlink()
    (store.directory / RUNS / "1" / "record.toml").replace(single)
    (store.directory / RUNS / "1").rmdir()
    theirs = single.read_text()
    saved(store, "2")
    store.move_on()
    assert not single.is_symlink()
    assert single.read_text() == theirs
    # What its guard, or whoever keeps it, writes is found there as well.
    kept = saved(store, "1")
    assert not single.is_symlink()
    assert store.of("1").load() == kept
    store.move_on()
    assert single.is_symlink()
    assert store.of("1").path == store.directory / RUNS / "1" / "record.toml"
    assert store.of("1").load() == kept


def followed(store: Store) -> Path:
    """Put a copy in the place of what leads to the newest record, as a backup may."""
    single = store.directory / "record.toml"
    text = single.read_text()
    single.unlink()
    single.write_text(text)
    single.chmod(0o600)
    return single


def test_a_record_of_which_a_backup_left_a_copy_is_one_and_moves_on(store: Store) -> None:
    saved(store, "1")
    followed(store)
    assert [each.id for each in store.records()] == ["1"]
    undone = saved(store, "1", State.UNDONE)
    assert store.records() == (undone,)
    assert store.of("1").load() == undone


@pytest.mark.parametrize("then", [State.APPLIED, State.UNDOING])
def test_the_copy_of_a_record_makes_room_and_never_takes_the_place_of_that(
    store: Store, then: State
) -> None:
    saved(store, "1", then)
    single = followed(store)
    undone = saved(store, "1", State.UNDONE)
    store.move_on()
    assert store.of("1").load() == undone
    assert single.readlink() == Path(RUNS, "1", "record.toml")
    # It is none of those that are kept once the next of its project has begun.
    store.archive("1")
    assert store.records() == ()


@pytest.fixture
def changed(store: Store, repairs: RepairStore) -> Record:
    """A run whose record will say something else once a change is kept, which waits for that."""
    saved(store, "run")
    intended = record("run", digest="of the change")
    store.intend(intended)
    repairs.save(record("change", State.UNCONFIRMED, "run"))
    assert store.of("run").load() == record("run")
    assert store.intended("run") == intended
    return intended


def test_a_change_that_is_kept_is_what_the_record_of_its_run_says(
    store: Store, repairs: RepairStore, changed: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk: list[tuple[int, bool]] = []
    path, fsync = store.of("run").path, os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        on_disk.append((os.fstat(descriptor).st_ino, "of the change" in path.read_text()))

    monkeypatch.setattr(os, "fsync", noted)
    repairs.save(record("change", State.APPLIED, "run"))
    assert store.of("run").load() == changed
    assert store.intended("run") is None
    # It is so after a power cut as well.
    assert (path.parent.stat().st_ino, True) in on_disk


def test_a_change_whose_process_died_once_it_was_kept_is_kept(
    store: Store, repairs: RepairStore, changed: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(Store, "take_over", lambda *_: None)
        repairs.save(record("change", State.APPLIED, "run"))
    assert store.of("run").load() == record("run")
    # Whoever looks next does the rest.
    assert repairs.load() == record("change", State.APPLIED, "run")
    assert store.of("run").load() == changed
    assert store.intended("run") is None


@pytest.mark.parametrize(
    ("state", "is_over"),
    [
        (State.ROLLING_BACK, False),
        (State.ROLLBACK_INCOMPLETE, False),
        (State.ROLLED_BACK, True),
        (State.UNDONE, True),
    ],
)
def test_what_a_change_would_have_said_is_known_until_all_of_it_is_gone(
    store: Store, repairs: RepairStore, changed: Record, state: State, is_over: bool
) -> None:
    repairs.save(record("change", state, "run"))
    assert store.intended("run") == (None if is_over else changed)
    assert store.of("run").load() == record("run")


def test_a_repair_is_open_while_it_moves_or_waits(repairs: RepairStore) -> None:
    assert repairs.open is None
    for state in State:
        repairs.save(record("repair", state))
        assert (repairs.open is not None) is (state.moving or state is State.UNCONFIRMED), state
        assert state.is_open is (repairs.open is not None)


def test_a_repair_is_found_by_its_own_name_and_makes_room_for_the_next(
    store: Store, repairs: RepairStore
) -> None:
    saved(store, "run")
    repairs.save(record("repair", State.UNDONE))
    assert repairs.of("repair").load() == record("repair", State.UNDONE)
    assert repairs.of("run").load() is None
    assert store_of("repair", store).of("repair").load() == record("repair", State.UNDONE)
    assert store_of("run", store) is store
    repairs.put_aside()
    assert repairs.load() is None
    assert (store.directory / "record-repair.toml").exists()
    assert [each.id for each in store.records()] == ["run"]


def test_a_repair_gives_up_no_room_that_is_set_aside_for_a_run(
    store: Store, repairs: RepairStore
) -> None:
    store.reserve()
    repairs.reserve()
    assert repairs.release()
    assert not repairs.release()
    assert store.release()


def test_what_has_to_be_taken_back_first_is_known_by_its_state() -> None:
    over = {State.UNDONE, State.ROLLED_BACK}
    for state in set(State) - {State.UNDO_INCOMPLETE}:
        assert is_in_the_way(state, []) is (state not in over), state
    # What is left is somebody else's, unless it was chosen that ours stays in force.
    assert not is_in_the_way(State.UNDO_INCOMPLETE, ["keep", "original"])
    assert is_in_the_way(State.UNDO_INCOMPLETE, ["keep", "ours"])
    # Of a newer release nobody here knows what it left.
    assert is_in_the_way("flying", [])


def test_where_records_cannot_be_read_the_newest_place_is_told(store: Store) -> None:
    saved(store, "1")
    saved(store, "2")
    store.of("1").path.write_text("no record")
    with pytest.raises(Refused):
        store.load()
    assert store.path == Path(store.directory / RUNS / "2" / "record.toml")
