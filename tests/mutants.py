"""Puts small faults into the core, one at a time, and names those that no unit test sees.

    python -m tests.mutants [--sample N] [--seed S] [FOLDER ...]

Each fault is made in a copy of the tree. It is killed if one of the unit tests that name its module
fails, or hangs; a fault that survives is a line that no test guards.
"""

import argparse
import ast
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("wizard/plan", "wizard/steps", "wizard/run", "wizard/answers", "wizard/compose")
COPIED = ("wizard", "screens", "tests", "bin", "lock", "snapshots", "pyproject.toml", "README.md",
          "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md")  # fmt: skip

SLOW = ("test_model.py", "test_fuzz_compose.py", "test_fuzz_foreign.py", "test_fuzz_record.py",
        "test_storm.py")  # fmt: skip
"""Tests that try at random, and would take most of the time."""

WHOLE = ("test_plan.py", "test_steps.py", "test_journal.py")
"""What goes through all of it, for modules that no test names."""

PATIENCE = 240
"""Seconds of the processor's time after which a fault counts as one that hangs."""

LONGEST = 1800
"""Seconds after which it counts as one in any case; others may be at work on the same computer."""

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Lt: ast.LtE, ast.LtE: ast.Lt,
    ast.Gt: ast.GtE, ast.GtE: ast.Gt,
}  # fmt: skip

