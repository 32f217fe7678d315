"""Values as the JSON that is printed for other programs."""

import json


def dumps(value: object) -> str:
    """Return a value as JSON of several lines, in the signs that it is made of."""
    return json.dumps(value, ensure_ascii=False, indent=2)
