"""Builds the root file system of a Debian release, once, for the practice machines to share."""

import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from wizard.platform.errors import Refused, WizardError
from wizard.platform.text import clean_line
from wizard.rehearsal import cache, requirements
from wizard.rehearsal.progress import Pace, Progress, silent

# Raised when the way of building changes, so that what was built before is built anew.
_EDITION = 2

RELEASES = {12: "bookworm", 13: "trixie", 14: "forky"}

_PACKAGES = [
    "systemd", "systemd-sysv", "udev", "dbus", "libpam-systemd", "ifupdown", "iproute2",
    "iputils-ping", "procps", "openssh-server", "sudo", "ca-certificates", "docker.io",
    "docker-compose", "iptables", "nftables", "python3", "python3-venv", "python3-iptables", "git",
    "tcpdump", "strace", "less", "nano",
]  # fmt: skip
# Docker's client is a package of its own from Debian 13 on.
_MORE_PACKAGES = {12: [], 13: ["docker-cli"], 14: ["docker-cli"]}
# What may be installed later: machines reach no mirror, so it waits in the root file system.
_MANAGERS = ["network-manager", "dhcpcd-base", "netplan.io", "ufw", "firewalld"]
_OFFERED = {
    12: ["ndppd", "isc-dhcp-client", *_MANAGERS],
    13: ["ndppd", "isc-dhcp-client", *_MANAGERS],
    14: _MANAGERS,
}
_OFFERED_FOLDER = "opt/packages"

# About how many seconds of work a line stands for, by its first word: debootstrap's, each of which
# comes for so many packages, and our own. Seen on two cores that had more to do.
_WORK = {
    "Resolving": 12.0, "Validating": 0.16, "Extracting": 0.19, "Installing": 12.0,
    "Unpacking": 1.1, "Configuring": 0.31, "Fetching": 12.0,
}  # fmt: skip
_WHOLE = 360.0
"""All of debootstrap's lines."""

_ROOM = 1_200_000_000
"""Bytes that a build takes while it is made, with the packages that it is made of."""

_FILES = {
    "etc/apt/sources.list": f"deb [trusted=yes] file:/{_OFFERED_FOLDER} ./\n",
    "etc/apt/apt.conf.d/20practice": 'Acquire::Languages "none";\n',
    "etc/hostname": "practice\n",
    "etc/hosts": (
        "127.0.0.1 localhost\n"
        "127.0.1.1 practice\n"
        "::1 localhost ip6-localhost ip6-loopback\n"
        "2001:db8:ffff::53 internet.example\n"
        "198.51.100.1 internet.example\n"
    ),
    # Nobody answers there, and says so at once: a lookup fails instead of waiting.
    "etc/resolv.conf": "nameserver 198.51.100.1\n",
    "etc/network/interfaces": "source /etc/network/interfaces.d/*\n",
}
_COMMANDS = (
    "useradd --create-home --shell /bin/bash person",
    # Jobs that start by the clock would change a machine under a test.
    "systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer "
    "e2scrub_all.timer e2scrub_reap.service logrotate.timer systemd-tmpfiles-clean.timer",
    "rm -f /etc/machine-id /var/lib/dbus/machine-id",
    "touch /etc/machine-id",
)


def root_file_system(release: int, progress: Progress = silent) -> Path:
    """Return the folder of a release's root file system, built first if it is not in the cache.

    Args:
        release: 12, 13 or 14.
        progress: Is given a line for every stage of a build: minutes, once for each release.

    Raises:
        Refused: A program is missing, this is not root, or no Debian mirror is known.
        WizardError: The build failed.
    """
    if release not in RELEASES:
        known = ", ".join(str(number) for number in RELEASES)
        raise Refused(f"There is no practice machine for Debian {release}, only for {known}.")
    requirements.check()
    packages = _PACKAGES + _MORE_PACKAGES[release]
    recipe = [_EDITION, release, packages, _OFFERED[release], _FILES, _COMMANDS]

    def make(folder: Path) -> None:
        mirror = _mirror()
        _check_room(folder)
        progress(f"Building Debian {release}, once: three to six minutes on most computers.")
        pace = Pace(work_of_all(release), progress)
        _debootstrap(folder, RELEASES[release], packages, mirror, pace)
        offered = folder / _OFFERED_FOLDER
        offered.mkdir(parents=True)
        _offer(offered, folder, RELEASES[release], _OFFERED[release], mirror, pace)
        for name, text in _FILES.items():
            file = folder / name
            file.unlink(missing_ok=True)
            file.write_text(text)
        for command in ("apt-get clean", "apt-get -q update", *_COMMANDS):
            _run(["chroot", str(folder), "/bin/sh", "-ec", command])

    return cache.kept(f"debian-{release}", cache.key(recipe), make, progress)


