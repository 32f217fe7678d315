"""Forwarding, accept_ra and proxy_ndp of every interface, below /proc/sys/net/ipv6/conf."""

from pathlib import Path

from wizard.host.host import Sysctls
from wizard.host.looking import read_if_there, understood
from wizard.platform.text import clean_line

CONF = Path("/proc/sys/net/ipv6/conf")


@understood("The kernel")
def detect(conf: Path = CONF) -> Sysctls:
    """Read every value. IPv6 counts as switched off where no interface has it.

    A kernel started with ``ipv6.disable=1``, or built without IPv6, has no such folder.
    """
    interfaces = sorted(conf.iterdir()) if conf.is_dir() else []

    def table(name: str) -> tuple[tuple[str, int], ...]:
        texts = ((folder.name, read_if_there(folder / name)) for folder in interfaces)
        return tuple(
            (clean_line(interface), int(text)) for interface, text in texts if text is not None
        )

    return Sysctls(
        forwarding=table("forwarding"),
        accept_ra=table("accept_ra"),
        proxy_ndp=table("proxy_ndp"),
        disabled=all(value == 1 for _, value in table("disable_ipv6")),
    )
