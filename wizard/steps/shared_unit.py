"""One unit of systemd for several set-ups: made of the texts that each would have written alone.

The same texts give the same unit in whatever order they come, so that it can be told at any time
what it should be.
"""

import re
from collections.abc import Sequence

_COMMAND = re.compile(r"^ExecStart=(.*)\n", re.MULTILINE)
_PROGRAM = re.compile(r"(?P<start>.*(/run\.py|-m) (?P<module>wizard(\.\w+)+))(?P<words>( .*)?)")

_EACH = {
    "wizard.ndp": ("--network",),
    "wizard.ndp.fixed_service": ("--address",),
    "wizard.filter": ("--bridge", "--docker"),
}
"""The options that begin what is said of one set-up, by the program."""

_ORDER = ("modprobe", "sysctl", "ip6tables ", "ip6tables-restore", "ip ")
"""The commands of the unit of plain commands, in the order in which they are run."""

_BEFORE_DOCKER, _AFTER_DOCKER = "\nBefore=docker.service\n", "\nAfter=docker.service\n"


def merged(texts: Sequence[str]) -> str:
    """Return the text of the unit that does what each of these does."""
    distinct = sorted(dict.fromkeys(texts), key=lambda text: ("/run.py" in text, len(text), text))
    text = distinct[-1]
    if len(distinct) == 1:
        return text
    commands = [_COMMAND.findall(each) for each in distinct]
    programs = [_PROGRAM.fullmatch(each[0]) for each in commands if len(each) == 1]
    found = [each for each in programs if each is not None]
    if len(found) == len(distinct):
        lines = [_program(found)]
    else:
        lines = _plain([command for each in commands for command in each])
    place = text.index("ExecStart=")
    start = "".join(f"ExecStart={line}\n" for line in lines)
    text = _COMMAND.sub("", text)
    text = text[:place] + start + text[place:]
    if any(_AFTER_DOCKER in each for each in distinct):
        text = text.replace(_BEFORE_DOCKER, _AFTER_DOCKER)
    return text


def _program(found: Sequence[re.Match[str]]) -> str:
    """Return one command of a program of ours for what several commands say."""
    last, words = found[-1], [each["words"].split() for each in found]
    each = _EACH.get(last["module"])
    if each is None:
        # Options come first by themselves, for the sign that they begin with does.
        return " ".join([last["start"], *sorted({word for line in words for word in line})])
    parts = set()
    for line in words:
        starts = [place for place, word in enumerate(line) if word in each]
        ends = [*starts[1:], len(line)]
        parts |= {" ".join(line[at:end]) for at, end in zip(starts, ends, strict=True)}
    common = words[-1][: next(at for at, word in enumerate(words[-1]) if word in each)]
    return " ".join([last["start"], *common, *sorted(parts)])


def _plain(commands: Sequence[str]) -> list[str]:
    modules: dict[str, None] = {}
    others: dict[str, None] = {}
    for command in commands:
        if "modprobe --all " in command:
            start, _, names = command.partition("modprobe --all ")
            modules |= dict.fromkeys(names.split())
            others[f"{start}modprobe --all"] = None
        else:
            others[command] = None
    lines = sorted(others, key=lambda command: (_rank(command), command))
    return [f"{each} {' '.join(modules)}" if each.endswith("--all") else each for each in lines]


def _rank(command: str) -> int:
    word = command.lstrip("+-")
    return next((place for place, start in enumerate(_ORDER) if word.startswith(start)), 9)
