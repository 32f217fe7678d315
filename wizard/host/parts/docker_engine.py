"""Docker: its version, and who keeps the rules of ip6tables."""

import itertools
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from wizard.host.docker_process import SERVICE_UNIT, engine_process, unit_of
from wizard.host.docker_socket import ASKED, DEFAULT, ROOTLESS, connect, explained, socket_path
from wizard.host.host import Engine
from wizard.host.looking import CannotTell, output, read, understood
from wizard.host.obstacle import Cause, Obstacle
from wizard.host.part import Part, Words
from wizard.platform import foreign_json
from wizard.platform.text import clean_line

OLDEST_ENGINE = (17, 6)
"""The Docker of the first Debian host that this was done on; older ones were never tried."""

CONFIGURATION = Path("/etc/docker/daemon.json")

_KEEPS = "keeps the rules for IPv6 itself"
_LEAVES = "leaves ip6tables alone, so the wizard makes the rules"


@understood(ASKED)
def detect() -> Engine:
    """Ask Docker, its configuration file and its command line."""
    client = connect()
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    with client:
        try:
            version, info = client.version(), client.info()
        except (DockerException, RequestException) as error:
            raise explained(error) from error
    path = socket_path()
    process = engine_process(path)
    words = process.words if process else ()
    return replace(
        parse(version, info, configuration(words), words),
        unit=_other_unit(unit_of(process)) if process else "",
        socket=None if path == DEFAULT else str(path),
    )


def _other_unit(unit: str) -> str:
    """Return the unit, or nothing where it answers to the name docker.service as well."""
    if unit in ("", SERVICE_UNIT):
        return ""
    try:
        known = output(("systemctl", "show", "--property=Id", "--value", SERVICE_UNIT)).strip()
    except CannotTell:
        return ""
    return "" if known == unit else clean_line(unit)


def configuration(words: Sequence[str], default: Path = CONFIGURATION) -> str:
    """Return the text of the configuration file that a dockerd of these words reads.

    Raises:
        CannotTell: It is there and cannot be read, so that what Docker does is not known.
    """
    # Of a path that is not absolute: systemd starts services in the root folder.
    chosen = option(words, "config-file")
    path = Path("/") / chosen if chosen else default
    return read(path) if os.path.lexists(path) else "{}"


def parse(
    version: Mapping[str, Any], info: Mapping[str, Any], configuration: str, words: Sequence[str]
) -> Engine:
    """Tell Docker from its answers to ``/version`` and ``/info``, daemon.json and its words.

    Docker keeps ip6tables itself unless told otherwise from 27.0 on; before, only where both
    ``ip6tables`` and ``experimental`` were switched on (Docker's release notes for 27.0).

    Raises:
        CannotTell: It is not the Docker of this host, or gives no version.
    """
    names = {component.get("Name", "") for component in version.get("Components") or ()}
    if any("podman" in name.lower() for name in names):
        raise CannotTell(
            "What answers on the Docker socket is Podman, whose networks work another way. The "
            "wizard knows Docker alone.",
            Cause.PODMAN,
        )
    if info.get("OperatingSystem") == "Docker Desktop":
        raise CannotTell(
            "This Docker is Docker Desktop and runs in a virtual machine. The wizard changes "
            "the host it runs on: it needs Docker on the host itself.",
            Cause.DOCKER_DESKTOP,
        )
    number = clean_line(str(version.get("Version", "")))
    release = re.match(r"(\d+)\.(\d+)(?=\D|$)", number)
    if release is None:
        raise CannotTell(f"Docker calls its version “{number}”, which is no version.")
    try:
        settings = foreign_json.value(configuration)
    except ValueError:
        settings = {}
    if not isinstance(settings, dict):
        settings = {}
    ip6tables = switch(words, "ip6tables", settings.get("ip6tables"))
    experimental = switch(words, "experimental", settings.get("experimental"))
    on_by_default = int(release[1]) >= 27
    manages = ip6tables is not False if on_by_default else bool(ip6tables and experimental)
    backend = (info.get("FirewallBackend") or {}).get("Driver") or "iptables"
    security = [str(option) for option in info.get("SecurityOptions") or ()]
    return Engine(
        version=number,
        api_version=clean_line(str(version.get("ApiVersion", ""))),
        manages_ip6tables=manages,
        firewall_backend=clean_line(str(backend)),
        live_restore=bool(info.get("LiveRestoreEnabled")),
        swarm=(info.get("Swarm") or {}).get("LocalNodeState") == "active",
        own_address_pools=bool(info.get("DefaultAddressPools")),
        ip_forward=switch(words, "ip-forward", settings.get("ip-forward")) is not False,
        network_defaults=_network_defaults(settings, words),
        next_firewall_backend=clean_line(
            str(option(words, "firewall-backend") or settings.get("firewall-backend") or "")
        ),
        rootless=any(option.split(",")[0] == "name=rootless" for option in security),
    )


