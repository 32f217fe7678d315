"""The containers of a project: they run on without a stop, and keep their way out over IPv4."""

from collections.abc import Collection

from wizard.platform.system import System
from wizard.platform.text import clean_line
from wizard.verification.aspect import Aspect, Facts
from wizard.verification.kernel_files import default_routes_ipv4, read


class Containers(Aspect):
    """Looks at the running containers of a Compose project."""

    def __init__(self, system: System, identifiers: Collection[str]) -> None:
        self._system = system
        self._identifiers = identifiers

    def look(self) -> Facts:
        """Return each container with its start, and its default route."""
        listed = self._system.run(("docker", "ps", "--quiet", "--no-trunc"))
        every = listed.output.split() if listed.status == 0 else []
        names = [each for each in every if each in self._identifiers]
        found: dict[str, str] = {}
        if not names:
            return found
        form = "{{.Name}} {{.State.Pid}} {{.State.StartedAt}}"
        shown = self._system.run(("docker", "inspect", "--format", form, *names))
        for line in shown.output.splitlines():
            name, pid, *_started = line.lstrip("/").split()
            found[f"container {line}"] = f"the container {clean_line(name)}, running without a stop"
            if default_routes_ipv4(read(f"/proc/{pid}/net/route")):
                found[f"container route {name}"] = (
                    f"the IPv4 default route of the container {clean_line(name)}"
                )
        return found
