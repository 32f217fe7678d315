"""The question whether a run is kept, line by line as the others are asked without screens."""

from collections.abc import Callable

from wizard import verbs
from wizard.following import Say, follow
from wizard.platform import streams
from wizard.platform.local_time import local_time
from wizard.platform.text import clean_line
from wizard.record.record import State
from wizard.session import Session

Read = Callable[[str], str]
"""Shows words and returns the line that the person types. Raises EOFError where none comes."""


def ask(opened: Session, say: Say, read: Read, code: int) -> int:
    """Ask until the run has an answer; return the exit code, which is ``code`` where none comes."""
    while True:
        record = opened.records.at_hand()
        if record is None or record.state is not State.UNCONFIRMED:
            return code
        logins = opened.logins()
        if logins.over_ssh:
            say("Log in a second time from your own computer, to see that you still can:")
            for command in logins.commands:
                say(f"    {clean_line(command)}")
        try:
            typed = read("Keep it? Type keep, back to take it back, or more for more time: ")
        except (EOFError, KeyboardInterrupt):
            say("")
            say("Without an answer everything is taken back.")
            return code
        now = opened.records.at_hand()
        if now is not None and now.state is not State.UNCONFIRMED:
            say("It was answered in another login meanwhile, or the time was over.")
            return follow(opened, say)
        match typed.strip().lower():
            case "keep":
                # What is announced to everybody is said here already.
                with streams.to_itself():
                    say(verbs.kept(opened.awaited.keep()))
                return code
            case "more":
                until = local_time(opened.awaited.extend().deadline)
                say(f"It is taken back at {until}, unless you keep it.")
            case "back":
                opened.awaited.revert_now()
                return follow(opened, say)
            case _:
                say("! That is none of these words.")
