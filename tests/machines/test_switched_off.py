"""A unit of ours that somebody masks or disables is named with the line that brings it back."""

import re

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.support import answer, apply, reaches_internet, undo, wizard
from tests.machines.test_own_ipv6 import KINDS, lives_on, start
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal.machine import Machine

UNITS = "/etc/systemd/system"
UPLINK, FILTER, RULES = (f"docker-ipv6-wizard{name}.service" for name in ("-uplink", "-filter", ""))


def mask(host: Machine, unit: str) -> None:
    """Do what systemctl refuses to while there is a file."""
    file = f"{UNITS}/{unit}"
    host.shell(f"ln -sf /dev/null {file}; systemctl daemon-reload; systemctl stop {unit}")


def typed(host: Machine, said: str, unit: str) -> str:
    """The line for a unit, as a person reads and types it."""
    words = " ".join(said.split())
    (sentence,) = set(
        re.findall(rf"{unit} is .*?type: (systemctl .*?) (?:Step|After|Asked)", words)
    )
    host.shell(sentence, timeout=300)
    return str(sentence)


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_what_is_masked_or_disabled_is_named_and_comes_back_by_the_line(
    machine: StartMachine,
) -> None:
    host = start(machine, KINDS["auto"])
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon)
    host.run(["systemctl", "mask", UPLINK])
    before = fingerprint(host)

    refused = apply(host)

    assert refused.returncode == ExitCode.REFUSED, refused.stdout + refused.stderr
    assert difference(before, fingerprint(host)) == ""
    (line,) = re.findall(r"type: (systemctl unmask \S+)", " ".join(refused.stdout.split()))
    host.shell(line)
    before = fingerprint(host)
    assert apply(host).returncode == ExitCode.DONE
    assert wizard(host, "--check").returncode == ExitCode.DONE

    host.run(["systemctl", "disable", "--now", *(UPLINK, FILTER, RULES)])
    checked = wizard(host, "--check")
    assert checked.returncode == ExitCode.NOT_AS_SET_UP, checked.stdout
    for unit in (UPLINK, FILTER, RULES):
        assert typed(host, checked.stdout, unit) == f"systemctl enable --now {unit}"
    assert wizard(host, "--check").returncode == ExitCode.DONE

    mask(host, UPLINK)
    told = wizard(host, "--status").stdout
    assert "After the next boot this host would lose" in told
    assert f"{UPLINK} is masked by somebody" in told
    assert f"systemctl unmask {UPLINK} && " in typed(host, told, UPLINK)
    checked = wizard(host, "--check")
    assert checked.returncode == ExitCode.DONE, checked.stdout
    assert reaches_internet(mastodon)

    for unit in (UPLINK, FILTER, RULES):
        mask(host, unit)
    done = undo(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert f"systemctl unmask {UPLINK}" in done.stdout
    assert host.run(["test", "-c", "/dev/null"]).returncode == 0
    # The masks are somebody else's, and stay.
    for unit in (UPLINK, FILTER, RULES):
        assert str(host.path(f"{UNITS}/{unit}").readlink()) == "/dev/null"
        host.run(["systemctl", "unmask", unit])
    host.run(["systemctl", "daemon-reload"])
    assert difference(before, fingerprint(host)) == ""
    lives_on(host, ["eth0"])
