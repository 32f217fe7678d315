"""``python -m wizard`` is the ``wizard`` command."""

import os
import sys

from wizard.platform import variables


def main() -> int:
    """Run the command, in an environment that holds nothing but what is known."""
    # Before anything is imported that asks it: Textual loads a class that is named there.
    variables.limit(os.environ)
    said = doubted_settings()
    if said and sys.stderr is not None:
        sys.stderr.write(f"{said}\n")
    from wizard.cli import main as run

    return run()


def doubted_settings() -> str:
    """Leave out Docker's settings where others than root can change them, and say so.

    Docker runs the plugins that lie there.
    """
    folder = os.environ.get("DOCKER_CONFIG", "")
    if not folder or os.geteuid() != 0:
        return ""
    # Only here: --help is to load next to nothing.
    from pathlib import Path

    from wizard.platform.text import clean_line
    from wizard.program import trust

    try:
        trust.check([Path(folder)], trust.trusted_owners())
    except (trust.Doubted, OSError) as error:
        del os.environ["DOCKER_CONFIG"]
        return (
            f"DOCKER_CONFIG names {clean_line(folder)}, which is left out: "
            f"{clean_line(str(error)).rstrip('.')}, and Docker would run the plugins that lie "
            "there. Nothing was changed. Root's own settings of Docker are used."
        )
    return ""


if __name__ == "__main__":
    sys.exit(main())
