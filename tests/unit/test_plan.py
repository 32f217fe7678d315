import re
import tomllib
from collections.abc import Callable
from dataclasses import fields, replace
from ipaddress import IPv4Network, IPv6Interface, IPv6Network
from pathlib import Path
from typing import Any, TypeVar

import pytest
import tomli_w

from tests import made_up_hosts
from tests.made_up_deployments import ARTICLE, TODAY, Deployment, article, deployment
from wizard.answers.choices import Choices, Mode, Placement
from wizard.answers.projects import project_of
from wizard.answers.proposals import choose_mode
from wizard.host.host import (
    Address,
    Advertised,
    Compose,
    Host,
    Ip6tablesCommand,
    Manager,
    Origin,
    Sysctls,
    Unknown,
    Uplink,
)
from wizard.modes import plan_inputs
from wizard.plan import planning
from wizard.plan.planning import Plan
from wizard.platform.errors import Refused
from wizard.platform.system import FileState
from wizard.steps import ip6tables, kinds, sysctl
from wizard.steps.attach import Attach
from wizard.steps.base import Step
from wizard.steps.compose_file import ComposeFile
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.ip6tables import Ip6tables
from wizard.steps.others import Other
from wizard.steps.sysctl import Sysctl
from wizard.steps.systemd_unit import SystemdUnit
from wizard.uplink import unit as uplink_unit

Kind = TypeVar("Kind", bound=Step)

WHOLE = [
    *("sysctl", "ip6tables", "systemd-unit", "filter-service"),
    *("docker-network", "compose-file", "attach"),
]


def kinds_of(plan: Plan) -> list[str]:
    return [step.kind for step in plan.steps]


def the(kind: type[Kind], plan: Plan) -> Kind:
    (step,) = (each for each in plan.steps if isinstance(each, kind))
    return step


def with_uplink(host: Host, **changes: Any) -> Host:
    assert isinstance(host.uplink, Uplink)
    return replace(host, uplink=replace(host.uplink, **changes))


def test_debian_12_with_a_static_route_gets_all_steps_and_keeps_accept_ra() -> None:
    plan = deployment().plan()
    assert kinds_of(plan) == WHOLE
    assert plan.remarks == ()
    assert the(Sysctl, plan).values == (
        ("net.ipv6.conf.all.forwarding", "1"),
        ("net.ipv6.conf.default.forwarding", "1"),
    )


def test_debian_13_whose_kernel_hears_advertisements_gets_accept_ra_first() -> None:
    plan = deployment(made_up_hosts.debian13()).plan()
    place = WHOLE.index("docker-network") + 1
    assert kinds_of(plan) == [*WHOLE[:place], "systemd-unit", *WHOLE[place:]]
    assert the(Sysctl, plan).values[0] == ("net.ipv6.conf.eth0.accept_ra", "2")


