"""What real practice machines said; ``record.py`` records it anew."""

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

DEBIAN12 = "debian12-static-ifupdown"
DEBIAN12_2017 = "debian12-advertisement-ifupdown"
DEBIAN13 = "debian13-advertisement-networkd"
DEBIAN14 = "debian14-advertisement-ifupdown"
EVERY = (DEBIAN12, DEBIAN12_2017, DEBIAN13, DEBIAN14)


def text(machine: str, name: str) -> str:
    """Return the recorded text of a file or command."""
    return (HERE / machine / name).read_text(encoding="utf-8")


def answer(machine: str, name: str) -> Any:
    """Return a recorded answer of Docker or the kernel."""
    return json.loads(text(machine, f"{name}.json"))
