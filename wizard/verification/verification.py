"""Looks at every aspect before and after a change, until nothing is on its way any more."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from wizard.answers.moved_prefix import moved
from wizard.answers.projects import project_if_any, project_of
from wizard.host import gateway_mode
from wizard.host.host import Host, Unknown
from wizard.modes.shared import chosen_containers
from wizard.plan.planning import Plan
from wizard.platform import later
from wizard.platform.errors import StepFailed
from wizard.platform.system import System
from wizard.verification.aspect import Aspect, Facts, lost
from wizard.verification.containers import Containers
from wizard.verification.from_outside import FromOutside, expected
from wizard.verification.host import HostRoutes
from wizard.verification.kept_closed import KeptClosed
from wizard.verification.nearby import Nearby
from wizard.verification.next_boot import NextBoot
from wizard.verification.peers import Peers
from wizard.verification.published_ports import PublishedPorts
from wizard.verification.way_out import WayOut
from wizard.verification.way_out_ipv4 import WayOutIpv4

PATIENCE = 10.0
"""Seconds that a thing has to come back, or to settle, after the last step."""

CHECKING = "Checking that this host and its containers have all they had …"
"""What is said while everything is looked at once more."""

_POLL = 0.2


class Verification:
    """Looks at several aspects as one."""

    def __init__(self, aspects: Sequence[Aspect]) -> None:
        self._aspects = tuple(aspects)

    def look(self) -> Facts:
        """Return everything that there is now; what answers late is waited for side by side."""
        later.load()
        found: dict[str, str] = {}
        with ThreadPoolExecutor(len(self._aspects) or 1) as threads:
            for facts in threads.map(lambda aspect: aspect.look(), self._aspects):
                found |= facts
        return found

    def obstacles(self) -> Sequence[str]:
        """Return, after the first look, why the change had better not begin, in sentences."""
        return [each for aspect in self._aspects for each in aspect.obstacles()]

    def settle(self) -> None:
        """Wait until nothing is on its way any more, for :data:`PATIENCE` at most."""
        deadline = time.monotonic() + PATIENCE
        while any(aspect.unsettled() for aspect in self._aspects) and time.monotonic() < deadline:
            time.sleep(_POLL)

    def check(self, before: Facts, say: Callable[[str], None]) -> None:
        """Wait until everything that there was is there, nothing is wrong, and all is settled.

        ``say`` is told in a sentence what is looked at or waited for.

        Raises:
            StepFailed: that is not so after :data:`PATIENCE`.
        """
        deadline, said = time.monotonic() + PATIENCE, ""
        while True:
            # First what is on its way: what settles meanwhile is looked at in the next round.
            unsettled = [each for aspect in self._aspects for each in aspect.unsettled()]
            if unsettled and time.monotonic() <= deadline:
                more = f", and {len(unsettled) - 1} more" if len(unsettled) > 1 else ""
                waiting = f"Waiting until this has settled: {unsettled[0]}{more} …"
                if waiting != said:
                    say(said := waiting)
                # All the rest takes a while, and would have to be looked at once more.
                time.sleep(_POLL)
                continue
            if said != CHECKING:
                say(said := CHECKING)
            gone = lost(before, self.look())
            faults = [each for aspect in self._aspects for each in aspect.faults()]
            if not (unsettled or gone or faults):
                return
            if time.monotonic() > deadline:
                raise StepFailed(_in_words(gone, faults, unsettled))
            time.sleep(_POLL)


def verification_of(
    system: System, plan: Plan, host: Host, today: Host | None = None
) -> Verification:
    """Return what looks at all that a plan could harm on a host.

    ``today`` is the host with what goes in the same change, where that is another one.
    """
    choices = plan.choices
    identifiers = frozenset(each.id for each in project_of(host, choices).containers)
    changing = _networks(today or host) - _networks(host)
    return Verification(
        (
            HostRoutes(system, choices.target, bridges_of(today or host)),
            Containers(system, identifiers),
            NextBoot(),
            PublishedPorts(system, (loss.name for loss in plan.losses)),
            Peers(system, identifiers, changing),
            KeptClosed(host, plan),
            FromOutside(system, choices.network, expected(host, choices)),
            WayOut(host, choices),
            WayOutIpv4(host, choices),
            Nearby(today or host, choices, changing),
        )
    )


def verification_of_repair(system: System, plan: Plan, host: Host) -> Verification:
    """Return what looks at all that a repair could harm.

    Args:
        system: The host.
        plan: The choices and the steps of the run that is mended.
        host: The host before the repair; where no chosen container runs, nobody can get out, and
            where the provider gave another prefix, or Docker hides the network, nobody is seen as
            was set up before that is followed.
    """
    choices = plan.choices
    project = project_if_any(host, choices)
    identifiers = frozenset(each.id for each in project.containers) if project else frozenset()
    runs = project is not None and bool(chosen_containers(host, choices))
    fits = moved(choices, host) is None and gateway_mode.hides(host, choices.network) is None
    runs = runs and (fits or not choices.mode.addresses.public)
    return Verification(
        (
            HostRoutes(system, choices.target, bridges_of(host)),
            Containers(system, identifiers),
            NextBoot(),
            PublishedPorts(system, choices.accepted),
            Peers(system, identifiers),
            *([KeptClosed(host, plan)] if project else []),
            *([FromOutside(system, choices.network, expected(host, choices))] if runs else []),
            *([WayOut(host, choices)] if runs else []),
            *([WayOutIpv4(host, choices), Nearby(host, choices)] if project else []),
        )
    )


def _networks(host: Host) -> set[str]:
    return set() if isinstance(host.networks, Unknown) else {each.name for each in host.networks}


def bridges_of(host: Host) -> set[str]:
    """Return the interfaces of the Docker networks that a host has."""
    networks = () if isinstance(host.networks, Unknown) else host.networks
    return {network.bridge for network in networks if network.bridge}


def _in_words(gone: Sequence[str], faults: Sequence[str], unsettled: Sequence[str]) -> str:
    sentences = []
    if gone:
        sentences.append(
            "Every step was done, but then something was missing that was there before: "
            f"{'; '.join(gone)}."
        )
    sentences += faults
    if unsettled and not sentences:
        sentences.append(
            f"Every step was done, but this did not settle in time: {'; '.join(unsettled)}."
        )
    return " ".join(sentences)
