"""How a person on this computer logs in to a practice machine over SSH, as to any host.

Nothing listens outside of the machine: ssh goes through a program in the network of its router,
which only root can start.
"""

import os
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard.platform.variables import LOGIN
from wizard.rehearsal import network
from wizard.rehearsal.machine import Machine
from wizard.rehearsal.requirements import BUSYBOX
from wizard.rehearsal.ssh_key import key

LOST = 255
"""The exit status of ssh(1) where a connection was not made, or was lost."""

_HOST_KEY = "/etc/ssh/ssh_host_ed25519_key.pub"

_SILENCE = ("ServerAliveInterval=5", "ServerAliveCountMax=3")
"""A machine whose network was cut by what is rehearsed says nothing any more."""


@dataclass(frozen=True)
class Login:
    """A way in.

    Attributes:
        line: What a person types in another terminal of this computer, as root.
    """

    line: str
    _configuration: Path

    def call(self, command: Sequence[str]) -> int:
        """Run a command on this terminal as one does who logged in over IPv4.

        Returns:
            Its exit status; :data:`LOST`; or minus the number of the signal that ended ssh.
        """
        options = (f"HostName={network.MACHINE_IPV4}", "LogLevel=ERROR", *_SILENCE)
        argv = ["ssh", "-F", str(self._configuration), "-t", "-e", "none"]
        for option in options:
            argv += ["-o", option]
        return subprocess.call([*argv, "practice", _remote(command)])


def prepare(machine: Machine) -> Login:
    """Write what ssh needs for a machine that runs; it goes with the machine."""
    configuration = Path(f"/run/{machine.name}.ssh")
    known = configuration.with_suffix(".known")
    address = network.MACHINE_IPV4 if machine.route == "none" else machine.address
    machine.keep_file(known, f"practice {machine.path(_HOST_KEY).read_text()}")
    way = machine.router.command([str(BUSYBOX), "nc", "%h", "%p"])
    machine.keep_file(
        configuration,
        f"""\
# Logs in to a practice machine, and goes when that is removed.
Host practice
    HostName {address}
    User root
    ProxyCommand {shlex.join(way)}
    IdentityFile {key()}
    IdentitiesOnly yes
    HostKeyAlias practice
    UserKnownHostsFile {known}
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    BatchMode yes
    ConnectTimeout 20
""",
    )
    login = Login(f"ssh -F {configuration} practice", configuration)
    # Every login there knows it by pam_env(8), so that the wizard names it where it asks for one.
    with machine.path("/etc/environment").open("a") as environment:
        environment.write(f'{LOGIN}="{login.line}"\n')
    return login


def _remote(command: Sequence[str]) -> str:
    """Return the command as the login shell in the machine is given it."""
    variables = {name: os.environ[name] for name in ("COLORTERM", "NO_COLOR") if name in os.environ}
    variables["LANG"] = _language()
    return shlex.join(["env", *(f"{name}={value}" for name, value in variables.items()), *command])


def _language() -> str:
    """Return a language that the machine has, with the letters that this terminal has."""
    own = next(
        (found for name in ("LC_ALL", "LC_CTYPE", "LANG") if (found := os.environ.get(name))), ""
    )
    return "C.UTF-8" if not own or "utf" in own.lower() else "C"
