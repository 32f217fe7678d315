"""Files of a boot whose texts are given."""

import fnmatch
from collections.abc import Mapping

from wizard.boot.files import Files


class GivenFiles(Files):
    """Files whose texts are given."""

    def __init__(
        self, texts: Mapping[str, str], changed: Mapping[str, float] | None = None
    ) -> None:
        self._texts = dict(texts)
        self._changed = dict(changed or {})

    def text(self, path: str) -> str | None:
        """Return what was given."""
        return self._texts.get(path)

    def glob(self, pattern: str) -> list[str]:
        """Match part by part, as a shell does."""
        wanted = pattern.split("/")
        return sorted(
            path
            for path in self._texts
            if len(path.split("/")) == len(wanted)
            and all(map(fnmatch.fnmatchcase, path.split("/"), wanted))
        )

    def changed(self, path: str) -> float:
        """Return what was given."""
        return self._changed.get(path, 0.0)
