"""The nodes of a YAML document, each with its exact place in the text and a digest of its meaning.

Trees of YAML libraries lose what an edit needs: where an alias stands, where a block ends before
its trailing comments, whether a null was written out.
"""

from dataclasses import dataclass
from typing import TypeAlias

from wizard.compose.variables import PutIn, unset


@dataclass(frozen=True, eq=False, slots=True)
class Scalar:
    """A single value, from its anchor or tag (if any) to its end.

    Attributes:
        start: First character; an anchor or tag before the value belongs to it.
        end: One past the last character. A block scalar ends after its trailing blank lines.
        anchor: Name behind ``&``, if any.
        tag: Tag written out, if any.
        value: The text as YAML reads it; empty for a null that is not written.
        style: ``None`` for a plain scalar, else one of ``'``, ``"``, ``|`` and ``>``.
        digest: The same for two nodes exactly if they mean the same.
    """

    start: int
    end: int
    anchor: str | None
    tag: str | None
    value: str
    style: str | None
    digest: bytes

    @property
    def is_null(self) -> bool:
        """Whether this is null, written or not (YAML 1.2.2, section 10.3.2)."""
        return (
            self.style is None
            and self.tag in (None, "tag:yaml.org,2002:null")
            and self.value in ("", "~", "null", "Null", "NULL")
        )


@dataclass(frozen=True, eq=False, slots=True)
class ListNode:
    """A list; ``opened`` is the place after the bracket where ``flow`` is true."""

    start: int
    opened: int
    end: int
    anchor: str | None
    tag: str | None
    flow: bool
    items: tuple["Node", ...]
    digest: bytes


@dataclass(frozen=True, eq=False, slots=True)
class MapNode:
    """A mapping as written (``items``) and as meant (``pairs``, with merge keys resolved).

    ``written`` has the items by key, but for those whose key is an alias or no scalar.
    """

    start: int
    opened: int
    end: int
    anchor: str | None
    tag: str | None
    flow: bool
    items: tuple[tuple["Node", "Node"], ...]
    pairs: dict[str, "Value"]
    written: dict[str, tuple["Node", "Node"]]
    digest: bytes

    def own(self, key: str) -> tuple["Node", "Node"] | None:
        """Return the key and value written in this very mapping, not merged in; or None."""
        return self.written.get(key)


@dataclass(frozen=True, eq=False, slots=True)
class Alias:
    """A ``*name``, and the node it stands for."""

    start: int
    end: int
    target: "Value"

    @property
    def digest(self) -> bytes:
        """The digest of what it stands for."""
        return self.target.digest


Value: TypeAlias = Scalar | ListNode | MapNode
Node: TypeAlias = Value | Alias


def value_of(node: Node) -> Value:
    """Return what a node stands for: itself, or the target of an alias."""
    return node.target if isinstance(node, Alias) else node


def text_of(node: Value | None) -> str | None:
    """Return the text of a scalar; None for what is none, or null."""
    return node.value if isinstance(node, Scalar) and not node.is_null else None


def values(node: ListNode) -> list[Value]:
    """Return the items of a list with aliases resolved."""
    return [value_of(item) for item in node.items]


def is_true(node: Value | None, put_in: PutIn = unset) -> bool:
    """Return whether a value is true to either Compose (YAML 1.1 counts ``yes`` and ``on``).

    Of a variable that ``put_in`` does not know its default counts.
    """
    return isinstance(node, Scalar) and put_in(node.value).lower() in ("true", "yes", "on", "y")


def says_nothing(node: Value) -> bool:
    """Return whether a value is null, or a mapping without a key."""
    if isinstance(node, MapNode):
        return not node.pairs
    return isinstance(node, Scalar) and node.is_null