_FUNCTIONS = {"all": "any", "any": "all", "min": "max", "max": "min", "sorted": "list",
              "reversed": "list"}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One fault: the file, its number among those of the file, the line, and what it does."""

    path: str
    number: int
    line: int
    what: str

    @property
    def text(self) -> str:
        """The text of the file with it."""
        tree = ast.parse((ROOT / self.path).read_text("utf-8"))
        _node, _what, change = list(_places(tree))[self.number]
        change()
        return ast.unparse(ast.fix_missing_locations(tree))


def mutants(path: Path) -> Iterator[Mutant]:
    """Yield every fault that can be made in a file."""
    tree = ast.parse(path.read_text("utf-8"))
    for number, (node, what, _change) in enumerate(_places(tree)):
        yield Mutant(str(path.relative_to(ROOT)), number, getattr(node, "lineno", 0), what)


Place = tuple[ast.AST, str, Callable[[], None]]


def _places(tree: ast.AST) -> Iterator[Place]:
    """Yield what can be changed below a node: it, what is done, and what does it."""
    for _field, value in ast.iter_fields(tree):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_told_apart(tree, _field, child):
                yield from _of(child, tree, _field)
                yield from _places(child)


def _is_told_apart(parent: ast.AST, field: str, child: ast.AST) -> bool:
    """Return whether a fault there is none: types, decorators, and texts that are documentation."""
    if field in ("annotation", "returns", "decorator_list", "type_params"):
        return True
    text = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
    checking = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
    alias = isinstance(parent, ast.Module) and isinstance(child, ast.Import | ast.ImportFrom)
    return text or checking or alias


def _of(node: ast.AST, parent: ast.AST, field: str) -> Iterator[Place]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in _COMPARISONS:
            other = _COMPARISONS[type(op)]
            yield node, f"{_shown(node)}: {other.__name__}", lambda: _set(node, "ops", [other()])
        case ast.BoolOp(op=ast.And()):
            yield node, f"{_shown(node)}: or", lambda: _set(node, "op", ast.Or())
        case ast.BoolOp(op=ast.Or()):
            yield node, f"{_shown(node)}: and", lambda: _set(node, "op", ast.And())
        case ast.UnaryOp(op=ast.Not()):
            yield node, f"{_shown(node)}: without not", lambda: _put(parent, field, node,
                                                                     node.operand)  # fmt: skip
        case ast.BinOp(op=ast.Add()):
            yield node, f"{_shown(node)}: minus", lambda: _set(node, "op", ast.Sub())
        case ast.BinOp(op=ast.Sub()):
            yield node, f"{_shown(node)}: plus", lambda: _set(node, "op", ast.Add())
        case ast.Constant(value=bool(value)):
            yield node, f"{value}: {not value}", lambda: _set(node, "value", not value)
        case ast.Constant(value=int() as number):
            yield node, f"{number}: {number + 1}", lambda: _set(node, "value", number + 1)
        case ast.Constant(value=str(value)) if value and " " not in value:
            yield node, f"{value!r}: another text", lambda: _set(node, "value", f"{value}XX")
        case ast.If(body=[*_, ast.Return() | ast.Raise() | ast.Continue()], orelse=[]):
            shown = f"if {_shown(node.test)}"
            yield node, f"{shown}: never", lambda: _put(parent, field, node, ast.Pass())
            yield node, f"{shown}: always", lambda: _set(node, "test", ast.Constant(True))
        case ast.If() | ast.IfExp():
            inverted = ast.UnaryOp(ast.Not(), node.test)
            yield node, f"if {_shown(node.test)}: not", lambda: _set(node, "test", inverted)
        case ast.Return(value=value) if value is not None and not _is_none(value):
            none = ast.Constant(None)
            yield node, f"return {_shown(value)}: None", lambda: _set(node, "value", none)
        case ast.Expr() | ast.Raise() | ast.AugAssign():
            yield node, f"{_shown(node)}: left out", lambda: _put(parent, field, node, ast.Pass())
        case ast.comprehension(ifs=[_, *_]):
            yield node.target, f"{_shown(node)}: all of them", lambda: _set(node, "ifs", [])
        case ast.Call(func=ast.Name(id=name)) if name in _FUNCTIONS:
            instead = _FUNCTIONS[name]
            yield node, f"{_shown(node)}: {instead}", lambda: _set(node.func, "id", instead)
        case ast.Call(args=[first, second, *others]) if not isinstance(second, ast.Starred):
            swapped = [second, first, *others]
            yield node, f"{_shown(node)}: swapped", lambda: _set(node, "args", swapped)
        case ast.Tuple(elts=[_, _, *_], ctx=ast.Load()) | ast.List(elts=[_, _, *_]):
            last = node.elts[-1]
            yield last, f"{_shown(node)}: without the last", lambda: _set(node, "elts",
                                                                        node.elts[:-1])  # fmt: skip
        case ast.ExceptHandler(body=[first, *_]) if not isinstance(first, ast.Raise):
            yield node, f"except {_shown(node.type or node)}: raised", lambda: _set(
                node, "body", [ast.Raise()])  # fmt: skip
        case ast.With(body=body, items=[ast.withitem(ast.Call(), None)]):
            inside = ast.If(ast.Constant(True), body, [])
            yield node, f"with {_shown(node.items[0])}: without it", lambda: _put(
                parent, field, node, inside)  # fmt: skip
        case ast.Continue():
            yield node, "continue: break", lambda: _put(parent, field, node, ast.Break())
        case ast.Break():
            yield node, "break: continue", lambda: _put(parent, field, node, ast.Continue())


def _set(node: ast.AST, field: str, value: object) -> None:
    setattr(node, field, value)


def _put(parent: ast.AST, field: str, old: ast.AST, new: ast.AST) -> None:
    there = getattr(parent, field)
    if isinstance(there, list):
        there[there.index(old)] = new
    else:
        setattr(parent, field, new)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _shown(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) < 70 else f"{text[:67]}..."


def tests_of(path: str) -> list[str]:
    """Return the unit tests that name a module, those that name it most often first.

    Where none does, they are those that name others of its package.
    """
    module = path.removesuffix(".py").replace("/", ".")
    package, _, stem = module.rpartition(".")
    counts, beside = {}, {}
    for test in (ROOT / "tests/unit").glob("test_*.py"):
        text = test.read_text("utf-8")
        named = any(
            (f"from {package} import" in line and stem in line) or f"from {module} import" in line
            for line in text.splitlines()
        )
        if test.name in SLOW:
            continue
        if named:
            counts[test.name] = text.count(stem)
        if f"{package}." in text or f"from {package} import" in text:
            beside[test.name] = text.count(package)
    found = counts or beside
    names = sorted(found, key=lambda name: (-found[name], name))
    return [f"tests/unit/{name}" for name in (*names, *(() if counts else WHOLE))]


def run(folder: Path, tests: Sequence[str]) -> str:
    """Run tests in a process of its own, and return “killed”, “hangs” or “survives”."""
    child = os.fork()
    if child == 0:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE + 1))
        os.chdir(folder)
        sys.path[:0] = [str(folder)]
        os.environ["PYTHONPATH"] = str(folder)
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        options = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")
        os._exit(int(pytest.main([*options, *tests])))
    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            ended = os.waitstatus_to_exitcode(status)
            if ended in (-signal.SIGXCPU, -signal.SIGKILL):
                break
            return "survives" if ended == 0 else "killed"
        time.sleep(0.05)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(child, 0)
    return "hangs"


def main() -> int:
    """Try the faults, print those that survive, and return how many there are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", default=FOLDERS, metavar="FOLDER")
    parser.add_argument("--sample", type=int, help="try that many, chosen at random")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.nice(19)
    sys.dont_write_bytecode = True
    files = sorted(path for each in options.folders for path in (ROOT / each).rglob("*.py"))
    every = [mutant for path in files for mutant in mutants(path)]
    tried = every
    if options.sample:
        tried = random.Random(options.seed).sample(every, min(options.sample, len(every)))  # noqa: S311
    counted = {"killed": 0, "hangs": 0, "survives": 0}
    with tempfile.TemporaryDirectory(prefix="mutants-") as made:
        folder = Path(made)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, folder / name, symlinks=True, ignore=ignored)
            else:
                shutil.copy2(source, folder / name)
        for number, mutant in enumerate(sorted(tried, key=lambda each: (each.path, each.line)), 1):
            place = folder / mutant.path
            whole = place.read_text("utf-8")
            place.write_text(mutant.text, "utf-8")
            ended = run(folder, tests_of(mutant.path))
            place.write_text(whole, "utf-8")
            counted[ended] += 1
            line = f"{number}/{len(tried)} {ended:>8}  {mutant.path}:{mutant.line}  {mutant.what}"
            print(line, flush=True)
    print(f"of {len(tried)} faults, out of {len(every)} that can be made: {counted}")
    return counted["survives"]


if __name__ == "__main__":
    sys.exit(bool(main()))
