"""The policy of firewalld, which serves several set-ups, and which others may change."""

from collections.abc import Sequence
from xml.etree import ElementTree

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from tests.made_up_system import POLICIES, MadeUpSystem, difference
from tests.unit.test_obstacles import firewalld as firewalld_drops
from wizard.host.host import Firewall
from wizard.platform.errors import Refused
from wizard.platform.system import FileState, Result
from wizard.steps.before import Before, FileBefore
from wizard.steps.comparing import Resolution
from wizard.steps.firewalld import PATH, Firewalld
from wizard.steps.others import Other

OURS = Firewalld("2001:db8:1::/80", inwards=True)
PRIVATE = Firewalld("fd00:1::/64")
SOMEBODY_S = FileState("<policy><short>mine</short></policy>\n", 0o600, 1, 2)


def quiet(line: str) -> None:
    pass


def host() -> MadeUpSystem:
    system = MadeUpSystem()
    system.directories = {"/", "/etc", "/etc/firewalld", POLICIES}
    system.firewalld = set()
    return system


def applied(step: Firewalld, system: MadeUpSystem) -> Before:
    before = step.capture(system)
    step.apply(system, quiet)
    assert step.check(system) is None
    system.ran.clear()
    return before


def asked(system: MadeUpSystem, word: str) -> list[tuple[str, ...]]:
    return [each for each in system.ran if any(part.startswith(word) for part in each)]


def beside(other: Firewalld, before: Before) -> Sequence[Other]:
    return (Other("peertube", other.kind, other, before),)


@pytest.mark.parametrize(("step", "ends"), [(OURS, 2), (PRIVATE, 1)])
def test_what_goes_in_may_pass_only_where_something_filters_behind_it(
    step: Firewalld, ends: int
) -> None:
    system = host()
    applied(step, system)
    assert len(system.firewalld or ()) == ends
    assert any("destination" in rule for rule in system.firewalld or ()) is step.inwards


def test_undo_takes_away_file_and_rules_and_reloads_nothing() -> None:
    system = host()
    before_all = system.snapshot()
    before = applied(OURS, system)
    assert OURS.undo(system, before, quiet) == ()
    assert difference(before_all, system.snapshot()) == set()
    # A reload would end connections of others.
    assert asked(system, "--reload") == []


def test_a_rule_that_is_gone_already_is_not_asked_away() -> None:
    system = host()
    before = applied(OURS, system)
    system.firewalld = set(OURS.rules[:1])
    OURS.undo(system, before, quiet)
    (removed,) = asked(system, "--remove-rich-rule")
    assert OURS.rules[0] in removed[-1]


def test_with_firewalld_stopped_the_file_alone_is_put_back() -> None:
    system = host()
    system.files[PATH] = SOMEBODY_S
    step = Firewalld(OURS.prefix, True, SOMEBODY_S)
    before = applied(step, system)
    system.firewalld = None
    assert step.undo(system, before, quiet) == ()
    assert system.files[PATH] == SOMEBODY_S
    assert asked(system, "--reload") == asked(system, "--remove-rich-rule") == []


@pytest.mark.parametrize(("choice", "reloads"), [(Resolution.KEEP, 0), (Resolution.ORIGINAL, 1)])
def test_what_somebody_made_of_the_file_counts_only_where_it_is_changed_once_more(
    choice: Resolution, reloads: int
) -> None:
    system = host()
    system.files[PATH] = SOMEBODY_S
    step = Firewalld(OURS.prefix, True, SOMEBODY_S)
    before = applied(step, system)
    system.files[PATH] = FileState("<policy/>\n")
    step.undo(system, before, quiet, {PATH: choice})
    assert len(asked(system, "--reload")) == reloads
    kept = system.files[PATH].text == "<policy/>\n"
    assert kept is (choice is Resolution.KEEP)


