"""Does it work? Looks from inside every container, and says so in a table or in JSON."""

import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Any

from wizard.platform.text import clean_line
from wizard.probes import conntrack, findings
from wizard.probes.answer import Answer, Failure, Request
from wizard.probes.conntrack import Flow
from wizard.probes.findings import Finding
from wizard.probes.namespace import namespace_of, run_probes
from wizard.probes.path import Path, Seen, path_of

_WIDTH = 80
_NAME_WIDTH = 26


@dataclass(frozen=True)
class ContainerTarget:
    """A container to look into: its name, and the process id of its first process on the host."""

    name: str
    pid: int


@dataclass(frozen=True)
class Question:
    """What to find out.

    ``prefix`` is where containers should have an address (None: any global one). ``target`` is
    asked for an echo, for TCP on ``target_port`` and for the hops. ``address_service`` is an
    address and TCP port where a service tells its visitors their address. ``accepts_host`` is
    whether the target accepts connections of this host, so that whoever refuses is another.
    ``host`` is whether this host itself reaches the target. No name is ever looked up.
    """

    prefix: IPv6Network | None
    target: IPv6Address | None
    target_port: int | None = None
    address_service: tuple[IPv6Address, int] | None = None
    hop_count: int = 16
    accepts_host: bool = False
    host: Finding | None = None


@dataclass(frozen=True)
class ContainerReport:
    """What was found inside one container. See :mod:`wizard.probes.findings`."""

    name: str
    address: Finding
    default_route: Finding
    gateway_echo: Finding
    target_echo: Finding
    tcp: Finding
    source_kernel: Finding
    source_seen: Finding
    hops: Finding
    preferred_family: Finding
    translated: bool | None = None
    """Whether others see another source address than the container's own; None if unknown."""
    path: Path | None = None
    """The way to the target; None where nothing could be measured."""


def check(
    targets: Sequence[ContainerTarget], question: Question, timeout: float = 2.0
) -> tuple[ContainerReport, ...]:
    """Look into all containers side by side, and return their reports in the same order.

    Args:
        targets: the containers. One that is gone gets findings that say so.
        question: what to find out.
        timeout: how many seconds to wait for an answer to a packet. The whole takes at most
            twice that (addresses may still be under duplicate address detection) and a little
            for starting the probes, however many containers there are and whatever they do.
    """
    requests = [_request(question, timeout, namespace_of(target.pid)) for target in targets]
    answers = run_probes(requests, _deadline(timeout, len(targets)))
    return tuple(
        _report(target.name, answer, question, timeout)
        for target, answer in zip(targets, answers, strict=True)
    )


@dataclass(frozen=True)
class HostWay:
    """How the host itself reaches a target: by an echo, and by TCP where a port was chosen."""

    echo: Finding
    tcp: Finding
    outward: Finding
    """Whether it does at all, with the words that say most."""
    accepts: bool = False
    """Whether the target accepted the connection."""


def host_way(target: IPv6Address, timeout: float = 2.0, port: int | None = None) -> HostWay:
    """Find out how the host itself reaches the target over IPv6."""
    question = Question(prefix=None, target=target, target_port=port, hop_count=0)
    (answer,) = run_probes([_request(question, timeout, None)], _deadline(timeout, 1))
    if "failed" in answer:
        unknown = Finding(None, f"unknown: {clean_line(answer['failed'])}")
        return HostWay(unknown, unknown, unknown)
    try:
        echo = findings.target_echo(answer, timeout)
        tcp = findings.tcp(answer["tcp"], timeout, echo)
        accepts = answer["tcp"] is not None and answer["tcp"]["outcome"] == "connected"
        return HostWay(echo, tcp, _outward(answer, echo, tcp), accepts)
    except (KeyError, TypeError, ValueError):
        unknown = Finding(None, "unknown: the probe's answer makes no sense")
        return HostWay(unknown, unknown, unknown)


