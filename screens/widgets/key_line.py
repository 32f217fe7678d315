"""The keys of the screen, in its last line."""

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer
from textual.widgets._footer import FooterKey


# Textual's own style sheet for it is for keys in groups and a palette of commands as well.
class KeyLine(Footer, inherit_css=False):
    """Textual's footer, made anew where its keys differ, and not whenever the focus moves.

    Textual also lets each key be narrow first and wide then, and looks up its styles for both. Both
    together were a quarter of what a walk through the screens takes of the processor.
    """

    DEFAULT_CSS = """
    KeyLine {
        dock: bottom;
        layout: horizontal;
        height: 1;
        overflow: hidden;
        background: $background;
    }
    """

    _made: object = None
    """What the keys said when they were made."""
    _coming = False
    """Whether they are to be made anew after the next refresh, whatever they say by then."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)

    def compose(self) -> ComposeResult:
        """Compose the keys as wide as they stay."""
        self._made, self._coming = self._said(), False
        for key in super().compose():
            if isinstance(key, FooterKey):
                key.set_reactive(FooterKey.compact, self.compact)
            yield key

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Make the keys anew if something else is to be read in them, once for all that changed.

        Not behind another screen, which has a line of its own; that is told of when it is gone.
        """
        self._bindings_ready = True
        if not self.is_attached or not screen.app.app_focus or self.app.screen is not self.screen:
            return
        if not self._coming and (self._made is None or self._made != self._said()):
            self._coming = self.call_after_refresh(self.recompose)

    def _said(self) -> object:
        if not self._bindings_ready:
            return None
        return [
            (binding, enabled, tooltip)
            for _, binding, enabled, tooltip in self.screen.active_bindings.values()
            if binding.show
        ]
