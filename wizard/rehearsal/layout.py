"""Lays out the files of a practice machine, upon those that all of its release share."""

import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from wizard.rehearsal import network
from wizard.rehearsal.ssh_key import key

_IDLE_GENERATORS = (
    "bless-boot", "cryptsetup", "debug", "fstab", "getty", "gpt-auto", "hibernate-resume",
    "integritysetup", "run", "ssh", "system-update", "tpm2", "veritysetup",
)  # fmt: skip
"""What finds nothing in a machine without disks, a console and words for a kernel."""


_NOT_NEW = ("etc/.updated", "var/.updated")
"""Younger than the files of all packages, these spare a boot what only the first one does
(systemd-update-done.service(8))."""


def lay_out(
    folder: Path, lower: Sequence[Path], files: Mapping[str, str], *, networkd: bool
) -> None:
    """Make a folder with the file system of a machine in ``root``, which is not started.

    Args:
        folder: What is made.
        lower: The folders it stands on, the uppermost first.
        files: Texts of files that it has, by path without the leading slash; an empty text leaves
            one out.
        networkd: Whether systemd-networkd is started when it boots.
    """
    folder.mkdir(parents=True)
    # In memory: fast, and outside of the overlay, on which Docker's own could not stand.
    network.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "practice", str(folder)])
    for name in ("upper", "work", "root", "docker"):
        (folder / name).mkdir()
    _configure(folder / "upper", lower, files, networkd)
    below = ":".join(map(str, lower))
    options = f"lowerdir={below},upperdir={folder}/upper,workdir={folder}/work"
    network.run(["mount", "-t", "overlay", "-o", options, "practice", str(folder / "root")])


def _configure(upper: Path, lower: Sequence[Path], more: Mapping[str, str], networkd: bool) -> None:
    """Write what makes this machine differ from the root file system it stands on."""
    files = {
        "etc/machine-id": f"{uuid.uuid4().hex}\n",
        "root/.ssh/authorized_keys": key().with_suffix(".pub").read_text(),
        **dict.fromkeys(_NOT_NEW, "# Its age tells whether it is the first boot.\n"),
        **more,
    }
    for name, text in files.items():
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
    if networkd:
        wants = upper / "etc/systemd/system/multi-user.target.wants"
        wants.mkdir(parents=True, exist_ok=True)
        unit = wants / "systemd-networkd.service"
        unit.symlink_to("/lib/systemd/system/systemd-networkd.service")
    # systemd.generator(7): a link to there keeps one from being run, at each reload.
    masked = upper / "etc/systemd/system-generators"
    masked.mkdir(parents=True, exist_ok=True)
    for name in _IDLE_GENERATORS:
        (masked / f"systemd-{name}-generator").symlink_to("/dev/null")
