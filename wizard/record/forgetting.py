"""What a record leaves out once nothing has to be taken back: the texts of people's files."""

import hashlib
from collections.abc import Mapping

MARK = "sha256:"
"""How what stands for a text begins; its digest follows in hexadecimal figures."""


def without_texts(found: Mapping[str, object]) -> dict[str, object]:
    """Return a table of a record with a digest in place of each file's text, however deep."""
    kept = {key: _without(each) for key, each in found.items()}
    text = found.get("text")
    if "mode" in found and isinstance(text, str) and not text.startswith(MARK):
        octets = text.encode("utf-8", "surrogateescape")
        kept["text"] = MARK + hashlib.sha256(octets).hexdigest()
    return kept


def _without(found: object) -> object:
    if isinstance(found, list):
        return [_without(each) for each in found]
    return without_texts(found) if isinstance(found, dict) else found
