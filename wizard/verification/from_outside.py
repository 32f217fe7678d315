"""What strangers reach: ports of the containers, tried through the host from a place outside."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Network
from typing import Any

from wizard.answers.choices import Choices
from wizard.filter.uplink_rules import let_in
from wizard.host.host import Host, Unknown
from wizard.modes.registry import behaviour_of
from wizard.platform import variables
from wizard.platform.errors import StepFailed
from wizard.platform.system import System
from wizard.platform.text import clean, clean_line
from wizard.probes import namespace
from wizard.steps.networks import inspect
from wizard.verification.aspect import Aspect, Facts

_STRANGERS = IPv6Network("2001:2::/48")
"""Set aside for benchmarks (RFC 5180 §8): global, and nobody's on the internet."""

_SILENCE = 0.8
"""Seconds in which nothing has to come in for a port to count as closed."""

_DEADLINE = 25.0


@dataclass(frozen=True)
class Expected:
    """What should be open from outside, by the name of the container, each as ``3000/tcp``."""

    opened: tuple[tuple[str, tuple[str, ...]], ...] = ()
    nothing_else: bool = True
    """Whether every other port should be closed."""
    uplink: str = ""
    bridge: str = ""


def expected(host: Host, choices: Choices) -> Expected:
    """Return what should be open once the choices are in force."""
    uplink = "" if isinstance(host.uplink, Unknown) else host.uplink.interface
    opens = behaviour_of(choices.mode).opens(host, choices)
    return Expected(opens.ports, opens.nothing_else, uplink, choices.bridge)


class FromOutside(Aspect):
    """Tries a port that nobody published, and those that should be open."""

    def __init__(self, system: System, network: str, expected: Expected) -> None:
        self._system = system
        self._network = network
        self._expected = expected

    def look(self) -> Facts:
        """Nothing of what strangers reached before can be lost by this."""
        return {}

    def faults(self) -> Sequence[str]:
        """Return a sentence for each port that is open or closed and should not be."""
        names: dict[str, str] = {}
        try:
            places = [each for each in self._places(names) if each["opened"] or each["closed"]]
        except StepFailed as error:
            return (f"Whether strangers are kept out could not be tried. {error}",)
        if not places:
            return ()
        avoid = {_number(port) for _name, ports in self._expected.opened for port in ports}
        answer = from_a_stranger(
            {"places": places, "avoid": sorted(avoid), "uplink": "", "host": []}
        )
        if "found" not in answer:
            return (
                "Whether strangers are kept out could not be tried: "
                f"{clean_line(str(answer.get('failed'))).rstrip('.')}. Start again once it can be.",
            )
        return (*self._let_in(), *faults_in(answer["found"], names))

    def _let_in(self) -> tuple[str, ...]:
        """Return a sentence if rules let in on the uplink what the trial does not get."""
        wanted = self._expected
        if not (wanted.uplink and wanted.nothing_else):
            return ()
        saved = self._system.run(("ip6tables-save",)).output
        opened = [port for _name, ports in wanted.opened for port in ports]
        rules = let_in(saved, wanted.uplink, wanted.bridge, opened)
        if not rules:
            return ()
        return (
            f"Rules of ip6tables let in what comes on {clean_line(wanted.uplink)} before anything "
            f"closes {clean_line(wanted.bridge)}, so that the internet reaches ports that are not "
            f"published: {clean_line('; '.join(rules))}. Take them out or limit them to what they "
            "are for, and start again.",
        )

    def _places(self, names: dict[str, str]) -> list[dict[str, Any]]:
        """Return where each running container on the network is; fill in names by address."""
        found = inspect(self._system, self._network)
        endpoints = (found or {}).get("Containers") or {}
        addresses = {
            identifier: str(each.get("IPv6Address") or "").partition("/")[0]
            for identifier, each in endpoints.items()
        }
        wanted = [identifier for identifier, address in addresses.items() if address]
        if not wanted:
            return []
        form = "{{.Id}} {{.State.Pid}} {{.Name}}"
        shown = self._system.run(("docker", "inspect", "--format", form, *sorted(wanted)))
        opened = dict(self._expected.opened)
        places = []
        for line in shown.output.splitlines():
            identifier, pid, name = line.split(maxsplit=2)
            if identifier not in addresses or pid == "0":
                continue
            shown_name = name.lstrip("/")
            names[addresses[identifier]] = shown_name
            places.append(
                {
                    "pid": int(pid),
                    "address": addresses[identifier],
                    "opened": [
                        _number(port)
                        for port in opened.get(shown_name, ())
                        if port.endswith("/tcp")
                    ],
                    "closed": self._expected.nothing_else,
                }
            )
        return places


def faults_in(findings: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> tuple[str, ...]:
    """Return what is wrong with how ports were found, in sentences.

    Args:
        findings: What :mod:`wizard.probes.outside` found.
        names: The containers by address.
    """

    def where(finding: Mapping[str, Any]) -> str:
        name = clean_line(names.get(finding["address"], ""))
        return f"{finding['port']}/{finding['protocol']} of {name} at {finding['address']}"

    came = [where(each) for each in findings if each["came"] and not each["expected"]]
    stayed_away = [where(each) for each in findings if each["expected"] and not each["came"]]
    sentences = []
    if came:
        sentences.append(
            "From outside, ports could be reached that are not published: "
            f"{', '.join(came)}. The packet filter does not keep strangers out, because something "
            "lets them in before our rules or Docker's do. Look at ip6tables -S and nft list "
            "ruleset, take that out, and start again."
        )
    if stayed_away:
        sentences.append(
            "From outside, ports could not be reached that are meant to be open: "
            f"{', '.join(stayed_away)}. Another packet filter on this host drops what goes there. "
            "Look at ip6tables -S FORWARD and nft list ruleset, let it through, and start again."
        )
    return tuple(sentences)


def _number(port: str) -> int:
    return int(port.partition("/")[0].partition("-")[0])


def from_a_stranger(what: dict[str, Any]) -> dict[str, Any]:
    """Try what a :class:`wizard.probes.outside.Trial` says, from an address that nobody has.

    The answer has ``found``, a list of findings, or else ``failed``, the reason.
    """
    source = _STRANGERS.network_address + int.from_bytes(os.urandom(8))
    trial = what | {"source": f"{source}", "seconds": _SILENCE}
    try:
        done = subprocess.run(
            namespace.command("outside"),
            input=json.dumps(trial),
            capture_output=True,
            text=True,
            timeout=_DEADLINE,
            env=variables.for_commands({}),
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"it did not end in {_DEADLINE:.0f} s"}
    except OSError as error:
        return {"failed": f"the program could not be started: {error.strerror}"}
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        return {"failed": clean(done.stderr.strip().rpartition("\n")[2]) or "it gave no answer"}
    return answer if isinstance(answer, dict) else {"failed": "its answer makes no sense"}
