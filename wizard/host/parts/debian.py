"""Which Debian this is, or what it derives from: os-release(5) and /etc/debian_version."""

import re
import shlex
from pathlib import Path

from wizard.host.host import Debian
from wizard.host.looking import CannotTell, read, read_if_there
from wizard.host.obstacle import Cause
from wizard.host.part import Part, Words
from wizard.platform.text import clean_line, enumerated

VERSIONS = {
    "stretch": 9,
    "buster": 10,
    "bullseye": 11,
    "bookworm": 12,
    "trixie": 13,
    "forky": 14,
    "duke": 15,
}
"""The numbers of Debian's releases (https://www.debian.org/releases/)."""

TESTED_ON = (12, 13, 14)
"""The releases of Debian that the wizard is tested on."""

ASSIGNMENT = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)


def detect() -> Debian:
    """Read the two files."""
    return parse(read(Path("/etc/os-release")), read_if_there(Path("/etc/debian_version")) or "")


def parse(os_release: str, debian_version: str) -> Debian:
    """Tell the release from the texts of os-release and debian_version.

    Testing and unstable have no ``VERSION_ID``; their debian_version reads ``forky/sid``. A
    derivative keeps debian_version from the Debian it was made of.

    Raises:
        CannotTell: It is neither Debian nor like it.
    """
    values = {name: _unquoted(value) for name, value in ASSIGNMENT.findall(os_release)}
    name = clean_line(values.get("PRETTY_NAME") or values.get("NAME") or "an unnamed system")
    likes = values.get("ID_LIKE", "").split()
    itself = values.get("ID") == "debian"
    if not itself and "debian" not in likes and "ubuntu" not in likes:
        raise CannotTell(
            f"This host runs {name}, which is not Debian and does not derive from it. "
            "The wizard knows Debian alone.",
            Cause.NOT_DEBIAN,
        )
    based_on = debian_version.strip().split("/")[0]
    version = (
        (_number(values.get("VERSION_ID", "")) if itself else 0)
        or VERSIONS.get(values.get("DEBIAN_CODENAME", ""), 0)
        or VERSIONS.get(based_on, 0)
        or _number(based_on)
        or VERSIONS.get(values.get("VERSION_CODENAME", ""), 0)
    )
    return Debian(name, version, derivative=not itself)


def _unquoted(value: str) -> str:
    try:
        return "".join(shlex.split(value))
    except ValueError:
        return value


def _number(version: str) -> int:
    digits = re.match(r"\d{1,4}(?=\.|$)", version)
    return int(digits[0]) if digits else 0


def in_words(debian: Debian) -> Words:
    """Say which release it is."""
    if debian.derivative:
        return f"{debian.name}, which derives from Debian", "note"
    if debian.version not in TESTED_ON:
        return f"{debian.name}, not tested", "note"
    return debian.name, "ok"


def notes(debian: Debian) -> list[str]:
    """Return what to mind of a release that the wizard is not tested on."""
    tested = enumerated(map(str, TESTED_ON))
    if debian.derivative:
        return [
            f"{debian.name} derives from Debian and is not Debian itself. The wizard is tested on "
            f"Debian {tested}."
        ]
    if debian.version not in TESTED_ON:
        return [f"The wizard is tested on Debian {tested}, and this is {debian.name}."]
    return []


PART = Part(
    lambda host: host.debian,
    label="System",
    find=lambda _: detect(),
    words=in_words,
    foremost=True,
    notes=notes,
    needed=True,
)
