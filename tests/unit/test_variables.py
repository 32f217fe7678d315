"""What the environment names is neither run, written nor believed: only known variables count."""

import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.lines import PATIENCE
from wizard import __main__ as command
from wizard.host.docker_socket import connect
from wizard.host.looking import CannotTell
from wizard.platform import variables

ROOT = Path(__file__).parents[2]

HOSTILE = {
    "TEXTUAL_DRIVER": "theirs:Driver",
    "TEXTUAL_PRESS": "enter,enter,enter",
    "TEXTUAL_SCREENSHOT": "0",
    "TEXTUAL_COLOR_SYSTEM": "nonsense",
    "COLUMNS": "1000000000",
    "LINES": "-1",
    "TMPDIR": "/nonexistent",
    "PAGER": "./theirs",
    "EDITOR": "./theirs",
    "BASH_ENV": "./theirs",
    "ENV": "./theirs",
    "IFS": "/e",
    "PERL5LIB": ".",
    "GCONV_PATH": ".",
    "OPENSSL_CONF": "./theirs",
    "SSLKEYLOGFILE": "./keys",
    "RES_OPTIONS": "debug",
    "HOSTALIASES": "./theirs",
    "DOCKER_CONTEXT": "theirs",
    "DOCKER_CERT_PATH": ".",
    "COMPOSE_FILE": "./theirs",
    "SYSTEMD_PAGER": "./theirs",
    "SYSTEMD_LESSOPEN": "./theirs",
    "LD_LIBRARY_PATH": ".",
    "XDG_CONFIG_HOME": ".",
    "XDG_RUNTIME_DIR": ".",
    "PIP_PYTHON": "./theirs",
    "PIP_CONFIG_FILE": "./theirs",
    "APT_CONFIG": "./theirs",
    "NOBODY_KNOWS": "x",
}

# The screens on a host that is not looked at, opened by the command that everybody types.
OPENED = """
import sys
sys.path[:0] = [{root!r}]
from wizard import verbs
from tests.screens.made_up_session import MadeUpSession
verbs.session = lambda *_: MadeUpSession(hold_detection=True)
sys.path[:0] = [{folder!r}]
from wizard.__main__ import main
sys.exit(main())
"""


def opened(folder: Path, environment: dict[str, str]) -> "pexpect.spawn[str]":
    return pexpect.spawn(
        sys.executable,
        ["-P", "-c", OPENED.format(root=str(ROOT), folder=str(folder))],
        cwd=str(folder),
        env={"PATH": os.environ["PATH"], "TERM": "xterm"} | environment,
        dimensions=(24, 80),
        encoding="utf-8",
        timeout=PATIENCE,
    )


def test_what_the_environment_names_is_neither_imported_nor_written_nor_pressed(
    tmp_path: Path,
) -> None:
    for name in ("theirs", "theirs.py"):
        (tmp_path / name).write_text(f"open({str(tmp_path / 'was-run')!r}, 'w')\nclass Driver: 1\n")
    before = set(tmp_path.iterdir())
    files = {name: str(tmp_path / name) for name in ("TEXTUAL_LOG", "TEXTUAL_SCREENSHOT_FILENAME")}
    terminal = opened(tmp_path, HOSTILE | files)
    try:
        terminal.expect_exact("look at this host")
        # Neither as wide as was said, nor a screen further.
        assert terminal.isalive()
        terminal.send("\x11")
        terminal.expect_exact("Leave the wizard?")
        terminal.send("y")
        terminal.expect(pexpect.EOF)
    finally:
        terminal.close(force=True)
    assert terminal.exitstatus == 0
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "term", ["x" * 100_000, "\x1b]0;theirs\x07", "../../theirs", "", "dumb"],
    ids=["long", "escape", "path", "empty", "dumb"],
)  # fmt: skip
def test_a_terminal_of_no_kind_is_said_to_be_none(tmp_path: Path, term: str) -> None:
    terminal = opened(tmp_path, {"TERM": term})
    said = terminal.read()
    terminal.close()
    assert terminal.exitstatus == 2
    assert "needs a terminal that can show full screens" in said
    assert "\x1b" not in said


def test_only_what_is_known_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    known = {
        "TERM": "xterm-256color", "NO_COLOR": "1", "LANG": "de_DE.UTF-8@euro",
        "TZ": "Europe/Berlin",
        "HOME": "/home/somebody", "SUDO_USER": "somebody", "http_proxy": "http://192.0.2.1:3128/",
        "DOCKER_HOST": "unix:///run/other.sock", "DOCKER_CONFIG": "/srv/docker",
    }  # fmt: skip
    found = known | HOSTILE | {"PATH": ".:/theirs"}
    variables.limit(found)
    assert found == known | {"PATH": variables.PATH}
    odd = {
        "LC_ALL": "../../theirs", "LANG": "en/../../../theirs", "TZ": ":/etc/shadow",
        "COLORTERM": "\x1b[2J", "TERM": "a b",
        "SUDO_USER": "a\nb", "HOME": "x" * 5000, "SSH_CONNECTION": "\x9b2J",
    }  # fmt: skip
    variables.limit(odd)
    assert odd == {"PATH": variables.PATH}


