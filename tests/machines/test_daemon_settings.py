"""What people write into daemon.json: packets pass at once and after a boot, or it is told."""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.support import (
    SERVICES,
    answer,
    apply,
    reaches_internet,
    undo,
    wizard,
)
from tests.machines.test_firewalls import lasting
from tests.machines.test_honest_ends import MODES, daemon
from tests.machines.test_routed import NETWORK, addresses, is_open
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments

POOL = {"base": "172.30.0.0/16", "size": 24}


@dataclass(frozen=True)
class Settings:
    """One daemon.json.

    Attributes:
        keys: What it says.
        releases: The Debian releases whose Docker takes it.
        refused: Whether the wizard first asks for another name of its network.
    """

    keys: dict[str, Any]
    releases: tuple[int, ...] = (12, 13, 14)
    refused: bool = False


SETTINGS = {
    "IPv6 on Docker's own bridge": Settings({"ipv6": True, "fixed-cidr-v6": "fd00:d0c::/64"}),
    "pools without IPv6": Settings({"default-address-pools": [POOL]}),
    "pools with IPv6": Settings(
        {"default-address-pools": [POOL, {"base": "fd00:b001::/56", "size": 64}]}
    ),
    "no rules of iptables": Settings({"iptables": False}),
    "rules of ip6tables": Settings({"ip6tables": True, "experimental": True}),
    "no rules of ip6tables": Settings({"ip6tables": False}),
    "live restore": Settings({"live-restore": True}),
    "no proxy": Settings({"userland-proxy": False}),
    "users of containers apart": Settings({"userns-remap": "default"}),
    "ports on this host alone": Settings({"ip": "127.0.0.1"}),
    "IPv6 on every network": Settings(
        {"default-network-opts": {"bridge": {"com.docker.network.enable_ipv6": "true"}}},
        releases=(14,),
        refused=True,
    ),
    "no policy that drops": Settings({"ip-forward-no-drop": True}, releases=(14,)),
}


@MODES
@pytest.mark.parametrize(
    ("debian", "settings"),
    [
        pytest.param(release, settings, id=f"{name}-{release}", marks=pytest.mark.thorough)
        for name, settings in SETTINGS.items()
        for release in settings.releases
    ],
    indirect=["debian"],
)
def test_packets_pass_now_and_after_a_boot_or_it_is_told(
    machine: StartMachine, settings: Settings, mode: dict[str, object]
) -> None:
    host = machine()
    daemon(host, **settings.keys)
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon, **mode)
    # Docker gives its own bridge some of what it is told at the next boot only.
    host.reboot()
    before = fingerprint(host)
    done = apply(host)
    assert (done.returncode == ExitCode.REFUSED) == settings.refused, done.stderr
    name = NETWORK
    if settings.refused:
        assert difference(before, fingerprint(host)) == ""
        found = re.search(r"such as (\S+)\.", " ".join(done.stderr.split()))
        assert found is not None, done.stderr
        name = found[1]
        answer(host, mastodon, **mode, network=name)
        done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr

    def passes() -> bool:
        if not all(reaches_internet(mastodon, each) for each in SERVICES):
            return False
        return not mode or is_open(host, addresses(host, name)[mastodon.container("web")], 3000)

    assert passes()
    host.reboot()
    host.wait(passes, "packets after the boot")
    checked = wizard(host, "--check")
    assert checked.returncode == ExitCode.DONE, checked.stdout
    undone = undo(host)
    assert undone.returncode == ExitCode.DONE, undone.stdout
    if "gone after the next boot" in undone.stdout:
        host.reboot()
    after = lasting(fingerprint(host))
    if settings.refused:
        # Docker hands out the addresses of the network that was there in another order.
        after["ip6tables"] = before["ip6tables"]
    assert difference(lasting(before), after) == ""
