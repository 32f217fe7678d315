"""What stands in the way on a host: one list, for the host screen, every plan and every apply."""

from collections.abc import Callable, Iterator

from wizard.answers import firewalls
from wizard.answers.choices import Choices, Proxy
from wizard.host import deprecated, unfit_network
from wizard.host.host import ComposeProject, Host, Outward, Sysctls, Unknown
from wizard.host.obstacle import Cause, Obstacle
from wizard.host.own_objects import in_the_way
from wizard.host.parts import docker_engine
from wizard.platform.local_time import local_time
from wizard.platform.text import clean_line
from wizard.record.record import State, words_of

GO_ON_BY_FILE = (
    " To continue all the same, write “unproven = true” below [choices] into an answers file, and "
    "start “wizard --answers FILE”."
)
"""How to go on without a way out where nobody can be asked."""

Finder = Callable[[Host, Choices | None], Iterator[Obstacle]]
"""Yields what stands in the way on a host; the choices may be open yet."""


def obstacles(host: Host, choices: Choices | None = None) -> tuple[Obstacle, ...]:
    """Return what stands in the way on this host. With any of these nothing can be planned."""
    return tuple(dict.fromkeys(each for find in FINDERS for each in find(host, choices)))


def set_up_before(host: Host, project: str) -> tuple[Obstacle, ...]:
    """Return what was set up for a project before, and stands in the way of doing it again."""
    return tuple(_earlier(host, Choices(project=project)))


def where_it_is(host: Host, project: ComposeProject) -> str:
    """Return the folder of a project, and whether it is set up already, to choose by."""
    already = ", set up already" if set_up_before(host, project.name) else ""
    return f"{clean_line(str(project.directory))}{already}"


def _not_known(part: Unknown, meaning: str = "") -> Obstacle:
    return Obstacle(part.cause, f"{part.reason} {meaning}".rstrip())


def _debian(host: Host, _choices: Choices | None) -> Iterator[Obstacle]:
    if isinstance(host.debian, Unknown):
        yield _not_known(host.debian)


def _engine(host: Host, _choices: Choices | None) -> Iterator[Obstacle]:
    if isinstance(host.engine, Unknown):
        yield _not_known(host.engine)
        return
    yield from docker_engine.obstacles(host.engine)
    if isinstance(host.networks, Unknown):
        yield _not_known(host.networks)
    if not host.engine.manages_ip6tables and isinstance(host.ip6tables, Unknown):
        yield _not_known(host.ip6tables, "Without it the wizard can make no rules.")


def _uplink(host: Host, _choices: Choices | None) -> Iterator[Obstacle]:
    if isinstance(host.sysctls, Sysctls) and host.sysctls.disabled:
        yield Obstacle(
            Cause.IPV6_OFF,
            "IPv6 is switched off on this host, by net.ipv6.conf.all.disable_ipv6=1 or by "
            "ipv6.disable=1 on the kernel's command line.",
            "Switch it on, set up the uplink, and start the wizard again.",
        )
    elif isinstance(host.uplink, Unknown):
        yield _not_known(host.uplink)


def _deprecated(host: Host, _choices: Choices | None) -> Iterator[Obstacle]:
    yield from deprecated.obstacles(host)


def _unfit_network(host: Host, choices: Choices | None) -> Iterator[Obstacle]:
    answers = choices is not None and (
        choices.mode.addresses.public and choices.proxy in (Proxy.SERVICE, Proxy.FIXED)
    )
    yield from unfit_network.obstacles(host, answers)


def _earlier(host: Host, choices: Choices | None) -> Iterator[Obstacle]:
    if host.root and isinstance(host.earlier, Unknown):
        yield Obstacle(Cause.RECORD_UNREADABLE, host.earlier.reason)
    for each in in_the_way(host, choices.project if choices else None):
        whose = f" for {each.project}" if each.project else ""
        name = f" {each.project}" if each.project else ""
        yield Obstacle(
            Cause.EARLIER_RUN,
            f"An earlier run of the wizard{whose} is on this host "
            f"({words_of(each.state)}, started {local_time(each.started)}).",
            _seen_to(each.state, name),
        )


def _seen_to(state: str, name: str) -> str:
    """Return what to do about a run before another; ``name`` is put after a verb."""
    back = f"with “wizard --undo{name}”; “wizard --status” tells what it did."
    if state == State.UNCONFIRMED:
        return f"Keep it, with “wizard --keep”, or take it back, {back}"
    # Beside one of which nobody knows for which project it is, no other begins.
    if state == State.APPLIED and name:
        return (
            f"“wizard --change{name}” gives it other answers. To begin anew take it back first, "
            f"{back} Another Compose project can be set up beside it, once its containers run."
        )
    return f"Take it back first, {back}"


def _outward(host: Host, choices: Choices | None) -> Iterator[Obstacle]:
    unproven = choices is not None and choices.unproven
    if any(_uplink(host, choices)) or any(firewalls.ufw(host)):
        # Why it does not is said there.
        return
    if isinstance(host.outward, Outward) and not (host.outward.works or unproven):
        yield no_way_out(host.outward.evidence)


def no_way_out(evidence: str) -> Obstacle:
    """Return what to say where the host itself reaches nobody over IPv6."""
    return Obstacle(
        Cause.NO_WAY_OUT,
        f"The host itself does not get out over IPv6 ({evidence}). Its containers will not either "
        "until it does, and whether they work could not be tried.",
        "Put that right first. If another address does answer this host, name it with “wizard "
        f"--target ADDRESS”.{GO_ON_BY_FILE}",
    )


FINDERS: tuple[Finder, ...] = (
    _debian,
    _engine,
    _uplink,
    _deprecated,
    _unfit_network,
    _earlier,
    _outward,
    firewalls.obstacles,
)
"""Everything that may stand in the way, in the order in which it is said."""
