"""More messages of the kernel than a socket holds: they are lost, and nobody misses the change."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PROGRAM = r"""
import errno, itertools, socket, subprocess, threading, time

lost = 0

class Small(socket.socket):
    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        if self.family == socket.AF_NETLINK:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)

    def recv(self, *given):
        global lost
        try:
            return super().recv(*given)
        except OSError as error:
            lost += error.errno == errno.ENOBUFS
            raise

socket.socket = Small
from wizard.filter import news
from wizard.ndp import uplink
from wizard.uplink.happenings import Happenings

def ip(lines):
    subprocess.run(["ip", "-force", "-batch", "-"], input=lines, text=True, check=True)

def storm():
    names = range(40)
    ip("".join(f"link add d{n} type bridge\nlink del d{n}\n" for n in names))

ip("link add eth0 type bridge\n")

# The uplink's keeper: lost messages are a change, it ends waiting, and it hears what comes later.
happenings = Happenings()
storm()
assert happenings.wait(0)
assert lost == 1, lost
while happenings.wait(0.2):
    pass
ip("link set eth0 up\n")
assert happenings.wait(5)

# The neighbour proxy's: what was lost may have been about the uplink.
changes, told = uplink.changes("eth0"), threading.Semaphore(0)
def follow():
    for _ in changes:
        told.release()
        time.sleep(0.1)
threading.Thread(target=follow, daemon=True).start()
before = lost
for _ in range(50):
    time.sleep(0.05)
    ip("link set eth0 down\n")
    if told.acquire(timeout=0.1):
        break
storm()
while told.acquire(timeout=0.5):
    pass
assert lost > before, lost
ip("link set eth0 up\n")
assert told.acquire(timeout=5)

# The filter's: a change of rules.
listening = news.listen()
before = lost
for number in range(10):
    chains = [f"c{number}x{each}" for each in range(50)]
    made = "".join(f":{each} - [0:0]\n" for each in chains)
    made += "".join(f"-A {each} -j DROP\n" for each in chains)
    words, rules = ["ip6tables-restore", "--noflush"], f"*filter\n{made}COMMIT\n"
    subprocess.run(words, input=rules, text=True, check=True)
    news.drain(listening)
    if lost > before:
        break
assert lost > before, lost
news.drain(listening)
subprocess.run(["ip6tables", "-N", "last"], check=True)
listening.setblocking(True)
listening.settimeout(5)
assert listening.recv(1 << 16)
print("resynchronised after", lost)
"""


@pytest.mark.timeout(120)
def test_lost_messages_of_the_kernel_are_a_change_and_no_end() -> None:
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "resynchronised" in done.stdout
