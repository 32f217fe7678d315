"""The step of kernel parameters: their file, what each goes back to, and what others rely on."""

from dataclasses import replace

import pytest

from tests.made_up_system import MadeUpSystem, difference
from wizard.platform.errors import Refused
from wizard.platform.parameter_names import name
from wizard.platform.system import FileState
from wizard.steps import sysctl
from wizard.steps.before import FileBefore
from wizard.steps.comparing import Comparison, Resolution
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.others import Other
from wizard.steps.sysctl import PATH, Sysctl, SysctlBefore

ALL, DEFAULT = name("all", "forwarding"), name("default", "forwarding")
F0, F1 = name("eth0", "forwarding"), name("eth1", "forwarding")
RA0, RA1 = name("eth0", "accept_ra"), name("eth1", "accept_ra")
NDP0, NDP_ALL = name("eth0", "proxy_ndp"), name("all", "proxy_ndp")
DELAY0 = name("eth0", "proxy_delay", "neigh")

FORWARD = Sysctl(((RA0, "2"), (ALL, "1"), (DEFAULT, "1")), path=PATH)
ANSWER = Sysctl(((NDP0, "1"), (DELAY0, "0"), (NDP_ALL, "1")), path=PATH)


def quiet(line: str) -> None:
    pass


def a_host() -> MadeUpSystem:
    system = MadeUpSystem()
    system.sysctls = {
        F0: "0", ALL: "0", F1: "1", DEFAULT: "0", RA0: "1", RA1: "1",
        NDP0: "0", NDP_ALL: "0", DELAY0: "80",
    }  # fmt: skip
    return system


def applied(step: Sysctl) -> tuple[MadeUpSystem, SysctlBefore]:
    system = a_host()
    before = step.capture(system)
    step.apply(system, quiet)
    assert step.check(system) is None
    return system, before


def others(*steps: Sysctl) -> list[Other]:
    return [Other(f"p{number}", each.kind, each, None) for number, each in enumerate(steps, 1)]


# What is said and written.


@pytest.mark.parametrize(
    ("step", "title", "reasons"),
    [
        (FORWARD, "Keep what routers advertise on eth0, and let the kernel forward IPv6", "RF"),
        (
            Sysctl(((RA0, "2"), (RA1, "2"), (NDP0, "1"))),
            "Keep what routers advertise on eth0 and eth1, and let the kernel forward IPv6 and "
            "answer for neighbours on eth0",
            "RDN",
        ),
        (Sysctl(((ALL, "1"),)), "Let the kernel forward IPv6 for the containers", "F"),
        (ANSWER, "Let the kernel forward IPv6 and answer for neighbours on eth0", "DN"),
    ],
)
def test_who_reads_is_told_what_is_set_and_why(step: Sysctl, title: str, reasons: str) -> None:
    assert step.title == title
    words = {
        "R": "this host has an IPv6 route or address that came by router advertisement",
        "F": "This file keeps it on after a reboot",
        "D": "Docker switches it on here",
        "N": "With proxy_ndp the kernel answers on eth0",
    }
    assert [key for key, each in words.items() if each in step.reason] == list(reasons)
    places = [step.reason.index(words[key]) for key in reasons]
    assert places == sorted(places)


def test_the_file_of_one_keeps_its_order_and_of_several_there_is_one_order() -> None:
    def keys(step: Sysctl) -> list[str]:
        lines = step.text.splitlines()
        assert lines[0].startswith("# IPv6 for containers.")
        return [line.partition(" = ")[0] for line in lines[1:]]

    backwards = Sysctl(((DELAY0, "0"), (NDP0, "1"), (DEFAULT, "1"), (RA0, "2")), path=PATH)
    assert keys(backwards) == [DELAY0, NDP0, DEFAULT, RA0]
    # The same of two is as of one.
    assert keys(backwards.among(others(backwards))) == keys(backwards)
    more = Sysctl(((NDP_ALL, "1"), (F0, "1"), (ALL, "1"), ("b.z", "1"), (RA1, "2"), ("b.a", "1")))
    for one, other in (
        (backwards, replace(more, path=PATH)),
        (replace(more, path=PATH), backwards),
    ):
        assert keys(one.among(others(other))) == [
            RA0, RA1, ALL, DEFAULT, NDP0, NDP_ALL, DELAY0, "b.a", "b.z", F0,
        ]  # fmt: skip


