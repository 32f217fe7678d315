"""The plan as a shell script: it is a shell's, and what it writes is what the wizard writes."""

import os
import re
import shlex
import subprocess
from dataclasses import fields, replace
from pathlib import Path

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import ARTICLE, TODAY, Deployment, deployment
from wizard.answers.choices import Placement
from wizard.compose.read import parse
from wizard.host.host import Unknown
from wizard.plan.planning import Plan
from wizard.plan.script import render
from wizard.platform.errors import Refused
from wizard.platform.system import FileState
from wizard.platform.text import clean
from wizard.program import program
from wizard.steps import ip6tables
from wizard.steps.actions import Run, WriteFile
from wizard.steps.base import Step
from wizard.steps.compose_file import ComposeFile
from wizard.steps.mend import Mend

SHAPES = sorted((Path(__file__).parent / "compose_shapes").glob("*.shape"))


def at(directory: str, text: str, **choices: object) -> Deployment:
    """A deployment whose Compose file is in a directory of one's own choice."""
    host = made_up_hosts.debian12()
    assert not isinstance(host.projects, Unknown)
    where = Path(directory)
    project = replace(host.projects[0], directory=where, files=(where / "docker-compose.yml",))
    return deployment(replace(host, projects=(project,)), text, **choices)


def accepted_by_the_shell(script: str) -> None:
    done = subprocess.run(
        ["sh", "-n"], input=script.encode("utf-8", "surrogateescape"), capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


def variants(text: str) -> list[str]:
    return [text, text.replace("\n", "\r\n"), text.removesuffix("\n")]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda path: path.stem)
def test_the_shell_takes_the_script_for_every_shape_of_compose_file(shape: Path) -> None:
    head, _, rest = shape.read_bytes().decode().partition(">>>>> before\n")
    text = re.split(r"^>>>>> ", rest, flags=re.MULTILINE)[0]
    services = dict(line.split(": ") for line in head.splitlines())["services"].split()
    scripts = []
    for placement in Placement:
        for variant in variants(text):
            try:
                made = at("/srv/x", variant, services=tuple(services), placement=placement)
                scripts.append(render(made.plan()))
            except Refused:
                continue
    # One shell for all: a function a script, which is read and never called.
    whole = "\n".join(f"f{n}() {{\n{each}\n}}" for n, each in enumerate(scripts))
    accepted_by_the_shell(whole)


HOSTILE = [
    "/srv/it's mine",
    '/srv/"double" $HOME `id` $(id)',
    "/srv/a;b|c&d>e",
    "/srv/-n",
    "/srv/größe 日本",
    "/srv/new\nline",
    "/srv/*?[a]",
    "/srv/back\\slash",
]


@pytest.mark.parametrize("directory", HOSTILE)
def test_the_shell_takes_a_path_of_any_name_as_one_word(directory: str) -> None:
    script = render(at(directory, TODAY).plan())
    accepted_by_the_shell(script)
    assert shlex.quote(f"{directory}/docker-compose.yml") in script


def test_remarks_and_reasons_are_comments() -> None:
    plan = replace(
        deployment(made_up_hosts.debian14()).plan(),
        remarks=("One\nrm -rf / \x1b[2J.",),
        notices=("People notice\nrm.",),
    )
    script = render(plan)
    accepted_by_the_shell(script)
    assert "\nrm" not in script
    assert "\x1b" not in script
    words = script.replace("\n# ", " ")
    assert all(step.title in words for step in plan.steps)
    assert "# One" in script and "# People notice" in script


def test_the_script_can_be_shown_on_a_terminal_whatever_is_in_the_files() -> None:
    text = TODAY.replace("# Two", "# gr\u202eöße Two").replace("\n", "\r\n")
    script = render(at("/srv/x", text).plan())
    assert clean(script) == script
    assert "base64 --decode" in script


