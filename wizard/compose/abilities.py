"""What lets a service open tunnels, as a VPN does."""

from wizard.compose.nodes import ListNode, MapNode, Value, is_true, text_of, values
from wizard.compose.tags import said_of, text_said


def abilities(service: MapNode) -> frozenset[str]:
    """Return those of the keys ``devices``, ``cap_add`` and ``privileged`` that let it.

    The first does by /dev/net/tun, the others by the right to set up networks (capabilities(7),
    CAP_NET_ADMIN).
    """
    devices = {device.partition(":")[0] for device in _texts(said_of(service, "devices"))}
    rights = {name.upper().removeprefix("CAP_") for name in _texts(said_of(service, "cap_add"))}
    found = {
        "devices": "/dev/net/tun" in devices,
        "cap_add": bool(rights & {"NET_ADMIN", "ALL"}),
        "privileged": is_true(said_of(service, "privileged")),
    }
    return frozenset(key for key, said in found.items() if said)


def _texts(node: Value | None) -> list[str]:
    """Return the texts of a list; of an item in the long form of a device, its source."""
    items = values(node) if isinstance(node, ListNode) else []
    said = [
        text_of(said_of(each, "source")) if isinstance(each, MapNode) else text_said(each)
        for each in items
    ]
    return [text for text in said if text is not None]
