"""What becomes of everything when the person leaves now, as the question before it says."""

from screens.state import State


def question(state: State) -> tuple[str, str]:
    """Return the heading and the words of the question whether to leave."""
    run = state.run
    if run.running:
        return (
            "Leave while the steps are being done?",
            "They continue without this terminal, to the end. To see how far they are, start "
            "the wizard again, or type wizard --status. To take everything back once they "
            "have ended: wizard --undo.",
        )
    if run.seconds_left is not None:
        return (
            "Leave without an answer?",
            "Then everything is taken back when the time is over, unless somebody types the "
            "line in another login before. To come back to the question, start the wizard "
            "again.",
        )
    if run.progress is not None:
        return (
            "Leave the wizard?",
            "What was done is kept in the record. wizard --status shows it, and wizard "
            "--undo takes back what is on this host.",
        )
    return "Leave the wizard?", f"Nothing was changed on this host. {_of_answers(state)}"


def _of_answers(state: State) -> str:
    if state.saver.failed:
        return (
            f"Your answers could not be kept in {state.session.store.directory}: the wizard "
            "asks for them again next time."
        )
    if not (state.saver.busy or state.session.has_answers):
        return "You have not answered anything yet."
    return "Your answers are kept, and the wizard begins with them next time."
