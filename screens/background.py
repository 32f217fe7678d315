"""Work that may take long, done beside the event loop; what goes wrong in it becomes a sentence."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from textual.dom import DOMNode
from textual.worker import Worker

from wizard.platform import later
from wizard.platform.errors import WizardError
from wizard.platform.text import clean_line

Given = TypeVar("Given")
Made = TypeVar("Made")


def run(
    owner: DOMNode,
    trying: str,
    work: Callable[[], Made],
    done: Callable[[Made], None],
    failed: Callable[[str], None],
    *,
    latest: bool = False,
) -> None:
    """Do work in a thread, and then tell what it made, or in a sentence why it made nothing.

    Args:
        owner: The app, or the screen that wants to know; it is told nothing once it is gone.
        trying: What is done, as the beginning of a sentence: “Looking at this host”.
        work: What is called in the thread.
        done: Told what ``work`` returned, on the event loop.
        failed: Told the sentence, on the event loop, whatever ``work`` raised.
        latest: Nothing is told any more of the same work that was begun before.
    """
    # All of it, before the first thread that could want some.
    later.load()
    made: list[Made] = []

    async def wait() -> None:
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[BaseException | None] = loop.create_future()

        def end(fault: BaseException | None) -> None:
            if not ended.done():
                ended.set_result(fault)

        def attempt() -> None:
            fault: BaseException | None = None
            try:
                made.append(work())
            except BaseException as error:  # Nobody else would ever hear of it.
                fault = error
            with suppress(RuntimeError):  # The program has ended meanwhile.
                loop.call_soon_threadsafe(end, fault)

        # Textual waits at the end for threads that it starts itself, and Docker may hang.
        try:
            threading.Thread(target=attempt, name=trying, daemon=True).start()
        except RuntimeError as error:
            end(error)
        fault = await ended
        if fault is not None:
            failed(sentence(trying, fault))
        else:
            done(made[0])

    _: Worker[None] = owner.run_worker(
        wait, name=trying, group=trying if latest else "default", exclusive=latest
    )


def tell(owner: DOMNode, what: Callable[[], None]) -> None:
    """Have something done on the event loop, from a thread; nothing where the program has ended."""
    with suppress(RuntimeError):
        owner.call_later(what)


def sentence(trying: str, error: BaseException) -> str:
    """Return what to say of an exception: the wizard's own are sentences already."""
    if isinstance(error, WizardError):
        return str(error)
    words = clean_line(str(error)).rstrip(".")
    return (
        f"{trying} failed by a fault of the wizard ({type(error).__name__}: {words}). What was "
        "changed on this host until now is in the record: see wizard --status. Try again, and "
        "please report this if it comes again."
    )


class Renewed(Generic[Given, Made]):
    """Work that is wanted anew whenever what it is made from changes; one at a time.

    What was asked last counts: only that is told of, and Docker is never asked by two at once.
    """

    def __init__(
        self,
        owner: DOMNode,
        trying: str,
        work: Callable[[Given], Made],
        done: Callable[[Made], None],
        failed: Callable[[str], None],
    ) -> None:
        """Take what is done, and whom to tell, as :func:`run` does."""
        self._owner, self._trying, self._work = owner, trying, work
        self._done, self._failed = done, failed
        self._next: list[Given] = []
        self.busy = False
        """Whether the answer to what was asked last is still to come."""

    def ask(self, given: Given) -> None:
        """Have the work done with this, after what is at work now."""
        self._next = [given]
        if not self.busy:
            self._begin()

    def _begin(self) -> None:
        self.busy = True
        (given,), self._next = self._next, []
        run(
            self._owner,
            self._trying,
            lambda: self._work(given),
            lambda made: self._ended(lambda: self._done(made)),
            lambda words: self._ended(lambda: self._failed(words)),
        )

    def _ended(self, say: Callable[[], None]) -> None:
        if self._next:
            self._begin()
            return
        self.busy = False
        say()
