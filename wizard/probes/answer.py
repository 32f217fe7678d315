"""The shapes of what the probe is asked and what it answers, as they cross the pipe in JSON.

The probe itself imports this for type checking only, so that it starts quickly.
"""

from typing import NotRequired, TypedDict, final


class Request(TypedDict):
    """What one probe is to measure. Addresses are text; times are seconds."""

    namespace: str | None
    """Path of a network namespace to enter, such as /proc/PID/ns/net; None stays in its own."""
    target: str | None
    target_port: int | None
    address_service: str | None
    address_service_port: int
    hop_count: int
    timeout: float


class InterfaceAddress(TypedDict):
    """One IPv6 address of an interface; ``flags`` are the IFA_F_* bits of if_addr.h."""

    address: str
    prefix_length: int
    scope: int
    flags: int
    interface: str


class DefaultRoute(TypedDict):
    """A default route over IPv6; ``gateway`` is None where the interface itself is the way out."""

    gateway: str | None
    interface: str


class Echo(TypedDict):
    """What came back for an echo request.

    ``outcome`` is one of ``reply``, ``error`` (an ICMPv6 error: ``type``, ``code``), ``unsent``
    (the kernel refused to send: ``errno``) and ``silence``. ``sender`` is who answered.
    """

    outcome: str
    sender: str | None
    milliseconds: float | None
    type: int
    code: int
    errno: int


class Hop(TypedDict):
    """Who answered an echo request sent with this hop limit; ``echo`` is how."""

    hop_limit: int
    echo: Echo


class Connection(TypedDict):
    """How a TCP connection attempt ended.

    ``outcome`` is ``connected``, ``refused``, ``failed`` (see ``errno``) or ``silence``.
    ``text`` is what the other side sent, where something was asked of it. ``sender`` is who sent
    the ICMPv6 error that ended it; None where there was none, or the kernel did not say.
    """

    outcome: str
    milliseconds: float | None
    errno: int
    text: str
    sender: NotRequired[str | None]


class Source(TypedDict):
    """The address the kernel would send from, or the ``errno`` it gave instead."""

    address: str | None
    errno: int


@final
class Answer(TypedDict):
    """Everything one probe found out. None stands for what was not asked."""

    own_namespace: bool
    """The namespace to enter was the one the probe was started in: the host's."""
    ipv6_off: bool
    may_echo: bool
    """Whether the process could open a raw socket, which takes root."""
    addresses: list[InterfaceAddress]
    default_route: DefaultRoute | None
    gateway_echo: Echo | None
    target_echo: Echo | None
    hops: list[Hop]
    tcp: Connection | None
    address_service: Connection | None
    source: Source
    source_ipv4: Source
    echo_identifier: NotRequired[int]
    """The identifier of the echo requests, by which the kernel knows them."""
    tcp_port: NotRequired[int]
    """The port from which the connection to the target was opened; 0 where there was none."""


@final
class Failure(TypedDict):
    """Why a probe could not measure at all."""

    failed: str
    errno: int
