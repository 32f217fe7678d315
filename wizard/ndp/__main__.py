"""The service's command line."""

import signal
import sys
from collections.abc import Sequence
from functools import partial
from ipaddress import IPv6Network
from pathlib import Path
from types import FrameType

from wizard.platform.errors import ExitCode

OPTIONS = {
    "--uplink": "the interface towards the router",
    "--network": "the name of a Docker network; may be given again",
    "--prefix": "the prefix of the network before it; what its label says if it is not given",
    "--socket": "Docker's socket",
}
_NEEDED = ("--uplink", "--network")


def read_options(words: Sequence[str]) -> list[tuple[str, str]]:
    """Return the options with their values in order, or end with what is wrong, or with help."""
    found = list(zip(words[::2], words[1::2], strict=False))
    if len(words) == 2 * len(found) and set(_NEEDED) <= {name for name, _ in found} <= set(OPTIONS):
        return found
    # Imported only here: a service that runs for years would hold its 1.5 MB for nothing.
    import argparse

    parser = argparse.ArgumentParser(prog="python -m wizard.ndp", description=__doc__)
    for name, help_ in OPTIONS.items():
        parser.add_argument(
            name,
            action="append",
            dest="given",
            type=partial(_named, name),
            required=name in _NEEDED,
            metavar=name[2:].upper(),
            help=help_,
        )
    given: list[tuple[str, str]] = parser.parse_args(words).given
    return given


def _named(name: str, value: str) -> tuple[str, str]:
    return name, value


def networks(options: Sequence[tuple[str, str]]) -> list[tuple[str, IPv6Network | None]]:
    """Return the name of each network that is to be served, with its prefix where that is said."""
    found: list[tuple[str, IPv6Network | None]] = []
    for name, value in options:
        if name == "--network":
            found.append((value, None))
        elif name == "--prefix" and found:
            found[-1] = (found[-1][0], IPv6Network(value))
    return found


def main() -> int:
    """Serve until SIGTERM or SIGINT, and return the exit code."""
    # http.client does without, and Docker's socket has no use for OpenSSL's 4 MB. None is what
    # makes an import fail (reference of Python's import system), and typeshed knows modules alone.
    sys.modules["ssl"] = None  # type: ignore[assignment]
    from wizard.ndp.docker_engine import SOCKET, DockerEngine
    from wizard.ndp.proxy_table import ProxyTable
    from wizard.ndp.served_network import ServedNetwork
    from wizard.ndp.service import Service

    options = read_options(sys.argv[1:])
    named = dict(options)
    uplink = named["--uplink"]
    service = Service(
        DockerEngine(Path(named.get("--socket", SOCKET))),
        ProxyTable(uplink),
        uplink,
        [ServedNetwork(*each) for each in networks(options)],
    )

    def stop(_number: int, _frame: FrameType | None) -> None:
        service.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    service.run()
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
