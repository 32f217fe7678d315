"""Small deployments with published ports, and who comes to them: from the host and from outside."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent

import wizard as package
from wizard.rehearsal import image, network
from wizard.rehearsal.deployment import Deployment
from wizard.rehearsal.machine import Machine

_TRY = """
import json, sys
sys.path.insert(0, sys.argv[1])
from wizard.probes.trial import try_ports
print(json.dumps(try_ports([tuple(each) for each in json.loads(sys.argv[2])])))
"""

HOST_IPV4 = network.MACHINE_IPV4


def deploy(machine: Machine, text: str) -> Deployment:
    """Start a deployment of the practice image, and wait until every container runs."""
    image.load(machine)
    deployment = Deployment(machine, "current")
    machine.path(deployment.folder).mkdir(parents=True, exist_ok=True)
    machine.path(deployment.file).write_text(dedent(text))
    deployment.compose("up", "-d")
    return deployment


def from_host(machine: Machine, *places: tuple[str, int]) -> list[str]:
    """What becomes of connections from the machine itself, on which nothing is said."""
    words = ["python3", "-c", _TRY, "/opt/docker-ipv6-wizard", json.dumps(places)]
    found: list[str] = json.loads(machine.run(words).stdout)
    return found


def from_outside(machine: Machine, *places: tuple[str, int]) -> list[str]:
    """The same from the router."""
    source = str(Path(package.__file__).parents[1])
    words = [sys.executable, "-c", _TRY, source, json.dumps(places)]
    found: list[str] = json.loads(machine.router.run(words).stdout)
    return found


def both(machine: Machine, ports: Iterable[int]) -> dict[str, str]:
    """What becomes of each port at every address of the machine, from within and from outside."""
    places = [
        (address, port)
        for port in ports
        for address in ("127.0.0.1", HOST_IPV4, "::1", machine.address)
    ]
    outside = [place for place in places if place[0] in (HOST_IPV4, machine.address)]
    found = {
        f"{address} {port}": outcome
        for (address, port), outcome in zip(places, from_host(machine, *places), strict=True)
    }
    return found | {
        f"outside {address} {port}": outcome
        for (address, port), outcome in zip(outside, from_outside(machine, *outside), strict=True)
    }


def sentences(script: str) -> str:
    """The comments of a plan as a script, without their line ends."""
    return " ".join(line.removeprefix("#").strip() for line in script.splitlines())
