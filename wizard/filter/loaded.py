"""The packet filter rules that the kernel holds, read once for all who look."""

from __future__ import annotations

from wizard.filter import docker_rules
from wizard.filter.host_commands import run


class Loaded:
    """What ``ip6tables-save`` and ``nft`` print, read again once somebody may have changed it."""

    def __init__(self) -> None:
        """Describe rules that were not read yet."""
        self._text: str | None = None
        self._of_docker: str | None = None

    @property
    def text(self) -> str:
        """The rules of every table."""
        if self._text is None:
            self._text = run(["ip6tables-save"])[1]
        return self._text

    @property
    def of_docker(self) -> str:
        """The table of nftables in which Docker may keep its rules; empty where there is none."""
        if self._of_docker is None:
            self._of_docker = run(["nft", "list", "table", "ip6", docker_rules.TABLE])[1]
        return self._of_docker

    def look_again(self) -> None:
        """Have them read again when they are next asked for."""
        self._text = self._of_docker = None

    def change(self, lines: str) -> str:
        """Load lines beside what is there; return why that failed, in words, or nothing."""
        code, said = run(["ip6tables-restore", "--noflush", "--wait", "5"], lines)
        self.look_again()
        return f"ip6tables-restore ends with {code}: {' '.join(said.split())}" if code else ""
