"""What Docker itself keeps of a network that is gone, so that “as before” is said truly."""

import re

from wizard.record.record import Record, State

# Of the rules that Docker before 28 makes with the first IPv6 network these three do not name the
# network, and they take out with it only those that do (seen on 20.10.24, 26.1.5 and 27.5.1).
_KEEPS = re.compile(r"(?:1\d|2[0-7])\.\d.*\bkeeps the rules\b")


def kept_by_docker(record: Record) -> str:
    """Return what Docker left of its own after everything was taken back; empty for nothing."""
    made = any(step.kind == "docker-network" for step in record.steps)
    over = record.state in (State.UNDONE, State.ROLLED_BACK)
    if not over or not made or not _KEEPS.match(record.host.get("Docker", "")):
        return ""
    return (
        "But for three rules of Docker's own, if no other network had IPv6 before: in ip6tables "
        "a jump from FORWARD to DOCKER-ISOLATION-STAGE-1, and in its table nat jumps to DOCKER "
        "from PREROUTING and OUTPUT. They lead to chains that hold nothing of this network any "
        "more, and are gone after the next boot."
    )