def offered(release: int, packages: Sequence[str]) -> Path | None:
    """Return a folder that apt takes packages from, or None where every machine has them waiting.

    It is fetched once, with all that they depend on, for those machines alone that want it.

    Raises:
        Refused: as :func:`root_file_system` does.
        WizardError: They could not be fetched.
    """
    if set(packages) <= set(_OFFERED[release]):
        return None
    below = root_file_system(release)

    def make(folder: Path) -> None:
        pace = Pace(_WORK["Fetching"] * len(packages), silent)
        _offer(folder, below, RELEASES[release], packages, _mirror(), pace)

    recipe = [_EDITION, below.name, list(packages)]
    return cache.kept(f"packages-{release}", cache.key(recipe), make)


def work_of_all(release: int) -> float:
    """Return about how many seconds building a release takes, for :class:`Pace`."""
    return _WHOLE + _WORK["Fetching"] * len(_OFFERED[release])


def work_of(line: str) -> float:
    """Return about how many seconds of work a line of a build stands for."""
    return _WORK.get(line.partition(" ")[0], 0.0)


def _check_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < _ROOM:
        raise Refused(
            f"{folder.parent} has {free // 10**6} MB free, and building a practice machine takes "
            f"{_ROOM // 10**6} MB. Nothing was changed. Make room there, for example with wizard "
            "--rehearse --clean, or name another folder in the environment variable "
            "DOCKER_IPV6_WIZARD_CACHE, and try again."
        )


def _mirror() -> str:
    """Return the address of the Debian mirror that this computer's own apt uses."""
    if named := os.environ.get("DOCKER_IPV6_WIZARD_MIRROR"):
        return named
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)|$(LABEL)", "Created-By: Packages"],
        capture_output=True,
        text=True,
    )
    found = [line.partition("|") for line in listed.stdout.splitlines()]
    web = [(address, label) for address, _, label in found if address.startswith("http")]
    # apt knows the label once it has fetched the list; before that the address must do.
    for address, label in web:
        if label == "Debian" or address.rstrip("/").endswith("/debian"):
            return address
    raise Refused(
        "This computer's apt names no mirror of Debian, so there is nowhere to take a practice "
        "machine from. Nothing was changed. Name one in the environment variable "
        "DOCKER_IPV6_WIZARD_MIRROR, such as http://mirror.example/debian, and try again."
    )


def _proxy() -> dict[str, str]:
    """Return the environment that makes debootstrap use apt's proxy, if apt has one."""
    answer = subprocess.run(
        ["apt-config", "shell", "http_proxy", "Acquire::http::Proxy"],
        capture_output=True,
        text=True,
    ).stdout
    pairs = (word.partition("=") for word in shlex.split(answer))
    return {name: value for name, _, value in pairs if value not in ("", "DIRECT")}


