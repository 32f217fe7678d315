"""The plan as a shell script in the person's home folder."""

import os
from pathlib import Path

from wizard.plan import script
from wizard.plan.planning import Plan
from wizard.platform.errors import Refused
from wizard.platform.files import write_durably
from wizard.platform.text import clean_line
from wizard.program import program, trust


def save(plan: Plan) -> Path:
    """Write the script, and return where it is.

    Raises:
        Refused: it cannot be written, or somebody else could change it there.
    """
    path = Path.home() / "docker-ipv6-plan.sh"
    try:
        trust.check([path.parent], trust.trusted_owners())
        write_durably(path, script.render(plan), 0o700, os.geteuid(), os.getegid())
    except trust.Doubted as error:
        raise Refused(
            f"{clean_line(str(path))} was not written: others than you can change files there, "
            "and the script is run as root. Nothing was changed. Save it to a folder of your "
            f"own, with {program.typed('--plan')} > FILE."
        ) from error
    except OSError as error:
        raise Refused(
            f"{path} cannot be written: {error.strerror}. Nothing was changed. Print the script "
            f"instead, with {program.typed('--plan')}."
        ) from error
    return path
