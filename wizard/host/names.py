"""What the host's own resolver knows of names and of the host's own address, in bounded time."""

import encodings.idna  # noqa: F401 - or every thread that resolves a name would import it at once
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from wizard.probes.connect import chosen_source

DEADLINE = 2.0
"""Seconds in which all questions must be answered; what is not known by then is not known."""

MOST = 16
"""Names that are asked for."""

_TRY_AGAIN = 2

# Stands for "somewhere on the internet"; nothing is sent to it (RFC 3849).
_ANYWHERE = "2001:db8::1"


def resolve(
    names: Iterable[str], deadline: float = DEADLINE
) -> tuple[Mapping[str, bool], str | None]:
    """Return whether each name has an IPv6 address, and where the host's own leads back to.

    A name of which nothing was found out in time is left out.

    The second is the name that the DNS gives for the address from which the host itself goes out,
    if that name has this address in turn; empty where there is none, and None where that was not
    found out in time.
    """
    asked = list(dict.fromkeys(names))[:MOST]
    if not asked or deadline <= 0:
        return {}, None
    found: dict[str, object] = {}
    questions: dict[str, Callable[[], object]] = {name: partial(_has_ipv6, name) for name in asked}
    questions[""] = _pointer
    done = threading.Semaphore(0)

    def ask(key: str, question: Callable[[], object]) -> None:
        try:
            found[key] = question()
        except (OSError, UnicodeError):
            pass
        finally:
            done.release()

    for key, question in questions.items():
        threading.Thread(target=ask, args=(key, question), name="resolve", daemon=True).start()
    end = time.monotonic() + deadline
    for _each in questions:
        if not done.acquire(timeout=max(0.0, end - time.monotonic())):
            break
    known = dict(found)
    pointer = known.get("")
    return (
        {name: bool(known[name]) for name in asked if name in known},
        pointer if isinstance(pointer, str) else None,
    )


def _has_ipv6(name: str) -> bool:
    try:
        return bool(socket.getaddrinfo(name, None, socket.AF_INET6, socket.SOCK_STREAM))
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise
        return False


def _pointer() -> str | None:
    own = chosen_source(_ANYWHERE)["address"]
    if own is None:
        return None
    try:
        # Not getnameinfo, which CPython calls without letting other threads run (3.11).
        name, _aliases, _addresses = socket.gethostbyaddr(own)
        back = socket.getaddrinfo(name, None, socket.AF_INET6, socket.SOCK_STREAM)
    except socket.herror as error:
        # Nobody to ask is not the answer that there is none (gethostbyname(3), TRY_AGAIN).
        return None if error.errno == _TRY_AGAIN else ""
    except socket.gaierror as error:
        return None if error.errno == socket.EAI_AGAIN else ""
    return name if any(entry[4][0] == own for entry in back) else ""
