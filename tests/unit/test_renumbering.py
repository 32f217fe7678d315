"""The provider gives another prefix on made-up hosts: the repair follows, and can be taken back."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import IPv6Interface
from pathlib import Path

import pytest

from tests.made_up_deployments import deployment
from tests.made_up_hosts import debian12, debian13, debian14
from tests.made_up_system import difference, failing
from tests.unit import test_cli
from tests.unit.test_change import ROUTED, Changing
from tests.unit.test_cli import Wizard, detects, stand
from tests.unit.test_repair import flush
from wizard import prefix_follower
from wizard.answers.choices import Proxy
from wizard.host.host import Address, Host, Origin, Unknown
from wizard.modes.registry import behaviour_of
from wizard.platform.errors import ExitCode
from wizard.platform.system import Result
from wizard.prefix.outcome import FOLLOWED, LATER
from wizard.record.record import State
from wizard.record.repair_store import RepairStore
from wizard.session import Session
from wizard.verification.verification import Verification

wizard = test_cli.wizard

OLD, NEW = "2001:db8:1:2::10/64", "2001:db8:7:8::10/64"
BEFORE, NOW = "mastodon_ipv6", "mastodon_ipv6_2"
PLACES: dict[str, tuple[Callable[[], Host], Proxy]] = {
    "12": (debian12, Proxy.SERVICE),
    "13, fixed": (debian13, Proxy.FIXED),
    "13, ndppd": (debian13, Proxy.NDPPD),
    "14": (debian14, Proxy.SERVICE),
}


class Moving(Changing):
    """A host on which a set-up with public addresses is kept, and whose prefix moves."""

    def __init__(
        self, name: str, wizard: Wizard, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make, proxy = PLACES.get(name, (debian13, Proxy.SERVICE))
        fixed = ("web",) if proxy is Proxy.FIXED else ()
        made = deployment(make())
        first = replace(made.choices, **ROUTED, proxy=proxy, fixed=fixed, follow=True)
        super().__init__(stand(made, folder, monkeypatch), wizard, first, first)
        self._monkeypatch = monkeypatch
        self.set_up()

    def moves(self, *addresses: str, deprecated: Sequence[str] = ()) -> Host:
        """Let the uplink have these addresses, and the network that was made be seen."""
        return moves(self, self._monkeypatch, *addresses, deprecated=deprecated)

    def on(self, network: str) -> set[str]:
        """Who is on a network."""
        containers = self.here.made.system.containers.items()
        return {name for name, each in containers if network in each.networks}


def moves(
    place: Changing,
    monkeypatch: pytest.MonkeyPatch,
    *addresses: str,
    deprecated: Sequence[str] = (),
) -> Host:
    """Let the uplink of a host have these addresses, and what was made there be seen."""
    host = place.here.made.host
    uplink, networks, interfaces = host.uplink, host.networks, host.interfaces
    assert not isinstance(uplink, Unknown)
    assert not isinstance(networks, Unknown)
    assert not isinstance(interfaces, Unknown)
    found = tuple(
        Address(IPv6Interface(each), Origin.ADVERTISEMENT, deprecated=each in deprecated)
        for each in addresses
    )
    uplink = replace(uplink, addresses=found)
    host = replace(
        host,
        uplink=uplink,
        prefixes_in_use=uplink.prefixes,
        networks=(*networks, replace(networks[0], name=BEFORE, subnets=())),
        interfaces=(*interfaces, "br-ipv6"),
    )
    detects(monkeypatch, host)
    return host


@pytest.fixture
def place(wizard: Wizard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Moving:
    return Moving("13", wizard, tmp_path, monkeypatch)


@pytest.mark.parametrize("name", PLACES)
def test_the_repair_gives_containers_a_part_of_the_new_prefix_and_undo_finds_the_original(
    name: str, wizard: Wizard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Moving(name, wizard, tmp_path, monkeypatch)
    everybody, before = place.on(BEFORE), place.snapshot()
    host = place.moves(OLD, NEW, deprecated=(OLD,))
    said = behaviour_of(place.first.mode).deviations(host, place.first)
    assert "of the containers lies is deprecated" in " ".join(said)

    shown = wizard("--repair")
    assert shown.code == ExitCode.REFUSED
    assert "The new one is 2001:db8:7:8::/64." in " ".join(shown.out.replace("\n#", "").split())
    assert difference(before, place.snapshot()) == set()
    place.done("--repair", "--yes")

    assert (place.on(NOW), place.on(BEFORE)) == (everybody, set())
    assert place.here.made.system.networks[NOW].subnets[-1] == "2001:db8:7:8:3::/80"
    assert place.record.choices["network"] == NOW
    assert place.record.choices["prefix"] == "2001:db8:7:8:3::/80"
    left = " ".join(place.snapshot().values())
    assert "2001:db8:7:8:3:" in left
    assert "2001:db8:1:2:3:" not in left
    again = wizard("--repair", "--yes")
    assert (again.code, "nothing to repair" in again.out) == (ExitCode.DONE, True)
    place.done("--undo", "--yes")
    assert difference(place.before, place.snapshot()) == set()


def test_what_waits_goes_back_to_the_old_prefix(place: Moving) -> None:
    before, record = place.snapshot(), place.record
    place.moves(NEW)
    place.done("--repair", "--yes", "--window", "60")
    assert place.on(NOW) and not place.on(BEFORE)
    place.done("--undo", "--yes")
    assert difference(before, place.snapshot()) == set()
    assert place.record == record
    place.done("--repair", "--yes", "--window", "60")
    place.done("--keep")
    assert place.record.choices["network"] == NOW


def test_wherever_it_fails_all_is_as_before_and_nobody_was_without_both(place: Moving) -> None:
    before, record, everybody = place.snapshot(), place.record, place.on(BEFORE)
    system = place.here.made.system
    place.moves(OLD, NEW, deprecated=(OLD,))
    alone = []

    def watch(number: int) -> None:
        alone.extend([number] if everybody - place.on(BEFORE) - place.on(NOW) else [])

    system.watch = watch
    number, code = -2, ExitCode.ROLLED_BACK
    while code is ExitCode.ROLLED_BACK:
        number += 5
        with failing(system, {number}, half_done=bool(number % 2)):
            code = ExitCode(place.wizard("--repair", "--yes").code)
        assert alone == []
        if code is ExitCode.ROLLED_BACK:
            assert difference(before, place.snapshot()) == set(), number
            assert place.record == record
    assert (code, number > 20) == (ExitCode.DONE, True)


def test_where_the_old_one_cannot_come_back_the_new_one_stays_until_it_can(
    place: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, everybody, system = place.snapshot(), place.on(BEFORE), place.here.made.system
    place.moves(OLD, NEW, deprecated=(OLD,))
    place.done("--repair", "--yes", "--window", "60")
    really = system.run

    def run(argv: Sequence[str], stdin: str = "") -> Result:
        back = argv[:3] == ("docker", "network", "connect") and argv[-2] == BEFORE
        return Result(1, "out of memory") if back else really(argv, stdin)

    with monkeypatch.context() as patched:
        patched.setattr(system, "run", run)
        assert place.wizard("--undo", "--yes").code == ExitCode.ROLLBACK_INCOMPLETE
    assert place.on(NOW) == everybody
    place.done("--undo", "--yes")
    assert difference(before, place.snapshot()) == set()
    place.done("--undo", "--yes")
    assert difference(place.before, place.snapshot()) == set()


def test_the_old_network_goes_once_the_new_addresses_have_settled(
    place: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody, seen = place.on(BEFORE), []
    place.moves(OLD, NEW, deprecated=(OLD,))
    monkeypatch.setattr(
        Verification, "settle", lambda _: seen.append((place.on(BEFORE), place.on(NOW)))
    )
    place.done("--repair", "--yes")
    assert seen == [(everybody, everybody)]


def test_what_is_missing_comes_first(place: Moving) -> None:
    place.moves(NEW)
    system = place.here.made.system
    flush(system)
    shown = place.wizard("--repair")
    assert "ip6tables" in shown.out and "docker network create" not in shown.out
    assert "can be changed once it is as it was left" in " ".join(
        shown.out.replace("\n#", "").split()
    )
    place.done("--repair", "--yes")
    assert place.on(BEFORE)
    place.done("--repair", "--yes")
    assert place.on(NOW) and not place.on(BEFORE)


def test_where_nothing_is_there_to_follow_that_is_said(place: Moving) -> None:
    before = place.snapshot()
    place.moves("fd00::10/64")
    said = place.wizard("--repair", "--yes")
    assert said.code == ExitCode.NOT_AS_SET_UP
    assert "ask your provider" in said.out
    assert difference(before, place.snapshot()) == set()


def test_a_private_set_up_does_not_care(
    wizard: Wizard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = deployment(debian13())
    place = Changing(stand(made, tmp_path, monkeypatch), wizard, made.choices, made.choices)
    place.set_up()
    host = moves(place, monkeypatch, NEW)
    assert behaviour_of(made.choices.mode).deviations(host, made.choices) == ()
    said = wizard("--repair", "--yes")
    assert (said.code, "nothing to repair" in said.out) == (ExitCode.DONE, True)


def follows() -> tuple[int, str]:
    """Do what the service starts, and return what it ends with and says."""
    said: list[str] = []
    return prefix_follower.run(Session(), said.append), "\n".join(said)


def test_who_chose_it_is_followed_for_without_being_asked(place: Moving) -> None:
    assert follows() == (0, "")
    place.moves(OLD, NEW, deprecated=(OLD,))
    everybody = place.on(BEFORE)
    code, said = follows()
    assert code == FOLLOWED
    assert said.startswith("Of the set-up for mastodon: The prefix in which 2001:db8:1:2:3::/80")
    assert place.on(NOW) == everybody
    assert place.record.choices["follow"] is True


def test_who_did_not_is_not_followed_for(
    wizard: Wizard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Moving("13", wizard, tmp_path, monkeypatch)
    off = place.answers(replace(place.first, follow=False))
    shown = wizard("--change", "--answers", off).out
    assert "systemctl disable --now docker-ipv6-wizard-prefix.service" in shown
    assert "docker network" not in shown
    place.change(to=replace(place.first, follow=False))
    assert "docker-ipv6-wizard-prefix.service" not in " ".join(place.snapshot())
    before = place.snapshot()
    place.moves(OLD, NEW, deprecated=(OLD,))
    assert follows() == (0, "")
    assert difference(before, place.snapshot()) == set()


def test_what_fails_by_itself_leaves_all_as_before_and_says_so(place: Moving) -> None:
    before = place.snapshot()
    place.moves(OLD, NEW, deprecated=(OLD,))
    with failing(place.here.made.system, {9}, False):
        code, said = follows()
    assert code == ExitCode.ROLLED_BACK
    assert "rolled back" in said
    assert difference(before, place.snapshot()) == set()
    # Whatever else is not in effect was not chosen to be put back.
    flush(place.here.made.system)
    before = place.snapshot()
    code, said = follows()
    assert code == ExitCode.NOT_AS_SET_UP
    assert "DOCKER-IPV6-WIZARD" in said
    assert difference(before, place.snapshot()) == set()


def test_what_waits_for_an_answer_is_not_followed_beside(place: Moving) -> None:
    place.moves(OLD, NEW, deprecated=(OLD,))
    place.done("--repair", "--yes", "--window", "60")
    assert RepairStore(place.here.store.directory).open is not None
    before = place.snapshot()
    code, _said = follows()
    assert code not in (0, FOLLOWED)
    assert difference(before, place.snapshot()) == set()


@pytest.mark.parametrize("state", [State.APPLYING, State.UNCONFIRMED])
def test_a_prefix_that_moves_while_a_run_waits_for_an_answer_is_followed_after_that(
    place: Moving, state: State
) -> None:
    store, record = place.here.store, place.record
    record.state = state
    store.save(record)
    place.moves(OLD, NEW, deprecated=(OLD,))
    before = place.snapshot()
    assert follows() == (LATER, "")
    assert difference(before, place.snapshot()) == set()
    record.state = State.APPLIED
    store.save(record)
    assert follows()[0] == FOLLOWED
