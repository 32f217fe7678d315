"""Kernel parameters: the live value, and a file in /etc/sysctl.d that sets it at every boot."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from wizard.platform.parameter_names import name
from wizard.platform.system import FileState, System
from wizard.platform.text import enumerated
from wizard.steps.actions import Action, Run, WriteFile
from wizard.steps.base import Report, StepOf, run
from wizard.steps.before import Before, FileBefore
from wizard.steps.comparing import (
    NOTHING_DECIDED,
    Decisions,
    Found,
    Treatment,
    left_of,
    treatments,
)
from wizard.steps.default_routes import advertised_routes, default_routes
from wizard.steps.kernel_parameters import (
    FORWARDING,
    file_text,
    forwarding_now,
    parts,
    read,
    relied_on,
    renamed,
    with_names,
    write,
)
from wizard.steps.networks import ipv6_networks
from wizard.steps.objects import Object, parameter
from wizard.steps.others import (
    Other,
    check_left,
    only_ours,
    stays,
    with_first_files,
    with_what_stays,
)
from wizard.steps.parameters_found import found_values, listens
from wizard.steps.parts import Part
from wizard.uplink.regain import regain

PATH = "/etc/sysctl.d/zz-docker-ipv6-wizard.conf"
"""Named so that it is read after the files of others, which are sorted by name (sysctl.d(5))."""

_OLD_PATH = "/etc/sysctl.d/90-docker-ipv6-wizard.conf"
"""Where a record that names no file has it."""

_SET_BY_DOCKER = (FORWARDING, name("default", "forwarding"))
"""What Docker sets where it switches forwarding on itself (seen on 28.5.2)."""

_NETWORK = "docker-network"
"""The kind of step that makes a network; its module knows this one."""


@dataclass(frozen=True, kw_only=True)
class SysctlBefore(Before):
    """The live values by their names, and what depended on them."""

    live: tuple[tuple[str, str], ...]
    ipv6_networks: tuple[str, ...] = ()
    """The Docker networks that used IPv6 already."""
    default_routes: tuple[tuple[str, str], ...] = ()
    """Interface and router of each default route that came by router advertisement."""


@dataclass(frozen=True)
class Sysctl(StepOf[SysctlBefore]):
    """Set kernel parameters, in this order, now and at every boot."""

    kind: ClassVar[str] = "sysctl"
    before_kind: ClassVar[type[Before]] = SysctlBefore
    needs_docker: ClassVar[bool] = False

    values: tuple[tuple[str, str], ...]
    previous: FileState | None = None
    path: str = _OLD_PATH
    beside: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    """What other set-ups need in the same file, each with the name of its project."""
    engine: tuple[str, ...] = ()
    """The projects of others for whose networks Docker itself keeps forwarding on."""

    @property
    def title(self) -> str:
        """What it does."""
        listening = enumerated(self._listening)
        what = "let the kernel forward IPv6"
        if self._answering:
            what += f" and answer for neighbours on {self._answering}"
        if listening:
            return f"Keep what routers advertise on {listening}, and {what}"
        return f"L{what[1:]}" if self._answering else f"L{what[1:]} for the containers"

    @property
    def reason(self) -> str:
        """Why it is needed."""
        reasons = [
            "A host passes on packets of others only where forwarding is on. "
            + (
                "This file keeps it on after a reboot, too."
                if self.forwards
                else "Docker switches it on here, when it makes the network and whenever it starts."
            )
        ]
        if self._listening:
            shown = enumerated(self._listening)
            reasons.insert(
                0,
                f"On {shown} this host has an IPv6 route or address that came by router "
                "advertisement, and a host that forwards stops listening to those: the default "
                "route would be gone at once, and with it every connection over IPv6. accept_ra=2 "
                "makes it listen all the same, so it is set first.",
            )
        if self._answering:
            reasons.append(
                f"With proxy_ndp the kernel answers on {self._answering} for addresses that it is "
                "told of, and with proxy_delay=0 it does so at once instead of after up to 0.8 s."
            )
        return " ".join(reasons)

    @property
    def forwards(self) -> bool:
        """Whether it switches forwarding on for all interfaces."""
        return FORWARDING in dict(self.values)

    @property
    def _listening(self) -> tuple[str, ...]:
        return self._interfaces_of("accept_ra")

    @property
    def _answering(self) -> str | None:
        return next(iter(self._interfaces_of("proxy_ndp")), None)

    def _interfaces_of(self, wanted: str) -> tuple[str, ...]:
        names = (parts(key) for key, _value in self.values)
        return tuple(group for _kind, group, parameter in names if parameter == wanted)

    @property
    def text(self) -> str:
        """The content of the file, for all set-ups that stand on it."""
        return file_text([self.values, *(values for _project, values in self.beside)])

    @property
    def _projects(self) -> list[str]:
        return [project for project, _values in self.beside]

    @property
    def _others_text(self) -> str:
        return file_text([values for _project, values in self.beside])

    @property
    def _shared(self) -> dict[str, list[str]]:
        """Our parameters that others need too, each with the projects of those."""
        found = {
            key: [
                *(project for project, values in self.beside if key in dict(values)),
                *(self.engine if key in _SET_BY_DOCKER else ()),
            ]
            for key, _value in self.values
        }
        return {key: projects for key, projects in found.items() if projects}

    def among(self, others: Sequence[Other]) -> "Sysctl":
        """Add what others need: in the same file, and live where Docker has set it for them."""
        steps = [(each.project, each.step) for each in others if isinstance(each.step, Sysctl)]
        same = [(project, step.values) for project, step in steps if step.path == self.path]
        engine = [
            each.project for each in others if each.kind == _NETWORK and each.step.engine_forwards
        ]
        return replace(self, beside=tuple(same), engine=tuple(engine))

    def found_first(self, before: SysctlBefore, others: Sequence[Other]) -> SysctlBefore:
        """Take what others found: by now the values are theirs, or were set by Docker for them."""
        same = [each for each in others if isinstance(each.step, Sysctl)]
        found: list[SysctlBefore] = [each.before for each in same]
        # Docker does not forward by itself any more, as it did for the network of another.
        networks = [each.before.forwarding for each in others if each.kind == _NETWORK]
        first = next((dict(each) for each in networks if each), {})
        live = dict(before.live)
        if first or any(FORWARDING in dict(each.live) for each in found):
            # It was set for all by the first of them: what it was on each they have seen.
            live = {key: value for key, value in live.items() if not key.endswith(".forwarding")}
        if FORWARDING in dict(before.live):
            live |= first
        for each in reversed(found):
            live |= dict(each.live)
        if not same:
            return replace(before, live=tuple(live.items()))
        return replace(
            with_first_files(before, same),
            live=tuple(live.items()),
            ipv6_networks=found[0].ipv6_networks,
        )

    def of_its_own(self, before: SysctlBefore) -> SysctlBefore:
        """Return what it found without the values of parameters that it does not touch."""
        own = [key for key, _value in self.values]
        touched = [key for key, _value in before.live if key.endswith(".forwarding")]
        live = dict(before.live)
        keys = dict.fromkeys((*own, *(touched if FORWARDING in own else ())))
        return replace(before, live=tuple((key, live[key]) for key in keys if key in live))

    def goes_back_to(self, before: SysctlBefore, others: Sequence[Other]) -> SysctlBefore:
        """Leave the values that others need, and the file with those."""
        live, files = dict(before.live), before.files
        if self.beside:
            files = (FileBefore.of(self.path, FileState(self._others_text)),)
        if self._shared:
            live = {
                key: live[key]
                for key, _value in self.values
                if key in live and key not in self._shared
            }
        return replace(before, files=files, live=tuple(live.items()))

    def actions(self) -> tuple[Action, ...]:
        """The file, then each live value that is not set for others already."""
        values = [each for each in self.values if each[0] not in self._shared]
        return (
            WriteFile(self.path, self.previous, FileState(self.text)),
            *(Run(("sysctl", "--write", f"{key}={value}")) for key, value in values),
        )

    def obstacle(self, system: System) -> str | None:
        """The file must be as the others left it.

        Raises:
            Refused: somebody has changed it since.
        """
        check_left(self.path, self.previous, self._others_text, self._projects)
        return super().obstacle(system)

    def check(self, system: System) -> str | None:
        """Compare the live values and the file."""
        lasting = relied_on(self.values)
        now = read(system, list(lasting))
        for key, value in lasting.items():
            if now.get(key) != value:
                return f"{key} is {now.get(key, 'not there')} and should be {value}."
        file = system.read(self.path)
        if file is None or file.text != self.text:
            return f"{self.path} is not as it was written."
        return None

    def objects(self) -> tuple[Object, ...]:
        """The live values."""
        return tuple(parameter(key, value) for key, value in self.values)

    def parts(
        self, system: System, before: SysctlBefore, known: Mapping[str, Sequence[str]] | None = None
    ) -> tuple[Part, ...]:
        """Leave out what another value stands in for."""
        lasting = relied_on(self.values)
        spared = {each.shown for each in self.objects() if each.name not in lasting}
        found = super().parts(system, before, known)
        return tuple(part for part in found if part.name not in spared)

    def originals(self, before: SysctlBefore) -> Mapping[str, str]:
        """The live values from before."""
        return dict(before.live)

    def renewed(self, system: System, before: SysctlBefore) -> SysctlBefore:
        """Follow interfaces to their names of today, and add the values of those that are new."""
        now = read(system, [key for key, _value in (*self.values, *before.live)])
        names = renamed(before.live, self.values, now)
        live = {with_names(key, names): value for key, value in before.live}
        # Forwarding was set for every interface by us, so that what is new tells nothing of before.
        live = {key: now[key] for key, _value in self.values if key in now} | live
        return replace(
            before,
            live=tuple(live.items()),
            default_routes=tuple(
                (names.get(each, each), router) for each, router in before.default_routes
            ),
        )

    def capture(self, system: System) -> SysctlBefore:
        """Add the live values, the Docker networks that use IPv6 already, and advertised routes."""
        live = read(system, [key for key, _value in self.values])
        if FORWARDING in live:
            live |= forwarding_now(system)
        return SysctlBefore(
            files=self.our_files.capture(system),
            live=tuple(live.items()),
            ipv6_networks=tuple(sorted(ipv6_networks(system))),
            default_routes=tuple(advertised_routes(system)),
        )

    def undo_lines(self, before: SysctlBefore) -> tuple[str, ...]:
        """The old live values, then the file."""
        return (
            *(write(key, value).line for key, value in self._old_values(before)),
            *(
                (only_ours(self.path, self._projects),)
                if self.beside
                else self.our_files.undo_lines(before)
            ),
        )

    def compare(
        self, system: System, before: SysctlBefore, gone_by_then: Container[str] = ()
    ) -> tuple[Found, ...]:
        """Compare the live values, in the order in which they are set back, then the file."""
        others = sorted(
            name
            for name in ipv6_networks(system) - set(before.ipv6_networks)
            if name not in gone_by_then
        )
        wanted = {key: value for key, value in self.values if key not in self._shared}
        values = found_values(system, self._old_values(before), wanted, others)
        files = self.our_files.compare(system, before)
        if self.beside:
            shared = [stays(key, projects) for key, projects in self._shared.items()]
            values = (*shared, *values)
            files = with_what_stays(files, self.path, self._projects)
        if any(each.needed and listens(each.name) for each in values):
            needed = f"{self.path} stays, so that it is so after the next boot too."
            files = tuple(replace(each, needed=needed) for each in files)
        return (*values, *files)

    def take_back(
        self,
        system: System,
        before: SysctlBefore,
        report: Report,
        found: Sequence[Found],
        decisions: Decisions,
    ) -> tuple[str, ...]:
        """Set back each value that is to be so, then see to the file."""
        todo = treatments(found, decisions)
        wanted = dict(self.values)
        for key, old in self._old_values(before):
            treatment = todo.get(key, Treatment.LEAVE)
            value = {Treatment.BACK: old, Treatment.OURS: wanted.get(key)}.get(treatment)
            # One that was set for all is as it should be by now.
            if value is not None and read(system, [key]).get(key) not in (None, value):
                run(system, write(key, value), report)
        values = [
            each
            for each in found
            if each.name in wanted or (each.needed and each.name != self.path)
        ]
        kept = dict.fromkeys(left_of(values, found, decisions))
        files = self.our_files.undo(system, before, found, decisions)
        return (*kept, *files, *self._missing_routes(system, before, report))

    def _missing_routes(
        self, system: System, before: SysctlBefore, report: Report
    ) -> tuple[str, ...]:
        """Bring the advertised default routes back that there were; say which do not come."""
        routers = dict(before.default_routes)
        there = {interface for interface, _router in default_routes(system)}
        forwarding = forwarding_now(system)
        missing = [
            each for each in routers if each not in there and name(each, "forwarding") in forwarding
        ]
        if not missing:
            return ()
        report(f"# Asking the routers on {enumerated(missing)} for the IPv6 default route.")
        return tuple(
            f"The IPv6 default route over {each}, which was there before, is missing, and no "
            f"router answered when it was asked for it. This host has no IPv6 that way until one "
            f"does. Type: ip -6 route replace default via {routers[each]} dev {each} — or restart "
            "the host."
            for each in regain(missing)
        )

    def undo_early(
        self,
        system: System,
        before: SysctlBefore,
        report: Report,
        decisions: Decisions = NOTHING_DECIDED,
    ) -> tuple[str, ...]:
        """Put the file back; the live values are those of a kernel that has just started."""
        return self.our_files.undo(
            system, before, self.our_files.compare(system, before), decisions
        )

    def _old_values(self, before: SysctlBefore) -> list[tuple[str, str]]:
        """Return what was there: forwarding for all first, because it sets every interface."""
        live = dict(before.live)
        ours = [key for key, _value in reversed(self.values) if key in live]
        ours.sort(key=lambda key: key != FORWARDING)
        others = [
            key for key, value in live.items() if key not in ours and value != live.get(FORWARDING)
        ]
        return [(key, live[key]) for key in [*ours, *others]]
