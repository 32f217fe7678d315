"""A set-up that fits Docker no more: told, planned anew by a repair, undone to the original."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from tests.made_up_system import FORWARDING, difference
from tests.unit import test_cli
from tests.unit.test_change import ROUTED, Changing
from tests.unit.test_cli import Wizard, detects, stand
from tests.unit.test_past_input import publishing
from tests.unit.test_repair import flush
from tests.unit.test_steps import CLOSED
from wizard.host.host import Engine, Firewall, Host, Unknown
from wizard.host.parts import docker_engine
from wizard.inward import closed
from wizard.inward.closed import InputRules
from wizard.platform.errors import ExitCode
from wizard.platform.own_names import CHAIN
from wizard.run import renewing, set_ups
from wizard.steps.closed_ports import DOCKER_USER
from wizard.steps.comparing import Resolution

wizard = test_cli.wizard

HOSTS = {"12": made_up_hosts.debian12, "13": made_up_hosts.debian13}
MODES = {"private": {}, "routed": ROUTED}
NEWER = Engine("28.5.2+dfsg1", "1.51", manages_ip6tables=True)
MODE = "com.docker.network.bridge.gateway_mode_ipv6"

every_upgrade = pytest.mark.parametrize(
    ("host", "mode"), [(host, mode) for host in HOSTS for mode in MODES]
)


class Upgraded(Changing):
    """A host on which a set-up is kept, whose engine is another one since."""

    def __init__(
        self, host: Host, mode: str, wizard: Wizard, folder: Path, patch: pytest.MonkeyPatch
    ) -> None:
        made = deployment(host, **MODES[mode])
        # Docker makes it as soon as it keeps rules.
        made.system.tables.setdefault("filter", {"FORWARD": []})[DOCKER_USER] = []
        here = stand(made, folder, patch)
        super().__init__(here, wizard, made.choices, made.choices)
        self._patch, self.host = patch, host
        self.set_up()

    def runs(self, engine: Engine) -> None:
        """From now on it has another Docker."""
        self.host = replace(self.host, engine=engine)
        detects(self._patch, self.host)

    def told(self) -> str:
        beside = set_ups.others(self.here.store, self.record.id, host=self.host)
        return " ".join(renewing.told(self.record, self.host, self.here.made.system, beside))


@pytest.fixture
def upgraded(wizard: Wizard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Upgraded:
    return Upgraded(made_up_hosts.debian13(), "routed", wizard, tmp_path, monkeypatch)


@every_upgrade
def test_what_a_newer_engine_does_itself_is_planned_anew_and_undo_finds_the_original(
    host: str, mode: str, wizard: Wizard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Upgraded(HOSTS[host](), mode, wizard, tmp_path / "a", monkeypatch)
    assert place.told() == ""
    assert place.here.made.system.sysctls[FORWARDING] == "1"
    place.runs(NEWER)
    before, record = place.snapshot(), place.record
    reason, _, what = place.told().rpartition(" wizard --repair ")
    assert what == "mastodon makes anew what differs."
    for words in ("28.5.2+dfsg1 runs now", "set up for Docker 2", "makes the packet filter rules"):
        assert words in reason
    assert ("addresses of its own" in reason) is (mode == "routed")

    shown = wizard("--repair")
    assert shown.code == ExitCode.REFUSED
    assert "wizard --repair --yes does this" in shown.err
    text = " ".join(shown.out.replace("# ", "").split())
    assert reason in text
    assert "for some seconds the containers that have IPv6 are without it" in text
    assert "sysctl --write net.ipv6.conf.all.forwarding=0" not in shown.out
    assert difference(before, place.snapshot()) == set()

    # Nobody says keep: all is as it was.
    place.done("--repair", "--yes", "--window", "60")
    assert place.here.made.system.sysctls[FORWARDING] == "1"
    place.done("--undo", "--yes")
    assert difference(before, place.snapshot()) == set()
    assert place.record == record

    place.done("--repair", "--yes")
    assert place.told() == ""
    assert place.here.made.system.sysctls[FORWARDING] == "1"
    network = place.here.made.system.networks["mastodon_ipv6"]
    assert (network.options.get(MODE) == "routed") is (mode == "routed")
    again = wizard("--repair")
    assert again.code == ExitCode.DONE, again.out + again.err
    anew = {key for key in place.snapshot() if "docker-ipv6-wizard-filter" in key}
    assert bool(anew) is (mode == "routed")
    place.done("--undo", "--yes")
    assert difference(place.before, place.snapshot()) == set()


@every_upgrade
def test_the_host_and_the_record_are_as_a_set_up_on_the_newer_engine_leaves_them(
    host: str, mode: str, wizard: Wizard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Upgraded(HOSTS[host](), mode, wizard, tmp_path / "a", monkeypatch)
    place.runs(NEWER)
    place.done("--repair", "--yes")
    mended, record = place.snapshot(), place.record
    newer = replace(HOSTS[host](), engine=NEWER)
    fresh = Upgraded(newer, mode, wizard, tmp_path / "b", monkeypatch)
    assert difference(mended, fresh.snapshot()) == set()
    again = fresh.record
    assert (record.digest, record.choices) == (again.digest, again.choices)
    for one, other in zip(record.steps, again.steps, strict=True):
        assert (one.kind, one.parameters, one.before) == (
            other.kind,
            other.parameters,
            other.before,
        )


def test_ports_that_a_newer_engine_opens_are_closed_again(
    wizard: Wizard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closed, "read", lambda _system: InputRules(CLOSED))
    host = publishing(made_up_hosts.debian13(), "[::]:3000->3000/tcp")
    place = Upgraded(host, "private", wizard, tmp_path, monkeypatch)
    place.runs(NEWER)
    assert "lets in from outside what this host's own rules (INPUT) close: 3000/tcp" in place.told()
    place.done("--repair", "--yes")
    assert "3000" in str(place.here.made.system.tables["filter"][CHAIN])
    assert place.told() == ""
    place.done("--undo", "--yes")
    assert difference(place.before, place.snapshot()) == set()


def test_what_stops_answering_by_it_is_named_and_accepted_by_a_change(
    wizard: Wizard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = publishing(made_up_hosts.debian13(), "[::]:3000->3000/tcp")
    place = Upgraded(host, "routed", wizard, tmp_path, monkeypatch)
    place.runs(NEWER)
    before = place.snapshot()
    refused = wizard("--repair", "--yes")
    assert refused.code == ExitCode.REFUSED
    assert "[::]:3000/tcp (web)" in refused.err
    assert "wizard --change --yes --answers with that file" in refused.err
    assert difference(before, place.snapshot()) == set()
    place.change(to=replace(place.first, accepted=("[::]:3000/tcp",)))
    assert place.told() == ""


def test_another_engine_that_does_the_same_needs_nothing(upgraded: Upgraded) -> None:
    for version in ("26.1.5+dfsg1", "26.1.6+dfsg1", "20.10.24+dfsg1"):
        upgraded.runs(Engine(version, "1.45", manages_ip6tables=False))
        assert upgraded.told() == ""
    upgraded.host = replace(upgraded.host, engine=Unknown("Docker does not answer."))
    assert upgraded.told() == ""


def test_what_is_missing_besides_comes_along(upgraded: Upgraded) -> None:
    upgraded.runs(NEWER)
    system = upgraded.here.made.system
    flush(system)
    for each in ("web", "streaming", "sidekiq"):
        leave = ("docker", "network", "disconnect", "mastodon_ipv6", f"mastodon-{each}-1")
        assert system.run(leave).status == 0
    assert system.run(("docker", "network", "rm", "mastodon_ipv6")).status == 0
    upgraded.done("--repair", "--yes")
    assert system.networks["mastodon_ipv6"].options[MODE] == "routed"
    assert "mastodon_ipv6" in system.containers["mastodon-web-1"].networks
    assert upgraded.told() == ""
    upgraded.done("--undo", "--yes")
    assert difference(upgraded.before, upgraded.snapshot()) == set()


def test_what_somebody_changed_keeps_it_from_being_made_anew_and_is_said(
    upgraded: Upgraded,
) -> None:
    upgraded.runs(NEWER)
    unit = "/etc/systemd/system/docker-ipv6-wizard-ndp.service"
    files = upgraded.here.made.system.files
    ours = files[unit]
    files[unit] = replace(ours, text=f"{ours.text}# theirs\n")
    before = upgraded.snapshot()
    refused = upgraded.wizard("--repair", "--yes")
    assert refused.code == ExitCode.NOT_AS_SET_UP
    assert "Docker 28.5.2+dfsg1 runs now" in refused.out
    assert "Not made anew yet. Step 7" in refused.out
    assert difference(before, upgraded.snapshot()) == set()
    assert "Docker 28.5.2+dfsg1 runs now" in upgraded.told()
    # What they made is given up for ours, and then nothing is in the way.
    upgraded.done("--repair", "--yes", "--changed", str(Resolution.OURS))
    upgraded.done("--repair", "--yes")
    assert upgraded.told() == ""


@pytest.mark.parametrize("host", [made_up_hosts.debian12, made_up_hosts.debian14])
def test_the_words_of_a_record_say_which_engine_it_was(host: Callable[[], Host]) -> None:
    engine = host().engine
    assert isinstance(engine, Engine)
    words, _ = docker_engine.in_words(engine)
    other = replace(engine, version="1.2", api_version="1", manages_ip6tables=True)
    assert docker_engine.earlier(words, other) == engine
    for strange in ("", "something", "29, API 1.52; does as it likes"):
        assert docker_engine.earlier(strange, other) is None


def test_rules_that_a_set_up_never_had_are_not_said_to_stand_there_twice(
    wizard: Wizard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Docker 27 closes by the policy of FORWARD, which a later one leaves as it is.
    relying = replace(
        made_up_hosts.debian13(),
        engine=replace(NEWER, version="27.5.1", api_version="1.47"),
        firewall=Firewall(forward_policy="DROP"),
    )
    place = Upgraded(relying, "routed", wizard, tmp_path, monkeypatch)
    assert "ip6tables" not in {step.kind for step in place.record.steps}
    place.host = replace(place.host, firewall=Firewall(forward_policy="ACCEPT"))
    place.runs(NEWER)
    assert place.told() == ""
