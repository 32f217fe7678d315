"""Kernel parameters: the live value, and a file in /etc/sysctl.d that sets it at every boot."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from wizard.errors import StepFailed
from wizard.steps.actions import Action, Run, WriteFile
from wizard.steps.base import Before, Report, Step, run
from wizard.system import FileState, System

PATH = "/etc/sysctl.d/90-docker-ipv6-wizard.conf"

_FORWARDING = "net.ipv6.conf.all.forwarding"

# Setting all.forwarding sets it on every interface (kernel, ip-sysctl.rst).
_EVERY_FORWARDING = r"^net\.ipv6\.conf\.[^.]+\.forwarding$"


def name(group: str, parameter: str, kind: str = "conf") -> str:
    """Return the name of a parameter below net.ipv6.conf or net.ipv6.neigh for sysctl(8).

    A dot in the name of an interface becomes a slash.
    """
    return f"net.ipv6.{kind}.{group.replace('.', '/')}.{parameter}"


@dataclass(frozen=True)
class Sysctl(Step):
    """Set kernel parameters, in this order, now and at every boot."""

    kind: ClassVar[str] = "sysctl"
    needs_docker: ClassVar[bool] = False

    values: tuple[tuple[str, str], ...]
    previous: FileState | None = None
    path: str = PATH

    @property
    def title(self) -> str:
        """What it does."""
        listening = self._listening
        what = "let the kernel forward IPv6"
        if self._answering:
            what += f" and answer for neighbours on {self._answering}"
        if listening:
            return f"Keep the default route of {listening}, and {what}"
        return f"L{what[1:]}" if self._answering else f"L{what[1:]} for the containers"

    @property
    def reason(self) -> str:
        """Why it is needed."""
        reasons = [
            "A host passes on packets of others only where forwarding is on. Docker switches it on "
            "too; this file keeps it on after a reboot."
        ]
        if self._listening:
            reasons.insert(
                0,
                f"The IPv6 default route of this host comes by router advertisement, and a host "
                f"that forwards stops listening to those: the route would be gone at once, and "
                f"with it every connection over IPv6. accept_ra=2 on {self._listening} makes it "
                f"listen all the same, so it is set first.",
            )
        if self._answering:
            reasons.append(
                f"With proxy_ndp the kernel answers on {self._answering} for addresses that it is "
                "told of, and with proxy_delay=0 it does so at once instead of after up to 0.8 s."
            )
        return " ".join(reasons)

    @property
    def _listening(self) -> str | None:
        return self._interface_of("accept_ra")

    @property
    def _answering(self) -> str | None:
        return self._interface_of("proxy_ndp")

    def _interface_of(self, wanted: str) -> str | None:
        for key, _value in self.values:
            group, _, parameter = key.removeprefix("net.ipv6.conf.").rpartition(".")
            if parameter == wanted:
                return group.replace("/", ".")
        return None

    @property
    def text(self) -> str:
        """The content of the file."""
        settings = "".join(f"{key} = {value}\n" for key, value in self.values)
        return (
            f"# IPv6 for containers. Written by the wizard; wizard --undo removes it.\n{settings}"
        )

    def actions(self) -> tuple[Action, ...]:
        """The file, then each live value."""
        return (
            WriteFile(self.path, self.previous, FileState(self.text)),
            *(Run(("sysctl", "--write", f"{key}={value}")) for key, value in self.values),
        )

    def check(self, system: System) -> str | None:
        """Compare the live values and the file."""
        now = _read(system, [key for key, _value in self.values])
        for key, value in self.values:
            if now.get(key) != value:
                return f"{key} is {now.get(key, 'not there')} and should be {value}."
        file = system.read(self.path)
        if file is None or file.text != self.text:
            return f"{self.path} is not as it was written."
        return None

    def capture(self, system: System) -> dict[str, Any]:
        """Add the live values, and the Docker networks that use IPv6 already."""
        live = _read(system, [key for key, _value in self.values])
        if _FORWARDING in live:
            live |= forwarding_now(system)
        return super().capture(system) | {
            "live": [[key, value] for key, value in live.items()],
            "ipv6_networks": sorted(ipv6_networks(system)),
        }

    def undo_lines(self, before: Before) -> tuple[str, ...]:
        """The old live values, then the file."""
        return (
            *(_write(key, value).line for key, value in self._old_values(before)),
            *self.undo_file_lines(before),
        )

    def undo(self, system: System, before: Before, report: Report) -> tuple[str, ...]:
        """Set back each value that still is as it was set."""
        kept: list[str] = []
        wanted = dict(self.values)
        others = ipv6_networks(system) - set(before.get("ipv6_networks", []))
        # Setting it back for all sets it back everywhere, which is nobody else's doing: so each
        # value is judged by what it was before, unless an undo that was cut short began with it.
        seen = _read(system, list(wanted))
        spread = seen.get(_FORWARDING) != wanted.get(_FORWARDING)
        for key, old in self._old_values(before):
            now = _read(system, [key]).get(key)
            if now is None or now == old:
                continue
            if others and key.endswith(".accept_ra"):
                kept.append(
                    f"{key} was left at {now}: IPv6 forwarding stays on, and with {old} the host "
                    "would lose the default route that its router advertises."
                )
            elif others and key.endswith(".forwarding"):
                sentence = (
                    f"IPv6 forwarding was left on, because the Docker network "
                    f"{min(others)} uses IPv6 too."
                )
                if sentence not in kept:
                    kept.append(sentence)
            elif (
                key in wanted
                and seen.get(key) != wanted[key]
                and not (spread and key != _FORWARDING and key.endswith(".forwarding"))
            ):
                kept.append(f"{key} has been set to {now} by somebody else since; it was kept.")
            else:
                run(system, _write(key, old), report)
        if any(" was left at " in sentence for sentence in kept):
            kept.append(f"{self.path} was kept, so that it is so after the next boot too.")
            return tuple(kept)
        return (*kept, *self.undo_files(system, before))

    def undo_early(self, system: System, before: Before, report: Report) -> tuple[str, ...]:
        """Put the file back; the live values are those of a kernel that has just started."""
        return self.undo_files(system, before)

    def _old_values(self, before: Before) -> list[tuple[str, str]]:
        """Return what was there: forwarding for all first, because it sets every interface."""
        live = {str(key): str(value) for key, value in before.get("live", [])}
        ours = [key for key, _value in reversed(self.values) if key in live]
        ours.sort(key=lambda key: key != _FORWARDING)
        others = [
            key for key, value in live.items() if key not in ours and value != live.get(_FORWARDING)
        ]
        return [(key, live[key]) for key in [*ours, *others]]


def _write(key: str, value: str) -> Run:
    return Run(("sysctl", "--write", f"{key}={value}"))


def _read(system: System, keys: list[str]) -> dict[str, str]:
    return _parse(system.run(("sysctl", "--ignore", *keys)).output)


def _read_pattern(system: System, pattern: str) -> dict[str, str]:
    return _parse(system.run(("sysctl", "--all", "--pattern", pattern)).output)


def _parse(output: str) -> dict[str, str]:
    return dict(re.findall(r"^(\S+) = (.*)$", output, re.MULTILINE))


def forwarding_now(system: System) -> dict[str, str]:
    """Return whether each interface forwards, by the name of its parameter."""
    return _read_pattern(system, _EVERY_FORWARDING)


def ipv6_networks(system: System) -> set[str]:
    """Return the names of the Docker networks that use IPv6.

    Raises:
        StepFailed: Docker does not say.
    """
    result = system.run(("docker", "network", "ls", "--format", "{{.IPv6}} {{.Name}}"))
    if result.status != 0:
        raise StepFailed(
            "Docker did not say which of its networks use IPv6, so forwarding was left as it is: "
            f"{result.output.strip()}"
        )
    return {
        line.removeprefix("true ")
        for line in result.output.splitlines()
        if line.startswith("true ")
    }
