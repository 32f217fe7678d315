"""A plan as a shell script with comments, which does by hand what the wizard would do."""

import base64
import hashlib
import shlex
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from wizard.plan.planning import Plan
from wizard.platform.text import clean
from wizard.program import program
from wizard.steps import actions
from wizard.steps.actions import Action, CopyProgram, MakeDirectory, Run, WriteFile

_WIDTH = 96

_PUT = """\
put() ( # FOLDER NAME OWNER MODE WAS, and the new text from standard input
    cd -P -- "$1"
    test "$(pwd -P)" = "$1"
    new=$(mktemp --directory ./.docker-ipv6-wizard.XXXXXXXX)
    trap 'cd -- "$1" && rm --recursive --force -- "$new"' EXIT
    cd -P -- "$new"
    test "$(pwd -P)" = "$1/${new#./}"
    cat > new
    chown -- "$3" new
    chmod -- "$4" new
    expect "../$2" "$5"
    mv --force --no-target-directory -- new "../$2"
)"""

_EXPECT = """\
expect() { # FILE WAS: none, or its owner, group, mode and digest
    if test -L "$1"; then false
    elif test "$2" = none; then test ! -e "$1"
    else
        test -f "$1" &&
            test "$(stat --format=%u:%g:%a -- "$1") $(sha256sum < "$1")" = "$2  -"
    fi || {
        echo "Stopped: the next file has not the text, owner and mode that the plan found." >&2
        return 1
    }
}"""


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
        "",
        *_comment("A file is as the plan found it, of the same owner and mode, and no link."),
        _EXPECT,
        "",
        *_comment(
            "A file is written beside its place, in a folder that nobody else can enter, and takes "
            "that place whole: no link is followed, whoever's folder it is."
        ),
        _PUT,
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
            lines += _fed(f"cat > {file}", text)
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
    return f"expect {shlex.quote(file.path)} {shlex.quote(_was(file))}"


def _was(file: WriteFile) -> str:
    was = file.before
    if was is None:
        return "none"
    digest = hashlib.sha256(was.text.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{was.uid}:{was.gid}:{was.mode:o} {digest}"


def _action(action: Action, kept: Mapping[str, str]) -> Iterator[str]:
    match action:
        case Run() if action.stdin:
            yield from _fed(action.line, action.stdin)
        case Run():
            yield action.line
        case CopyProgram():
            # As this very installation is started: no part of the plan, which is the same for all.
            yield program.typed(program.INSTALL)
        case MakeDirectory():
            yield f"mkdir --parents {shlex.quote(action.path)}"
        case WriteFile() if action.before == action.after:
            yield from actions.lines([action])
        case WriteFile():
            path, after = PurePath(action.path), action.after
            words = (str(path.parent), path.name, f"{after.uid}:{after.gid}", f"{after.mode:o}")
            put = f"put {shlex.join((*words, _was(action)))}"
            if after.text in kept:
                yield f"{put} < {kept[after.text]}"
            else:
                yield from _fed(put, after.text)


def _fed(command: str, text: str) -> Iterator[str]:
    """Yield what gives a text to a command, encoded where a here-document would change it."""
    if text.endswith("\n") and clean(text) == text and "\nEND_OF_FILE\n" not in f"\n{text}":
        yield f"{command} <<'END_OF_FILE'"
        yield text.removesuffix("\n")
    else:
        # The text has carriage returns or no last newline, or holds the mark itself.
        encoded = base64.b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")
        yield f"base64 --decode <<'END_OF_FILE' | {command}"
        yield from textwrap.wrap(encoded, _WIDTH)
    yield "END_OF_FILE"