def test_every_command_of_the_preview_is_a_line_of_the_script() -> None:
    plan = deployment(made_up_hosts.debian13()).plan()
    lines = iter(render(plan).splitlines())
    runs = [each.line for step in plan.steps for each in step.actions() if isinstance(each, Run)]
    # In their order: each is looked for after the one before.
    assert [line for line in runs if line in lines] == runs


def elsewhere(plan: Plan, root: Path) -> Plan:
    """The same plan, for files below another root that are as :func:`put` leaves them."""
    here = FileState("", 0o640, os.geteuid(), os.getegid())

    def moved(step: Step) -> Step:
        changes: dict[str, object] = {
            field.name: f"{root}{getattr(step, field.name)}"
            for field in fields(step)
            if field.name == "path"
        }
        if "path" in changes and hasattr(step, "files"):
            changes["files"] = tuple(f"{root}{each}" for each in step.files)
        if isinstance(step, ComposeFile) and step.before:
            changes["before"] = replace(here, text=step.before.text)
        return replace(step, **changes) if changes else step

    return replace(plan, steps=tuple(moved(step) for step in plan.steps))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with Debian's folders, and programs that do nothing but note what they were given."""
    monkeypatch.setattr(ip6tables, "DIRECTORY", f"{tmp_path}{ip6tables.DIRECTORY}")
    for folder in ("etc/sysctl.d", "etc/systemd/system", "bin", "tmp"):
        (tmp_path / folder).mkdir(parents=True)
    # The wizard that makes its copy is this very checkout's, which would do so on this computer.
    monkeypatch.setattr(program, "typed", lambda *words: shlex.join(["wizard", *words]))
    quiet = ["docker", "ip6tables-restore", "sysctl", "systemctl", "wizard"]
    for name in [*quiet, *([] if os.geteuid() == 0 else ["chown"])]:
        stub(tmp_path / "bin" / name, "exit 0")
    stub(tmp_path / "bin/wizard", "exit 0")
    monkeypatch.setattr(program, "typed", lambda *words: shlex.join(["wizard", *words]))
    stub(tmp_path / "bin/docker-compose", f"cat > {shlex.quote(str(tmp_path / 'asked'))}")
    return tmp_path


def stub(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def run_script(root: Path, plan: Plan) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["sh"],
        input=render(plan).encode("utf-8", "surrogateescape"),
        env={"PATH": f"{root / 'bin'}:/usr/bin:/bin", "TMPDIR": str(root / "tmp")},
        capture_output=True,
        timeout=60,
    )


def put(made: Deployment, root: Path) -> Path:
    path = root / made.path.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made.system.files[made.path].text.encode("utf-8", "surrogateescape"))
    path.chmod(0o640)
    return path


FILES = {
    "plain": TODAY,
    "crlf": TODAY.replace("\n", "\r\n"),
    "no final newline": TODAY.removesuffix("\n"),
    "byte order mark": f"\ufeff{TODAY}",
    "what a shell would act on": f"{TODAY}\nx-odd: |\n  $HOME `id` $(id) 'a' \\\\ \\\n",
    "of 2017": ARTICLE,
    "other alphabets": TODAY.replace("# Two", "# größe 日本 😀 Two"),
}


@pytest.mark.parametrize("placement", list(Placement))
@pytest.mark.parametrize("text", FILES.values(), ids=FILES.keys())
def test_the_script_writes_the_very_bytes_that_the_wizard_writes(
    root: Path, text: str, placement: Placement
) -> None:
    made = at("/srv/it's mine", text, placement=placement)
    plan = elsewhere(made.plan(), root)
    compose = put(made, root)
    done = run_script(root, plan)
    assert done.returncode == 0, done.stderr.decode()
    written = 0
    for step in plan.steps:
        for action in step.actions():
            if isinstance(action, WriteFile):
                path = Path(action.path)
                wanted = action.after.text.encode("utf-8", "surrogateescape")
                assert path.read_bytes() == wanted
                assert path.stat().st_mode & 0o777 == action.after.mode
                written += 1
    assert written == 5
    assert (compose.read_bytes() == text.encode()) == (placement is Placement.OVERRIDE)
    # What it keeps meanwhile, which may hold passwords, is gone.
    assert list((root / "tmp").iterdir()) == []
    # Compose was asked about the text that was then written.
    asked = (root / "asked").read_bytes()
    assert parse(asked, "asked").services or placement is Placement.OVERRIDE


