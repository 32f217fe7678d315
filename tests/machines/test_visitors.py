"""Published ports go on answering; over IPv6, unless what does not was named and accepted."""

from ipaddress import IPv6Network

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.support import ANSWERS, answer, apply, undo, wizard
from tests.machines.visitors import HOST_IPV4, both, deploy, from_host, from_outside, sentences
from wizard.answers.choices import Mode
from wizard.platform.errors import ExitCode
from wizard.rehearsal.deployment import Deployment
from wizard.rehearsal.machine import Machine

PREFIX = IPv6Network("2001:db8:1:2:1::/80")

VISITED = """\
    services:
      plain:
        image: mastodon-practice:1
        command: httpd -f -p 0.0.0.0:3000 -h /srv/www
        ports: ["3000:3000"]
      both:
        image: mastodon-practice:1
        command: httpd -f -p 8080 -h /srv/www
        ports: ["4000:8080"]
      first:
        image: mastodon-practice:1
        command: nc -ll -p 25 -e echo 220 here
        ports: ["2500:25"]
      silent:
        image: mastodon-practice:1
        command: nc -ll -p 26 -e sleep 1000
        ports: ["2600:26"]
      nobody:
        image: mastodon-practice:1
        command: sleep 1000000
        ports: ["2700:27"]
      local:
        image: mastodon-practice:1
        command: httpd -f -p 0.0.0.0:3000 -h /srv/www
        ports: ["127.0.0.1:5000:3000"]
      out:
        image: mastodon-practice:1
        command: httpd -f -p 0.0.0.0:3000 -h /srv/www
        ports: ["6000:3000"]
    """
CHOSEN = ("plain", "both", "first", "silent", "nobody", "local")
PORTS = (3000, 4000, 2500, 2600, 5000, 6000)

every_mode = pytest.mark.parametrize("mode", list(Mode))
sample = pytest.mark.parametrize(
    ("debian", "mode"),
    [
        pytest.param(12, Mode.ULA, marks=pytest.mark.thorough),
        pytest.param(12, Mode.ROUTED, marks=pytest.mark.thorough),
        pytest.param(13, Mode.ULA, marks=pytest.mark.thorough),
        pytest.param(13, Mode.ROUTED, marks=pytest.mark.thorough),
        pytest.param(14, Mode.ULA, marks=pytest.mark.thorough),
        pytest.param(14, Mode.ROUTED),
    ],
    indirect=["debian"],
)


def choose(host: Machine, deployment: Deployment, mode: Mode, **changes: object) -> None:
    prefix = {"prefix": PREFIX} if mode is Mode.ROUTED else {}
    answer(host, deployment, mode=mode, **{"accepted": (), **prefix, **changes})


def add_to_answers(host: Machine, line: str) -> None:
    """Do by hand what the refusal says: put a line below [choices]."""
    file = host.path(ANSWERS)
    file.write_text(file.read_text().replace("[choices]\n", f"[choices]\n{line}\n"))


@sample
def test_what_stops_answering_over_ipv6_is_named_and_has_to_be_accepted(
    machine: StartMachine, mode: Mode
) -> None:
    host = machine()
    deployment = deploy(host, VISITED)
    choose(host, deployment, mode, services=CHOSEN)
    by_engine = mode is Mode.ROUTED and host.release >= 14
    lost = {3000, 4000, 2500, 2600} if by_engine else {3000}
    had = both(host, PORTS)
    assert {had[f"{host.address} {port}"] for port in (3000, 4000, 2500, 2600, 6000)} == {"open"}
    assert had["127.0.0.1 5000"] == "open"
    before = fingerprint(host)

    planned = wizard(host, "--plan", "--answers", ANSWERS)
    assert planned.returncode == ExitCode.DONE, planned.stderr
    said = sentences(planned.stdout)
    refused = apply(host)

    assert refused.returncode == ExitCode.REFUSED
    assert difference(before, fingerprint(host)) == ""
    for port in PORTS:
        named = f"[{host.address}]:{port} and [::1]:{port}" in said
        assert named == (port in lost)
        assert (f"[::]:{port}/tcp" in refused.stderr) == (port in lost)
    (line,) = [each for each in refused.stderr.splitlines() if each.startswith("accepted")]
    add_to_answers(host, line)

    done = apply(host)

    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    has = both(host, PORTS)
    for place, outcome in had.items():
        address, published = place.split()[-2:]
        expected = int(published) in lost and ":" in address
        assert (has[place] == outcome) != expected, place
        assert not expected or has[place] != "open"
    if mode is Mode.ROUTED:
        # Where an AAAA is to lead to: the container's own address, and the container's own port.
        inside = ["docker", "inspect", "--format"]
        form = "{{.NetworkSettings.Networks.mastodon_ipv6.GlobalIPv6Address}}"
        own = host.run([*inside, form, deployment.container("both")]).stdout.strip()
        assert from_outside(host, (own, 8080)) == ["open"]
    assert undo(host).returncode == ExitCode.DONE
    assert both(host, PORTS) == had


