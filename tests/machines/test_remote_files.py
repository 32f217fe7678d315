"""Nothing is fetched as root that a Compose file names on another host."""

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.support import answer, apply
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment, network
from wizard.rehearsal.machine import Machine

REMOTE = (f"oci://[{network.INTERNET}]:5000/fed:1", f"https://[{network.INTERNET}]:5000/fed.git")


def asked(host: Machine) -> int:
    """Return how many packets have gone where the files are said to be."""
    rules = host.run(["ip6tables", "-L", "OUTPUT", "-nvx"]).stdout
    (packets,) = [int(line.split()[0]) for line in rules.splitlines() if "dpt:5000" in line]
    return packets


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13, 14], indirect=True)
def test_an_include_of_another_host_is_not_fetched(machine: StartMachine) -> None:
    host = machine()
    # What git would fetch, it would by this program.
    host.path("/usr/local/bin/git").write_text("#!/bin/sh\ntouch /srv/git-ran\nexit 1\n")
    host.path("/usr/local/bin/git").chmod(0o755)
    host.shell("ip6tables -A OUTPUT -p tcp --dport 5000 -j REJECT")
    made = deployment.up(host, "current")
    file = host.path(made.file)
    text = file.read_text()
    for remote in REMOTE:
        file.write_text(f"include: ['{remote}']\n{text}")
        answer(host, made)
        before = fingerprint(host)
        done = apply(host)
        assert done.returncode == ExitCode.REFUSED, done.stdout + done.stderr
        assert "remote resource is disabled" in done.stderr
        assert asked(host) == 0
        assert not host.path("/srv/git-ran").exists()
        assert difference(before, fingerprint(host)) == ""
