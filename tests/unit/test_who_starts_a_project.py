"""Projects that a tool, a unit of systemd or a variable starts: what is proposed and said."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import made_up_hosts, made_up_system
from tests.made_up_deployments import TODAY
from wizard.answers import proposals
from wizard.answers.choices import Placement
from wizard.answers.projects import project_of, reads_override
from wizard.compose.owners import owner_of
from wizard.host.host import Host, Unknown
from wizard.host.starters import named_by, named_in
from wizard.modes import plan_inputs
from wizard.plan import planning
from wizard.plan.planning import Plan
from wizard.platform.errors import Refused
from wizard.steps.compose_file import ComposeFile


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("ExecStart=docker compose -f /srv/p/a.yml up -d", ["/srv/p/a.yml"]),
        (
            "WorkingDirectory=/srv/p\nExecStart=-/usr/bin/docker-compose --file=a.yml \\\n"
            "  -f b.yml -p name up",
            ["/srv/p/a.yml", "/srv/p/b.yml"],
        ),
        ("WorkingDirectory=/srv/p\nExecStart=/usr/bin/docker compose up -f", []),
        ("WorkingDirectory=/srv/p\nExecStart=docker compose up -d", []),
        ("ExecStart=/usr/bin/tail -f /srv/p/a.yml", []),
        ("Description=compose -f a.yml", []),
        ("ExecStart='compose -f", []),
        ("ExecStart=/bin/sh -c 'cd /srv/p && docker compose -f a.yml up -d'", ["/srv/p/a.yml"]),
        (
            'WorkingDirectory=/srv/p\nExecStart=bash -c "docker compose -f a.yml up"',
            ["/srv/p/a.yml"],
        ),
    ],
)
def test_a_unit_that_gives_compose_its_files(text: str, files: list[str]) -> None:
    assert [str(each) for each in named_in(text)] == files


def test_who_names_the_files_is_known_from_the_units_and_from_the_variables(tmp_path: Path) -> None:
    units, folder = tmp_path / "units", tmp_path / "p"
    units.mkdir()
    folder.mkdir()
    file = folder / "docker-compose.yml"
    assert named_by(folder, [file], units) is None
    (units / "site.service").write_text(f"[Service]\nExecStart=docker compose -f {file} up\n")
    assert named_by(folder, [file], units) == "the unit site.service starts the project with -f"
    assert named_by(folder, [folder / "other.yml"], units) is None
    (folder / ".env").write_text("#COMPOSE_FILE=x\nA=COMPOSE_FILE\n")
    assert named_by(folder, [folder / "other.yml"], units) is None
    (folder / ".env").write_text("A=b\nCOMPOSE_FILE=docker-compose.yml\n")
    assert named_by(folder, [file], units) == f"{folder}/.env sets COMPOSE_FILE"
    assert named_by(Path(), [], units) is None


# As Compose reads it (environment variables, syntax of .env files). An empty one names no file:
# version 1 looks for its files then, and version 2 does not start (compose-go, cli/options.go).
@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ("COMPOSE_FILE=$BASE/a.yml\n", True),
        ("COMPOSE_FILE: a.yml\n", True),
        ("  export COMPOSE_FILE = 'a.yml:b.yml' # both\n", True),
        ("COMPOSE_FILE=\n", False),
        ('COMPOSE_FILE=""\n', False),
        ("COMPOSE_FILE= # none for now\n", False),
        ("COMPOSE_FILE=a.yml\nCOMPOSE_FILE=\n", False),
        ("COMPOSE_FILES=a.yml\nMY_COMPOSE_FILE=a.yml\n", False),
    ],
)
def test_the_variables_beside_a_project_name_its_files_only_where_they_say_one(
    tmp_path: Path, variables: str, names: bool
) -> None:
    (tmp_path / ".env").write_text(variables)
    said = f"{tmp_path}/.env sets COMPOSE_FILE"
    assert named_by(tmp_path, [], tmp_path / "units") == (said if names else None)
    # What Compose was given in its place counts instead.
    (other := tmp_path / "other.env").write_text("A=b\n")
    assert named_by(tmp_path, [], tmp_path / "units", [other]) is None
    said = f"{tmp_path}/.env sets COMPOSE_FILE"
    found = named_by(tmp_path, [], tmp_path / "units", [other, tmp_path / ".env"])
    assert found == (said if names else None)


def test_a_template_names_the_files_of_its_instances_and_a_unit_may_set_the_variable(
    tmp_path: Path,
) -> None:
    file = Path("/srv/stacks/site/compose.yml")
    unit = tmp_path / "stack@.service"
    unit.write_text("WorkingDirectory=/srv/stacks/%i\nExecStart=docker compose -f compose.yml up\n")
    assert named_by(file.parent, [file], tmp_path) == (
        "the unit stack@.service starts the project with -f"
    )
    assert named_by(Path("/srv/other"), [Path("/srv/other/compose.yml")], tmp_path) is None
    unit.write_text(
        'WorkingDirectory=/srv/stacks/%i\nEnvironment=A=b "COMPOSE_FILE=compose.yml"\n'
        "ExecStart=docker compose up\n"
    )
    assert named_by(file.parent, [file], tmp_path) == "the unit stack@.service sets COMPOSE_FILE"
    assert named_by(Path("/srv/other"), [file], tmp_path) is None


def started(folder: str, *, in_git: bool = False, named: str | None = None) -> Host:
    host = made_up_hosts.debian13()
    assert not isinstance(host.projects, Unknown)
    where = Path(folder)
    project = replace(
        host.projects[0],
        directory=where,
        files=(where / "docker-compose.yml",),
        in_git=in_git,
        named_by=named,
    )
    return replace(host, projects=(project,))


def planned(host: Host, **changes: Any) -> Plan:
    proposed = proposals.defaults(host)
    project = project_of(host, proposed)
    system = made_up_system.of(host, {str(project.files[0]): TODAY})
    read = plan_inputs.read_project(system, project)
    return planning.plan(host, replace(proposals.tick(proposed, read.services), **changes), read)


def changed(plan: Plan) -> list[str]:
    return [Path(step.path).name for step in plan.steps if isinstance(step, ComposeFile)]


@pytest.mark.parametrize(
    ("folder", "file", "says"),
    [
        ("/etc/dokploy/compose/site-x1/code", "docker-compose.yml", "Dokploy writes this file"),
        ("/data/coolify/applications/x1", "docker-compose.yml", "Coolify writes this file"),
        ("/data/coolify/services/x1", "docker-compose.override.yml", "Coolify writes its own"),
        (
            "/opt/stacks/site",
            "docker-compose.yml",
            "where Dockge keeps its stacks. If it is open in Dockge now",
        ),
        ("/data/compose/7", "docker-compose.yml", "Portainer writes this file anew"),
    ],
)
def test_a_tool_that_writes_the_files_is_said_and_the_file_that_it_leaves_is_proposed(
    folder: str, file: str, says: str
) -> None:
    plan = planned(started(folder))
    assert changed(plan) == [file]
    (said,) = [each for each in plan.notices if says in each]
    assert said.endswith(".")


@pytest.mark.parametrize(
    ("folder", "reads"),
    [
        ("/etc/dokploy/compose/site-x1/code", False),
        ("/data/coolify/applications/x1", False),
        ("/data/coolify/services/x1", True),
        ("/opt/stacks/site", True),
        ("/data/compose/7", False),
        ("/srv/x", True),
    ],
)
def test_a_tool_that_names_the_files_to_compose_lets_it_look_for_no_other(
    folder: str, reads: bool
) -> None:
    (project,) = started(folder).choosable_projects
    assert reads_override(project) is reads


def test_nothing_is_said_of_files_of_nobody() -> None:
    assert owner_of([Path("/srv/x/data/compose/a.yml")]) is None
    assert owner_of([Path("/opt/stackss/a.yml")]) is None
    assert not [each for each in planned(started("/srv/x")).notices if "deployment" in each]


def test_no_override_is_proposed_or_taken_where_compose_would_not_read_it() -> None:
    assert changed(planned(started("/srv/x", in_git=True))) == ["docker-compose.override.yml"]
    by_unit = started("/srv/x", in_git=True, named="the unit a.service starts the project with -f")
    assert changed(planned(by_unit)) == ["docker-compose.yml"]
    with pytest.raises(Refused, match=r"because the unit a\.service starts the project with -f"):
        planned(by_unit, placement=Placement.OVERRIDE)
    assert not reads_override(started("/etc/dokploy/compose/x/code").choosable_projects[0])


@pytest.mark.parametrize(
    ("folder", "says"),
    [
        ("/data/compose/7", "It lies in the container of Portainer"),
        ("/srv/renamed", "if the folder has another name now, type “docker compose up -d” in it"),
    ],
)
def test_files_that_are_not_on_the_host_are_said_with_what_to_do(folder: str, says: str) -> None:
    host = started(folder)
    with pytest.raises(Refused, match=says):
        plan_inputs.read_project(made_up_system.of(host, {}), host.choosable_projects[0])
