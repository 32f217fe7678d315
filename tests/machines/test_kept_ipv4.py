"""IPv4 of containers goes on where rules know the old network alone, or nothing is changed."""

import re

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.support import ANSWERS, PUBLISHED, answer, apply, undo, wizard
from tests.machines.test_routed import is_open
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal import network
from wizard.rehearsal.deployment import Deployment
from wizard.rehearsal.machine import Machine

CHAIN = """\
table inet own {
  chain through {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    meta nfproto ipv6 accept
    %s
  }
}
"""
OLD = "ip saddr 172.18.0.0/16 accept; ip daddr 172.18.0.0/16 accept"


def sends(mastodon: Deployment) -> bool:
    """Whether an echo over IPv4 comes back to a container from outside."""
    ping = ["ping", "-c", "1", "-W", "3", network.INTERNET_IPV4]
    return mastodon.exec("web", ping, check=False).returncode == 0


def has_ipv4(host: Machine, mastodon: Deployment) -> bool:
    return sends(mastodon) and is_open(host, network.MACHINE_IPV4, 3000)


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [12, 13], indirect=True)
def test_what_lets_the_old_network_pass_alone_is_told_and_what_is_typed_keeps_all(
    machine: StartMachine,
) -> None:
    host = machine()
    mastodon = deployments.up(host, "2017")
    host.run(["nft", "-f", "-"], input=CHAIN % OLD)
    assert has_ipv4(host, mastodon)
    answer(host, mastodon)
    before, said = fingerprint(host), ""
    for verb in (("--plan",), ("--apply", "--yes")):
        refused = wizard(host, *verb, "--answers", ANSWERS)
        assert refused.returncode == ExitCode.REFUSED
        said = " ".join((refused.stderr + refused.stdout).split())
        assert "drops what they send" in said and "0.0.0.0:3000/tcp" in said
    assert difference(before, fingerprint(host)) == ""
    host.shell("; ".join(re.findall(r"nft 'insert rule [^']*'", said)))
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert has_ipv4(host, mastodon)
    assert undo(host).returncode == ExitCode.DONE
    assert has_ipv4(host, mastodon)


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_where_rules_do_not_tell_what_they_do_it_is_taken_back(machine: StartMachine) -> None:
    host = machine()
    mastodon = deployments.up(host, "2017")
    unknown = f"meta mark != 7 jump {{ {OLD}; meta l4proto icmp drop; }}; accept"
    host.run(["nft", "-f", "-"], input=CHAIN % unknown)
    assert has_ipv4(host, mastodon)
    answer(host, mastodon)
    before = fingerprint(host)
    done = apply(host)
    assert done.returncode == ExitCode.ROLLED_BACK, done.stdout
    said = " ".join((done.stdout + done.stderr).split())
    assert "to this host's IPv4 router, which answered" in said
    assert has_ipv4(host, mastodon)
    assert difference(before, fingerprint(host)) == ""


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [14], indirect=True)
def test_a_port_that_is_dropped_where_docker_sends_it_on_is_told_and_kept_by_what_is_typed(
    machine: StartMachine,
) -> None:
    host = machine()
    mastodon = deployments.up(host, "2017")
    rule = ["-i", "eth0", "-m", "conntrack", "--ctstate", "NEW", "-j", "DROP"]
    host.run(["ip6tables", "-I", "DOCKER-USER", *rule])
    assert is_open(host, host.address, 3000)
    answer(host, mastodon, accepted=tuple(f"open {each}" for each in PUBLISHED))
    assert apply(host).returncode == ExitCode.REFUSED
    planned = wizard(host, "--plan", "--answers", ANSWERS)
    said = re.sub(r"\n# ?", " ", planned.stdout)
    host.shell("; ".join(re.findall(r"ip6tables -t filter -I [^.]* -j RETURN", said)))
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert is_open(host, host.address, 3000)
    assert wizard(host, "--check").returncode == ExitCode.DONE
    # Later somebody takes these out again, which may be meant so.
    host.shell("ip6tables -F DOCKER-USER; ip6tables -I DOCKER-USER " + " ".join(rule))
    assert not is_open(host, host.address, 3000)
    checked = wizard(host, "--check")
    assert checked.returncode == ExitCode.DONE, checked.stdout
    assert "Strangers do not reach [::]:3000/tcp (web)" in " ".join(checked.stdout.split())
    assert undo(host).returncode == ExitCode.DONE
    assert is_open(host, host.address, 3000)
