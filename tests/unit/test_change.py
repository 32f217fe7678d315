"""A set-up changes to other answers on made-up hosts, and goes back to what was before that."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import Deployment, deployment
from tests.made_up_system import by_bridge, difference, failing
from tests.unit import test_cli
from tests.unit.test_cli import Here, Wizard, detects, stand
from tests.unit.test_repair import flush
from tests.unit.test_steps import behind_firewalld, closing
from wizard.answers import answers_file
from wizard.answers.choices import Choices, Inwards, Mode, Proxy
from wizard.host.host import Unknown
from wizard.inward import closed
from wizard.platform.errors import ExitCode
from wizard.record import toml_text
from wizard.record.record import Record, State
from wizard.record.repair_store import RepairStore
from wizard.record.store import Store

wizard = test_cli.wizard

HOSTS = {
    "12": made_up_hosts.debian12,
    "13": made_up_hosts.debian13,
    "14": made_up_hosts.debian14,
}
ROUTED: dict[str, Any] = {"mode": Mode.ROUTED, "prefix": IPv6Network("2001:db8:1:2:3::/80")}
RENUMBERED = {
    **ROUTED,
    "prefix": IPv6Network("2001:db8:1:2:4::/80"),
    "network": "mastodon_ipv6_2",
    "bridge": "br-ipv6-2",
}
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "more services": ({"services": ("web",)}, {"services": ("web", "streaming")}),
    "fewer services": ({"services": ("web", "streaming")}, {"services": ("web",)}),
    "another prefix": ({}, {"prefix": IPv6Network("fd00:1:2:3::/64")}),
    "another network": ({}, {"network": "mastodon_six", "bridge": "br-six"}),
    "private to routed": ({}, ROUTED),
    "routed to private": (ROUTED, {}),
    "another proxy": (ROUTED, {**ROUTED, "proxy": Proxy.NDPPD}),
    "from ndppd": ({**ROUTED, "proxy": Proxy.NDPPD}, ROUTED),
    "ndppd to private": ({**ROUTED, "proxy": Proxy.NDPPD}, {}),
    "from fixed": ({**ROUTED, "fixed": ("web",), "proxy": Proxy.FIXED}, ROUTED),
    "no proxy": (ROUTED, {**ROUTED, "proxy": Proxy.NONE}),
    "fixed": (ROUTED, {**ROUTED, "fixed": ("web",), "proxy": Proxy.FIXED}),
    "another filter": (ROUTED, {**ROUTED, "inwards": Inwards.ALL}),
    "renumbered": (ROUTED, RENUMBERED),
    "another uplink prefix": (ROUTED, {**ROUTED, "prefix": IPv6Network("2001:db8:1:2:4::/80")}),
}


class Changing:
    """A host on which a set-up is kept, and other answers for it."""

    def __init__(self, here: Here, wizard: Wizard, first: Choices, then: Choices) -> None:
        self.here, self.wizard, self.first, self.then = here, wizard, first, then
        self.before = here.made.system.snapshot()
        self.file = here.store.directory.parent / "answers"

    def answers(self, choices: Choices) -> str:
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_text(answers_file.dumps(choices))
        return str(self.file)

    def set_up(self) -> None:
        self.done("--apply", "--yes", "--answers", self.answers(self.first))

    def change(self, *options: str, to: Choices | None = None) -> None:
        self.done("--change", "--yes", "--answers", self.answers(to or self.then), *options)

    def done(self, *words: str) -> None:
        said = self.wizard(*words)
        assert said.code == ExitCode.DONE, said.out + said.err

    def snapshot(self) -> dict[str, str]:
        return by_bridge(self.here.made.system.snapshot())

    @property
    def record(self) -> Record:
        record = self.here.store.load()
        assert record is not None
        return record


def changing(
    host: str, what: str, wizard: Wizard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Changing:
    made = deployment(HOSTS[host]())
    first, then = (replace(made.choices, **each) for each in CHANGES[what])
    here = stand(made, tmp_path, monkeypatch)
    return Changing(here, wizard, first, then)


def test_what_people_have_noticed_of_the_set_up_is_not_told_of_its_change(
    wizard: Wizard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = changing("13", "more services", wizard, tmp_path, monkeypatch)
    word = "lets new connections of the chosen containers"
    assert word in wizard("--plan", "--answers", place.answers(place.first)).out
    place.set_up()
    told = wizard("--change", "--answers", place.answers(place.then)).out
    assert "Connect" in told
    assert word not in told


def test_what_a_change_did_is_still_written_after_the_next_one(
    wizard: Wizard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = changing("13", "more services", wizard, tmp_path, monkeypatch)
    place.set_up()
    there = set[str]()
    for to in (place.then, place.first):
        place.change(to=to)
        found = {
            each.id
            for path in place.here.store.directory.rglob("*.toml")
            if "\nchanges = " in (text := path.read_text())
            for each in [toml_text.loads(text)]
        }
        assert found > there
        there = found
    assert len(there) == 2


ON_OTHERS = ("more services", "private to routed", "routed to private", "another prefix")
every_change = pytest.mark.parametrize(
    ("host", "what"),
    [
        *(("13", what) for what in CHANGES),
        *((host, what) for host in ("12", "14") for what in ON_OTHERS),
    ],
)


@every_change
def test_the_record_reads_as_if_it_had_been_set_up_so_and_undo_finds_the_original(
    host: str, what: str, wizard: Wizard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = changing(host, what, wizard, tmp_path / "a", monkeypatch)
    place.set_up()
    place.change()
    changed, record = place.snapshot(), place.record
    place.done("--undo", "--yes")
    assert difference(place.before, place.snapshot()) == set()

    fresh = changing(host, what, wizard, tmp_path / "b", monkeypatch)
    if what == "renumbered":
        # The IPv4 subnet that the old network had beside the new one.
        made = fresh.here.made.host
        assert not isinstance(made.prefixes_in_use, Unknown)
        in_use = (*made.prefixes_in_use, IPv4Network("172.31.0.0/16"))
        detects(monkeypatch, replace(made, prefixes_in_use=in_use))
    fresh.done("--apply", "--yes", "--answers", fresh.answers(fresh.then))
    assert difference(changed, fresh.snapshot()) == set()
    again = fresh.record
    assert record.state is State.APPLIED
    assert (record.digest, record.choices) == (again.digest, again.choices)
    for one, other in zip(record.steps, again.steps, strict=True):
        assert (one.kind, one.parameters, one.state) == (other.kind, other.parameters, other.state)
        assert one.before == other.before, one.kind


@every_change
def test_going_back_is_to_the_state_before_the_change(
    host: str, what: str, wizard: Wizard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = changing(host, what, wizard, tmp_path, monkeypatch)
    place.set_up()
    before, record = place.snapshot(), place.record
    place.change("--window", "60")
    assert "A change of" in wizard("--status").out
    place.done("--undo", "--yes")
    assert difference(before, place.snapshot()) == set()
    assert place.record == record
    assert RepairStore(place.here.store.directory).open is None
    place.done("--undo", "--yes")
    assert difference(place.before, place.snapshot()) == set()


SPECIAL: dict[str, tuple[Callable[[], Deployment], dict[str, Any]]] = {
    "behind firewalld": (behind_firewalld, {"prefix": IPv6Network("2001:db8:1:2:4::/80")}),
    "fewer services behind firewalld": (behind_firewalld, {"services": ("web",)}),
    "ports that stay closed": (closing, {"prefix": IPv6Network("fd00:1:2:3::/64")}),
}


@pytest.mark.parametrize("what", SPECIAL)
def test_what_few_hosts_have_comes_back_and_goes(
    what: str, wizard: Wizard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, changed = SPECIAL[what]
    made = make()
    monkeypatch.setattr(closed, "read", lambda _system: made.inputs.input)
    here = stand(made, tmp_path, monkeypatch)
    place = Changing(here, wizard, made.choices, replace(made.choices, **changed))
    place.set_up()
    before = place.snapshot()
    place.change("--window", "60")
    assert difference(before, place.snapshot())
    place.done("--undo", "--yes")
    assert difference(before, place.snapshot()) == set()
    place.change()
    place.done("--undo", "--yes")
    assert difference(place.before, place.snapshot()) == set()


@pytest.fixture
def place(wizard: Wizard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Changing:
    found = changing("13", "private to routed", wizard, tmp_path, monkeypatch)
    found.set_up()
    return found


def test_a_change_is_shown_as_a_script_and_done_by_yes(place: Changing) -> None:
    before = place.snapshot()
    shown = place.wizard("--change", "--answers", place.answers(place.then))
    assert shown.code == ExitCode.REFUSED
    assert f"wizard --change --answers {place.file} --yes does this" in shown.err
    assert difference(before, place.snapshot()) == set()
    script = shown.out
    assert script.index("docker network rm mastodon_ipv6") < script.index("docker network create")
    assert "for some seconds the containers that have IPv6" in " ".join(script.split()).replace(
        " # ", " "
    )


def test_where_services_come_nothing_of_the_others_is_touched(
    wizard: Wizard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = changing("13", "more services", wizard, tmp_path, monkeypatch)
    place.set_up()
    shown = place.wizard("--change", "--answers", place.answers(place.then)).out
    lines = [
        line for line in shown.splitlines() if line.startswith(("docker network", "ip", "sys"))
    ]
    assert lines == ["docker network connect --alias streaming mastodon_ipv6 mastodon-streaming-1"]


def test_whose_connections_end_is_told_of_those_alone_that_come_or_go(
    wizard: Wizard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = changing("13", "more services", wizard, tmp_path, monkeypatch)
    word = "open through a published port of web end"
    assert word in wizard("--plan", "--answers", place.answers(place.first)).out
    place.set_up()
    assert word not in wizard("--change", "--answers", place.answers(place.then)).out
    without = replace(place.first, services=("sidekiq",))
    assert word in wizard("--change", "--answers", place.answers(without)).out
    assert word in wizard("--undo").out


@pytest.mark.parametrize("half", [False, True])
def test_wherever_it_fails_the_set_up_is_as_before(place: Changing, half: bool) -> None:
    before, record = place.snapshot(), place.record
    answers, number, codes = place.answers(place.then), 0, []
    while ExitCode.DONE not in codes:
        number += 1
        with failing(place.here.made.system, {number}, half):
            codes.append(place.wizard("--change", "--yes", "--answers", answers).code)
        if codes[-1] != ExitCode.DONE:
            assert codes[-1] == ExitCode.ROLLED_BACK
            assert difference(before, place.snapshot()) == set(), number
            assert place.record == record
    assert number > 10


def test_who_dies_right_after_keep_has_kept(
    place: Changing, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.change("--window", "60")
    with monkeypatch.context() as patched:
        patched.setattr(Store, "take_over", lambda *_: None)
        place.done("--keep")
    assert place.record.choices["mode"] == Mode.ULA
    place.wizard("--status")
    assert place.record.choices["mode"] == Mode.ROUTED
    place.done("--undo", "--yes")
    assert difference(place.before, place.snapshot()) == set()


def test_what_could_not_go_back_is_tried_again_by_undo_before_anything_else(
    place: Changing,
) -> None:
    before, system = place.snapshot(), place.here.made.system
    place.change("--window", "60")
    with failing(system, range(1, 100), False):
        assert place.wizard("--undo", "--yes").code == ExitCode.ROLLBACK_INCOMPLETE
    assert difference(before, place.snapshot())
    assert "rolled back in part" in place.wizard("--status").out
    partly = place.snapshot()
    for verb in ("--repair", "--change"):
        refused = place.wizard(verb, "--yes")
        assert refused.code == ExitCode.REFUSED
    assert difference(partly, place.snapshot()) == set()
    place.done("--undo", "--yes")
    assert difference(before, place.snapshot()) == set()
    place.done("--undo", "--yes")
    assert difference(place.before, place.snapshot()) == set()


def test_what_waits_is_kept_by_keep_and_nothing_else_begins_before(place: Changing) -> None:
    place.change("--window", "60")
    again = place.wizard("--change", "--yes", "--answers", place.answers(place.first))
    assert again.code == ExitCode.REFUSED
    assert "waits for an answer" in again.err
    waits = place.snapshot()
    assert place.wizard("--repair", "--yes").code in (ExitCode.REFUSED, ExitCode.DONE)
    assert difference(waits, place.snapshot()) == set()
    assert place.record.choices["mode"] == Mode.ULA
    # What an undo would take back is shown, and nothing else is done without a yes.
    shown = place.wizard("--undo")
    assert shown.code == ExitCode.REFUSED
    assert "Undo goes back to the set-up as it was before that" in shown.out
    assert "wizard --undo --yes does this" in shown.err
    assert difference(waits, place.snapshot()) == set()
    place.done("--keep")
    assert place.record.choices["mode"] == Mode.ROUTED
    # Nobody needs the texts of files for a change that is kept.
    text = RepairStore(place.here.store.directory).path.read_text()
    assert "external_network:" not in text


def test_what_cannot_be_changed_is_refused_beforehand(place: Changing) -> None:
    before, system = place.snapshot(), place.here.made.system
    same = place.wizard("--change", "--yes", "--answers", place.answers(place.first))
    assert (same.code, "as these answers want it already" in same.out) == (ExitCode.DONE, True)
    other = replace(place.then, project="another")
    for wanted, project, said in (
        (other, (), "No set-up for another"),
        (place.then, ("another",), "The answers are for mastodon"),
    ):
        refused = place.wizard("--change", *project, "--yes", "--answers", place.answers(wanted))
        assert refused.code == ExitCode.REFUSED
        assert said in refused.err
    assert difference(before, place.snapshot()) == set()

    answers = place.answers(place.then)
    connect = ("docker", "network", "connect", "--alias", "db", "mastodon_ipv6")
    system.run((*connect, "mastodon-db-1"))
    guest = place.snapshot()
    refused = place.wizard("--change", "--yes", "--answers", answers)
    assert refused.code == ExitCode.REFUSED
    assert "docker network disconnect mastodon_ipv6 mastodon-db-1; wizard --change" in refused.err
    assert difference(guest, place.snapshot()) == set()
    system.run(("docker", "network", "disconnect", "mastodon_ipv6", "mastodon-db-1"))

    flush(system)
    flushed = place.snapshot()
    refused = place.wizard("--change", "--yes", "--answers", answers)
    assert refused.code == ExitCode.REFUSED
    assert "wizard --repair mastodon" in refused.err
    assert difference(flushed, place.snapshot()) == set()
