import hashlib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest
import tomli_w

from tests.made_up_deployments import TODAY, deployment
from wizard import __version__
from wizard.platform.errors import Refused
from wizard.platform.files import temporary_beside
from wizard.record.record import Record, State, StepRecord, StepState
from wizard.record.store import Store
from wizard.record.toml_text import dumps, loads
from wizard.run import journal, worker_log
from wizard.steps.compose_file import ComposeFile

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


class Forgetting(Store):
    """A store that keeps nothing."""

    def save(self, record: Record) -> None:
        pass


@cache
def whole_run() -> Record:
    made, store = deployment(), Forgetting()
    record = journal.begin(made.plan(), {"Kernel": "6.1"}, store)
    journal.apply(made.plan(), record, made.system, store, lambda: False)
    return record


def applied(store: Store) -> Record:
    """Save the record of a run that went well."""
    record = deepcopy(whole_run())
    store.save(record)
    return record


def test_a_record_comes_back_from_its_text_as_it_was(store: Store) -> None:
    record = applied(store)
    assert record.state is State.APPLIED
    assert loads(dumps(record)) == record
    assert store.load() == record


def test_what_is_kept_of_the_text_of_a_save_never_hides_a_change() -> None:
    record = deepcopy(whole_run())
    first, second = record.steps[:2]
    changes: tuple[Callable[[], object], ...] = (
        lambda: first.output.append("$ one line"),
        lambda: setattr(first, "state", StepState.UNDOING),
        lambda: first.before.update(files=[{"path": "/etc/a", "text": "é\n" * 60}], none={}),
        lambda: second.before.update(first.before),
        lambda: second.parameters.update(deep={"deeper": {"deepest": [[1], [True]]}}),
        lambda: first.choices.update({"a.b c": "keep"}),
        lambda: record.choices.update(services=["web"]),
        lambda: record.choices.update(services={"web": [{"port": 80}]}),
        record.host.clear,
        lambda: setattr(record, "changes", "20261001-101010-1"),
        record.steps.reverse,
        record.steps.clear,
    )
    for change in changes:
        before = dumps(record)
        change()
        assert dumps(record) != before
        assert loads(dumps(record)) == record


def test_its_text_is_that_of_one_table_written_at_once() -> None:
    record = whole_run()
    table = asdict(record)
    tables = [name for name, value in table.items() if isinstance(value, dict | list)]
    del table["changes"]
    written = dumps(record)
    head = {name: value for name, value in tomllib.loads(written).items() if name not in tables}
    assert tomli_w.dumps({**head, **{name: table[name] for name in tables}}) in written


def test_a_line_of_output_writes_nothing_anew_but_what_is_said_beside_tables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = deepcopy(whole_run())
    dumps(record)
    anew: list[object] = []
    write = tomli_w.dumps

    def noted(table: Mapping[str, object]) -> str:
        anew.append(table)
        return write(table)

    monkeypatch.setattr(tomli_w, "dumps", noted)
    record.steps[0].output.append("another line")
    dumps(record)
    run, step = anew
    assert isinstance(run, dict)
    assert not {"steps", "host", "choices"} & set(run)
    assert isinstance(step, dict)
    assert step["steps"][0]["output"][-1] == "another line"
    assert not {"parameters", "before"} & set(step["steps"][0])


def test_hostile_text_comes_back_as_it_was(store: Store) -> None:
    record = applied(store)
    record.error = 'a "quoted" \\ \x1b[2J \r\n\t \u202e \x00 \x7f line'
    record.steps[0].output = ["'''", '"""', "# The end.", "[[steps]]", "\udce9"]
    store.save(record)
    assert store.load() == record


def test_a_person_can_read_what_was_done_and_how_to_take_it_back(store: Store) -> None:
    applied(store)
    text = store.path.read_text()
    assert text.startswith("# What the wizard did on this host")
    table = tomllib.loads(text)
    assert table["state"] == "applied"
    for step in table["steps"]:
        assert step["state"] == "done"
        assert step["commands"]
        assert step["undo"]


