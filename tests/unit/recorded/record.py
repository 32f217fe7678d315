"""Records anew what real machines say, for the tests of the parsers: ``python record.py``, as root.

Only what a detector looks at is kept. Each folder is one practice machine.
"""

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from wizard.rehearsal import deployment, installation
from wizard.rehearsal.machine import Machine

HERE = Path(__file__).parent

Shape = tuple[
    str,
    int,
    Literal["static", "advertisement"],
    Literal["ifupdown", "systemd-networkd"],
    Literal["current", "2017"],
]
MACHINES: tuple[Shape, ...] = (
    ("debian12-static-ifupdown", 12, "static", "ifupdown", "current"),
    ("debian12-advertisement-ifupdown", 12, "advertisement", "ifupdown", "2017"),
    ("debian13-advertisement-networkd", 13, "advertisement", "systemd-networkd", "current"),
    ("debian14-advertisement-ifupdown", 14, "advertisement", "ifupdown", "current"),
)

COMMANDS = {
    "os-release": "cat /etc/os-release",
    "debian_version": "cat /etc/debian_version",
    "ip6tables-version": "ip6tables --version",
    "ip6tables-forward": "ip6tables -S FORWARD",
    "ip6tables-save": "ip6tables-save",
    "interfaces": "cat /etc/network/interfaces /etc/network/interfaces.d/* || true",
    "networkd-link": "cat /run/systemd/netif/links/$(cat /sys/class/net/eth0/ifindex) || true",
    # Version 2 is no text.
    "compose-starter": "sed --quiet '1{/^#!/!q}; 1,8p' /usr/bin/docker-compose",
    "compose-metadata.json": "/usr/libexec/docker/cli-plugins/docker-compose "
    "docker-cli-plugin-metadata || true",
    "dockerd-words": "tr '\\0' '\\n' < /proc/$(cat /run/docker.pid)/cmdline",
}

INFO = ("FirewallBackend", "LiveRestoreEnabled", "OperatingSystem", "SecurityOptions", "Swarm")

PROGRAM = f"""
import json, socket
from docker.api.client import APIClient
from pyroute2 import IPRoute

def keep(value, names):
    return {{name: value[name] for name in names if name in value}}

def attributes(message, names):
    return [[name, value] for name, value in message["attrs"] if name in names]

engine = APIClient()
version = engine.version()
containers = []
for entry in engine.containers(all=True):
    whole = engine.inspect_container(entry["Id"])
    kept = keep(whole, ("Id", "Created", "Name", "NetworkSettings"))
    kept["State"] = keep(whole["State"], ("Running", "Pid", "StartedAt"))
    kept["Config"] = keep(whole["Config"], ("Labels", "ExposedPorts"))
    kept["HostConfig"] = keep(whole["HostConfig"], ("NetworkMode", "PortBindings"))
    containers.append(kept)
with IPRoute() as kernel:
    links = [
        {{"index": link["index"], "attrs": attributes(link, ("IFLA_IFNAME", "IFLA_MTU"))}}
        for link in kernel.get_links()
    ]
    addresses = [
        keep(one, ("family", "prefixlen", "flags", "scope", "index"))
        | {{"attrs": attributes(one, ("IFA_ADDRESS", "IFA_LOCAL", "IFA_FLAGS", "IFA_PROTO"))}}
        for one in kernel.get_addr()
    ]
    wanted = ("RTA_TABLE", "RTA_DST", "RTA_PRIORITY", "RTA_OIF", "RTA_GATEWAY", "RTA_NH_ID")
    routes = [
        keep(one, ("family", "dst_len", "src_len", "table", "proto", "scope", "type", "flags"))
        | {{"attrs": attributes(one, wanted)}}
        for family in (socket.AF_INET, socket.AF_INET6)
        for one in kernel.get_routes(family=family)
    ]
print(json.dumps({{
    "version": version,
    "info": keep(engine.info(), {INFO!r}),
    "networks": engine.networks(),
    "containers": containers,
    "netlink": {{"links": links, "addresses": addresses, "routes": routes}},
}}))
"""


def answers(machine: Machine) -> Iterator[tuple[str, str]]:
    """Yield the name of each recorded file and its text."""
    for name, command in COMMANDS.items():
        yield name, machine.shell(f"{{ {command}; }} 2>/dev/null").stdout
    told: dict[str, Any] = json.loads(
        machine.shell(
            f". /etc/profile; exec {installation.PYTHON} -c {shlex.quote(PROGRAM)}"
        ).stdout
    )
    for name, value in told.items():
        yield f"{name}.json", json.dumps(value, indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Record every machine."""
    for name, release, route, manager, shape in MACHINES:
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        with Machine(release, route=route, manager=manager) as machine:
            deployment.up(machine, shape)
            for file, text in answers(machine):
                (folder / file).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{folder}\n")


if __name__ == "__main__":
    main()
