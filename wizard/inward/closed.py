"""Which published ports this host's own rules close to strangers over IPv6."""

from dataclasses import dataclass

from wizard.host.published import Published
from wizard.inward import ip6tables, nftables
from wizard.inward.chains import Packet
from wizard.platform.system import System


@dataclass(frozen=True)
class InputRules:
    """The rules for what comes to this host itself, as their programs list them."""

    ip6tables: str = ""
    nftables: str = ""

    def closes(self, interface: str, port: Published) -> bool | None:
        """Return whether a port is closed to strangers there; None if nobody can tell."""
        packet = Packet(interface, port.protocol, port.host_port)
        if port.protocol not in ("tcp", "udp"):
            return None
        found = (
            ip6tables.closes(self.ip6tables, packet),
            nftables.closes(self.nftables, packet),
        )
        if True in found:
            return True
        return None if None in found else False


def read(system: System) -> InputRules:
    """Ask ip6tables and nft; where one is not there, it has no rules."""
    texts = []
    for command in (("ip6tables-save",), ("nft", "-j", "list", "ruleset")):
        result = system.run(command)
        texts.append(result.output if result.status == 0 else "")
    return InputRules(*texts)
