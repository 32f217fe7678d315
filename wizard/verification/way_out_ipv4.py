"""The way out of the containers over IPv4, as far as this host's router: it must go on."""

from collections.abc import Sequence
from ipaddress import IPv4Address

from wizard.answers.choices import Choices
from wizard.host.host import Host
from wizard.modes.shared import chosen_containers
from wizard.platform.text import clean_line
from wizard.probes import namespace
from wizard.verification.aspect import Aspect, Facts
from wizard.verification.kernel_files import default_routes_ipv4, read

_DEADLINE = 5.0
"""Seconds for all programs that ask; each waits a second for an echo."""


class WayOutIpv4(Aspect):
    """Asks the host's IPv4 routers for an echo from inside containers that are joined.

    What a container sends there passes all that this host forwards by, and no third party is
    asked. Where no router answers to begin with, nothing can be lost. Of containers on the same
    networks the first stands for all.
    """

    def __init__(self, host: Host, choices: Choices) -> None:
        running = [each for each in chosen_containers(host, choices) if each.pid]
        one_each = {each.networks: each for each in reversed(running)}
        self._containers = tuple(reversed(one_each.values()))
        self._routers: Sequence[IPv4Address] | None = None

    def look(self) -> Facts:
        """Return for whom a router answers; who had no answer at first is not asked again."""
        is_first = self._routers is None
        if self._routers is None:
            routes = default_routes_ipv4(read("/proc/net/route"))
            self._routers = [*dict.fromkeys(router for _interface, router in routes if router)]
        asked = self._containers if self._routers else ()
        answers = namespace.ask(
            [
                {
                    "namespace": namespace.namespace_of(each.pid),
                    "addresses": list(map(str, self._routers)),
                }
                for each in asked
            ],
            _DEADLINE,
            "echo_ipv4",
        )
        there = [
            container
            for container, answer in zip(asked, answers, strict=True)
            if answer.get("answered")
        ]
        if is_first:
            self._containers = tuple(there)
        return {
            f"IPv4 of {each.name}": (
                f"the way of the container {clean_line(each.name)} to this host's IPv4 router, "
                "which answered"
            )
            for each in there
        }
