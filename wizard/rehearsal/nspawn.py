"""Starts systemd-nspawn(1) with a practice machine in it."""

import os
import select
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from wizard.rehearsal import inside, leftovers
from wizard.rehearsal.leftovers import Instance


def start(
    instance: Instance, binds: Mapping[Path, Path], notify: Path, console: BinaryIO
) -> subprocess.Popen[bytes]:
    """Boot what is laid out for an instance.

    Args:
        instance: Whose files and network the machine gets.
        binds: More folders of this computer, by where the machine sees them, read-only.
        notify: The socket that is told what becomes of the boot (sd_notify(3)).
        console: Takes what the machine says on its console.
    """
    # Two machines in one group would take each other's units for their own. The shell goes into
    # the group before anything else is started, so that nothing is outside.
    group = instance.cgroups[0]
    leftovers.remove_cgroup(group)
    group.mkdir()
    enter = f'echo $$ > {group}/cgroup.procs; exec "$@"'
    return subprocess.Popen(
        ["/bin/sh", "-ec", enter, "sh", *_command(instance, binds)],
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


def told_of(notify: socket.socket) -> tuple[int, bool]:
    """Wait a moment for what is told of a boot (sd_notify(3)).

    Returns the number that the machine's PID 1 has on this computer, or 0 where that is not told,
    and whether the machine has booted.
    """
    if not select.select([notify], [], [], 0.1)[0]:
        return 0, False
    lines = notify.recv(65536).decode(errors="replace").splitlines()
    numbers = [line.partition("=")[2] for line in lines if line.startswith("X_NSPAWN_LEADER_PID=")]
    return int(numbers[-1]) if numbers else 0, "READY=1" in lines


def _command(instance: Instance, binds: Mapping[Path, Path]) -> list[str]:
    folder = instance.folder
    return [
        "systemd-nspawn", "--quiet", f"--directory={folder}/root", "--boot",
        f"--machine={instance.name}", "--register=no", "--keep-unit", "--notify-ready=yes",
        f"--network-namespace-path=/run/netns/{instance.name}", "--capability=all",
        f"--drop-capability={','.join(f'CAP_{each.upper()}' for each in inside.OF_THE_COMPUTER)}",
        "--system-call-filter=add_key keyctl bpf", "--console=read-only",
        "--link-journal=no", "--resolv-conf=off", "--timezone=off",
        f"--bind={folder}/docker:/var/lib/docker",
        *(f"--bind-ro={source}:{place}" for place, source in binds.items()),
    ]  # fmt: skip
