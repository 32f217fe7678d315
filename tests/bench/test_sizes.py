"""How what is computed of a host grows with its containers, networks, interfaces and routes."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network

import pytest

from tests import made_up_hosts, made_up_system
from tests.bench.conftest import Figures, Much
from tests.bench.test_compose import made, milliseconds
from tests.unit.recorded import DEBIAN13, answer
from wizard.answers import proposals
from wizard.answers.choices import Choices, Mode
from wizard.answers.projects import project_of
from wizard.compose.edit import add_network
from wizard.compose.read import parse
from wizard.compose.removal import without_addition, without_most
from wizard.host.host import Host, Unknown
from wizard.host.netlink import Snapshot, attribute
from wizard.host.parts import prefixes_in_use, projects
from wizard.modes import plan_inputs
from wizard.modes.plan_inputs import PlanInputs
from wizard.plan import planning

CONTAINERS = (1, 10, 200)
NETWORKS, INTERFACES, ROUTES = 30, 300, 2000


def with_containers(count: int) -> Host:
    """A host with a project of so many services, each with a container."""
    host = made_up_hosts.debian13()
    assert not isinstance(host.projects, Unknown)
    (project,) = host.projects
    one = next(each for each in project.containers if each.service == "web")
    containers = tuple(
        replace(one, id=f"{number:064x}", name=f"p-s{number}-1", service=f"s{number}")
        for number in range(count)
    )
    return replace(host, projects=(replace(project, containers=containers),))


def crowded(host: Host) -> Host:
    """The same with networks, interfaces and routes as a large host has them."""
    assert not isinstance(host.networks, Unknown)
    assert not isinstance(host.interfaces, Unknown)
    bridge = host.networks[0]
    return replace(
        host,
        networks=(
            *host.networks,
            *(
                replace(
                    bridge,
                    id=f"{number:064x}",
                    name=f"n{number}",
                    bridge=f"br-{number}",
                    subnets=(ip_network(f"10.{number}.0.0/16"),),
                )
                for number in range(NETWORKS)
            ),
        ),
        interfaces=(*host.interfaces, *(f"veth{number}" for number in range(INTERFACES))),
        prefixes_in_use=tuple(ip_network(f"fd00:{number:x}::/64") for number in range(1, ROUTES)),
    )


def read(host: Host, count: int) -> tuple[Choices, PlanInputs]:
    """The proposed choices, and the files of the project."""
    proposed = proposals.defaults(host)
    project = project_of(host, proposed)
    text = "services:\n" + "".join(f"  s{number}:\n    image: app:1\n" for number in range(count))
    found = plan_inputs.read_project(
        made_up_system.of(host, {str(project.files[0]): text}), project
    )
    return proposals.tick(proposed, found.services, host), found


def planned(host: Host, count: int) -> Callable[[], object]:
    choices, found = read(host, count)
    assert len(choices.services) == count
    return lambda: planning.plan(host, choices, found)


@pytest.mark.parametrize("count", CONTAINERS)
def test_plans_grow_as_the_containers_do(count: int, figures: Figures, much: Much) -> None:
    times = much(1, 5)
    least = milliseconds(planned(with_containers(1), 1), times)
    host = with_containers(count)
    figure = milliseconds(planned(host, count), times)
    figures.add(f"plan for {count} containers", figure, "1 container", least, "ms")
    beside = milliseconds(planned(crowded(host), count), times)
    what = f"{NETWORKS} networks, {INTERFACES} interfaces, {ROUTES:,} routes besides"
    figures.add(f"plan for {count} containers, {what}", beside, "without", figure, "ms")


@pytest.mark.parametrize("count", CONTAINERS)
def test_projects_are_told_as_fast_as_containers_are_read(
    count: int, figures: Figures, much: Much
) -> None:
    one = answer(DEBIAN13, "containers")[0]
    many = [one | {"Id": f"{number:064x}", "Name": f"/p-{number}"} for number in range(count)]
    least = milliseconds(lambda: projects.parse(many[:1]), much(1, 5))
    figure = milliseconds(lambda: projects.parse(many), much(1, 5))
    figures.add(f"project of {count} containers", figure, "1 container", least, "ms")


def test_proposals_among_many_routes(figures: Figures, much: Much) -> None:
    few, many = made_up_hosts.debian13(), crowded(made_up_hosts.debian13())
    for mode in Mode:

        def propose(host: Host, mode: Mode = mode) -> object:
            return proposals.choose_mode(replace(proposals.defaults(host), prefix=None), mode, host)

        least = milliseconds(lambda: propose(few), much(1, 5))
        figure = milliseconds(lambda: propose(many), much(1, 5))
        figures.add(f"answers proposed among {ROUTES:,} routes: {mode}", figure, "few", least, "ms")


def test_prefixes_in_use_of_many_routes(figures: Figures, much: Much) -> None:
    recorded = Snapshot(**answer(DEBIAN13, "netlink"))
    route = next(each for each in recorded.routes if attribute(each, "RTA_DST"))
    crowd = replace(recorded, routes=(*recorded.routes, *[route] * ROUTES))
    least = milliseconds(lambda: prefixes_in_use.parse(recorded), much(1, 5))
    figure = milliseconds(lambda: prefixes_in_use.parse(crowd), much(1, 5))
    figures.add(f"prefixes of {ROUTES:,} routes", figure, "few", least, "ms")


@pytest.mark.parametrize("size", [1, 10, 100])
def test_undo_of_a_file_that_others_have_written_on(
    size: int, figures: Figures, much: Much
) -> None:
    before = made(size)
    names = [f"s{number}" for number in range(size)]
    after = add_network(parse(before, "x"), names, "six").decode()
    remarked = after.replace("      - six\n", "      - six # mine\n", 1)
    times = much(1, 3)
    whole = milliseconds(lambda: without_addition(before.decode(), after, after + "#\n"), times)
    partly = milliseconds(lambda: without_most(before.decode(), after, remarked), times)
    figures.add(f"undo in {size * 100:,} lines, one written on", partly, "none", whole, "ms")
