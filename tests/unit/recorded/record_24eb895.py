"""Records what the release of commit 24eb895 wrote of its runs, for the tests that undo them.

As root, from a checkout of that commit: ``PYTHONPATH=CHECKOUT python record_24eb895.py``. Each
record is of a run in a practice machine of its own, applied and kept.
"""

from ipaddress import IPv6Network
from pathlib import Path

from tests.machines.support import RECORD, answer, apply
from wizard.answers.choices import Mode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal.machine import Machine

FOLDER = Path(__file__).parent / "records-24eb895"
ROUTED = {"mode": Mode.ROUTED, "prefix": IPv6Network("2001:db8:1:2:1::/80")}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for release in (12, 13, 14):
        for mode, changes in ((Mode.ULA, {}), (Mode.ROUTED, ROUTED)):
            with Machine(release, route="advertisement") as host:
                mastodon = deployments.up(host, "2017" if mode is Mode.ROUTED else "current")
                answer(host, mastodon, **changes)
                done = apply(host)
                assert done.returncode == 0, done.stdout + done.stderr
                text = host.path(RECORD).read_text()
            (FOLDER / f"debian{release}-{mode.value}.toml").write_text(text)


if __name__ == "__main__":
    main()
