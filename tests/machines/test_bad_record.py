"""A record that cannot be trusted: the guard leaves the host alone, without a spin, till it can."""

from functools import partial

import pytest

from tests.machines.bench import Bench
from tests.machines.guarding import Guarded
from tests.machines.matrix import Matrix
from tests.machines.support import RECORD, wizard
from wizard.platform.errors import ExitCode
from wizard.run.guard_units import GUARD

FIND = f"record=$(ls {RECORD.removesuffix('record.toml')}runs/*/record.toml)"
"""What leads there is a link, and each of these is about the file."""
SPOIL = {
    "truncated": "truncate -s 900 $record",
    "garbage": "head -c 4000 /dev/urandom >$record",
    "of a newer wizard": "sed -i 's/^format = 1/format = 2/' $record",
    "world-writable": "chmod 666 $record",
    "a link elsewhere": "mv $record /root/elsewhere; ln -s /root/elsewhere $record",
    "in a folder of somebody else": "chown nobody $(dirname $record)",
}
KEPT = "/root/kept-record"


def shown(run: Guarded, name: str) -> str:
    """What systemd says of the guard."""
    return run.host.run(["systemctl", "show", "-P", name, GUARD]).stdout.strip()


def guard_tries(run: Guarded) -> bool:
    return shown(run, "ActiveState") == "active"


@pytest.mark.thorough
def test_the_guard_leaves_the_host_alone(matrix: Matrix) -> None:
    cells = [(what, phase) for phase in ("waiting", "boot") for what in SPOIL]
    with Bench(matrix, rebooted=True) as bench:
        for what, phase in matrix.pick(cells, 0.1, 0.75):
            with bench.cell("bad record", phase, what) as run:
                assert bench.applies(2 if phase == "waiting" else 600) == ExitCode.DONE
                run.host.shell(f"{FIND}; cp -p $record {KEPT}; {SPOIL[what]}")
                if phase == "boot":
                    run.restart("reboot")
                run.host.wait(partial(guard_tries, run), "the guard to begin")
                for verb in ("--status", "--keep", "--undo"):
                    said = wizard(run.host, verb, *(("--yes",) if verb == "--undo" else ()))
                    assert said.returncode == ExitCode.REFUSED, said
                    assert "Traceback" not in said.stderr + said.stdout
                run.logs_in()
                assert int(shown(run, "NRestarts")) <= 1
                # The person finds out what happened and mends it; the guard tries once more.
                run.host.shell(
                    f"{FIND}; chown root $(dirname $record); rm $record; mv {KEPT} $record"
                )
                run.wait_for("rolled back")
