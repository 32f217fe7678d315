import json
import os
import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.recorded import DEBIAN12, DEBIAN13, DEBIAN14, answer, text
from wizard.host.docker_process import engine_words, unit_in
from wizard.host.filtering import engine_forwards
from wizard.host.host import Engine
from wizard.host.looking import CannotTell
from wizard.host.parts import docker_engine, kernel
from wizard.host.parts.docker_engine import configuration, obstacles, option, parse

MODERN = {"Version": "28.5.2", "ApiVersion": "1.51"}
BEFORE = {"Version": "26.1.5", "ApiVersion": "1.45"}


def managed(version: dict[str, Any], *words: str, **settings: object) -> bool:
    return parse(version, {}, json.dumps(settings), ("dockerd", *words)).manages_ip6tables


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (DEBIAN12, Engine("20.10.24+dfsg1", "1.41", manages_ip6tables=False)),
        (DEBIAN13, Engine("26.1.5+dfsg1", "1.45", manages_ip6tables=False)),
        (DEBIAN14, Engine("28.5.2+dfsg4", "1.51", manages_ip6tables=True)),
    ],
)
def test_a_real_engine_is_told_by_its_answers(machine: str, expected: Engine) -> None:
    words = text(machine, "dockerd-words").splitlines()
    found = parse(answer(machine, "version"), answer(machine, "info"), "{}", words)
    assert found == expected


def test_from_27_on_docker_keeps_ip6tables_unless_it_is_told_not_to() -> None:
    assert managed(MODERN)
    assert managed({"Version": "27.0.1", "ApiVersion": "1.46"})
    assert not managed(MODERN, ip6tables=False)
    assert not managed(MODERN, "--ip6tables=false")


def test_before_27_it_takes_both_ip6tables_and_experimental() -> None:
    assert not managed(BEFORE)
    assert not managed(BEFORE, ip6tables=True)
    assert not managed(BEFORE, experimental=True)
    assert managed(BEFORE, ip6tables=True, experimental=True)
    assert managed(BEFORE, "--ip6tables", "--experimental=true")
    assert managed(BEFORE, "--experimental", ip6tables=True)


def test_the_last_value_of_an_option_counts() -> None:
    assert option(("dockerd", "--config-file", "/a"), "config-file") == "/a"
    assert option(("dockerd", "--config-file=/a", "--config-file=/b"), "config-file") == "/b"
    assert option(("dockerd", "--debug"), "config-file") is None


def test_what_info_says_is_carried_over() -> None:
    info = {
        "FirewallBackend": {"Driver": "nftables"},
        "LiveRestoreEnabled": True,
        "Swarm": {"LocalNodeState": "active"},
        "SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"],
    }
    assert parse(MODERN, info, "{}", ()) == Engine(
        "28.5.2", "1.51", True, "nftables", live_restore=True, swarm=True, rootless=True
    )


@pytest.mark.parametrize("configuration", ["", "not json", "[]", '{"ip6tables": "no"}'])
def test_a_broken_daemon_json_counts_as_saying_nothing(configuration: str) -> None:
    assert parse(MODERN, {}, configuration, ()).manages_ip6tables


def test_podman_under_dockers_name_is_refused() -> None:
    version = {"Version": "4.3.1", "ApiVersion": "1.41", "Components": [{"Name": "Podman Engine"}]}
    with pytest.raises(CannotTell, match="Podman"):
        parse(version, {}, "{}", ())


def test_docker_desktop_is_refused() -> None:
    with pytest.raises(CannotTell, match="virtual machine"):
        parse(MODERN, {"OperatingSystem": "Docker Desktop"}, "{}", ())


@pytest.mark.parametrize("version", ["", "dev", "20"])
def test_a_version_without_numbers_is_unknown_and_breaks_nothing(version: str) -> None:
    with pytest.raises(CannotTell, match="no version"):
        parse({"Version": version, "ApiVersion": "1.41"}, {}, "{}", ())


def test_a_configuration_that_cannot_be_read_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    file = tmp_path / "daemon.json"
    assert configuration((), file) == "{}"
    file.write_text('{"ip6tables": false}')
    assert configuration((), file) == '{"ip6tables": false}'
    assert configuration(("dockerd", "--config-file", str(file)), tmp_path / "no") == (
        '{"ip6tables": false}'
    )
    # What is not a whole path is one from the root folder, wherever the wizard was started.
    assert configuration(("dockerd", "--config-file", str(file)[1:])) == '{"ip6tables": false}'
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(CannotTell, match="not a regular file"):
        configuration(("dockerd", f"--config-file={file}"))


