"""Answers TCP on every address of the namespace it runs in, saying who asks.

Run as a program of its own in the upstream router's namespace, with the ports as arguments. A
client that sends an HTTP request gets an HTTP answer, one that waits gets the bare line.
"""

import asyncio
import contextlib
import sys


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Tell one client its own address, as seen from here."""
    with contextlib.suppress(OSError):
        try:
            asked = await asyncio.wait_for(reader.readline(), 0.1)
        except (TimeoutError, ValueError):
            asked = b""
        line = writer.get_extra_info("peername")[0].encode() + b"\n"
        if b" HTTP/" in asked:
            with contextlib.suppress(TimeoutError):
                while (await asyncio.wait_for(reader.readline(), 1)).strip():
                    pass
            head = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n"
            writer.write(head.format(len(line)).encode())
        writer.write(line)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


async def serve(ports: list[int]) -> None:
    """Listen on the ports over both families until killed, after one line that says so."""
    servers = [
        await asyncio.start_server(answer, host, port)
        for port in ports
        for host in ("::", "0.0.0.0")  # noqa: S104  (its namespace is the router's)
    ]
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(serve([int(port) for port in sys.argv[1:]]))
