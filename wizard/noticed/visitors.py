"""Visitors over IPv6, who come to ports that this host publishes."""

from collections.abc import Sequence
from ipaddress import IPv6Address

from wizard.host.known import KnownHost
from wizard.noticed.losses import Loss, LossCause
from wizard.platform.text import enumerated

ANY = IPv6Address("::")

LISTEN = (
    "let the program listen on :: and make the container anew (Mastodon's web: BIND=:: in its "
    "environment, or -b :: in its command)"
)


def notices(host: KnownHost, losses: Sequence[Loss]) -> tuple[str, ...]:
    """Return what becomes of each published port that stops answering over IPv6."""
    return tuple(_notice(host, loss) for loss in losses if loss.cause is not LossCause.OPENED)


def _notice(host: KnownHost, loss: Loss) -> str:
    port = loss.port
    where = enumerated(f"[{address}]:{port.host_port}" for address in addresses(host, loss))
    begin = (
        f"{where} ({loss.service}, {port.protocol}) stops answering over IPv6; over IPv4 nothing "
        "changes. "
    )
    whose = (
        f"Move the AAAA records of names that lead visitors to port {port.host_port} of this host "
    )
    if loss.cause is LossCause.ROUTED:
        other = "" if port.port == port.host_port else f", and not {port.host_port} as here"
        sentences = (
            "With public addresses Docker opens a published port on the container's own IPv6 "
            f"address and not on the host's. {whose}to the container's own address, where the "
            f"port is {port.port}{other}"
        )
        if loss.hears_ipv6 is False:
            sentences += (
                f"; but first {LISTEN}, for today the program in {loss.container} listens over "
                "IPv4 alone"
            )
        return f"{begin}{sentences}. Or leave {loss.service} out: then it stays as it is."
    if loss.dropped is not None:
        return (
            f"{begin}With private addresses Docker sends what comes to it on to {loss.container}, "
            f"and so past the rules for what is forwarded, where {loss.dropped.by} drops it. To "
            f"keep it, write this where you keep your rules, and type: {loss.dropped.command}. Or "
            f"leave {loss.service} out: then it stays as it is. Otherwise take away the AAAA "
            f"records of names that lead visitors to port {port.host_port} of this host."
        )
    return (
        f"{begin}The program in {loss.container} listens over IPv4 alone on port {port.port}, and "
        "Docker sends IPv6 visitors to the container's own IPv6 address as soon as there is one. "
        f"To keep it, {LISTEN}, before this; or leave {loss.service} out. Otherwise take away the "
        f"AAAA records of names that lead visitors to port {port.host_port} of this host."
    )


def addresses(host: KnownHost, loss: Loss) -> tuple[IPv6Address, ...]:
    """Return the host's own addresses on which a port stops answering."""
    if loss.port.address != ANY:
        return (IPv6Address(loss.port.address),)
    own = (address.interface.ip for address in host.uplink.addresses if not address.temporary)
    return (*own, IPv6Address("::1"))
