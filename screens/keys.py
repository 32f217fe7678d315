"""Keys that were typed fast, or came in one packet, are worked off in the order they came in."""

from collections.abc import Callable
from dataclasses import dataclass

from textual.app import App
from textual.message import Message


@dataclass(eq=False)
class KeysWorkedOff(Message):
    """The keys typed before another are worked off, once it has gone all the way ``laps`` times."""

    then: Callable[[], None]
    laps: int


class AppWithKeysInOrder(App[int]):
    """Textual looks at Enter as soon as it comes, and at other keys only on their way up to here.

    Enter would go on with what was chosen before the keys in front of it.
    """

    def after_keys(self, then: Callable[[], None]) -> None:
        """Do something once the keys that were typed before are worked off."""
        # What they change is told on the same way once more.
        self._send_lap(KeysWorkedOff(then, 2))

    def _send_lap(self, message: KeysWorkedOff) -> None:
        if not (self.focused or self.screen).post_message(message):
            message.then()

    def on_keys_worked_off(self, message: KeysWorkedOff) -> None:
        """Send it round once more, or do what had to wait."""
        if message.laps > 1:
            self._send_lap(KeysWorkedOff(message.then, message.laps - 1))
        else:
            message.then()
