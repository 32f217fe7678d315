"""How each thing that a step left stands at a later time, and what would put it back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import PurePath

from wizard.platform.files import Masked
from wizard.platform.system import FileState, System
from wizard.platform.text import clean, clean_line
from wizard.program import switched_off
from wizard.steps import objects
from wizard.steps.actions import Diff, Run, WriteFile, difference
from wizard.steps.objects import Object

_UNITS = PurePath("/etc/systemd/system")


class Condition(StrEnum):
    """How a step, or one thing of it, stands."""

    IN_EFFECT = "in effect"
    MISSING = "missing"
    """It is gone, or as it was before the wizard."""
    CHANGED = "changed by somebody"
    """And it is theirs to say what becomes of it."""


@dataclass(frozen=True)
class Part:
    """One thing that a step left. The host was only read."""

    name: str
    """The path of a file, or what tells an object from all others."""
    condition: Condition = Condition.IN_EFFECT
    words: str = ""
    """How it stands, in a sentence; empty where it is in effect."""
    changed: Diff | None = None
    """From what the step left to what somebody made of it."""
    masks: tuple[Object, ...] = ()
    """Masks that have to go first."""
    file: WriteFile | None = None
    """What puts a file back."""
    found: Object | None = None
    """An object as it is now."""
    wanted: Object | None = None
    """The same as it is put back."""
    asked: tuple[Run, ...] = ()
    """Commands that change nothing and must succeed before it is put back."""

    @property
    def mendable(self) -> bool:
        """Whether it is not in effect and can be put back."""
        there = self.file is not None or self.wanted is not None
        return there and self.condition is not Condition.IN_EFFECT


def worst(parts: Iterable[Part]) -> Condition:
    """Return how a whole step stands, of which these are the parts."""
    found = {part.condition for part in parts}
    order = (Condition.CHANGED, Condition.MISSING)
    return next((each for each in order if each in found), Condition.IN_EFFECT)


def of_file(
    system: System, action: WriteFile, old: FileState | None, known: Iterable[str] = ()
) -> Part:
    """Compare a file with what the step wrote.

    Args:
        system: The host.
        action: What the step writes.
        old: The file as it was before the wizard.
        known: Texts that the wizard itself wrote there besides.

    Raises:
        OSError: it cannot be read.
    """
    path, after = action.path, action.after
    shown = clean(path)
    again = WriteFile(path, None, after)
    try:
        now = system.read(path)
    except Masked:
        masks = (Object("mask", path, "masked"),)
        words = switched_off.masked(path)
        return Part(path, Condition.CHANGED, words, masks=masks, file=again)
    if now is None:
        words = f"{shown} is not there any more."
        return Part(path, Condition.MISSING, words, file=again)
    if now.text == after.text:
        return Part(path)
    again = WriteFile(path, now, replace(now, text=after.text))
    if old is not None and now.text == old.text:
        words = f"{shown} is again as it was before the wizard."
        return Part(path, Condition.MISSING, words, file=again)
    if now.text in known:
        return Part(path, Condition.MISSING, f"{shown} is not right any more.", file=again)
    words = f"{shown} has been changed by somebody else since."
    since = difference(path, after.text, now.text)
    return Part(path, Condition.CHANGED, words, since, file=again)


def of_object(system: System, wanted: Object, original: Mapping[str, str] | None = None) -> Part:
    """Compare an object with what the step left.

    Args:
        system: The host.
        wanted: What the step left.
        original: Values from before the wizard, by the names of objects, where those tell. What
            is not among them has none of ours.

    Raises:
        StepFailed: a command that looks failed.
        OSError: a file cannot be read.
    """
    found = objects.now(system, wanted)
    if found == wanted:
        return Part(wanted.shown)
    taken = original is not None and original.get(wanted.name, found.value) == found.value
    changed = not taken and objects.is_changed(found, wanted)
    condition = Condition.CHANGED if changed else Condition.MISSING
    words = _words(system, found, wanted, changed)
    if wanted.kind == "parameter" and found.value is None:
        return Part(wanted.shown, condition, words)
    since = None
    if changed and wanted.kind in ("chain", "network"):
        texts = [f"{each.value}\n".replace(" --", "\n  --") for each in (wanted, found)]
        since = difference(wanted.name, *texts)
    return Part(wanted.shown, condition, words, since, found=found, wanted=wanted)


def _words(system: System, found: Object, wanted: Object, changed: bool) -> str:
    name = clean_line(wanted.name)
    match wanted.kind:
        case "parameter":
            return f"{name} is {found.value or 'not there'} and should be {wanted.value}."
        case "chain":
            table, parent, chain = name.split()
            where = f"The chain {chain} in the {table} table"
            if found.value is None:
                return f"{where} is not there."
            if changed:
                return f"{where} holds a rule that the wizard did not write."
            has, should = found.value.splitlines(), (wanted.value or "").splitlines()
            if sorted(has) == sorted(should):
                return f"{where} has its rules in another order."
            if set(has) == set(should):
                return f"{where} has one of its rules more than once."
            led = found.value.startswith("-I ")
            return (
                f"{where} lacks rules." if led else f"{parent} in {table} does not lead to {chain}."
            )
        case "unit":
            path = str(_UNITS / wanted.name)
            return switched_off.unit(system, wanted.name, path) or f"{name} does not run."
        case "neighbour":
            uplink, address = name.split()
            return f"Nobody answers for {address} on {uplink}."
        case "network" if found.value is None:
            return f"The Docker network {name} is not there."
        case "network":
            return f"The Docker network {name} has been made anew by somebody."
        case "connection":
            network, container = name.split()
            return (
                f"{container} is not on the network {network}. Let Compose recreate it: type its "
                "“up -d” in the folder of the project."
            )
        case "package":
            return f"The package {name} is not installed."
    return f"{name} is not as it was left."
