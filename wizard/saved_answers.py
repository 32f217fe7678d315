"""The answers so far, and how far the person has come, kept for another time."""

import os
from pathlib import Path

from wizard.answers import answers_file
from wizard.answers.choices import Choices
from wizard.platform.errors import Refused
from wizard.platform.files import write_durably
from wizard.platform.text import clean
from wizard.record.store import Store


class SavedAnswers:
    """What is kept in the folder of a store.

    Saving returns whether it could be done and is safe in a thread. A folder that cannot be written
    is no reason to stop.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.taken_from: Path | None = None
        """The file that the person named to take the answers from, if it is not the wizard's."""

    def save(self, choices: Choices) -> bool:
        """Keep the answers so far."""
        return self._write(self._store.answers, answers_file.dumps(choices))

    def save_wanted(self, choices: Choices) -> bool:
        """Keep the answers that a run is changed to."""
        return self._write(self._store.wanted, answers_file.dumps(choices))

    def load(self) -> Choices | None:
        """Return the answers that were kept, or None where there are none that can be used."""
        try:
            return answers_file.loads(self._store.answers.read_text(encoding="utf-8"))
        except (OSError, Refused, UnicodeDecodeError):
            return None

    def save_progress(self, word: str) -> bool:
        """Keep how far the person has come, as a word of the front end's own."""
        return self._write(self._store.progress, f"{word}\n")

    def load_progress(self) -> str:
        """Return the word that was kept, or an empty one."""
        try:
            return clean(self._store.progress.read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError):
            return ""

    def _write(self, path: Path, text: str) -> bool:
        try:
            self._store.prepare()
            write_durably(path, text, 0o600, os.geteuid(), os.getegid())
        except (Refused, OSError):
            return False
        return True
