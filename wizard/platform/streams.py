"""Standard output and error, whose reader may have gone."""

import os
import sys


def let_go() -> None:
    """Write out what is buffered, to nowhere where nobody reads any more.

    Python would otherwise try at its very end, complain, and end with status 120.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is None:  # closed before the program began
            continue
        try:
            stream.flush()
        except (OSError, ValueError):
            try:
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            except (OSError, ValueError):
                continue
