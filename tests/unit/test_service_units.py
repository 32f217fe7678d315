"""What must be so of every unit whose program keeps running, whatever that does."""

import re
import signal

import pytest

from wizard.boot import forecast
from wizard.filter import __main__ as filter_service
from wizard.filter import keeper as filter_keeper
from wizard.filter import unit as filter_unit
from wizard.ndp import fixed_unit
from wizard.ndp import service as ndp_service
from wizard.ndp import unit as ndp_unit
from wizard.prefix import unit as prefix_unit
from wizard.run import guard_units
from wizard.uplink import __main__ as uplink_service
from wizard.uplink import unit as uplink_unit

NAMESPACE = "docker-ipv6-wizard"
"""Whoever looks for what is ours looks for that."""

PREFIX = "2001:db8:1:2:1::/80"

TEXTS = {
    "filter": filter_unit.unit("/etc/rules", "eth0", "br-ipv6", PREFIX, after_docker=False),
    "filter behind Docker": filter_unit.unit("/etc/rules", "eth0", "br-ipv6", after_docker=True),
    "uplink": uplink_unit.unit(["eth0"], "/etc/sysctl.d/ours.conf", forwarding=True),
    "neighbours": ndp_unit.unit("eth0", "mastodon_ipv6", PREFIX),
    "prefix": prefix_unit.unit(),
}

LOOKS = {
    "filter": filter_keeper._PERIOD,
    "filter behind Docker": filter_keeper._PERIOD,
    "uplink": uplink_service._ALIVE + uplink_service.LOOK,
    "neighbours": ndp_service._PERIOD,
}
"""Seconds between two signs of life, where nothing happens."""


def settings(text: str) -> dict[str, list[str]]:
    """The words of each setting, all of its lines together."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).extend(value.split())
    return found


NAMES = [each.NAME for each in (filter_unit, fixed_unit, ndp_unit, prefix_unit, uplink_unit)]

every_unit = pytest.mark.parametrize("name", TEXTS)


@every_unit
def test_whatever_ends_it_it_is_started_again_however_often(name: str) -> None:
    unit = settings(TEXTS[name])
    assert unit["Restart"] == ["always"]
    # After five in ten seconds systemd would leave it (systemd.unit(5)).
    assert unit["StartLimitIntervalSec"] == ["0"]


@every_unit
def test_something_that_comes_at_boot_starts_it_and_it_is_ready_before_that_counts(
    name: str,
) -> None:
    unit = settings(TEXTS[name])
    assert set(unit["WantedBy"]) <= {"docker.service", "multi-user.target"}
    assert unit["Type"] == ["notify"]


@pytest.mark.parametrize("name", LOOKS)
def test_its_watchdog_never_ends_one_that_is_well_on_a_busy_host(name: str) -> None:
    (seconds,) = settings(TEXTS[name])["WatchdogSec"]
    assert float(seconds) >= 3 * LOOKS[name]


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("filter", "Before"),
        ("filter behind Docker", "After"),
        ("uplink", "Before"),
        ("neighbours", "After"),
        ("prefix", "After"),
    ],
)
def test_it_is_there_before_docker_or_after_it_and_never_both(name: str, order: str) -> None:
    unit = settings(TEXTS[name])
    orders = [each for each in ("Before", "After") if "docker.service" in unit.get(each, [])]
    assert orders == [order]


def test_the_way_is_closed_where_a_prefix_is_one_that_strangers_reach() -> None:
    words = settings(TEXTS["filter"])["ExecStart"]
    assert words[words.index("--close") + 1] == PREFIX
    assert "--close" not in settings(TEXTS["filter behind Docker"])["ExecStart"]


@pytest.mark.parametrize("name", [*NAMES, guard_units.GUARD, guard_units.EARLY])
def test_a_unit_is_a_service_by_the_end_of_its_name(name: str) -> None:
    # systemd loads no file with another end (systemd.unit(5)).
    assert re.fullmatch(r"[a-z0-9-]+\.service", name)
    assert name.startswith(NAMESPACE)


def test_the_forecast_of_the_next_boot_knows_the_service_that_keeps_the_uplink() -> None:
    assert forecast.OWN_SERVICE == uplink_unit.NAME


class Keeping:
    """A keeper that notes what it was to keep, and has nothing to do."""

    made: list[tuple[object, ...]]

    def __init__(self, *what: object) -> None:
        self.made.append(what)

    def run(self) -> None:
        pass


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    monkeypatch.setattr(Keeping, "made", [], raising=False)
    monkeypatch.setattr(filter_service, "Keeper", Keeping)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    return Keeping.made


@pytest.mark.parametrize("of_docker", [False, True])
@pytest.mark.parametrize("close", ["", PREFIX])
def test_the_filter_service_keeps_what_its_unit_names(
    kept: list[tuple[object, ...]], of_docker: bool, close: str
) -> None:
    text = filter_unit.unit("/etc/rules", "eth0", "br-ipv6", close, of_docker=of_docker)
    words = settings(text)["ExecStart"]
    assert filter_service.main(words[words.index("wizard.filter") + 1 :]) == 0
    bridges, of_docker_s = ([], ["br-ipv6"]) if of_docker else (["br-ipv6"], [])
    assert kept == [("/etc/rules", "eth0", bridges, [close] if close else [], of_docker_s)]


@pytest.mark.parametrize(
    "words",
    [
        "",
        "--rules /etc/rules",
        "--uplink eth0",
        "--rules /etc/rules --uplink",
        "--rules /etc/rules --uplink eth0 --bridge",
        "--rules /etc/rules --uplink eth0 --other x",
    ],
)
def test_the_filter_service_keeps_nothing_where_its_words_are_not_understood(
    kept: list[tuple[object, ...]], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert filter_service.main(words.split()) == 2
    assert not kept
    assert "--rules FILE" in capsys.readouterr().err
