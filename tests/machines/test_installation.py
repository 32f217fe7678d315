"""The wizard as it was installed: from odd places, from a wheel, moved and removed afterwards."""

import shlex
import subprocess
import sys
from functools import partial
from ipaddress import IPv6Network
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.guarding import without_a_boot
from tests.machines.support import ANSWERS, RECORD, answer, reaches_internet, seen_source
from wizard.answers.choices import Mode
from wizard.ndp.unit import NAME as PROXY
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal import installation
from wizard.rehearsal.machine import Machine
from wizard.run.guard_units import EARLY, GUARD

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
CHECKOUT = ("bin", "lock", "wizard", "screens")


def check_out(host: Machine, place: str) -> str:
    """Copy the checkout to a place, and return the line that starts the wizard there."""
    quoted = shlex.quote(place)
    host.shell(f"mkdir -p {quoted}; cp -R /srv/source/. {quoted}")
    return shlex.quote(f"{place}/bin/wizard")


HOSTILE = "/srv/hostile"
MARK = "/srv/was-run"
POISON = f"open({MARK!r}, 'a').write(__file__)\n"


def hostile_folder(host: Machine) -> str:
    """A folder with modules and programs that nobody may run, and the line that steps into it."""
    names = ("venv", "pip", "ensurepip", "sitecustomize", "compileall", "wizard", "docker", "types")
    folder = host.path(HOSTILE)
    folder.mkdir()
    for name in names:
        (folder / f"{name}.py").write_text(POISON)
    for name in ("readlink", "dirname", "env", "id", "flock", "python3"):
        (folder / name).write_text(f"#!/bin/sh\necho {name} >>{MARK}\n")
        (folder / name).chmod(0o755)
    return f"cd {HOSTILE}; "


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
def test_from_a_person_s_own_checkout_in_an_odd_place_all_is_guarded_kept_rebooted_and_undone(
    machine: StartMachine, mode: Mode
) -> None:
    host = unprepared(machine)
    # What a first boot alone does is behind it then.
    host.reboot()
    own = check_out(host, ODD)
    host.shell(
        "useradd --create-home eve; echo 'eve ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/eve; "
        f"chown -R eve: {shlex.quote(ODD)}"
    )
    # sudo lets none of these through.
    theirs = f"PATH={HOSTILE}:/usr/bin PYTHONPATH={HOSTILE} LD_LIBRARY_PATH={HOSTILE}"
    wizard = f"runuser -u eve -- /usr/bin/env {theirs} /usr/bin/sudo {own}"
    # Its first start sets it up, from the wheels alone, wherever that person stands.
    inside = hostile_folder(host)
    assert host.shell(f"{inside}{wizard} --version", timeout=300).stdout.startswith("wizard ")
    assert not host.path(MARK).exists()
    mastodon = deployments.up(host, "current")
    answer(host, mastodon, mode=mode, **({"prefix": PREFIX} if mode is Mode.ROUTED else {}))
    before = fingerprint(host)
    apply = f"--apply --yes --answers {ANSWERS}"

    # Root alone does not take what eve can change for what PID 1 starts.
    done = host.shell(f"{own} {apply}", check=False, timeout=300)
    assert done.returncode == ExitCode.REFUSED, done.stdout + done.stderr
    assert "eve" in done.stderr
    assert not host.path(COPY).exists()
    assert difference(before, fingerprint(host)) == ""

    # Nobody says keep: PID 1 takes it back from its own copy.
    done = host.shell(f"{inside}{wizard} {apply} --window 30", check=False, timeout=300)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert is_armed(host)
    host.wait(lambda: state_of(host) == "rolled back", "nobody to have said keep")
    host.wait(lambda: not is_armed(host), "the guard to be gone")
    assert difference(before, fingerprint(host)) == ""
    assert not host.path(COPY).exists()

    # Somebody does, and then every file of the checkout changes, the host reboots, and the copy
    # takes it back.
    done = host.shell(f"{wizard} {apply} --window 120", check=False, timeout=300)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert host.shell(f"{wizard} --keep").returncode == ExitCode.DONE
    not_root_s = f"find {COPY} ! -user root -o ! -type l -perm /022"
    assert host.shell(not_root_s).stdout == ""
    host.path("/srv/poison.py").write_text(POISON)
    poison = "find . -name '*.py' ! -type l -exec cp --remove-destination /srv/poison.py '{}' ';'"
    host.shell(f"cd {shlex.quote(ODD)}; {poison}; find . -name '*.pyc' -delete", timeout=300)
    host.reboot()
    host.wait(partial(reaches_internet, mastodon), "IPv6 after the reboot")
    if mode is Mode.ROUTED:
        assert host.run(["systemctl", "is-active", PROXY]).stdout == "active\n"
        assert IPv6Network(seen_source(mastodon)).subnet_of(PREFIX)
    assert not host.path(MARK).exists()
    host.shell(f"rm -r {shlex.quote(ODD)}")
    taken = host.run([f"{COPY}/current/wizard.sh", "--undo", "--yes"], check=False, timeout=300)
    assert taken.returncode == ExitCode.DONE, taken.stdout + taken.stderr
    assert difference(without_a_boot(before), without_a_boot(fingerprint(host))) == ""
    host.wait(lambda: not host.path(COPY).exists(), "the copy to be gone")
    assert not host.path(MARK).exists()


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_from_a_wheel_in_an_environment_of_its_own(machine: StartMachine, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*build, "--directory", str(tmp_path)], cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    # From it the practice machines of --rehearse are installed with the same hashes.
    with ZipFile(wheel) as made:
        locked = (ROOT / "lock" / "wizard.txt").read_bytes()
        assert made.read("wizard/rehearsal/lock.txt") == locked
    host = unprepared(machine)
    host.path(f"/srv/{wheel.name}").write_bytes(wheel.read_bytes())
    host.shell(
        "python3 -m venv /srv/own; "
        f"/srv/own/bin/python -m pip install --quiet /srv/{wheel.name}; rm /srv/{wheel.name}",
        timeout=300,
    )
    mastodon = deployments.up(host, "current")
    answer(host, mastodon, mode=Mode.ROUTED, prefix=PREFIX)
    before = fingerprint(host)
    wizard = "/srv/own/bin/wizard"
    done = host.run([wizard, "--apply", "--yes", "--answers", ANSWERS], check=False, timeout=300)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    host.wait(partial(reaches_internet, mastodon), "IPv6")
    assert host.run([wizard, "--undo", "--yes"], timeout=300).returncode == ExitCode.DONE
    assert difference(before, fingerprint(host)) == ""


@pytest.mark.parametrize("debian", [13], indirect=True)
@pytest.mark.parametrize(
    "broken",
    [
        # Two commands where only one may be: systemd does not load the unit.
        ("docker-ipv6-wizard-guard.service", "[Service]\nExecStart=/bin/true\n"),
        pytest.param(
            ("docker-ipv6-wizard-guard-early.service", "[Service]\nExecStart=\n"),
            marks=pytest.mark.thorough,
        ),
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
    done = host.run(apply, check=False, timeout=300)
    assert done.returncode == ExitCode.REFUSED, done.stdout + done.stderr
    assert difference(before, fingerprint(host)) == ""
    assert state_of(host) == "rolled back"