def test_what_others_have_in_another_file_or_of_another_kind_is_not_in_it() -> None:
    elsewhere = replace(FORWARD, path="/etc/sysctl.d/90-docker-ipv6-wizard.conf")
    network = DockerNetwork("a", "br-a", "10.9.0.0/16", "fd99::/64", "a", ("web",))
    forwarding = replace(network, engine_forwards=True)
    both = FORWARD.among(
        [
            *others(elsewhere, ANSWER),
            Other("n1", network.kind, network, None),
            Other("n2", network.kind, forwarding, None),
            Other("n3", "else", Sysctl(()), None),
        ]
    )
    assert both.beside == (("p2", ANSWER.values),)
    assert both.engine == ("n2",)
    # What Docker has set for another is not set again, and does not go.
    assert [each.argv[2] for each in both.actions()[1:]] == [f"{RA0}=2"]  # type: ignore[union-attr]
    back = both.goes_back_to(found((RA0, "1"), (ALL, "0"), (DEFAULT, "0"), (F0, "0")), [])
    assert back.live == ((RA0, "1"),)


def found(*live: tuple[str, str], files: tuple[FileBefore, ...] = ()) -> SysctlBefore:
    return SysctlBefore(files=files, live=live)


def test_without_others_it_goes_back_to_all_that_was_found() -> None:
    before = found((RA0, "1"), (ALL, "0"), (F0, "0"), files=(FileBefore(PATH, exists=False),))
    assert FORWARD.goes_back_to(before, []) == before
    both = FORWARD.among(others(ANSWER))
    back = both.goes_back_to(before, [])
    # Nothing of theirs is among the values, and the file is left with theirs.
    assert back.live == before.live
    assert back.files == (FileBefore.of(PATH, FileState(ANSWER.text)),)


def test_what_is_its_own_of_what_was_found_is_what_it_sets_and_what_that_sets() -> None:
    before = found((F0, "0"), (RA0, "1"), (ALL, "0"), (NDP0, "0"), (F1, "1"))
    assert FORWARD.of_its_own(before).live == ((RA0, "1"), (ALL, "0"), (F0, "0"), (F1, "1"))
    assert ANSWER.of_its_own(before).live == ((NDP0, "0"),)


def test_what_another_found_first_counts_for_what_is_set_for_all_and_nothing_else() -> None:
    network = DockerNetwork("a", "br-a", "10.9.0.0/16", "fd99::/64", "a", ("web",))
    first = SysctlBefore(
        files=(FileBefore.of(PATH, FileState("theirs\n")),),
        live=((ALL, "0"), (F0, "0"), (RA0, "0")),
        ipv6_networks=("n",),
    )
    mine = found((ALL, "1"), (F0, "1"), (RA0, "2"), files=(FileBefore(PATH, exists=False),))
    known = [
        Other("n", network.kind, network, network.capture(MadeUpSystem())),
        Other("p", FORWARD.kind, FORWARD, first),
    ]
    taken = FORWARD.found_first(mine, known)
    assert dict(taken.live) == {RA0: "0", ALL: "0", F0: "0"}
    assert taken.files == first.files and taken.ipv6_networks == ("n",)
    # Of parameters that another sets without forwarding for all, what each forwards is as it was.
    answering = replace(first, live=((NDP0, "0"),))
    taken = FORWARD.found_first(mine, [Other("p", ANSWER.kind, ANSWER, answering)])
    assert dict(taken.live) == {ALL: "1", F0: "1", RA0: "2", NDP0: "0"}
    assert FORWARD.found_first(mine, []) == mine
    assert FORWARD.found_first(mine, known[:1]) == mine


# What is in effect.


