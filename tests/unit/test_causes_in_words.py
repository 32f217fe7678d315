"""What is asked of a host about a cause, word for word, and what is said of the answer."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from tests.made_up_system import MadeUpSystem
from wizard.describe import in_words
from wizard.host.host import Engine, Host, Unknown
from wizard.platform.local_time import local_time
from wizard.platform.system import Result
from wizard.record.record import Record
from wizard.record.store import Store
from wizard.run import causes, journal
from wizard.run.causes import cause_of
from wizard.steps.objects import Object
from wizard.steps.parts import Condition, Part

STARTED, KEPT = "2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z"
AT = "1772445600"
THEN = local_time("2026-03-02T10:00:00Z")
BRIEF = "--quiet --no-pager --output=short-iso"
EVENTS = f"docker events --since {KEPT} --until in 1 --filter type=network --format {{{{json .}}}}"
KEY = "net.ipv6.conf.eth0/5.accept_ra"
FILE = "/srv/mastodon/compose.yml"


class Answering(MadeUpSystem):
    """Answers just these commands, each word for word; whatever else is asked ends with 1."""

    def __init__(self, answers: Mapping[str, Result | str]) -> None:
        super().__init__()
        self.answers = answers

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        answer = self.answers.get(" ".join(argv), Result(1, "not known here\n"))
        return Result(0, answer) if isinstance(answer, str) else answer


class Grepping(MadeUpSystem):
    """Lets grep(1) itself look, below a folder as if that were the root."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        if argv[0] != "grep":
            return Result(1, "")
        words = [f"{self.root}{each}" if each.startswith("/") else each for each in argv]
        done = subprocess.run(words, capture_output=True, check=False)
        text = (done.stdout + done.stderr).decode("utf-8", "surrogateescape")
        return Result(done.returncode, text.replace(str(self.root), ""))

    def put(self, path: str, text: bytes) -> None:
        place = Path(f"{self.root}{path}")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text)


@pytest.fixture
def host() -> Host:
    return made_up_hosts.debian12()


@pytest.fixture
def record(store: Store, host: Host, monkeypatch: pytest.MonkeyPatch) -> Record:
    monkeypatch.setattr(causes, "now", lambda later: f"in {later}")
    made = journal.begin(deployment().plan(), in_words(host), store)
    made.started, made.finished = STARTED, KEPT
    return made


def wrong(name: str, *masks: Object) -> Part:
    return Part(name, Condition.MISSING, f"{name} is not as it was.", masks=masks)


def said(record: Record, host: Host, answers: Mapping[str, Result | str], *parts: Part) -> str:
    found = cause_of(parts, record, host, Answering(answers))
    return found.sentence if found else ""


def events(*tables: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(each)}\n" for each in tables)


GONE: dict[str, Any] = {
    "Action": "destroy",
    "Actor": {"Attributes": {"name": "mastodon_ipv6"}},
    "time": int(AT),
}
REMOVED = f"Somebody has removed the network mastodon_ipv6. Docker says so of {THEN}."


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ((GONE,), REMOVED),
        (
            (GONE, {"Action": "prune", "time": int(AT)}),
            f"Networks without containers were pruned. Docker says so of {THEN}.",
        ),
        (({"Action": "prune", "time": int(AT)}, GONE), REMOVED),
        # What other programs leave out is neither a name nor a time.
        ((GONE, {"Action": "destroy"}, {"Action": "destroy", "Actor": {}}, {}), REMOVED),
        ((GONE, {"Action": "destroy", "Actor": None}, {"time": "now"}), REMOVED),
        ((GONE, {**GONE, "Action": "disconnect"}, {**GONE, "Action": None}), REMOVED),
        (
            ({"Action": "prune"},),
            "Networks without containers were pruned. Docker says so of an unknown time.",
        ),
        (
            ({**GONE, "time": 99999999999},),
            "Somebody has removed the network mastodon_ipv6. Docker says so of "
            f"{local_time('5138-11-16T09:46:39+00:00')}.",
        ),
        # A time at which no calendar has a day.
        (({**GONE, "time": 999999999999},), REMOVED.replace(THEN, "an unknown time")),
        (({"Action": "destroy", "Actor": {"Attributes": {"name": ""}}},), ""),
    ],
)
def test_what_docker_remembers_of_a_network(
    record: Record, host: Host, tables: Sequence[dict[str, Any]], sentence: str
) -> None:
    answers = {EVENTS: events(*tables)}
    assert said(record, host, answers, wrong("network mastodon_ipv6")) == sentence
    assert said(record, host, answers, wrong("connection mastodon_ipv6 web")) == sentence
    # Nothing is asked about the network where that is as it was.
    assert said(record, host, answers, wrong("package ndppd")) == ""
    there = Part("network mastodon_ipv6", Condition.IN_EFFECT)
    assert said(record, host, answers, there, wrong("package ndppd")) == ""


