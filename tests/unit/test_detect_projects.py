import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.recorded import DEBIAN12, DEBIAN12_2017, DEBIAN13, DEBIAN14, answer
from wizard.host.parts import projects
from wizard.host.parts.projects import parse

BOTH = ("mastodon_external_network", "mastodon_internal_network")


def container(name: str = "p_web_1", **labels: str) -> dict[str, Any]:
    return {
        "Id": f"id-{name}",
        "Name": f"/{name}",
        "Created": "2026-11-01T00:00:00Z",
        "State": {"Running": True, "Pid": 7, "StartedAt": "2026-11-01T00:00:01Z"},
        "Config": {
            "Labels": {
                "com.docker.compose.project": "p",
                "com.docker.compose.service": "web",
                "com.docker.compose.config-hash": "1f2e",
                "com.docker.compose.version": "2.26.1",
            }
            | {f"com.docker.compose.{key}": value for key, value in labels.items()},
            "ExposedPorts": None,
        },
        "HostConfig": {"NetworkMode": "p_default", "PortBindings": None},
        "NetworkSettings": {"Networks": {"p_default": {}}, "Ports": {}},
    }


@pytest.mark.parametrize(
    ("machine", "separator"), [(DEBIAN12, "_"), (DEBIAN13, "-"), (DEBIAN14, "-")]
)
def test_a_real_deployment_of_today(machine: str, separator: str) -> None:
    (project,) = parse(answer(machine, "containers"))
    assert project.name == "mastodon"
    assert project.directory == Path("/srv/mastodon")
    assert project.files == (Path("/srv/mastodon/docker-compose.yml"),)
    assert {one.service: one.networks for one in project.containers} == {
        "db": BOTH[1:],
        "redis": BOTH[1:],
        "web": BOTH,
        "streaming": BOTH,
        "sidekiq": BOTH,
    }
    web = next(one for one in project.containers if one.service == "web")
    assert web.name == f"mastodon{separator}web{separator}1"
    assert web.ports == ("127.0.0.1:3000->3000/tcp",)
    assert web.running
    assert web.pid > 0
    assert web.started_at.startswith("2026-")


def test_a_real_deployment_without_networks_in_its_file() -> None:
    (project,) = parse(answer(DEBIAN12_2017, "containers"))
    assert {one.networks for one in project.containers} == {("mastodon_default",)}
    web = next(one for one in project.containers if one.service == "web")
    assert "0.0.0.0:3000->3000/tcp" in web.ports


def test_files_of_version_1_lie_in_the_folder_and_those_of_version_2_are_whole_paths() -> None:
    files = "a.yml,sub/b.yml,/etc/c.yml"
    (project,) = parse(
        [container(**{"project.working_dir": "/srv/p", "project.config_files": files})]
    )
    assert project.files == (Path("/srv/p/a.yml"), Path("/srv/p/sub/b.yml"), Path("/etc/c.yml"))


def test_labels_of_an_old_compose_leave_folder_and_files_open() -> None:
    (project,) = parse([container()])
    assert project.directory == Path()
    assert project.files == ()
    assert not project.in_git


def test_containers_of_a_single_command_are_left_out() -> None:
    once = container("p_web_run_1", oneoff="True")
    (project,) = parse([container(oneoff="False"), once])
    assert [one.name for one in project.containers] == ["p_web_1"]


def test_a_folder_below_a_repository_counts_as_in_git(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    inside = tmp_path / "deploy"
    inside.mkdir()
    (project,) = parse([container(**{"project.working_dir": str(inside)})])
    assert project.in_git


@pytest.mark.parametrize(
    ("endpoint", "named"),
    [
        ({"IPAddress": "172.18.0.5", "IPPrefixLen": 16}, ["NEAR", "PART"]),
        ({"IPAddress": "172.19.0.5", "IPPrefixLen": 24}, []),
        # Of a container that does not run, and of what is no answer of Docker's.
        ({"IPAddress": "", "IPPrefixLen": 0}, []),
        ({"IPAddress": "172.18.0.5", "IPPrefixLen": 0}, []),
        ({"IPAddress": "nobody", "IPPrefixLen": 16}, []),
        ({}, []),
    ],
)
def test_a_variable_that_names_a_subnet_of_the_container_s_own_is_kept_by_its_name(
    endpoint: dict[str, Any], named: list[str]
) -> None:
    one = container()
    one["Config"]["Env"] = [
        "NEAR=127.0.0.0/8,172.18.0.0/16",
        "PART=172.18.7.0/24",
        "FAR=10.0.0.0/8",
    ]
    # What is not understood hides nothing of the others.
    one["NetworkSettings"]["Networks"] = {"a": endpoint, "b": {}}
    (project,) = parse([one])
    assert [each.where for each in project.containers[0].mentions] == named


def test_a_container_that_does_not_run_has_no_process() -> None:
    stopped = container() | {"State": {"Running": False, "Pid": 99, "StartedAt": "0001"}}
    (project,) = parse([stopped])
    assert project.containers[0].pid == 0
    assert not project.containers[0].running


def test_ports_that_are_published_exposed_or_only_asked_for() -> None:
    entry = container()
    entry["Config"]["ExposedPorts"] = {"80/tcp": {}, "9/udp": {}, "53/udp": {}}
    entry["HostConfig"]["PortBindings"] = {"53/udp": [{"HostIp": "", "HostPort": "5353"}]}
    entry["NetworkSettings"]["Ports"] = {
        "80/tcp": [{"HostIp": "192.0.2.1", "HostPort": "8"}, {"HostIp": "::", "HostPort": "8"}],
        "9/udp": None,
    }
    (project,) = parse([entry])
    assert project.containers[0].ports == (
        "5353->53/udp",
        "192.0.2.1:8->80/tcp",
        "[::]:8->80/tcp",
        "9/udp",
    )


def test_control_characters_are_written_out() -> None:
    entry = container("\x1b[2J", **{"project.working_dir": "/srv/\u202e"})
    (project,) = parse([entry])
    assert project.containers[0].name == r"\x1b[2J"
    assert project.directory == Path(r"/srv/\u202e")


def test_no_containers_are_no_projects() -> None:
    assert parse([]) == ()


def test_containers_are_looked_into_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=10)

    def read(pid: int | str, _tables: object) -> Mapping[str, str] | None:
        if pid in (7, 8):
            both.wait()
        local = "00000000000000000000000000000000:0016"
        # As proc_net_tcp has it: port 0x16 listens over IPv6.
        return {"tcp6": f"sl\n 0: {local} {local[:-4]}0000 0A"} if pid == 7 else {}

    monkeypatch.setattr(projects, "read_tables", read)
    monkeypatch.setattr("wizard.host.names.resolve", lambda _names, _seconds: ({}, None))
    first, second, ended = container("p_web_1"), container("p_web_2"), container("p_web_3")
    second["State"]["Pid"], ended["State"]["Pid"] = 8, 0
    (found,) = projects.looked_into(parse([first, second, ended]))
    heard = {each.name: each.listeners for each in found.containers}
    assert heard["p_web_1"] is not None
    assert [each.port for each in heard["p_web_1"]] == [22]
    assert heard["p_web_2"] == ()
    assert heard["p_web_3"] is None
