"""What stands in the way, on a line that can have the focus, so that F1 explains it."""

from screens.widgets.sentence import Sentence
from wizard.host.obstacle import Obstacle


class ObstacleLine(Sentence, can_focus=True):
    """The sentence of an obstacle."""

    DEFAULT_CSS = """
    ObstacleLine {
        &:focus { text-style: bold underline; }
    }
    """

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.sentence, "problem")
        self.obstacle = obstacle