@pytest.mark.thorough
@pytest.mark.parametrize(
    "debian", [12, pytest.param(13, marks=pytest.mark.thorough)], indirect=True
)
def test_an_unnamed_loss_is_taken_back(machine: StartMachine, debian: int) -> None:
    host = machine()
    deployment = deploy(
        host,
        """\
        services:
          web:
            image: mastodon-practice:1
            command: httpd -f -p 8080 -h /srv/www
            ports: ["8080:8080"]
        """,
    )
    choose(host, deployment, Mode.ULA, services=("web",))
    # From the host nobody reaches the container over IPv6; docker-proxy accepts all the same.
    host.shell(
        "nft add table inet theirs; "
        "nft add chain inet theirs out '{ type filter hook output priority 0; }'; "
        f"nft add rule inet theirs out ip6 daddr fd00::/8 tcp dport 8080 "
        f"{'drop' if debian == 12 else 'reject'}"
    )
    places = [("127.0.0.1", 8080), ("::1", 8080), (host.address, 8080)]
    assert from_host(host, *places) == ["open"] * 3
    before = fingerprint(host)

    done = apply(host)

    assert done.returncode == ExitCode.ROLLED_BACK, done.stdout + done.stderr
    assert "[::1]:8080" in done.stdout
    assert difference(before, fingerprint(host)) == ""
    assert from_host(host, *places) == ["open"] * 3


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [12], indirect=True)
def test_what_answers_over_ipv4_answers_always(machine: StartMachine) -> None:
    """A program on its container's old address alone is dead where its port moves to the new."""
    host = machine()
    deployment = deploy(
        host,
        """\
        services:
          web:
            image: mastodon-practice:1
            command: sh -c 'exec httpd -f -p $$(hostname -i):3000 -h /srv/www'
            ports: ["3000:3000"]
        """,
    )
    choose(host, deployment, Mode.ULA, services=("web",), accepted=("[::]:3000/tcp",))
    had = both(host, [3000])
    assert {had["127.0.0.1 3000"], had[f"outside {HOST_IPV4} 3000"]} == {"open"}

    done = apply(host)

    assert done.returncode == ExitCode.ROLLED_BACK, done.stdout + done.stderr
    assert "127.0.0.1:3000" in done.stdout
    assert both(host, [3000]) == had


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_names_between_containers_that_lead_nowhere_over_ipv6_are_told(
    machine: StartMachine,
) -> None:
    host = machine()
    deployment = deploy(
        host,
        """\
        services:
          web:
            image: mastodon-practice:1
            command: httpd -f -p 0.0.0.0:3000 -h /srv/www
          worker:
            image: mastodon-practice:1
            command: sleep 1000000
          other:
            image: mastodon-practice:1
            command: httpd -f -p 4000 -h /srv/www
        """,
    )
    asked = ["nc", "-w", "2", "web", "3000"]
    assert deployment.exec("worker", asked, check=False).returncode == 0
    choose(host, deployment, Mode.ULA, services=("web", "worker", "other"))

    said = sentences(wizard(host, "--plan", "--answers", ANSWERS).stdout)
    assert "over IPv6: web port 3000." in said

    assert apply(host).returncode == ExitCode.DONE
    assert deployment.exec("worker", asked, check=False).returncode != 0
    old = host.run(
        [
            *("docker", "inspect", "--format"),
            "{{.NetworkSettings.Networks.mastodon_default.IPAddress}}",
            deployment.container("web"),
        ]
    ).stdout.strip()
    assert deployment.exec("worker", ["nc", "-w", "2", old, "3000"], check=False).returncode == 0


@pytest.mark.parametrize("debian", [13], indirect=True)
def test_what_containers_reached_at_an_old_address_they_reach_or_all_is_taken_back(
    machine: StartMachine,
) -> None:
    host = machine()
    deployment = deploy(
        host,
        """\
        services:
          web:
            image: mastodon-practice:1
            command: sleep 1000000
          store:
            image: mastodon-practice:1
            command: httpd -f -p 5432 -h /srv/www
        """,
    )
    choose(host, deployment, Mode.ULA, services=("web",))
    form = "{{.State.Pid}} {{.NetworkSettings.Networks.mastodon_default.IPAddress}}"
    shown = host.run(["docker", "inspect", "--format", form, deployment.container("store")])
    pid, old = shown.stdout.split()
    asked = ["nc", "-w", "2", old, "5432"]
    assert deployment.exec("web", asked, check=False).returncode == 0
    before = fingerprint(host)
    # What the wizard does last is what breaks it.
    program = host.path("/usr/local/sbin/docker")
    lose = f"nsenter --target {pid} --net iptables -A INPUT -d {old} -p tcp -j DROP"
    program.write_text(
        f'#!/bin/sh\n[ "$1 $2" != "network connect" ] || {lose}\nexec /usr/bin/docker "$@"\n'
    )
    program.chmod(0o755)

    done = apply(host)

    assert done.returncode == ExitCode.ROLLED_BACK, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    assert f"from the container {deployment.container('web')} to {old}:5432" in said
    assert deployment.exec("web", asked, check=False).returncode != 0
    assert difference(before, fingerprint(host)) == ""
