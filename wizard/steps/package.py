"""A Debian package, installed only where it is missing and removed only if we installed it."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from wizard.platform.system import System
from wizard.steps.actions import Action
from wizard.steps.base import Report, StepOf, run
from wizard.steps.before import Before
from wizard.steps.comparing import Comparison, Decisions, Found
from wizard.steps.objects import Object, install, now, package, purge
from wizard.steps.others import Other, stays


@dataclass(frozen=True, kw_only=True)
class PackageBefore(Before):
    """Whether the package was there."""

    installed: bool


@dataclass(frozen=True)
class Package(StepOf[PackageBefore]):
    """Install a package."""

    kind: ClassVar[str] = "package"
    before_kind: ClassVar[type[Before]] = PackageBefore

    name: str
    purpose: str
    beside: tuple[str, ...] = ()
    """The projects of other set-ups that need it too."""

    @property
    def title(self) -> str:
        """What it does."""
        return f"Install the Debian package {self.name}"

    @property
    def reason(self) -> str:
        """Why it is needed."""
        return f"{self.purpose} No other service is restarted by the installation."

    def actions(self) -> tuple[Action, ...]:
        """One command; apt does nothing where the package is there."""
        return (install(self.name),)

    def check(self, system: System) -> str | None:
        """Ask dpkg."""
        return None if self._installed(system) else f"The package {self.name} is not installed."

    def objects(self) -> tuple[Object, ...]:
        """The package."""
        return (package(self.name),)

    def capture(self, system: System) -> PackageBefore:
        """Whether it was there."""
        return PackageBefore(
            files=self.our_files.capture(system), installed=self._installed(system)
        )

    def among(self, others: Sequence[Other]) -> "Package":
        """Add who else needs it."""
        return replace(self, beside=tuple(each.project for each in self._same(others)))

    def _same(self, others: Sequence[Other]) -> list[Other]:
        return [
            each
            for each in others
            if isinstance(each.step, Package) and each.step.name == self.name
        ]

    def found_first(self, before: PackageBefore, others: Sequence[Other]) -> PackageBefore:
        """Take what others found: by now it is there for them."""
        first = [each.before for each in self._same(others)]
        return replace(before, installed=first[0].installed) if first else before

    def undo_lines(self, before: PackageBefore) -> tuple[str, ...]:
        """Purge it, unless it was there."""
        return () if before.installed or self.beside else (purge(self.name).line,)

    def compare(
        self, system: System, before: PackageBefore, gone_by_then: Container[str] = ()
    ) -> tuple[Found, ...]:
        """Ask dpkg, unless it was there before the wizard."""
        if before.installed:
            return ()
        if self.beside:
            return (stays(f"The package {self.name}", self.beside),)
        if self._installed(system):
            return (Found(self.name),)
        return (Found(self.name, Comparison.GONE, f"{self.name} is not installed any more."),)

    def take_back(
        self,
        system: System,
        before: PackageBefore,
        report: Report,
        found: Sequence[Found],
        decisions: Decisions,
    ) -> tuple[str, ...]:
        """Purge it, unless it was there."""
        if any(each.comparison is Comparison.UNCHANGED for each in found):
            run(system, purge(self.name), report)
        return ()

    def _installed(self, system: System) -> bool:
        return now(system, package(self.name)).value is not None