def test_every_interface_on_which_the_kernel_listens_is_kept_listening_and_named() -> None:
    others = (
        Advertised("eth1", Manager.KERNEL),
        Advertised("wlan0", Manager.NETWORK_MANAGER),
        Advertised("eth0", Manager.IFUPDOWN),
        Advertised("br0", Manager.IFUPDOWN),
    )
    host = with_uplink(made_up_hosts.debian13(), advertised=others)
    plan = deployment(host).plan()
    step = the(Sysctl, plan)
    assert step.values == (
        ("net.ipv6.conf.eth0.accept_ra", "2"),
        ("net.ipv6.conf.br0.accept_ra", "2"),
        ("net.ipv6.conf.eth1.accept_ra", "2"),
        ("net.ipv6.conf.all.forwarding", "1"),
        ("net.ipv6.conf.default.forwarding", "1"),
    )
    assert "eth0, br0 and eth1" in step.title
    units = [each for each in plan.steps if isinstance(each, SystemdUnit)]
    (service,) = (each for each in units if each.path == uplink_unit.PATH)
    assert service.text.count("wizard.uplink --forwarding eth0 br0 eth1\n") == 1
    assert plan.remarks[0].startswith(
        "accept_ra is left alone on wlan0: NetworkManager listens to router advertisements there"
    )


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (made_up_hosts.debian12, "wizard.uplink --forwarding\n"),
        # Docker itself begins to forward there.
        (made_up_hosts.debian14, "wizard.uplink\n"),
    ],
)
def test_where_a_file_switches_forwarding_off_it_is_kept_on_though_nothing_is_advertised(
    make: Callable[[], Host], words: str
) -> None:
    def units(host: Host) -> list[SystemdUnit]:
        steps = deployment(host).plan().steps
        return [
            each
            for each in steps
            if isinstance(each, SystemdUnit) and each.path == uplink_unit.PATH
        ]

    address = Address(IPv6Interface("2001:db8:1:2::10/64"), Origin.STATIC)
    host = with_uplink(make(), route_origin=Origin.STATIC, addresses=(address,), advertised=())
    assert units(host) == []
    assert isinstance(host.sysctls, Sysctls)
    off = replace(host.sysctls, forwarding_off=("/etc/sysctl.conf", 7))
    (step,) = units(replace(host, sysctls=off))
    assert words in step.text
    assert "router advertisements" not in step.text
    assert "Line 7 of /etc/sysctl.conf" in step.reason


def test_a_second_interface_that_lives_by_advertisement_counts_where_the_first_does_not() -> None:
    host = with_uplink(made_up_hosts.debian12(), advertised=(Advertised("eth1", Manager.KERNEL),))
    step = the(Sysctl, deployment(host).plan())
    assert step.values[0] == ("net.ipv6.conf.eth1.accept_ra", "2")


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("part", ["engine", "uplink", "manager", "networks", "prefixes_in_use"])
def test_without_what_decides_how_the_host_keeps_its_own_way_out_there_is_no_plan(
    part: str, mode: Mode
) -> None:
    made = deployment(made_up_hosts.debian14())
    unknown: dict[str, Any] = {part: Unknown(f"Nobody knows {part}.")}
    host = replace(made.host, **unknown)
    with pytest.raises(Refused, match=f"Nobody knows {part}."):
        planning.plan(host, choose_mode(made.choices, mode, made.host), made.inputs)


@pytest.mark.parametrize("mode", list(Mode))
def test_a_host_with_deprecated_addresses_alone_is_refused_with_what_mends_it(mode: Mode) -> None:
    address = Address(IPv6Interface("2001:db8:1:2::10/64"), Origin.STATIC, deprecated=True)
    prefix = choose_mode(Choices(), mode, made_up_hosts.debian14()).prefix
    host = with_uplink(made_up_hosts.debian14(), addresses=(address,))
    with pytest.raises(Refused) as refused:
        deployment(host, mode=mode, prefix=prefix).plan()
    assert "ip -6 address change 2001:db8:1:2::10/64 dev eth0 preferred_lft forever" in str(
        refused.value
    )
    assert "/etc/network/interfaces" in str(refused.value)
    spare = replace(address, interface=IPv6Interface("2001:db8:1:2::11/64"), deprecated=False)
    host = with_uplink(made_up_hosts.debian14(), addresses=(address, spare))
    assert deployment(host, mode=mode, prefix=prefix).plan().steps


def test_the_name_of_an_interface_with_a_dot_is_written_as_sysctl_wants_it() -> None:
    host = with_uplink(made_up_hosts.debian13(), interface="eth0.100")
    step = the(Sysctl, deployment(host).plan())
    assert step.values[0] == ("net.ipv6.conf.eth0/100.accept_ra", "2")
    assert "eth0.100" in step.title


