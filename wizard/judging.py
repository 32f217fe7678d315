"""Whether IPv6 passes as a run set it up, or why that cannot be told."""

from __future__ import annotations

from wizard.platform.errors import Refused
from wizard.platform.later import later
from wizard.record.record import Record, State
from wizard.session import Session

with later():
    # With it comes all that looks into containers, which most records do without.
    from wizard.verification import judgement


def judged(opened: Session, record: Record) -> tuple[judgement.Judgement | None, str]:
    """Judge a run that has been applied, and say why where that cannot be done."""
    if record.state not in (State.APPLIED, State.UNCONFIRMED) or opened.is_running():
        return None, ""
    try:
        return opened.judge(record=record), ""
    except Refused as refused:
        return None, judgement.unknown(str(refused))


def told(found: judgement.Judgement | None, complaint: str) -> tuple[str, ...]:
    """Return what :func:`judged` found, in sentences."""
    return found.told if found else tuple(filter(None, [complaint]))
