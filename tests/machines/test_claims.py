"""Containers that claim the deployment by their labels: none is believed, joined or written for."""

import ctypes
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.support import SERVICES, answer, apply, reaches_internet, undo, wizard
from tests.machines.test_detection import detect
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal.deployment import Deployment
from wizard.rehearsal.machine import Machine

NETWORK = "mastodon_ipv6"
FOLDER, EVIL = deployments.FOLDER, "/srv/evil"
FILE, THEIRS = f"{FOLDER}/docker-compose.yml", f"{EVIL}/docker-compose.yml"
SECRET = "/root/secret"
IN_OPEN = 0x20  # inotify(7)


@contextmanager
def opened(*paths: Path) -> Iterator[list[str]]:
    """Gather which of the files were opened by anybody."""
    libc, seen = ctypes.CDLL(None, use_errno=True), list[str]()
    descriptor = libc.inotify_init1(os.O_NONBLOCK)
    try:
        watches = {
            libc.inotify_add_watch(descriptor, os.fsencode(path), IN_OPEN): path.name
            for path in paths
        }
        assert -1 not in watches, os.strerror(ctypes.get_errno())
        yield seen
        try:
            events = os.read(descriptor, 65536)
        except BlockingIOError:
            return
        while events:
            seen.append(watches[int.from_bytes(events[:4], "little")])
            events = events[16 + int.from_bytes(events[12:16], "little") :]
    finally:
        os.close(descriptor)


def labels_of(machine: Machine, container: str) -> dict[str, str]:
    shown = machine.run(["docker", "inspect", "-f", "{{json .Config.Labels}}", container]).stdout
    found: dict[str, str] = json.loads(shown)
    return found


def start(machine: Machine, name: str, image: str, **labels: str) -> str:
    words = [word for key, text in labels.items() for word in ("--label", f"{key}={text}")]
    options = ["--detach", "--name", name, "--volume", f"{EVIL}:/evil", *words]
    return machine.run(["docker", "run", *options, image, "sleep", "1000"]).stdout.strip()


def attack(machine: Machine, mastodon: Deployment) -> list[str]:
    """Start every container that claims to be of the deployment, and return their names."""
    machine.shell(
        f"mkdir {EVIL}; cp {FILE} {THEIRS}; chown -R 1234 {EVIL}; mkfifo {EVIL}/pipe; "
        f"mkdir -p {FOLDER}/public/system; cp {FILE} {FOLDER}/public/system/upload.yml; "
        f"echo root:secret > {SECRET}; chmod 600 {SECRET}"
    )
    real = labels_of(machine, mastodon.container("web"))
    key = "com.docker.compose."
    # An image that brings every label along, digest and all.
    changed = real | {f"{key}project.config_files": SECRET, f"{key}project.working_dir": EVIL}
    changes = [
        word for each in changed.items() for word in ("--change", "LABEL {}={}".format(*each))
    ]
    machine.run(["docker", "create", "--name", "seed", "mastodon-practice:1"])
    machine.run(["docker", "commit", *changes, "seed", "evil:1"])
    machine.run(["docker", "rm", "seed"])
    claims = {
        "by-image": {},
        "by-settings": {"config-hash": "f" * 64},
        "by-secret": {"project.config_files": SECRET},
        "by-pipe": {"project.config_files": f"{EVIL}/pipe", "project.working_dir": EVIL},
        "by-upload": {"project.config_files": f"{FILE},{FOLDER}/public/system/upload.yml"},
        # The newest one.
        "by-folder": {"project.config_files": THEIRS, "project.working_dir": EVIL},
    }
    for name, claim in claims.items():
        own = real | {f"{key}{label}": text for label, text in claim.items()} if claim else {}
        start(machine, name, "mastodon-practice:1" if claim else "evil:1", **own)
    # A project of its own that sorts before the real one, by an image alone.
    machine.run(["docker", "run", "--detach", "--name", "aaa", "--label", f"{key}project=aaa",
                 "evil:1", "sleep", "1000"])  # fmt: skip
    return [*claims, "aaa"]


def on_network(machine: Machine) -> set[str]:
    shown = json.loads(machine.run(["docker", "network", "inspect", NETWORK]).stdout)[0]
    return {each["Name"] for each in shown["Containers"].values()}


@pytest.mark.thorough
@pytest.mark.parametrize(
    "debian",
    [12, *(pytest.param(each, marks=pytest.mark.thorough) for each in (13, 14))],
    indirect=True,
)
def test_labels_take_nothing_over(machine: StartMachine) -> None:
    host = machine()
    mastodon = deployments.up(host)
    claiming = attack(host, mastodon)
    before = {path: host.path(path).read_text() for path in (FILE, THEIRS)}

    decoys = (SECRET, THEIRS, f"{FOLDER}/public/system/upload.yml")
    with opened(*map(host.path, decoys)) as seen:
        found = detect(host)
        shown = wizard(host, "--detect").stdout
        answer(host, mastodon)
        planned = wizard(host, "--plan", "--answers", "/root/answers.toml")
        assert planned.returncode == ExitCode.DONE, planned.stderr
        done = apply(host)
        assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert seen == []

    (project,) = (each for each in found["projects"] if each["name"] == "mastodon")
    assert project["files"] == [FILE]
    assert {each["service"] for each in project["containers"]} == set(deployments.SERVICES)
    assert len(project["containers"]) == len(deployments.SERVICES)
    words = " ".join(shown.split())
    for name in claiming:
        assert f"The container {name} is left out of the project" in words

    assert on_network(host) == {mastodon.container(each) for each in SERVICES}
    assert reaches_internet(mastodon)
    assert host.path(FILE).read_text() != before[FILE]
    assert host.path(THEIRS).read_text() == before[THEIRS]

    # Containers that only claim may come and go: undo is not kept from anything by them.
    host.run(["docker", "rm", "--force", *claiming])
    assert undo(host).returncode == ExitCode.DONE
    assert host.path(FILE).read_text() == before[FILE]


@pytest.mark.thorough
@pytest.mark.parametrize(
    "debian",
    [13, *(pytest.param(each, marks=pytest.mark.thorough) for each in (12, 14))],
    indirect=True,
)
def test_a_deployment_as_it_is_in_life_is_believed_whole(machine: StartMachine) -> None:
    host = machine()
    mastodon = deployments.up(host)
    # An override that came since, of which only one service was made anew.
    override = f"{FOLDER}/docker-compose.override.yml"
    host.path(override).write_text("services:\n  web:\n    environment:\n      - A=b\n")
    mastodon.compose("up", "-d", "web")
    mastodon.compose("up", "-d", "--scale", "sidekiq=3", "sidekiq")
    # Through a link to the folder, a command that ends, and a service that is no more.
    host.run(["ln", "-s", FOLDER, "/root/mastodon"])
    folder = ["env", "--chdir=/root/mastodon", "PWD=/root/mastodon", *host.compose]
    host.run([*folder, "up", "-d", "--force-recreate", "--no-deps", "streaming"])
    host.run([*folder, "run", "-d", "--no-deps", "sidekiq", "sleep", "1000"])
    (project,) = detect(host)["projects"]
    assert project["doubts"] == []
    assert project["directory"] == FOLDER
    assert project["files"] == [FILE, override]
    services = [each["service"] for each in project["containers"]]
    assert sorted(services) == sorted([*deployments.SERVICES, "sidekiq", "sidekiq"])