def test_the_record_is_for_root_alone(store: Store) -> None:
    applied(store)
    assert store.path.stat().st_mode & 0o777 == 0o600
    assert store.directory.stat().st_mode & 0o777 == 0o700


def test_there_is_no_record_where_nothing_was_done(store: Store) -> None:
    assert store.load() is None


def test_a_record_that_is_not_found_may_be_one_that_cannot_be_read(store: Store) -> None:
    record = applied(store)
    assert store.of("another").load() is None
    store.of(record.id).path.write_bytes(b"half of a rec")
    with pytest.raises(Refused, match="is not whole"):
        store.of("another").load()


def refusal(store: Store) -> str:
    before = store.path.read_bytes()
    with pytest.raises(Refused) as refused:
        store.load()
    assert store.path.read_bytes() == before
    sentence = str(refused.value)
    assert "Nothing was changed." in sentence
    assert sentence.endswith(".")
    assert str(store.path) in sentence
    return sentence


def test_a_record_that_is_cut_off_anywhere_is_refused(store: Store) -> None:
    applied(store)
    whole = store.path.read_bytes()
    cuts = {*range(0, len(whole), 200), len(whole) - 1}
    # Also where a cut leaves good TOML behind: before each step and each of its tables.
    cuts |= {place for place in range(len(whole)) if whole.startswith(b"\n[", place)}
    for cut in sorted(cuts):
        store.path.write_bytes(whole[:cut])
        refusal(store)


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\x00" * 100, b"\xff\xfe\x00", b"= = =", b"[[[[", b"<html>", b"format = 1\n"],
)
def test_garbage_is_refused(store: Store, garbage: bytes) -> None:
    store.path.write_bytes(garbage)
    refusal(store)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('state = "applied"', 'state = "flying"'),
        ('state = "applied"', "state = 3"),
        ('error = ""', 'mistake = ""'),
        ('kind = "sysctl"', 'sort = "sysctl"'),
    ],
)
def test_what_is_toml_but_no_record_is_refused(store: Store, old: str, new: str) -> None:
    applied(store)
    text = store.path.read_text()
    assert old in text
    store.path.write_text(text.replace(old, new))
    assert "is not a record of the wizard" in refusal(store)


def test_a_step_that_does_not_say_how_it_stands_may_have_changed_something() -> None:
    text = dumps(whole_run())
    for said in ('state = "flying"', "state = 3", ""):
        steps = loads(text.replace('state = "done"', said, 1)).steps
        assert [each.state for each in steps] == [
            StepState.APPLYING,
            *(each.state for each in whole_run().steps[1:]),
        ]


@pytest.mark.parametrize(
    ("key", "said"), [("window", '"soon"'), ("deadline", "3"), ("digest", "[]"), ("host", "1")]
)
def test_what_a_record_says_of_another_type_is_refused(key: str, said: str) -> None:
    record = deepcopy(whole_run())
    record.host = {}
    text = dumps(record).replace("[host]\n", "host = {}\n")
    other = re.sub(rf"^{key} = .*$", f"{key} = {said}", text, count=1, flags=re.MULTILINE)
    assert other != text
    with pytest.raises(Refused, match="is not a record of the wizard"):
        loads(other)


def test_a_step_keeps_its_number_and_is_read_as_deep_as_steps_are(store: Store) -> None:
    record = deepcopy(whole_run())
    deep: object = "in the middle"
    for _ in range(30):
        deep = [deep]
    record.steps[0].number = 7
    record.steps[0].parameters = {"deep": deep}
    record.steps[1].parameters = {"deep": [[["not very"]]]}
    again = loads(dumps(record)).steps
    assert [each.number for each in again[:2]] == [7, 2]
    # What follows it further than any step goes might not come back.
    assert again[0].parameters == {}
    assert again[1].parameters == {"deep": [[["not very"]]]}


def test_a_newer_format_is_refused_with_the_version_that_wrote_it(store: Store) -> None:
    applied(store)
    text = store.path.read_text().replace("format = 1", "format = 2", 1)
    store.path.write_text(text.replace(f'"{__version__}"', '"9.9"'))
    said = refusal(store)
    assert "has format 2" in said
    assert "version 9.9" in said


@pytest.mark.parametrize("mode", [0o602, 0o620, 0o666])
def test_a_record_that_others_could_have_written_is_refused(store: Store, mode: int) -> None:
    applied(store)
    store.path.chmod(mode)
    assert "cannot be trusted" in refusal(store)


def test_a_record_that_is_a_link_is_refused(store: Store, tmp_path: Path) -> None:
    applied(store)
    elsewhere = tmp_path / "elsewhere.toml"
    store.path.rename(elsewhere)
    store.path.symlink_to(elsewhere)
    assert "is not a regular file" in refusal(store)


@pytest.mark.parametrize("which", ["of the run", "of all runs"])
def test_a_record_in_a_folder_that_others_may_write_to_is_refused(store: Store, which: str) -> None:
    applied(store)
    folder = store.path.parent if which == "of the run" else store.path.parent.parent
    folder.chmod(0o770)
    assert "cannot be trusted" in refusal(store)


@as_root
def test_a_record_of_somebody_else_is_refused(store: Store) -> None:
    applied(store)
    os.chown(store.path, 12345, 12345)
    assert "belongs to somebody else" in refusal(store)


def test_a_record_that_is_a_directory_is_refused(store: Store) -> None:
    store.path.mkdir()
    with pytest.raises(Refused, match="cannot be read"):
        store.load()


def test_a_folder_that_others_may_write_to_or_that_is_a_link_is_refused(tmp_path: Path) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    file = tmp_path / "file"
    file.write_text("")
    for path in (open_to_all, link, file, file / "below"):
        with pytest.raises(Refused) as refused:
            Store(path).prepare()
        assert "Nothing was changed." in str(refused.value)


@as_root
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.mkdir(mode=0o700)
    os.chown(path, 12345, 12345)
    with pytest.raises(Refused, match="belongs to somebody else"):
        Store(path).prepare()


@pytest.mark.parametrize("call", ["fsync", "fchown", "fchmod"])
def test_a_save_that_fails_leaves_the_record_as_it_was_and_nothing_beside_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    record = applied(store)
    before = store.path.read_bytes()

    def full(*_: object) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, full)
    record.state = State.UNDOING
    with pytest.raises(OSError, match="No space left"):
        store.save(record)
    assert store.path.read_bytes() == before
    assert not temporary_beside(store.path).exists()


