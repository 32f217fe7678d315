"""An engine with as many endpoints as one likes, to drive the service; runs alone, in a machine.

It serves what the service asks a Docker engine for. A line ``add ADDRESS`` or ``remove ADDRESS``
on standard input changes the network and tells whoever listens; the time, on the monotonic clock,
is printed. ``fill NUMBER`` makes that many endpoints and tells once.
"""

import json
import socketserver
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

SOCKET = Path("/run/made-up.sock")
NETWORK = "made-up"
SUBNET = "2001:db8:1:2:1::/80"

endpoints: dict[str, str] = {}
changed = threading.Condition()
events = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/events"):
            self.stream()
            return
        containers = {
            f"{number:064x}": {
                "Name": f"service-{number}",
                "EndpointID": f"{number:064x}",
                "MacAddress": "02:42:ac:12:00:02",
                "IPv4Address": "172.18.0.2/16",
                "IPv6Address": f"{address}/80",
            }
            for number, address in enumerate(list(endpoints))
        }
        network = {
            "Name": NETWORK,
            "Id": f"{0:064x}",
            "Labels": {"docker-ipv6-wizard": SUBNET},
            "IPAM": {"Config": [{"Subnet": SUBNET}]},
            "Containers": containers,
        }
        body = json.dumps(network).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        told = events
        event = json.dumps({"Type": "network", "Actor": {"Attributes": {"name": NETWORK}}}) + "\n"
        while True:
            with changed:
                while events <= told:
                    changed.wait()
                told += 1
            self.wfile.write(f"{len(event):x}\r\n{event}\r\n".encode())
            self.wfile.flush()

    def address_string(self) -> str:
        return ""

    def log_message(self, *_arguments: object) -> None:
        return


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


SOCKET.unlink(missing_ok=True)
threading.Thread(target=Server(str(SOCKET), Handler).serve_forever, daemon=True).start()
print("serving", flush=True)
for line in sys.stdin:
    verb, word = line.split()
    with changed:
        if verb == "fill":
            # From ::1:0 on, so that single ones below stay free.
            endpoints.clear()
            endpoints.update({f"2001:db8:1:2:1::1:{n:x}": "" for n in range(int(word))})
        elif verb == "add":
            endpoints[word] = ""
        else:
            endpoints.pop(word, None)
        events += 1
        changed.notify_all()
        print(time.monotonic(), flush=True)
