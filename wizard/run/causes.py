"""Why a step is not in effect any more: the likely cause, and the evidence for it on the host."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import PurePath

from wizard.host.host import Host, Unknown
from wizard.platform import foreign_json
from wizard.platform.local_time import local_time
from wizard.platform.system import System
from wizard.platform.text import clean_line
from wizard.record.record import Record, now
from wizard.run import window
from wizard.run.adapted import renamed
from wizard.steps.parts import Part

_FIREWALLS = ("nftables", "netfilter-persistent", "ufw", "firewalld", "ferm", "shorewall6")
_SETTINGS = (
    *("/etc/sysctl.conf", "/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d"),
    "/etc/ufw/sysctl.conf",
)
_OWN = "docker-ipv6-wizard"


@dataclass(frozen=True)
class Cause:
    """A likely cause, and the evidence for it; each is a sentence."""

    words: str
    evidence: str

    @property
    def sentence(self) -> str:
        """Both."""
        return f"{self.words} {self.evidence}"


def cause_of(parts: Sequence[Part], record: Record, host: Host, system: System) -> Cause | None:
    """Return the likely cause of what is not in effect, or None where nothing tells of one.

    The host is only read.
    """
    wrong = [part for part in parts if part.words]
    kinds = {part.name.partition(" ")[0] for part in wrong}
    first = wrong[0].name
    tried: list[Callable[[], Cause | None]] = [partial(_uplink, record, host)]
    if kinds & {"network", "connection"}:
        tried.append(partial(_network, first, record, system))
    if "chain" in kinds:
        tried.append(partial(_firewall, record, system))
    tried += [partial(_masked, part.name, system) for part in wrong if part.masks]
    for part in wrong:
        kind, _, name = part.name.partition(" ")
        if kind == "unit":
            tried.append(partial(_unit, name, system))
        elif kind == "parameter":
            tried.append(partial(_setting, name, system))
        elif kind == "connection":
            tried.append(partial(_container, name.partition(" ")[2], record, system))
        elif kind.startswith("/"):
            tried.append(partial(_file, part.name, system))
    tried += [partial(_engine, record, host), partial(_boot, record, system)]
    return next((found for each in tried if (found := each()) is not None), None)


def _uplink(record: Record, host: Host) -> Cause | None:
    names = renamed(record, host)
    if names is None:
        return None
    old, new = map(clean_line, names)
    return Cause(
        f"The uplink has another name now: {new}.",
        f"The default route was on {old}, of which there is no interface any more.",
    )


def _network(name: str, record: Record, system: System) -> Cause | None:
    """Return what Docker says of the network; it remembers 256 events, until it restarts."""
    words = name.split()
    network = words[1]
    # The next second: what came in the one that has begun would be left out.
    asked = ("--since", record.finished or record.started, "--until", now(later=1))
    only = ("--filter", "type=network", "--format", "{{json .}}")
    said = system.run(("docker", "events", *asked, *only))
    for line in reversed(said.output.splitlines()) if said.status == 0 else ():
        try:
            event = foreign_json.table(line)
        except ValueError:
            continue
        action = str(event.get("Action", ""))
        attributes = (event.get("Actor") or {}).get("Attributes") or {}
        time = _at(str(event.get("time", "")))
        if action == "prune":
            return Cause("Networks without containers were pruned.", f"Docker says so of {time}.")
        if action == "destroy" and attributes.get("name") == network:
            return Cause(
                f"Somebody has removed the network {clean_line(network)}.",
                f"Docker says so of {time}.",
            )
    return None


def _firewall(record: Record, system: System) -> Cause | None:
    for name in _FIREWALLS:
        line = _journal(f"{name}.service", record, system)
        if line:
            return Cause(
                f"The firewall was loaded anew by {name}.service, and that took these rules along.",
                f"The journal says: {line}",
            )
    return None


def _masked(path: str, system: System) -> Cause:
    shown = clean_line(path)
    return Cause(
        f"Somebody has masked {PurePath(shown).name}.",
        f"{shown} is a link to /dev/null of {_age(path, system)}.",
    )


def _unit(name: str, system: System) -> Cause | None:
    enabled = system.run(("systemctl", "is-enabled", name)).output.split()
    if "disabled" in enabled:
        return Cause(f"Somebody has disabled {name}.", "systemctl is-enabled says: disabled.")
    line = _last(("journalctl", f"--unit={name}", *_BRIEF, "--lines=1"), system)
    return Cause(f"{name} has ended.", f"The journal says: {line}") if line else None


def _setting(key: str, system: System) -> Cause | None:
    pattern = re.sub(r"[./]", "[./]", key)
    # As text whatever it is: of a comment in another encoding grep would say that it is binary.
    found = system.run(("grep", "-rnsaE", f"^[^#;]*{pattern} *=", *_SETTINGS))
    for line in found.output.splitlines():
        file, _, rest = line.partition(":")
        if _OWN not in file:
            number, _, text = rest.partition(":")
            return Cause(
                "Another file of kernel parameters sets it.",
                f"Line {number} of {clean_line(file)} is: {clean_line(text)}",
            )
    return None


def _container(name: str, record: Record, system: System) -> Cause | None:
    made = system.run(("docker", "inspect", "--type=container", "--format", "{{.Created}}", name))
    since = record.finished or record.started
    if made.status != 0 or made.output.strip() < since:
        return None
    return Cause(
        f"{clean_line(name)} was made anew by something that did not read the changed file.",
        f"Docker says that it was made at {local_time(made.output.strip())}.",
    )


def _file(path: str, system: System) -> Cause | None:
    there = system.run(("test", "-e", path)).status == 0
    if not there:
        folder = str(PurePath(path).parent)
        if system.run(("test", "-e", folder)).status != 0:
            return Cause(f"The folder {clean_line(folder)} is gone.", "No folder has that name.")
        when = _age(folder, system)
        return Cause("The file was removed.", f"Its folder was last changed at {when}.")
    evidence = f"It was last written at {_age(path, system)}."
    repository = system.run(("test", "-e", str(PurePath(path).parent / ".git"))).status == 0
    if repository:
        return Cause(
            "The file was changed, perhaps by git, which put back its own version.",
            f"{evidence} Its folder is a repository.",
        )
    return Cause("The file was edited, or written by a program.", evidence)


def _engine(record: Record, host: Host) -> Cause | None:
    if isinstance(host.engine, Unknown):
        return None
    was = clean_line(record.host.get("Docker", "").partition(",")[0])
    is_now = clean_line(host.engine.version)
    if not was or was == is_now:
        return None
    return Cause("Another release of Docker runs now.", f"It was {was} and is {is_now}.")


def _boot(record: Record, system: System) -> Cause | None:
    if not record.boot or record.boot == window.boot():
        return None
    since = system.run(("uptime", "--since")).output.strip()
    return Cause("The host was restarted.", f"It has been up since {clean_line(since)}.")


_BRIEF = ("--quiet", "--no-pager", "--output=short-iso")


def _journal(unit: str, record: Record, system: System) -> str:
    since = (record.finished or record.started).replace("T", " ").replace("Z", " UTC")
    words = ("journalctl", f"--unit={unit}", *_BRIEF, f"--since={since}", "--lines=1")
    return _last(words, system)


def _last(words: Sequence[str], system: System) -> str:
    said = system.run(words)
    lines = said.output.split("\n") if said.status == 0 else []
    return clean_line(next((line for line in reversed(lines) if line.strip()), ""))


def _age(path: str, system: System) -> str:
    said = system.run(("stat", "--format=%Y", path))
    return _at(said.output.strip()) if said.status == 0 else "an unknown time"


def _at(seconds: str) -> str:
    if not seconds.isdecimal() or len(seconds) > 11:
        return "an unknown time"
    return local_time(datetime.fromtimestamp(int(seconds), UTC).isoformat())
