"""Turns what a probe measured into findings: a yes, a no or an unknown, with a few words each.

Pure. Everything that came from a namespace or from the network is cleaned here.
"""

import errno
import re
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_address,
)

from wizard.platform.text import clean_line
from wizard.probes import address_selection
from wizard.probes.answer import Answer, Connection, Echo, InterfaceAddress
from wizard.probes.connect import errno_words
from wizard.probes.icmpv6 import error_words
from wizard.probes.kernel_tables import IFA_F_DADFAILED, IFA_F_TENTATIVE

_LINK_LOCAL = IPv6Network("fe80::/10")

# Whatever could be an address and stands alone; whether it is one is for ipaddress to say.
_ADDRESS_LIKE = re.compile(r"(?<![0-9A-Za-z:.])[0-9A-Fa-f:.]{2,45}(?![0-9A-Za-z:])")


@dataclass(frozen=True)
class Finding:
    """One thing that was found out.

    ``ok`` is None where it is unknown or was not tried. ``words`` fit on a line; ``lines`` say
    more, such as one line for each hop.
    """

    ok: bool | None
    words: str
    lines: tuple[str, ...] = ()


NOT_ASKED = Finding(None, "not tried: no target was chosen")
NO_PORT = Finding(None, "not tried: no TCP port was asked for")


def address(answer: Answer, prefix: IPv6Network | None) -> Finding:
    """Say whether there is a usable address of the prefix, or any global one if prefix is None."""
    inside = [one for one in answer["addresses"] if _belongs(one["address"], prefix)]
    usable = [one for one in inside if not one["flags"] & (IFA_F_TENTATIVE | IFA_F_DADFAILED)]
    where = "" if prefix is None else f" of {prefix}"
    if usable:
        return Finding(True, ", ".join(_interface_address(one) for one in usable))
    if inside:
        duplicate = inside[0]["flags"] & IFA_F_DADFAILED
        why = "is in use elsewhere as well" if duplicate else "is still being checked"
        return Finding(False, f"{clean_line(inside[0]['address'])} {why}")
    if answer["own_namespace"]:
        return Finding(False, f"no address{where}: it shares the host's own network")
    if answer["ipv6_off"]:
        return Finding(False, f"no address{where}: IPv6 is switched off in it")
    return Finding(False, f"no address{where}")


def default_route(answer: Answer) -> Finding:
    """Say where the default route over IPv6 leads."""
    route = answer["default_route"]
    if route is None:
        return Finding(False, "none")
    interface = clean_line(route["interface"])
    if route["gateway"] is None:
        return Finding(True, f"straight out of {interface}")
    return Finding(True, f"{clean_line(route['gateway'])} by {interface}")


def gateway_echo(answer: Answer, timeout: float) -> Finding:
    """Say whether the router of the default route answers."""
    if answer["gateway_echo"] is None:
        return Finding(None, "not tried: there is no router to ask")
    return echo(answer["gateway_echo"], answer, timeout)


def target_echo(answer: Answer, timeout: float) -> Finding:
    """Say whether the target answers an echo request."""
    if answer["target_echo"] is None:
        return NOT_ASKED
    return echo(answer["target_echo"], answer, timeout)


def echo(one: Echo, answer: Answer, timeout: float) -> Finding:
    """Say what came back for an echo request."""
    if one["outcome"] == "reply":
        return Finding(True, f"reply in {_milliseconds(one['milliseconds'])}")
    if one["outcome"] == "error":
        return Finding(False, f"{error_words(one['type'], one['code'])}, {_says(one, answer)}")
    if one["outcome"] == "unsent":
        if one["errno"] == errno.EPERM and not answer["may_echo"]:
            return Finding(None, "not tried: only root may send echo requests")
        return Finding(False, f"not sent: {errno_words(one['errno'])}")
    return Finding(False, f"no answer in {timeout:.3g} s")


def tcp(
    connection: Connection | None,
    timeout: float,
    echo: Finding | None = None,
    *,
    accepts_host: bool = False,
) -> Finding:
    """Say how a TCP connection attempt ended; a refusal by the target got through to it.

    A rule on the way may refuse in the target's name. So a refusal says nothing where the target
    did not answer the ``echo``, or where it accepts connections of this host (``accepts_host``).
    """
    if connection is None:
        return NO_PORT
    if connection["outcome"] == "connected":
        return Finding(True, f"connected in {_milliseconds(connection['milliseconds'])}")
    if connection["outcome"] == "refused":
        if accepts_host:
            return Finding(False, "refused by something on the way: the target accepts this host")
        if echo is not None and echo.ok is False:
            return Finding(False, "refused, and not certainly by the target: it sent no echo")
        return Finding(True, "refused, so the way is open")
    if connection["outcome"] == "failed":
        sender = connection.get("sender")
        says = f", says {clean_line(sender)}" if sender else ""
        return Finding(False, f"{errno_words(connection['errno'])}{says}")
    return Finding(False, f"no answer in {timeout:.3g} s")


