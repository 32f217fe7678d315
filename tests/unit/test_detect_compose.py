from pathlib import Path

import pytest

from tests.unit.recorded import DEBIAN12, DEBIAN13, DEBIAN14, text
from wizard.host import compose_generations
from wizard.host.host import Compose, Unknown
from wizard.host.looking import CannotTell
from wizard.host.parts import compose
from wizard.host.parts.compose import detect, parse_metadata, version_in_starter


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(
        compose,
        "installed",
        lambda program: str(tmp_path / program) if (tmp_path / program).exists() else None,
    )
    monkeypatch.setattr(compose, "PLUGIN_FOLDERS", (str(tmp_path / "plugins"),))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "own"))
    (tmp_path / "plugins").mkdir()
    return tmp_path


def program(path: Path, output: str) -> None:
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\n")
    path.chmod(0o755)


def test_the_starter_of_debian_12_names_its_version() -> None:
    assert version_in_starter(text(DEBIAN12, "compose-starter")) == "1.29.2"
    assert version_in_starter("#!/usr/bin/python3\nimport sys\n") is None


@pytest.mark.parametrize(("machine", "version"), [(DEBIAN13, "2.26.1-4"), (DEBIAN14, "2.40.3-3")])
def test_the_plugin_of_a_real_machine_tells_its_version(machine: str, version: str) -> None:
    assert parse_metadata(text(machine, "compose-metadata.json")) == version


def test_dockers_own_plugin_has_a_v_before_its_version() -> None:
    assert parse_metadata('{"Version": "v2.40.3"}') == "2.40.3"


@pytest.mark.parametrize("told", ["", "[]", "{}", "not json"])
def test_a_plugin_that_tells_nothing_is_unknown(told: str) -> None:
    with pytest.raises(CannotTell):
        parse_metadata(told)


def test_nothing_installed_is_neither(path: Path) -> None:
    assert detect() == Compose(None, None)


def test_version_1_is_not_started_where_its_starter_names_it(path: Path) -> None:
    (path / "docker-compose").write_text("#!/bin/false\n# 'docker-compose==1.29.2'\n")
    assert detect() == Compose(v1="1.29.2", v2=None)


def test_version_1_that_names_no_version_is_asked(path: Path) -> None:
    program(path / "docker-compose", "1.25.0")
    assert detect() == Compose(v1="1.25.0", v2=None)


def test_version_2_as_on_debian_13_under_both_names(path: Path) -> None:
    program(path / "plugins" / "docker-compose", '{"Version": "2.26.1-4"}')
    program(path / "docker", "")
    program(path / "docker-compose", "2.26.1-4")
    found = detect()
    assert found == Compose(v1=None, v2="2.26.1-4")
    assert found.commands == (("docker", "compose"),)


def test_one_program_under_two_names_is_asked_once(path: Path) -> None:
    plugin = path / "plugins" / "docker-compose"
    program(plugin, '{"Version": "2.26.1-4"}')
    plugin.write_text(plugin.read_text() + f"echo asked >> {path}/log\n")
    program(path / "docker", "")
    (path / "docker-compose").symlink_to(plugin)
    assert detect() == Compose(v1=None, v2="2.26.1-4")
    assert (path / "log").read_text().split() == ["asked"]


def test_both_generations_side_by_side(path: Path) -> None:
    program(path / "plugins" / "docker-compose", '{"Version": "v2.40.3"}')
    program(path / "docker", "")
    program(path / "docker-compose", "1.29.2")
    found = detect()
    assert found == Compose(v1="1.29.2", v2="2.40.3")
    assert found.commands == (("docker", "compose"), ("docker-compose",))


def test_version_2_alone_is_started_by_its_own_name(path: Path) -> None:
    program(path / "docker-compose", "v2.29.0")
    found = detect()
    assert found == Compose(v1=None, v2="2.29.0", standalone=True)
    assert found.commands == (("docker-compose",),)


def test_a_plugin_without_docker_itself_is_of_no_use(path: Path) -> None:
    program(path / "plugins" / "docker-compose", '{"Version": "2.26.1"}')
    assert detect() == Compose(None, None)


@pytest.mark.parametrize(
    ("v1", "v2", "makes", "without_ipv4"),
    [
        (None, None, False, False),
        ("1.26.2", None, False, False),
        ("1.27.0", None, True, False),
        (None, "2.0.1", False, False),
        (None, "v2.1.0", True, False),
        (None, "2.33.0-1", True, False),
        (None, "2.33.1", True, True),
        (None, "2.40.3-3", True, True),
        # Docker went on with 5 after 2.
        (None, "5.0.0", True, True),
        # Whoever types may use either.
        ("1.29.2", "2.40.3", True, False),
        ("1.21.0", "2.40.3", False, False),
        ("1.29.2", "2.0.0", False, False),
        # A build of somebody's own.
        (None, "0.0.0", False, False),
        (None, "dev", False, False),
    ],
)
def test_a_network_is_left_to_compose_where_each_of_the_host_makes_it(
    v1: str | None, v2: str | None, makes: bool, without_ipv4: bool
) -> None:
    found = Compose(v1, v2)
    assert compose_generations.makes_networks(found) is makes
    assert compose_generations.makes_networks_without_ipv4(found) is without_ipv4


def test_a_compose_that_is_not_known_makes_no_network() -> None:
    unknown = Unknown("It is not known.")
    assert not compose_generations.makes_networks(unknown)
    assert not compose_generations.makes_networks_without_ipv4(unknown)
