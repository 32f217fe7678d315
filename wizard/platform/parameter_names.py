"""What kernel parameters of an interface are called."""


def name(group: str, parameter: str, kind: str = "conf") -> str:
    """Return the name of a parameter below net.ipv6.conf or net.ipv6.neigh for sysctl(8).

    A dot in the name of an interface, as a VLAN has one, becomes a slash (sysctl.d(5)).
    """
    return f"net.ipv6.{kind}.{group.replace('.', '/')}.{parameter}"