def test_a_value_or_a_file_that_is_not_as_it_was_set_is_named() -> None:
    system, before = applied(FORWARD)
    for path_text in ("other\n", None):
        other = MadeUpSystem()
        other.sysctls = dict(system.sysctls)
        if path_text:
            other.files[PATH] = FileState(path_text)
        assert FORWARD.check(other) == f"{PATH} is not as it was written."
    system.sysctls[RA0] = "1"
    assert FORWARD.check(system) == f"{RA0} is 1 and should be 2."
    del system.sysctls[RA0]
    assert FORWARD.check(system) == f"{RA0} is not there and should be 2."
    assert dict(before.live) == {RA0: "1", ALL: "0", DEFAULT: "0", F0: "0", F1: "1"}
    assert dict(FORWARD.originals(before)) == dict(before.live)
    # Without forwarding for all, what each forwards is not touched and not remembered.
    assert dict(ANSWER.capture(a_host()).live) == {NDP0: "0", NDP_ALL: "0", DELAY0: "80"}


def test_a_file_that_somebody_changed_for_another_is_said_before_anything_begins() -> None:
    system = a_host()
    system.files[PATH] = FileState(ANSWER.text)
    both = replace(FORWARD, previous=system.files[PATH]).among(others(ANSWER))
    assert both.obstacle(system) is None
    system.files[PATH] = FileState("mine\n")
    with pytest.raises(Refused, match="which serves p1 as well, has been changed by somebody"):
        replace(both, previous=system.files[PATH]).obstacle(system)


@pytest.mark.parametrize(
    ("wanted", "now", "live"),
    [
        # Under its new name it has what it was given under the old one.
        ("wan0", ("wan0",), {name("wan0", "accept_ra"): "1", name("wan0", "proxy_ndp"): "0"}),
        # The old one is there as before: another one has come beside it.
        ("wan0", ("eth0", "wan0"), {name("wan0", "accept_ra"): "9", RA0: "1", NDP0: "0"}),
        ("eth0", ("eth0", "wan0"), {RA0: "1", NDP0: "0"}),
        ("eth0", ("wan0",), {RA0: "1", NDP0: "0"}),
    ],
)
def test_an_interface_is_followed_to_its_name_of_today(
    wanted: str, now: tuple[str, ...], live: dict[str, str]
) -> None:
    system = MadeUpSystem()
    for each in now:
        system.sysctls[name(each, "accept_ra")] = "9"
    before = replace(
        found((RA0, "1"), (NDP0, "0"), (name("eth0", "accept_ra", "neigh"), "7")),
        default_routes=(("eth0", "fe80::1"), ("eth7", "fe80::2")),
    )
    step = Sysctl(((name(wanted, "accept_ra"), "2"),))
    renewed = step.renewed(system, before)
    kept = {key: value for key, value in renewed.live if ".conf." in key}
    assert kept == live
    follows = wanted if wanted not in ("eth0",) and "eth0" not in now else "eth0"
    assert renewed.default_routes == ((follows, "fe80::1"), ("eth7", "fe80::2"))


def test_of_two_that_are_gone_nobody_knows_which_has_the_new_name() -> None:
    system = MadeUpSystem()
    system.sysctls[name("wan.7", "accept_ra")] = "2"
    step = Sysctl(((name("wan.7", "accept_ra"), "2"),))
    both = found((RA0, "1"), (RA1, "0"))
    assert dict(step.renewed(system, both).live) == {
        RA0: "1", RA1: "0", name("wan.7", "accept_ra"): "2"
    }  # fmt: skip
    one = found((name("eth0.100", "accept_ra"), "1"))
    assert dict(step.renewed(system, one).live) == {name("wan.7", "accept_ra"): "1"}


# What it goes back to.


