"""The files by which a practice machine configures its uplink when it boots."""

from typing import Literal

from wizard.rehearsal import network

Manager = Literal["ifupdown", "systemd-networkd"]


def files(manager: Manager, route: network.Route) -> dict[str, str]:
    """Return the files that configure eth0, by path without the leading slash."""
    gateway = {"static": network.ROUTER, "routed": network.ROUTER_LINK_LOCAL}.get(route)
    if manager == "systemd-networkd":
        lines = [
            "[Match]", "Name=eth0", "", "[Network]",
            f"Address={network.MACHINE_IPV4}/24", f"Gateway={network.ROUTER_IPV4}",
        ]  # fmt: skip
        if gateway:
            lines += [f"Address={network.MACHINE}/64", f"Gateway={gateway}"]
        lines.append(f"IPv6AcceptRA={'yes' if route == 'advertisement' else 'no'}")
        return {"etc/systemd/network/10-eth0.network": "\n".join(lines) + "\n"}
    lines = [
        "auto eth0", "iface eth0 inet static",
        f"    address {network.MACHINE_IPV4}/24", f"    gateway {network.ROUTER_IPV4}",
    ]  # fmt: skip
    if gateway:
        lines += [
            "iface eth0 inet6 static",
            f"    address {network.MACHINE}/64", f"    gateway {gateway}",
        ]  # fmt: skip
    return {"etc/network/interfaces.d/eth0": "\n".join(lines) + "\n"}
