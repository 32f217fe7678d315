"""What the page about an obstacle says is typed, and the obstacle is gone."""

import json
import shlex
from dataclasses import dataclass
from functools import partial

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.support import RECORD, wizard
from wizard.host.obstacle import Cause
from wizard.rehearsal import network
from wizard.rehearsal.machine import Machine

CHAIN = "{ type filter hook forward priority 0; policy drop; }"
NOT_INSTALLED = 127


@dataclass(frozen=True)
class Made:
    """How an obstacle comes about, in a shell whose environment is that of the wizard after it."""

    by: str
    within: str = ":"
    """What is typed in the same shell, before anything else."""


OBSTACLES = {
    Cause.DOCKER_NOT_RUNNING: Made("systemctl stop docker.socket docker"),
    Cause.DOCKER_ELSEWHERE: Made(":", "export DOCKER_HOST=tcp://192.0.2.5:2375"),
    Cause.NO_DEFAULT_ROUTE: Made("ip -6 route del default"),
    Cause.ADDRESS_DEPRECATED: Made(
        f"ip -6 address change {network.MACHINE}/64 dev eth0 preferred_lft 0"
    ),
    Cause.FORWARD_CHAIN: Made(
        f"nft add table inet site; nft add chain inet site forward {shlex.quote(CHAIN)}"
    ),
    Cause.RECORD_UNREADABLE: Made(
        f"mkdir -m 700 -p {RECORD.rpartition('/')[0]}; echo half a rec > {RECORD}"
    ),
    # The last, since it takes addresses and routes.
    Cause.IPV6_OFF: Made("sysctl -w net.ipv6.conf.all.disable_ipv6=1"),
}


def is_told(host: Machine, cause: Cause, within: str) -> bool:
    found = json.loads(host.shell(f"{within}\nwizard --detect --json").stdout)
    return cause in {each["cause"] for each in found["problems"]}


def typed(host: Machine, cause: Cause, within: str) -> list[str]:
    """The lines of the page, with what stands for this host in place of capital letters."""
    page = host.shell(f"{within}\nwizard --explain {cause}").stdout
    lines = [line.strip() for line in page.splitlines() if line.startswith("  ")]
    assert lines, page
    places = {"ROUTER": network.ROUTER, "INTERFACE": "eth0", "RECORD": RECORD}
    for word, value in places.items():
        lines = [line.replace(word, str(value)) for line in lines]
    return lines


@pytest.mark.parametrize("debian", [13], indirect=True)
def test_what_a_page_says_is_typed_takes_the_obstacle_away(machine: StartMachine) -> None:
    host = machine()
    assert wizard(host, "--explain").returncode == 0
    for cause, made in OBSTACLES.items():
        host.shell(made.by)
        host.wait(partial(is_told, host, cause, made.within), f"{cause} to be told")
        lines = typed(host, cause, made.within)
        ends = "".join(f'{line} < /dev/null\necho "$?" >> /tmp/ends\n' for line in lines)
        said = host.shell(
            f"rm -f /tmp/ends\n{made.within}\nset +e\n{ends}wizard --detect --json > /tmp/host.json"
        )
        assert str(NOT_INSTALLED) not in host.path("/tmp/ends").read_text().split(), said.stderr
        after = json.loads(host.path("/tmp/host.json").read_text())["problems"]
        assert cause not in {each["cause"] for each in after}, (lines, said.stdout, said.stderr)
