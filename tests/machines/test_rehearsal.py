"""Practice machines are real hosts, do not touch this one, and leave nothing behind."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pexpect
import pytest

from tests.lines import PATIENCE, Lines
from tests.machines.fingerprint import difference, fingerprint
from wizard.platform.errors import Refused, WizardError
from wizard.rehearsal import (
    cache,
    deployment,
    installation,
    leftovers,
    network,
    requirements,
    rootfs,
)
from wizard.rehearsal.machine import Machine

# Connects and prints the line that the internet answers with: who asked.
WHO_AM_I = "import socket,sys; print(socket.create_connection((sys.argv[1], 443), 5).recv(99))"

# Each such test on Debian 12 shows the same of a deployment, or of this very kernel.
newer_of_two = pytest.mark.parametrize(
    "debian", [13, pytest.param(12, marks=pytest.mark.thorough)], indirect=True
)

FETCH = "import sys, urllib.request as web; print(web.urlopen(sys.argv[1], timeout=5).read())"


def shell_of_this_computer(text: str) -> str:
    return subprocess.run(
        ["/bin/sh", "-c", text], capture_output=True, text=True, check=True
    ).stdout


def own_network() -> str:
    """What of this computer's own network a practice machine might touch."""
    return shell_of_this_computer(
        "ip -o link | cut -d' ' -f2; ip -o address | sed 's/valid_lft.*//'; ip route; ip -6 route"
        " | sed 's/expires [0-9]*sec//'; cat /proc/sys/net/ipv6/conf/*/forwarding"
        " /proc/sys/net/ipv6/conf/*/accept_ra /proc/sys/net/ipv4/ip_forward"
    )


def traces(name: str) -> str:
    """Everything on this computer that bears an instance's name."""
    return shell_of_this_computer(
        f"grep -F {name} /proc/self/mountinfo; ls -d /run/netns/{name}* {leftovers.FOLDER}/{name}*"
        f" /run/{name}* {cache.folder()}/machines/{name}*;"
        f" find /sys/fs/cgroup -name '{name}*' | grep .;"
        f" ps -eo pid,args | grep -F {name} | grep -v grep; true"
    ).strip()


def until(condition: Callable[[], object], timeout: float = 20) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def who_am_i(machine: Machine, address: str) -> str:
    return machine.run(["python3", "-c", WHO_AM_I, address]).stdout.strip()


