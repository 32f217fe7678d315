"""The step that makes a network: what is made, who keeps it, and what goes with it."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.made_up_system import MadeUpContainer, MadeUpSystem, difference
from wizard.compose.declaration import declaration
from wizard.platform.errors import StepFailed
from wizard.platform.system import FileState, Result
from wizard.steps.actions import Diff
from wizard.steps.comparing import Comparison, Resolution
from wizard.steps.docker_network import DockerNetwork, DockerNetworkBefore
from wizard.steps.networks import LABEL, inspect
from wizard.steps.parts import Condition

FILE = "/srv/p/compose.yml"
NAMES_IT, NAMES_IT_NOT = FileState("networks: [ours]\n"), FileState("# ours\nnetworks: []\n")
STEP = DockerNetwork(
    "ours", "br-ours", "172.31.0.0/16", "fd00:1::/64", "p", ("web", "jobs"), files=(FILE,)
)
WHOLE = replace(
    STEP,
    options=(("com.docker.network.driver.mtu", "1400"),),
    gateway="fd00:1::1",
    ip_range="fd00:1::/80",
)
FORWARDING, ETH0, ETH1 = (f"net.ipv6.conf.{each}.forwarding" for each in ("all", "eth0", "eth1"))


def quiet(line: str) -> None:
    pass


def a_host(**files: FileState) -> MadeUpSystem:
    """Return a host with two containers of ours, and one of somebody else's."""
    system = MadeUpSystem()
    system.tables["filter"] = {"INPUT": [], "FORWARD": [], "OUTPUT": []}
    system.sysctls = dict.fromkeys((FORWARDING, ETH0, ETH1), "0")
    system.files = {FILE: files.get("file", NAMES_IT_NOT)}
    for name, project, service in (
        ("web_1", "p", "web"), ("jobs_1", "p", "jobs"),
        ("db_1", "p", "db"), ("web_of_others", "other", "web"),
    ):  # fmt: skip
        system.containers[name] = MadeUpContainer(name * 3, name, project, service)
    return system


def on_it(system: MadeUpSystem, *names: str) -> MadeUpSystem:
    for name in names:
        system.containers[name].networks["ours"] = (system.containers[name].service,)
    return system


# What is made.


@pytest.mark.parametrize(
    "step",
    [
        STEP,
        WHOLE,
        replace(WHOLE, ipv4_subnet="", ip_range=""),
        replace(STEP, ipv4=False, ipv4_subnet="", gateway="fd00:1::1"),
    ],
)
def test_compose_makes_the_very_same_network_by_what_its_file_says(step: DockerNetwork) -> None:
    (create,) = step.actions()
    assert create.argv[:5] == ("docker", "network", "create", "--driver", "bridge")
    assert create.argv[-1] == step.network
    pools: list[dict[str, str]] = []
    options: dict[str, str] = {}
    labels: dict[str, str] = {}
    flags, words = [], iter(create.argv[5:-1])
    for word in words:
        match word:
            case "--subnet":
                pools.append({"subnet": next(words)})
            case "--gateway" | "--ip-range":
                pools[-1][word[2:].replace("-", "_")] = next(words)
            case "--opt" | "--label":
                key, _, value = next(words).partition("=")
                (options if word == "--opt" else labels)[key] = value
            case _:
                flags.append(word)
    assert flags == ["--attachable", *(() if step.ipv4 else ("--ipv4=false",)), "--ipv6"]
    assert step.declaration() == declaration(
        step.network, ipv4=step.ipv4, pools=pools, options=options, labels=labels
    )


def test_whoever_reads_why_is_told_of_a_network_without_ipv4_and_of_what_compose_will_make() -> (
    None
):
    assert "It has IPv6 alone" not in STEP.reason and "Compose file" not in STEP.reason
    assert "It has IPv6 alone" in replace(STEP, ipv4=False).reason
    assert "The Compose file will say the same" in replace(STEP, compose_key="ours").reason


def test_a_name_that_is_taken_by_now_is_an_obstacle() -> None:
    system = a_host()
    assert STEP.obstacle(system) is None
    assert str(STEP.check(system)) == "The Docker network ours is not there."
    STEP.apply(system, quiet)
    assert STEP.obstacle(system) == "A Docker network called ours exists by now."
    assert STEP.check(system) is None


# Who is on it.


def made_anew(system: MadeUpSystem) -> None:
    system.networks.pop("ours")
    system.sysctls = {key: each for key, each in system.sysctls.items() if "br-ours" not in key}
    words = (
        "--subnet",
        "10.77.0.0/16",
        "--opt",
        "b=2",
        "--opt",
        "a=1",
        "--label",
        "mine=1",
        "ours",
    )
    assert system.run(("docker", "network", "create", *words)).status == 0


