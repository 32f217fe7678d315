"""What was typed, as the values that are meant; each is checked."""

from ipaddress import IPv6Address
from pathlib import Path

from wizard.answers import answers_file
from wizard.answers import window as answers_window
from wizard.answers.choices import Choices
from wizard.host.target import DEFAULT_TARGET
from wizard.platform.errors import Refused
from wizard.platform.files import read_regular
from wizard.platform.text import clean, clean_line


def answers_in(path: Path) -> Choices:
    """Return the answers in a file.

    Raises:
        Refused: the file cannot be read or used.
    """
    try:
        text = read_regular(path)
        # What is not UTF-8 comes as lone surrogates.
        text.encode()
        return answers_file.loads(text)
    except (OSError, UnicodeError) as error:
        raise Refused(
            f"{clean_line(str(path))} cannot be read as answers: {clean_line(str(error))}. "
            "Nothing was changed."
        ) from error


def check_window(window: int | None) -> None:
    """Make sure that the seconds that were typed leave time to say "keep".

    Raises:
        Refused: they do not.
    """
    if window is not None:
        try:
            answers_window.check_window(window)
        except ValueError as error:
            raise Refused(f"{error}. Nothing was changed.".replace("window", "--window")) from error


def address(text: str | None) -> IPv6Address | None:
    """Return the address that a person typed, or None where there is none.

    Raises:
        Refused: what was typed is no address.
    """
    if text is None:
        return None
    try:
        return IPv6Address(text.strip())
    except ValueError as error:
        raise Refused(
            f"{clean(text)} is not an IPv6 address, such as {DEFAULT_TARGET}. Nothing was changed."
        ) from error
