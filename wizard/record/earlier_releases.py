"""What a set-up of an earlier release carries that this release does otherwise, from its record."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from wizard.platform.parameter_names import name
from wizard.platform.text import clean_line
from wizard.record.record import GENERATION, Record

Fault = Callable[[Record], Iterator[str]]

WAY_OUT = (
    "To be rid of this: take it back with “wizard --undo”, and set it up anew with “wizard”. "
    "This release does it otherwise, and takes back whole what the earlier one did."
)
"""What to type, after the sentences on what there is."""


def faults(record: Record) -> tuple[str, ...]:
    """Return, in sentences, what may go wrong with a set-up that an earlier release made.

    Each says what happens, and where there is one, what to type when it does.
    """
    if record.generation >= GENERATION or not record.state.in_force:
        return ()
    found = tuple(
        sentence
        for generation, fault in _FAULTS
        if record.generation < generation
        for sentence in _said(fault, record)
    )
    return (*found, WAY_OUT) if found else ()


def _said(fault: Fault, record: Record) -> tuple[str, ...]:
    try:
        return tuple(fault(record))
    except (AttributeError, LookupError, TypeError, ValueError):
        # A record that is damaged there says nothing that could be gone by.
        return ()


def _parameters(record: Record, kind: str) -> list[dict[str, Any]]:
    return [step.parameters for step in record.steps if step.kind == kind]


def _routed(record: Record) -> bool:
    return record.choices.get("mode") == "routed"


def _addresses(record: Record) -> Iterator[str]:
    network = clean_line(str(record.choices.get("network", "")))
    for step in _parameters(record, "attach"):
        if step.get("addresses"):
            yield (
                "The containers have fixed addresses inside the range from which Docker hands out "
                "others. After a reboot one of them may stay down with “Address already in use”. "
                "Then type, with the container's name: docker network disconnect --force "
                f"{network} NAME && docker start NAME && docker network connect {network} NAME"
            )


def _lost_network(record: Record) -> Iterator[str]:
    for step in _parameters(record, "docker-network"):
        create = next(
            (
                command
                for each in record.steps
                if each.kind == "docker-network"
                for command in each.commands
                if command.startswith("docker network create ")
            ),
            "",
        )
        network = clean_line(str(step.get("network", "")))
        yield (
            f"The network {network} is external to Compose, and nothing puts it back: after "
            "“docker compose down” a “docker system prune” or “docker network prune” removes it, "
            f"and “up” fails. Then type: {clean_line(create)}"
        )


def _program(record: Record) -> Iterator[str]:
    for step in _parameters(record, "systemd-unit"):
        started = re.search(r"^ExecStart=(.* -m wizard\.ndp\b.*)$", str(step.get("text")), re.M)
        if started:
            yield (
                "The service that answers for the containers when the router asks runs from the "
                f"folder in which the wizard was when it was set up ({clean_line(started[1])}). "
                "When that is moved, removed or upgraded, nobody answers any more, and whoever may "
                "write there can become root. Leave it where it is until this is taken back."
            )


def _filter(record: Record) -> Iterator[str]:
    for step in _parameters(record, "ip6tables"):
        if not step.get("masquerade", True) and not step.get("everything"):
            yield (
                "Nothing watches the packet filter: when somebody flushes it (“systemctl reload "
                "nftables”, “nft -f”, “ip6tables -F”, a firewall script), every port of the "
                "containers is open to the internet. After anything of the kind type: "
                "systemctl restart docker-ipv6-wizard.service"
            )
    if _routed(record) and not _parameters(record, "ip6tables"):
        yield (
            "That Docker closes the ports which are not published was believed, not tried: with "
            "“ip6tables” switched off in /etc/docker/daemon.json they are open to the internet. "
            "Look for a rule that drops: ip6tables -S | grep br-"
        )


def _advertisement(record: Record) -> Iterator[str]:
    by_sysctl = any(
        str(key).endswith(".accept_ra")
        for step in _parameters(record, "sysctl")
        for key, _value in step.get("values", ())
    )
    if by_sysctl or "router advertisement" in record.host.get("IPv6 uplink", ""):
        found = re.match(r"(\S+) ", record.host.get("IPv6 uplink", ""))
        accept_ra = name(clean_line(found[1]) if found else "UPLINK", "accept_ra")
        yield (
            "That this host goes on listening to router advertisements is set in /etc/sysctl.d "
            "at most, which ifupdown and a later file there overrule: after a reboot or “ifdown; "
            f"ifup” the host may lose its own IPv6 for good. Look with “sysctl {accept_ra}”. If "
            "the kernel handles advertisements there and it is not 2, type: sysctl -w "
            f"{accept_ra}=2 — Other interfaces "
            "that live by advertisement were not looked after at all."
        )


def _fixed_entries(record: Record) -> Iterator[str]:
    for step in _parameters(record, "neighbour-proxy"):
        uplink = clean_line(str(step.get("uplink", "")))
        yield (
            f"The entries that answer for the containers are lost when {uplink} goes down and up. "
            "Then type: systemctl restart docker-ipv6-wizard.service"
        )


def _published(record: Record) -> Iterator[str]:
    if not _routed(record) and not _parameters(record, "ip6tables"):
        yield (
            "Published ports pass the FORWARD chain over IPv6 now, not INPUT: one that the "
            "firewall closed in INPUT is open to the internet. Publish such a port on 127.0.0.1 "
            "in the Compose file."
        )


def _flushed(record: Record) -> Iterator[str]:
    if _routed(record) and not _parameters(record, "ip6tables"):
        yield (
            "Docker filters for these containers, and nothing closes their ports while somebody "
            "has flushed its rules (“systemctl reload nftables”, “nft -f”, “ip6tables -F”, a "
            "firewall script): all are open to the internet then. After anything of the kind type: "
            "systemctl restart docker"
        )


_FAULTS: tuple[tuple[int, Fault], ...] = (
    (2, _addresses),
    (2, _lost_network),
    (2, _program),
    (2, _filter),
    (2, _advertisement),
    (2, _fixed_entries),
    (2, _published),
    (3, _flushed),
)
"""Each with the first generation of records that is without it."""
