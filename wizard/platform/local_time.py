"""Times as people read them: by the clock of this host, with its zone."""

from datetime import datetime

from wizard.platform.text import clean_line


def local_time(moment: str) -> str:
    """Return a moment by the clock of this host: “22 Nov 2026, 12:00:30 UTC”.

    Args:
        moment: As RFC 3339 writes it; what is no such moment is returned as it is.
    """
    try:
        local = datetime.fromisoformat(moment).astimezone()
    except (ValueError, OverflowError, OSError):
        return clean_line(moment)
    return f"{local.day} {local:%b %Y, %H:%M:%S %Z}"
