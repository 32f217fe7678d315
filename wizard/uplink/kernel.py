"""What the service reads of the kernel and sets there: three parameters, routes, addresses."""

import contextlib
from pathlib import Path

from wizard.probes import kernel_tables
from wizard.uplink.solicitation import solicit

_CONF = Path("/proc/sys/net/ipv6/conf")
_ADDRESSES = Path("/proc/net/if_inet6")
_ROUTES = Path("/proc/net/ipv6_route")

_UNUSABLE = kernel_tables.IFA_F_TENTATIVE | kernel_tables.IFA_F_DADFAILED


def link_local(text: str, interface: str) -> str | None:
    """Tell the usable link-local address of an interface from the text of /proc/net/if_inet6."""
    for each in kernel_tables.parse_addresses(text):
        local = each["interface"] == interface and each["scope"] == kernel_tables.LINK_LOCAL
        if local and not each["flags"] & _UNUSABLE:
            return each["address"]
    return None


def has_default_route(text: str, interface: str) -> bool:
    """Tell from the text of /proc/net/ipv6_route whether a default route leads over an interface.

    In whichever table: that file does not tell them apart.
    """
    return any(
        route.default and route.interface == interface for route in kernel_tables.parse_routes(text)
    )


class Kernel:
    """The kernel of this host."""

    def accept_ra(self, interface: str) -> int | None:
        """Return the parameter, or None where there is no such interface."""
        return _number(_CONF / interface / "accept_ra")

    def listen(self, interface: str) -> None:
        """Make an interface listen though it forwards; one that has gone is no error."""
        with contextlib.suppress(OSError):
            (_CONF / interface / "accept_ra").write_text("2", encoding="ascii")

    def forwards(self) -> bool | None:
        """Return whether the kernel forwards IPv6, or None where it has no IPv6."""
        value = _number(_CONF / "all/forwarding")
        return None if value is None else value != 0

    def forward(self) -> None:
        """Make the kernel forward IPv6."""
        with contextlib.suppress(OSError):
            (_CONF / "all/forwarding").write_text("1", encoding="ascii")

    def link_local(self, interface: str) -> str | None:
        """Return the link-local address of an interface that is past duplicate detection."""
        return link_local(_text(_ADDRESSES), interface)

    def has_default_route(self, interface: str) -> bool:
        """Return whether an IPv6 default route leads over an interface."""
        return has_default_route(_text(_ROUTES), interface)

    def solicit(self, interface: str, source: str) -> bool:
        """Ask the routers on a link to advertise; return whether the question was sent."""
        try:
            solicit(interface, source)
        except OSError:
            return False
        return True


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
