"""What ufw is told in its files, and the kernel parameters that it sets.

Where it is enabled, it does so at boot and at each “ufw reload”, by sysctl(8) with a file of its
own (ufw 0.36, ufw-init-functions), which no folder of sysctl.d(5) has.
"""

import re

from wizard.boot import services
from wizard.boot.files import Files
from wizard.boot.sysctl_d import Setting, last, parse

SWITCH = "/etc/ufw/ufw.conf"
DEFAULTS = "/etc/default/ufw"
_UNIT = "ufw.service"


def is_enabled(configuration: str) -> bool:
    """Tell from ufw.conf, which ``ufw enable`` writes."""
    return (
        re.search(r"^[ \t]*ENABLED[ \t]*=[ \t]*[\"']?yes\b", configuration, re.M | re.I) is not None
    )


def lets_ipv6(defaults: str | None) -> bool:
    """Tell from /etc/default/ufw whether ufw has rules for IPv6, or drops all of it but on lo.

    Only yes or YES count; a file that cannot be read says nothing.
    """
    return defaults is None or _said("IPV6", defaults) in ("yes", "YES")


def settings(files: Files) -> list[Setting]:
    """Return the kernel parameters that it sets, or none where it is not enabled."""
    if not is_enabled(files.text(SWITCH) or "") or not services.is_enabled(files, _UNIT):
        return []
    path = _said("IPT_SYSCTL", files.text(DEFAULTS) or "")
    return parse(files.text(path) or "", path) if path else []


def _said(name: str, defaults: str) -> str:
    """Return what a variable of its defaults is, as its shell reads it; empty where it has none."""
    found = re.findall(rf"^[ \t]*{name}=[\"']?([^\s\"'#;]*)", defaults, re.M)
    return str(found[-1]) if found else ""


def deciding(files: Files, key: str) -> Setting | None:
    """Return the last line by which it sets a parameter, or None; the key is below /proc/sys."""
    return last(settings(files), key)
