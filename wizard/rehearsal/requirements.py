"""What this computer needs so that practice machines can be built and started on it."""

import os
import shutil
import struct
from pathlib import Path

from wizard.platform.errors import Refused

BUSYBOX = Path("/bin/busybox")

# A program, and the Debian package that brings it.
_PROGRAMS = {
    "apt-get": "apt",
    "debootstrap": "debootstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "sysctl": "procps",
    "radvd": "radvd",
    "ssh-keygen": "openssh-client",
}
# Where root's programs are, for a root shell whose PATH does not say so.
_SEARCH = os.pathsep.join(("/usr/local/sbin", "/usr/sbin", "/sbin"))


def check() -> None:
    """Refuse, with the command that mends it, where something for practice machines is missing.

    Raises:
        Refused: Not root, or a program is missing.
    """
    if os.geteuid() != 0:
        raise Refused(
            "Practice machines need root: they are made of mounts and network namespaces. "
            "Nothing was changed. Run the same command with sudo."
        )
    path = os.environ.get("PATH", os.defpath)
    if "/usr/sbin" not in path.split(os.pathsep):
        os.environ["PATH"] = path + os.pathsep + _SEARCH
    missing = [package for program, package in _PROGRAMS.items() if not shutil.which(program)]
    if not is_static(BUSYBOX):
        missing.append("busybox-static")
    if missing:
        raise Refused(
            f"This computer lacks {', '.join(missing)}, without which no practice machine can be "
            "built. Nothing was changed. Install what is missing and try again: "
            f"apt-get install --no-install-recommends {' '.join(missing)}"
        )


def is_static(program: Path) -> bool:
    """Tell whether an ELF program runs without an interpreter (no PT_INTERP, elf(5))."""
    try:
        content = program.read_bytes()
    except OSError:
        return False
    if content[:4] != b"\x7fELF" or len(content) < 64:
        return False
    wide = content[4] == 2
    order = "<" if content[5] == 1 else ">"
    offset: int
    if wide:
        (offset,) = struct.unpack_from(order + "Q", content, 32)
        size, count = struct.unpack_from(order + "HH", content, 54)
    else:
        (offset,) = struct.unpack_from(order + "I", content, 28)
        size, count = struct.unpack_from(order + "HH", content, 42)
    interpreter = 3
    return all(
        struct.unpack_from(order + "I", content, offset + index * size)[0] != interpreter
        for index in range(count)
    )