@pytest.mark.parametrize(
    ("members", "guests"),
    [
        ((), ""),
        (("web_1", "jobs_1"), ""),
        (("web_1", "db_1", "web_of_others"), "db_1, web_of_others"),
    ],
)
def test_a_network_of_somebody_s_is_replaced_only_where_no_guest_is_on_it(
    members: tuple[str, ...], guests: str
) -> None:
    system = a_host()
    before = STEP.capture(system)
    STEP.apply(system, quiet)
    (part,) = STEP.parts(on_it(system, *members), before)
    assert part.condition is Condition.IN_EFFECT
    made_anew(system)
    (part,) = STEP.parts(system, before)
    assert part.condition is Condition.CHANGED
    assert part.mendable is not bool(guests)
    assert part.words.endswith(f"while these containers are on it: {guests}.") is bool(guests)
    del system.networks["ours"]
    (part,) = STEP.parts(system, before)
    assert part.condition is Condition.MISSING and part.mendable


def shown(diff: Diff | None) -> list[str]:
    assert diff is not None
    return [line for line in diff.lines if line[:2] not in ("@@", "--", "++")]


def test_a_network_that_was_made_anew_is_shown_beside_the_one_that_was_created() -> None:
    system = a_host()
    before = WHOLE.capture(system)
    WHOLE.apply(system, quiet)
    made_anew(system)
    (found,) = WHOLE.compare(system, before)
    assert (found.name, found.comparison) == ("ours", Comparison.CHANGED)
    assert found.words == "The Docker network ours has been made anew by somebody."
    assert found.goes_with_it == ("br-ours",)
    assert shown(found.changed) == [
        " driver bridge",
        "-attachable True",
        "-IPv6 True",
        "-subnet 172.31.0.0/16",
        "-subnet fd00:1::/64",
        "-range fd00:1::/80",
        "-option com.docker.network.bridge.name=br-ours",
        "-option com.docker.network.driver.mtu=1400",
        f"-label {LABEL}=fd00:1::/64",
        "+attachable False",
        "+IPv6 False",
        "+subnet 10.77.0.0/16",
        "+option a=1",
        "+option b=2",
        "+label mine=1",
    ]
    assert shown(found.back) == [f"-{line[1:]}" for line in shown(found.changed) if line[0] in " +"]


TOLD = {
    "Name": "ours",
    "Driver": "bridge",
    "Attachable": True,
    "EnableIPv6": True,
    "IPAM": {
        "Config": [
            {"Subnet": "fd00:9::/64", "IPRange": "fd00:9::/80"},
            {"Subnet": "10.1.0.0/16", "IPRange": "10.1.1.0/24"},
        ]
    },
    "Options": None,
    "Labels": {"com.docker.compose.project": "p", "b": "2", "a": "1"},
}


class Telling(MadeUpSystem):
    """A host whose Docker says that of its network."""

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        asked = argv[:3] == ("docker", "network", "inspect")
        return Result(0, json.dumps(TOLD) if asked else "")


def test_what_compose_and_docker_add_of_their_own_is_no_difference() -> None:
    (found,) = STEP.compare(Telling(), DockerNetworkBefore(files=()))
    assert shown(found.back) == [
        "-driver bridge", "-attachable True", "-IPv6 True",
        "-subnet 10.1.0.0/16", "-subnet fd00:9::/64",
        "-range 10.1.1.0/24", "-range fd00:9::/80",
        "-label a=1", "-label b=2",
    ]  # fmt: skip


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("members", [(), ("web_1", "jobs_1"), ("web_1", "db_1", "web_of_others")])
def test_it_goes_once_no_file_names_it_and_no_guest_is_on_it(
    members: tuple[str, ...], named: bool
) -> None:
    system = a_host(file=NAMES_IT if named else NAMES_IT_NOT)
    at_first = system.snapshot()
    before = STEP.capture(system)
    STEP.apply(system, quiet)
    on_it(system, *members)
    applied, guests = (
        system.snapshot(),
        [each for each in members if each not in ("web_1", "jobs_1")],
    )
    left = STEP.undo(system, before, quiet)
    assert bool(left) is bool(named or guests)
    gone = difference(applied, system.snapshot())
    if named:
        # Nothing leaves it: the file would have Compose put them back.
        assert f"because {FILE} still names it" in left[0]
        assert gone == set()
    elif guests:
        assert gone == {"container web_1"}
        assert "web_1" not in left[0].replace("web_of_others", "")
    else:
        assert difference(at_first, system.snapshot()) == {f"sysctl {FORWARDING}"} | {
            f"sysctl {each}" for each in (ETH0, ETH1)
        }
    if guests:
        lines = left[0].partition(", and continue: ")[2].split("; ")
        assert lines.pop() == "wizard --undo"
        assert f"these containers are on it: {', '.join(guests)}." in left[0]
        for line in lines:
            assert system.run(shlex.split(line)).status == 0
        system.files[FILE] = NAMES_IT_NOT
        assert STEP.undo(system, before, quiet) == ()
        assert "ours" not in system.networks


