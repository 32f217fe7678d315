"""Options of Docker's bridge networks, by the names that its API and Compose files have for them.

Docker's documentation of the bridge driver has them all.
"""

NAME = "com.docker.network.bridge.name"
"""The interface on the host."""

MASQUERADE = "com.docker.network.bridge.enable_ip_masquerade"

GATEWAY_MODE = "com.docker.network.bridge.gateway_mode_ipv6"
"""From 27 on (Docker Engine 27.0 release notes)."""

ROUTED = (GATEWAY_MODE, "routed")
"""No NAT, and only published ports are open on the containers' own addresses."""
