"""Arguments to a verb. The only place that opens the screens, and only when they are wanted."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial

from wizard import __version__, printing
from wizard.platform import streams
from wizard.platform.errors import ExitCode, Refused, WizardError

# What typing has takes longer to load than all of this module. Type checkers take this for true.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import NoReturn

_DEBIAN = 13
"""The release of a practice machine, where none is named."""

_ROUTER = "on-link"
"""What its router does, where nothing is named."""

_OBJECTS = 50_000
"""How many more objects there are before garbage is looked for; that many are some megabytes."""

_VERBS = {
    "resume": "continue where you stopped, or see what runs",
    "keep": "keep the change, which is taken back otherwise",
    "undo": "take back what the wizard did",
    "check": "does IPv6 work in the containers, and is every step in effect?",
    "repair": "show what is missing as a shell script; with --yes put it back",
    "change": "show what other answers would change of a set-up; with --yes change it",
    "report": "write one file with all that somebody needs to help you",
    "watch": "look daily, and after Docker or the network restarts; on or off",
    "status": "what the wizard did on this host",
    "ask": "ask line by line, without screens, as a screen reader needs it",
    "detect": "what this host is",
    "plan": "what would be done, as a shell script with comments",
    "apply": "do it without the screens; needs --yes",
    "explain": "what stands in the way, and what to type; without NAME the list of all pages",
    "rehearse": "try it on a practice machine, as long as you like; it leaves nothing behind",
    "install_program": "make the copy of the wizard that its units start, and nothing else; to "
    "apply a plan makes it anyway",
}

_OF_A_PROJECT = ("undo", "check", "repair", "change", "status")
"""The verbs that take the name of a Compose project."""

_USAGE = """\
wizard                      open the wizard
wizard --ask                the same questions line by line, without screens
wizard --resume             continue where you stopped, or see what runs
wizard --keep               keep the change that waits for an answer
wizard --undo [PROJECT] [--yes]
                            take back what the wizard did, for one project or for all; see also
                            --changed
wizard --check [PROJECT]    does IPv6 work in the containers?
wizard --repair [PROJECT] [--yes]
                            put back what was lost since
wizard --change [PROJECT] --answers FILE [--yes]
                            change a set-up to other answers