@pytest.mark.parametrize(
    "manager", [Manager.NETWORKD, Manager.NETWORK_MANAGER, Manager.DHCPCD], ids=str
)
def test_where_a_program_hears_the_advertisements_accept_ra_is_left_alone(
    manager: Manager,
) -> None:
    silent = made_up_hosts.debian12().sysctls
    plan = deployment(made_up_hosts.debian13(manager=manager, sysctls=silent)).plan()
    assert [key for key, _ in the(Sysctl, plan).values if "accept_ra" in key] == []
    (remark,) = plan.remarks
    assert remark.startswith(f"accept_ra is left alone on eth0: {manager} listens")
    assert ("IPv6Forwarding=" in remark) == (manager is Manager.NETWORKD)


def test_whoever_manages_an_interface_the_value_tells_whether_the_kernel_listens() -> None:
    """NetworkManager does not listen where ipv6.method is ignore, and leaves accept_ra as it is."""
    host = made_up_hosts.debian13(manager=Manager.NETWORK_MANAGER)
    plan = deployment(host).plan()
    assert the(Sysctl, plan).values[0] == ("net.ipv6.conf.eth0.accept_ra", "2")
    assert plan.remarks == ()
    silent = made_up_hosts.debian12().sysctls
    plan = deployment(made_up_hosts.debian13(sysctls=silent)).plan()
    assert [key for key, _ in the(Sysctl, plan).values if "accept_ra" in key] == []
    assert "it is 0, so the kernel does not hear router advertisements there" in plan.remarks[0]


def test_an_engine_that_manages_ip6tables_gets_no_rules_and_no_unit_and_says_why() -> None:
    plan = deployment(made_up_hosts.debian14()).plan()
    assert kinds_of(plan) == [
        "sysctl",
        "docker-network",
        # What Docker switches on for the network is put back when this has gone.
        "systemd-unit",
        "compose-file",
        "attach",
    ]
    (remark,) = plan.remarks
    assert "No packet filter rules and no unit: Docker 28.5.2+dfsg1" in remark


def test_a_legacy_host_gets_the_legacy_rules() -> None:
    legacy = made_up_hosts.debian12(ip6tables=Ip6tablesCommand("1.8.9", legacy=True))
    assert the(Ip6tables, deployment(legacy).plan()).legacy
    assert not the(Ip6tables, deployment().plan()).legacy


def test_without_running_containers_nothing_is_attached_and_that_is_said() -> None:
    host = made_up_hosts.debian12()
    assert not isinstance(host.projects, Unknown)
    (project,) = host.projects
    stopped = tuple(replace(each, running=False, pid=0) for each in project.containers)
    plan = deployment(replace(host, projects=(replace(project, containers=stopped),))).plan()
    assert kinds_of(plan) == WHOLE[:-1]
    assert plan.remarks == ("None of the chosen services has a running container to connect.",)


def test_only_containers_of_chosen_services_are_attached() -> None:
    step = the(Attach, deployment().plan(services=("web", "sidekiq")))
    assert [service for _, _, service in step.containers] == ["web", "sidekiq"]
    assert step.published == ("web",)
    assert "through a published port of web end" in step.reason


@pytest.mark.parametrize("mode", list(Mode))
def test_whose_connections_end_is_told_before_anything_is_done(mode: Mode) -> None:
    made = deployment(made_up_hosts.debian13())
    made = replace(made, choices=choose_mode(made.choices, mode, made.host))
    plan = made.plan()
    step = the(Attach, plan)
    assert step.interruption in plan.notices
    assert step.interruption in step.reason
    unpublished = made.plan(services=("sidekiq",))
    assert not [each for each in unpublished.notices if "published port" in each]


def test_a_project_that_is_in_git_gets_an_override_file() -> None:
    plan = article(placement=Placement.OVERRIDE).plan()
    step = the(ComposeFile, plan)
    assert step.path.endswith("docker-compose.override.yml")
    assert step.before is None
    assert step.files == (article().path, step.path)
    # A new file belongs to whom the old one belongs.
    assert (step.after.mode, step.after.uid, step.after.gid) == (0o640, 1000, 1000)
    assert step.title.startswith("Create docker-compose.override.yml")