def host_outward(target: IPv6Address, timeout: float = 2.0, port: int | None = None) -> Finding:
    """Say whether the host itself reaches the target over IPv6, by an echo or by TCP on port."""
    return host_way(target, timeout, port).outward


def answers_echo_alone(way: HostWay) -> bool:
    """Return whether a target answers this host's echo, and nothing on the TCP port.

    Such a target says nothing of a container by TCP.
    """
    return bool(way.echo.ok) and not way.tcp.ok


def passed(report: ContainerReport) -> bool:
    """Return whether the container has working IPv6.

    It has an address and a default route, and the target was reached: by TCP if a port was
    chosen, else by an echo. Without a target it is the router that must answer.
    """
    if not (report.address.ok and report.default_route.ok):
        return False
    decisive = (report.tcp, report.target_echo, report.gateway_echo)
    return next((bool(finding.ok) for finding in decisive if finding.ok is not None), False)


def as_table(reports: Sequence[ContainerReport]) -> str:
    """Return the reports as plain text of at most 80 columns: an overview, then each in full."""
    if not reports:
        return "No container to check.\n"
    lines = [_row("Container", "Works", "Address", "Route", "Router", "Target", "TCP")]
    for one in reports:
        columns = (one.address, one.default_route, one.gateway_echo, one.target_echo, one.tcp)
        lines.append(_row(one.name, _verdict(one), *(_word(each) for each in columns)))
    for one in reports:
        lines += ["", *_wrap("", f"{one.name} (works: {_verdict(one)})")]
        for label, finding in _labelled(one):
            lines += _wrap(f"  {label:<16}", finding.words)
            for more in finding.lines if finding is not one.preferred_family else ():
                lines += _wrap(" " * 18, more)
    # The same sentences hold for most containers: each is said once, at the end.
    for sentences in dict.fromkeys(one.preferred_family.lines for one in reports):
        for sentence in sentences:
            lines += ["", *textwrap.wrap(sentence, _WIDTH)]
    return "\n".join(lines) + "\n"


def plain(reports: Sequence[ContainerReport]) -> list[dict[str, Any]]:
    """Return the reports as values that JSON can hold; each has ``passed`` beside its findings."""
    return [{"passed": passed(one), **asdict(one)} for one in reports]


def _deadline(timeout: float, count: int) -> float:
    return 2 * timeout + 3 + 0.2 * count


def _request(question: Question, timeout: float, namespace: str | None) -> Request:
    service = question.address_service
    return {
        "namespace": namespace,
        "target": str(question.target) if question.target else None,
        "target_port": question.target_port,
        "address_service": str(service[0]) if service else None,
        "address_service_port": service[1] if service else 0,
        "hop_count": question.hop_count,
        "timeout": timeout,
    }


def _report(
    name: str, answer: Answer | Failure, question: Question, timeout: float
) -> ContainerReport:
    if "failed" in answer:
        return _unknown(name, findings.failure_words(answer["failed"], answer["errno"]))
    try:
        left_as = _left_as(answer, question)
        target_echo = findings.target_echo(answer, timeout)
        found = ContainerReport(
            name=clean_line(name),
            address=findings.address(answer, question.prefix),
            default_route=findings.default_route(answer),
            gateway_echo=findings.gateway_echo(answer, timeout),
            target_echo=target_echo,
            tcp=findings.tcp(
                answer["tcp"], timeout, target_echo, accepts_host=question.accepts_host
            ),
            source_kernel=findings.source_kernel(answer, question.prefix),
            source_seen=findings.source_seen(answer, left_as, timeout),
            hops=findings.hops(answer) if question.target else findings.NOT_ASKED,
            preferred_family=findings.preferred_family(answer, question.target),
            translated=_translated(answer, left_as),
        )
        return replace(found, path=_path(found, answer, question, left_as))
    except (KeyError, TypeError, ValueError):
        return _unknown(name, "the probe's answer makes no sense")


