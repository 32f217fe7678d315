"""The wizard as it was installed: from odd places, from a wheel, moved and removed afterwards."""

import shlex
from functools import partial
from ipaddress import IPv6Network
from pathlib import Path
from typing import Any

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.guarding import without_a_boot
from tests.machines.support import ANSWERS, RECORD, answer, reaches_internet, seen_source
from wizard.apply.guard_units import EARLY, GUARD
from wizard.choices import Mode
from wizard.errors import ExitCode
from wizard.ndp.unit import NAME as PROXY
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal import installation
from wizard.rehearsal.machine import Machine

ODD = """/srv/it's a "$HOME" of 100% \\ wizards"""
COPY = "/var/lib/docker-ipv6-wizard/program"
PREFIX = IPv6Network("2001:db8:1:2:1::/80")


def unprepared(machine: StartMachine, **options: Any) -> Machine:
    """A machine with a checkout that was not set up, and what pip would fetch for it."""
    return machine(
        wizard=False,
        binds={
            installation.WHEELS: installation.wheels(),
            **{Path("/srv/source") / name: ROOT / name for name in CHECKOUT},
        },
        files={"etc/pip.conf": installation.PIP_CONFIGURATION},
        **options,
    )


ROOT = Path(__file__).parents[2]
CHECKOUT = ("bin", "wizard", "screens")


def check_out(host: Machine, place: str) -> str:
    """Copy the checkout to a place, and return the line that starts the wizard there."""
    quoted = shlex.quote(place)
    host.shell(f"mkdir -p {quoted}; cp -R /srv/source/. {quoted}")
    for name in ("pyproject.toml", "README.md"):
        host.path(place).joinpath(name).write_text((ROOT / name).read_text())
    return shlex.quote(f"{place}/bin/wizard")


def is_armed(host: Machine) -> bool:
    """Whether PID 1 has loaded the guard's units and counts down."""
    for unit in (GUARD, EARLY):
        state = host.run(["systemctl", "show", "--property=LoadState", "--value", unit]).stdout
        if state.strip() != "loaded":
            return False
    timers = ["systemctl", "list-timers", "--all", "--plain", "--no-legend", "docker-ipv6-wizard*"]
    return "docker-ipv6-wizard-window" in host.run(timers).stdout


def state_of(host: Machine) -> str:
    path = host.path(RECORD)
    return path.read_text().partition('state = "')[2].partition('"')[0] if path.exists() else ""


@pytest.mark.parametrize(
    ("debian", "mode"),
    [
        (13, Mode.ROUTED),
        pytest.param(12, Mode.ROUTED, marks=pytest.mark.thorough),
        pytest.param(14, Mode.ROUTED, marks=pytest.mark.thorough),
        pytest.param(13, Mode.ULA, marks=pytest.mark.thorough),
    ],
    indirect=["debian"],
)
def test_from_a_place_with_an_odd_name_all_is_guarded_kept_rebooted_and_undone(
    machine: StartMachine, mode: Mode
) -> None:
    host = unprepared(machine)
    # What a first boot alone does is behind it then.
    host.reboot()
    wizard = check_out(host, ODD)
    # Its first start sets it up, from the wheels alone.
    assert host.shell(f"{wizard} --version", timeout=180).stdout.startswith("wizard ")
    mastodon = deployments.up(host, "current")
    answer(host, mastodon, mode=mode, **({"prefix": PREFIX} if mode is Mode.ROUTED else {}))
    before = fingerprint(host)

    # Nobody says keep: PID 1 takes it back from its own copy.
    apply = f"{wizard} --apply --yes --answers {ANSWERS}"
    done = host.shell(f"{apply} --window 30", check=False, timeout=180)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert is_armed(host)
    host.wait(lambda: state_of(host) == "rolled back", "nobody to have said keep", 75)
    host.wait(lambda: not is_armed(host), "the guard to be gone", 20)
    assert difference(before, fingerprint(host)) == ""
    assert not host.path(COPY).exists()

    # Somebody does, and then the checkout goes, the host reboots, and the copy takes it back.
    done = host.shell(f"{apply} --window 120", check=False, timeout=180)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert host.shell(f"{wizard} --keep").returncode == ExitCode.DONE
    host.shell(f"rm -r {shlex.quote(ODD)}")
    host.reboot()
    host.wait(partial(reaches_internet, mastodon), "IPv6 after the reboot", 40)
    if mode is Mode.ROUTED:
        assert host.run(["systemctl", "is-active", PROXY]).stdout == "active\n"
        assert IPv6Network(seen_source(mastodon)).subnet_of(PREFIX)
    taken = host.run([f"{COPY}/current/wizard.sh", "--undo", "--yes"], check=False, timeout=120)
    assert taken.returncode == ExitCode.DONE, taken.stdout + taken.stderr
    assert difference(without_a_boot(before), without_a_boot(fingerprint(host))) == ""
    host.wait(lambda: not host.path(COPY).exists(), "the copy to be gone", 10)


@pytest.mark.parametrize("debian", [13], indirect=True)
def test_from_a_wheel_in_an_environment_of_its_own(machine: StartMachine) -> None:
    host = unprepared(machine)
    check_out(host, "/srv/checkout")
    host.shell(
        "python3 -m venv --system-site-packages /srv/own; "
        "/srv/own/bin/python -m pip wheel --quiet --no-deps --wheel-dir /srv/made /srv/checkout; "
        "/srv/own/bin/python -m pip install --quiet /srv/made/*.whl; rm -r /srv/checkout",
        timeout=240,
    )
    mastodon = deployments.up(host, "current")
    answer(host, mastodon, mode=Mode.ROUTED, prefix=PREFIX)
    before = fingerprint(host)
    wizard = "/srv/own/bin/wizard"
    done = host.run([wizard, "--apply", "--yes", "--answers", ANSWERS], check=False, timeout=180)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    host.wait(partial(reaches_internet, mastodon), "IPv6", 20)
    assert host.run([wizard, "--undo", "--yes"], timeout=120).returncode == ExitCode.DONE
    assert difference(before, fingerprint(host)) == ""


@pytest.mark.parametrize("debian", [13], indirect=True)
@pytest.mark.parametrize(
    "broken",
    [
        # Two commands where only one may be: systemd does not load the unit.
        ("docker-ipv6-wizard-guard.service", "[Service]\nExecStart=/bin/true\n"),
        ("docker-ipv6-wizard-guard-early.service", "[Service]\nExecStart=\n"),
    ],
    ids=["guard", "early"],
)
def test_without_a_guard_that_stands_nothing_is_begun(
    machine: StartMachine, broken: tuple[str, str]
) -> None:
    host = machine()
    answer(host, deployments.up(host, "current"))
    name, text = broken
    folder = host.path(f"/etc/systemd/system/{name}.d")
    folder.mkdir()
    (folder / "theirs.conf").write_text(text)
    before = fingerprint(host)
    apply = ["wizard", "--apply", "--yes", "--answers", ANSWERS]
    done = host.run(apply, check=False, timeout=120)
    assert done.returncode == ExitCode.REFUSED, done.stdout + done.stderr
    assert difference(before, fingerprint(host)) == ""
    assert state_of(host) == "rolled back"
