"""Arguments to a verb. The only place that opens the screens, and only when they are wanted."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence

from wizard import printing
from wizard.platform import streams
from wizard.platform.errors import ExitCode, Refused, WizardError

# What typing has takes longer to load than all of this module. Type checkers take this for true.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

    from screens.app import Start

_DEBIAN = 13
"""The release of a practice machine, where none is named."""

_ROUTER = "on-link"
"""What its router does, where nothing is named."""

_OBJECTS = 50_000
"""How many more objects there are before garbage is looked for; that many are some megabytes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code, one of :class:`wizard.platform.errors.ExitCode`."""
    streams.open_closed()
    streams.take_every_letter()
    # Nearly all that a verb makes is modules, which stay. To look through them for garbage as often
    # as Python does by itself takes an eighth of the time of --detect.
    gc.set_threshold(_OBJECTS)
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except WizardError as error:
        printing.complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        printing.complain(
            "Stopped. A run that was already applying continues; see wizard --status."
        )
        return ExitCode.UNEXPECTED
    except BrokenPipeError:
        return ExitCode.UNEXPECTED
    except Exception as error:
        if os.environ.get("DOCKER_IPV6_WIZARD_TRACEBACK"):
            raise
        printing.complain(
            f"The wizard has a fault: {type(error).__name__}: {error}. What was done until now is "
            "in the record: see wizard --status. Please report this; with the variable "
            "DOCKER_IPV6_WIZARD_TRACEBACK=1 the wizard prints what a report needs."
        )
        return ExitCode.UNEXPECTED
    finally:
        streams.let_go()


def _run(typed: Sequence[str]) -> int:
    # Each verb imports what it needs and no more, so that none of them pays for another.
    if not typed:
        return _open()
    from wizard import arguments

    chosen = arguments.parsed(typed)
    if chosen.rehearse:
        from wizard.rehearsal.rehearse import clean, rehearse

        if chosen.clean:
            return _done(clean(), printing.say)
        return rehearse(chosen.debian or _DEBIAN, chosen.router or _ROUTER)
    if chosen.status or chosen.check:
        return _how_it_stands(chosen)
    if chosen.report or chosen.watch or chosen.repair or chosen.change:
        return _maintained(chosen)
    if chosen.undo and (chosen.yes or chosen.changed or not _has_terminal()):
        from wizard import taking_back

        return taking_back.undo(chosen.yes, printing.say, chosen.changed, _project(chosen.undo))
    from wizard import verbs

    if chosen.ask:
        from wizard import asking

        return asking.ask(verbs.session(chosen.answers, chosen.target), printing.say, input)
    if chosen.install_program:
        return _done(verbs.install_program(), printing.say)
    if chosen.detect:
        return _done(verbs.detect(as_json=chosen.json), printing.show)
    if chosen.explain is not None:
        return _done(verbs.explain(chosen.explain), printing.say)
    if chosen.plan:
        if chosen.json:
            text, code = verbs.plan_as_json(chosen.answers, chosen.target)
            printing.show(text)
            return code
        return _done(verbs.plan(chosen.answers, chosen.target), printing.show)
    if chosen.apply:
        return verbs.apply(chosen.answers, chosen.yes, printing.say, chosen.window, chosen.target)
    if chosen.keep:
        return _done(verbs.keep(), printing.say)
    start: Start = "undo" if chosen.undo else "resume" if chosen.resume else "welcome"
    return _open(start, chosen.answers, chosen.target, _project(chosen.undo))


def _how_it_stands(chosen: Namespace) -> int:
    from wizard import status

    shown = printing.show if chosen.json else printing.say
    if chosen.status:
        return _done(status.status(chosen.json, _project(chosen.status)), shown)
    text, code = status.check(
        chosen.target,
        chosen.json,
        chosen.teller,
        getattr(chosen, "from"),
        _project(chosen.check),
    )
    shown(text)
    return code


def _maintained(chosen: Namespace) -> int:
    from wizard import maintenance

    if chosen.report:
        return _done(maintenance.report(chosen.masked), printing.show)
    if chosen.watch:
        return _done(maintenance.watch(chosen.watch == "on"), printing.say)
    if chosen.change:
        return maintenance.change(
            chosen.answers, chosen.yes, printing.say, chosen.window, _project(chosen.change)
        )
    return maintenance.repair(
        chosen.yes, printing.say, chosen.changed, chosen.window, _project(chosen.repair)
    )


def _open(
    start: Start = "welcome",
    answers: Path | None = None,
    target: str | None = None,
    project: str | None = None,
) -> int:
    if not _has_terminal():
        raise Refused(
            "The wizard needs a terminal that can show full screens, with nothing led elsewhere by "
            "<, >, 2> or |, and this is not one. Over SSH use ssh -t. Without screens: wizard "
            "--ask, --detect, --plan, --apply, --check, --status and --undo work on any terminal. "
            "Nothing was changed."
        )
    from wizard import verbs
    from wizard.program import program

    if program.is_copy():
        raise Refused(
            "This is the wizard's own copy of itself, which has no screens. It does --status, "
            "--check, --repair, --keep and --undo --yes. Nothing was changed."
        )
    # What is loaded until the first screen stands is no garbage, and to look for some in it takes a
    # tenth of the time until then. The screens switch it on again.
    gc.disable()
    from screens.app import run_app

    session = verbs.session(answers, target)
    session.records.project = project
    return run_app(session, start)


def _project(typed: str | bool) -> str | None:
    return typed if isinstance(typed, str) else None


def _has_terminal() -> bool:
    # The screens are written to standard error: Textual's driver for Linux does so.
    return all(
        each is not None and each.isatty() for each in (sys.stdin, sys.stdout, sys.stderr)
    ) and os.environ.get("TERM", "dumb") not in ("dumb", "")


def _done(text: str, write: Callable[[str], None]) -> int:
    write(text)
    return ExitCode.DONE