@pytest.mark.parametrize("choice", Resolution)
@pytest.mark.parametrize("guest", [False, True])
def test_one_that_was_made_anew_is_what_was_chosen_unless_a_guest_is_on_it(
    choice: Resolution, guest: bool
) -> None:
    # That it is named in the file keeps none from being made anew as it was.
    system = a_host(file=NAMES_IT if choice is Resolution.OURS else NAMES_IT_NOT)
    before = STEP.capture(system)
    STEP.apply(system, quiet)
    made_anew(system)
    on_it(system, "web_1", "jobs_1", *(["db_1"] if guest else []))
    meddled = system.snapshot()
    left = STEP.undo(system, before, quiet, {"ours": choice})
    if guest or choice is Resolution.KEEP:
        assert left[0].startswith("The Docker network ours has been made anew by somebody. ")
        assert ("these containers are on it: db_1" in left[0]) is (
            guest and choice is not Resolution.KEEP
        )
        assert difference(meddled, system.snapshot()) <= {"container web_1", "container jobs_1"}
    elif choice is Resolution.ORIGINAL:
        assert left == ()
        assert "ours" not in system.networks
    else:
        assert STEP.check(system) is None
        assert len(left) == 1
        assert {name: each.networks for name, each in system.containers.items()} == {
            "web_1": {"ours": ("web",)}, "jobs_1": {"ours": ("jobs",)},
            "db_1": {}, "web_of_others": {},
        }  # fmt: skip


def test_what_is_shown_of_one_without_ipv4_names_its_only_subnet() -> None:
    step, system = replace(STEP, ipv4=False, ipv4_subnet=""), a_host()
    before = step.capture(system)
    step.apply(system, quiet)
    made_anew(system)
    (found,) = step.compare(system, before)
    assert [line for line in shown(found.changed) if "subnet" in line] == [
        "-subnet fd00:1::/64",
        "+subnet 10.77.0.0/16",
    ]


def test_files_that_go_before_it_or_cannot_be_read_do_not_keep_it() -> None:
    system = a_host(file=NAMES_IT)
    other = "/srv/p/compose.override.yml"
    step = replace(STEP, files=(other, FILE))
    before = step.capture(system)
    step.apply(system, quiet)
    system.unreadable.add(other)
    (found,) = step.compare(system, before)
    assert f"because {FILE} still names it" in found.needed
    (found,) = step.compare(system, before, (FILE,))
    assert found == replace(found, needed="", comparison=Comparison.UNCHANGED)
    assert step.compare(system, before, (FILE, other)) == (found,)


def test_a_file_whose_folder_has_another_name_by_now_keeps_it_as_well() -> None:
    system, elsewhere = a_host(), "/srv/renamed/compose.yml"
    before = STEP.capture(system)
    STEP.apply(system, quiet)
    del system.files[FILE]
    system.directories |= {"/srv", "/srv/renamed"}
    system.files[elsewhere] = NAMES_IT
    assert f"because {elsewhere} still names it" in STEP.compare(system, before)[0].needed
    # One that goes by then, by either name, does not.
    for gone in ((FILE,), (elsewhere,)):
        assert STEP.compare(system, before, gone)[0].needed == ""


def test_which_networks_of_the_same_name_are_somebody_elses_is_told() -> None:
    def run(argv: Sequence[str], stdin: str = "") -> Result:
        if argv[:3] == ("docker", "network", "inspect"):
            return Result(1, "Error: 2 matches found based on name: network ours is ambiguous\n")
        assert argv[:4] == ("docker", "network", "ls", "--no-trunc")
        return Result(0, "1\tours\tfd00:1::/64\n2\tours\t\n3\tbridge\t\n4\tours\t\n")

    system = a_host()
    system.run = run  # type: ignore[method-assign]
    with pytest.raises(StepFailed) as failed:
        inspect(system, "ours")
    assert str(failed.value).endswith("and go on: docker network rm 2 4")