def _path(
    found: ContainerReport, answer: Answer, question: Question, left_as: IPv6Address | None
) -> Path | None:
    if question.target is None:
        return None
    decisive = found.tcp if found.tcp.ok is not None else found.target_echo
    answered = [each["echo"]["sender"] for each in answer["hops"] if each["echo"]["sender"]]
    route = answer["default_route"]
    gateway = route["gateway"] if route else None
    beyond = [each for each in answered if each not in (gateway, str(question.target))]
    seen = Seen(
        found.address,
        found.default_route,
        found.gateway_echo,
        replace(decisive, ok=passed(found)),
        clean_line(beyond[-1]) if beyond else "",
        question.host,
    )
    return path_of(
        seen,
        clean_line(answer["source"]["address"] or "") if found.address.ok else "",
        str(_seen_as(answer, left_as) or ""),
        str(question.target),
        decisive.words.partition(" in ")[2] if decisive.ok else "",
    )


def _unknown(name: str, reason: str) -> ContainerReport:
    unknown = Finding(None, f"unknown: {reason}")
    others = ("name", "translated", "path")
    found: dict[str, Any] = {
        each.name: unknown for each in fields(ContainerReport) if each.name not in others
    }
    return ContainerReport(name=clean_line(name), **found)


def _left_as(answer: Answer, question: Question) -> IPv6Address | None:
    """Return the source with which what the probe sent left this host, if the kernel knows."""
    source, target = answer["source"]["address"], question.target
    if source is None or target is None or answer["own_namespace"]:
        return None
    flows = []
    if answer.get("tcp_port") and question.target_port:
        flows.append(Flow(IPv6Address(source), target, answer["tcp_port"], question.target_port))
    if answer.get("echo_identifier"):
        flows.append(Flow(IPv6Address(source), target, answer["echo_identifier"]))
    return next(filter(None, map(conntrack.seen_source, flows)), None)


def _translated(answer: Answer, left_as: IPv6Address | None) -> bool | None:
    source, seen = answer["source"]["address"], _seen_as(answer, left_as)
    return None if seen is None or source is None else str(seen) != source


def _seen_as(answer: Answer, left_as: IPv6Address | None) -> IPv4Address | IPv6Address | None:
    service = answer["address_service"]
    told = findings.address_in(service["text"]) if service else None
    return told or left_as


def _outward(answer: Answer, echo: Finding, tcp: Finding) -> Finding:
    if echo.ok:
        return echo
    if tcp.ok:
        return Finding(True, f"TCP {tcp.words}")
    if answer["source"]["address"] is None:
        return Finding(False, findings.source_kernel(answer, None).words)
    return echo if echo.ok is not None or tcp.ok is None else tcp


def _labelled(report: ContainerReport) -> tuple[tuple[str, Finding], ...]:
    return (
        ("address", report.address),
        ("default route", report.default_route),
        ("router", report.gateway_echo),
        ("target", report.target_echo),
        ("TCP", report.tcp),
        ("source", report.source_kernel),
        ("seen by others", report.source_seen),
        ("hops", report.hops),
        ("dual-stack name", report.preferred_family),
    )


def _row(name: str, *columns: str) -> str:
    shown = name if len(name) <= _NAME_WIDTH else name[: _NAME_WIDTH - 1] + "…"
    return (f"{shown:<{_NAME_WIDTH}}" + "".join(f"  {column:<7}" for column in columns)).rstrip()


def _verdict(report: ContainerReport) -> str:
    if report.address.ok is None:
        return "unknown"
    return "yes" if passed(report) else "no"


def _word(finding: Finding) -> str:
    if finding.ok is None:
        return "untried" if finding.words.startswith("not ") else "unknown"
    return "yes" if finding.ok else "no"


def _wrap(start: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=start,
        subsequent_indent=" " * (len(start) or 2),
        break_on_hyphens=False,
        drop_whitespace=True,
    ) or [start.rstrip()]