def _network_defaults(
    settings: Mapping[str, Any], words: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Return ``default-network-opts`` for bridges; the words say it as DRIVER=KEY=VALUE."""
    drivers = settings.get("default-network-opts")
    configured = drivers.get("bridge") if isinstance(drivers, dict) else None
    found = dict(configured) if isinstance(configured, dict) else {}
    for given in _values(words, "default-network-opt"):
        driver, _, pair = given.partition("=")
        if driver == "bridge":
            key, _, value = pair.partition("=")
            found[key] = value
    return tuple((clean_line(str(key)), clean_line(str(found[key]))) for key in sorted(found))


def option(words: Sequence[str], name: str) -> str | None:
    """Return the value of ``--name VALUE`` or ``--name=VALUE``, the last one given."""
    return next(reversed(list(_values(words, name))), None)


def _values(words: Sequence[str], name: str) -> Iterator[str]:
    """Yield the value of an option each time that it is given."""
    for word, following in itertools.zip_longest(words, words[1:], fillvalue=""):
        if word == f"--{name}":
            yield following
        elif word.startswith(f"--{name}="):
            yield word.partition("=")[2]


def switch(words: Sequence[str], name: str, configured: object) -> bool | None:
    """Return a switch from the command line, else from the configuration; None where neither."""
    for word in reversed(words):
        if word == f"--{name}":
            return True
        if word.startswith(f"--{name}="):
            return word.partition("=")[2].lower() in ("1", "t", "true")
    return configured if isinstance(configured, bool) else None


def obstacles(engine: Engine) -> Iterator[Obstacle]:
    """Yield why the wizard cannot work with this engine."""
    if engine.release < OLDEST_ENGINE:
        yield Obstacle(
            Cause.DOCKER_TOO_OLD,
            f"Docker {engine.version} is older than 17.06, the oldest one that this was ever "
            "done on.",
            "Install a newer one, such as Debian's docker.io.",
        )
    if engine.rootless:
        yield Obstacle(
            Cause.DOCKER_ROOTLESS,
            f"This Docker runs rootless: {ROOTLESS}",
        )
    if engine.unit:
        yield _of_another_unit(engine.unit)


def _of_another_unit(unit: str) -> Obstacle:
    lost = (
        f"Docker is run by the unit {unit} here, and what the wizard sets up is started together "
        "with docker.service: after a reboot nothing of it would come back."
    )
    if unit.startswith("snap."):
        return Obstacle(
            Cause.DOCKER_UNIT,
            f"{lost} The snap also keeps Compose to files below home folders.",
            "Install Debian's docker.io, or docker-ce from docker.com, in the place of the snap.",
        )
    return Obstacle(
        Cause.DOCKER_UNIT,
        lost,
        "Give the unit that name too: write “Alias=docker.service” below [Install] of it, start "
        "the wizard again, and before that type:",
        (f"systemctl reenable {unit}",),
    )


def in_words(engine: Engine) -> Words:
    """Say which Docker it is, and who keeps its rules."""
    words = f"{engine.version}, API {engine.api_version}; "
    words += f"{_KEEPS} ({engine.firewall_backend})" if engine.manages_ip6tables else _LEAVES
    if any(obstacles(engine)):
        return words, "problem"
    return words, "note" if notes(engine) else "ok"


def earlier(words: str, engine: Engine) -> Engine | None:
    """Return the Docker that :func:`in_words` said these words of, or None where they are others.

    What they do not say is as of the ``engine`` of today.
    """
    found = re.match(rf"(.+), API (.+); (?:{_KEEPS} \((.+)\)|{_LEAVES})$", words)
    if found is None or not re.match(r"\d+\.\d+(?!\d)", found[1]):
        return None
    return replace(
        engine,
        version=found[1],
        api_version=found[2],
        manages_ip6tables=found[3] is not None,
        firewall_backend=found[3] or "iptables",
    )


def notes(engine: Engine) -> list[str]:
    """Return what to mind of how Docker is run."""
    found = []
    if engine.swarm:
        found.append(
            "This host is part of a swarm. The wizard changes networks of this host alone, and "
            "leaves the swarm's services and overlay networks as they are."
        )
    if engine.live_restore:
        found.append(
            "Docker keeps containers running while it is restarted (live-restore). Its networks "
            "are then not made anew, so run “wizard --check” after an upgrade of Docker."
        )
    return found


PART = Part(
    lambda host: host.engine,
    label="Docker",
    find=lambda _: detect(),
    words=in_words,
    foremost=True,
    notes=notes,
    needed=True,
    asked=ASKED,
)
