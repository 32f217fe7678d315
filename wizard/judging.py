"""Whether IPv6 passes as a run set it up, or why that cannot be told."""

from wizard.platform.errors import Refused
from wizard.record.record import Record, State
from wizard.session import Session
from wizard.verification.judgement import Judgement, unknown


def judged(opened: Session, record: Record) -> tuple[Judgement | None, str]:
    """Judge a run that has been applied, and say why where that cannot be done."""
    if record.state not in (State.APPLIED, State.UNCONFIRMED) or opened.is_running():
        return None, ""
    try:
        return opened.judge(record=record), ""
    except Refused as refused:
        return None, unknown(str(refused))


def told(found: Judgement | None, complaint: str) -> tuple[str, ...]:
    """Return what :func:`judged` found, in sentences."""
    return found.told if found else tuple(filter(None, [complaint]))
