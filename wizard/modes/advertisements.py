"""Interfaces that live by router advertisements, and how they go on hearing them."""

from wizard.host.filtering import engine_forwards
from wizard.host.host import Advertised, Manager, Origin, Sysctls, Unknown, Uplink
from wizard.host.known import KnownHost
from wizard.modes.plan_inputs import PlanInputs
from wizard.platform.text import clean_line, enumerated
from wizard.steps.sysctl import PATH
from wizard.steps.systemd_unit import SystemdUnit
from wizard.uplink import unit


def by_advertisement(uplink: Uplink) -> bool:
    """Return whether the uplink's route or an address of it comes by router advertisement.

    A host that forwards does not hear those, and an address that nobody renews runs out.
    """
    return uplink.route_origin is Origin.ADVERTISEMENT or any(
        address.origin is Origin.ADVERTISEMENT for address in uplink.addresses
    )


def advertised(host: KnownHost) -> tuple[Advertised, ...]:
    """Return every interface that lives by router advertisements, the uplink first."""
    uplink = host.uplink
    found = {each.interface: each for each in uplink.advertised}
    if by_advertisement(uplink):
        found[uplink.interface] = Advertised(uplink.interface, host.manager)
    return tuple(
        sorted(
            found.values(), key=lambda each: (each.interface != uplink.interface, each.interface)
        )
    )


def listening(host: KnownHost) -> tuple[str, ...]:
    """Return the interfaces on which the kernel itself must go on hearing advertisements.

    A program that listens for itself sets accept_ra to 0 there (systemd-networkd, NetworkManager
    and dhcpcd do), so the value tells. NetworkManager with ``ipv6.method=ignore`` leaves it to the
    kernel though it manages the interface.
    """
    return tuple(each.interface for each in advertised(host) if _kernel_listens(each, host))


def _kernel_listens(each: Advertised, host: KnownHost) -> bool:
    value = (
        None
        if isinstance(host.sysctls, Unknown)
        else host.sysctls.value("accept_ra", each.interface)
    )
    return each.manager.kernel_handles_advertisements if value is None else value != 0


def keep_listening(host: KnownHost, inputs: PlanInputs) -> SystemdUnit | None:
    """Return the step for the service that keeps interfaces listening and the host forwarding.

    The file of kernel parameters alone does not: ifupdown sets accept_ra anew whenever it brings
    an interface up, and sysctl(8) reads /etc/sysctl.conf after every other file. None where no
    interface has to listen, and nothing switches forwarding off.
    """
    interfaces = listening(host)
    off = host.sysctls.forwarding_off if isinstance(host.sysctls, Sysctls) else None
    if not interfaces:
        return _keep_forwarding(host, inputs, *off) if off else None
    shown = enumerated(map(clean_line, interfaces))
    return SystemdUnit(
        unit.PATH,
        unit.unit(interfaces, PATH, forwarding=not engine_forwards(host.engine)),
        inputs.files.get(unit.PATH),
        purpose=f"Keep {shown} listening to router advertisements",
        explanation=(
            "What configures the network may set accept_ra to another value later: ifupdown does "
            "whenever it brings an interface up, and so does a file of kernel parameters that is "
            "read after the wizard's. The routes and addresses of this host would then run out, "
            "perhaps long after today. This service sets it back at once, and asks the router for "
            "an advertisement where the default route is missing. It keeps IPv6 forwarding on, "
            "too: to switch that off, take the wizard's changes back."
        ),
    )


def _keep_forwarding(host: KnownHost, inputs: PlanInputs, path: str, line: int) -> SystemdUnit:
    return SystemdUnit(
        unit.PATH,
        unit.unit((), PATH, forwarding=not engine_forwards(host.engine)),
        inputs.files.get(unit.PATH),
        purpose="Keep IPv6 forwarding on",
        explanation=(
            f"Line {line} of {clean_line(path)} switches it off on this host whenever that file is "
            "read, as by “sysctl --system”, or “ufw reload” where it is ufw's, and no container "
            "would have IPv6 from then on. This service switches it on again within a second. To "
            "have it off, take the wizard's changes back."
        ),
    )


def left_alone(host: KnownHost) -> str | None:
    """Return what to say where a program, not the kernel, listens to router advertisements."""
    others = [each for each in advertised(host) if not _kernel_listens(each, host)]
    if not others:
        return None
    remark = " ".join(
        f"accept_ra is left alone on {clean_line(each.interface)}: "
        + (
            "it is 0, so the kernel does not hear router advertisements there, and forwarding "
            "changes nothing about that."
            if each.manager.kernel_handles_advertisements
            else f"{each.manager} listens to router advertisements there itself, which forwarding "
            "in the kernel does not stop."
        )
        for each in others
    )
    if any(each.manager is Manager.NETWORKD for each in others):
        remark += " Do not set IPv6Forwarding= in its own files, which would."
    return remark
