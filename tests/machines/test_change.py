"""A set-up that changes to other answers: what stays loses nothing, and back is to where it was."""

import subprocess
from functools import partial

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.support import (
    ANSWERS,
    RECORD,
    answer,
    apply,
    pings,
    reaches_internet,
    seen_source,
    undo,
    wizard,
)
from tests.machines.test_routed import PREFIX, addresses, answers
from wizard.answers.choices import Mode
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal import network
from wizard.rehearsal.deployment import Deployment
from wizard.rehearsal.machine import Machine
from wizard.run.guard_units import GUARD

thorough = pytest.mark.thorough
CHANGE = RECORD.replace("record.toml", "repair.toml")


def changes(host: Machine, *options: str) -> subprocess.CompletedProcess[str]:
    done = wizard(host, "--change", "--yes", "--answers", ANSWERS, *options)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    return done


def is_private(host: Machine, mastodon: Deployment, *services: str) -> None:
    for service in services:
        host.wait(partial(reaches_internet, mastodon, service), f"{service} to get out", 20)
        assert seen_source(mastodon, service) == host.address


def is_public(host: Machine, mastodon: Deployment, *services: str) -> None:
    there = addresses(host)
    assert set(there) == {mastodon.container(each) for each in services}
    for service in services:
        address = there[mastodon.container(service)]
        host.wait(partial(answers, host, address), f"an echo from {service}", 20)
        assert seen_source(mastodon, service) == address


def checked(host: Machine) -> None:
    done = wizard(host, "--check")
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr


@pytest.mark.parametrize(
    "debian",
    [13, pytest.param(12, marks=thorough), pytest.param(14, marks=thorough)],
    indirect=True,
)
def test_one_more_service_then_public_addresses_and_back(machine: StartMachine) -> None:
    host = machine(route="advertisement")
    mastodon = deployments.up(host)
    before = fingerprint(host)
    answer(host, mastodon, services=("web",))
    assert apply(host).returncode == ExitCode.DONE

    answer(host, mastodon, services=("web", "streaming"))
    with pings(host, network.INTERNET, mastodon.container("web")) as web:
        changes(host)
    assert web.sent == web.answered > 0
    is_private(host, mastodon, "web", "streaming")
    checked(host)

    # Nobody says keep: the guard goes back to the private addresses.
    file, record = (host.path(each).read_bytes() for each in (mastodon.file, RECORD))
    answer(host, mastodon, services=("web", "streaming"), mode=Mode.ROUTED, prefix=PREFIX)
    with pings(host, network.INTERNET) as own:
        changes(host, "--window", "600")
        is_public(host, mastodon, "web", "streaming")
        checked(host)
        host.shell(f"sed -i 's/^expires = .*/expires = 0.0/' {CHANGE}")
        host.run(["systemctl", "start", GUARD])
        host.wait(lambda: 'state = "rolled back"' in host.path(CHANGE).read_text(), "the end", 60)
    assert own.sent == own.answered > 0
    is_private(host, mastodon, "web", "streaming")
    checked(host)
    assert (file, record) == tuple(host.path(each).read_bytes() for each in (mastodon.file, RECORD))

    changes(host, "--window", "600")
    assert wizard(host, "--keep").returncode == ExitCode.DONE
    is_public(host, mastodon, "web", "streaming")

    # One service less loses the addresses of the network alone.
    answer(host, mastodon, services=("web",), mode=Mode.ROUTED, prefix=PREFIX)
    changes(host)
    is_public(host, mastodon, "web")
    checked(host)
    assert undo(host).returncode == ExitCode.DONE
    assert difference(before, fingerprint(host)) == ""


@thorough
@pytest.mark.parametrize("debian", [12, 13, 14], indirect=True)
def test_what_somebody_wrote_in_the_compose_file_since_stays_through_a_change(
    machine: StartMachine,
) -> None:
    def by_somebody(text: str) -> str:
        return f"# Somebody was here.\n{text}".replace("      # prettier-ignore\n", "")

    host = machine()
    mastodon = deployments.up(host)
    file = host.path(mastodon.file)
    original = file.read_text()
    answer(host, mastodon, services=("web",))
    assert apply(host).returncode == ExitCode.DONE
    file.write_text(by_somebody(file.read_text()))
    answer(host, mastodon, services=("web", "streaming"))
    changes(host)
    is_private(host, mastodon, "web", "streaming")
    checked(host)
    assert undo(host).returncode == ExitCode.DONE
    assert file.read_text() == by_somebody(original)