def test_each_of_two_set_ups_goes_without_the_other_s_rules_and_the_last_leaves_nothing() -> None:
    for first_to_go in (0, 1):
        system = host()
        before_all = system.snapshot()
        first = applied(OURS, system)
        second = Firewalld(PRIVATE.prefix, previous=system.files[PATH])
        second = second.among(beside(OURS, first))
        found = second.found_first(second.capture(system), beside(OURS, first))
        second.apply(system, quiet)
        pairs = [
            (OURS.among(beside(second, found)), first, beside(second, found), second),
            (second, found, beside(OURS, first), OURS),
        ]
        goes, before, others, stays = pairs[first_to_go]
        assert len(system.firewalld or ()) == 3
        system.ran.clear()
        goes.undo(system, goes.goes_back_to(before, others), quiet)
        assert asked(system, "--reload") == []
        assert system.firewalld == set(stays.rules)
        alone = stays.among(())
        assert system.files[PATH].text == alone.text
        alone.undo(system, found if stays is second else first, quiet)
        assert difference(before_all, system.snapshot()) == set()


def test_the_file_of_several_is_the_same_whoever_of_them_is_asked() -> None:
    nothing = Before(files=())
    one, other = OURS.among(beside(PRIVATE, nothing)), PRIVATE.among(beside(OURS, nothing))
    assert one.text == other.text


def test_what_somebody_changed_of_the_file_of_another_set_up_is_not_overwritten() -> None:
    system = host()
    first = applied(OURS, system)
    edited = FileState(f"{system.files[PATH].text}<!-- mine -->\n")
    system.files[PATH] = edited
    second = Firewalld(PRIVATE.prefix, previous=edited).among(beside(OURS, first))
    with pytest.raises(Refused, match="changed by somebody since"):
        second.obstacle(system)


def test_what_is_wrong_in_firewalld_s_own_files_is_seen_before_the_reload_that_would_end_it() -> (
    None
):
    class Wrong(MadeUpSystem):
        def run(self, argv: Sequence[str], stdin: str = "") -> Result:
            if argv[1] == "--check-config":
                return Result(110, "Error: INVALID_ZONE: x")
            return super().run(argv, stdin)

    system = Wrong()
    system.firewalld = set()
    assert "INVALID_ZONE" in (OURS.refusal(system) or "")


def test_where_it_drops_the_plan_begins_with_it_and_says_what_a_reload_does() -> None:
    plans = [
        deployment(made_up_hosts.debian13(firewall=firewall)).plan()
        for firewall in (firewalld_drops(), Firewall())
    ]
    begins = [plan.steps[0].kind == Firewalld.kind for plan in plans]
    assert begins == [True, False]
    said = [any("firewalld is reloaded" in each for each in plan.notices) for plan in plans]
    assert said == begins


def test_who_reads_is_told_what_passes_and_that_what_comes_in_is_filtered_behind_it() -> None:
    assert OURS.title == "Let firewalld pass on the packets of 2001:db8:1::/80"
    filtered = "What may come in is filtered behind it all the same."
    assert filtered in OURS.reason and filtered not in PRIVATE.reason
    for step in (OURS, PRIVATE):
        assert "put “firewalld = false” below [choices]" in step.reason


def test_each_rule_is_asked_for_and_the_first_that_is_missing_is_named() -> None:
    system = host()
    before = applied(OURS, system)
    source, destination = OURS.rules
    for missing in (source, destination):
        system.firewalld = {source, destination} - {missing}
        said = f"firewalld does not have “{missing}” in its policy docker-ipv6-wizard."
        assert OURS.check(system) == said
        file, policy = OURS.parts(system, before)
        assert (file.name, file.words) == (PATH, "")
        assert policy.words == f"{said} To let it read its files again, type: firewall-cmd --reload"
        assert not policy.mendable


def test_by_hand_the_file_and_the_rules_in_force_go_and_what_is_of_others_stays() -> None:
    system = host()
    before = applied(OURS, system)
    removals = tuple(
        f"firewall-cmd --policy=docker-ipv6-wizard '--remove-rich-rule={rule}'"
        for rule in OURS.rules
    )
    assert OURS.undo_lines(before) == (f"rm {PATH}", *removals)
    both = OURS.among(beside(PRIVATE, before))
    taken = f"# take out of {PATH} what peertube has no need of"
    assert both.undo_lines(before) == (taken, *removals)
    system.files[PATH] = FileState(both.text)
    ours, stays = both.compare(system, both.goes_back_to(before, ()))
    assert (ours.name, stays.words) == (PATH, f"{PATH} stays for peertube.")
    assert OURS.goes_back_to(before, ()) == before


