"""Forwarding, accept_ra and proxy_ndp of every interface, below /proc/sys/net/ipv6/conf."""

from dataclasses import replace
from pathlib import Path

from wizard.boot import sysctl_d, ufw
from wizard.boot.files import Files, HostFiles
from wizard.host.host import Sysctls
from wizard.host.looking import read_if_there, understood
from wizard.host.part import Part, Words
from wizard.platform.text import clean_line

CONF = Path("/proc/sys/net/ipv6/conf")

_BRIDGES = ("docker", "br-", "veth")


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


def switching_off(files: Files) -> tuple[str, int] | None:
    """Return file and line by which files of parameters switch forwarding off, or None.

    Files for hardening have such lines. They count at any time: packages of Debian, and programs
    for hardening, have all files read again, and “ufw reload” has ufw's.
    """
    key = "net/ipv6/conf/all/forwarding"
    found = (sysctl_d.deciding(files, key), ufw.deciding(files, key))
    return next(
        ((clean_line(each.path), each.line) for each in found if each and each.value == "0"), None
    )


def _find() -> Sysctls:
    return replace(detect(), forwarding_off=switching_off(HostFiles()))


def in_words(sysctls: Sysctls) -> Words:
    """Say what is on, and where the kernel hears router advertisements."""
    if sysctls.disabled:
        return "IPv6 is switched off", "problem"
    forwarding = "on" if sysctls.value("forwarding", "all") else "off"
    proxy = [name for name, value in sysctls.proxy_ndp if value]
    accept_ra = {
        name: value
        for name, value in sysctls.accept_ra
        if name not in ("all", "default", "lo") and not name.startswith(_BRIDGES)
    }
    accept = [f"{name}={value}" for name, value in accept_ra.items()]
    hears = ", ".join(name for name in accept_ra if sysctls.kernel_hears(name))
    return (
        f"forwarding {forwarding}; accept_ra {', '.join(accept) or 'nowhere'}, so the kernel hears "
        f"router advertisements {f'on {hears}' if hears else 'nowhere'}; "
        f"proxy_ndp {', '.join(proxy) or 'off'}",
        "ok",
    )


PART = Part(
    lambda host: host.sysctls,
    label="Kernel settings",
    find=lambda _: _find(),
    words=in_words,
)