def test_a_save_is_durable_before_it_takes_the_place_of_the_old_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    sync, replace = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        order.append("sync")
        sync(descriptor)

    def replaced(source: str, target: str, **folders: int) -> None:
        order.append("replace")
        replace(source, target, **folders)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    applied(store)
    # The folders of the run come first.
    assert order[:5] == ["sync", "sync", "sync", "replace", "sync"]


def test_what_a_killed_save_left_beside_does_not_hold_the_next_one_up(store: Store) -> None:
    temporary_beside(store.path).write_text("half")
    record = applied(store)
    assert store.load() == record


def test_an_ended_record_is_kept_under_its_own_name(store: Store) -> None:
    record = applied(store)
    store.archive(record.id)
    assert store.load() is None
    assert (store.directory / f"record-{record.id}.toml").exists()


def test_what_a_change_would_have_said_goes_with_the_record_of_its_run(store: Store) -> None:
    record = applied(store)
    store.intend(record)
    folder = store.of(record.id).path.parent
    store.archive(record.id)
    assert not folder.exists()
    assert store.intended(record.id) is None


def test_where_there_is_no_room_to_set_aside_none_is_taken(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        store.reserve()
    assert list(store.directory.iterdir()) == []


def test_no_room_is_set_aside_in_a_file_of_others(store: Store, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("theirs")
    store.padding.symlink_to(theirs)
    with pytest.raises(OSError, match="symbolic links"):
        store.reserve()
    assert theirs.read_text() == "theirs"


def test_a_state_says_whether_something_is_on_the_host() -> None:
    assert [state for state in State if not state.in_force] == [State.ROLLED_BACK, State.UNDONE]
    assert [state for state in State if state.moving] == [
        State.APPLYING,
        State.ROLLING_BACK,
        State.UNDOING,
    ]


def test_the_sentences_on_what_is_left_are_those_of_the_steps() -> None:
    steps = [
        StepRecord(number, "sysctl", "", StepState.KEPT, [], {}, left=[f"{number} is left."])
        for number in (1, 2)
    ]
    record = Record("id", State.UNDO_INCOMPLETE, "", "", {}, {}, steps)
    assert record.left == ["1 is left.", "2 is left."]


def test_who_starts_a_second_worker_leaves_the_log_of_the_first_alone(store: Store) -> None:
    first = store.new_log()
    first.write_text("at work\nexit 0\n")
    second = store.new_log()
    second.write_text("Another run is at work.\nexit 6\n")
    assert first.read_text() == "at work\nexit 0\n"
    assert worker_log.exit_code(first) == 0
    assert worker_log.exit_code(second) == 6
    assert {path.stat().st_mode & 0o777 for path in (first, second)} == {0o600}


def test_old_logs_do_not_pile_up(store: Store) -> None:
    log = store.new_log()
    for number in range(20):
        log = store.new_log()
        os.utime(log, (number, number))
    assert len(list(store.directory.glob("*.log"))) == 5
    assert log.exists()


def test_a_full_disk_does_not_keep_an_undo_from_its_log(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = store.new_log()
    old.write_text("exit 3\n")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    assert store.new_log() == old
    assert old.read_text() == ""


SECRET = "POSTGRES_PASSWORD: correct horse battery staple"


def secretive(store: Store) -> Record:
    """A run over a Compose file with a password in it."""
    made = deployment(text=TODAY + f"x-secret:\n  {SECRET}\n")
    record = journal.begin(made.plan(), {}, store)
    journal.apply(made.plan(), record, made.system, store, lambda: False)
    assert SECRET in store.path.read_text()
    journal.take_back(record, made.system, store, State.UNDOING)
    return record


def everything_kept(store: Store) -> str:
    return "".join(path.read_text() for path in store.directory.rglob("*") if path.is_file())


def test_what_is_undone_leaves_no_text_of_anybody_s_file(store: Store) -> None:
    record = secretive(store)
    assert record.state is State.UNDONE
    assert SECRET not in everything_kept(store)
    assert "services:" not in everything_kept(store)
    kept = store.load()
    assert kept is not None
    (step,) = (each for each in kept.steps if each.kind == "compose-file")
    # A digest tells which version of the file it was.
    wanted = hashlib.sha256(TODAY.encode() + f"x-secret:\n  {SECRET}\n".encode()).hexdigest()
    (file,) = ComposeFile.before_from(step.before).files
    assert file.text == f"sha256:{wanted}"
    # Which is no text that any undo would put back.
    assert not kept.state.in_force
    # However often it is written.
    store.save(kept)
    assert store.load() == kept


def test_records_that_earlier_releases_kept_lose_such_texts(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr("wizard.record.forgetting.fit_to_keep", lambda record: record)
        old = secretive(store)
    store.path.rename(store.directory / f"record-{old.id}.toml")
    assert SECRET in everything_kept(store)
    store.archive(applied(store).id)
    assert SECRET not in everything_kept(store)
    assert "services:" not in everything_kept(store)
    modes = {
        path.stat().st_mode & 0o777 for path in store.directory.rglob("*.toml") if path.is_file()
    }
    assert modes == {0o600}


def test_what_is_left_for_somebody_to_take_back_by_hand_keeps_its_text(store: Store) -> None:
    record = applied(store)
    record.state = State.UNDO_INCOMPLETE
    for step in record.steps:
        kept = step.kind == "compose-file"
        step.state = StepState.KEPT if kept else StepState.UNDONE
    store.save(record)
    assert "services:" in everything_kept(store)
    store.archive(record.id)
    assert "services:" in everything_kept(store)


def test_an_archive_that_is_no_record_is_left_alone(store: Store) -> None:
    strange = store.directory / "record-strange.toml"
    strange.write_text("not a record\n")
    store.archive(applied(store).id)
    assert strange.read_text() == "not a record\n"
