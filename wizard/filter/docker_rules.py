"""Whether Docker's own rules for a bridge are in force, and what stands in for them meanwhile.

Docker makes them when it starts and when a network is made, and never looks again. So whoever
flushes a ruleset, as a reload of nftables.service with Debian's own first line does, takes them
away until Docker is restarted: what the policy of FORWARD accepts then gets in to every port, and
where it drops, nothing gets out either.
"""

from __future__ import annotations

from wizard.filter.uplink_rules import is_closed
from wizard.platform import saved_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHAIN = "DOCKER-IPV6-WIZARD-STAND-IN"
"""The chain that stands in for Docker's; 28 characters are the most that a name may have."""

TABLE = "docker-bridges"
"""Docker's table where it keeps its rules in nftables (seen on 29.7.2)."""

_JUMP = f"-j {CHAIN}"


def stand(saved: str, bridge: str) -> bool:
    """Return whether FORWARD still leads to what Docker made for a bridge, by ``ip6tables-save``.

    Every release has a rule that leads from what goes to the bridge to the chain DOCKER: 26 and 27
    in FORWARD, 28 and later in a chain of Docker's own, and these have a rule in DOCKER that drops
    what none before it let in (seen on 26.1.5, 27.5.1, 28.5.2, 29.7.2).
    """
    chains, _policies = saved_rules.parse(saved, "filter")
    wanted = f"-o {bridge} -j DOCKER"
    for chain in led_to("FORWARD", chains):
        if wanted in map(str.strip, chains[chain]):
            ends = map(str.strip, chains.get("DOCKER", ()))
            return chain == "FORWARD" or _closing(bridge) in ends
    return False


def masquerade(saved: str, bridge: str) -> bool:
    """Return whether Docker's rule stands that hides what leaves a bridge."""
    chains, _policies = saved_rules.parse(saved, "nat")
    return any(
        f"! -o {bridge} " in rule and rule.endswith("-j MASQUERADE")
        for rule in chains.get("POSTROUTING", ())
    )


def names(listed: str, bridge: str) -> bool:
    """Return whether what nft lists of Docker's own table names a bridge."""
    return f'"{bridge}" : jump' in listed


def close(saved: str, uplink: str, bridge: str) -> bool:
    """Return whether rules other than the stand-in let nobody new in to a bridge by themselves."""
    own = f"-A FORWARD {_JUMP}"
    others = "".join(f"{line}\n" for line in saved.splitlines() if line.strip() != own)
    return is_closed(others, uplink, bridge)


def is_there(saved: str) -> bool:
    """Return whether anything of the stand-in is there."""
    return f":{CHAIN} " in saved


def stands_in(bridges: Sequence[str], saved: str, uplink: str) -> bool:
    """Return whether the stand-in is in force for these bridges, and before all else."""
    chains, _policies = saved_rules.parse(saved, "filter")
    first = [rule.strip() for rule in chains.get("FORWARD", ())][:1]
    there = [rule.strip() for rule in chains.get(CHAIN, ())]
    return first == [_JUMP] and there == _rules(bridges, uplink)


def stands_in_for(bridge: str, saved: str) -> bool:
    """Return whether the stand-in lets nobody in to a bridge."""
    chains, _policies = saved_rules.parse(saved, "filter")
    jumps = (rule.strip() for rule in chains.get("FORWARD", ()))
    return _JUMP in jumps and _closing(bridge) in map(str.strip, chains.get(CHAIN, ()))


def standing_in(bridges: Sequence[str], saved: str, uplink: str) -> str:
    """Return what ip6tables-restore takes for it: containers get out, and nobody new gets in."""
    rules = [f"-A {CHAIN} {rule}" for rule in _rules(bridges, uplink)]
    return _commit(saved, *rules, f"-I FORWARD {_JUMP}")


def taken_away(saved: str) -> str:
    """Return what ip6tables-restore takes so that it is gone."""
    return _commit(saved, f"-X {CHAIN}")


def led_to(first: str, chains: dict[str, list[str]]) -> Iterator[str]:
    """Yield the chains to which one leads, itself among them."""
    seen, waiting = set(), [first]
    while waiting:
        chain = waiting.pop()
        if chain in seen or chain not in chains:
            continue
        seen.add(chain)
        yield chain
        for rule in chains[chain]:
            words = rule.split()
            waiting += [words[at + 1] for at in range(len(words) - 1) if words[at] in ("-j", "-g")]


def _closing(bridge: str) -> str:
    return f"! -i {bridge} -o {bridge} -j DROP"


def _rules(bridges: Sequence[str], uplink: str) -> list[str]:
    """Return its rules: whether one gets in comes before what lets out from another bridge.

    Out is towards the internet alone: what keeps Docker's other networks apart is gone as well.
    """
    inward = [
        rule
        for bridge in bridges
        for rule in (
            f"-o {bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            _closing(bridge),
        )
    ]
    outward = [
        f"-i {bridge} -o {other} -j ACCEPT" for bridge in bridges for other in (uplink, bridge)
    ]
    return [*inward, *outward]


def _commit(saved: str, *lines: str) -> str:
    """Return one change of the filter table that begins with an empty chain to which none leads."""
    chains, _policies = saved_rules.parse(saved, "filter")
    jumps = [rule for rule in chains.get("FORWARD", ()) if rule.strip() == _JUMP]
    deleted = [f"-D FORWARD {_JUMP}" for _each in jumps]
    return "\n".join(["*filter", f":{CHAIN} - [0:0]", *deleted, *lines, "COMMIT", ""])
