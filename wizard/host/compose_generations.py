"""Which releases of Compose can make a network as the wizard declares it."""

import re

from wizard.host.host import Compose, Unknown

# 1.27 brought one schema for files of every version; before, files of version 3 refused enable_ipv6
# (CHANGELOG of docker-compose). Compose 2.0 took enable_ipv6 and ignored it (compose issue 8832).
_FIRST = {1: (1, 27), 2: (2, 1)}
# compose-spec, 06-networks.md: enable_ipv4.
_WITHOUT_IPV4 = (2, 33, 1)


def makes_networks(compose: Compose | Unknown) -> bool:
    """Return whether every Compose of the host makes a network with IPv6 from its file."""
    found = _releases(compose)
    return bool(found) and all(
        release is not None and release >= _FIRST[min(release[0], 2)] for release in found
    )


def makes_networks_without_ipv4(compose: Compose | Unknown) -> bool:
    """Return whether every Compose of the host makes a network that has no IPv4."""
    found = _releases(compose)
    return bool(found) and all(
        release is not None and release >= _WITHOUT_IPV4 for release in found
    )


def _releases(compose: Compose | Unknown) -> list[tuple[int, ...] | None]:
    """Return the release of each generation; None for one that does not say it in numbers."""
    if isinstance(compose, Unknown):
        return []
    return [_release(version) for version in (compose.v1, compose.v2) if version]


def _release(version: str) -> tuple[int, ...] | None:
    found = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", version)
    if found is None or found[1] == "0":
        return None
    return int(found[1]), int(found[2]), int(found[3] or 0)
