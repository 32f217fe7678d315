"""What was once found to go wrong by :mod:`tests.guided` does not any more."""

from tests.guided import FOUND, readers


def test_what_was_found_before_is_read_as_well_as_what_tries_begin_with() -> None:
    for name, (seeds, read) in readers().items():
        kept = [path.read_bytes().decode() for path in sorted((FOUND / name).glob("*"))]
        for text in (*list(seeds)[:3], *kept):
            read(text)
