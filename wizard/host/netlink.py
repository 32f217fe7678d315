"""Links, addresses and routes of the host, read over rtnetlink once for all who ask."""

import functools
import socket
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from wizard.host.looking import IMPORTING
from wizard.platform import alone

Message = Mapping[str, Any]

Attribute = Literal[
    "IFLA_IFNAME",
    "IFLA_MTU",
    "IFA_ADDRESS",
    "IFA_FLAGS",
    "IFA_LOCAL",
    "IFA_PROTO",
    "RTA_CACHEINFO",
    "RTA_DST",
    "RTA_GATEWAY",
    "RTA_MULTIPATH",
    "RTA_OIF",
    "RTA_PRIORITY",
    "RTA_SRC",
    "RTA_TABLE",
]
"""What anybody asks for of a link, an address or a route (linux/rtnetlink.h)."""

_READ = frozenset(get_args(Attribute))
"""The same. Of a link the rest is by far the most, and takes long to decode."""

SOMEWHERE = "2606:4700:4700::1111"
"""Stands for the IPv6 internet in a question to the kernel; no packet is sent to it."""


@dataclass(frozen=True)
class Snapshot:
    """What the kernel answered to three dumps, as pyroute2 decodes it."""

    links: Sequence[Message]
    addresses: Sequence[Message]
    routes: Sequence[Message]
    chosen: Message | None = None
    """The route that the kernel takes to the IPv6 internet, by all of its rules (ip-rule(8))."""


def attribute(message: Message, name: Attribute) -> Any:  # noqa: ANN401 - as various as rtnetlink
    """Return an attribute of a message, or None; recorded messages have them as lists."""
    return next((value for key, value in message["attrs"] if key == name), None)


class Netlink:
    """Reads a snapshot when it is first asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def snapshot(self) -> Snapshot:
        """Return the snapshot; threads that ask at once share one.

        Raises:
            OSError: The kernel refused.
        """
        with self._lock:
            return self._read

    @functools.cached_property
    def _read(self) -> Snapshot:
        with IMPORTING:
            alone.without_its_rest("pyroute2")
            from pyroute2.iproute.linux import IPRoute
            from pyroute2.netlink.exceptions import NetlinkError

        with IPRoute() as kernel:
            try:
                chosen = next(iter(kernel.route("get", dst=SOMEWHERE)), None)
            except NetlinkError:
                chosen = None
            return Snapshot(
                links=[_decoded(each) for each in kernel.get_links()],
                addresses=[_decoded(each) for each in kernel.get_addr()],
                routes=[
                    _decoded(each)
                    for family in (socket.AF_INET, socket.AF_INET6)
                    for each in kernel.get_routes(family=family)
                ],
                chosen=None if chosen is None else _decoded(chosen),
            )


def _decoded(value: Any) -> Any:  # noqa: ANN401 - as various as rtnetlink
    """Return a message, or what is in one, as plain values.

    pyroute2 decodes an attribute when it is first looked at, and where two threads do so at once
    gives one of them its raw octets. What nobody asks for is left out, and not decoded.
    """
    if isinstance(value, Mapping):
        plain = {
            key: _decoded(each) for key, each in value.items() if key not in ("attrs", "header")
        }
        if "attrs" in value:
            plain["attrs"] = [
                (each[0], _decoded(each[1])) for each in value["attrs"] if each[0] in _READ
            ]
        return plain
    return [_decoded(each) for each in value] if isinstance(value, list) else value
