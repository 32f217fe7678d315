"""Runs several commands at once, and prints what they say one after the other: COMMAND -- COMMAND …

What machines wait for, the pure tests compute meanwhile.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path


def commands(words: Sequence[str]) -> Iterator[list[str]]:
    """Yield the commands that stand between two dashes each."""
    command: list[str] = []
    for word in (*words, "--"):
        if word == "--":
            yield command
            command = []
        else:
            command.append(word)


def main(words: Sequence[str]) -> int:
    """Run the commands; return 0 if each has ended so, or else the last other exit code."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as begun:
        first, *others = commands(words)
        said = [Path(folder, str(number)) for number in range(len(others))]
        processes = [begun.enter_context(subprocess.Popen(first))]
        for command, file in zip(others, said, strict=True):
            output = begun.enter_context(file.open("wb"))
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
            processes.append(begun.enter_context(process))
        code = processes[0].wait()
        for process, file in zip(processes[1:], said, strict=True):
            code = _followed(process, file) or code
    return code


def _followed(process: subprocess.Popen[bytes], file: Path) -> int:
    with file.open("rb") as written:
        while True:
            code = process.poll()
            sys.stdout.buffer.write(written.read())
            sys.stdout.flush()
            if code is not None:
                return code
            time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
