"""What looks after a set-up: its units come and go whole, and it says at the next login what is."""

from pathlib import Path

import pytest

from tests.made_up_deployments import Deployment, deployment
from tests.made_up_system import difference
from tests.unit.test_judgement import GOOD
from tests.unit.test_service_units import settings
from wizard.platform.errors import ExitCode, Refused, StepFailed
from wizard.platform.local_time import local_time
from wizard.platform.system import FileState, Result
from wizard.program import program
from wizard.program.unit_file import RESTRAINED, command_line
from wizard.record.record import Record, State
from wizard.record.store import Store
from wizard.run import journal, lock, undo_run, watching
from wizard.verification.judgement import Judgement


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    message = tmp_path / "motd.d" / "watch"
    monkeypatch.setattr(watching, "MESSAGE", message)
    monkeypatch.setattr(program, "install", lambda: None)
    return message


@pytest.fixture
def made() -> Deployment:
    return deployment()


def test_it_is_switched_on_and_off_whole(made: Deployment, here: Path) -> None:
    before = made.system.snapshot()
    for _again in range(2):
        watching.switch_on(made.system)
    assert watching.is_on(made.system)
    assert {f"{watching.NAME}.service", f"{watching.NAME}.timer"} <= made.system.enabled
    assert f"{watching.NAME}.service" not in made.system.active
    watching.tell(("It is wrong.",), message=here)
    assert watching.switch_off(made.system)
    assert not watching.switch_off(made.system)
    assert difference(before, made.system.snapshot()) == set()
    assert not here.exists()


