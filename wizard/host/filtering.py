"""Who filters what comes in to containers that have addresses of their own, and why."""

from dataclasses import dataclass

from wizard.host.host import Engine, Host, Unknown

ROUTED_GATEWAY = (27, 0)
"""The first Docker with ``gateway_mode_ipv6=routed`` (Docker Engine 27.0 release notes)."""

OWN_CHAINS = (28, 0)
"""The first Docker that accepts what it forwards in a chain of its own alone (moby,
``iptables-doc``; seen on 28.5.2 and 29.7.2)."""

_OWN_DROP = (28, 0)
"""The first Docker with a rule of its own that drops what is not published, whatever the policy
of FORWARD is (Docker Engine 28.0 release notes; seen on 28.5.2 and 29.7.2)."""

TABLE = "docker-bridges"
"""Docker's table where it keeps its rules in nftables (seen on 29.7.2)."""


@dataclass(frozen=True)
class Filtering:
    """Whether Docker filters for a network with routed addresses, and why."""

    by_engine: bool
    reason: str
    """In a full sentence."""


def of_routed(host: Host) -> Filtering:
    """Return who filters what comes in to a network with routed addresses that is made now.

    Only what is known to filter counts: what cannot be read does not.
    """
    engine = host.engine
    if isinstance(engine, Unknown):
        return Filtering(False, f"What Docker filters is not known. {engine.reason}")
    docker = f"Docker {engine.version}"
    if engine.release < ROUTED_GATEWAY:
        return Filtering(False, f"{docker} has no filter for such addresses.")
    if not engine.manages_ip6tables:
        return Filtering(
            False,
            f'{docker} was told to make no rules for IPv6 ("ip6tables": false) and filters nothing '
            "that comes in to such addresses.",
        )
    if uses_nftables(engine) or engine.release >= _OWN_DROP:
        return Filtering(
            True,
            f"{docker} filters what comes in itself, and lets in the ports that containers "
            "publish.",
        )
    policy = None if isinstance(host.firewall, Unknown) else host.firewall.forward_policy
    if policy == "DROP":
        return Filtering(
            True,
            f"{docker} filters what comes in itself, with the policy of the FORWARD chain (DROP), "
            "and lets in the ports that containers publish.",
        )
    now = f"is {policy} here" if policy else "cannot be read here"
    return Filtering(
        False,
        f"{docker} drops nothing itself: it relies on the policy of ip6tables' FORWARD chain, "
        f"which {now}.",
    )


def engine_forwards(engine: Engine) -> bool:
    """Return whether Docker switches forwarding on itself when the network is made.

    It closes FORWARD then only if forwarding was off (Docker Engine 28.0 release notes), so on
    such hosts the wizard leaves forwarding to it, and the host does not become a router for
    others. With the nftables backend it never does, and refuses the network while forwarding is
    off (seen on 29.7.2), from its next start where its configuration names that only since; with
    ``"ip-forward": false`` it leaves forwarding alone.
    """
    return (
        makes_ip6tables(engine)
        and engine.ip_forward
        and "nftables" not in engine.next_firewall_backend
        and engine.release >= ROUTED_GATEWAY
    )


def makes_ip6tables(engine: Engine) -> bool:
    """Return whether Docker makes rules for IPv6, and in tables of ip6tables."""
    return engine.manages_ip6tables and not uses_nftables(engine)


def uses_nftables(engine: Engine) -> bool:
    """Return whether Docker keeps its rules in tables of nftables, not of ip6tables."""
    return "nftables" in engine.firewall_backend
