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


def quoted(word: str) -> str:
    """Return a word as systemd.syntax(7) and the specifiers of systemd.unit(5) want it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if not escaped or set(escaped) & set(" \t\"'\\;") else escaped


def command_line(words: Sequence[str]) -> str:
    """Return a command for ``ExecStart=``, where a dollar sign begins a variable.

    systemd takes no quotes in the path of the program itself (systemd.service(5)).
    """
    return " ".join(quoted(word).replace("$", "$$") for word in words)
