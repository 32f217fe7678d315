"""How long what is tried at random is tried: a moment with all tests, or as long as one says.

``FUZZ=long bin/test tests/unit -k fuzz`` tries for an hour each, ``FUZZ=60`` for a minute.
"""

import os
import time
from collections.abc import Callable

from hypothesis import HealthCheck, settings

_LONG = 3600
_CHOSEN = os.environ.get("FUZZ") or "0"

SECONDS = _LONG if _CHOSEN == "long" else int(_CHOSEN)

TIMEOUT = SECONDS + 300
"""Seconds that such a test may take."""


def tried(examples: int, try_once: Callable[[settings], None]) -> None:
    """Run a test with so many examples, always the same; or with ever others, for that long."""
    same = settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    if not SECONDS:
        try_once(same)
        return
    others = settings(same, derandomize=False, max_examples=100, print_blob=True)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try_once(others)
