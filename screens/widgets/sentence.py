"""A sentence to the person, marked by a sign and not by colour alone."""

from typing import Literal

from textual.content import Content
from textual.widgets import Static

Tone = Literal["problem", "note", "ok", "plain"]

SIGNS = {"problem": "!", "note": "-", "ok": "+", "plain": ""}


class Sentence(Static):
    """One sentence or a few; takes no room where there is nothing to say."""

    DEFAULT_CSS = """
    Sentence {
        height: auto;
        display: none;
        &.-said { display: block; }
        &.-problem { text-style: bold; }
    }
    """

    def __init__(self, words: str = "", tone: Tone = "plain", *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(markup=False, id=id)
        self.words = ""
        self._tone: Tone | None = None
        self.say(words, tone)

    def say(self, words: str, tone: Tone = "plain") -> None:
        """Show other words; none at all hides the line."""
        if (words, tone) == (self.words, self._tone):
            return
        self.words, self._tone = words, tone
        for each in SIGNS:
            self.set_class(each == tone, f"-{each}", update=False)
        self.set_class(bool(words), "-said", update=False)
        # One look at the style sheets for all of them.
        self.update_node_styles()
        sign = SIGNS[tone]
        self.update(Content(f"{sign} {words}" if sign else words))
