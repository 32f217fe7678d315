"""What a step found before it was applied; what its undo goes by, as the record holds it."""

from dataclasses import dataclass
from typing import Self

from wizard.platform.system import FileState


@dataclass(frozen=True)
class FileBefore:
    """A file that a step wrote, as it was; without the last four where there was none.

    Raises:
        ValueError: it does not say whole what was there; to go by it could cost somebody a file.
    """

    path: str
    exists: bool
    text: str | None = None
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None

    def __post_init__(self) -> None:
        said = [each is not None for each in (self.text, self.mode, self.uid, self.gid)]
        if said != [self.exists] * len(said):
            raise ValueError(
                "lacks the text, mode or owner of a file that was there"
                if self.exists
                else "says that there was no file, and what was in it"
            )
        if not 0 <= (self.mode or 0) <= 0o7777 or min(self.uid or 0, self.gid or 0) < 0:
            raise ValueError("names a mode or an owner that no file has")

    @property
    def state(self) -> FileState | None:
        """The file, or None where there was none."""
        match self.text, self.mode, self.uid, self.gid:
            case str(text), int(mode), int(uid), int(gid):
                return FileState(text, mode, uid, gid)
        return None

    @classmethod
    def of(cls, path: str, state: FileState | None) -> Self:
        """Return what there is to remember of a file; None stands for one that is not there."""
        if state is None:
            return cls(path, exists=False)
        return cls(path, True, state.text, state.mode, state.uid, state.gid)


@dataclass(frozen=True, kw_only=True)
class Before:
    """What every kind of step found: the files that it writes, in their order.

    A kind that has to know more derives its own. What is added later needs a default, for earlier
    releases did not write it.
    """

    files: tuple[FileBefore, ...]