def test_of_another_s_file_that_somebody_edited_the_rules_in_force_stay() -> None:
    system = host()
    first = applied(PRIVATE, system)
    both = Firewalld(OURS.prefix, inwards=True, previous=system.files[PATH])
    both = both.among(beside(PRIVATE, first))
    back = both.goes_back_to(both.capture(system), ())
    both.apply(system, quiet)
    in_force = set(system.firewalld or ())
    system.files[PATH] = FileState(f"{both.text}<!-- mine -->\n")
    (sentence,) = both.undo(system, back, quiet)
    assert sentence.startswith(f"{PATH} has been changed by somebody else since.")
    assert system.firewalld == in_force
    # Where only the file had gone right already, as after an undo that was cut short, they go.
    system.files[PATH] = FileState(PRIVATE.text)
    assert both.undo(system, back, quiet) == ()
    assert system.firewalld == set(PRIVATE.rules)


def test_others_that_found_a_file_first_are_the_ones_that_count() -> None:
    mine, first = (Before(files=(FileBefore.of(PATH, each),)) for each in (SOMEBODY_S, None))
    other = (Other("x", "sysctl", None, mine), *beside(PRIVATE, first))
    assert OURS.found_first(mine, other) == first
    assert OURS.found_first(mine, other[:1]) == mine
    assert OURS.among(other).beside == (("peertube", PRIVATE.prefix, False),)


def test_the_file_is_xml_that_says_source_and_destination_by_prefix_in_their_order() -> None:
    both = OURS.among(beside(PRIVATE, Before(files=())))
    root = ElementTree.fromstring(both.text)  # noqa: S314 - a text of ours
    assert root.attrib == {"target": "CONTINUE"}
    zones = [(each.tag, each.attrib["name"]) for each in root if each.tag.endswith("-zone")]
    assert zones == [("ingress-zone", "ANY"), ("egress-zone", "ANY")]
    rules = [(each.attrib, [part.tag for part in each]) for each in root.iter("rule")]
    assert rules == [
        ({"family": "ipv6"}, [end, "accept"]) for end in ("source", "destination", "source")
    ]
    assert [each.attrib["address"] for each in root.iter() if "address" in each.attrib] == [
        OURS.prefix, OURS.prefix, PRIVATE.prefix
    ]  # fmt: skip


class Listing(MadeUpSystem):
    """A host whose firewalld lists the given, now and for good."""

    def __init__(self, now: str, for_good: str) -> None:
        super().__init__()
        self.firewalld, self.listed = set(), (now, for_good)

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        if argv[-1] not in ("--list-all-zones", "--get-all-rules"):
            return super().run(argv, stdin)
        direct = argv[-1] == "--get-all-rules"
        text = self.listed["--permanent" in argv]
        lines = [line for line in text.splitlines(keepends=True) if ("filter" in line) is direct]
        return Result(0, "".join(lines))


@pytest.mark.parametrize(
    ("now", "for_good", "lost"),
    [
        ("public\n  services: ssh dns\n", "public\n  services: dns ssh\n", None),
        ("public\n  ports: 1/tcp\n", "other\n  ports: 1/tcp\n", "public: ports: 1/tcp; other: "),
        ("public\n  ports: 1/tcp\n", "public\n  ports: 1/tcp\n\n", None),
        ("ipv4 filter INPUT 0 -j DROP\n", "", "ipv4 filter INPUT 0 -j DROP. "),
        ("", "eb filter INPUT 0 -j DROP\n", "eb filter INPUT 0 -j DROP. "),
        ("ipv6 filter INPUT 0 a b\n", "ipv6 filter INPUT 0 b a\n", "ipv6 filter INPUT 0 a b; ipv6"),
    ],
)
def test_what_a_reload_would_change_is_told_whatever_the_order_of_words(
    now: str, for_good: str, lost: str | None
) -> None:
    said = OURS.refusal(Listing(now, for_good))
    assert (said is None) if lost is None else (said is not None and lost in said)
