"""A repair where the provider gave another prefix: the set-up changes to a part of that."""

from collections.abc import Sequence
from dataclasses import replace

from wizard.answers import answers_file, moved_prefix
from wizard.host.host import Host
from wizard.platform.system import System
from wizard.record.record import Record
from wizard.run import changing
from wizard.run.repairing import Repair
from wizard.steps.others import Other

_FIRST = "That begins where every step is in effect, so first put right what is not."


def with_prefix_of_today(
    found: Repair, record: Record, host: Host, system: System, beside: Sequence[Other] = ()
) -> Repair:
    """Return the repair of a run; where nothing is put back, that to the prefix of today.

    What is missing comes first: a change begins where every step is in effect.

    Args:
        found: The repair without that.
        record: The record of the run.
        host: The host as it is now, which is only read.
        system: The same, for what the steps look at themselves.
        beside: The steps of the other set-ups that are in force, as of today.

    Raises:
        Refused: the set-up cannot be changed so.
    """
    choices = answers_file.from_table(record.choices)
    moved = moved_prefix.moved(choices, host)
    if moved is None:
        return found
    answers = moved_prefix.renumbered(choices, host)
    if answers is None or found.plan.steps or found.left:
        first = f"{moved.sentence} {_FIRST}" if answers is not None else moved.sentence
        plan = replace(found.plan, remarks=(*found.plan.remarks, first))
        return replace(found, plan=plan, moved=moved.sentence)
    plan = changing.change_of(record, answers, host, system, beside).plan
    notices = (moved.sentence, *plan.notices)
    plan = replace(plan, notices=notices)
    return replace(found, plan=plan, moved=moved.sentence, answers=answers)