def test_root_s_own_home_and_settings_of_docker_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give files away")
    monkeypatch.delenv("SUDO_UID", raising=False)
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    for folder in (mine, theirs):
        folder.mkdir()
    os.chown(theirs, 1000, 1000)
    found = {"HOME": str(theirs)}
    variables.limit(found)
    assert found["HOME"] == variables._home() != str(theirs)
    monkeypatch.setenv("DOCKER_CONFIG", str(mine))
    assert command.doubted_settings() == ""
    monkeypatch.setenv("DOCKER_CONFIG", str(theirs))
    assert "is left out" in command.doubted_settings()
    assert "DOCKER_CONFIG" not in os.environ
    # Who may become root by sudo can run anything.
    monkeypatch.setenv("SUDO_UID", "1000")
    monkeypatch.setenv("DOCKER_CONFIG", str(theirs))
    assert command.doubted_settings() == ""
    assert os.environ["DOCKER_CONFIG"] == str(theirs)


def test_commands_and_the_worker_get_next_to_nothing() -> None:
    inherited = HOSTILE | {"HOME": "/root", "PATH": ".", "LC_ALL": "tr_TR.UTF-8", "SUDO_USER": "x"}
    assert variables.for_worker(inherited) == {"HOME": "/root"}
    assert variables.for_commands(inherited) == {
        "HOME": "/root",
        "PATH": variables.PATH,
        "LC_ALL": "C.UTF-8",
        "DOCKER_HOST": "unix:///var/run/docker.sock",
        "COMPOSE_EXPERIMENTAL_GIT_REMOTE": "false",
        "COMPOSE_EXPERIMENTAL_OCI_REMOTE": "false",
    }


def test_the_set_up_and_the_wizard_let_the_same_through_for_fetching() -> None:
    text = (ROOT / "bin" / "environment").read_text()
    (listed,) = re.findall(r"\n    for name in HOME ([^;]*); do", text)
    assert set(listed.replace("\\", " ").split()) == set(variables.FETCHING)


def test_the_set_up_hands_on_what_it_lets_through_whatever_it_holds(tmp_path: Path) -> None:
    said = tmp_path / "said"
    odd = {"PIP_CERT": 'it\'s a "$(touch ran)" `touch ran`\nand more', "HOME": "/root"}
    script = f'root={ROOT}; . "$root/bin/environment"; apart env -0 >said'
    subprocess.run(
        ["/bin/sh", "-c", script], cwd=tmp_path, env=HOSTILE | odd | {"PATH": os.environ["PATH"]},
        check=True, timeout=PATIENCE,
    )  # fmt: skip
    found = dict(each.split("=", 1) for each in said.read_text().split("\0") if each)
    assert odd.items() <= found.items()
    assert not set(HOSTILE) & set(found)
    assert list(tmp_path.iterdir()) == [said]


@pytest.fixture
def everybodys() -> Iterator[Path]:
    """A folder that everybody reaches. Each pytest closes those of pytest's to all others."""
    if os.getuid() != 0:
        pytest.skip("only root can become somebody else")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each in folder.parents:
            if each.stat().st_mode & 0o001 == 0:
                each.chmod(0o711)
        folder.chmod(0o777)
        yield folder


def test_an_engine_that_is_not_root_s_is_not_asked(
    everybodys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = everybodys / "docker.sock"
    asked: list[bytes] = []
    # listen(2) by somebody else, as the kernel notes it.
    listener = subprocess.Popen(
        [
            sys.executable, "-c",
            "import os, socket, sys\nos.setuid(1000)\ns = socket.socket(socket.AF_UNIX)\n"
            "s.bind(sys.argv[1]); s.listen(); print(flush=True)\n"
            "while True:\n    c, _ = s.accept(); print(c.recv(100), flush=True); c.close()",
            str(path),
        ],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert listener.stdout is not None
        listener.stdout.readline()
        reader = threading.Thread(target=lambda: asked.extend(listener.stdout or []))
        reader.start()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        with pytest.raises(CannotTell, match="is not root's"):
            connect()
    finally:
        listener.kill()
        listener.wait(PATIENCE)
    reader.join(PATIENCE)
    assert asked in ([], [b"b''\n"])


LETTERS = """
import io, os, sys
from wizard.platform import streams
sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb"), encoding="latin-1")
streams.take_every_letter()
sys.stdout.write("\\u201c\\xfc")
"""


def test_a_letter_that_the_language_does_not_have_ends_nothing_and_is_whole_in_a_file(
    tmp_path: Path,
) -> None:
    program = tmp_path / "program.py"
    program.write_text(LETTERS)
    done = subprocess.run(
        [sys.executable, str(program)], cwd=ROOT, capture_output=True, timeout=PATIENCE
    )
    assert done.stdout.decode() == "\u201c\xfc", done.stderr
    terminal = pexpect.spawn(
        sys.executable, [str(program)], cwd=str(ROOT), timeout=PATIENCE, encoding="latin-1"
    )
    assert terminal.read() == '"\xfc'
    terminal.close()