def test_each_generation_of_compose_is_asked_for_its_opinion() -> None:
    both = made_up_hosts.debian12(compose=Compose(v1="1.29.2", v2="2.26.1"))
    lines = [each.line for each in the(ComposeFile, deployment(both).plan()).preconditions()]
    assert [line.split(" --project-directory")[0] for line in lines] == [
        "docker compose",
        "docker-compose",
    ]
    assert all(line.endswith("-f /dev/stdin config --quiet") for line in lines)


def test_a_compose_file_that_has_it_all_already_is_not_changed() -> None:
    first = deployment()
    done = the(ComposeFile, first.plan()).after.text
    assert kinds_of(deployment(text=done).plan()) == [
        kind for kind in WHOLE if kind != "compose-file"
    ]


@pytest.mark.parametrize(("mtu", "options"), [(1500, 0), (1420, 1), (9000, 1)])
def test_an_uplink_with_another_mtu_than_ethernet_s_gives_it_to_the_network(
    mtu: int, options: int
) -> None:
    step = the(DockerNetwork, deployment(with_uplink(made_up_hosts.debian12(), mtu=mtu)).plan())
    named = [("com.docker.network.driver.mtu", str(mtu))] if options else []
    assert list(step.options) == named
    assert (f"--opt com.docker.network.driver.mtu={mtu}" in step.commands[0]) == bool(options)


def test_a_longer_prefix_gives_its_first_64_to_the_network() -> None:
    prefix = IPv6Network("fd91:7981:3415::/48")
    plan = deployment().plan(prefix=prefix)
    assert the(DockerNetwork, plan).ipv6_subnet == "fd91:7981:3415::/64"
    assert the(Ip6tables, plan).subnet == "fd91:7981:3415::/64"


def test_the_ipv4_subnet_is_one_that_nobody_uses() -> None:
    assert the(DockerNetwork, deployment().plan()).ipv4_subnet == "172.31.0.0/16"
    in_use = (IPv4Network("172.28.0.0/14"),)
    elsewhere = deployment(made_up_hosts.debian12(prefixes_in_use=in_use)).plan()
    assert the(DockerNetwork, elsewhere).ipv4_subnet == "172.27.0.0/16"


def refused(made: Deployment, **changes: Any) -> str:
    with pytest.raises(Refused) as caught:
        made.plan(**changes)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    return sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"prefix": None}, "Type a prefix"),
        ({"prefix": IPv6Network("2001:db8::/64")}, "is not a unique local prefix"),
        ({"network": "bridge"}, "keeps the name bridge"),
        ({"bridge": "docker0"}, "already has an interface called docker0"),
        ({"bridge": "x" * 16}, "has 16 characters"),
        ({"project": "gone"}, "There is no Compose project called gone"),
        ({"project": None}, "Choose the Compose project"),
        ({"services": ()}, "No service is ticked"),
        ({"services": ("gone",)}, "There is no service gone"),
        ({"file": Path("/srv/mastodon/other.yml")}, "is not a Compose file of mastodon"),
    ],
    ids=str,
)
def test_a_bad_choice_is_refused_with_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    assert sentence in refused(deployment(), **changes)


def test_routed_addresses_are_refused_where_they_do_not_fit() -> None:
    # A unique local prefix is none for routed addresses, whether or not the mode is there yet.
    assert refused(deployment(), mode=Mode.ROUTED)


def test_a_host_whose_ipv4_subnets_are_all_taken_is_refused() -> None:
    everything = (IPv4Network("0.0.0.0/0"),)
    full = deployment(made_up_hosts.debian12(prefixes_in_use=everything))
    assert "Every IPv4 subnet" in refused(full)


def test_an_engine_that_is_not_known_is_refused_with_its_reason() -> None:
    made = deployment()
    unknown = replace(made, host=replace(made.host, engine=Unknown("Docker did not answer.")))
    assert refused(unknown) == "Docker did not answer."


