"""The network of one practice machine: its namespace, and an upstream router in another.

Documentation prefixes only (RFC 3849, RFC 5737). The link between the two is made inside the
namespaces, so no interface of it is ever seen in the computer's own.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from wizard.platform.errors import WizardError
from wizard.rehearsal.held_signals import started
from wizard.rehearsal.leftovers import Instance, remove_namespace

Route = Literal["static", "advertisement", "routed", "none"]
"""How IPv6 comes to a machine: configured, with the prefix on the link; by router advertisement;
configured, with the prefix sent to the machine by the router, which asks for no address of it; or
not at all."""

PREFIX = "2001:db8:1:2::/64"
ROUTER = "2001:db8:1:2::1"
ROUTER_LINK_LOCAL = "fe80::1"
ROUTER_IPV4 = "192.0.2.1"
MACHINE_LINK_LOCAL = "fe80::ff:fe00:10"
MACHINE = "2001:db8:1:2::10"
# What the machine's interface makes of the prefix by itself: EUI-64 of its MAC (RFC 4291, 2.5.1).
MACHINE_ADVERTISED = "2001:db8:1:2:0:ff:fe00:10"
MACHINE_IPV4 = "192.0.2.10"
INTERNET = "2001:db8:ffff::53"
INTERNET_NAME = "internet.example"
INTERNET_IPV4 = "198.51.100.1"
INTERNET_PORTS = (80, 443)

SECOND_PREFIX = "2001:db8:5:6::/64"
NEXT_PREFIX = "2001:db8:7:8::/64"
"""What a provider may give in place of the first."""

_START_SECONDS = 120
"""For a program of the router to say that it is ready."""

_END_SECONDS = 10
"""For a process that was killed to be gone; one that the kernel holds may take longer."""

_MACHINE_MAC = "02:00:00:00:00:10"
_ROUTER_MAC = "02:00:00:00:00:01"
_SECOND_MACHINE_MAC = "02:00:00:00:00:20"
_SECOND_ROUTER_MAC = "02:00:00:00:00:02"


@dataclass(frozen=True)
class Advertisement:
    """What the router advertises (RFC 4861 §4.2, §4.6.2). Times are seconds.

    The pauses are long, as a provider's router has them: a route that was lost does not come back
    by itself.

    Attributes:
        lifetime: Of the default route; 0 advertises none.
        valid: Lifetime of an address.
        preferred: Until an address is deprecated.
        pauses: The shortest and the longest time between two unasked advertisements.
        managed: Whether addresses come by DHCPv6 (the M flag), and none of the prefix by itself.
    """

    lifetime: int = 1800
    valid: int = 86400
    preferred: int = 14400
    pauses: tuple[int, int] = (200, 600)
    managed: bool = False

    def radvd(
        self,
        interface: str,
        *prefixes: str,
        deprecated: Collection[str] = (),
        gone: Collection[str] = (),
    ) -> str:
        """Return radvd.conf(5) for one interface of the router."""
        return (
            f"interface {interface} {{\n"
            "    AdvSendAdvert on;\n"
            f"    AdvManagedFlag {'on' if self.managed else 'off'};\n"
            f"    MinRtrAdvInterval {self.pauses[0]};\n"
            f"    MaxRtrAdvInterval {self.pauses[1]};\n"
            f"    AdvDefaultLifetime {self.lifetime};\n"
            + "".join(
                f"    prefix {prefix} {{ AdvOnLink on;"
                f" AdvAutonomous {'off' if self.managed else 'on'};"
                f" AdvValidLifetime {0 if prefix in gone else self.valid};"
                " AdvPreferredLifetime"
                f" {0 if prefix in (*deprecated, *gone) else self.preferred}; }};\n"
                for prefix in prefixes
            )
            + "};\n"
        )


class Router:
    """The upstream router: the machine's prefix, addresses that stand for the internet, no more.

    Unless it routes the whole prefix to the machine, it has no route to what that may give its
    containers. It answers TCP on the ports 80 and 443 of its internet addresses with one line: the
    address of whoever asks.

    Attributes:
        namespace: The name of its network namespace.
    """

    def __init__(
        self,
        instance: Instance,
        route: Route,
        advertisement: Advertisement | None = None,
        second: bool = False,
    ) -> None:
        self._instance = instance
        self._advertisement = advertisement or Advertisement()
        self._route = route
        self._second = second
        self._radvd: subprocess.Popen[bytes] | None = None
        self._internet: subprocess.Popen[bytes] | None = None
        self.namespace = f"{instance.name}-router"

    def command(self, argv: Sequence[str]) -> list[str]:
        """Return the command that runs argv of this computer in the router's network."""
        return ["nsenter", f"--net=/run/netns/{self.namespace}", "--", *argv]

    def run(
        self,
        argv: Sequence[str],
        *,
        check: bool = True,
        input: str | None = None,  # noqa: A002  (subprocess.run's own name)
        timeout: float = 120,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of this computer in the router's network; see :func:`run`."""
        environment = {**os.environ, **env} if env else None
        return run(self.command(argv), check=check, input=input, timeout=timeout, env=environment)

    def start(self) -> None:
        """Make the router's namespace, with its internet answering."""
        self._instance.namespaces.append(self.namespace)
        self._instance.record()
        run(["ip", "netns", "add", self.namespace])
        _ip(
            self.namespace,
            "link set lo up",
            f"address add {INTERNET}/128 dev lo nodad",
            f"address add {INTERNET_IPV4}/32 dev lo",
        )
        self.run(["sysctl", "-qw", "net.ipv6.conf.all.forwarding=1", "net.ipv4.ip_forward=1"])
        program = Path(__file__).with_name("internet.py")
        argv = [sys.executable, "-I", str(program), *map(str, INTERNET_PORTS)]
        self._internet = self.spawn(argv, until="listening")

    def stop(self) -> None:
        """End what runs in the router; its namespace goes with the rest of the instance."""
        for process in (self._radvd, self._internet):
            if process is not None:
                _end(process)
        self._radvd = self._internet = None

    def link(self, machine: str) -> None:
        """Join the router to the namespace of that name, which must be new."""
        if self._radvd is not None:
            _end(self._radvd)
        # The far end goes with the near one, and at once; with its namespace it goes some time.
        for near in ("machine", "second"):
            run(["ip", "-n", self.namespace, "link", "delete", near], check=False)
        _ip(
            self.namespace,
            f"link add machine address {_ROUTER_MAC} type veth "
            f"peer name eth0 address {_MACHINE_MAC} netns {machine}",
            "link set machine addrgenmode none",
            *(f"address add {address}/64 dev machine nodad" for address in self._addresses()),
            f"address add {ROUTER_IPV4}/24 dev machine",
            "link set machine up",
        )
        if self._route == "routed":
            _ip(self.namespace, f"route add {PREFIX} via {MACHINE_LINK_LOCAL} dev machine")
        advertised = []
        if self._route == "advertisement":
            advertised.append(self._advertisement.radvd("machine", PREFIX))
        if self._second:
            _ip(
                self.namespace,
                f"link add second address {_SECOND_ROUTER_MAC} type veth "
                f"peer name eth1 address {_SECOND_MACHINE_MAC} netns {machine}",
                "link set second addrgenmode none",
                f"address add {SECOND_PREFIX.replace('/', '1/')} dev second nodad",
                "address add fe80::2/64 dev second nodad",
                "link set second up",
            )
            advertised.append(self._advertisement.radvd("second", SECOND_PREFIX))
        if advertised:
            self._start_advertising("".join(advertised))

    def _start_advertising(self, text: str) -> None:
        configuration = self._instance.folder / "radvd.conf"
        configuration.write_text(text)
        pid = self._instance.folder / "radvd.pid"
        self._radvd = self.spawn(
            ["radvd", "-n", "-m", "stderr", "-C", str(configuration), "-p", str(pid)]
        )

    def advertise(
        self, *prefixes: str, deprecated: Collection[str] = (), gone: Collection[str] = ()
    ) -> None:
        """Advertise these prefixes to the machine from now on.

        The router has an address in each of them. What the machine has heard of others runs out.

        Args:
            prefixes: All of them.
            deprecated: Those with a preferred lifetime of 0.
            gone: Those with a valid lifetime of 0, too, which are no neighbours' any more at once.
        """
        self.stop_advertising()
        for prefix in prefixes:
            address = prefix.replace("::/", "::1/")
            run(
                [
                    "ip",
                    "-n",
                    self.namespace,
                    "address",
                    "replace",
                    address,
                    "dev",
                    "machine",
                    "nodad",
                ]
            )
        self._start_advertising(
            self._advertisement.radvd("machine", *prefixes, deprecated=deprecated, gone=gone)
        )

    def _addresses(self) -> tuple[str, ...]:
        """Return its own on the link to the machine."""
        match self._route:
            case "none":
                return ()
            case "routed":
                return (ROUTER_LINK_LOCAL,)
        return (ROUTER, ROUTER_LINK_LOCAL)

    def stop_advertising(self) -> None:
        """End what sends advertisements, as a router that dies does: without a last one."""
        if self._radvd is not None:
            _end(self._radvd)
            self._radvd = None

    def spawn(self, argv: list[str], until: str = "") -> subprocess.Popen[bytes]:
        """Start a program of this computer in the router's network; it ends with the machine.

        Args:
            argv: The program with its words.
            until: What its first line must hold; without it, the program is not waited for.

        Raises:
            WizardError: Its first line was another.
        """
        log = self._instance.folder / f"{Path(argv[0]).name}.log"
        with log.open("wb") as error:
            process = subprocess.Popen(
                self.command(argv),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if until else error,
                stderr=error,
                start_new_session=True,
            )
        self._instance.add_process(process.pid)
        if process.stdout is not None:
            line = _first_line(process.stdout)
            if until not in line:
                raise WizardError(
                    f"{argv[0]} did not start in the practice machine's router: "
                    f"{log.read_text(errors='replace')[-300:]}"
                )
        return process


class Network:
    """A router and the namespace of one machine, joined.

    Attributes:
        router: The upstream router.
        namespace: The name of the machine's network namespace.
    """

    def __init__(
        self,
        instance: Instance,
        route: Route,
        advertisement: Advertisement | None = None,
        second: bool = False,
    ) -> None:
        self._instance = instance
        self.router = Router(instance, route, advertisement, second)
        self.namespace = instance.name

    def renew(self) -> None:
        """Give the machine a namespace as it is at power on: an interface and nothing set."""
        if not self._instance.namespaces:
            self.router.start()
            self._instance.namespaces.append(self.namespace)
            self._instance.record()
        remove_namespace(self.namespace)
        run(["ip", "netns", "add", self.namespace])
        self.router.link(self.namespace)


def run(
    argv: Sequence[str],
    *,
    check: bool = True,
    input: str | None = None,  # noqa: A002  (subprocess.run's own name)
    timeout: float = 120,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command as subprocess.run does, text both ways, in a process group of its own.

    Past the timeout the whole group is killed: what nsenter started goes with nsenter.

    Args:
        argv: The command.
        check: Raise if the exit status is not 0.
        input: Given to it as standard input, which is otherwise empty.
        timeout: In seconds.
        env: The whole environment, or None for this process's own.

    Raises:
        subprocess.CalledProcessError: With what it printed in a note, so that a test shows it.
        subprocess.TimeoutExpired: It took longer.
    """
    process, signals = started(
        argv,
        stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
        env=env,
        start_new_session=True,
    )
    try:
        signals.let_go()
        output, complaint = process.communicate(input, timeout)
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        # What has left the group may hold the pipes open for as long as it lives.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_END_SECONDS)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        raise
    done = subprocess.CompletedProcess(list(argv), process.returncode, output, complaint)
    if check and done.returncode:
        error = subprocess.CalledProcessError(done.returncode, done.args, output, complaint)
        error.add_note(f"stdout: {output}\nstderr: {complaint}")
        raise error
    return done


def _first_line(stream: IO[bytes]) -> str:
    """Return the first line, or what there is of it when it has not come in time."""
    until, read = time.monotonic() + _START_SECONDS, b""
    while b"\n" not in read:
        left = until - time.monotonic()
        if left <= 0 or not select.select([stream], [], [], left)[0]:
            break
        more = os.read(stream.fileno(), 4096)
        if not more:
            break
        read += more
    return read.decode(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_END_SECONDS)
    if process.stdout is not None:
        process.stdout.close()


def _ip(namespace: str, *lines: str) -> None:
    run(["ip", "-n", namespace, "-batch", "-"], input="\n".join(lines) + "\n")
