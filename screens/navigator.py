"""What a screen may ask of whoever shows it: to move on, and nothing else."""

from collections.abc import Callable
from typing import Protocol

from screens.state import State


class Navigator(Protocol):
    """Moves between the screens, each known by its name."""

    state: State
    resumed_at: str
    """The question at which the person left at an earlier time, until it is passed."""
    nothing_to_resume: bool
    """Whether the person asked to go on where there is nothing to go on with."""

    left_home: bool
    """Whether one came to the first question from what is in force."""

    @property
    def can_start_again(self) -> bool:
        """Whether there is a first screen to go back to."""

    @property
    def at_home(self) -> bool:
        """Whether one came from what is in force, and not on the way through the questions."""

    def after_keys(self, then: Callable[[], None]) -> None:
        """Do something once the keys that were typed before are worked off."""

    def open(self, name: str) -> None:
        """Open a screen, unless it is open."""

    def go_after(self, name: str) -> None:
        """Open the screen that comes after the named one."""

    def resume(self) -> None:
        """Go on by one screen towards the one where the person left, as far as answers fit."""

    def stop_resuming(self) -> None:
        """Go on no further by itself: what was answered does not fit any more."""

    def see_earlier(self) -> None:
        """Show the earlier run: at work, or what came of it."""

    def open_run(self) -> None:
        """Show the run that is followed, over the one screen from which it was begun, if any."""

    def show_run(self) -> None:
        """Open the question or the result of the run that is followed, or its steps."""

    def go_home(self) -> None:
        """Show what is in force again, unless it has been taken back since."""

    def start_again(self) -> None:
        """Go back to the host and look at it anew; the answers stay."""
