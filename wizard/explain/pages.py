"""The table from a cause to its page, and what the verb ``--explain`` prints of it."""

from collections.abc import Iterable, Mapping

from wizard.explain import docker, firewall, host, network
from wizard.explain.page import Page
from wizard.host.obstacle import Cause, Obstacle
from wizard.platform.errors import Refused
from wizard.platform.text import clean_line

PAGES: Mapping[Cause, Page] = host.PAGES | docker.PAGES | network.PAGES | firewall.PAGES
"""Every cause has one."""


def cause_of(name: str) -> Cause:
    """Return the cause of that name.

    Raises:
        Refused: there is none.
    """
    try:
        return Cause(name)
    except ValueError:
        raise Refused(
            f"There is no page called {clean_line(name)}. wizard --explain without a name lists "
            "all of them. Nothing was changed."
        ) from None


def as_text(cause: Cause, obstacles: Iterable[Obstacle]) -> str:
    """Return the page of a cause, once for each time that it is in the way on this host."""
    page = PAGES[cause]
    found = [page.lines(each) for each in obstacles if each.cause is cause] or [page.lines()]
    texts = ["\n".join(lines) for lines in found]
    return f"{page.title}\n\n" + "\n\n\n".join(texts) + "\n"


def listed() -> str:
    """Return the names of all pages with their titles, a line each."""
    width = max(map(len, Cause))
    lines = [f"{cause:<{width}}  {PAGES[cause].title}" for cause in sorted(Cause)]
    return "\n".join(["What may stand in the way; wizard --explain NAME says more.", "", *lines])
