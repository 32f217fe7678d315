"""What a plan changes, and what people will notice, in a line each."""

import re
from pathlib import PurePath

from wizard.plan import acceptance
from wizard.plan.planning import Plan
from wizard.platform.text import clean, clean_line

_FIRST_SENTENCE = re.compile(r".*?(?:[.!?](?= )|$)", re.DOTALL)
"""Matches always, if need be the whole text."""


def first_sentence(text: str) -> str:
    """Return the first sentence of a text."""
    found = _FIRST_SENTENCE.match(clean(text))
    return found[0] if found else ""


def in_short(plan: Plan) -> tuple[tuple[str, str], ...]:
    """Return files, network, containers, what is lost and what people will notice.

    Each is a label and words; where nothing is lost nothing is said of that.
    """
    choices = plan.choices
    network = f"{clean_line(choices.network)} with {choices.prefix}"
    services = clean_line(", ".join(choices.services)) or "none"
    keep = "it keeps" if len(choices.services) == 1 else "they keep"
    return (
        ("Files", _files(plan)),
        ("Network", f"{network}, bridge {clean_line(choices.bridge)}"),
        ("Containers", f"{services}; {keep} running"),
        *([("Lost", acceptance.in_short(plan))] if plan.losses else []),
        ("Noticed", _noticed(plan)),
    )


def _files(plan: Plan) -> str:
    """Return how many files are new, and the names of those that change."""
    diffs = {diff.path: diff for step in plan.steps for diff in step.diffs}
    new = [path for path, diff in diffs.items() if "--- /dev/null" in diff.lines]
    changed = [clean_line(PurePath(path).name) for path in diffs if path not in new]
    said = [f"{len(new)} new"] if new else []
    said += [f"{', '.join(changed)} changed"] if changed else []
    return "; ".join(said) or "none"


def _noticed(plan: Plan) -> str:
    if not plan.notices:
        return "nothing that is known of"
    more = len(plan.notices) - 1
    rest = f" And {more} more: see “All of it”." if more else ""
    return f"{first_sentence(plan.notices[0])}{rest}"