def test_while_nothing_is_kept_yet_what_happened_since_the_start_counts(
    record: Record, host: Host
) -> None:
    record.finished = ""
    began = EVENTS.replace(KEPT, STARTED)
    assert said(record, host, {began: events(GONE)}, wrong("network mastodon_ipv6")) == REMOVED
    loaded = f"journalctl --unit=ufw.service {BRIEF} --since=2026-03-01 09:00:00 UTC --lines=1"
    assert "by ufw.service" in said(record, host, {loaded: "Loaded."}, wrong("chain filter X"))
    made = "docker inspect --type=container --format {{.Created}} web"
    answers = {made: "2026-03-01T09:30:00.5Z\n"}
    assert "made anew" in said(record, host, answers, wrong("connection mastodon_ipv6 web"))


@pytest.mark.parametrize(
    "name", ["nftables", "netfilter-persistent", "ufw", "firewalld", "ferm", "shorewall6"]
)
def test_each_firewall_that_may_take_rules_along_is_asked_for(
    record: Record, host: Host, name: str
) -> None:
    asked = f"journalctl --unit={name}.service {BRIEF} --since=2026-03-01 10:00:00 UTC --lines=1"
    part = wrong("chain filter FORWARD OURS")
    assert said(record, host, {asked: "Starting.\nLoaded\tit.\n \n"}, part) == (
        f"The firewall was loaded anew by {name}.service, and that took these rules along. "
        "The journal says: Loaded\\tit."
    )
    # What the journal prints where it fails is no line of it.
    assert said(record, host, {asked: Result(1, "No journal files.\n")}, part) == ""
    assert said(record, host, {asked: "Loaded."}, wrong("package ndppd")) == ""


@pytest.mark.parametrize(
    "path",
    [
        "/etc/sysctl.conf",
        "/etc/sysctl.d/90-cloud.conf",
        "/run/sysctl.d/90-cloud.conf",
        "/usr/local/lib/sysctl.d/90-cloud.conf",
        "/etc/ufw/sysctl.conf",
    ],
)
def test_a_parameter_is_looked_for_wherever_it_may_be_set(
    record: Record, host: Host, path: str, tmp_path: Path
) -> None:
    system = Grepping(tmp_path)
    system.put("/etc/sysctl.d/60-docker-ipv6-wizard.conf", f"{KEY} = 2\n".encode())
    assert cause_of([wrong(f"parameter {KEY}")], record, host, system) is None
    # A word in another encoding makes no other file of it.
    system.put(path, b"# first\n" + f"{KEY} = 0 # ".encode() + "für\n".encode("latin-1"))
    found = cause_of([wrong(f"parameter {KEY}")], record, host, system)
    assert found is not None
    assert found.sentence == (
        f"Another file of kernel parameters sets it. Line 2 of {path} is: {KEY} = 0 # f\\udcfcr"
    )
    assert cause_of([wrong("parameter net.ipv6.conf.all.forwarding")], record, host, system) is None


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (
            "2026-03-02T10:00:00Z",
            "mastodon-web-1 was made anew by something that did not read the changed file. "
            f"Docker says that it was made at {THEN}.",
        ),
        (KEPT, None),
        ("2026-03-01T09:59:59Z", ""),
    ],
)
def test_a_container_is_named_that_was_made_after_the_set_up(
    record: Record, host: Host, made: str, sentence: str | None
) -> None:
    asked = "docker inspect --type=container --format {{.Created}} mastodon-web-1"
    found = said(record, host, {asked: f"{made}\n"}, wrong("connection six mastodon-web-1"))
    assert found == sentence if sentence is not None else "made anew" in found


