"""The service's command line."""

import logging
import signal
import sys
from collections.abc import Sequence
from ipaddress import IPv6Network
from pathlib import Path
from types import FrameType

from wizard.platform.errors import ExitCode

OPTIONS = {
    "--uplink": "the interface towards the router",
    "--network": "the name of the Docker network",
    "--prefix": "the prefix of that network; what its label says if it is not given",
    "--socket": "the Docker engine's socket",
}
_NEEDED = ("--uplink", "--network")


def read_options(words: Sequence[str]) -> dict[str, str]:
    """Return the options by their names, or end with what is wrong about them, or with help."""
    found = dict(zip(words[::2], words[1::2], strict=False))
    if len(words) == 2 * len(found) and set(_NEEDED) <= found.keys() <= OPTIONS.keys():
        return found
    # Imported only here: a service that runs for years would hold its 1.5 MB for nothing.
    import argparse

    parser = argparse.ArgumentParser(prog="python -m wizard.ndp", description=__doc__)
    for name, help_ in OPTIONS.items():
        parser.add_argument(name, required=name in _NEEDED, help=help_)
    given = vars(parser.parse_args(words))
    return {name: given[name[2:]] for name in OPTIONS if given[name[2:]] is not None}


def main() -> int:
    """Serve until SIGTERM or SIGINT, and return the exit code."""
    # http.client does without, and the engine's socket has no use for OpenSSL's 4 MB.
    sys.modules["ssl"] = None  # type: ignore[assignment]
    from wizard.ndp.docker_engine import SOCKET, DockerEngine
    from wizard.ndp.proxy_table import ProxyTable
    from wizard.ndp.served_network import ServedNetwork
    from wizard.ndp.service import Service

    options = read_options(sys.argv[1:])
    uplink, prefix = options["--uplink"], options.get("--prefix")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    service = Service(
        DockerEngine(Path(options.get("--socket", SOCKET))),
        ProxyTable(uplink),
        uplink,
        ServedNetwork(options["--network"], IPv6Network(prefix) if prefix else None),
    )

    def stop(_number: int, _frame: FrameType | None) -> None:
        service.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    service.run()
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
