"""Runs probes in other processes' network namespaces, all side by side, and never waits for ever.

A child that was forked from a process with threads may deadlock, and entering a namespace changes
the thread that does it. So every probe is a fresh interpreter: nothing of ours changes namespace.
"""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from wizard.probes.answer import Answer, Failure, Request

# Isolated and without site-packages (-I -S) the interpreter starts in a third of the time; the
# package is put last, so that nothing beside it can stand in for the standard library.
_START = (
    "import sys; sys.path.append(sys.argv[1]); from wizard.probes.{program} import main; main()"
)
_PACKAGE_FOLDER = str(Path(__file__).resolve().parents[2])

_MOST_OUTPUT = 1 << 20


def namespace_of(pid: int) -> str:
    """Return the path by which the network namespace of a process is entered."""
    return f"/proc/{pid}/ns/net"


def run_probes(requests: Sequence[Request], deadline: float) -> tuple[Answer | Failure, ...]:
    """Run one probe for each request, side by side, and return their answers in that order.

    Args:
        requests: what to measure, and where.
        deadline: how many seconds all of it may take; probes that still run then are ended, and
            a :class:`Failure` stands in their place.
    """
    return cast("tuple[Answer | Failure, ...]", ask(requests, deadline, "probe"))


def ask(
    requests: Sequence[Mapping[str, object]], deadline: float, program: str
) -> tuple[Mapping[str, object], ...]:
    """Run a program of this package for each request as :func:`run_probes` does the probe.

    Args:
        requests: what each is asked, with its ``namespace``.
        deadline: how many seconds all of it may take.
        program: its module, whose ``main`` reads one request and writes one answer as JSON.
    """
    end = time.monotonic() + deadline
    probes: list[subprocess.Popen[bytes] | None] = []
    output = [b""] * len(requests)
    failures: dict[int, str] = {}
    try:
        with selectors.DefaultSelector() as selector:
            for number, request in enumerate(requests):
                try:
                    probe = _start(request, program)
                except OSError as error:
                    probes.append(None)
                    failures[number] = f"no probe could be started: {error.strerror}"
                    continue
                probes.append(probe)
                if probe.stdout is not None:
                    selector.register(probe.stdout, selectors.EVENT_READ, number)
            while selector.get_map() and (left := end - time.monotonic()) > 0:
                for key, _events in selector.select(left):
                    more = _read(key.fd)
                    output[key.data] += more
                    if not more or len(output[key.data]) > _MOST_OUTPUT:
                        selector.unregister(key.fileobj)
            for key in list(selector.get_map().values()):
                failures[key.data] = f"the check did not end in {deadline:.3g} s"
    finally:
        _end_all([probe for probe in probes if probe is not None])
    return tuple(
        {"failed": failures[number], "errno": 0} if number in failures else _parse(output[number])
        for number in range(len(requests))
    )


def command(program: str) -> list[str]:
    """Return the command that starts a program of this package, as a module with a ``main``."""
    return [sys.executable, "-I", "-S", "-c", _START.format(program=program), _PACKAGE_FOLDER]


def _start(request: Mapping[str, object], program: str) -> subprocess.Popen[bytes]:
    probe = subprocess.Popen(
        command(program),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    if probe.stdin is not None:
        try:
            # A request is far smaller than a pipe holds, so this never waits for the probe.
            probe.stdin.write(json.dumps(request).encode())
            probe.stdin.close()
        except OSError:
            # It ended before it read; that it gave no answer is noticed where answers are read.
            pass
    return probe


def _read(descriptor: int) -> bytes:

    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


def _end_all(probes: Sequence[subprocess.Popen[bytes]]) -> None:
    for probe in probes:
        # One that has closed its output is about to end by itself; the others are out of time.
        if probe.poll() is None:
            probe.kill()
        if probe.stdout is not None:
            probe.stdout.close()
    for probe in probes:
        try:
            probe.wait(timeout=1)
        except subprocess.TimeoutExpired:
            # Stuck in the kernel. It is killed already and goes when the kernel lets go of it.
            continue


def _parse(output: bytes) -> Mapping[str, object]:
    try:
        answer = json.loads(output)
    except ValueError:
        return {"failed": "the probe ended without an answer", "errno": 0}
    if not isinstance(answer, dict):
        return {"failed": "the probe's answer makes no sense", "errno": 0}
    return answer
