"""Inputs to which the covered lines lead, for what reads foreign text: by a command alone.

``python -m tests.guided READER [option of libFuzzer ...]`` needs atheris, which no test does;
without a reader it names them. What goes wrong is kept in ``tests/unit/found``, and every run of
the tests reads it from then on.
"""

import hashlib
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

FOUND = Path(__file__).parent / "unit" / "found"

Reader = tuple[Iterable[str], Callable[[str], object]]
"""Texts to begin with, and what reads a text: it fails where that goes wrong."""


def readers() -> Mapping[str, Reader]:
    """Return every reader by its name; the core is imported here, so that it can be watched."""
    from tests.unit import test_fuzz_compose, test_fuzz_foreign
    from tests.unit.test_earlier_releases import RECORDS
    from wizard.answers import answers_file
    from wizard.platform.errors import Refused
    from wizard.record.toml_text import loads

    def soon(
        read: Callable[[str], object], errors: tuple[type[Exception], ...]
    ) -> Callable[[str], object]:
        def try_one(text: str) -> None:
            with test_fuzz_foreign.ours(*errors):
                read(text)

        return try_one

    records = [path.read_text() for path in sorted(RECORDS.glob("*.toml"))]
    found: dict[str, Reader] = {
        "compose-file": (test_fuzz_compose.SEEDS, test_fuzz_compose.edited_and_taken_back),
        "record": (records, soon(loads, (Refused,))),
        "answers-file": (
            [test_fuzz_foreign.ANSWERS],
            soon(answers_file.loads, (Refused,)),
        ),
    }
    for name, (original, read, errors) in test_fuzz_foreign.PRINTED.items():
        found[name.replace(" ", "-")] = ([original], soon(read, errors))
    for name, (originals, read, errors) in test_fuzz_foreign.TEXTS.items():
        found[name.replace(" ", "-")] = (originals, soon(read, errors))
    return found


def main(words: list[str]) -> None:
    """Try one reader until it fails, or as long as the options say."""
    import atheris

    with atheris.instrument_imports(include=["wizard"]):
        known = readers()
    if not words or words[0] not in known:
        sys.exit(f"Name one of: {', '.join(sorted(known))}.")
    name, *options = words
    seeds, read = known[name]

    def try_one(data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        try:
            read(text)
        except BaseException:
            place = FOUND / name / hashlib.sha256(text.encode()).hexdigest()[:12]
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text.encode())
            raise

    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds):
            (Path(folder) / f"{number}").write_bytes(seed.encode("utf-8", "replace"))
        atheris.Setup([sys.argv[0], f"-artifact_prefix={folder}/", *options, folder], try_one)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
