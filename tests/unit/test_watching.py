"""What looks after a set-up: its units come and go whole, and it says at the next login what is."""

from pathlib import Path

import pytest

from tests.made_up_deployments import Deployment, deployment
from tests.made_up_system import difference
from tests.unit.test_judgement import GOOD
from wizard.platform.errors import Refused, StepFailed
from wizard.platform.system import Result
from wizard.program import program
from wizard.record.record import Record, State
from wizard.record.store import Store
from wizard.run import journal, undo_run, watching
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
    watching.tell(("It is wrong.",), here)
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
    watching.tell(("IPv6 does not pass.", "Step 3 is \x1b[31mmissing."), here)
    said = here.read_text()
    assert "IPv6 does not pass." in said and "--repair" in said
    assert "\x1b" not in said
    assert here.stat().st_mode & 0o777 == 0o644
    assert list(here.parent.iterdir()) == [here]
    watching.tell((), here)
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
