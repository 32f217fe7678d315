"""How kernel parameters stand beside what they were set to and what they were before."""

from collections.abc import Mapping, Sequence

from wizard.platform.system import System
from wizard.steps.actions import Diff, difference
from wizard.steps.comparing import Comparison, Found
from wizard.steps.kernel_parameters import FORWARDING, read


def found_values(
    system: System,
    old_values: Sequence[tuple[str, str]],
    wanted: Mapping[str, str],
    others: Sequence[str],
) -> tuple[Found, ...]:
    """Return how each parameter stands, in the order in which they are set back.

    Args:
        system: The host, which is only read.
        old_values: What they were before the wizard.
        wanted: What the wizard set of them.
        others: The Docker networks of others that have come to use IPv6 since.
    """
    seen = read(system, [key for key, _old in old_values])
    # Setting it for all sets it everywhere, which is nobody else's doing: where an undo that
    # was cut short began with that, the other values are taken back all the same.
    spread = seen.get(FORWARDING) != wanted.get(FORWARDING)
    found = []
    for key, old in old_values:
        now = seen.get(key)
        of_one = key != FORWARDING and key.endswith(".forwarding")
        if of_one and now == old:
            # Setting it back for all will change it, so it is looked at again after that.
            found += [] if others else [Found(key)]
            continue
        if now is None or now == old:
            if key in wanted:
                state = "not there any more" if now is None else f"{old} already, as before"
                found.append(Found(key, Comparison.GONE, f"{key} is {state}."))
            continue
        needed = _needed(key, now, old, others)
        if key in wanted and now != wanted[key] and not (spread and of_one):
            found.append(
                Found(
                    key,
                    Comparison.CHANGED,
                    f"{key} has been set to {now} by somebody else since.",
                    needed,
                    changed=_change(key, wanted[key], now),
                    back=_change(key, now, old),
                )
            )
        else:
            found.append(Found(key, needed=needed))
    return tuple(found)


def listens(key: str) -> bool:
    """Return whether a parameter says if an interface listens to router advertisements."""
    return key.endswith(".accept_ra")


def _needed(key: str, now: str, old: str, others: Sequence[str]) -> str:
    """Return why a value cannot be set back while other networks use IPv6, or nothing."""
    if others and listens(key):
        return (
            f"{key} stays at {now}: IPv6 forwarding stays on, and with {old} the host would lose "
            "the default route that its router advertises."
        )
    if others and key.endswith(".forwarding"):
        return f"IPv6 forwarding stays on, because the Docker network {others[0]} uses IPv6 too."
    return ""


def _change(key: str, before: str, after: str) -> Diff:
    return difference(key, f"{key} = {before}\n", f"{key} = {after}\n")
