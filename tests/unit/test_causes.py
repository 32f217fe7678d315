"""Whom the host's own records name for what is not in effect, and whom they do not."""

import json
import re
from collections.abc import Callable, Sequence

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from tests.made_up_system import MadeUpSystem
from wizard.describe import in_words
from wizard.host.host import Host
from wizard.platform.local_time import local_time
from wizard.platform.system import Result
from wizard.record.record import Record
from wizard.record.store import Store
from wizard.run import journal, window
from wizard.run.causes import cause_of
from wizard.steps.objects import Object
from wizard.steps.parts import Condition, Part

KEPT = "2026-03-01T10:00:00Z"
KEY = "net.ipv6.conf.eth0/5.accept_ra"
NONE = Result(1, "")


class Telling(MadeUpSystem):
    """Answers by the first words of a command; greps in one file as grep -E does."""

    def __init__(self, **answers: Result | Callable[[Sequence[str]], Result]) -> None:
        super().__init__()
        self.answers, self.asked = answers, list[tuple[str, ...]]()
        self.parameters: dict[str, str] = {}

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        self.asked.append(tuple(argv))
        if argv[0] == "grep":
            found = [
                f"{path}:{number}:{line}\n"
                for path, text in self.parameters.items()
                for number, line in enumerate(text.splitlines(), 1)
                if re.search(argv[2], line)
            ]
            return Result(0 if found else 1, "".join(found))
        answer = self.answers.get("_".join(argv[:2]).replace("-", "_"), NONE)
        return answer(argv) if callable(answer) else answer


@pytest.fixture
def host() -> Host:
    return made_up_hosts.debian12()


@pytest.fixture
def record(store: Store, host: Host) -> Record:
    made = journal.begin(deployment().plan(), in_words(host), store)
    made.finished = KEPT
    return made


def wrong(name: str, *masks: Object) -> Part:
    return Part(name, Condition.MISSING, f"{name} is not as it was.", masks=masks)


def event(action: str, name: str, time: str = "1772445600") -> str:
    table = {"Action": action, "Actor": {"Attributes": {"name": name}}, "time": int(time)}
    return json.dumps(table)


def test_of_docker_s_events_the_last_that_took_the_network_away_counts(
    record: Record, host: Host
) -> None:
    said = "\n".join(
        [
            event("destroy", "mastodon_ipv6", "1772445600"),
            event("destroy", "mastodon_ipv6", "1772449200"),
            "no JSON",
            event("destroy", "another"),
            event("create", "mastodon_ipv6"),
        ]
    )
    system = Telling(docker_events=Result(0, said))
    found = cause_of([wrong("network mastodon_ipv6")], record, host, system)
    assert found is not None
    assert "removed the network mastodon_ipv6" in found.words
    assert found.evidence == f"Docker says so of {local_time('2026-03-02T11:00:00Z')}."
    # What was there before the set-up was kept tells nothing of it.
    (asked,) = [each for each in system.asked if each[:2] == ("docker", "events")]
    assert asked[asked.index("--since") + 1] == KEPT


def test_a_prune_is_named_and_the_network_of_others_is_not(record: Record, host: Host) -> None:
    system = Telling(docker_events=Result(0, event("prune", "")))
    found = cause_of([wrong("connection mastodon_ipv6 web")], record, host, system)
    assert found is not None
    assert "pruned" in found.words
    system = Telling(docker_events=Result(0, event("destroy", "another")))
    assert cause_of([wrong("network mastodon_ipv6")], record, host, system) is None
    # One that does not answer says nothing, whatever it prints.
    system = Telling(docker_events=Result(1, event("prune", "")))
    assert cause_of([wrong("network mastodon_ipv6")], record, host, system) is None


def test_a_firewall_that_was_loaded_since_is_named_where_chains_are_gone(
    record: Record, host: Host
) -> None:
    def journal_of(argv: Sequence[str]) -> Result:
        assert "--since=2026-03-01 10:00:00 UTC" in argv
        return Result(0, "Finished ufw.\n\n" if "--unit=ufw.service" in argv else "")

    units = ("nftables", "netfilter_persistent", "ufw", "firewalld")
    system = Telling(**{f"journalctl___unit={each}.service": journal_of for each in units})
    found = cause_of([wrong("chain filter FORWARD OURS")], record, host, system)
    assert found is not None
    assert "by ufw.service" in found.words
    assert found.evidence.endswith("Finished ufw.")
    # The firewall has nothing to do with a parameter.
    assert cause_of([wrong(f"parameter {KEY}")], record, host, system) is None


