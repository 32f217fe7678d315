"""What the next boot would take from this host, in sentences."""

from collections.abc import Callable
from dataclasses import dataclass

from wizard.boot import reader
from wizard.boot.forecast import ACCEPT_RA, FORWARDING, Forecast, foresee
from wizard.boot.reader import Now
from wizard.boot.scripts import Line
from wizard.host.host import NetworkFile
from wizard.host.looking import CannotTell
from wizard.host.network_files import written
from wizard.platform.text import clean_line

_MOST_LINES = 8
"""Lines that are shown to be read."""


@dataclass(frozen=True)
class Outlook:
    """What a forecast comes to.

    Attributes:
        lost: A sentence for each interface that would certainly lose its own IPv6.
        notes: Sentences on what else would be worse, and on what is not known.
        unread: Lines that may change it, for a person to read.
    """

    lost: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    unread: tuple[Line, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return everything to say, the weightiest first."""
        shown = tuple(
            f"Not computed: read line {each.number} of {clean_line(each.path)}: "
            f"{clean_line(each.text)}"
            for each in self.unread[:_MOST_LINES]
        )
        more = len(self.unread) - len(shown)
        if more > 0:
            lines = "line" if more == 1 else "lines"
            shown = (*shown, f"Not computed, besides: {more} more {lines} of such programs.")
        return (*(sentence for _interface, sentence in self.lost), *self.notes, *shown)


def look() -> Outlook:
    """Foresee the next boot of this host, and compare it with now; the host is only read."""
    files = reader.files()
    try:
        forecast = foresee(files, reader.circumstances(files))
        found = compare(forecast, reader.now(), lambda path: written(path, files))
    except CannotTell as error:
        return Outlook(notes=(f"The next boot could not be foreseen: {error}",))
    except Exception as error:  # What cannot be read is no reason to take a change back.
        said = clean_line(f"{type(error).__name__}: {error}").rstrip(".")
        return Outlook(
            notes=(f"The next boot could not be foreseen, by a fault of the wizard: {said}.",)
        )
    if not files.unread:
        return found
    unread = tuple(Line(path, 1, "it cannot be read") for path in files.unread)
    return Outlook(found.lost, found.notes, (*found.unread, *unread))


def compare(
    forecast: Forecast, now: Now, written_by: Callable[[str], NetworkFile] = NetworkFile
) -> Outlook:
    """Tell what would be worse after the boot that was foreseen.

    Args:
        forecast: What was foreseen.
        now: What there is.
        written_by: Tells of a file, by its path, who writes it.
    """
    lost, notes = [], []
    uncertain = any(line.names_accept_ra for line in forecast.unread)
    by_route = {route.interface for route in now.routes if route.protocol == "ra"}
    for interface in sorted(by_route | now.advertised):
        if interface not in forecast.hearing:
            continue
        hearing = forecast.hearing[interface]
        stays = forecast.has_route_by_advertisement(interface)
        if stays or (interface in by_route and hearing.gateway):
            continue
        what = (
            f"the IPv6 default route over {clean_line(interface)}"
            if interface in by_route
            else f"the IPv6 addresses that {clean_line(interface)} has by router advertisement"
        )
        reason = _why(forecast, interface, written_by)
        if stays is None:
            notes.append(
                f"Whether {what} will be there after the next boot is not known: "
                f"{reason}. Look after the boot, with a console at hand."
            )
        elif uncertain:
            notes.append(
                f"After the next boot this host would lose {what}, as far as can be computed: "
                f"{reason}. Read the lines below before you restart it."
            )
        else:
            lost.append(
                (
                    interface,
                    f"After the next boot this host would lose {what}, for good: "
                    f"{reason}. Let accept_ra be set to 2 on "
                    f"{clean_line(interface)} there, and start again.",
                )
            )
    for route in now.routes:
        known = forecast.hearing.get(route.interface)
        if route.protocol == "ra" or known is None or known.gateway or known.program:
            continue
        notes.append(
            f"Nothing was found that sets the IPv6 default route over "
            f"{clean_line(route.interface)} at boot. If it was typed by hand, it will be gone "
            "after the next boot, and so will IPv6 of this host and its containers."
        )
    notes += _forwarding(forecast, now)
    return Outlook(tuple(lost), tuple(notes), forecast.unread)


def _forwarding(forecast: Forecast, now: Now) -> list[str]:
    foreseen = forecast.value("all", FORWARDING)
    if not now.forwards or foreseen is None or foreseen.known == 1:
        return []
    if foreseen.known is None:
        return [
            "Whether the kernel will forward IPv6 after the next boot is not known, because "
            "Docker could not be asked. Without it no container has IPv6."
        ]
    return [
        "After the next boot the kernel would not forward IPv6, so no container would have it: "
        f"{_place(foreseen.source)} leaves net.ipv6.conf.all.forwarding at 0, and nothing sets it "
        "to 1 after that. Take that line out, or set it to 1 there."
        if foreseen.source.startswith("/")
        else "After the next boot the kernel would not forward IPv6, so no container would have "
        "it: nothing sets net.ipv6.conf.all.forwarding to 1. Write net.ipv6.conf.all.forwarding=1 "
        "into a file below /etc/sysctl.d."
    ]


def _why(forecast: Forecast, interface: str, written_by: Callable[[str], NetworkFile]) -> str:
    accept_ra = forecast.value(interface, ACCEPT_RA)
    forwarding = forecast.value(interface, FORWARDING)
    if accept_ra is None or forwarding is None:
        return "the interface was not looked at"
    values = " or ".join(map(str, sorted(accept_ra.possible)))
    reason = f"accept_ra will be {values} there (set by {_place(accept_ra.source)})"
    if accept_ra.known != 0 and 1 in forwarding.possible:
        reason += (
            f", and the kernel will forward (set by {_place(forwarding.source)}), so that it "
            "no longer listens to the router's advertisements"
        )
    file = written_by(accept_ra.source.rpartition(":")[0])
    if file.writer:
        reason += f". That file is written by {file.writer}: {clean_line(file.instead)}"
    return reason


def _place(source: str) -> str:
    path, colon, line = source.rpartition(":")
    if colon and line.isdigit():
        return f"line {line} of {clean_line(path)}"
    return clean_line(source)
