"""Lines of programs that run at boot and name what is foreseen here: shown, and not computed."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wizard.boot import interfaces
from wizard.boot.files import Files
from wizard.platform import own_names

SCRIPTS = (
    "/etc/network/if-pre-up.d/*",
    "/etc/network/if-up.d/*",
    "/etc/NetworkManager/dispatcher.d/*",
    "/etc/NetworkManager/dispatcher.d/*/*",
    "/etc/networkd-dispatcher/*/*",
    "/etc/dhcp/dhclient-enter-hooks.d/*",
    "/etc/dhcp/dhclient-exit-hooks.d/*",
    "/etc/dhcpcd.enter-hook",
    "/etc/dhcpcd.exit-hook",
    "/etc/rc.local",
    "/etc/init.d/*",
)
CRON = ("/etc/crontab", "/etc/cron.d/*", "/var/spool/cron/crontabs/*")
UNITS = (
    "/etc/systemd/system/*.service",
    "/etc/systemd/system/*.service.d/*.conf",
    "/run/systemd/system/*.service",
    "/usr/local/lib/systemd/system/*.service",
    "/usr/lib/systemd/system/*.service",
)

_SHIPPED = "/usr/lib/"
_NAMES = re.compile(r"accept_ra\b|forwarding\b|\bsysctl\s+(?:-\S+\s+)*(?:--system|-p|--load)")
_ANOTHER = re.compile(r"\bipv4\b|net/ipv4")
_CALLED = re.compile(r"(?<![\w./-])/(?:etc|usr/local|opt|root|srv|home)/[\w./+-]+")


@dataclass(frozen=True)
class Line:
    """One line that a person has to read."""

    path: str
    number: int
    text: str

    @property
    def names_accept_ra(self) -> bool:
        """Whether it may change whether an interface listens to router advertisements."""
        return "accept_ra" in self.text or "sysctl" in self.text


def lines(files: Files, configured: interfaces.Interfaces) -> list[Line]:
    """Return every such line, each once, of what runs at boot and of the scripts that it calls."""
    found = list(_everywhere(files, configured))
    return list(dict.fromkeys(found))


def _everywhere(files: Files, configured: interfaces.Interfaces) -> Iterator[Line]:
    for path in _found(files, SCRIPTS):
        if files.is_executable(path):
            yield from _of_script(files, path)
    for path in _found(files, CRON):
        yield from _of_commands(files, path, "@reboot")
    for path in _found(files, UNITS):
        if own_names.FILES not in path and (
            not path.startswith(_SHIPPED) or "accept_ra" in (files.text(path) or "")
        ):
            yield from _of_commands(files, path, "Exec")
    for stanza in configured.stanzas:
        for option in stanza.options:
            if option.name in interfaces.COMMANDS:
                shown = f"{option.name.replace('_', '-')} {option.value}"
                if interfaces.assignment(option.value, stanza.name) is None:
                    yield from _of_command(files, option.path, option.line, shown)


def _found(files: Files, patterns: Iterable[str]) -> Iterator[str]:
    for pattern in patterns:
        yield from files.glob(pattern)


def _of_commands(files: Files, path: str, begin: str) -> Iterator[Line]:
    for number, line in _numbered(files, path):
        if line.startswith(begin):
            yield from _of_command(files, path, number, line)


def _of_command(files: Files, path: str, number: int, line: str) -> Iterator[Line]:
    if _concerns(line):
        yield Line(path, number, line)
    for called in _CALLED.findall(line):
        text = files.text(called)
        if text is not None and text.startswith("#!"):
            yield from _of_script(files, called)


def _of_script(files: Files, path: str) -> Iterator[Line]:
    for number, line in _numbered(files, path):
        if _concerns(line):
            yield Line(path, number, line)


def _numbered(files: Files, path: str) -> Iterator[tuple[int, str]]:
    for number, raw in enumerate((files.text(path) or "").splitlines(), start=1):
        line = raw.strip()
        if line and line[0] not in "#;":
            yield number, line


def _concerns(line: str) -> bool:
    return bool(_NAMES.search(line)) and not ("ipv6" not in line and _ANOTHER.search(line))
