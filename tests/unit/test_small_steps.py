"""Attachments, packages and entries of the neighbour proxy: each by itself and beside others."""

from dataclasses import replace

import pytest

from tests.made_up_system import MadeUpContainer, MadeUpSystem, difference
from wizard.steps import others
from wizard.steps.attach import Attach
from wizard.steps.before import Before, FileBefore
from wizard.steps.comparing import Comparison, Found
from wizard.steps.neighbour_proxy import NeighbourProxy, NeighbourProxyBefore
from wizard.steps.networks import LABEL
from wizard.steps.others import Other
from wizard.steps.package import Package, PackageBefore

NOTHING = Before(files=())


def quiet(line: str) -> None:
    pass


# Containers that join.

WEB, JOBS = ("w" * 64, "p-web-1", "web"), ("j" * 64, "p-jobs-1", "jobs")
ATTACH = Attach("ours", (WEB, JOBS))


def a_host(label: str = f"--label={LABEL}=fd00:1::/64") -> MadeUpSystem:
    """Return a host with two containers, beside a network of this label."""
    system = MadeUpSystem()
    system.sysctls["net.ipv6.conf.all.forwarding"] = "0"
    words = ("--ipv6", "--subnet", "fd00:1::/64", *([label] if label else []), "ours")
    assert system.run(("docker", "network", "create", *words)).status == 0
    for identifier, name, service in (WEB, JOBS):
        system.containers[name] = MadeUpContainer(identifier, name, "p", service)
    return system


def test_containers_join_by_the_names_of_their_services_and_with_their_addresses() -> None:
    assert [each.line for each in ATTACH.actions()] == [
        "docker network connect --alias web ours p-web-1",
        "docker network connect --alias jobs ours p-jobs-1",
    ]
    fixed = replace(ATTACH, addresses=("fd00:1::5", ""))
    assert [each.line for each in fixed.actions()] == [
        "docker network connect --alias web --ip6 fd00:1::5 ours p-web-1",
        "docker network connect --alias jobs ours p-jobs-1",
    ]
    with pytest.raises(ValueError, match="argument"):
        replace(ATTACH, addresses=("fd00:1::5",)).actions()
    assert ATTACH.undo_lines(NOTHING) == (
        "docker network disconnect ours p-web-1", "docker network disconnect ours p-jobs-1",
    )  # fmt: skip
    assert [(each.kind, each.name, each.value) for each in ATTACH.objects()] == [
        ("connection", f"ours {name}", command.line)
        for (_id, name, _service), command in zip((WEB, JOBS), ATTACH.actions(), strict=True)
    ]


def test_it_is_said_how_many_join_and_what_ends_for_a_moment() -> None:
    assert ATTACH.title == "Connect the 2 running containers to ours, without a restart"
    one = replace(ATTACH, containers=(WEB,))
    assert one.title == "Connect the running container to ours, without a restart"
    assert ATTACH.interruption == "" and "once more" not in ATTACH.reason
    published = replace(ATTACH, published=("web", "streaming"))
    assert "published port of web, streaming end." in published.interruption
    assert published.interruption in published.reason
    assert published.reason.endswith("The same happens once more when this is undone.")
    assert published.reason.startswith(ATTACH.reason)


def test_each_that_is_on_the_network_leaves_it_and_no_other() -> None:
    system = a_host()
    at_first = system.snapshot()
    assert ATTACH.check(system) == "The container p-web-1 is not on ours."
    assert ATTACH.undo(system, NOTHING, quiet) == ()
    ATTACH.apply(system, quiet)
    assert ATTACH.check(system) is None
    assert [each.comparison for each in ATTACH.compare(system, NOTHING)] == [
        Comparison.UNCHANGED
    ] * 2  # fmt: skip
    # One that was made anew has the name, and is another.
    system.containers["p-web-1"].id = "n" * 64
    assert ATTACH.check(system) == "The container p-web-1 is not on ours."
    web, jobs = ATTACH.compare(system, NOTHING)
    assert (web.name, web.comparison) == ("p-web-1", Comparison.GONE)
    assert web.words == "The container p-web-1, as it was, is not on ours any more."
    assert (jobs.name, jobs.comparison) == ("p-jobs-1", Comparison.UNCHANGED)
    assert ATTACH.undo(system, NOTHING, quiet) == ()
    assert system.containers["p-web-1"].networks == {"ours": ("web",)}
    assert system.containers["p-jobs-1"].networks == {}
    assert len(difference(at_first, system.snapshot())) == 1


@pytest.mark.parametrize("label", ["", f"--label={LABEL}=fd00:2::/64", None])
def test_from_a_network_of_somebody_s_by_the_same_name_nobody_is_taken(label: str | None) -> None:
    system = a_host(label or "")
    ATTACH.apply(system, quiet)
    if label is None:
        system.networks.clear()
    assert {each.comparison for each in ATTACH.compare(system, NOTHING)} == {Comparison.GONE}
    before = system.snapshot()
    assert ATTACH.undo(system, NOTHING, quiet) == ()
    assert difference(before, system.snapshot()) == set()


# Packages.

PACKAGE = Package("ndppd", "It answers.")
MISSING, THERE = (PackageBefore(files=(), installed=each) for each in (False, True))


def needing(*names: str, before: PackageBefore = MISSING) -> list[Other]:
    steps = [replace(PACKAGE, name=each) for each in names]
    return [Other(f"p-{each.name}", each.kind, each, before) for each in steps]


