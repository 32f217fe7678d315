"""The service's command line: words in pairs, without argparse, which takes memory for good."""

from __future__ import annotations

import signal
import sys

from wizard.filter.keeper import Keeper

_OPTIONS = ("--rules", "--uplink", "--bridge", "--close", "--docker")


def main(words: list[str]) -> int:
    """Serve until SIGTERM or SIGINT, and return the exit code."""
    given: dict[str, list[str]] = {}
    for option, value in zip(words[::2], words[1::2], strict=False):
        given.setdefault(option, []).append(value)
    if len(words) % 2 or not set(given) <= set(_OPTIONS) or not set(_OPTIONS[:2]) <= set(given):
        sys.stderr.write(
            "It takes: --rules FILE --uplink NAME, and once or more --bridge NAME or "
            "--docker NAME, each [--close PREFIX]\n"
        )
        return 2
    keeper = Keeper(
        given["--rules"][-1],
        given["--uplink"][-1],
        given.get("--bridge", []),
        given.get("--close", []),
        given.get("--docker", []),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: keeper.stop())
    keeper.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
