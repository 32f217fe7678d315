"""A plan as a shell script with comments, which does by hand what the wizard would do."""

import base64
import hashlib
import shlex
import textwrap
from collections.abc import Iterator, Mapping

from wizard import program
from wizard.plan import Plan
from wizard.steps.actions import Action, CopyProgram, MakeDirectory, Run, WriteFile
from wizard.text import clean

_WIDTH = 96


def render(plan: Plan) -> str:
    """Return the script. It stops at the first command that fails, and takes nothing back."""
    checks = [command for step in plan.steps for command in step.preconditions()]
    given = list(dict.fromkeys(check.stdin for check in checks if check.stdin))
    # A text that a check reads is written again later, so it is kept in a file of its own.
    kept = {text: f'"$work/{number}"' for number, text in enumerate(given, 1)}
    lines = [
        "#!/bin/sh",
        *_comment(
            "IPv6 for containers: what the wizard does, in the same order. Run it as root. It "
            "stops at the first command that fails and takes nothing back by itself. The wizard "
            "tries afterwards, from this host and from inside the containers, whether "
            f"{plan.choices.target} answers an echo request or on TCP port 443; a script cannot."
        ),
        *("set -eu", "export LC_ALL=C.UTF-8", "umask 022"),
    ]
    for remark in (*plan.notices, *plan.remarks):
        lines += ["", *_comment(remark)]
    lines += ["", *_comment("Before anything is changed: is the host still as it was?")]
    for step in plan.steps:
        for action in step.actions():
            if isinstance(action, WriteFile):
                lines.append(_expectation(action))
    if kept:
        lines += ["work=$(mktemp --directory)", "trap 'rm --recursive \"$work\"' EXIT"]
        for text, file in kept.items():
            lines += _fed(file, text)
    # One that is given nothing must not read the script itself, which may come from a pipe.
    lines += [f"{check.line} < {kept.get(check.stdin, '/dev/null')}" for check in checks]
    for number, step in enumerate(plan.steps, 1):
        lines += ["", *_comment(f"Step {number} of {len(plan.steps)}: {step.title}.")]
        lines += _comment(step.reason)
        for action in step.actions():
            lines += _action(action, kept)
    return "\n".join(lines) + "\n"


def _comment(text: str) -> list[str]:
    words = clean(text).replace("\n", " ")
    return [f"# {line}" for line in textwrap.wrap(words, _WIDTH, break_on_hyphens=False)]


def _expectation(file: WriteFile) -> str:
    if file.before is None:
        path = shlex.quote(file.path)
        return f"test ! -e {path}\ntest ! -L {path}"
    digest = hashlib.sha256(file.before.text.encode("utf-8", "surrogateescape")).hexdigest()
    line = shlex.quote(f"{digest}  {file.path}")
    return f"printf '%s\\n' {line} | sha256sum --check --quiet"


def _action(action: Action, kept: Mapping[str, str]) -> Iterator[str]:
    match action:
        case Run():
            yield action.line
        case CopyProgram():
            # As this very installation is started: no part of the plan, which is the same for all.
            yield program.typed(program.INSTALL)
        case MakeDirectory():
            yield f"mkdir --parents {shlex.quote(action.path)}"
        case WriteFile():
            path = shlex.quote(action.path)
            if action.after.text in kept:
                yield f"cat {kept[action.after.text]} > {path}"
            else:
                yield from _fed(path, action.after.text)
            if action.before is None:
                yield f"chown {action.after.uid}:{action.after.gid} {path}"
                yield f"chmod {action.after.mode:o} {path}"


def _fed(path: str, text: str) -> Iterator[str]:
    """Yield what writes a text to a file, encoded where a here-document would change it."""
    if text.endswith("\n") and clean(text) == text and "\nEND_OF_FILE\n" not in f"\n{text}":
        yield f"cat > {path} <<'END_OF_FILE'"
        yield text.removesuffix("\n")
    else:
        # The text has carriage returns or no last newline, or holds the mark itself.
        encoded = base64.b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")
        yield f"base64 --decode > {path} <<'END_OF_FILE'"
        yield from textwrap.wrap(encoded, _WIDTH)
    yield "END_OF_FILE"
