from pathlib import Path

import pytest

from tests.unit.recorded import DEBIAN12, DEBIAN13, DEBIAN14, text
from wizard.host.host import Compose
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
