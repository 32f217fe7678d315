"""What can be typed behind the name of the program, and what of it goes together."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from wizard import __version__, printing
from wizard.platform.errors import Refused

# What typing has takes longer to load than all of this module. Type checkers take this for true.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import NoReturn

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


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what was typed.

    Raises:
        Refused: it is unknown, or an option was typed that does nothing with the verb.
    """
    return _checked(_parser().parse_args(arguments))


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
    """Refuses in a sentence what it does not know, and writes help as everything is written."""

    def _print_message(self, message: str, _file: object = None) -> None:
        printing.show(message)

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