def test_an_override_that_compose_would_not_read_is_refused() -> None:
    host = made_up_hosts.debian12()
    assert not isinstance(host.projects, Unknown)
    (project,) = host.projects
    other = replace(project, files=(Path("/srv/mastodon/live.yml"),))
    made = deployment(replace(host, projects=(other,)))
    assert "override file by itself" in refused(made, placement=Placement.OVERRIDE)
    assert the(ComposeFile, made.plan()).path == "/srv/mastodon/live.yml"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("services: [", "docker-compose.yml"),
        ("", "docker-compose.yml"),
        ("- a list\n", "docker-compose.yml"),
        ("version: '3'\n", "docker-compose.yml"),
    ],
)
def test_a_file_that_is_no_compose_file_is_refused_by_its_name(text: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        deployment(text=text)


def test_a_file_of_ours_that_cannot_be_read_is_none_that_is_not_there() -> None:
    made = deployment()
    project = project_of(made.host, made.choices)
    for path in plan_inputs.OWN_PATHS:
        made.system.unreadable = {path}
        with pytest.raises(Refused, match=f"{re.escape(path)} cannot be read: Permission denied"):
            plan_inputs.read_project(made.system, project)


def test_beside_a_set_up_of_which_it_is_not_known_what_it_needs_nothing_is_planned() -> None:
    made = deployment()
    damaged = replace(made.inputs, beside=(Other("peertube", "sysctl", None, None),))
    with pytest.raises(Refused, match=r"wizard --undo peertube"):
        planning.plan(made.host, made.choices, damaged)


def test_compose_files_that_cannot_be_read_are_refused_by_their_path() -> None:
    made = deployment()
    project = project_of(made.host, made.choices)
    made.system.unreadable.add(made.path)
    with pytest.raises(Refused, match=r"docker-compose\.yml cannot be read: Permission denied"):
        plan_inputs.read_project(made.system, project)
    made.system.unreadable.clear()
    del made.system.files[made.path]
    with pytest.raises(Refused, match=r"docker-compose\.yml is not there"):
        plan_inputs.read_project(made.system, project)
    with pytest.raises(Refused, match="do not say which Compose file"):
        plan_inputs.read_project(made.system, replace(project, files=()))


def test_our_own_files_that_are_there_are_part_of_the_plan() -> None:
    made = deployment()
    made.system.files[sysctl.PATH] = FileState("mine = 1\n")
    read = plan_inputs.read_project(made.system, project_of(made.host, made.choices))
    step = the(Sysctl, replace(made, inputs=read).plan())
    assert step.previous == FileState("mine = 1\n")
    assert "-mine = 1" in step.diffs[0].lines


PLANS = {
    "debian12": deployment().plan(),
    "debian13": deployment(made_up_hosts.debian13()).plan(),
    "debian14": deployment(made_up_hosts.debian14()).plan(),
    "article": article().plan(),
    "article in git": article(placement=Placement.OVERRIDE).plan(),
    "another mtu": deployment(with_uplink(made_up_hosts.debian12(), mtu=1420)).plan(),
    "crlf": deployment(text=TODAY.replace("\n", "\r\n")).plan(),
}
every_plan = pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS.keys())


@every_plan
def test_steps_come_back_from_toml_as_they_were(plan: Plan) -> None:
    for step in plan.steps:
        table = tomllib.loads(tomli_w.dumps(step.parameters()))
        again = kinds.step(step.kind, table)
        assert again == step
        assert again.commands == step.commands
        assert again.diffs == step.diffs


@every_plan
def test_every_step_speaks_in_sentences(plan: Plan) -> None:
    for step in plan.steps:
        assert step.title[0].isupper()
        assert not step.title.endswith(".")
        assert step.reason.endswith(".")
        assert step.commands
        assert "\n" not in "".join(step.commands)


def test_no_two_of_these_plans_have_the_same_digest() -> None:
    digests = {plan.digest for plan in PLANS.values()}
    assert len(digests) == len(PLANS)


def test_the_same_host_and_choices_give_the_same_digest() -> None:
    for made in (deployment(), article()):
        again = planning.plan(made.host, made.choices, made.inputs)
        assert again == made.plan()
        assert again.digest == made.plan().digest