WRITTEN = f"It was last written at {THEN}."


@pytest.mark.parametrize(
    ("there", "sentence"),
    [
        ((), "The folder /srv/mastodon is gone. No folder has that name."),
        (("/srv/mastodon",), f"The file was removed. Its folder was last changed at {THEN}."),
        (
            ("/srv/mastodon", FILE),
            f"The file was edited, or written by a program. {WRITTEN}",
        ),
        (
            ("/srv/mastodon", FILE, "/srv/mastodon/.git"),
            "The file was changed, perhaps by git, which put back its own version. "
            f"{WRITTEN} Its folder is a repository.",
        ),
    ],
)
def test_what_became_of_a_file(
    record: Record, host: Host, there: Sequence[str], sentence: str
) -> None:
    ages = {f"stat --format=%Y {path}": f"{AT}\n" for path in (FILE, "/srv/mastodon")}
    tests = {f"test -e {path}": "" for path in there}
    assert said(record, host, ages | tests, wrong(FILE)) == sentence
    assert said(record, host, tests, wrong(FILE)) == sentence.replace(THEN, "an unknown time")


def test_of_a_unit_the_link_the_state_and_the_journal_are_looked_at(
    record: Record, host: Host
) -> None:
    part = wrong("unit ours.service")
    log = f"journalctl --unit=ours.service {BRIEF} --lines=1"
    assert said(
        record, host, {"systemctl is-enabled ours.service": "disabled\n", log: "Killed."}, part
    ) == ("Somebody has disabled ours.service. systemctl is-enabled says: disabled.")
    assert said(
        record, host, {"systemctl is-enabled ours.service": "enabled\n", log: "Killed.\n"}, part
    ) == ("ours.service has ended. The journal says: Killed.")
    path = "/etc/systemd/system/ours.service"
    masked = wrong(path, Object("mask", path, "masked"))
    # Whoever else is wrong beside it: a mask explains the unit as well.
    assert said(record, host, {f"stat --format=%Y {path}": AT, log: "Killed."}, part, masked) == (
        f"Somebody has masked ours.service. {path} is a link to /dev/null of {THEN}."
    )


def test_another_release_of_docker_is_one_that_is_known(record: Record, host: Host) -> None:
    assert isinstance(host.engine, Engine)
    now = host.engine.version
    part = wrong("package ndppd")
    for was in ("", f"{now}, API 1.45; others"):
        record.host["Docker"] = was
        assert said(record, host, {}, part) == ""
    record.host["Docker"] = "20.10.5, API 1.41; others"
    assert said(record, host, {}, part) == (
        f"Another release of Docker runs now. It was 20.10.5 and is {now}."
    )
    # Why Docker cannot be asked is no release of it.
    silent = replace(host, engine=Unknown("Docker does not answer."))
    assert said(record, silent, {}, part) == ""
    del record.host["Docker"]
    assert said(record, host, {}, part) == ""


def test_the_uplink_s_other_name_explains_most(record: Record, host: Host) -> None:
    record.host["IPv6 uplink"] = "old0 via fe80::1"
    answers = {EVENTS: events(GONE)}
    assert said(record, host, answers, wrong("network mastodon_ipv6")) == (
        "The uplink has another name now: eth0. The default route was on old0, of which there is "
        "no interface any more."
    )
