"""What runs on a host for good may do little there, as systemd counts it, and it suffices."""

import re

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.support import reaches_internet, wizard
from tests.machines.test_routed import addresses, answers, is_open, set_up
from wizard.rehearsal.machine import Machine

EXPOSURE = {
    "docker-ipv6-wizard.service": 3.0,
    "docker-ipv6-wizard-ndp.service": 2.0,
    "docker-ipv6-wizard-filter.service": 3.0,
    "docker-ipv6-wizard-uplink.service": 3.0,
}
"""Below what each stays, of 10 (systemd-analyze(1), security)."""

some_releases = pytest.mark.parametrize(
    "debian",
    [
        12,
        pytest.param(13, marks=pytest.mark.thorough),
        pytest.param(14, marks=pytest.mark.thorough),
    ],
    indirect=True,
)


def exposure(host: Machine, name: str) -> float:
    """How exposed systemd says that a service of the host is."""
    said = host.run(["systemd-analyze", "security", "--no-pager", name]).stdout
    level = re.search(r"exposure level for \S+: ([\d.]+)", said)
    assert level is not None, said
    return float(level[1])


def exposures(host: Machine) -> dict[str, float]:
    """The same of each of our services that is on the host for good."""
    listed = host.run(["ls", "/etc/systemd/system"]).stdout.split()
    return {name: exposure(host, name) for name in sorted(set(listed) & set(EXPOSURE))}


@pytest.mark.thorough
@some_releases
def test_services_with_little_power_do_all_they_are_for_after_a_reboot_too(
    machine: StartMachine,
) -> None:
    host = machine(route="advertisement")
    mastodon = set_up(host)
    found = exposures(host)
    assert {"docker-ipv6-wizard-ndp.service", "docker-ipv6-wizard-uplink.service"} <= set(found)
    assert {name: level for name, level in found.items() if level >= EXPOSURE[name]} == {}
    host.reboot()

    def web_answers() -> bool:
        there = [address for name, address in addresses(host).items() if "web" in name]
        return bool(there) and answers(host, there[0]) and is_open(host, there[0], 3000)

    host.wait(web_answers, "web to answer after the reboot")
    (web,) = (address for name, address in addresses(host).items() if "web" in name)
    assert reaches_internet(mastodon)
    assert not is_open(host, web, 9999)
    failed = host.run(["systemctl", "--failed", "--plain", "--no-legend"]).stdout
    assert "docker-ipv6-wizard" not in failed
    assert wizard(host, "--check").returncode == 0
