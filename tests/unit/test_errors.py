"""One way to say that there is no value, as ARCHITECTURE.md has it under Errors."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]


def members(annotation: ast.expr) -> set[str]:
    """The types of a union, as they are written."""
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        return members(annotation.left) | members(annotation.right)
    return {ast.unparse(annotation)}


def test_nothing_returns_a_sentence_in_the_place_of_a_value() -> None:
    found = []
    for folder in ("wizard", "screens"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns:
                    types = members(node.returns) - {"None"}
                    if "str" in types and types != {"str"}:
                        found.append(f"{path.relative_to(ROOT)}: {node.name}")
    assert found == []
