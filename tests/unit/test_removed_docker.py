"""Docker is removed from the host: an undo comes to its end, unless networks come back with it."""

from collections.abc import Callable
from ipaddress import IPv6Network

import pytest

from tests.made_up_deployments import Deployment, deployment
from wizard.answers.choices import Mode
from wizard.platform.system import NOT_THERE, FileState, Result
from wizard.record.record import Record, State
from wizard.record.store import Store
from wizard.run import docker_patience, journal

NETWORKS = "network/files/local-kv.db"


@pytest.fixture
def made() -> Deployment:
    return deployment()


@pytest.fixture
def kept(made: Deployment, store: Store) -> Record:
    return applied(made, store)


def applied(made: Deployment, store: Store) -> Record:
    record = journal.begin(made.plan(), {}, store)
    journal.apply(made.plan(), record, made.system, store, lambda: False)
    assert record.state is State.APPLIED
    return record


def remove_docker(
    made: Deployment, monkeypatch: pytest.MonkeyPatch, daemon_runs: bool = False
) -> None:
    """Take Docker's programs away, and what is on no host without it."""
    system, there = made.system, made.system.run

    def run(argv: tuple[str, ...], stdin: str = "") -> Result:
        if "docker" in argv[:3] or argv[0] == "dockerd":
            return Result(NOT_THERE, "No such file or directory")
        if argv[0] == "pidof":
            return Result(0 if daemon_runs else 1, "")
        if argv[:4] == ("ip", "link", "delete", "dev"):
            # Its bridges stay until the host starts anew.
            (left,) = [name for name, each in system.networks.items() if each.bridge == argv[4]]
            del system.networks[left]
            return Result(0, "")
        return there(argv, stdin)

    monkeypatch.setattr(system, "run", run)
    monkeypatch.setattr(docker_patience, "WAIT", 0.0)


def undo(record: Record, made: Deployment, store: Store) -> list[str]:
    journal.take_back(record, made.system, store, State.UNDOING)
    return record.left


def test_what_went_with_docker_has_not_to_be_taken_back(
    made: Deployment, kept: Record, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    forwarded = made.system.sysctls["net.ipv6.conf.all.forwarding"]
    remove_docker(made, monkeypatch)
    assert undo(kept, made, store) == []
    assert kept.state is State.UNDONE
    assert forwarded == "1"
    assert made.system.sysctls["net.ipv6.conf.all.forwarding"] == "0"
    assert not [path for path in made.system.files if "docker-ipv6-wizard" in path]


def test_what_closes_a_bridge_goes_once_what_docker_left_of_that_is_gone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = deployment(mode=Mode.ROUTED, prefix=IPv6Network("2001:db8:1:2:1::/80"))
    record = applied(made, store)
    remove_docker(made, monkeypatch)
    assert undo(record, made, store) == []
    assert record.state is State.UNDONE
    assert made.choices.network not in made.system.networks
    assert not [path for path in made.system.files if "docker-ipv6-wizard" in path]


def kept_in_its_folder(made: Deployment) -> None:
    made.system.files[f"/var/lib/docker/{NETWORKS}"] = FileState("")


def kept_elsewhere(made: Deployment) -> None:
    made.system.files["/etc/docker/daemon.json"] = FileState('{"data-root": "/srv/docker"}')
    made.system.files[f"/srv/docker/{NETWORKS}"] = FileState("")


@pytest.mark.parametrize(
    ("keep", "folder"), [(kept_in_its_folder, "/var/lib/docker"), (kept_elsewhere, "/srv/docker")]
)
def test_networks_that_come_back_with_docker_are_told_and_nothing_below_them_goes(
    made: Deployment,
    kept: Record,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    keep: Callable[[Deployment], None],
    folder: str,
) -> None:
    remove_docker(made, monkeypatch)
    keep(made)
    left = undo(kept, made, store)
    assert kept.state is State.UNDO_INCOMPLETE
    assert any(f"kept in {folder} and come back" in each for each in left), left
    assert made.system.sysctls["net.ipv6.conf.all.forwarding"] == "1"


def test_a_docker_that_runs_without_its_programs_is_not_gone(
    made: Deployment, kept: Record, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove_docker(made, monkeypatch, daemon_runs=True)
    assert any("Docker does not answer." in each for each in undo(kept, made, store))
    assert kept.state is State.UNDO_INCOMPLETE