def _debootstrap(
    folder: Path,
    codename: str,
    packages: Iterable[str],
    mirror: str,
    pace: Pace,
) -> None:
    script = Path("/usr/share/debootstrap/scripts") / codename
    if not script.exists():
        script = script.with_name("sid")
    argv = [
        # Its mounts and processes are gone with it, and it with this process, however that ends.
        "setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child",
        "debootstrap", "--variant=minbase",
        f"--include={','.join(packages)}", codename, str(folder), mirror, str(script),
    ]  # fmt: skip
    last: list[str] = []
    try:
        for line in _lines(argv, {"DEBIAN_FRONTEND": "noninteractive", **_proxy()}):
            kind, separator, text = line.partition(": ")
            what = clean_line(text if separator and len(kind) == 1 else line)
            pace.did(work_of(what), what)
            last = [*last[-3:], line]
    except subprocess.CalledProcessError as error:
        raise WizardError(
            f"Building Debian's {codename} stopped half way: {clean_line(' / '.join(last))}. "
            "What was built was removed again. See that the mirror of this computer's apt can "
            "be reached, with apt-get update, and try again."
        ) from error


def _lines(argv: list[str], environment: dict[str, str]) -> Iterator[str]:
    """Run a command of one's own process group, line by line; it ends if the reader does."""
    process = subprocess.Popen(
        argv,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        if process.stdout is not None:
            yield from (line.rstrip("\n") for line in process.stdout)
        if status := process.wait():
            raise subprocess.CalledProcessError(status, argv)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _offer(
    offered: Path, folder: Path, codename: str, packages: Sequence[str], mirror: str, pace: Pace
) -> None:
    """Lay an apt repository into a folder with packages and what they lack in a root file system.

    The computer's own apt fetches them, with a state of its own, so that proxies and
    certificates are its own and none of them is left in the root file system.
    """
    with tempfile.TemporaryDirectory(prefix="docker-ipv6-wizard-apt-") as scratch:
        state = Path(scratch)
        (state / "lists/partial").mkdir(parents=True)
        (state / "cache/archives/partial").mkdir(parents=True)
        source = state / "sources.list"
        keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
        source.write_text(f"deb [signed-by={keyring}] {mirror} {codename} main\n")
        apt = [
            "apt-get", "-q", "-y",
            "-o", f"Dir::State={state}", "-o", f"Dir::State::Lists={state}/lists",
            "-o", f"Dir::State::Status={folder}/var/lib/dpkg/status",
            "-o", f"Dir::Cache={state}/cache",
            "-o", f"Dir::Cache::Archives={state}/cache/archives",
            "-o", f"Dir::Etc::SourceList={source}", "-o", "Dir::Etc::SourceParts=/dev/null",
            "-o", "Dir::Etc::PreferencesParts=/dev/null", "-o", "APT::Sandbox::User=root",
            "-o", "APT::Update::Post-Invoke::=", "-o", "APT::Update::Post-Invoke-Success::=",
        ]  # fmt: skip
        if packages:
            _run([*apt, "update"])
        for package in packages:
            what = f"Fetching {package}, which a step may want later"
            pace.did(work_of(what), what)
            # One by one, for some of them cannot be installed beside others.
            _run([*apt, "--no-install-recommends", "--download-only", "install", package])
        paragraphs = []
        for archive in sorted((state / "cache/archives").glob("*.deb")):
            content = archive.read_bytes()
            (offered / archive.name).write_bytes(content)
            paragraphs.append(
                _run(["dpkg-deb", "--field", str(archive)]).strip()
                + f"\nFilename: ./{archive.name}\nSize: {len(content)}"
                + f"\nSHA256: {hashlib.sha256(content).hexdigest()}\n"
            )
    index = "\n".join(paragraphs).encode()
    (offered / "Packages").write_bytes(index)
    (offered / "Release").write_text(
        f"Suite: {codename}\nCodename: {codename}\n"
        f"SHA256:\n {hashlib.sha256(index).hexdigest()} {len(index)} Packages\n"
    )


def _run(argv: list[str]) -> str:
    """Run a command to its end and return what it printed, or say how it failed."""
    done = subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
    )
    if done.returncode:
        detail = clean_line((done.stderr.strip() or done.stdout.strip()).rpartition("\n")[2])
        raise WizardError(
            f"{shlex.join(argv)} failed with status {done.returncode}: {detail}. The practice "
            "machine was not built. Fix what it says and try again."
        )
    return done.stdout
