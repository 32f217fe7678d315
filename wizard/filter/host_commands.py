"""Runs a command of the host for the service."""

from __future__ import annotations

import subprocess

_TIMEOUT = 5.0


def run(argv: list[str], stdin: str = "") -> tuple[int, str]:
    """Run a command, and return how it ended and what it said, on either of its outputs."""
    try:
        done = subprocess.run(
            argv,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 127, str(error)
    return done.returncode, done.stdout