def changed(value: Any) -> Any:
    """A value of the same kind that is not the same."""
    match value:
        case bool():
            return not value
        case str():
            return f"{value}x"
        case None:
            return FileState("")
        case FileState():
            return replace(value, mode=value.mode ^ 1)
        case tuple():
            return (*value, ("a", "b", "c") if value and isinstance(value[0], tuple) else "a")
    raise AssertionError(value)


STEPS = [step for name in ("debian13", "article in git") for step in PLANS[name].steps]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.kind)
def test_whatever_changes_in_a_step_changes_the_digest(step: Step) -> None:
    for field in fields(step):
        other = replace(step, **{field.name: changed(getattr(step, field.name))})
        one, two = Plan(Choices(), (step,)), Plan(Choices(), (other,))
        assert one.digest != two.digest, field.name


@pytest.mark.parametrize("placement", list(Placement))
@pytest.mark.parametrize("to", [{"uid": 4321}, {"gid": 4321}, {"mode": 0o666}], ids=str)
def test_a_compose_file_of_another_owner_or_mode_is_another_plan(
    placement: Placement, to: dict[str, Any]
) -> None:
    made = deployment(placement=placement)
    before = made.inputs.files[made.path]
    made.system.files[made.path] = replace(before, **to)
    again = plan_inputs.read_project(made.system, project_of(made.host, made.choices))
    assert planning.plan(made.host, made.choices, again).digest != made.plan().digest


def test_the_order_of_the_steps_is_part_of_the_digest() -> None:
    plan = PLANS["debian12"]
    assert replace(plan, steps=tuple(reversed(plan.steps))).digest != plan.digest
    assert replace(plan, steps=plan.steps[:-1]).digest != plan.digest


def test_a_file_that_is_not_text_does_not_stop_the_plan() -> None:
    made = deployment()
    made.system.files[ip6tables.PATH] = FileState(b"caf\xe9\n".decode("utf-8", "surrogateescape"))
    read = plan_inputs.read_project(made.system, project_of(made.host, made.choices))
    plan = replace(made, inputs=read).plan()
    assert plan.digest != made.plan().digest
    assert r"-caf\udce9" in the(Ip6tables, plan).diffs[0].lines


@pytest.mark.parametrize(
    ("kind", "parameters", "said"),
    [
        ("teleport", {}, "does not know: teleport"),
        ("sysctl", {}, "parameters.values is missing"),
        (
            "attach",
            {"network": "a", "containers": [], "more": 1},
            "parameters.more is nothing that this wizard knows",
        ),
    ],
)
def test_a_step_that_is_not_known_is_refused(
    kind: str, parameters: dict[str, Any], said: str
) -> None:
    with pytest.raises(Refused, match=said):
        kinds.step(kind, parameters)


def test_the_article_s_compose_file_is_read_as_it_stands() -> None:
    assert [each.name for each in article().inputs.services] == [
        "db",
        "redis",
        "web",
        "streaming",
        "sidekiq",
    ]
    assert article().inputs.files[article().path].text == ARTICLE


def test_where_packets_of_containers_may_leave_over_another_uplink_what_leads_them_is_told() -> (
    None
):
    chosen: dict[str, Any] = {"mode": Mode.ROUTED, "prefix": IPv6Network("2001:db8:1:2:1::/80")}

    def told(host: Host, **choices: Any) -> list[str]:
        remarks = deployment(host, **choices).plan().remarks
        return [each for each in remarks if "eth1" in each]

    host = with_uplink(made_up_hosts.debian12(), beside=("eth1",))
    (remark,) = told(host, **chosen)
    for part in (
        "ip -6 route add default via 2001:db8:1:2::1 dev eth0 table 146",
        "ip -6 rule add from 2001:db8:1:2:1::/80 table 146",
    ):
        assert part in remark
    # What is translated has the address of whichever it leaves by.
    assert told(host) == []
    assert told(made_up_hosts.debian12(), **chosen) == []
