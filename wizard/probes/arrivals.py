"""Hears datagrams of one source arrive in a network namespace, whoever listens there or not."""

import ctypes
import socket
import struct
from contextlib import suppress

_SO_ATTACH_FILTER = 26
"""Of <asm/socket.h>, which Python's socket module does not name."""

_NETWORK_HEADER = 0xFFF00000
"""Where the IPv6 header begins, wherever the socket does (linux/filter.h, SKF_NET_OFF)."""

# Offsets from the IPv6 header on (RFC 8200 §3, RFC 768).
_SOURCE, _PORT = 8, 42

# Classic BPF: load half a word or a word, jump if equal, return (linux/bpf_common.h).
_LOAD_HALF, _LOAD_WORD, _IF_EQUAL, _RETURN = 0x28, 0x20, 0x15, 0x06

_INSTRUCTION = struct.Struct("@HBBI")


def hear(source: str, port: int) -> socket.socket:
    """Return a raw socket that is readable once UDP of a source has come in for a port.

    It hears on every interface of the network namespace that this thread is in (raw(7)).

    Raises:
        OSError: it cannot be had.
    """
    words = struct.unpack("!4I", socket.inet_pton(socket.AF_INET6, source))
    compared = [(_LOAD_HALF, _PORT, port)]
    compared += [(_LOAD_WORD, _SOURCE + 4 * number, word) for number, word in enumerate(words)]
    code = b""
    for number, (load, offset, wanted) in enumerate(compared, 1):
        # The kernel counts from the next instruction; the last of all drops.
        drop = 2 * (len(compared) - number) + 1
        code += _INSTRUCTION.pack(load, 0, 0, _NETWORK_HEADER + offset)
        code += _INSTRUCTION.pack(_IF_EQUAL, 0, drop, wanted)
    code += _INSTRUCTION.pack(_RETURN, 0, 0, 0xFFFFFFFF) + _INSTRUCTION.pack(_RETURN, 0, 0, 0)
    program = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog: the number of instructions, and where they are (socket(7)).
    attached = struct.pack("@HP", len(code) // _INSTRUCTION.size, ctypes.addressof(program))
    kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK
    heard = socket.socket(socket.AF_INET6, kind, socket.IPPROTO_UDP)
    try:
        heard.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, attached)
        # What came before the filter was there is anybody's.
        with suppress(BlockingIOError):
            while True:
                heard.recv(1)
    except BaseException:
        heard.close()
        raise
    return heard
