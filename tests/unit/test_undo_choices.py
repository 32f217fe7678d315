"""What undo makes of each object that somebody changed: three choices, and nothing else touched."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from tests.made_up_system import MadeUpContainer, MadeUpSystem, difference
from wizard.platform.errors import StepFailed
from wizard.platform.own_names import CHAIN
from wizard.platform.system import FileState, Result
from wizard.steps.attach import Attach
from wizard.steps.base import Step
from wizard.steps.before import Before
from wizard.steps.comparing import Comparison, Resolution
from wizard.steps.compose_file import ComposeFile
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.ip6tables import PATH as RULES
from wizard.steps.ip6tables import Ip6tables
from wizard.steps.ndppd import PATH as NDPPD
from wizard.steps.ndppd import Ndppd
from wizard.steps.sysctl import PATH as SYSCTL
from wizard.steps.sysctl import Sysctl
from wizard.steps.systemd_unit import PATH as UNIT
from wizard.steps.systemd_unit import SystemdUnit
from wizard.uplink import unit as uplink_unit

COMPOSE = "/srv/mastodon/docker-compose.yml"
ACCEPT_RA = "net.ipv6.conf.eth0.accept_ra"
CHAIN_IN_FILTER = f"The chain {CHAIN} in the filter table"

Meddle = Callable[[MadeUpSystem], object]


def quiet(line: str) -> None:
    pass


def edit(path: str) -> Meddle:
    def meddle(system: MadeUpSystem) -> None:
        system.files[path] = replace(system.files[path], text=system.files[path].text + "# mine\n")

    return meddle


def edit_one_of_our_lines(system: MadeUpSystem) -> None:
    text = system.files[COMPOSE].text.replace("- mastodon_ipv6", "- mastodon_ipv6 # mine", 1)
    system.files[COMPOSE] = replace(system.files[COMPOSE], text=text)


def set_live_value(system: MadeUpSystem) -> None:
    system.run(("sysctl", "--write", f"{ACCEPT_RA}=0"))


def put_a_rule_between(system: MadeUpSystem) -> None:
    system.run(("ip6tables", "-I", CHAIN, "2", "-s", "2001:db8:bad::/48", "-j", "DROP"))


def make_network_anew(system: MadeUpSystem) -> None:
    system.run(("docker", "network", "rm", "mastodon_ipv6"))
    words = ("--ipv6", "--subnet", "fd99::/64", "mastodon_ipv6")
    system.run(("docker", "network", "create", *words))


CHANGES: dict[str, tuple[str, str, Meddle]] = {
    "sysctl file": (Sysctl.kind, SYSCTL, edit(SYSCTL)),
    "live value": (Sysctl.kind, ACCEPT_RA, set_live_value),
    "rule in our chain": (Ip6tables.kind, CHAIN_IN_FILTER, put_a_rule_between),
    "file of rules": (Ip6tables.kind, RULES, edit(RULES)),
    "unit": (SystemdUnit.kind, UNIT, edit(UNIT)),
    "network": (DockerNetwork.kind, "mastodon_ipv6", make_network_anew),
    "compose file": (ComposeFile.kind, COMPOSE, edit_one_of_our_lines),
    "compose file removed": (ComposeFile.kind, COMPOSE, lambda system: system.files.pop(COMPOSE)),
}
every_change = pytest.mark.parametrize(
    ("kind", "name", "meddle"), CHANGES.values(), ids=CHANGES.keys()
)


class Changed:
    """A host before a step, after it, and after somebody changed one object of it."""

    def __init__(self, kind: str, meddle: Meddle) -> None:
        made = deployment(made_up_hosts.debian13())
        self.system = made.system
        for step in made.plan().steps:
            self.step: Step = step
            # The uplink's own unit is of the same kind.
            if step.kind == kind and getattr(step, "path", "") != uplink_unit.PATH:
                break
            step.apply(self.system, quiet)
        self.before = self.system.snapshot()
        self.captured = self.step.capture(self.system)
        self.step.apply(self.system, quiet)
        self.applied = self.system.snapshot()
        meddle(self.system)
        self.meddled = self.system.snapshot()

    def undo(self, **decisions: Resolution) -> tuple[str, ...]:
        return self.step.undo(self.system, self.captured, quiet, decisions)


@every_change
def test_the_comparison_names_it_shows_what_changed_and_changes_nothing(
    kind: str, name: str, meddle: Meddle
) -> None:
    made = Changed(kind, meddle)
    made.system.changes = 0
    found = {each.name: each for each in made.step.compare(made.system, made.captured)}
    assert made.system.changes == 0
    changed = [each for each in found.values() if each.comparison is Comparison.CHANGED]
    assert [each.name for each in changed] == [name]
    for choice in Resolution:
        assert changed[0].outlook(choice).endswith(".")
        assert changed[0].diffs(choice)[0].heading == "Changed since in"
    assert changed[0].diffs(Resolution.ORIGINAL)[1].heading == "Will change in"


@every_change
def test_by_itself_undo_keeps_what_somebody_changed_and_takes_back_the_rest(
    kind: str, name: str, meddle: Meddle
) -> None:
    made = Changed(kind, meddle)
    (sentence,) = made.undo()
    after = made.system.snapshot()
    if kind == ComposeFile.kind and COMPOSE in made.system.files:
        (line,) = made.system.files[COMPOSE].text.splitlines()[16:17]
        assert line == "      - mastodon_ipv6 # mine"
        assert sentence.count("mastodon_ipv6") == 2
        assert "stays: line 17 (“- mastodon_ipv6 # mine”), lines" in sentence
        assert made.undo() == (sentence,)
        assert difference(after, made.system.snapshot()) == set()
        return
    assert sentence.endswith("It was left as it is.")
    theirs = difference(made.applied, made.meddled)
    if name == CHAIN_IN_FILTER:
        rules = made.system.tables["filter"][CHAIN]
        assert rules == [("-s", "2001:db8:bad::/48", "-j", "DROP")]
    else:
        assert {key: after.get(key) for key in theirs} == {
            key: made.meddled.get(key) for key in theirs
        }
    # Twice is harmless.
    changes = made.system.changes
    assert made.undo() == (sentence,)
    assert difference(after, made.system.snapshot()) == set()
    assert made.system.changes == changes


@every_change
def test_ours_is_put_back_and_the_step_stays_in_force(kind: str, name: str, meddle: Meddle) -> None:
    made = Changed(kind, meddle)
    left = made.undo(**{name: Resolution.OURS})
    assert any("as the wizard left it, because that was chosen" in each for each in left)
    assert difference(made.applied, made.system.snapshot()) == set()
    assert made.step.check(made.system) is None
    # As after a process that was killed before it could say so: it goes on with the same choice.
    changes = made.system.changes
    assert made.undo(**{name: Resolution.OURS})
    assert made.system.changes == changes
    # And from there, everything can be taken back.
    assert made.undo() == ()
    assert difference(made.before, made.system.snapshot()) == set()


@every_change
def test_the_original_is_put_back_and_nothing_of_the_step_is_left(
    kind: str, name: str, meddle: Meddle
) -> None:
    made = Changed(kind, meddle)
    assert made.undo(**{name: Resolution.ORIGINAL}) == ()
    assert difference(made.before, made.system.snapshot()) == set()
    assert made.undo(**{name: Resolution.ORIGINAL}) == ()
    assert difference(made.before, made.system.snapshot()) == set()


@every_change
def test_one_object_s_choice_is_not_another_s(kind: str, name: str, meddle: Meddle) -> None:
    made = Changed(kind, meddle)
    assert made.undo(another=Resolution.ORIGINAL) == Changed(kind, meddle).undo()


@pytest.mark.parametrize("choice", Resolution)
def test_the_change_of_somebody_to_another_part_of_a_compose_file_stays_but_for_the_original(
    choice: Resolution,
) -> None:
    made = Changed(ComposeFile.kind, edit(COMPOSE))
    ours, before = made.step.actions()[0], made.captured.files[0].text
    left = made.undo(**{COMPOSE: choice})
    text = made.system.files[COMPOSE].text
    match choice:
        case Resolution.KEEP:
            assert (text, left) == (before + "# mine\n", ())
        case Resolution.OURS:
            assert text == ours.after.text  # type: ignore[union-attr]
            assert left
        case Resolution.ORIGINAL:
            assert (text, left) == (before, ())
    # Once more, as after a killed process.
    assert made.undo(**{COMPOSE: choice}) == left or choice is Resolution.OURS
    assert made.system.files[COMPOSE].text == text


def test_a_mode_that_somebody_gave_a_file_since_stays() -> None:
    made = Changed(ComposeFile.kind, quiet_meddle)
    made.system.files[COMPOSE] = replace(made.system.files[COMPOSE], mode=0o600)
    assert made.undo() == ()
    assert made.system.files[COMPOSE].mode == 0o600
    assert made.system.files[COMPOSE].text == made.captured.files[0].text


def quiet_meddle(system: MadeUpSystem) -> None:
    pass


GONE: dict[str, tuple[str, Meddle]] = {
    "sysctl file": (Sysctl.kind, lambda system: system.files.pop(SYSCTL)),
    "live value": (
        Sysctl.kind,
        lambda system: system.run(("sysctl", "--write", f"{ACCEPT_RA}=1")),
    ),
    "unit": (SystemdUnit.kind, lambda system: system.files.pop(UNIT)),
    "chain": (
        Ip6tables.kind,
        lambda system: [
            system.run(("ip6tables", *words))
            for words in (("-D", "FORWARD", "-j", CHAIN), ("-F", CHAIN), ("-X", CHAIN))
        ],
    ),
    "network": (
        DockerNetwork.kind,
        lambda system: system.run(("docker", "network", "rm", "mastodon_ipv6")),
    ),
    "attachment": (
        Attach.kind,
        lambda system: system.containers["mastodon-web-1"].networks.pop("mastodon_ipv6"),
    ),
    "compose file put back": (
        ComposeFile.kind,
        lambda system: system.files.update({COMPOSE: original()}),
    ),
}


def original() -> FileState:
    return deployment(made_up_hosts.debian13()).system.files[COMPOSE]


@pytest.mark.parametrize(("kind", "meddle"), GONE.values(), ids=GONE.keys())
def test_what_is_gone_already_is_said_and_does_not_count_as_left(kind: str, meddle: Meddle) -> None:
    made, said = Changed(kind, meddle), list[str]()
    found = made.step.compare(made.system, made.captured)
    (words,) = [each.words for each in found if each.comparison is Comparison.GONE]
    assert made.step.undo(made.system, made.captured, said.append) == ()
    assert f"# {words}" in said
    after = made.system.snapshot()
    changed = difference(made.before, after)
    assert changed <= {"unit docker-ipv6-wizard.service active"} | {
        key for key in changed if key.startswith("unit ")
    }


def test_a_rule_of_ours_that_somebody_removed_is_no_reason_to_keep_the_others() -> None:
    made = Changed(Ip6tables.kind, lambda system: system.run(("ip6tables", "-D", CHAIN, "1")))
    assert made.undo() == ()
    assert difference(made.before, made.system.snapshot()) == set()


@pytest.mark.parametrize("choice", [Resolution.OURS, Resolution.ORIGINAL])
def test_a_network_made_anew_stays_whatever_was_chosen_while_a_guest_is_on_it(
    choice: Resolution,
) -> None:
    def meddle(system: MadeUpSystem) -> None:
        make_network_anew(system)
        system.containers["guest"] = MadeUpContainer(
            "9" * 64, "guest", networks={"mastodon_ipv6": ("guest",)}
        )

    made = Changed(DockerNetwork.kind, meddle)
    (sentence,) = made.undo(mastodon_ipv6=choice)
    assert "docker network disconnect mastodon_ipv6 guest; wizard --undo" in sentence
    assert difference(made.meddled, made.system.snapshot()) == set()


def test_our_containers_are_on_the_network_again_when_it_is_made_anew_as_it_was() -> None:
    def meddle(system: MadeUpSystem) -> None:
        make_network_anew(system)
        system.containers["mastodon-web-1"].networks["mastodon_ipv6"] = ("web",)

    made = Changed(DockerNetwork.kind, meddle)
    assert made.undo(mastodon_ipv6=Resolution.OURS)
    assert made.step.check(made.system) is None
    assert made.system.containers["mastodon-web-1"].networks["mastodon_ipv6"] == ("web",)


def test_rules_that_a_kept_unit_loads_are_kept_too() -> None:
    made = deployment(made_up_hosts.debian13())
    steps = {step.kind: step for step in made.plan().steps}
    steps[SystemdUnit.kind] = next(
        step for step in made.plan().steps if getattr(step, "path", "") == UNIT
    )
    captured: dict[str, Before] = {}
    for kind, step in sorted(steps.items(), key=lambda each: each[0] == SystemdUnit.kind):
        captured[kind] = step.capture(made.system)
        step.apply(made.system, quiet)
    edit(UNIT)(made.system)
    assert steps[SystemdUnit.kind].undo(made.system, captured[SystemdUnit.kind], quiet)
    (sentence,) = steps[Ip6tables.kind].undo(made.system, captured[Ip6tables.kind], quiet)
    assert UNIT in sentence
    assert made.system.tables["filter"][CHAIN]
    # By then the unit would be gone.
    found = steps[Ip6tables.kind].compare(made.system, captured[Ip6tables.kind], {UNIT})
    assert {each.comparison for each in found} == {Comparison.UNCHANGED}


class WithNdppd(MadeUpSystem):
    def run(self, argv: Any, stdin: str = "") -> Result:
        if argv[0] == "systemctl" and argv[-1] == "ndppd.service":
            self.ran.append(tuple(argv))
            return Result(0, "")
        return super().run(argv, stdin)


@pytest.mark.parametrize("choice", Resolution)
def test_only_our_rule_leaves_the_file_of_ndppd_that_somebody_edited(choice: Resolution) -> None:
    old = FileState("proxy eth0 {\n   router yes\n}\n", 0o640, 3, 4)
    system = WithNdppd()
    system.files[NDPPD] = old
    step = Ndppd("eth0", "fd00:1::/80", old)
    captured = step.capture(system)
    step.apply(system, quiet)
    ours = system.files[NDPPD]
    system.files[NDPPD] = replace(ours, text=ours.text.replace("router yes", "router no"))
    theirs = copy.copy(system.files[NDPPD])
    left = step.undo(system, captured, quiet, {NDPPD: choice})
    expected = {
        Resolution.KEEP: replace(theirs, text=old.text.replace("router yes", "router no")),
        Resolution.OURS: ours,
        Resolution.ORIGINAL: old,
    }
    assert system.files[NDPPD] == expected[choice]
    assert bool(left) == (choice is Resolution.OURS)


def test_a_file_that_changes_in_the_last_moment_is_left_as_it_is() -> None:
    made = Changed(Sysctl.kind, quiet_meddle)
    found = made.step.compare(made.system, made.captured)
    edit(SYSCTL)(made.system)
    with pytest.raises(StepFailed, match="this very moment"):
        made.step.take_back(made.system, made.captured, quiet, found, {})
    assert made.system.files[SYSCTL].text.endswith("# mine\n")