def test_the_listener_of_a_socket_is_believed_only_if_it_is_roots_dockerd(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        assert engine_words(path) == ()


def test_defaults_of_bridge_networks_come_from_the_file_and_the_words() -> None:
    nat, routed = ("gateway_mode_ipv6", "nat"), ("gateway_mode_ipv6", "routed")
    file = json.dumps({"default-network-opts": {"bridge": dict([nat]), "overlay": {"a": "b"}}})
    assert parse(MODERN, {}, file, ()).network_defaults == (nat,)
    words = ("dockerd", "--default-network-opt", "bridge=gateway_mode_ipv6=routed")
    assert parse(MODERN, {}, file, words).network_defaults == (routed,)
    joined = ("dockerd", "--default-network-opt=overlay=a=b")
    assert parse(MODERN, {}, "{}", joined).network_defaults == ()
    assert parse(MODERN, {}, '{"default-network-opts": ["x"]}', ()).network_defaults == ()


@pytest.mark.parametrize(
    ("groups", "unit"),
    [
        ("0::/system.slice/docker.service", "docker.service"),
        ("0::/system.slice/snap.docker.dockerd.service", "snap.docker.dockerd.service"),
        ("12:pids:/x\n1:name=systemd:/system.slice/engine.service", "engine.service"),
        ("0::/user.slice/user-0.slice/session-1.scope", ""),
        ("0::/system.slice/docker-0a1b.scope", ""),
        ("nonsense\n0:", ""),
    ],
)
def test_the_unit_of_a_process_is_told_by_its_control_group(groups: str, unit: str) -> None:
    assert unit_in(groups.splitlines()) == unit


def test_an_engine_of_another_unit_is_in_the_way_and_says_what_would_do() -> None:
    engine = parse(MODERN, {}, "{}", ())
    assert not list(obstacles(engine))
    (snap,) = obstacles(replace(engine, unit="snap.docker.dockerd.service"))
    assert "after a reboot nothing of it would come back" in snap.sentence
    assert "docker.io" in snap.sentence
    (other,) = obstacles(replace(engine, unit="engine.service"))
    assert "systemctl reenable engine.service" in other.sentence


@pytest.mark.parametrize(
    ("configuration", "words"),
    [('{"firewall-backend": "nftables"}', ()), ("{}", ("dockerd", "--firewall-backend=nftables"))],
)
def test_an_engine_that_will_work_with_nftables_does_not_switch_forwarding_on(
    configuration: str, words: tuple[str, ...]
) -> None:
    running = {"FirewallBackend": {"Driver": "iptables"}}
    engine = parse({"Version": "29.7.2", "ApiVersion": "1.55"}, running, configuration, words)
    assert (engine.firewall_backend, engine.next_firewall_backend) == ("iptables", "nftables")
    assert not engine_forwards(engine)
    assert engine_forwards(replace(engine, next_firewall_backend="iptables"))


def test_a_kernel_of_windows_is_said() -> None:
    assert "inside Windows" in kernel.notes("6.6.87.2-microsoft-standard-WSL2")[0]
    assert kernel.in_words("6.12.48+deb13-amd64") == ("6.12.48+deb13-amd64", "ok")


@pytest.mark.parametrize(
    ("unit", "known", "expected"),
    [
        ("docker.service", None, ""),
        ("", "docker.service\n", ""),
        # docker.service is another name of it.
        ("own.service", "own.service\n", ""),
        ("own.service", "docker.service\n", "own.service"),
        ("own.service", None, ""),
    ],
)
def test_a_unit_that_docker_runs_in_is_told_where_it_has_another_name(
    monkeypatch: pytest.MonkeyPatch, unit: str, known: str | None, expected: str
) -> None:
    def output(words: Sequence[str]) -> str:
        if known is None or "--property=Id" not in words or words[-1] != "docker.service":
            raise CannotTell("systemd does not say.")
        return known

    monkeypatch.setattr(docker_engine, "output", output)
    assert docker_engine._other_unit(unit) == expected
