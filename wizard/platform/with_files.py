"""A host with other files, to ask what would be if they were so."""

from collections.abc import Mapping, Sequence

from wizard.platform.system import FileState, Result, System


class WithFiles:
    """A host with other files, which can be changed in thought; all else is as it is."""

    def __init__(self, system: System, files: Mapping[str, FileState | None] | None = None) -> None:
        self._system = system
        self._files = dict(files or {})

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        """Ask the host."""
        return self._system.run(argv, stdin)

    def read(self, path: str) -> FileState | None:
        """Return a file as it would be."""
        return self._files[path] if path in self._files else self._system.read(path)

    def write(self, path: str, state: FileState) -> None:
        """Note it."""
        self._files[path] = state

    def remove(self, path: str) -> None:
        """Note it."""
        self._files[path] = None

    def make_directory(self, path: str) -> None:
        """Leave it."""

    def remove_directory(self, path: str) -> None:
        """Leave it."""

    def why_not_write(self, path: str) -> str | None:
        """Ask the host."""
        return self._system.why_not_write(path)

    def remove_nft_table(self, name: str) -> None:
        """Leave it."""
