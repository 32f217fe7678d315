"""``wizard --check --from``: another machine of the person's tries what comes in."""

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.support import answer, apply, wizard
from tests.machines.test_routed import PREFIX, addresses
from wizard.answers.choices import Mode
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments

OTHER = "2001:db8:5:7::2"
"""A network namespace with an sshd of its own, one link away."""

MAKE = f"""
ip netns add other
ip link add to-other type veth peer name eth0 netns other
ip address add 2001:db8:5:7::1/64 dev to-other nodad
ip link set to-other up
ip -netns other address add {OTHER}/64 dev eth0 nodad
ip -netns other link set lo up
ip -netns other link set eth0 up
ip -netns other route add default via 2001:db8:5:7::1
ssh-keygen -q -t ed25519 -N "" -f /root/.ssh/id_ed25519
cat /root/.ssh/id_ed25519.pub >> /root/.ssh/authorized_keys
mkdir -p /run/sshd
ip netns exec other /usr/sbin/sshd
until ssh-keyscan {OTHER} > /root/.ssh/known_hosts 2>/dev/null && \
    test -s /root/.ssh/known_hosts; do sleep 0.1; done
"""


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_another_machine_tries_what_comes_in_and_what_is_silent_is_named(
    machine: StartMachine, debian: int
) -> None:
    host = machine()
    mastodon = deployments.up(host, "2017")
    answer(host, mastodon, mode=Mode.ROUTED, prefix=PREFIX)
    assert apply(host).returncode == ExitCode.DONE
    host.shell(MAKE)
    web = addresses(host)[mastodon.container("web")]
    alone = wizard(host, "--check").stdout
    assert "--from ADDRESS" in alone
    asked = wizard(host, "--check", "--from", f"root@{OTHER}")
    assert asked.returncode == ExitCode.DONE, asked.stdout + asked.stderr
    said = " ".join(asked.stdout.split())
    assert f"an echo request at {web}" in said
    assert f"TCP port 3000 at {web}" in said
    assert "--from ADDRESS" not in said
    host.run(["ip6tables", "-I", "FORWARD", "-i", "to-other", "-p", "tcp", "-j", "DROP"])
    asked = wizard(host, "--check", "--from", f"root@{OTHER}")
    assert asked.returncode == ExitCode.NOT_AS_SET_UP, asked.stdout + asked.stderr
    said = " ".join(asked.stdout.split())
    assert f"does not answer TCP port 3000 at {web} when root@{OTHER} asks" in said
    assert f"does not answer an echo request at {web}" not in said
    nobody = wizard(host, "--check", "--from", "root@2001:db8:5:7::3")
    assert "Inwards was not tried: ssh to root@2001:db8:5:7::3 failed" in nobody.stdout
    assert wizard(host, "--check", "--from", "-oProxyCommand=x").returncode == ExitCode.REFUSED
