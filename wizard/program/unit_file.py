"""Words as systemd's unit files want them."""

from collections.abc import Sequence

CONFINED = """\
NoNewPrivileges=yes
ProtectSystem=strict
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
UMask=0077
"""
"""What no service of ours may do (systemd.exec(5)); each says for itself which of root's powers it
needs, which families of sockets, and what it sees."""

RESTRAINED = {
    "RestrictAddressFamilies": "AF_UNIX AF_NETLINK AF_INET AF_INET6",
    "RestrictRealtime": "yes",
    "LockPersonality": "yes",
    "SystemCallArchitectures": "native",
    "SystemCallFilter": "~@clock @cpu-emulation @debug @obsolete @raw-io @reboot @swap",
    "CapabilityBoundingSet": (
        "~CAP_AUDIT_CONTROL CAP_AUDIT_READ CAP_BLOCK_SUSPEND CAP_LEASE CAP_LINUX_IMMUTABLE "
        "CAP_MAC_ADMIN CAP_MAC_OVERRIDE CAP_SYSLOG CAP_SYS_BOOT CAP_SYS_PACCT CAP_SYS_RAWIO "
        "CAP_SYS_TIME CAP_SYS_TTY_CONFIG CAP_WAKE_ALARM"
    ),
}
"""What no process that changes this host, or takes that back, has to do.

Nothing here needs a namespace of the service's own: some containers cannot make one, and a guard
that does not start protects nobody.
"""


def quoted(word: str) -> str:
    """Return a word as systemd.syntax(7) and the specifiers of systemd.unit(5) want it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if not escaped or set(escaped) & set(" \t\"'\\;") else escaped


def command_line(words: Sequence[str]) -> str:
    """Return a command for ``ExecStart=``, where a dollar sign begins a variable.

    systemd takes no quotes in the path of the program itself (systemd.service(5)).
    """
    return " ".join(quoted(word).replace("$", "$$") for word in words)
