"""Names that are the wizard's own on a host, for programs that import little."""

FILES = "docker-ipv6-wizard"
"""What the name of each file and unit of the wizard's holds."""

NETWORK_LABEL = "docker-ipv6-wizard"
"""The label on every Docker network that the wizard makes; its value is the IPv6 prefix."""

CHAIN = "DOCKER-IPV6-WIZARD"
"""The chain of ip6tables that holds every rule of the wizard's."""
