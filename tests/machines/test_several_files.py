"""A project of several files gets IPv6 in each of them, and Compose agrees, by packets."""

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.support import answer, apply, reaches_internet, undo
from tests.machines.test_compose_network import identifiers
from wizard.platform.errors import ExitCode
from wizard.rehearsal import image
from wizard.rehearsal.deployment import Deployment

COMMAND = "\n    image: mastodon-practice:1\n    restart: always\n    command: sleep 1000000\n"

FILES = {
    "docker-compose.yml": f"services:\n  web:{COMMAND}",
    "docker-compose.override.yml": f"services:\n  job:{COMMAND}",
}
INCLUDED = {
    **FILES,
    "docker-compose.yml": f"include: [fed.yaml]\nservices:\n  web:{COMMAND}",
    # Without its final newline, as people have them.
    "fed.yaml": f"services:\n  fed:{COMMAND}".rstrip("\n"),
}
"""Compose knows ``include`` from 2.20 on (compose-spec, 14-include.md)."""

thorough = pytest.mark.thorough


@thorough
@pytest.mark.parametrize(
    ("debian", "files"),
    [
        pytest.param(12, FILES, marks=thorough),
        (13, INCLUDED),
        pytest.param(14, INCLUDED, marks=thorough),
    ],
    indirect=["debian"],
    ids=["12", "13", "14"],
)
def test_each_service_gets_it_in_its_own_file_and_keeps_it(
    machine: StartMachine, files: dict[str, str]
) -> None:
    host = machine()
    image.load(host)
    deployment = Deployment(host, "current")
    folder = host.path(deployment.folder)
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    deployment.compose("up", "-d")
    services = ("web", "job", *(("fed",) if files is INCLUDED else ()))
    listing = ["docker", "network", "ls", "--format", "{{.Name}}"]
    networks, containers = host.run(listing).stdout, identifiers(host)
    answer(host, deployment, services=services)

    done = apply(host)

    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    for name, text in files.items():
        assert (folder / name).read_text() != text, name
    assert all(reaches_internet(deployment, each) for each in services)
    assert identifiers(host) == containers
    # Compose makes those anew whose service has changed, from the files alone.
    deployment.compose("up", "-d")
    assert set(identifiers(host)) == set(containers)
    assert set(identifiers(host).values()).isdisjoint(containers.values())
    host.wait(
        lambda: all(reaches_internet(deployment, each) for each in services), "IPv6 in all of them"
    )
    host.reboot()
    host.wait(
        lambda: all(reaches_internet(deployment, each) for each in services),
        "IPv6 in all of them after the reboot",
    )

    assert undo(host).returncode == ExitCode.DONE
    for name, text in files.items():
        assert host.path(f"{deployment.folder}/{name}").read_text() == text, name
    deployment.compose("up", "-d")
    assert set(identifiers(host)) == set(containers)
    assert host.run(listing).stdout == networks
