"""Which questions have to be asked: those for which nothing can be proposed that would do."""

from collections.abc import Callable, Collection, Mapping, Sequence

from wizard.answers.checks import check_inwards, check_prefix, check_proxy
from wizard.answers.choices import Choices
from wizard.answers.names import check_bridge, check_network
from wizard.host.host import Host

ALWAYS = ("compose",)
"""Questions that only the person can answer: which containers it is about."""


def _names(choices: Choices, host: Host) -> str | None:
    return check_network(choices, host) or check_bridge(choices.bridge, host)


_CHECKS: Mapping[str, Callable[[Choices, Host], str | None]] = {
    "addresses": lambda choices, host: check_prefix(str(choices.prefix or ""), host, choices.mode),
    "upstream": check_proxy,
    "network": _names,
    "inwards": check_inwards,
}


def open_questions(
    questions: Sequence[str], choices: Choices, host: Host | None, doubtful: Collection[str] = ()
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


def _answered(question: str, choices: Choices, host: Host | None) -> bool:
    check = _CHECKS.get(question)
    # Without a host nothing was proposed yet, and one that nothing is known of has to be asked.
    return host is None or (check is not None and check(choices, host) is None)