def test_where_systemd_refuses_nothing_is_left(
    made: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, run = made.system.snapshot(), made.system.run

    def refuses(argv: tuple[str, ...], stdin: str = "") -> Result:
        return Result(1, "no") if "--now" in argv and "enable" in argv else run(argv, stdin)

    monkeypatch.setattr(made.system, "run", refuses)
    with pytest.raises(StepFailed):
        watching.switch_on(made.system)
    assert difference(before, made.system.snapshot()) == set()


def test_what_is_wrong_is_said_at_the_next_login_until_it_is_mended(here: Path) -> None:
    watching.tell(("IPv6 does not pass.", "Step 3 is \x1b[31mmissing."), "Type --repair", here)
    said = here.read_text()
    assert "IPv6 does not pass." in said and "--repair" in said
    assert "\x1b" not in said
    assert here.stat().st_mode & 0o777 == 0o644
    assert list(here.parent.iterdir()) == [here]
    watching.tell((), message=here)
    assert not here.exists()


def test_the_last_undo_takes_it_along(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, plan = made.system.snapshot(), made.plan()
    record = journal.begin(plan, {}, store)
    journal.apply(plan, record, made.system, store, lambda: False)
    watching.switch_on(made.system)
    undo_run.undo(made.system, store)
    assert difference(before, made.system.snapshot()) == set()


@pytest.mark.parametrize("number", [0, 1, 2])
def test_of_several_set_ups_it_is_said_which_is_not_as_it_was(
    made: Deployment, monkeypatch: pytest.MonkeyPatch, store: Store, number: int
) -> None:
    records = [
        Record("1", State.APPLIED, "", "", {}, {"project": name}, [])
        for name in ("mastodon", "peertube", "pixelfed")[: number + 1]
    ]
    answers: dict[str, Judgement | Refused] = {
        "mastodon": Judgement((GOOD,)),
        "peertube": Judgement((GOOD,), differing=("A rule is missing.",)),
        "pixelfed": Refused("It cannot be told."),
    }

    def check(record: Record, *_: object, **__: object) -> Judgement:
        answer = answers[record.project]
        if isinstance(answer, Refused):
            raise answer
        return answer

    monkeypatch.setattr("wizard.run.watching.set_ups.in_force", lambda _store: records)
    monkeypatch.setattr("wizard.run.watching.set_ups.others", lambda *_, **__: ())
    monkeypatch.setattr(watching, "look", lambda: made.host)
    monkeypatch.setattr("wizard.run.watching.checking.check", check)
    said = watching.what_is_wrong(store, made.system)
    for place, name in enumerate(("peertube", "pixelfed"), 1):
        heading = [each for each in said if name in each]
        assert len(heading) == (number >= place)
    assert not any("mastodon" in each for each in said)
    assert ("A rule is missing." in said) is (number >= 1)
    assert ("It cannot be told." in said) is (number >= 2)
    # One alone is the one that is meant.
    monkeypatch.setattr("wizard.run.watching.set_ups.in_force", lambda _store: records[1:2])
    alone = watching.what_is_wrong(store, made.system)
    assert not any("peertube" in each for each in alone)
    assert ("A rule is missing." in alone) is (number >= 1)


def test_it_looks_whenever_docker_or_the_network_was_started_and_once_a_day() -> None:
    texts = watching.units()
    service, timer = settings(texts[watching.SERVICE]), settings(texts[watching.TIMER])
    started = service["WantedBy"]
    assert "docker.service" in started
    # One of them brings up the network of a Debian host.
    assert {"networking.service", "systemd-networkd.service", "NetworkManager.service"} < set(
        started
    )
    assert service["After"] == started
    assert " ".join(service["ExecStart"]) == command_line(program.command("wizard.run.watching"))
    assert service["WorkingDirectory"] == ["/"]
    # It is over by itself, after all that it waits for.
    assert service["Type"] == ["oneshot"]
    assert int(service["TimeoutStartSec"][0]) > 2 * watching._PATIENCE
    assert {name: " ".join(service[name]) for name in RESTRAINED} == RESTRAINED
    assert timer["OnCalendar"] == ["daily"]
    assert timer["WantedBy"] == ["timers.target"]
    assert timer["Persistent"] == ["no"]


def test_systemd_is_told_of_the_units_before_they_are_started_and_of_their_end(
    made: Deployment,
) -> None:
    asked = made.system.ran
    asked.clear()
    watching.switch_on(made.system)
    service, timer = f"{watching.NAME}.service", f"{watching.NAME}.timer"
    assert asked == [
        ("systemctl", "daemon-reload"),
        ("systemctl", "enable", service),
        ("systemctl", "enable", "--now", timer),
    ]
    asked.clear()
    watching.switch_off(made.system)
    assert asked == [
        ("systemctl", "disable", "--now", timer),
        ("systemctl", "disable", "--now", service),
        ("systemctl", "daemon-reload"),
    ]
    asked.clear()
    assert not watching.switch_off(made.system)
    assert asked == []


@pytest.mark.parametrize(
    "failing", [("daemon-reload",), ("enable", "service"), ("enable", "timer")]
)
@pytest.mark.parametrize(
    ("said", "shown"),
    [("No\tsuch\n unit.\x1b\n", "No such unit.\\x1b"), ("", "It printed nothing.")],
)
def test_what_systemd_says_is_told_where_it_refuses(
    made: Deployment,
    monkeypatch: pytest.MonkeyPatch,
    failing: tuple[str, ...],
    said: str,
    shown: str,
) -> None:
    before, run, fails = made.system.snapshot(), made.system.run, [True]

    def refuses(argv: tuple[str, ...], stdin: str = "") -> Result:
        if fails[0] and argv[1] == failing[0] and argv[-1].endswith(failing[-1]):
            # What takes it back is done all the same.
            fails[0] = False
            return Result(1, said)
        return run(argv, stdin)

    monkeypatch.setattr(made.system, "run", refuses)
    with pytest.raises(StepFailed) as failed:
        watching.switch_on(made.system)
    assert str(failed.value) == (f"Nothing looks after the set-up: systemctl failed: {shown}")
    assert difference(before, made.system.snapshot()) == set()


def test_where_a_unit_cannot_be_written_nothing_is_left(
    made: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, write = made.system.snapshot(), made.system.write

    def full(path: str, state: FileState) -> None:
        if path == watching.TIMER:
            raise OSError(28, "No space left on device")
        write(path, state)

    monkeypatch.setattr(made.system, "write", full)
    with pytest.raises(OSError, match="No space"):
        watching.switch_on(made.system)
    assert difference(before, made.system.snapshot()) == set()


@pytest.mark.parametrize("which", ["SERVICE", "TIMER"])
@pytest.mark.parametrize("theirs", ["text", "link", "ours"])
def test_a_unit_of_somebody_else_by_that_name_is_not_touched(
    made: Deployment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, which: str, theirs: str
) -> None:
    path = tmp_path / "unit"
    if theirs == "link":
        path.symlink_to("/dev/null")
    else:
        path.write_text(watching._OURS if theirs == "ours" else "[Unit]\n")
    for each in ("SERVICE", "TIMER"):
        monkeypatch.setattr(watching, each, str(path if each == which else tmp_path / "free"))
    installed = []
    monkeypatch.setattr(program, "install", lambda: installed.append(1))
    made.system.directories.add(str(tmp_path))
    before = made.system.snapshot()
    if theirs == "ours":
        monkeypatch.setattr(made.system, "run", lambda *_: Result(0, ""))
        watching.switch_on(made.system)
        assert installed
        return
    with pytest.raises(Refused) as refused:
        watching.switch_on(made.system)
    assert str(refused.value) == (
        f"{path} is not the wizard's: somebody has masked it or put a unit of their own there. "
        "Nothing was changed. Move it away, and try again."
    )
    assert not installed
    assert difference(before, made.system.snapshot()) == set()


def test_what_is_said_at_a_login_ends_with_what_to_type(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "now", lambda: "2026-11-27T12:00:30Z")
    for sentences in (("One.", "Two\x07."), ("Three.",)):
        watching.tell(sentences, "Type this.", here)
    assert here.read_text() == (
        f"IPv6 for containers, as of {local_time('2026-11-27T12:00:30Z')}:\nThree.\nType this.\n"
    )
    assert capsys.readouterr().err == "One.\nTwo\\x07.\nThree.\n"
    watching.tell((), message=here)
    watching.tell((), message=here)
    assert capsys.readouterr().err == 2 * "IPv6 works in the containers as it was set up.\n"
    assert oct(here.parent.stat().st_mode & 0o777) == "0o755"


def test_nothing_is_looked_at_where_nothing_is_set_up(
    made: Deployment, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    monkeypatch.setattr(watching, "look", pytest.fail)
    assert watching.what_is_wrong(store, made.system) == ()


def test_a_set_up_is_judged_beside_the_others_on_the_host_of_today(
    made: Deployment, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    asked: list[object] = []

    def others(*words: object, host: object) -> tuple[str, ...]:
        asked.append((*words, host))
        return ("others",)

    def check(*words: object, beside: object, halfway: str) -> Judgement:
        asked.append((*words, beside))
        assert halfway == ""
        return Judgement((GOOD,))

    record = Record("1", State.APPLIED, "", "", {}, {"project": "mastodon"}, [])
    monkeypatch.setattr("wizard.run.watching.set_ups.in_force", lambda _store: [record])
    monkeypatch.setattr("wizard.run.watching.set_ups.others", others)
    monkeypatch.setattr("wizard.run.watching.checking.check", check)
    monkeypatch.setattr(watching, "look", lambda: made.host)
    assert watching.what_is_wrong(store, made.system) == ()
    assert asked == [
        (store, "1", made.host),
        (record, made.host, made.system, ("others",)),
    ]


@pytest.mark.parametrize(
    ("mended_after", "pauses", "told"),
    [(0, 0, ()), (30, 3, ()), (10_000, 10, ("It is wrong.",))],
)
def test_what_is_on_its_way_after_a_restart_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, mended_after: float, pauses: int, told: tuple[str, ...]
) -> None:
    now, slept = [1000.0], list[float]()
    said: list[tuple[str, ...]] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr("wizard.run.watching.time.monotonic", lambda: now[0])
    monkeypatch.setattr("wizard.run.watching.time.sleep", sleep)
    monkeypatch.setattr(watching, "Store", lambda: "store")
    monkeypatch.setattr(watching, "RealSystem", lambda: "system")
    monkeypatch.setattr(watching, "tell", lambda wrong, _type: said.append(wrong))
    monkeypatch.setattr(watching, "what_to_type", lambda _store: "")
    monkeypatch.setattr(watching, "_is_over", lambda *_: False)

    def wrong(store: object, system: object) -> tuple[str, ...]:
        assert (store, system) == ("store", "system")
        return () if now[0] - 1000 >= mended_after else ("It is wrong.",)

    monkeypatch.setattr(watching, "what_is_wrong", wrong)
    assert watching.main() == ExitCode.DONE
    assert said == [told]
    assert len(slept) == pauses

    def unreadable(*_: object) -> tuple[str, ...]:
        raise Refused("The record cannot be read.")

    monkeypatch.setattr(watching, "what_is_wrong", unreadable)
    assert watching.main() == ExitCode.DONE
    assert said[-1] == ("The record cannot be read.",)


def kept(made: Deployment, store: Store) -> Record:
    record = journal.begin(made.plan(), {}, store)
    journal.apply(made.plan(), record, made.system, store, lambda: False)
    return record


def test_after_an_undo_that_died_before_its_last_move_nothing_is_looked_after_any_more(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = made.system.snapshot()
    record = kept(made, store)
    watching.switch_on(made.system)
    monkeypatch.setattr(watching, "Store", lambda: store)
    monkeypatch.setattr(watching, "RealSystem", lambda: made.system)
    with monkeypatch.context() as dying:
        dying.setattr(watching, "switch_off", pytest.fail)
        dying.setattr(watching, "what_is_wrong", lambda *_: ())
        assert watching.main() == ExitCode.DONE
    journal.take_back(record, made.system, store, State.UNDOING)
    monkeypatch.setattr(watching, "look", pytest.fail)
    made.system.ran.clear()
    assert watching.main() == ExitCode.DONE
    assert difference(before, made.system.snapshot()) == set()
    # It is that service, and would be stopped by systemd before it is done.
    service = f"{watching.NAME}.service"
    assert [words for words in made.system.ran if words[-1] == service] == [
        ("systemctl", "disable", service)
    ]


def test_while_somebody_sets_up_another_it_goes_on(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.take_back(kept(made, store), made.system, store, State.UNDOING)
    watching.switch_on(made.system)
    with lock.held(store.lock):
        assert watching._is_over(store, made.system)
    assert watching.is_on(made.system)


@pytest.mark.parametrize("state", [State.APPLIED, State.UNDOING, State.UNDO_INCOMPLETE])
def test_what_to_type_at_a_login_is_what_helps(
    made: Deployment, store: Store, state: State
) -> None:
    record = kept(made, store)
    record.state = state
    store.save(record)
    mends = program.typed("--repair") in watching.what_to_type(store)
    assert mends is (state is State.APPLIED)
    if not mends:
        assert watching.what_to_type(store) == f"See: {program.typed('--status')}"


def test_it_looks_again_where_it_is_on(made: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> list[tuple[str, ...]]:
        ran: list[tuple[str, ...]] = []

        def stopping(argv: tuple[str, ...]) -> Result:
            ran.append(argv)
            return Result(1, "The host is going down.")

        with monkeypatch.context() as listening:
            listening.setattr(made.system, "run", stopping)
            watching.look_again(made.system)
        return ran

    assert told() == []
    watching.switch_on(made.system)
    assert told() == [("systemctl", "--no-block", "start", f"{watching.NAME}.service")]
    made.system.unreadable.add(watching.TIMER)
    assert told() == []


def test_what_somebody_has_removed_is_looked_after_by_nobody_once_the_rest_was_taken_back(
    made: Deployment, store: Store
) -> None:
    record = kept(made, store)
    watching.switch_on(made.system)
    del made.system.files[made.path]
    assert undo_run.undo(made.system, store).state is State.UNDO_INCOMPLETE
    assert not watching.is_on(made.system)
    assert watching.what_is_wrong(store, made.system) == ()
    # One that was to stay in force is.
    record = store.of(record.id).load() or record
    record.steps[0].choices = {"a file": "ours"}
    store.save(record)
    assert watching.looked_after(store) == (record,)