def source_kernel(answer: Answer, prefix: IPv6Network | None) -> Finding:
    """Say which source address the kernel chooses for the target."""
    source = answer["source"]
    if source["address"] is None:
        return Finding(False, errno_words(source["errno"]))
    words = clean_line(source["address"])
    if prefix is not None and not _belongs(source["address"], prefix):
        return Finding(False, f"{words}, which is not of {prefix}")
    return Finding(True, words)


def source_seen(answer: Answer, left_as: IPv6Address | None, timeout: float) -> Finding:
    """Say which source address others see: by a service that tells, else by this host's kernel.

    ``left_as`` is the source with which the probe's packets left this host; None where the kernel
    did not say.
    """
    service = answer["address_service"]
    if service is None and left_as is None:
        return Finding(None, "unknown: this host's kernel tracks no such connection")
    if service is None:
        if str(left_as) == answer["source"]["address"]:
            return Finding(True, f"{left_as}, its own, as it leaves this host")
        return Finding(True, f"{left_as}, not its own: translated by this host (masqueraded)")
    if service["outcome"] != "connected":
        return Finding(None, f"unknown: the service that tells: {tcp(service, timeout).words}")
    seen = address_in(service["text"])
    if seen is None:
        return Finding(None, "unknown: the service that tells named no address")
    if str(seen) == answer["source"]["address"]:
        return Finding(True, f"{seen}, its own")
    return Finding(True, f"{seen}, not its own: translated on the way")


def hops(answer: Answer) -> Finding:
    """List who answered on the way to the target."""
    found = answer["hops"]
    if not found:
        return Finding(None, "unknown: nobody on the way answered")
    lines = []
    for hop in found:
        one = hop["echo"]
        if one["sender"] is None:
            lines.append(f"{hop['hop_limit']:2}  no answer")
            continue
        more = ""
        if one["outcome"] == "error" and one["type"] != 3:
            more = f"  {error_words(one['type'], one['code'])}"
        sender = clean_line(one["sender"])
        lines.append(f"{hop['hop_limit']:2}  {sender}  {_milliseconds(one['milliseconds'])}{more}")
    arrived = found[-1]["echo"]["outcome"] == "reply"
    count = f"{len(found)} hop{'' if len(found) == 1 else 's'}"
    words = f"{count} to the target" if arrived else f"{count}, then no further"
    return Finding(True if arrived else None, words, tuple(lines))


def preferred_family(answer: Answer, target: IPv6Address | None) -> Finding:
    """Say which family a dual-stack name gets; ``ok`` means only that it could be told."""
    source, source_ipv4 = answer["source"]["address"], answer["source_ipv4"]["address"]
    ipv6 = address_selection.Candidate(
        target or IPv6Address("2001:db8::1"), IPv6Address(source) if source else None
    )
    ipv4 = address_selection.Candidate(
        IPv4Address("192.0.2.1"), IPv4Address(source_ipv4) if source_ipv4 else None
    )
    return Finding(
        True,
        address_selection.summary(ipv6, ipv4),
        (address_selection.explanation(ipv6, ipv4),),
    )


def address_in(text: str) -> IPv4Address | IPv6Address | None:
    """Return the first address in what a service sent, past the headers if it spoke HTTP."""
    if text.startswith("HTTP/"):
        parts = re.split(r"\r?\n\r?\n", text, maxsplit=1)
        text = parts[1] if len(parts) == 2 else ""
    for match in _ADDRESS_LIKE.finditer(text):
        try:
            return ip_address(match[0].rstrip("."))
        except ValueError:
            continue
    return None


def failure_words(failed: str, number: int) -> str:
    """Say why nothing could be measured inside a container."""
    if number in (errno.ENOENT, errno.ESRCH):
        return "the container is gone"
    if number in (errno.EPERM, errno.EACCES):
        return "only root may look inside a container's network"
    return clean_line(failed)


def _belongs(text: str, prefix: IPv6Network | None) -> bool:
    one = IPv6Address(text)
    if prefix is None:
        return one not in _LINK_LOCAL and not one.is_loopback
    return one in prefix


def _interface_address(one: InterfaceAddress) -> str:
    interface = IPv6Interface((one["address"], one["prefix_length"]))
    return f"{interface} on {clean_line(one['interface'])}"


def _says(one: Echo, answer: Answer) -> str:
    sender = clean_line(one["sender"] or "")
    if any(own["address"] == one["sender"] for own in answer["addresses"]):
        return f"says its own kernel ({sender})"
    return f"says {sender}"


def _milliseconds(number: float | None) -> str:
    if number is None:
        return "?"
    return f"{number:.2g} ms" if number < 10 else f"{number:.0f} ms"