@pytest.mark.parametrize(
    ("path", "line", "named"),
    [
        ("/etc/sysctl.d/90-cloud.conf", "net.ipv6.conf.eth0/5.accept_ra = 0", True),
        ("/etc/sysctl.conf", "net/ipv6/conf/eth0.5/accept_ra=0", True),
        ("/etc/ufw/sysctl.conf", "net/ipv6/conf/eth0.5/accept_ra=0", True),
        ("/etc/sysctl.d/90-cloud.conf", "# net.ipv6.conf.eth0/5.accept_ra = 0", False),
        ("/etc/sysctl.d/90-cloud.conf", " ; net.ipv6.conf.eth0/5.accept_ra = 0", False),
        ("/etc/sysctl.d/90-cloud.conf", "net.ipv6.conf.eth1.accept_ra = 0", False),
        ("/etc/sysctl.d/90-docker-ipv6-wizard.conf", "net.ipv6.conf.eth0/5.accept_ra = 2", False),
    ],
)
def test_a_file_that_sets_the_parameter_is_named_with_the_line_and_never_a_comment(
    record: Record, host: Host, path: str, line: str, named: bool
) -> None:
    system = Telling()
    system.parameters[path] = f"# first\n{line}\n"
    found = cause_of([wrong(f"parameter {KEY}")], record, host, system)
    assert (found is not None) is named
    if found is not None:
        assert found.evidence == f"Line 2 of {path} is: {line}"


@pytest.mark.parametrize(
    ("made", "status", "named"),
    [
        ("2026-03-02T08:00:00.5Z", 0, True),
        ("2026-02-28T08:00:00.5Z", 0, False),
        ("2026-03-02T08:00:00.5Z", 1, False),
    ],
)
def test_a_container_that_is_older_than_the_set_up_was_not_made_anew(
    record: Record, host: Host, made: str, status: int, named: bool
) -> None:
    system = Telling(docker_inspect=Result(status, f"{made}\n"))
    found = cause_of([wrong("connection mastodon_ipv6 web")], record, host, system)
    assert (found is not None and "was made anew" in found.words) is named


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (set[str](), "The folder /srv/mastodon is gone."),
        ({"/srv/mastodon"}, "The file was removed."),
        ({"/srv/mastodon", "/srv/mastodon/compose.yml"}, "The file was edited"),
        (
            {"/srv/mastodon", "/srv/mastodon/compose.yml", "/srv/mastodon/.git"},
            "The file was changed, perhaps by git",
        ),
    ],
)
def test_what_became_of_a_file_is_seen_where_it_should_be(
    record: Record, host: Host, there: set[str], words: str
) -> None:
    system = Telling(
        test__e=lambda argv: Result(0 if argv[2] in there else 1, ""),
        stat___format=lambda _: Result(0, "1772445600\n"),
    )
    found = cause_of([wrong("/srv/mastodon/compose.yml")], record, host, system)
    assert found is not None
    assert found.words.startswith(words)


def test_a_unit_was_disabled_or_has_ended(record: Record, host: Host) -> None:
    system = Telling(systemctl_is_enabled=Result(1, "disabled\n"))
    found = cause_of([wrong("unit ours.service")], record, host, system)
    assert found is not None
    assert "disabled ours.service" in found.words
    system = Telling(**{"journalctl___unit=ours.service": Result(0, "Killed.\n")})
    found = cause_of([wrong("unit ours.service")], record, host, system)
    assert found is not None
    assert found.sentence == "ours.service has ended. The journal says: Killed."
    assert cause_of([wrong("unit ours.service")], record, host, Telling()) is None


def test_what_is_seen_of_a_part_goes_before_what_may_be_the_cause_of_anything(
    record: Record, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window, "boot", lambda: "of today")
    part = wrong("/etc/sysctl.d/ours.conf", Object("mask", "/etc/sysctl.d/ours.conf", "masked"))
    record.boot = "of then"
    record.host["Docker"] = "20.10.5, in a made-up house"
    assert "masked" in cause_of([part], record, host, Telling()).words  # type: ignore[union-attr]
    other = [wrong("package ndppd")]
    found = cause_of(other, record, host, Telling())
    assert found is not None
    assert "It was 20.10.5 and is" in found.evidence
    record.host = dict(in_words(host))
    found = cause_of(other, record, host, Telling(uptime___since=Result(0, "2026-03-02\n")))
    assert found is not None
    assert found.sentence == "The host was restarted. It has been up since 2026-03-02."
    # A record of a release that noted no boot tells of none.
    record.boot = ""
    assert cause_of(other, record, host, Telling()) is None
