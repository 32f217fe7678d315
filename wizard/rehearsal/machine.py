"""A throw-away Debian machine with its own systemd, dockerd, addresses and rules."""

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from wizard.platform.errors import WizardError
from wizard.platform.text import clean, clean_line
from wizard.rehearsal import (
    inside,
    installation,
    interfaces,
    layout,
    leftovers,
    network,
    nspawn,
    readiness,
    rootfs,
    ssh_key,
)
from wizard.rehearsal.interfaces import Manager
from wizard.rehearsal.progress import Progress, silent

_PATIENCE = 120
"""Seconds; a computer that is busy with other things takes its time for everything."""


class Machine:
    """A practice machine; as a context manager it is started, and nothing of it is left after.

    Attributes:
        release: The Debian release, such as 12.
        route: How IPv6 comes to it.
        manager: What configures the interface ``eth0`` at boot.
        router: The upstream router.
        leader: The number, on this computer, of the machine's PID 1.
    """

    def __init__(
        self,
        release: int,
        *,
        route: network.Route = "static",
        manager: Manager = "ifupdown",
        wizard: bool = True,
        binds: Mapping[Path, Path] | None = None,
        files: Mapping[str, str] | None = None,
        advertisement: network.Advertisement | None = None,
        second: bool = False,
        uplink_is_up: Callable[["Machine"], bool] | None = None,
        progress: Progress = silent,
    ) -> None:
        """Describe a machine; nothing is made before it is entered or started.

        Args:
            release: 12, 13 or 14.
            route: With ``advertisement`` and ifupdown the kernel handles the advertisements.
            manager: ``ifupdown`` or ``systemd-networkd``.
            wizard: Whether the program ``wizard`` is in the machine.
            binds: More folders of this computer, by where the machine sees them, read-only.
            files: Texts of files that it has before it first boots, by path without the leading
                slash; one under another's path takes its place, and an empty text leaves it out.
            advertisement: What the router advertises.
            second: Whether it has an interface ``eth1`` too, on a link of its own to the router,
                which advertises there; nothing configures it.
            uplink_is_up: Tells whether its uplink is as it should be after a boot; without it,
                the address and the default route of ``route`` are waited for.
            progress: Is given a line for every stage of what takes long the first time.
        """
        self.release = release
        self.route = route
        self.manager = manager
        self.leader = 0
        self._booted = False
        self._wizard = wizard
        self._binds = dict(binds or {})
        self._files = dict(files or {})
        self._advertisement = advertisement
        self._second = second
        self._awaited = uplink_is_up or Machine._uplink_is_up
        self._progress = progress
        self._instance: leftovers.Instance | None = None
        self._network: network.Network | None = None
        self._nspawn: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def name(self) -> str:
        """The machine's name, unique on this computer."""
        return self._made.name

    @property
    def router(self) -> network.Router:
        """The upstream router."""
        if self._network is None:
            raise WizardError("The practice machine was not started.")
        return self._network.router

    @property
    def address(self) -> str:
        """The machine's own global IPv6 address."""
        advertised = self.route == "advertisement"
        return network.MACHINE_ADVERTISED if advertised else network.MACHINE

    @property
    def compose(self) -> list[str]:
        """The command of the Compose that the machine has: version 1 or 2."""
        return ["docker-compose"] if self.release < 13 else ["docker", "compose"]

    def start(self) -> None:
        """Make the machine and boot it, after clearing away what dead owners left.

        Raises:
            Refused: This computer lacks something, or this is not root.
            WizardError: It did not come up; the message ends with what its console said.
        """
        below = rootfs.root_file_system(self.release, self._progress)
        lower: tuple[Path, ...] = (below,)
        if self._wizard:
            lower = (*installation.layers(self.release, below, self._progress), below)
        leftovers.reap()
        self._instance = leftovers.Instance.new()
        try:
            self._make(self._instance, lower)
        except subprocess.CalledProcessError as error:
            raise WizardError(
                f"This computer does not let a practice machine be made: {shlex.join(error.cmd)} "
                f"failed with: {clean_line(error.stderr.strip())}. What was made is removed "
                "again. In a container, give it the right to mount and to make namespaces."
            ) from error
        self.boot()

    def _make(self, instance: leftovers.Instance, lower: tuple[Path, ...]) -> None:
        """Lay out the machine's files and its network, without starting anything of it."""
        files = interfaces.files(self.manager, self.route) | self._files
        layout.lay_out(instance.folder, lower, files, networkd=self.manager == "systemd-networkd")
        self._network = network.Network(
            instance, self.route, self._advertisement, second=self._second
        )
        self._network.renew()

    def stop(self) -> None:
        """End the machine at once and remove all that was made for it."""
        if self._instance is None:
            return
        # A terminal that was closed is no reason to leave the machine.
        with contextlib.suppress(OSError):
            self._progress("Removing the practice machine …")
        if self._nspawn is not None:
            self.power_cut()
        if self._network is not None:
            self._network.router.stop()
        self._instance.remove()
        self._instance = self._network = None

    def boot(self) -> None:
        """Switch the machine on and wait until its systemd, uplink and dockerd are up.

        Raises:
            WizardError: One of them did not come up; the message ends with what the console said.
        """
        self.switch_on()
        self.wait_for_all()

    def switch_on(self) -> None:
        """Switch the machine on and wait until its systemd has started what it starts at boot.

        Raises:
            WizardError: It did not in two minutes.
        """
        if self._network is None:
            raise WizardError("The practice machine was not started.")
        if self._booted:
            self._network.renew()
        self._booted = True
        folder = self._made.folder
        notify = folder / "notify"
        notify.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.bind(str(notify))
            with (folder / "console.log").open("ab") as console:
                self._nspawn = nspawn.start(self._made, self._binds, notify, console)
            self._made.add_process(self._nspawn.pid)
            self._await_ready(told)

    def wait_for_all(self, timeout: float = _PATIENCE) -> None:
        """Wait until the uplink and dockerd are up, and no address is checked any more.

        Raises:
            WizardError: One of them was not within the timeout, in seconds.
        """
        self.wait(lambda: self._awaited(self), "its uplink", timeout)
        self.wait_for_docker(timeout)
        self.settle()

    def power_cut(self) -> None:
        """End everything in the machine at once, as a power cut does; its files stay."""
        if self.leader:
            leftovers.Process.of(self.leader).kill()
        elif self._nspawn is not None:
            self._nspawn.kill()
        self._await_end(5)

    def shutdown(self) -> None:
        """Shut the machine down in order; its files stay."""
        # systemd(1), SIGNALS: starts poweroff.target.
        os.kill(self.leader, signal.SIGRTMIN + 4)
        self._await_end(120)

    def reboot(self) -> None:
        """Shut the machine down in order and boot it: addresses, rules and sysctls start anew."""
        self.shutdown()
        self.boot()

    @property
    def ends(self) -> bool:
        """Whether it is being shut down, from inside or outside, or has ended."""
        if self._nspawn is None or self._nspawn.poll() is not None:
            return True
        try:
            asked = self.run(["systemctl", "is-system-running"], check=False, timeout=10)
        except subprocess.TimeoutExpired:
            return False
        # Nothing is said where there is nobody left to say it.
        return asked.stdout.strip() in ("stopping", "offline", "")

    def wait_for_its_end(self) -> bool:
        """Wait until it has ended; return whether it is to boot again rather than stay off."""
        process = self._nspawn
        self._await_end(_PATIENCE)
        # systemd-nspawn ends with 133 where the machine asked for a reboot, and with 0 where it was
        # switched off (systemd-nspawn.c, EXIT_FORCE_RESTART).
        return process is not None and process.returncode != 0

    def command(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> list[str]:
        """Return the command that, on this computer, runs argv as root in the machine.

        Args:
            argv: The command; a program is looked up in the machine.
            env: Variables added to root's usual ones, which are all it gets.
        """
        return inside.command(self.leader, argv, env)

    def run(
        self,
        argv: Sequence[str],
        *,
        check: bool = True,
        input: str | None = None,  # noqa: A002  (subprocess.run's own name)
        timeout: float = _PATIENCE,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as root in the machine; see :func:`wizard.rehearsal.network.run`."""
        return network.run(self.command(argv, env), check=check, input=input, timeout=timeout)

    def shell(
        self, text: str, *, check: bool = True, timeout: float = _PATIENCE
    ) -> subprocess.CompletedProcess[str]:
        """Run a piece of shell, ending at its first failing command, as root in the machine."""
        return self.run(["/bin/sh", "-ec", text], check=check, timeout=timeout)

    def path(self, path: str | Path) -> Path:
        """Return where this computer sees a file of the running machine.

        An absolute symbolic link in the machine leads astray from here: resolve it in there.
        """
        return inside.path(self.leader, path)

    def keep_file(self, path: Path, text: str) -> None:
        """Write a file of this computer that goes with the machine."""
        self._made.files.append(path)
        self._made.record()
        path.write_text(text)

    def ssh_command(self, family: Literal[4, 6] = 6) -> list[str]:
        """Return the command that logs in as root from the router, without questions."""
        target = self.address if family == 6 else network.MACHINE_IPV4
        return self.router.command(
            [
                "ssh", "-F", "/dev/null", "-i", str(ssh_key.key()), "-o", "BatchMode=yes",
                "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                "-o", "LogLevel=ERROR", f"root@{target}",
            ]
        )  # fmt: skip

    def wait(self, condition: Callable[[], object], what: str, timeout: float = _PATIENCE) -> None:
        """Wait until a condition holds.

        Args:
            condition: Asked again and again; it holds when what it returns is true.
            what: Named in the message if it never does.
            timeout: In seconds.

        Raises:
            WizardError: It did not hold in time.
        """
        asked = time.monotonic()
        deadline = asked + timeout
        while not condition():
            now = time.monotonic()
            if now > deadline:
                raise self._failed(f"waited {timeout:g} s for {what} in vain")
            # What asks may start programs, and must not keep from work what it waits for.
            time.sleep(min(max(0.02, now - asked), 0.5))
            asked = time.monotonic()

    def wait_for_docker(self, timeout: float = _PATIENCE) -> None:
        """Wait until dockerd answers on its socket.

        Raises:
            WizardError: It did not within the timeout, in seconds.
        """
        self.wait(lambda: readiness.docker_answers(self.leader), "dockerd", timeout)

    def settle(self) -> None:
        """Wait until the kernel checks no address for a duplicate any more (RFC 4862 §5.4).

        Until then groups are joined, and addresses and routes still change by themselves.

        Raises:
            WizardError: It still did after two minutes.
        """
        self.wait(
            lambda: not readiness.tentative(self.leader), "the end of duplicate address detection"
        )

    @property
    def _made(self) -> leftovers.Instance:
        if self._instance is None:
            raise WizardError("The practice machine was not started.")
        return self._instance

    def _await_ready(self, told: socket.socket) -> None:
        """Follow what nspawn tells (sd_notify(3)) until the machine has booted."""
        self.leader = 0
        deadline = time.monotonic() + _PATIENCE
        while True:
            if self._nspawn is None or self._nspawn.poll() is not None:
                raise self._failed("ended while it booted")
            if time.monotonic() > deadline:
                raise self._failed(f"did not boot in {_PATIENCE} s")
            leader, ready = nspawn.told_of(told)
            if leader:
                self.leader = leader
                self._made.add_process(leader)
            if ready and self.leader:
                return

    def _await_end(self, seconds: float) -> None:
        if self._nspawn is None:
            return
        try:
            self._nspawn.wait(seconds)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._nspawn.wait(30)
        self._nspawn = None
        self.leader = 0

    def _uplink_is_up(self) -> bool:
        address = None if self.route == "none" else self.address
        return readiness.uplink_is_up(self.leader, address)

    def _failed(self, how: str) -> WizardError:
        log = self._made.folder / "console.log"
        said = log.read_text(errors="replace")[-2000:] if log.exists() else ""
        return WizardError(
            f"The practice machine with Debian {self.release} {how}. It is removed again. "
            f"Its console said:\n{clean(said)}"
        )
