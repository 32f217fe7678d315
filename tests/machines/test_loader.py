"""What the environment tells the dynamic loader reaches nothing that the wizard starts."""

import shlex

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.support import ANSWERS, answer, reaches_internet
from tests.unit.test_set_up import BEFORE, told_the_loader
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal.installation import PROGRAM
from wizard.rehearsal.machine import Machine

THEIRS = "/srv/theirs"
SAID, MARK = f"{THEIRS}/said", f"{THEIRS}/was-run"

ENVIRONMENT = {
    "LD_PRELOAD": f"{THEIRS}/theirs.so",
    "LD_LIBRARY_PATH": THEIRS,
    "LD_DEBUG": "files",
    "LD_DEBUG_OUTPUT": f"{SAID}/of",
    "GCONV_PATH": THEIRS,
    "PYTHONPATH": THEIRS,
    "PYTHONSTARTUP": f"{THEIRS}/docker.py",
    "PYTHONHOME": THEIRS,
    "PYTHONINSPECT": "1",
    "BASH_ENV": f"{THEIRS}/theirs.sh",
    "ENV": f"{THEIRS}/theirs.sh",
    "IFS": "/",
    "TMPDIR": THEIRS,
    "DOCKER_CONTEXT": "theirs",
    "COLUMNS": "1",
}
"""With LD_DEBUG_OUTPUT the loader writes a file for each program that it starts so (ld.so(8))."""

EVE = "useradd --create-home eve; echo {rules} >/etc/sudoers.d/eve"
PERMISSIVE = "Defaults:eve !env_reset\neve ALL=(ALL) NOPASSWD: SETENV: ALL"


def services(host: Machine) -> list[str]:
    """The environments of the wizard's own processes, and of the units that will start more."""
    words = (
        "for each in /proc/[0-9]*; do "
        "grep -qa docker-ipv6-wizard $each/cmdline && tr '\\0' '\\n' <$each/environ; done"
    )
    units = "systemctl show --property=Environment,LoadState 'docker-ipv6-wizard*'"
    return host.shell(f"{words}; {units}", check=False).stdout.splitlines()


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [12, 13, 14], indirect=True)
def test_whatever_sudo_lets_through_reaches_nothing_that_is_started(
    machine: StartMachine,
) -> None:
    host = machine()
    mastodon = deployments.up(host, "current")
    answer(host, mastodon)
    host.shell(EVE.format(rules=shlex.quote(PERMISSIVE)))
    host.shell(f"mkdir -p {SAID}; cp /lib/*-linux-gnu/libm.so.6 {THEIRS}/theirs.so")
    host.path(f"{THEIRS}/theirs.sh").write_text(f"echo shell >>{MARK}\n")
    for name in ("docker", "types", "sitecustomize", "wizard"):
        host.path(f"{THEIRS}/{name}.py").write_text(f"open({MARK!r}, 'a').write('python')\n")
    host.shell(f"chown -R eve: {THEIRS}")
    given = shlex.join(f"{name}={value}" for name, value in ENVIRONMENT.items())
    before = fingerprint(host)
    apply = f"--apply --yes --answers {ANSWERS} --window 300"

    # sudo is set-uid: the loader itself takes its own variables away, and -E hands the others on.
    kept = f"runuser -u eve -- env {given} sudo -E {PROGRAM}"
    done = host.shell(f"{kept} --version", check=False)
    assert done.stdout.startswith("wizard "), done.stderr
    assert told_the_loader(host.path(SAID)) == set()

    # What is named on the line itself is handed over whole.
    by_name = f"runuser -u eve -- sudo {given} {PROGRAM}"
    for words in (apply, "--check", "--keep", "--report --masked", "--undo --yes"):
        host.shell(f"rm -f {SAID}/*")
        done = host.shell(f"{by_name} {words}", check=False, timeout=300)
        assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
        reached = told_the_loader(host.path(SAID))
        assert "sh" in reached, "the attack does not reach the first program"
        assert reached <= BEFORE
        assert [line for line in services(host) if THEIRS in line] == []
        if words != "--undo --yes":
            assert reaches_internet(mastodon)
        assert not host.path(MARK).exists()
    assert difference(before, fingerprint(host)) == ""
