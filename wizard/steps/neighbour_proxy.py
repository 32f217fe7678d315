"""Entries of the kernel's neighbour proxy for addresses that stay the same."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import ClassVar

from wizard.ndp import fixed, fixed_unit
from wizard.platform.system import System
from wizard.steps.actions import Action, Run
from wizard.steps.base import Report, StepOf, run
from wizard.steps.before import Before
from wizard.steps.comparing import Comparison, Decisions, Found, Treatment, treatments
from wizard.steps.objects import Object, answered_for, neighbour

_AGAIN = f"systemctl restart {fixed_unit.NAME}"


@dataclass(frozen=True, kw_only=True)
class NeighbourProxyBefore(Before):
    """Which of the entries were there already, and so are somebody else's."""

    there: tuple[str, ...]


@dataclass(frozen=True)
class NeighbourProxy(StepOf[NeighbourProxyBefore]):
    """Answer on the uplink for these addresses."""

    kind: ClassVar[str] = "neighbour-proxy"
    before_kind: ClassVar[type[Before]] = NeighbourProxyBefore
    needs_docker: ClassVar[bool] = False

    uplink: str
    addresses: tuple[str, ...]

    @property
    def title(self) -> str:
        """What it does."""
        return f"Answer on {self.uplink} for the {len(self.addresses)} addresses of today"

    @property
    def reason(self) -> str:
        """Why it is needed."""
        return (
            "The provider's router asks on the link who has an address, and no container hears "
            "that. The kernel answers for the addresses that it is told. A container that gets "
            "another address later is not answered for until you add it."
        )

    def actions(self) -> tuple[Action, ...]:
        """One command an address."""
        return tuple(map(Run, fixed.commands(self.uplink, map(IPv6Address, self.addresses))))

    def check(self, system: System) -> str | None:
        """Ask the kernel."""
        missing = sorted(set(self.addresses) - self._present(system))
        if not missing:
            return None
        return (
            f"Nobody answers for {missing[0]} on {self.uplink}. “{_AGAIN}” makes the entries again."
        )

    def objects(self) -> tuple[Object, ...]:
        """One entry an address."""
        return tuple(neighbour(self.uplink, address) for address in self.addresses)

    def renewed(self, system: System, before: NeighbourProxyBefore) -> NeighbourProxyBefore:
        """Return which entries are there on the interface of today."""
        return self.capture(system)

    def capture(self, system: System) -> NeighbourProxyBefore:
        """Those that were there already, which are somebody else's."""
        there = tuple(sorted(self._present(system) & set(self.addresses)))
        return NeighbourProxyBefore(files=self.our_files.capture(system), there=there)

    def undo_lines(self, before: NeighbourProxyBefore) -> tuple[str, ...]:
        """Take our entries out."""
        return tuple(
            Run(each).line for each in fixed.undo_commands(self.uplink, self._ours(before))
        )

    def compare(
        self, system: System, before: NeighbourProxyBefore, gone_by_then: Container[str] = ()
    ) -> tuple[Found, ...]:
        """Ask the kernel which of our entries are still there."""
        present = self._present(system)
        return tuple(
            Found(address)
            if address in present
            else Found(
                address,
                Comparison.GONE,
                f"Nobody answers for {address} on {self.uplink} any more.",
            )
            for address in map(str, self._ours(before))
        )

    def take_back(
        self,
        system: System,
        before: NeighbourProxyBefore,
        report: Report,
        found: Sequence[Found],
        decisions: Decisions,
    ) -> tuple[str, ...]:
        """Take our entries out that are still there."""
        left = [
            IPv6Address(name)
            for name, treatment in treatments(found, decisions).items()
            if treatment is Treatment.BACK
        ]
        for command in fixed.undo_commands(self.uplink, left):
            run(system, Run(command), report)
        return ()

    def _ours(self, before: NeighbourProxyBefore) -> list[IPv6Address]:
        there = set(before.there)
        return [IPv6Address(address) for address in self.addresses if address not in there]

    def _present(self, system: System) -> set[str]:
        return answered_for(system, self.uplink)
