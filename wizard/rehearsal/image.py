"""A container image for practice: a static busybox and two small pages, nothing fetched."""

import hashlib
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Sequence

from wizard.rehearsal.machine import Machine
from wizard.rehearsal.requirements import BUSYBOX

TAG = "mastodon-practice:1"

# The kernel's name of an architecture, and Docker's where it is another.
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_FOLDERS = ("bin", "etc", "proc", "sys", "dev", "tmp", "root", "srv", "srv/www", "srv/data")
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "srv/www/index.html": "A practice deployment.\n",
    "srv/www/health": "OK\n",
}


def load(machine: Machine, *tags: str) -> None:
    """Give a machine's docker the image under every tag, :data:`TAG` if none is named."""
    # What is only for a moment stays out of the machine's disk.
    archive = machine.path("/run/practice-image.tar")
    archive.write_bytes(_archive(tags or (TAG,)))
    machine.run(["docker", "load", "--quiet", "--input", "/run/practice-image.tar"])
    archive.unlink()


def _archive(tags: Sequence[str]) -> bytes:
    """Return the image as ``docker load`` takes it (Docker Image Specification 1.2)."""
    layer = _layer()
    digest = hashlib.sha256(layer).hexdigest()
    configuration = {
        "architecture": _ARCHITECTURES.get(os.uname().machine, os.uname().machine),
        "os": "linux",
        "config": {
            "Env": ["PATH=/bin"],
            "Cmd": ["sh"],
            # The first process of a container ignores SIGTERM: every stop would take 10 s.
            "StopSignal": "SIGKILL",
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created_by": "busybox"}],
    }
    manifest = [
        {"Config": "config.json", "RepoTags": list(tags), "Layers": [f"{digest}/layer.tar"]}
    ]
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        _add(archive, f"{digest}/layer.tar", layer, 0o644)
        _add(archive, "config.json", json.dumps(configuration).encode(), 0o644)
        _add(archive, "manifest.json", json.dumps(manifest).encode(), 0o644)
    return content.getvalue()


def _layer() -> bytes:
    names = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True).stdout
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name in _FOLDERS:
            folder = tarfile.TarInfo(name)
            folder.type = tarfile.DIRTYPE
            folder.mode = 0o1777 if name == "tmp" else 0o755
            archive.addfile(folder)
        _add(archive, "bin/busybox", BUSYBOX.read_bytes(), 0o755)
        for name, text in _FILES.items():
            _add(archive, name, text.encode(), 0o644)
        for name in names.split():
            if name != "busybox":
                link = tarfile.TarInfo(f"bin/{name}")
                link.type = tarfile.SYMTYPE
                link.linkname = "busybox"
                archive.addfile(link)
    return content.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    file = tarfile.TarInfo(name)
    file.size = len(content)
    file.mode = mode
    archive.addfile(file, io.BytesIO(content))