def test_what_is_set_back_begins_with_forwarding_for_all_and_ends_with_what_differs() -> None:
    system, before = applied(FORWARD)
    assert FORWARD.undo_lines(before)[:4] == tuple(
        f"sysctl --write {each}" for each in (f"{ALL}=0", f"{DEFAULT}=0", f"{RA0}=1", f"{F1}=1")
    )
    assert FORWARD.undo_lines(before)[4:] == (f"rm {PATH}",)
    both = FORWARD.among(others(ANSWER))
    assert both.undo_lines(before)[4:] == (f"# take out of {PATH} what p1 has no need of",)
    at_first = a_host().snapshot()
    assert FORWARD.undo(system, before, quiet) == ()
    assert difference(at_first, system.snapshot()) == set()


def compared(
    step: Sysctl, system: MadeUpSystem, before: SysctlBefore, *gone: str
) -> dict[str, str]:
    return {
        each.name: f"{each.comparison.value} {each.words} {each.needed}".strip()
        for each in step.compare(system, before, gone)
    }


def test_each_value_is_told_as_ours_as_somebody_s_or_as_before() -> None:
    system, before = applied(FORWARD)
    assert compared(FORWARD, system, before) == {
        ALL: "unchanged", DEFAULT: "unchanged", RA0: "unchanged", F1: "unchanged",
        PATH: "unchanged",
    }  # fmt: skip
    system.sysctls |= {RA0: "0", DEFAULT: "0"}
    del system.sysctls[F1]
    assert compared(FORWARD, system, before) == {
        ALL: "unchanged",
        # Setting it back for all sets it as well.
        DEFAULT: "unchanged",
        RA0: f"changed {RA0} has been set to 0 by somebody else since.",
        PATH: "unchanged",
    }
    (changed,) = [each for each in FORWARD.compare(system, before) if each.name == RA0]
    assert changed.changed and changed.back
    assert changed.changed.lines[-2:] == (f"-{RA0} = 2", f"+{RA0} = 0")
    assert changed.back.lines[-2:] == (f"-{RA0} = 0", f"+{RA0} = 1")
    system.sysctls |= {RA0: "1", ALL: "0"}
    assert compared(FORWARD, system, before) == {
        ALL: f"gone {ALL} is 0 already, as before.",
        DEFAULT: "unchanged",
        RA0: f"gone {RA0} is 1 already, as before.",
        PATH: "unchanged",
    }
    del system.sysctls[RA0]
    assert compared(FORWARD, system, before)[RA0] == f"gone {RA0} is not there any more."


def test_where_somebody_s_network_uses_ipv6_by_now_what_it_needs_stays() -> None:
    system, before = applied(FORWARD)
    for each, ipv6 in (("theirs", ["--ipv6"]), ("other", [])):
        assert system.run(("docker", "network", "create", *ipv6, each)).status == 0
    stays = "IPv6 forwarding stays on, because the Docker network theirs uses IPv6 too."
    listens = (
        f"{RA0} stays at 2: IPv6 forwarding stays on, and with 1 the host would lose the default "
        "route that its router advertises."
    )
    kept = f"{PATH} stays, so that it is so after the next boot too."
    found = compared(FORWARD, system, before)
    assert found == {
        ALL: f"unchanged  {stays}", DEFAULT: f"unchanged  {stays}", RA0: f"unchanged  {listens}",
        PATH: f"unchanged  {kept}",
    }  # fmt: skip
    assert compared(FORWARD, system, before, "theirs")[ALL] == "unchanged"
    applied_already = replace(before, ipv6_networks=("theirs",))
    assert compared(FORWARD, system, applied_already)[ALL] == "unchanged"
    left = system.snapshot()
    assert FORWARD.undo(system, before, quiet) == (stays, listens, kept)
    assert difference(left, system.snapshot()) == set()
    # The first by its name is named, and in that order they are remembered.
    system.networks["a"] = replace(system.networks["theirs"], name="a")
    for each in ("d", "b", "c"):
        system.networks[each] = replace(system.networks["theirs"], name=each)
    assert "network a uses IPv6" in compared(FORWARD, system, before)[ALL]
    assert FORWARD.capture(system).ipv6_networks == ("a", "b", "c", "d", "theirs")
    # What does not listen to routers needs no file.
    only = Sysctl(((ALL, "1"),), path=PATH)
    system, before = applied(only)
    system.run(("docker", "network", "create", "--ipv6", "theirs"))
    assert compared(only, system, before)[PATH] == "unchanged"
    assert only.undo(system, before, quiet) == (stays,)
    assert PATH not in system.files and system.sysctls[ALL] == "1"


