import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from wizard.host import docker_process, docker_socket
from wizard.host.docker_socket import INSTALL, connect, socket_path
from wizard.host.looking import CannotTell, output
from wizard.host.processes import Process


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "docker.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    monkeypatch.setattr(docker_socket, "installed", lambda _: None)
    monkeypatch.setattr(docker_socket, "CONTAINER_MARKS", ())
    return path


@pytest.fixture
def silent(path: Path) -> Iterator[Path]:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        yield path


def test_without_docker_host_it_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    assert socket_path() == Path("/var/run/docker.sock")


@pytest.mark.parametrize("address", ["tcp://192.0.2.5:2375", "ssh://root@192.0.2.5", "unix://x"])
def test_an_engine_elsewhere_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", address)
    with pytest.raises(CannotTell, match="not a socket of this host"):
        socket_path()


def test_no_socket_and_no_engine_say_how_to_install_one(path: Path) -> None:
    with pytest.raises(CannotTell) as error:
        connect()
    assert str(error.value) == INSTALL


def test_no_socket_beside_an_engine_says_how_to_start_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_socket, "installed", lambda _: "/usr/sbin/dockerd")
    with pytest.raises(CannotTell, match="not running: start it"):
        connect()


def test_a_socket_that_nobody_listens_on_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_socket, "installed", lambda _: "/usr/sbin/dockerd")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))
    with pytest.raises(CannotTell, match="Nobody listens"):
        connect()


def test_an_engine_that_takes_the_call_and_says_nothing_is_given_up(
    silent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_socket, "COMMAND_TIMEOUT", 0.2)
    with pytest.raises(CannotTell, match=r"did not answer on .*docker\.sock within 0\.2 seconds"):
        connect()


def test_an_engine_that_takes_no_call_is_given_up(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_socket, "COMMAND_TIMEOUT", 0.2)
    with contextlib.ExitStack() as opened:
        listening = opened.enter_context(socket.socket(socket.AF_UNIX))
        listening.bind(str(path))
        listening.listen(0)
        # As many callers wait as there is room for, and whoever calls next would wait as well.
        with pytest.raises(BlockingIOError):
            while True:
                waiting = opened.enter_context(socket.socket(socket.AF_UNIX))
                waiting.setblocking(False)
                waiting.connect(str(path))
        with pytest.raises(CannotTell):
            connect()


def test_an_engine_that_sleeps_is_not_woken(silent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setattr(docker_socket, "DEFAULT", silent)
    monkeypatch.setattr(docker_process, "sleeps", lambda: True)
    woken = list[object]()
    monkeypatch.setattr(socket.socket, "connect", lambda *_: woken.append(None))
    with pytest.raises(CannotTell, match="not running: start it"):
        connect()
    assert woken == []


def test_where_systemd_listens_for_an_engine_it_is_the_one_that_runs(
    silent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = Process("dockerd", 0, own=True, words=("dockerd", "--debug"))
    monkeypatch.setattr(docker_process, "running", lambda: running)
    monkeypatch.setattr(docker_process, "_listener", lambda path: 1)
    assert docker_process.engine_words(silent) == running.words
    # Whoever else listens is looked at itself.
    monkeypatch.setattr(docker_process, "_listener", lambda path: os.getpid())
    assert docker_process.engine_process(silent) is None


def test_an_answer_that_is_not_http_is_told(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def babble() -> None:
            while True:
                caller, _address = listening.accept()
                with caller, contextlib.suppress(OSError):
                    if caller.recv(1024):
                        caller.sendall(b"\x1b[2J 550 go away\r\n\r\n")
                        return

        threading.Thread(target=babble, daemon=True).start()
        with pytest.raises(CannotTell, match="could not be asked") as error:
            connect()
    assert "\x1b" not in str(error.value)


def test_an_engine_of_a_users_own_is_told_and_not_called_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(docker_socket, "DEFAULT", tmp_path / "docker.sock")
    monkeypatch.setattr(docker_socket, "RUNTIME", tmp_path)
    monkeypatch.setattr(docker_socket, "installed", lambda _: "/usr/bin/dockerd")
    monkeypatch.setattr(docker_process, "sleeps", lambda: False)
    with pytest.raises(CannotTell, match="not running"):
        connect()
    (tmp_path / "1000").mkdir()
    (tmp_path / "1000" / "docker.sock").touch()
    with pytest.raises(CannotTell, match=r"runs rootless here.*1000/docker\.sock"):
        connect()


def test_inside_a_container_it_says_so(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / ".dockerenv"
    mark.touch()
    monkeypatch.setattr(docker_socket, "CONTAINER_MARKS", (mark,))
    with pytest.raises(CannotTell, match=r"run inside a container itself.*on the host on which"):
        connect()


def test_an_engine_outside_the_wizards_own_container_is_told(
    silent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_socket, "is_outside", lambda pid: pid == os.getpid())
    with pytest.raises(CannotTell, match="is not here: the wizard seems to run inside a container"):
        connect()


def test_a_command_that_fails_tells_nothing_of_the_host() -> None:
    assert output(("echo", "found")) == "found\n"
    with pytest.raises(CannotTell, match=r"failed: exit code 1\."):
        output(("false",))
    with pytest.raises(CannotTell, match=r"failed: no such thing\."):
        output(("sh", "-c", "echo half; echo no such thing >&2; exit 3"))
    with pytest.raises(CannotTell, match="is not installed"):
        output(("no-such-program",))
