"""In a machine: ``guarded_apply.py ANSWERS SECONDS`` applies, and leaves it unconfirmed so long.

As the wizard does, but for any number of seconds. A third word is a piece of shell that somebody
else runs once the plan has been shown. ``guarded_apply.py ANSWERS digest`` prints the
plan's digest. ``guarded_apply.py ANSWERS change`` and ``repair`` print what the worker is told to
change a set-up to these answers, or to put back what it lacks.
"""

import subprocess
import sys
import time
from pathlib import Path

from wizard.answers import answers_file
from wizard.session import Session
from wizard.verbs import plan_of

session = Session()
if sys.argv[2] == "change":
    choices = answers_file.loads(Path(sys.argv[1]).read_text())
    assert session.answers.save_wanted(choices)
    print("change", session.store.wanted, session.change(choices).plan.digest)
    sys.exit()
if sys.argv[2] == "repair":
    (record,) = session.records.in_force()
    print("repair", record.id, "keep", session.repair(record=record).plan.digest)
    sys.exit()
plan = plan_of(session, Path(sys.argv[1]))
if sys.argv[2] == "digest":
    session.store.prepare()
    session.answers.save(plan.choices)
    print(plan.digest)
    sys.exit()
if sys.argv[3:]:
    subprocess.run(["/bin/sh", "-ec", sys.argv[3]], check=True)
session.start_apply(plan, ask=True, seconds=int(sys.argv[2]))
while (progress := session.progress()).ended is None:
    time.sleep(0.05)
print(progress.complaint, progress.record.error if progress.record else "")
sys.exit(progress.ended)
