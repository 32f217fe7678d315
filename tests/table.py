"""Writes the README's table of firewalls from what runs of the tests saw.

``bin/test tests/machines/test_firewalls.py --thorough --junitxml=FILE`` writes it, and
``python -m tests.table FILE…`` keeps it beside what was seen before, and draws the table anew.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

from tests.machines.firewalls import COLUMNS, HOSTS
from wizard.answers.choices import Mode

ROOT = Path(__file__).parent.parent
SEEN = ROOT / "tests/machines/firewalls.json"
README = ROOT / "README.md"
BEGIN = "<!-- the table of firewalls, written by python -m tests.table -->\n"
END = "<!-- the end of the table of firewalls -->\n"

Seen = dict[str, list[str]]
"""The columns that held, by host, release and mode, as ``ufw|13|ula``."""

MODES = {Mode.ULA: "private", Mode.ROUTED: "public"}
"""The modes that are tried behind every firewall, by their words in the table."""


def in_run(text: str) -> Seen:
    """Return what a run saw; a test that ended early has the columns up to there."""
    seen: Seen = {}
    for case in ElementTree.fromstring(text).iter("testcase"):  # noqa: S314 - pytest wrote it
        for each in case.iter("property"):
            if each.get("name") == "held":
                key, _, column = str(each.get("value")).rpartition("|")
                seen.setdefault(key, []).append(column)
    return seen


def drawn(seen: Seen) -> str:
    """Return the table: in each cell the releases on which it held, in both modes or in that."""
    rows = [f"| host | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, kept in HOSTS.items():
        cells = []
        for column in COLUMNS:
            needless = {"detected": not kept.detected, "told": not (kept.keeps or kept.ends)}.get(
                column, False
            )
            cells.append("–" if needless else _cell(seen, name, column))
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "".join(f"{row}\n" for row in rows)


def _cell(seen: Seen, name: str, column: str) -> str:
    modes = [mode for mode, word in MODES.items() if column not in MODES.values() or word == column]
    found = []
    for release in ("12", "13", "14"):
        held = [mode for mode in modes if column in seen.get(f"{name}|{release}|{mode}", ())]
        if held:
            found.append(release if held == modes else f"{release} {MODES[held[0]]}")
    return ", ".join(found)


def between_markers(readme: str) -> str:
    """Return what stands between the markers."""
    return readme.partition(BEGIN)[2].partition(END)[0]


def stored() -> Seen:
    """Return what was seen until now."""
    return {key: columns.split(", ") for key, columns in json.loads(SEEN.read_text()).items()}


def main(files: Iterable[str]) -> None:
    """Add what the files say, and draw the table."""
    seen = stored() if SEEN.exists() else {}
    for file in files:
        seen |= in_run(Path(file).read_text())
    kept = {key: ", ".join(seen[key]) for key in sorted(seen) if key.partition("|")[0] in HOSTS}
    SEEN.write_text(json.dumps(kept, indent=1) + "\n")
    readme = README.read_text()
    old = f"{BEGIN}{between_markers(readme)}{END}"
    README.write_text(readme.replace(old, f"{BEGIN}\n{drawn(seen)}\n{END}"))


if __name__ == "__main__":
    main(sys.argv[1:])
