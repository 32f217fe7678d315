"""A throw-away Debian machine with its own systemd, dockerd, addresses and rules."""

import contextlib
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from wizard.platform.errors import WizardError
from wizard.platform.text import clean, clean_line
from wizard.rehearsal import cache, installation, interfaces, leftovers, network, rootfs
from wizard.rehearsal.interfaces import Manager
from wizard.rehearsal.progress import Progress, silent

_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "USER": "root",
    "LOGNAME": "root",
    "SHELL": "/bin/bash",
    "TERM": "xterm-256color",
    "LANG": "C.UTF-8",
}

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
        folder = instance.folder
        folder.mkdir(parents=True)
        # In memory: fast, and outside of the overlay, on which Docker's own could not stand.
        network.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "practice", str(folder)])
        for name in ("upper", "work", "root", "docker"):
            (folder / name).mkdir()
        self._configure(folder / "upper", lower)
        below = ":".join(map(str, lower))
        options = f"lowerdir={below},upperdir={folder}/upper,workdir={folder}/work"
        network.run(["mount", "-t", "overlay", "-o", options, "practice", str(folder / "root")])
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
                # Two machines in one group would take each other's units for their own. The shell
                # goes into the group before anything else is started, so that nothing is outside.
                group = self._made.cgroups[0]
                leftovers.remove_cgroup(group)
                group.mkdir()
                enter = f'echo $$ > {group}/cgroup.procs; exec "$@"'
                self._nspawn = subprocess.Popen(
                    ["/bin/sh", "-ec", enter, "sh", *self._nspawn_command()],
                    env=os.environ
                    | {
                        "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
                        "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network",
                        "NOTIFY_SOCKET": str(notify),
                    },
                    stdin=subprocess.DEVNULL,
                    stdout=console,
                    stderr=console,
                    start_new_session=True,
                )
            self._made.add_process(self._nspawn.pid)
            self._await_ready(told)

    def wait_for_all(self, timeout: float = _PATIENCE) -> None:
        """Wait until the uplink and dockerd are up, and no address is checked any more.

        Raises:
            WizardError: One of them was not within the timeout, in seconds.
        """
        self.wait(lambda: self._awaited(self), "its uplink", timeout)
        self.wait(self._docker_answers, "dockerd", timeout)
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
        nspawn = self._nspawn
        self._await_end(_PATIENCE)
        # systemd-nspawn ends with 133 where the machine asked for a reboot, and with 0 where it was
        # switched off (systemd-nspawn.c, EXIT_FORCE_RESTART).
        return nspawn is not None and nspawn.returncode != 0

    def command(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> list[str]:
        """Return the command that, on this computer, runs argv as root in the machine.

        Args:
            argv: The command; a program is looked up in the machine.
            env: Variables added to root's usual ones, which are all it gets.
        """
        variables = _ENVIRONMENT | dict(env or {})
        return [
            "nsenter", f"--target={self.leader}", "--all", "--root", "--wd", "--",
            "/usr/bin/env", "--ignore-environment", "--chdir=/root",
            *(f"{name}={value}" for name, value in variables.items()),
            *argv,
        ]  # fmt: skip

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
        return Path(f"/proc/{self.leader}/root") / str(path).lstrip("/")

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
                "ssh", "-F", "/dev/null", "-i", str(key()), "-o", "BatchMode=yes",
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

    def wait_for_docker(self) -> None:
        """Wait until dockerd answers on its socket.

        Raises:
            WizardError: It did not in two minutes.
        """
        self.wait(self._docker_answers, "dockerd")

    def settle(self) -> None:
        """Wait until the kernel checks no address for a duplicate any more (RFC 4862 §5.4).

        Until then groups are joined, and addresses and routes still change by themselves.

        Raises:
            WizardError: It still did after two minutes.
        """
        self.wait(lambda: not self._tentative(), "the end of duplicate address detection")

    @property
    def _made(self) -> leftovers.Instance:
        if self._instance is None:
            raise WizardError("The practice machine was not started.")
        return self._instance

    def _nspawn_command(self) -> list[str]:
        folder = self._made.folder
        return [
            "systemd-nspawn", "--quiet", f"--directory={folder}/root", "--boot",
            f"--machine={self.name}", "--register=no", "--keep-unit", "--notify-ready=yes",
            f"--network-namespace-path=/run/netns/{self.name}", "--capability=all",
            "--system-call-filter=add_key keyctl bpf", "--console=read-only",
            "--link-journal=no", "--resolv-conf=off", "--timezone=off",
            f"--bind={folder}/docker:/var/lib/docker",
            *(f"--bind-ro={source}:{place}" for place, source in self._binds.items()),
        ]  # fmt: skip

    def _configure(self, upper: Path, lower: tuple[Path, ...]) -> None:
        """Write what makes this machine differ from the root file system it stands on."""
        files = {
            "etc/machine-id": f"{uuid.uuid4().hex}\n",
            "root/.ssh/authorized_keys": key().with_suffix(".pub").read_text(),
            **interfaces.files(self.manager, self.route),
        }
        for name, text in (files | self._files).items():
            if not text:
                continue
            file = upper / name
            missing = [folder for folder in file.parents if not folder.exists()]
            for folder in reversed(missing):
                folder.mkdir()
                below = [each / folder.relative_to(upper) for each in lower]
                known = [each for each in below if each.is_dir()]
                if known:
                    # A folder of the upper layer hides the lower one's owner and mode.
                    shutil.copystat(known[-1], folder)
                else:
                    folder.chmod(0o700)
            file.write_text(text)
            file.chmod(0o755 if text.startswith("#!") else 0o644)
        if self.manager == "systemd-networkd":
            wants = upper / "etc/systemd/system/multi-user.target.wants"
            wants.mkdir(parents=True, exist_ok=True)
            unit = wants / "systemd-networkd.service"
            unit.symlink_to("/lib/systemd/system/systemd-networkd.service")

    def _await_ready(self, told: socket.socket) -> None:
        """Follow what nspawn tells (sd_notify(3)) until the machine has booted."""
        self.leader = 0
        deadline = time.monotonic() + _PATIENCE
        while True:
            if self._nspawn is None or self._nspawn.poll() is not None:
                raise self._failed("ended while it booted")
            if time.monotonic() > deadline:
                raise self._failed(f"did not boot in {_PATIENCE} s")
            if not select.select([told], [], [], 0.1)[0]:
                continue
            lines = told.recv(65536).decode(errors="replace").splitlines()
            for line in lines:
                if line.startswith("X_NSPAWN_LEADER_PID="):
                    self.leader = int(line.partition("=")[2])
                    self._made.add_process(self.leader)
            if "READY=1" in lines and self.leader:
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
        """Tell whether eth0 has its default routes, and its address past duplicate detection."""
        shown = Path(f"/proc/{self.leader}/net")
        if not shown.exists():
            return False
        routes = [line.split() for line in (shown / "route").read_text().splitlines()]
        if not any(line[:2] == ["eth0", "0" * 8] for line in routes):
            return False
        if self.route == "none":
            return True
        wanted = socket.inet_pton(socket.AF_INET6, self.address).hex()
        # Address, index, prefix length, scope, flags, name; 0x40 is IFA_F_TENTATIVE.
        addresses = [line.split() for line in (shown / "if_inet6").read_text().splitlines()]
        if not any(line[0] == wanted and not int(line[4], 16) & 0x40 for line in addresses):
            return False
        routes = [line.split() for line in (shown / "ipv6_route").read_text().splitlines()]
        return any(line[:2] == ["0" * 32, "00"] and line[9] == "eth0" for line in routes)

    def _tentative(self) -> list[str]:
        """Return the interfaces with an address that the kernel is checking for a duplicate.

        One without a carrier, as a bridge without containers, is checked once it has one; one
        that has failed keeps the mark of a check for good.
        """
        found = []
        shown = Path(f"/proc/{self.leader}/net/if_inet6").read_text()
        for *_, flags, interface in map(str.split, shown.splitlines()):
            # IFA_F_TENTATIVE without IFA_F_DADFAILED.
            if int(flags, 16) & 0x48 == 0x40:
                carrier = self.path(f"/sys/class/net/{interface}/carrier")
                # It may have gone meanwhile, as that of a container does, or be switched off.
                with contextlib.suppress(OSError):
                    found += [interface] * (carrier.read_text() == "1\n")
        return found

    def _docker_answers(self) -> bool:
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client,
        ):
            client.settimeout(5)
            client.connect(str(self.path("/run/docker.sock")))
            client.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 OK" in client.recv(64)
        return False

    def _failed(self, how: str) -> WizardError:
        log = self._made.folder / "console.log"
        said = log.read_text(errors="replace")[-2000:] if log.exists() else ""
        return WizardError(
            f"The practice machine with Debian {self.release} {how}. It is removed again. "
            f"Its console said:\n{clean(said)}"
        )


def key() -> Path:
    """Return the private key that opens every machine of this cache, made if it is missing."""
    file = cache.folder() / "ssh" / "id_ed25519"
    with cache.locked("ssh"):
        if not file.exists():
            file.parent.mkdir(exist_ok=True, mode=0o700)
            network.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "practice", "-f", str(file)]
            )
    return file
