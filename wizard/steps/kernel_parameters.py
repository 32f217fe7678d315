"""Parameters of the kernel: how they are called, read and written, now and in a file."""

import re
from collections.abc import Iterable, Mapping, Sequence

from wizard.platform.parameter_names import name
from wizard.platform.system import System
from wizard.steps.actions import Run

FORWARDING = "net.ipv6.conf.all.forwarding"

# Setting all.forwarding sets it on every interface (kernel, ip-sysctl.rst).
_EVERY_FORWARDING = r"^net\.ipv6\.conf\.[^.]+\.forwarding$"

_GROUPS = "/proc/sys/net/ipv6/conf"
# By grep(1), for sysctl(8) with a pattern reads every parameter that there is.
_FORWARDING_NOW = ("grep", "--recursive", "--include=forwarding", "", _GROUPS)


def parts(key: str) -> tuple[str, str, str]:
    """Return kind, group and parameter of a name that :func:`name` made."""
    kind, _, rest = key.removeprefix("net.ipv6.").partition(".")
    group, _, parameter = rest.rpartition(".")
    return kind, group.replace("/", "."), parameter


def renamed(
    before: Iterable[tuple[str, str]], wanted: Iterable[tuple[str, str]], now: Mapping[str, str]
) -> dict[str, str]:
    """Return which interface has which other name by now, by its old name.

    It is one that is gone, and whose parameters are wanted of one that was not there before: with
    its new name it still has the values that it was given under its old one.

    Args:
        before: The values from before, by their names of then.
        wanted: The values that are wanted, by their names of today.
        now: What there is of both.
    """
    known = {key for key, _value in before}
    gone = {key for key in known if key not in now}
    names: dict[str, str] = {}
    for key, _value in wanted:
        kind, group, parameter = parts(key)
        old = [each for each in map(parts, gone) if (each[0], each[2]) == (kind, parameter)]
        if key not in known and len(old) == 1:
            names[old[0][1]] = group
    return names


def with_names(key: str, names: Mapping[str, str]) -> str:
    """Return the name of a parameter, of an interface that may have another name by now."""
    kind, group, parameter = parts(key)
    return name(names.get(group, group), parameter, kind)


def relied_on(values: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return values without those of one interface for which that of all stands in.

    The kernel answers for a neighbour where either is set (ndisc.c), and systemd-networkd sets
    an interface's own to 0 whenever it configures it (IPv6ProxyNDP= of systemd.network(5)).
    """
    found = dict(values)
    everywhere = name("all", "proxy_ndp")
    if found.get(everywhere) != "1":
        return found
    return {
        key: value
        for key, value in found.items()
        if key == everywhere or parts(key)[2] != "proxy_ndp"
    }


def read(system: System, keys: list[str]) -> dict[str, str]:
    """Return the values of those parameters that there are."""
    return _parse(system.run(("sysctl", "--ignore", *keys)).output)


def write(key: str, value: str) -> Run:
    """Return the command that sets a parameter."""
    return Run(("sysctl", "--write", f"{key}={value}"))


def forwarding_now(system: System) -> dict[str, str]:
    """Return whether each interface forwards, by the name of its parameter."""
    said = system.run(_FORWARDING_NOW).output
    found = re.findall(rf"^{_GROUPS}/([^/\n]+)/forwarding:(\d+)$", said, re.MULTILINE)
    return {name(group, "forwarding"): value for group, value in found}


def forwarding_in(live: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return those of some values that say whether an interface forwards, that for all first.

    Nothing where that for all is not among them. It sets every interface, so who puts them back
    begins with it.
    """
    found = {key: value for key, value in live.items() if re.match(_EVERY_FORWARDING, key)}
    if FORWARDING not in found:
        return ()
    return tuple(sorted(found.items(), key=lambda each: each[0] != FORWARDING))


def _parse(output: str) -> dict[str, str]:
    return dict(re.findall(r"^(\S+) = (.*)$", output, re.MULTILINE))


def file_text(several: Sequence[Sequence[tuple[str, str]]]) -> str:
    """Return the text of the file for the values of several set-ups, in whatever order."""
    distinct = list(dict.fromkeys(map(tuple, several)))
    values = {key: value for each in distinct for key, value in each}
    # What is set in one go keeps its order: accept_ra must come before what forwards.
    keys = list(values) if len(distinct) == 1 else sorted(values, key=_rank)
    settings = "".join(f"{key} = {values[key]}\n" for key in keys)
    return f"# IPv6 for containers. Written by the wizard; wizard --undo removes it.\n{settings}"


_RANK = ("accept_ra", "all.forwarding", "default.forwarding", "proxy_ndp", "proxy_delay")


def _rank(key: str) -> tuple[int, bool, str]:
    place = next((place for place, end in enumerate(_RANK) if key.endswith(end)), len(_RANK))
    return place, ".all." in key, key
