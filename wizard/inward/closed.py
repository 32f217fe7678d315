"""Which published ports this host's own rules close to strangers over IPv6."""

from dataclasses import dataclass

from wizard.host.published import Published
from wizard.platform.system import NOT_THERE, System
from wizard.ruleset import ip6tables, nftables
from wizard.ruleset.chains import Packet


@dataclass(frozen=True)
class InputRules:
    """The rules of this host, as their programs list them.

    None stands for rules that are not known; an empty text for none.
    """

    ip6tables: str | None = ""
    nftables: str | None = ""
    iptables: str | None = ""

    def closes(self, interface: str, port: Published) -> bool | None:
        """Return whether a port is closed to strangers there; None if nobody can tell."""
        packet = Packet(interface, port.protocol, port.host_port)
        if port.protocol not in ("tcp", "udp"):
            return None
        found = (
            None if self.ip6tables is None else ip6tables.closes(self.ip6tables, packet),
            None if self.nftables is None else nftables.closes(self.nftables, packet),
        )
        if True in found:
            return True
        return None if None in found else False


def read(system: System) -> InputRules:
    """Ask each program: one that is not there has no rules, those of one that fails count."""
    texts: list[str | None] = []
    for command in (("ip6tables-save",), ("nft", "-j", "list", "ruleset"), ("iptables-save",)):
        result = system.run(command)
        if result.status == 0:
            texts.append(result.output)
        else:
            texts.append("" if result.status == NOT_THERE else None)
    return InputRules(*texts)
