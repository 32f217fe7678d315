"""The service's command line."""

import argparse
import logging
import signal
import sys
from ipaddress import IPv6Network
from pathlib import Path
from types import FrameType

from wizard.platform.errors import ExitCode


def main() -> int:
    """Serve until SIGTERM or SIGINT, and return the exit code."""
    # http.client does without, and the engine's socket has no use for OpenSSL's 4 MB.
    sys.modules["ssl"] = None  # type: ignore[assignment]
    from wizard.ndp.docker_engine import SOCKET, DockerEngine
    from wizard.ndp.proxy_table import ProxyTable
    from wizard.ndp.served_network import ServedNetwork
    from wizard.ndp.service import Service

    parser = argparse.ArgumentParser(prog="python -m wizard.ndp", description=__doc__)
    parser.add_argument("--uplink", required=True, help="the interface towards the router")
    networks: list[ServedNetwork] = []
    parser.add_argument(
        "--network",
        required=True,
        type=lambda name: networks.append(ServedNetwork(name)),
        help="the name of a Docker network; may be given again",
    )
    parser.add_argument(
        "--prefix",
        type=lambda text: networks.append(ServedNetwork(networks.pop().name, IPv6Network(text))),
        help="the prefix of the network before it; what its label says if it is not given",
    )
    parser.add_argument("--socket", type=Path, default=SOCKET, help="the Docker engine's socket")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    service = Service(
        DockerEngine(options.socket),
        ProxyTable(options.uplink),
        options.uplink,
        networks,
    )

    def stop(_number: int, _frame: FrameType | None) -> None:
        service.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    service.run()
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
