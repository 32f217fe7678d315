"""What a text of a Compose file says while none of the variables in it is set."""

import re

_WITH_DEFAULT = re.compile(r"\$\{\w*:?-([^${}]*)\}")


def unset(text: str) -> str:
    """Return a text with each variable's default in its place (compose-spec, 12-interpolation.md).

    A variable without one stays as it is written.
    """
    return _WITH_DEFAULT.sub(r"\1", text)
