"""What a host's own rules close to the internet stays closed where Docker forwards past them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.support import answer, apply, reaches_internet, undo, wizard
from tests.machines.visitors import HOST_IPV4, deploy, from_host, from_outside
from wizard.platform.errors import ExitCode
from wizard.rehearsal.machine import Machine

DEPLOYMENT = """\
    services:
      web:
        image: mastodon-practice:1
        restart: always
        command: httpd -f -p 8080 -h /srv/www
        ports: ["3000:8080", "3100:8080", "5300:53/udp"]
      streaming:
        image: mastodon-practice:1
        restart: always
        command: httpd -f -p 8080 -h /srv/www
        ports: ["4000:8080"]
    """
RULES = """\
ip6tables -A INPUT -p tcp --dport 3000 -j DROP
ip6tables -A INPUT -p udp --dport 5300 -j DROP
nft add table inet mine
nft add chain inet mine in '{ type filter hook input priority 10; policy accept; }'
nft add rule inet mine in iifname eth0 tcp dport 3100 drop
"""


def reached(host: Machine, address: str) -> dict[int, str]:
    ports = (3000, 3100, 4000)
    found = from_outside(host, *((address, port) for port in ports))
    return dict(zip(ports, found, strict=True))


@contextmanager
def rules_lost(host: Machine) -> Iterator[None]:
    """Have somebody stop what keeps the wizard's rules, and flush them, as the last step begins."""
    program = host.path("/usr/local/sbin/docker")
    lose = "systemctl stop docker-ipv6-wizard-filter; ip6tables -F DOCKER-IPV6-WIZARD"
    program.write_text(
        f'#!/bin/sh\n[ "$1 $2" != "network connect" ] || {{ {lose}; }}\nexec /usr/bin/docker "$@"\n'
    )
    program.chmod(0o755)
    yield
    program.unlink()


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [14], indirect=True)
def test_closed_ports_stay_closed_through_apply_flush_and_reboot(machine: StartMachine) -> None:
    host = machine()
    made = deploy(host, DEPLOYMENT)
    host.shell(RULES)
    before, before_ipv4 = reached(host, host.address), reached(host, HOST_IPV4)
    within = from_host(host, ("::1", 3000), (host.address, 3100))
    opened = before[4000]
    assert within[1] == opened
    assert opened not in (before[3000], before[3100])
    assert set(before_ipv4.values()) == {opened}
    answer(host, made, services=("web", "streaming"))
    known = fingerprint(host)
    with rules_lost(host):
        done = apply(host)
    assert done.returncode == ExitCode.ROLLED_BACK, done.stdout + done.stderr
    came = [f"[{host.address}]:{port}" for port in ("3000/tcp", "3100/tcp", "5300/udp")]
    assert all(port in " ".join(done.stdout.split()) for port in came)
    assert difference(known, fingerprint(host)) == ""
    assert reached(host, host.address) == before

    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert reaches_internet(made)
    assert reached(host, host.address) == before
    assert reached(host, HOST_IPV4) == before_ipv4
    # What comes from the host itself was closed at one of them, and not at the other.
    assert from_host(host, ("::1", 3000), (host.address, 3100)) == within
    assert wizard(host, "--check").returncode == 0

    host.shell("ip6tables -F DOCKER-USER; ip6tables -F DOCKER-IPV6-WIZARD")
    host.wait(lambda: reached(host, host.address) == before, "the ports to be closed again")
    # From then on nothing leads to DOCKER-USER, until Docker is restarted.
    host.shell("ip6tables -P FORWARD ACCEPT; ip6tables -F FORWARD")
    host.wait(lambda: reached(host, host.address) == before, "the ports to be closed without it")
    host.run(["systemctl", "reset-failed", "docker"])
    host.run(["systemctl", "restart", "docker"])
    host.wait_for_docker()
    jump = "-j DOCKER-IPV6-WIZARD\n"
    host.wait(
        lambda: jump not in host.run(["ip6tables", "-S", "FORWARD"]).stdout,
        "DOCKER-USER to lead to them again",
    )
    host.wait(lambda: reached(host, host.address) == before, "the ports to be as before")

    # Their rules are gone with the reboot: what closes the ports now is the wizard's.
    host.reboot()
    host.wait(lambda: reached(host, host.address)[4000] == opened, "streaming to answer")
    assert reached(host, host.address) == before
    host.shell(RULES)
    assert undo(host).returncode == ExitCode.DONE
    assert reached(host, host.address) == before
    assert "WIZARD" not in host.run(["ip6tables-save"]).stdout
    assert host.shell("find /etc -name '*ipv6-wizard*'").stdout == ""