wizard --report [--masked]  write one file with all that somebody needs to help you
wizard --watch on|off       look daily, and say at the next login what is wrong
wizard --status [PROJECT]   what the wizard did on this host
wizard --detect             what this host is
wizard --plan               what would be done, as a shell script
wizard --apply --yes        do it without the screens
wizard --explain [NAME]     what may stand in the way, and what to type
wizard --rehearse           try it on a practice machine of its own
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code, one of :class:`wizard.platform.errors.ExitCode`."""
    streams.take_every_letter()
    # Nearly all that a verb makes is modules, which stay. To look through them for garbage as often
    # as Python does by itself takes an eighth of the time of --detect.
    gc.set_threshold(_OBJECTS)
    try:
        return _run(_checked(_parsed(arguments)))
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


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    try:
        return _parser().parse_args(arguments)
    finally:
        # After --help argparse ends the program by itself: what it printed has to be out by then,
        # or nobody learns that it went nowhere.
        if sys.stdout is not None:
            sys.stdout.flush()


_SCREENS = "the wizard without a verb"
_BELONGS = {
    "answers": (_SCREENS, "--ask", "--resume", "--plan", "--apply", "--change"),
    "yes": ("--undo", "--apply", "--repair", "--change"),
    "window": ("--apply", "--repair", "--change"),
    "changed": ("--undo", "--repair"),
    "masked": ("--report",),
    "json": ("--detect", "--plan", "--check", "--status"),
    "target": (_SCREENS, "--ask", "--resume", "--plan", "--apply", "--check"),
    "teller": ("--check",),
    "from": ("--check",),
    "debian": ("--rehearse",),
    "router": ("--rehearse",),
    "clean": ("--rehearse",),
}
"""The verbs with which each option does something."""


def _checked(chosen: argparse.Namespace) -> argparse.Namespace:
    """Return what was typed.

    Raises:
        Refused: an option was typed that does nothing with the verb.
    """
    given = {name for name, value in vars(chosen).items() if value not in (None, False)}
    verb = next((f"--{each.replace('_', '-')}" for each in _VERBS if each in given), _SCREENS)
    for option, verbs in _BELONGS.items():
        if option in given and verb not in verbs:
            from wizard.platform.text import enumerated

            raise Refused(
                f"--{option} does nothing with {verb}: it belongs to {enumerated(verbs)}. "
                "Nothing was changed."
            )
    if chosen.clean and (chosen.debian or chosen.router):
        raise Refused(
            "--rehearse --clean removes all that is kept for practice machines, and starts none, "
            "so --debian and --router do nothing with it. Nothing was changed."
        )
    return chosen


class _Parser(argparse.ArgumentParser):
    """Refuses in a sentence what it does not know."""

    def error(self, message: str) -> NoReturn:
        raise Refused(
            f"This cannot be done: {message}. Nothing was changed. wizard --help lists what can be "
            "typed."
        )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="wizard",
        description="Gives the containers of a Docker Compose deployment working IPv6.",
        usage=argparse.SUPPRESS,
        epilog=_USAGE,
        # Without a width it loads what packs and unpacks archives, to learn this one.
        formatter_class=partial(
            argparse.RawDescriptionHelpFormatter, width=printing.columns(sys.stdout) - 2
        ),
        allow_abbrev=False,
    )
    verbs = parser.add_mutually_exclusive_group()
    for name, text in _VERBS.items():
        flag = f"--{name.replace('_', '-')}"
        if name == "explain":
            verbs.add_argument(flag, nargs="?", const="", metavar="NAME", help=text)
        elif name == "watch":
            verbs.add_argument(flag, choices=("on", "off"), help=text)
        elif name in _OF_A_PROJECT:
            verbs.add_argument(
                flag, nargs="?", const=True, default=False, metavar="PROJECT", help=text
            )
        else:
            verbs.add_argument(flag, action="store_true", help=text)
    parser.add_argument("--answers", metavar="FILE", type=_path, help="take the answers from FILE")
    parser.add_argument(
        "--yes", action="store_true", help="do not ask (--undo, --apply, --repair, --change)"
    )
    parser.add_argument(
        "--window",
        metavar="SECONDS",
        type=int,
        help="for --apply, --repair, --change: take it back unless wizard --keep is typed within "
        "SECONDS",
    )
    parser.add_argument(
        "--changed",
        metavar="CHOICE",
        choices=("keep", "ours", "original"),
        help="what somebody changed since: keep it (the default), put ours back, or, for --undo "
        "alone, put the original back",
    )
    parser.add_argument(
        "--masked",
        action="store_true",
        help="for --report: without addresses, secrets, and the name of this host",
    )
    parser.add_argument(
        "--json", action="store_true", help="for --detect, --plan, --check, --status"
    )
    parser.add_argument(
        "--target",
        metavar="ADDRESS",
        help="the IPv6 address that this host and its containers are to reach",
    )
    parser.add_argument(
        "--teller",
        metavar="ADDRESS",
        help="for --check: a host that tells its visitors their address on TCP port 80",
    )
    parser.add_argument(
        "--from",
        metavar="ADDRESS",
        help="for --check: another machine of yours, as ssh takes it, that tries what comes in",
    )
    parser.add_argument(
        "--debian",
        metavar="RELEASE",
        type=int,
        choices=(12, 13, 14),
        help="the release for --rehearse: 12, 13 (the default) or 14",
    )
    parser.add_argument(
        "--router",
        metavar="KIND",
        choices=("on-link", "routed", "advertisement", "none"),
        help="what the router for --rehearse does: on-link, it asks for each address by neighbour "
        "discovery (the default); routed, it sends the whole prefix here; advertisement, address "
        "and default route come by router advertisement; none, it has no IPv6",
    )
    parser.add_argument(
        "--clean",
        action="store_true",
        help="for --rehearse: remove what is kept for practice machines, and start none",
    )
    parser.add_argument("--version", action="version", version=f"wizard {__version__}")
    return parser


def _path(typed: str) -> Path:
    # Here, for it loads much, which most verbs do without until then.
    from pathlib import Path

    return Path(typed)


def _run(chosen: argparse.Namespace) -> int:
    # Each verb imports what it needs and no more, so that none of them pays for another.
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
    return _open(chosen)


def _how_it_stands(chosen: argparse.Namespace) -> int:
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


def _maintained(chosen: argparse.Namespace) -> int:
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


def _open(chosen: argparse.Namespace) -> int:
    if not _has_terminal():
        raise Refused(
            "The wizard needs a terminal that can show full screens, and this is not one. Over SSH "
            "use ssh -t. Without screens: wizard --ask, --detect, --plan, --apply, --check, "
            "--status and --undo work on any terminal. Nothing was changed."
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

    session = verbs.session(chosen.answers, chosen.target)
    session.records.project = _project(chosen.undo)
    return run_app(session, "undo" if chosen.undo else "resume" if chosen.resume else "welcome")


def _project(typed: str | bool) -> str | None:
    return typed if isinstance(typed, str) else None


def _has_terminal() -> bool:
    return (
        sys.stdin.isatty()
        and sys.stdout.isatty()
        and os.environ.get("TERM", "dumb") not in ("dumb", "")
    )


def _done(text: str, write: Callable[[str], None]) -> int:
    write(text)
    return ExitCode.DONE