@pytest.mark.parametrize("choice", Resolution)
def test_a_value_that_somebody_set_becomes_what_was_chosen(choice: Resolution) -> None:
    system, before = applied(FORWARD)
    system.sysctls[RA0] = "0"
    left = FORWARD.undo(system, before, quiet, {RA0: choice})
    values = {Resolution.KEEP: "0", Resolution.OURS: "2", Resolution.ORIGINAL: "1"}
    assert system.sysctls[RA0] == values[choice]
    stays = choice is Resolution.OURS
    assert system.sysctls[ALL] == ("1" if stays else "0")
    assert (PATH in system.files) is stays
    # Ours stays whole or not at all: two more values, and the file.
    lines = {Resolution.KEEP: 1, Resolution.OURS: 4, Resolution.ORIGINAL: 0}
    assert len(left) == lines[choice]
    if choice is Resolution.KEEP:
        assert left == (f"{RA0} has been set to 0 by somebody else since. It was left as it is.",)


def test_what_another_set_up_needs_too_stays_for_it() -> None:
    system, before = applied(FORWARD)
    both = FORWARD.among(others(replace(ANSWER, values=((ALL, "1"), (NDP0, "1")))))
    back = both.goes_back_to(before, [])
    system.files[PATH] = FileState(both.text)
    found = both.compare(system, back)
    assert [(each.name, each.comparison) for each in found] == [
        (f"{ALL} of others", Comparison.GONE),
        (DEFAULT, Comparison.UNCHANGED),
        (RA0, Comparison.UNCHANGED),
        (PATH, Comparison.UNCHANGED),
        (f"{PATH} of others", Comparison.GONE),
    ]
    assert found[0].words == f"{ALL} stays for p1."
    system.sysctls[DEFAULT] = "2"
    assert both.compare(system, back)[1].comparison is Comparison.CHANGED
    system.sysctls[DEFAULT] = "1"
    assert both.undo(system, back, quiet) == ()
    assert {key: system.sysctls[key] for key in (ALL, DEFAULT, RA0)} == {
        ALL: "1", DEFAULT: "0", RA0: "1"
    }  # fmt: skip
    assert system.files[PATH].text == both.goes_back_to(before, []).files[0].text


def test_early_at_boot_the_file_alone_is_put_back() -> None:
    system, before = applied(FORWARD)
    values = dict(system.sysctls)
    assert FORWARD.undo_early(system, before, quiet) == ()
    assert PATH not in system.files and system.sysctls == values
    system, before = applied(FORWARD)
    system.files[PATH] = FileState("mine\n")
    (sentence,) = FORWARD.undo_early(system, before, quiet)
    assert sentence.startswith(f"{PATH} has been changed by somebody else since.")
    assert FORWARD.undo_early(system, before, quiet, {PATH: Resolution.ORIGINAL}) == ()
    assert PATH not in system.files


def test_a_route_is_missed_only_of_an_interface_that_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[list[str]] = []

    def regain(interfaces: list[str]) -> tuple[str, ...]:
        asked.append(interfaces)
        return tuple(interfaces[1:])

    monkeypatch.setattr(sysctl, "regain", regain)
    system, before = applied(FORWARD)
    routes = (("eth0", "fe80::1"), ("eth1", "fe80::2"), ("eth9", "fe80::9"))
    said: list[str] = []
    (left,) = FORWARD.undo(system, replace(before, default_routes=routes), said.append)
    assert asked == [["eth0", "eth1"]]
    assert "# Asking the routers on eth0 and eth1 for the IPv6 default route." in said
    assert "Type: ip -6 route replace default via fe80::2 dev eth1 — or restart" in left
