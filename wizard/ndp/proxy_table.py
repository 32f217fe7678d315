"""The kernel's neighbour proxy entries of one interface, through the program ``ip``.

Which entries are ours is written on them, in the kernel: ``ip neighbour``'s ``protocol`` tells who
added an entry (NDA_PROTOCOL, since Linux 5.0). No file has to be kept in step with that, so a
service that is killed at any instant finds exactly its own entries again.
"""

import json
import subprocess
from collections.abc import Iterable
from ipaddress import IPv6Address
from pathlib import Path

from wizard.ndp.addresses import address
from wizard.ndp.difference import Difference
from wizard.ndp.uplink import AtOnce
from wizard.platform.errors import WizardError
from wizard.platform.parameter_names import name
from wizard.platform.text import clean_line
from wizard.probes.kernel_tables import parse_addresses, parse_routers

PROTOCOL = 146
"""The mark of the service's entries: a number with no name in iproute2's ``rt_protos``."""

_TIMEOUT = 10.0
_SYSCTLS = Path("/proc/sys/net/ipv6/conf")
_TABLES = Path("/proc/net")


class ProxyTable:
    """The entries of one uplink, which need not exist yet."""

    def __init__(self, uplink: str) -> None:
        self._uplink = uplink
        self._at_once = AtOnce(uplink)

    def answer_at_once(self) -> None:
        """Have no answer wait, also where another interface has the name than at the last call.

        Raises:
            WizardError: ``ip`` failed.
        """
        with self._at_once.words() as words:
            if words:
                _ip([*words])

    def entries(self) -> dict[IPv6Address, bool]:
        """Return every address that has an entry, and whether the entry is one of ours.

        Raises:
            WizardError: The interface does not exist, or ``ip`` failed.
        """
        return parse(_ip(["-json", "neighbour", "show", "proxy", "dev", self._uplink]))

    def apply(self, change: Difference) -> None:
        """Add and remove entries; what fails does not keep the rest from being done.

        Raises:
            WizardError: Something could not be added or removed.
        """
        lines = [*self._lines("del", change.remove), *self._lines("add", change.add)]
        if lines:
            _ip(["-force", "-batch", "-"], stdin="".join(lines))

    def never(self) -> set[IPv6Address]:
        """Return the addresses of this host, bridges included, and of the routers it goes by.

        To answer for those on the uplink would draw the packets of others, and of the router.
        """
        own = [each["address"] for each in parse_addresses(_listed("if_inet6"))]
        return {address(each) for each in (*own, *parse_routers(_listed("ipv6_route")))}

    def obstacle(self) -> str | None:
        """Return what keeps the kernel from answering in spite of entries, or None.

        Where only the uplink's own ``proxy_ndp`` is set, the kernel answers when a router asks all
        (ndisc_recv_ns), but a solicitation to the address itself, with which a router re-checks,
        is forwarded to the container, which must ignore it (ip6_forward; RFC 4861 §7.1.1).
        """
        if self._sysctl(self._uplink, "forwarding") == "0":
            return f"{name(self._uplink, 'forwarding')} is 0, so the kernel answers for none"
        if self._sysctl("all", "proxy_ndp") == "1":
            return None
        if self._sysctl(self._uplink, "proxy_ndp") == "1":
            return "net.ipv6.conf.all.proxy_ndp is not 1, so a router that re-checks gets no answer"
        return "net.ipv6.conf.all.proxy_ndp is not 1, so the kernel answers for none"

    def _lines(self, verb: str, addresses: Iterable[IPv6Address]) -> list[str]:
        return [
            f"neighbour {verb} proxy {each} dev {self._uplink} protocol {PROTOCOL}\n"
            for each in sorted(addresses)
        ]

    @staticmethod
    def _sysctl(interface: str, name: str) -> str | None:
        try:
            return (_SYSCTLS / interface / name).read_text(encoding="ascii").strip()
        except OSError:
            return None


def parse(output: str) -> dict[IPv6Address, bool]:
    """Return the entries from what ``ip -json neighbour show proxy`` prints: ours or not."""
    return {
        address(entry["dst"]): str(entry.get("protocol")) == str(PROTOCOL)
        for entry in json.loads(output or "[]")
    }


def _listed(name: str) -> str:
    try:
        return (_TABLES / name).read_text(encoding="ascii")
    except OSError:
        return ""  # A kernel without IPv6 has nothing to answer for either.


def _ip(arguments: list[str], stdin: str = "") -> str:
    try:
        done = subprocess.run(
            ["ip", "-family", "inet6", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WizardError(f"The program ip could not be used: {clean_line(str(error))}.") from error
    if done.returncode:
        said = clean_line(done.stderr.strip().partition("\n")[0]) or f"status {done.returncode}"
        raise WizardError(f"ip could not read or change the proxy entries: {said.rstrip('.')}.")
    return done.stdout