@pytest.fixture(
    scope="module",
    params=[13, pytest.param(12, marks=pytest.mark.thorough)],
    ids=["debian13", "debian12"],
)
def host(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """One machine for several tests that do not get in each other's way."""
    before = own_network()
    with Machine(request.param) as machine:
        yield machine
        name = machine.name
        assert traces(name)
    assert traces(name) == ""
    assert own_network() == before


class TestAMachine:
    def test_is_a_debian_host_with_its_own_dockerd(self, host: Machine) -> None:
        engine = host.run(["docker", "version", "--format", "{{.Server.Version}}"]).stdout
        assert engine.startswith({12: "20.10.24", 13: "26.1.5"}[host.release])
        host.run([*host.compose, "version"])
        assert "failed" not in host.run(["systemctl", "list-units", "--failed", "--quiet"]).stdout

    def test_reaches_its_router_and_the_internet_and_is_reached(self, host: Machine) -> None:
        assert who_am_i(host, network.INTERNET) == f"b'{network.MACHINE}\\n'"
        assert who_am_i(host, network.INTERNET_IPV4) == f"b'{network.MACHINE_IPV4}\\n'"
        host.router.run(["busybox", "ping6", "-c1", "-W2", network.MACHINE])
        login4 = [*host.ssh_command(4), "id", "-un"]
        login6 = [*host.ssh_command(6), "id", "-un"]
        for login in (login4, login6):
            assert subprocess.check_output(login, text=True) == "root\n"

    def test_changes_nothing_outside_of_itself(self, host: Machine) -> None:
        before = own_network()
        host.shell("ip6tables -A INPUT -j ACCEPT; sysctl -w net.ipv6.conf.all.forwarding=1")
        host.shell("ip link add bridge0 type bridge; ip address add 203.0.113.1/24 dev bridge0")
        assert own_network() == before

    def test_does_not_set_the_clock_of_this_computer(self, host: Machine) -> None:
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        assert host.run(["date", f"--set={now}"], check=False).returncode

    def test_installs_an_offered_package_without_a_mirror(self, host: Machine) -> None:
        host.shell("apt-get -q update && apt-get install -q -y ndppd", timeout=300)
        assert host.run(["systemctl", "is-active", "ndppd"], check=False).stdout == "active\n"

    def test_has_the_wizard_and_what_it_imports(self, host: Machine) -> None:
        tried = "import textual, docker, pyroute2, tomli_w, yaml, wizard, screens"
        host.run([str(installation.PYTHON), "-c", tried])
        # The one package of Debian's that it uses is seen where it is used, and no other at all.
        tried = "from wizard.steps.legacy_ip6tables import loader; assert loader()"
        host.run([str(installation.PYTHON), "-c", tried])
        listed = "import importlib.metadata as m; print(*{each.name for each in m.distributions()})"
        names = host.run([str(installation.PYTHON), "-c", listed]).stdout.split()
        lock = (Path(__file__).parents[2] / "lock/wizard.txt").read_text()
        locked = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
        # With pip comes what ensurepip has.
        seen = {re.sub(r"[-_.]+", "-", name).lower() for name in names} - {"pip", "setuptools"}
        assert seen == locked
        # It was set up by its own program, which finds nothing left to do.
        assert host.run(["wizard", "--version"]).stderr == ""

    def test_has_settled_once_no_address_is_checked_for_a_duplicate(self, host: Machine) -> None:
        checked = ["ip", "-6", "address", "show", "dev", "eth0", "tentative"]
        host.shell(
            "ip link add idle type bridge; ip link set idle up; ip address add fd00::1/64 dev idle;"
            "sysctl -w net.ipv6.conf.eth0.dad_transmits=2; ip address add fd00::2/64 dev eth0"
        )
        assert "fd00::2" in host.run(checked).stdout
        host.settle()
        assert host.run(checked).stdout == ""
        host.shell("ip link delete idle; ip address delete fd00::2/64 dev eth0")

    def test_ends_a_command_that_takes_too_long_with_all_it_started(self, host: Machine) -> None:
        with pytest.raises(subprocess.TimeoutExpired):
            host.shell("sleep 4321 & sleep 4321", timeout=1)
        until(lambda: host.run(["pgrep", "-f", "sleep 4321"], check=False).returncode == 1)

    def test_has_a_router_that_asks_or_sends_the_prefix_or_knows_no_ipv6(self) -> None:
        inside = "2001:db8:1:2:1::5"
        kinds: dict[network.Route, bool] = {"routed": True, "static": False, "none": False}
        for route, reached in kinds.items():
            with Machine(13, wizard=False, route=route) as host:
                # Asked for, no interface of the link would answer: it is of another.
                host.run(["ip", "address", "add", f"{inside}/80", "dev", "lo", "nodad"])
                ping = ["busybox", "ping6", "-c1", "-W2", inside]
                assert (host.router.run(ping, check=False).returncode == 0) is reached, route
                assert who_am_i(host, network.INTERNET_IPV4) == f"b'{network.MACHINE_IPV4}\\n'"
                if route == "none":
                    assert host.run(["ip", "-6", "route", "show", "default"]).stdout == ""
                else:
                    assert who_am_i(host, network.INTERNET) == f"b'{network.MACHINE}\\n'"

    @newer_of_two
    def test_loses_its_advertised_route_to_docker_unless_accept_ra_is_2(
        self, machine: Callable[..., Machine]
    ) -> None:
        host = machine(route="advertisement")
        create = ["docker", "network", "create", "--ipv6", "--subnet"]
        route = ["ip", "-6", "route", "show", "default"]
        assert "proto ra" in host.run(route).stdout
        host.run(["sysctl", "-w", "net.ipv6.conf.eth0.accept_ra=2"])
        host.run([*create, "fd00:db8:1::/64", "first"])
        assert "proto ra" in host.run(route).stdout
        host.run(["docker", "network", "rm", "first"])

        # Anew, as the kernel looks for such routes but once: what it spared then it spares later.
        host.reboot()
        assert host.run(["sysctl", "-n", "net.ipv6.conf.eth0.accept_ra"]).stdout == "1\n"
        assert host.run(["sysctl", "-n", "net.ipv6.conf.all.forwarding"]).stdout == "0\n"
        assert "proto ra" in host.run(route).stdout
        host.run([*create, "fd00:db8:2::/64", "second"])
        assert host.run(route).stdout == ""

    @pytest.mark.parametrize(("release", "route"), [(12, "static"), (13, "advertisement")])
    def test_may_have_its_uplink_managed_by_networkd(
        self, release: int, route: network.Route
    ) -> None:
        with Machine(release, route=route, manager="systemd-networkd", wizard=False) as host:
            state = ["networkctl", "status", "eth0"]
            until(lambda: "(configured)" in host.run(state).stdout)
            assert who_am_i(host, network.INTERNET) == f"b'{host.address}\\n'"


class TestRestarting:
    @newer_of_two
    def test_keeps_files_and_containers_and_starts_the_network_anew(
        self, machine: Callable[..., Machine]
    ) -> None:
        host = machine(wizard=False)
        bystander = deployment.add_bystander(host)
        host.path("/etc/kept").write_text("kept\n")

        def power_cut() -> None:
            host.power_cut()
            host.boot()

        for restart in (host.reboot, power_cut):
            host.shell(
                "ip address add 2001:db8:1:2::99/64 dev eth0; ip6tables -A INPUT -j ACCEPT;"
                "sysctl -w net.ipv6.conf.eth0.proxy_ndp=1"
            )
            started = host.leader
            restart()
            assert host.leader != started
            assert host.path("/etc/kept").read_text() == "kept\n"
            assert "::99" not in host.run(["ip", "address"]).stdout
            assert "INPUT -j ACCEPT" not in host.run(["ip6tables-save"]).stdout
            assert host.run(["sysctl", "-n", "net.ipv6.conf.eth0.proxy_ndp"]).stdout == "0\n"
            running = host.run(["docker", "ps", "--format", "{{.Names}}"]).stdout
            assert running == f"{bystander}\n"


class TestADeployment:
    @newer_of_two
    def test_of_either_shape_runs_and_reaches_the_internet_over_ipv4_alone(
        self, machine: Callable[..., Machine]
    ) -> None:
        host = machine(wizard=False)
        shapes: dict[deployment.Shape, set[str]] = {
            "2017": {"mastodon_default"},
            "current": {"mastodon_external_network", "mastodon_internal_network"},
        }
        for shape, expected in shapes.items():
            mastodon = deployment.up(host, shape)
            for service in deployment.SERVICES:
                running = ["docker", "inspect", "-f", "{{.State.Running}}"]
                assert host.run([*running, mastodon.container(service)]).stdout == "true\n"
            fetch = ["wget", "-q", "-O", "-"]
            seen = mastodon.exec("web", [*fetch, f"http://{network.INTERNET_IPV4}/"])
            assert seen.stdout == f"{network.MACHINE_IPV4}\n"
            closed = mastodon.exec("web", [*fetch, f"http://[{network.INTERNET}]/"], check=False)
            assert closed.returncode != 0
            for port in (3000, 4000):
                address = f"http://127.0.0.1:{port}/health"
                assert "OK" in host.run(["python3", "-c", FETCH, address]).stdout
            networks = host.run(["docker", "network", "ls", "--format", "{{.Name}}"]).stdout
            assert set(networks.split()) - {"bridge", "host", "none"} == expected
            mastodon.compose("down")


class TestSeveralMachines:
    def test_do_not_see_each_other(self) -> None:
        with Machine(12, wizard=False) as one, Machine(13, wizard=False) as other:
            for host in (one, other):
                groups = host.run(["ls", "/sys/fs/cgroup/system.slice"]).stdout
                assert "docker.service" in groups
            before = own_network()
            # Would end the other's dockerd too, if their systemds shared control groups.
            one.run(["systemctl", "kill", "--signal=KILL", "docker.service"])
            one.run(["systemctl", "stop", "docker.service", "docker.socket"])
            assert other.run(["docker", "info", "--format", "{{.ServerVersion}}"]).stdout
            assert other.run(["systemctl", "show", "-P", "NRestarts", "docker"]).stdout == "0\n"
            one.run(["ip", "link", "set", "eth0", "down"])
            other.run(["ping", "-c1", "-W2", network.INTERNET])
            assert own_network() == before


class TestLeftovers:
    def test_of_a_killed_owner_are_removed_by_the_next_machine(self, tmp_path: Path) -> None:
        text = (
            "import sys, time\n"
            "from wizard.rehearsal.machine import Machine\n"
            "from pathlib import Path\n"
            "with Machine(12, wizard=False, route='advertisement') as machine:\n"
            "    machine.keep_file(Path(f'/run/{machine.name}.file'), '')\n"
            "    print(machine.name, machine.leader, flush=True)\n"
            "    time.sleep(600)\n"
        )
        owner = subprocess.Popen(
            [sys.executable, "-c", text], stdout=subprocess.PIPE, text=True, cwd=_project()
        )
        try:
            # It may have to wait for the root file system, which another process builds.
            name, leader = Lines(owner).next(600).split()
        finally:
            owner.kill()
            owner.wait(PATIENCE)
        assert leftovers.Process.of(int(leader)).alive()
        assert traces(name)
        with Machine(13, wizard=False) as machine:
            assert traces(name) == ""
            assert not leftovers.Process.of(int(leader)).alive()
            # What is somebody's who lives is let alone.
            assert leftovers.reap() == []
            machine.run(["true"])

    def test_that_were_mounted_when_their_record_had_gone_are_removed_too(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DOCKER_IPV6_WIZARD_CACHE", str(tmp_path / "cache"))
        late, ours = leftovers.Instance.new(), leftovers.Instance.new()
        try:
            for each in (late, ours):
                each.folder.mkdir(parents=True)
                subprocess.run(["mount", "-t", "tmpfs", "practice", each.folder], check=True)
            late.file.unlink()
            assert leftovers.reap() == [late.name]
            assert not late.folder.exists()
            assert ours.folder.is_mount()
        finally:
            for each in (late, ours):
                each.remove()

    def test_of_a_process_number_used_again_are_not_taken_for_the_old_one(self) -> None:
        own = leftovers.Process.of(os.getpid())
        assert own.alive()
        earlier = leftovers.Process(own.pid, own.start - 1)
        assert not earlier.alive()
        earlier.kill()


class TestTheCache:
    @pytest.fixture(autouse=True)
    def _of_its_own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_IPV6_WIZARD_CACHE", str(tmp_path / "cache"))

    def test_never_takes_a_build_that_failed_for_a_finished_one(self) -> None:
        def half(folder: Path) -> None:
            (folder / "half").touch()
            raise WizardError("failed")

        with pytest.raises(WizardError, match="failed"):
            cache.kept("thing", "1", half)
        assert not list(cache.folder().glob("*thing-*"))
        made = cache.kept("thing", "1", lambda folder: (folder / "whole").touch())
        assert os.listdir(made) == ["whole"]  # noqa: PTH208

    def test_never_takes_a_build_that_was_killed_for_a_finished_one(self) -> None:
        text = (
            "import os, signal\n"
            "from wizard.rehearsal import installation, cache\n"
            "cache.kept('thing', '1', lambda folder: os.kill(os.getpid(), signal.SIGKILL))\n"
        )
        subprocess.run([sys.executable, "-c", text], cwd=_project())
        assert list(cache.folder().glob(".thing.*"))
        cache.kept("thing", "1", lambda folder: (folder / "whole").touch())
        assert not list(cache.folder().glob(".thing.*"))

    def test_builds_anew_for_another_recipe_and_drops_what_nobody_asks_for(self) -> None:
        old = cache.kept("thing", cache.key(["one"]), lambda folder: None)
        again = cache.kept("thing", cache.key(["one"]), lambda folder: pytest.fail("built twice"))
        assert old == again
        new = cache.kept("thing", cache.key(["one", "two"]), lambda folder: None)
        # Another checkout may take turns with this one.
        assert new.is_dir()
        assert old.is_dir()
        os.utime(old, (0, 0))
        third = cache.kept("thing", cache.key(["three"]), lambda folder: None)
        assert third.is_dir()
        assert new.is_dir()
        assert not old.exists()

    def test_is_not_crossed_into_a_mount_when_a_folder_goes(self, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "precious").touch()
        inside = tmp_path / "doomed/with space"
        inside.mkdir(parents=True)
        subprocess.run(["mount", "--bind", outside, inside], check=True)
        cache.remove(tmp_path / "doomed")
        assert (outside / "precious").exists()
        assert not (tmp_path / "doomed").exists()


class TestRefusing:
    def test_names_the_command_that_installs_what_is_missing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        missing = ("debootstrap", "radvd")
        monkeypatch.setattr(
            requirements,
            "shutil",
            SimpleNamespace(which=lambda program: None if program in missing else "/x"),
        )
        with pytest.raises(Refused, match=r"apt-get install .* debootstrap radvd$"):
            Machine(12).start()

    def test_says_that_root_is_needed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        with pytest.raises(Refused, match="sudo"):
            rootfs.root_file_system(12)

    def test_knows_no_other_release(self) -> None:
        with pytest.raises(Refused, match="12, 13, 14"):
            rootfs.root_file_system(9)


class TestTheFingerprint:
    @newer_of_two
    def test_is_stable_equal_for_twins_and_shows_every_kind_of_change(
        self, machine: Callable[..., Machine]
    ) -> None:
        host, twin = machine(wizard=False), machine(wizard=False)
        mastodon = deployment.up(host)
        deployment.up(twin)
        assert difference(fingerprint(host), fingerprint(twin), twins=True) == ""
        bystander = deployment.add_bystander(host)
        web, db = mastodon.container("web"), mastodon.container("db")
        before = fingerprint(host)
        taken = time.monotonic()
        changes = {
            "file /etc/new": "touch /etc/new; chmod 600 /etc/new",
            "file /etc/hosts": "echo >> /etc/hosts",
            "file /etc/hostname": "chown person /etc/hostname",
            "file /etc/issue": "chmod 600 /etc/issue",
            "file /etc/mtab": "ln -sf /elsewhere /etc/mtab",
            f"file {mastodon.file}": f"echo '#' >> {mastodon.file}",
            "sysctl net/ipv6/neigh/eth0/proxy_delay": (
                "sysctl -w net.ipv6.neigh.eth0.proxy_delay=0"
            ),
            "sysctl net/ipv6/conf/eth0/accept_ra": "sysctl -w net.ipv6.conf.eth0.accept_ra=2",
            "sysctl net/ipv4/conf/all/rp_filter": "sysctl -w net.ipv4.conf.all.rp_filter=1",
            "ip6tables": "ip6tables -A FORWARD -s fd00:db8::/64 -j ACCEPT",
            "iptables": "iptables -A INPUT -s 203.0.113.1 -j DROP",
            "interface eth0": "ip address add 2001:db8:1:2::99/64 dev eth0",
            "routes -6": "ip -6 route add 2001:db8:77::/48 via fe80::1 dev eth0",
            "routes -4": "ip -4 route add 203.0.113.0/24 via 192.0.2.1",
            "neighbours proxied": "ip -6 neigh add proxy 2001:db8:1:2::77 dev eth0",
            "network new": "docker network create new",
            f"network {bystander}": f"docker network connect {bystander} {web}",
            f"container {db} started": f"docker restart {db}",
            f"container {bystander}": f"docker stop {bystander}",
            "unit own.service": "printf '[Service]\\nExecStart=sleep 9\\n[Install]\\nWantedBy="
            "multi-user.target\\n' > /etc/systemd/system/own.service; systemctl daemon-reload;"
            "systemctl enable --now own.service",
            "unit ssh.service": "systemctl stop ssh.service",
            "ip6tables-legacy": "ip6tables-legacy -A INPUT -j ACCEPT",
        }
        # Long enough for a health check's round and for counters to move.
        host.run(["ping", "-c2", "-i", "0.2", network.INTERNET])
        until(lambda: time.monotonic() > taken + 2)
        assert difference(before, fingerprint(host)) == ""
        for command in changes.values():
            host.shell(command)
        shown = difference(before, fingerprint(host))
        headings = [line.split(":")[0].split(" was ")[0] for line in shown.splitlines()]
        assert [name for name in changes if name.split(":")[0] not in headings] == []


class TestRehearsing:
    @staticmethod
    def spawn(command: str = "['true']", more: str = "") -> "pexpect.spawn[str]":
        text = (
            "import sys\n"
            "from wizard.rehearsal.rehearse import rehearse\n"
            f"sys.exit(rehearse(12, command={command}{more}))\n"
        )
        child: pexpect.spawn[str] = pexpect.spawn(
            sys.executable,
            ["-c", text],
            cwd=_project(),
            encoding="utf-8",
            timeout=PATIENCE,
            dimensions=(24, 80),
        )
        return child

    @staticmethod
    def instance_of(child: "pexpect.spawn[str]") -> str:
        (record,) = leftovers.FOLDER.glob(f"practice-{child.pid}-*.json")
        return record.stem

    @staticmethod
    def line_of(child: "pexpect.spawn[str]") -> str:
        """The line for another terminal, as it is shown."""
        child.expect(r"\n  (ssh -F \S+ practice)\r\n")
        assert isinstance(child.match, re.Match)
        return str(child.match.group(1))

    @staticmethod
    def by(line: str, command: str) -> "subprocess.CompletedProcess[str]":
        """Type the line in another terminal, where nothing of the rehearsal is known."""
        return subprocess.run(
            [*line.split(), command],
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    @staticmethod
    def ended(child: "pexpect.spawn[str]") -> int | None:
        child.expect(pexpect.EOF)
        child.close()
        return child.exitstatus

    def test_stays_for_second_logins_and_reboots_until_its_shell_is_left(
        self, tmp_path: Path
    ) -> None:
        before = own_network()
        child = self.spawn("['bash', '-l']")
        child.expect("@practice:")
        name = self.instance_of(child)
        child.sendline("tty; docker ps | grep -c mastodon_; echo lang=$LANG term=$TERM")
        child.expect("/dev/pts/")
        child.expect("5\r\n")
        child.expect("lang=C.UTF-8 term=")
        # Ctrl+C is the command's: it ends what runs there, and not the rehearsal.
        child.sendline("""sh -c "echo slee''ping; exec sleep 100" """)
        child.expect("sleeping")
        child.sendintr()
        child.sendline("exit 7")

        line = self.line_of(child)
        child.expect("@practice:")
        there = self.by(line, "hostname; echo $SSH_CONNECTION; touch kept /run/gone")
        assert there.stdout.splitlines()[0] == "practice", there.stderr
        assert there.stdout.split()[3] == network.MACHINE
        # The wizard tells this very line where it asks for a second login.
        asked = "from wizard.run import logins; print(*logins.find().commands)"
        assert self.by(line, f"{installation.PYTHON} -c '{asked}'").stdout == f"{line}\n"
        # A host that is another one is not logged in to.
        known = Path(line.split()[2]).with_suffix(".known")
        kept = known.read_text()
        known.write_text(kept.replace(kept.split()[2], _another_key(tmp_path)))
        assert self.by(line, "true").returncode == 255
        known.write_text(kept)

        child.sendline("reboot")
        child.expect("boots again")
        assert self.line_of(child) == line
        child.expect("@practice:")
        child.sendline("ping6 -c1 internet.example")
        child.expect("1 received")
        assert self.by(line, "ls kept /run/gone").stdout == "kept\n"

        # As when a connection breaks.
        child.sendline("kill -9 $PPID")
        child.expect("lost, but it still runs.*ends it all: ")
        child.sendline("")
        child.expect("@practice:")
        # A login that is killed leaves the terminal as it had set it; the Enter key is a return.
        subprocess.run(["pkill", "-KILL", "-P", str(child.pid), "-x", "ssh"], check=True)
        child.expect("lost, but it still runs.*ends it all: ")
        child.send("\r")
        child.expect("@practice:")
        child.sendline("exit 3")
        child.expect("Removing the practice machine")
        assert self.ended(child) == 0
        assert traces(name) == ""
        assert own_network() == before

    def test_is_over_where_the_machine_is_switched_off(self) -> None:
        child = self.spawn()
        child.expect("@practice:")
        name = self.instance_of(child)
        child.sendline("poweroff")
        child.expect("switched off")
        assert self.ended(child) == 0
        assert traces(name) == ""

    @pytest.mark.thorough
    def test_keeps_a_change_by_the_line_for_another_terminal(self) -> None:
        child = self.spawn("['wizard', '--apply', '--yes', '--window', '300']", ", router='routed'")
        line = self.line_of(child)
        assert "is kept" in self.by(line, "wizard --keep").stdout
        child.expect("@practice:")
        child.sendline("wizard --check >/dev/null; echo checked $?")
        child.expect("checked 0")
        child.sendline("exit")
        assert self.ended(child) == 0

    @pytest.mark.parametrize(
        "number", [signal.SIGHUP, pytest.param(signal.SIGTERM, marks=pytest.mark.thorough)]
    )
    def test_leaves_nothing_when_a_signal_ends_it(self, number: signal.Signals) -> None:
        child = self.spawn()
        child.expect("@practice:")
        name = self.instance_of(child)
        assert traces(name)
        child.kill(number)
        assert self.ended(child) == 128 + number
        assert traces(name) == ""

    def test_leaves_nothing_when_interrupted_while_it_starts(self) -> None:
        child = self.spawn()
        child.expect("Starting a practice machine")
        until(lambda: list(leftovers.FOLDER.glob(f"practice-{child.pid}-*.json")))
        name = self.instance_of(child)
        child.sendintr()
        assert self.ended(child) == 130
        assert traces(name) == ""


def _another_key(folder: Path) -> str:
    made = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", made], check=True)
    return made.with_suffix(".pub").read_text().split()[1]


def _project() -> Path:
    return Path(leftovers.__file__).parent.parent.parent