def test_a_package_is_installed_for_a_purpose_and_missed_where_it_is_not() -> None:
    assert PACKAGE.title == "Install the Debian package ndppd"
    assert PACKAGE.reason.startswith("It answers. ")
    system = MadeUpSystem()
    assert PACKAGE.check(system) == "The package ndppd is not installed."
    assert PACKAGE.capture(system) == MISSING
    PACKAGE.apply(system, quiet)
    assert PACKAGE.check(system) is None
    assert PACKAGE.capture(system) == THERE
    assert PACKAGE.undo_lines(THERE) == ()
    (line,) = PACKAGE.undo_lines(MISSING)
    assert system.run(line.split()).status == 0 and not system.packages


def test_it_stays_for_others_and_goes_with_the_last_that_needs_it() -> None:
    both = PACKAGE.among([*needing("other", "ndppd"), Other("x", "package", None, None)])
    assert both.beside == ("p-ndppd",)
    system = MadeUpSystem()
    system.packages.add("ndppd")
    assert both.undo_lines(MISSING) == ()
    (found,) = both.compare(system, MISSING)
    assert (found.comparison, found.words) == (
        Comparison.GONE, "The package ndppd stays for p-ndppd."
    )  # fmt: skip
    assert both.undo(system, MISSING, quiet) == ()
    assert both.compare(system, THERE) == ()
    assert system.packages == {"ndppd"}
    alone = both.among([])
    # What is there by now was missing before the first of them.
    assert alone.found_first(THERE, needing("ndppd")) == MISSING
    assert alone.found_first(MISSING, needing("ndppd", before=THERE)) == THERE
    assert alone.found_first(THERE, needing("other")) == THERE
    assert alone.undo(system, MISSING, quiet) == ()
    assert system.packages == set()
    (found,) = alone.compare(system, MISSING)
    assert (found.name, found.comparison) == ("ndppd", Comparison.GONE)
    assert found.words == "ndppd is not installed any more."


# Entries of the neighbour proxy.

A, B, C = "2001:db8::a", "2001:db8::b", "2001:db8::c"
ENTRIES = NeighbourProxy("eth0", (B, A, C))


def test_the_kernel_is_told_of_each_address_and_asked_for_each() -> None:
    assert ENTRIES.title == "Answer on eth0 for the 3 addresses of today"
    assert "The kernel answers for the addresses that it is told." in ENTRIES.reason
    system = MadeUpSystem()
    said = ENTRIES.check(system)
    assert said is not None and said.startswith(f"Nobody answers for {A} on eth0. ")
    ENTRIES.apply(system, quiet)
    assert system.proxied == {("eth0", each) for each in (A, B, C)}
    assert ENTRIES.check(system) is None
    assert [each.name for each in ENTRIES.objects()] == [f"eth0 {each}" for each in (B, A, C)]


def test_entries_of_others_are_told_apart_and_stay() -> None:
    system = MadeUpSystem()
    system.proxied = {("eth0", C), ("eth0", A), ("eth0", "2001:db8::f"), ("eth1", B)}
    before = ENTRIES.capture(system)
    assert before.there == (A, C)
    assert ENTRIES.renewed(system, NeighbourProxyBefore(files=(), there=())) == before
    ENTRIES.apply(system, quiet)
    assert ENTRIES.undo_lines(before) == (f"ip -6 neigh del proxy {B} dev eth0",)
    none = replace(before, there=())
    assert [line.split()[5] for line in ENTRIES.undo_lines(none)] == [A, B, C]
    (found,) = ENTRIES.compare(system, before)
    assert (found.name, found.comparison) == (B, Comparison.UNCHANGED)
    assert ENTRIES.undo(system, before, quiet) == ()
    assert system.proxied == {("eth0", C), ("eth0", A), ("eth0", "2001:db8::f"), ("eth1", B)}
    (found,) = ENTRIES.compare(system, before)
    assert (found.name, found.comparison) == (B, Comparison.GONE)
    assert found.words == f"Nobody answers for {B} on eth0 any more."


# What others need.


def test_whose_set_ups_they_are_is_said_once_each() -> None:
    assert others.in_words(["b", "a", "b"]) == "b and a"
    assert others.in_words(["a"]) == "a"
    gone, there = Found("x", Comparison.GONE), Found("y")
    kept = others.with_what_stays([gone, there], "The unit", ["a", "b"])
    assert kept == (there, others.stays("The unit", ["a", "b"]))
    assert kept[1].words == "The unit stays for a and b."
    assert kept[1].name not in ("The unit", "x", "y")


def test_of_several_that_found_a_file_the_first_counts_and_damaged_ones_do_not() -> None:
    def at(text: str) -> Before:
        return Before(files=(FileBefore(text, exists=False), FileBefore("/b", exists=False)))

    first, second = at("/a"), Before(files=(FileBefore("/a", True, "x", 0, 0, 0),))
    mine = Before(files=(FileBefore("/a", True, "y", 0, 0, 0), FileBefore("/c", exists=False)))
    known = [Other("1", "k", 1, first), Other("2", "k", 2, second)]
    assert others.with_first_files(mine, known).files == (
        FileBefore("/a", exists=False), FileBefore("/c", exists=False)
    )  # fmt: skip
    assert others.with_first_files(mine, known[1:]).files[0].text == "x"
    damaged = Other("3", "k", None, None)
    assert others.known([damaged, *known]) == known
    recorded = Other("4", "k", "today", first, recorded="then")
    assert recorded.as_recorded.step == "then"
    assert known[0].as_recorded is known[0]
