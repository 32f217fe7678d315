"""Which questions have to be asked: those for which nothing can be proposed that would do."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from wizard.answers.choices import Choices
from wizard.platform.later import later

with later():
    from wizard.answers import checks, names
    from wizard.host import host as hosts

ALWAYS: tuple[str, ...] = ("compose",)
"""Questions of every mode that only the person can answer: which containers it is about."""


def open_questions(
    questions: Sequence[str],
    choices: Choices,
    host: hosts.Host | None,
    doubtful: Collection[str] = (),
) -> tuple[str, ...]:
    """Return which of a mode's questions have to be asked, in their order.

    ``doubtful`` are questions on which something was seen that the person should know.
    """
    return tuple(
        each
        for each in services_first(questions)
        if each in ALWAYS or each in doubtful or not _answered(each, choices, host)
    )


def services_first(questions: Sequence[str]) -> tuple[str, ...]:
    """Return a mode's questions so that those which only the person can answer come first.

    Much that is proposed depends on them.
    """
    return tuple(sorted(questions, key=lambda each: each not in ALWAYS))


def _answered(question: str, choices: Choices, host: hosts.Host | None) -> bool:
    if host is None:
        # Nothing was proposed yet.
        return True
    match question:
        case "addresses":
            complaint = checks.check_prefix(str(choices.prefix or ""), host, choices.mode)
        case "upstream":
            complaint = checks.check_proxy(choices, host)
        case "network":
            complaint = names.check_network(choices, host) or names.check_bridge(
                choices.bridge, host
            )
        case "inwards":
            complaint = checks.check_inwards(choices, host)
        case _:
            # One that nothing is known of has to be asked.
            return False
    return complaint is None
