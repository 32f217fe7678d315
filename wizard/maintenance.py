"""What the command line does with a set-up that is in force: one function a verb."""

from wizard import verbs
from wizard.answers import checks
from wizard.plan import script
from wizard.platform.errors import ExitCode, Refused
from wizard.session import Session
from wizard.steps.comparing import Choice
from wizard.steps.parts import Condition
from wizard.verbs import Say

_CHANGED = (
    "What somebody changed on purpose is left as they want it, unless you add --changed ours, "
    "which puts back what the wizard left."
)


def repair(yes: bool, say: Say, changed: str | None = None, window: int | None = None) -> int:
    """Put back what is not in effect any more, and return the exit code.

    Without ``yes`` it is shown as a script, and nothing is changed. ``changed`` is what becomes of
    what somebody changed since, keep or ours. With a ``window`` the repair is taken back unless
    somebody types wizard --keep within these seconds.

    Raises:
        Refused: there is nothing to repair on this host, or nobody said yes.
    """
    if changed == Choice.ORIGINAL:
        raise Refused(
            "--changed original does nothing with --repair: what was there before the wizard is "
            "put back by wizard --undo. Nothing was changed."
        )
    if window is not None:
        try:
            checks.check_window(window)
        except ValueError as error:
            raise Refused(f"{error}. Nothing was changed.".replace("window", "--window")) from error
    opened, choice = Session(), Choice(changed or Choice.KEEP)
    found = opened.repair(choice)
    if not found.plan.steps:
        for each in found.left:
            say(f"Left as it is. {each.sentence}")
        theirs = any(each.state == Condition.CHANGED for each in found.left)
        if theirs:
            say(_CHANGED)
        if found.left:
            return ExitCode.NOT_AS_SET_UP
        say("Every step is in effect, so there is nothing to repair. Nothing was changed.")
        return ExitCode.DONE
    say(script.render(found.plan))
    if any(each.state == Condition.CHANGED for each in found.left):
        say(_CHANGED)
    if not yes:
        raise Refused("Nothing was changed. wizard --repair --yes does this.")
    if opened.repairing is not None:
        raise Refused(
            "A repair waits for an answer already: keep it with wizard --keep, or let it be taken "
            "back. Nothing was changed."
        )
    return verbs.follow(opened.start_repair(found, choice, window), say)
