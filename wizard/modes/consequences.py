"""What each mode means on a host, in sentences, for whoever has to choose between them."""

from wizard.answers import subprefixes
from wizard.answers.choices import Mode
from wizard.host import filtering
from wizard.host.host import Host, Unknown


def consequences(mode: Mode, host: Host) -> tuple[str, ...]:
    """Return what the mode means on this host, the most important first."""
    return _public(host) if mode is Mode.ROUTED else _private(host)


def catch(mode: Mode, host: Host) -> str:
    """Return what somebody may regret who chooses the mode on this host."""
    if mode is Mode.ULA:
        return (
            "The catch with private addresses: by the rules (RFC 6724) they rank below IPv4, so a "
            "server that has both is reached over IPv4. Mastodon tries IPv6 first all the same. "
            "Other programs can be told to in Debian images (/etc/gai.conf of glibc), but not in "
            "Alpine ones (musl)."
        )
    answer = ""
    if not isinstance(host.uplink, Unknown):
        answer = f" on {host.uplink.interface}"
    return (
        "The catch with public addresses: no translation stands between a container and the "
        "internet any more, only the packet filter. And if the provider's router asks for each "
        f"address{answer}, something on this host has to answer as long as the containers run."
    )


def _private(host: Host) -> tuple[str, ...]:
    own = "the address of this host"
    if not isinstance(host.uplink, Unknown) and host.uplink.addresses:
        own = f"this host's own address ({host.uplink.addresses[0].interface.ip})"
    rules, but = "The packet filter rules for it are made.", ""
    if not isinstance(host.engine, Unknown):
        version = f"Docker {host.engine.version}"
        rules = (
            f"{version} makes the rules for this itself."
            if host.engine.manages_ip6tables
            else f"{version} makes no rules for IPv6, so the wizard adds them, also for after "
            "a reboot."
        )
    if not isinstance(host.engine, Unknown) and host.engine.manages_ip6tables:
        but = ", but to the ports that they publish on every address of this host"
    return (
        f"Containers get addresses that mean something on this host alone, and go out with {own}.",
        f"They reach the IPv6 internet, and nobody outside can connect to them{but}.",
        rules,
    )


def _public(host: Host) -> tuple[str, ...]:
    prefix = "your provider's prefix"
    usable = subprefixes.usable(host)
    if usable:
        prefix = f"your provider's prefix {usable[0]}"
    return (
        f"Each container gets an address of its own out of {prefix}. The whole internet can reach "
        "it there, and sees it by that address.",
        "Such addresses rank above IPv4, so servers with both are reached over IPv6.",
        _filter(host),
    )


def _filter(host: Host) -> str:
    if isinstance(host.engine, Unknown):
        return "What comes in is filtered: what containers publish is let in."
    found = filtering.of_routed(host)
    if found.by_engine:
        return found.reason
    return (
        f"{found.reason.rstrip('.')}, so the wizard adds rules: ping and the ports that containers "
        "publish come in, unless you choose otherwise."
    )