@pytest.mark.parametrize("edited", ["compose", "ours"])
def test_the_script_changes_nothing_on_a_host_that_is_not_as_it_was(
    root: Path, edited: str
) -> None:
    made = at("/srv/x", TODAY)
    plan = elsewhere(made.plan(), root)
    compose = put(made, root)
    other = compose if edited == "compose" else root / "etc/sysctl.d/zz-docker-ipv6-wizard.conf"
    other.write_text("# somebody was here\n")
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert run_script(root, plan).returncode != 0
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_the_script_changes_nothing_where_a_file_has_another_mode(root: Path) -> None:
    made = at("/srv/x", TODAY)
    compose = put(made, root)
    compose.chmod(0o666)
    done = run_script(root, elsewhere(made.plan(), root))
    assert done.returncode != 0
    assert done.stderr.decode().endswith("owner and mode that the plan found.\n")
    assert compose.read_text() == TODAY
    assert compose.stat().st_mode & 0o777 == 0o666
    assert list((root / "etc/sysctl.d").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to somebody else")
@pytest.mark.parametrize("given", [(1234, -1), (-1, 1234)], ids=["owner", "group"])
def test_the_script_changes_nothing_where_a_file_was_given_away(
    root: Path, given: tuple[int, int]
) -> None:
    made = at("/srv/x", TODAY)
    compose = put(made, root)
    os.chown(compose, *given)
    assert run_script(root, elsewhere(made.plan(), root)).returncode != 0
    assert 1234 in (compose.stat().st_uid, compose.stat().st_gid)
    assert compose.read_text() == TODAY
    assert list((root / "etc/sysctl.d").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to somebody else")
def test_the_script_keeps_a_file_that_is_given_away_while_it_runs(root: Path) -> None:
    made = at("/srv/x", TODAY)
    compose = put(made, root)
    stub(root / "bin/docker", f"chown 1234 {shlex.quote(str(compose))}")
    assert run_script(root, elsewhere(made.plan(), root)).returncode != 0
    assert compose.stat().st_uid == 1234
    assert compose.read_text() == TODAY


def test_the_script_does_not_write_through_a_link_that_leads_nowhere_yet(root: Path) -> None:
    made = at("/srv/x", TODAY)
    plan = elsewhere(made.plan(), root)
    compose = put(made, root)
    link, victim = root / "etc/sysctl.d/zz-docker-ipv6-wizard.conf", root / "victim"
    link.symlink_to(victim)
    before = compose.read_bytes()
    assert run_script(root, plan).returncode != 0
    assert not victim.exists()
    assert link.is_symlink()
    assert compose.read_bytes() == before


class Victim:
    """A file and a folder of root's that an owner of the Compose folder wants to have changed."""

    def __init__(self, root: Path, compose: Path) -> None:
        self.folder, self.compose = root / "victim", compose
        self.folder.mkdir()
        self.file = self.folder / compose.name
        self.file.write_bytes(compose.read_bytes())

    def is_whole(self) -> bool:
        kept = [path.name for path in self.folder.iterdir()] == [self.file.name]
        return kept and self.file.read_bytes() == TODAY.encode()


ATTACKS = {
    "the folder that was just made": (
        "mktemp",
        '/usr/bin/mktemp "$@" > {root}/made; new=$(cat {root}/made); '
        'mv "$new" {root}/gone; ln -s {root}/victim "$new"; echo "$new"',
    ),
    "the file, once its text is written": (
        "chown",
        'ln -sf {root}/victim/{name} {folder}/{name}; exec /usr/bin/chown "$@"',
    ),
    "the folder, before it is entered": (
        "docker-compose",
        "cat > /dev/null; mv {folder} {folder}.away; ln -s {root}/victim {folder}",
    ),
}
"""What is replaced by a link, during which program, and how."""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may chown, which one of them waits for")
@pytest.mark.parametrize(("moment", "attack"), ATTACKS.values(), ids=ATTACKS.keys())
def test_the_script_follows_no_link_that_appears_while_it_runs(
    root: Path, moment: str, attack: str
) -> None:
    made = at("/srv/x", TODAY)
    plan = elsewhere(made.plan(), root)
    compose = put(made, root)
    victim = Victim(root, compose)
    line = attack.format(root=root, folder=compose.parent, name=compose.name)
    # The files before the Compose file are written in peace.
    peace = f'case "$PWD" in {compose.parent}*) ;; *) exec /usr/bin/{moment} "$@" ;; esac'
    stub(root / "bin" / moment, line if moment == "docker-compose" else f"{peace}\n{line}")
    done = run_script(root, plan)
    assert done.returncode != 0, done.stdout
    assert victim.is_whole()


def test_the_script_changes_nothing_where_compose_does_not_take_the_result(root: Path) -> None:
    made = at("/srv/x", TODAY)
    plan = elsewhere(made.plan(), root)
    compose = put(made, root)
    stub(root / "bin/docker-compose", "exit 15")
    assert run_script(root, plan).returncode == 15
    assert compose.read_text() == TODAY
    assert list((root / "etc/sysctl.d").iterdir()) == []


def test_what_looks_beforehand_does_not_read_the_script_itself(root: Path) -> None:
    made = at("/srv/x", TODAY)
    compose = put(made, root)
    plan = elsewhere(made.plan(), root)
    looking = Mend(1, "Something", "It is gone.", asked=(Run(("cat",)),))
    done = run_script(root, replace(plan, steps=(looking, *plan.steps)))
    assert done.stdout == b""
    assert compose.read_text() != TODAY


def test_the_script_stops_at_the_first_command_that_fails(root: Path) -> None:
    made = at("/srv/x", TODAY)
    plan = elsewhere(made.plan(), root)
    compose = put(made, root)
    stub(root / "bin/ip6tables-restore", "exit 3")
    assert run_script(root, plan).returncode == 3
    assert compose.read_text() == TODAY
    assert not (root / "etc/systemd/system/docker-ipv6-wizard.service").exists()


@pytest.mark.parametrize("text", ["END_OF_FILE\nrm\n", "a\nEND_OF_FILE\n", "\n", "", "a\n\n"])
def test_a_text_that_holds_the_mark_of_the_script_itself_is_written_whole(
    root: Path, text: str
) -> None:
    made = at("/srv/x", TODAY)
    compose = put(made, root)
    plan = elsewhere(made.plan(), root)
    steps = [
        replace(step, after=FileState(text)) if isinstance(step, ComposeFile) else step
        for step in plan.steps
    ]
    assert run_script(root, replace(plan, steps=tuple(steps))).returncode == 0
    assert compose.read_text() == text


def test_a_file_of_ours_that_is_not_text_is_recognised_by_its_bytes(root: Path) -> None:
    made = at("/srv/x", TODAY)
    odd = b"caf\xe9\r\n"
    path = root / "etc/sysctl.d/zz-docker-ipv6-wizard.conf"
    path.write_bytes(odd)
    put(made, root)
    plan = elsewhere(made.plan(), root)
    state = FileState(odd.decode("utf-8", "surrogateescape"), 0o644, os.geteuid(), os.getegid())
    steps = (replace(plan.steps[0], previous=state), *plan.steps[1:])  # type: ignore[call-arg]
    assert run_script(root, replace(plan, steps=steps)).returncode == 0
    assert path.read_bytes().startswith(b"# IPv6 for containers.")
