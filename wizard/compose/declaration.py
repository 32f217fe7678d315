"""How a Compose file declares a network of which every detail is known beforehand.

Compose takes a network that is there for its own by the labels ``com.docker.compose.project``
and ``com.docker.compose.network``. docker-compose 1.27 to 1.29 compares driver, driver options,
``enable_ipv6`` and ``internal`` besides (compose/network.py); Compose 2.31 and later compares a
digest in the label ``com.docker.compose.config-hash``, but only where the network has that label
(pkg/compose/create.go, and reconcile.go of 5.x), and earlier ones compare nothing.
"""

from collections.abc import Mapping, Sequence

from wizard.compose.document import load
from wizard.compose.yaml_source import Content, flow

PROJECT_LABEL = "com.docker.compose.project"
NETWORK_LABEL = "com.docker.compose.network"


def declaration(
    name: str,
    *,
    ipv4: bool,
    pools: Sequence[Mapping[str, str]],
    options: Mapping[str, str],
    labels: Mapping[str, str],
) -> dict[str, Content]:
    """Return an attachable bridge network with IPv6, as what stands below its key.

    Every value is in quotes: then it means the same in every style of file, and to YAML 1.1.

    Args:
        name: Its name in Docker.
        ipv4: Whether it has IPv4 as well; Compose before 2.33.1 knows no other.
        pools: ``subnet``, and where they are given ``gateway`` and ``ip_range``, of each family.
        options: Options of the bridge driver.
        labels: Labels of ours.
    """
    content: dict[str, Content] = {
        "name": _quoted(name),
        "driver": _quoted("bridge"),
        "attachable": "true",
        "enable_ipv6": "true",
    }
    if not ipv4:
        content["enable_ipv4"] = "false"
    content["driver_opts"] = {key: _quoted(value) for key, value in options.items()}
    config: list[Content] = [{key: _quoted(value) for key, value in pool.items()} for pool in pools]
    content["ipam"] = {"config": config}
    content["labels"] = {key: _quoted(value) for key, value in labels.items()}
    return content


def digest(content: Content) -> bytes:
    """Return the digest of content once it stands in a file (see :class:`Scalar`)."""
    root = load(f"x: {flow(content, quoted=False)}\n".encode(), "the network").root
    if root is None:  # The line above has a mapping at its top.
        raise AssertionError
    return root.pairs["x"].digest


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
