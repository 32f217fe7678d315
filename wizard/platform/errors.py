"""The exit codes, and the errors that carry them."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a run of the program came to."""

    DONE = 0
    UNEXPECTED = 1
    REFUSED = 2
    ROLLED_BACK = 3
    ROLLBACK_INCOMPLETE = 4
    HOST_CHANGED = 5
    LOCKED = 6
    NOT_PASSING = 7
    """Of a check: IPv6 does not pass."""
    NOT_AS_SET_UP = 8
    """Of a check: IPv6 passes, but not as it was set up."""


class WizardError(Exception):
    """Something a person must know, in full sentences: what, what it means, what to do next."""

    exit_code = ExitCode.UNEXPECTED


class Refused(WizardError):
    """The request cannot be done and nothing was changed."""

    exit_code = ExitCode.REFUSED


class StepFailed(WizardError):
    """A step could not be applied; what it had begun must be rolled back."""

    exit_code = ExitCode.ROLLED_BACK


class HostChanged(WizardError):
    """The host is no longer as the plan was made for; nothing was touched."""

    exit_code = ExitCode.HOST_CHANGED


class Locked(WizardError):
    """Another run of the wizard holds the lock."""

    exit_code = ExitCode.LOCKED
