"""How long there may be to say "keep" before everything is taken back."""

WINDOW = (30, 900)
"""The fewest and the most seconds that there may be to say "keep"."""


def check_window(seconds: object) -> int:
    """Return the seconds that there are to say "keep".

    Raises:
        ValueError: they are no number, too few to log in anew, or too many to be cut off.
    """
    if type(seconds) is not int or not WINDOW[0] <= seconds <= WINDOW[1]:
        raise ValueError(f"window must be a number of seconds from {WINDOW[0]} to {WINDOW[1]}")
    return seconds
