"""What a person must accept by name before a plan is applied, and the lines that accept it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from wizard.answers.answers_file import dumps
from wizard.noticed.losses import Loss, LossCause
from wizard.plan.planning import Plan
from wizard.platform.text import clean_line

_OPENS = "This may be open to the internet over IPv6 where your rules close it today"


def accept_all(plan: Plan) -> tuple[str, ...]:
    """Return the answer that accepts every loss of a plan, and what was accepted before."""
    return tuple(sorted({*plan.choices.accepted, *(loss.name for loss in plan.losses)}))


def in_short(plan: Plan, most: int = 4) -> str:
    """Return the losses of a plan in a few words; the overview has a sentence for each."""
    return _in_words(plan.losses, most)


def _in_words(losses: Sequence[Loss], most: int) -> str:
    """Say what stops answering, and then what opens, each by the name that accepts it."""
    sentences = []
    for opens, begin in ((False, "This stops answering over IPv6"), (True, _OPENS)):
        shown = [
            f"{loss.name} ({loss.service})"
            for loss in losses
            if (loss.cause is LossCause.OPENED) is opens
        ]
        more = f" and {len(shown) - most} more" if len(shown) > most else ""
        if shown:
            sentences.append(f"{begin}: {', '.join(shown[:most])}{more}.")
    return " ".join(sentences)


def refusal(plan: Plan, answers: Path | None = None) -> str:
    """Return what is said where a loss is not accepted.

    Args:
        plan: The plan.
        answers: The file that holds the answers; without one a whole file is shown.
    """
    begin = (
        "Nothing was changed, because something is lost by this that was not accepted. "
        f"{_in_words(plan.unaccepted, len(plan.unaccepted))} wizard --plan says for each why, and "
        "what keeps it. "
    )
    # A JSON text without control characters is a basic string of TOML.
    line = f"accepted = {json.dumps(accept_all(plan))}"
    if answers is not None and not plan.choices.accepted:
        return (
            f"{begin}To continue all the same, add this below [choices] in "
            f"{clean_line(str(answers))}:\n\n{line}"
        )
    if answers is not None:
        return (
            f"{begin}To continue all the same, put this in place of accepted in "
            f"{clean_line(str(answers))}:\n\n{line}"
        )
    whole = dumps(replace(plan.choices, accepted=accept_all(plan)))
    return (
        f"{begin}To continue all the same, write this into a file, and give that with --answers:"
        f"\n\n{whole}"
    )
