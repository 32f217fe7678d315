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


def of_ufw(parameters: str, enabled: str = "yes", at_boot: bool = True) -> dict[str, str]:
    """Return the files of ufw as Debian has them, with a file of kernel parameters."""
    unit = {"/etc/systemd/system/multi-user.target.wants/ufw.service": "[Unit]\n"}
    return {
        "/etc/ufw/ufw.conf": f"# switch\nENABLED={enabled}\nLOGLEVEL=low\n",
        "/etc/default/ufw": "IPV6=yes\n# parameters\nIPT_SYSCTL=/etc/ufw/sysctl.conf\n",
        "/etc/ufw/sysctl.conf": parameters,
    } | (unit if at_boot else {})
