"""The files of a Compose project: those that Compose is given, and those that they name.

``include`` takes the services of another file, with a folder of its own, into the project, before
what the including file says; ``extends`` takes settings from a service of another file, which is no
part of the project (compose-spec, 14-include.md and the reference of services). Paths are relative
to the project's folder, in an included or extended file to that file's. A later file may change
what an earlier one has included, which was seen with Compose 2.26.1 and 2.40.3. A variable in a
name is what the ``.env`` of the project's folder says, or the files that stand for it, or its
default: what else may be set where Compose is started is in no file. What is included has files of
variables of its own, by its ``env_file`` or in its folder, of which those of the project stay.
"""

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wizard.compose.joining import bystanders, networks
from wizard.compose.meaning import FileMeaning
from wizard.compose.nodes import ListNode, MapNode, Value, text_of, values
from wizard.compose.read import ParsedFile, parse_part
from wizard.compose.variables import Variables
from wizard.platform.errors import Refused
from wizard.platform.text import clean_line

Read = Callable[[str], bytes | None]
"""Returns what a file holds, or None where there is none; raises Refused where it cannot tell."""

MOST_FILES = 100
"""Files of one project that are read."""


@dataclass(frozen=True, eq=False)
class Part:
    """A file of which services are in the project.

    Attributes:
        path: Where it is.
        file: What it says.
        given: Whether Compose is given it; if not, another file includes it.
    """

    path: str
    file: ParsedFile
    given: bool


@dataclass(frozen=True, eq=False)
class Project:
    """What was read of a project.

    Attributes:
        parts: Its files, in the order in which what they say is joined.
        texts: What every file holds that was read, with those that services extend.
        unread: Files that are included and were not read, each in a sentence.
    """

    parts: tuple[Part, ...]
    texts: Mapping[str, bytes] = field(repr=False)
    unread: tuple[str, ...]
    _given: tuple[str, ...] = field(repr=False)
    _directory: str = field(repr=False)
    _variables: tuple[str, ...] = field(repr=False)
    _extended: frozenset[str] = field(repr=False)

    def bystanders(self, texts: Mapping[str, bytes], chosen: Sequence[str]) -> tuple[str, ...]:
        """Return the services that have other networks with other texts, but for what is wanted.

        A chosen service is wanted on one network more, any other on none. A file may be changed
        that services of another file extend. Where none is, there are none: an edit looks at the
        parts of the project itself.
        """
        if not self._extended & set(texts):
            return ()
        changed = {**self.texts, **texts}
        after = load(self._given, self._directory, changed.get, self._variables)
        old, new = ([part.file.meaning for part in each.parts] for each in (self, after))
        moved = [
            name for name in chosen if len(set(networks(old, name)) ^ set(networks(new, name))) > 1
        ]
        return (*bystanders(old, new, chosen), *moved)


def load(
    given: Sequence[str], directory: str, read: Read, variables: Sequence[str] = ()
) -> Project:
    """Read the files of a project.

    Args:
        given: The files that Compose is given, in its order.
        directory: The folder of the project.
        read: How files are read.
        variables: The files of variables that stand for the folder's ``.env``, if any do.

    Raises:
        Refused: one that Compose is given is not there, or is not a Compose file.
    """
    return _Loader(read).project(given, directory, variables)


class _Unread(Exception):
    """Why an included file was not read, in words that go on from its name."""


class _Loader:
    def __init__(self, read: Read) -> None:
        self._read = read
        self._texts: dict[str, bytes] = {}
        self._said: dict[str, FileMeaning | None] = {}
        self._unread: dict[str, None] = {}

    def project(self, given: Sequence[str], directory: str, variables: Sequence[str]) -> Project:
        said = self._variables(variables, directory)
        parts: list[Part] = []
        for path in given:
            data = self._data(path)
            if data is None:
                raise Refused(
                    f"{clean_line(path)} is not there. Nothing was changed. Put it back, or start "
                    "the project anew without it, and try again."
                )
            file = self._file(path, data, directory, said)
            included = self._included(file, directory, said, (path,))
            parts += [*included, Part(path, file, given=True)]
        return Project(
            tuple(parts),
            dict(self._texts),
            tuple(self._unread),
            tuple(given),
            directory,
            tuple(variables),
            frozenset(self._said),
        )

    def _data(self, path: str) -> bytes | None:
        if path not in self._texts:
            if len(self._texts) >= MOST_FILES:
                raise Refused(
                    f"{clean_line(path)} is one file more than the {MOST_FILES} that are read of "
                    "a project. Nothing was changed. Join some of them, and try again."
                )
            data = self._read(path)
            if data is None:
                return None
            self._texts[path] = data
        return self._texts[path]

    def _variables(
        self, files: Sequence[str], directory: str, outer: Variables | None = None
    ) -> Variables:
        """Return the variables of files, or of a folder where there are none."""
        return Variables(self._if_possible, files or [posixpath.join(directory, ".env")], outer)

    def _if_possible(self, path: str) -> bytes | None:
        try:
            return self._data(path)
        except Refused:
            return None

    def _file(self, path: str, data: bytes, directory: str, said: Variables) -> ParsedFile:
        def extended(name: str) -> FileMeaning | None:
            named = posixpath.join(directory, said.put_in(name))
            return self._extended(posixpath.normpath(named), said)

        return parse_part(data, path, extended, said.put_in)

    def _extended(self, path: str, said: Variables) -> FileMeaning | None:
        """Return what a file says that is extended; nothing where that leads round in a circle."""
        if path not in self._said:
            self._said[path] = None
            try:
                data = self._data(path)
                if data is not None:
                    folder = posixpath.dirname(path)
                    self._said[path] = self._file(path, data, folder, said).meaning
            except Refused:
                return None
        return self._said[path]

    def _included(
        self,
        file: ParsedFile,
        directory: str,
        said: Variables,
        within: tuple[str, ...],
    ) -> Iterator[Part]:
        root = file.document.root
        entries = root.pairs.get("include") if root else None
        for entry in values(entries) if isinstance(entries, ListNode) else ():
            names = [said.put_in(name) for name in _texts(entry, "path")]
            if not names:
                continue
            folder = _folder(entry)
            folder = folder and said.put_in(folder)
            paths = [posixpath.normpath(posixpath.join(directory, name)) for name in names]
            inner = posixpath.dirname(paths[0]) if folder is None else folder
            inner = posixpath.normpath(posixpath.join(directory, inner))
            variables = [said.put_in(name) for name in _texts(entry, "env_file")]
            variables = [posixpath.join(directory, name) for name in variables]
            own = self._variables(variables, inner, said)
            for name, path in zip(names, paths, strict=True):
                if path in within:
                    continue
                try:
                    found = self._part(name, path, inner, own)
                except _Unread as why:
                    self._unread[
                        f"{file.name} includes {clean_line(name)}, {why}, so the services that "
                        "stand there cannot be given IPv6 here."
                    ] = None
                    continue
                yield from self._included(found.file, inner, own, (*within, path))
                yield found

    def _part(self, name: str, path: str, directory: str, said: Variables) -> Part:
        """Return a file that is included.

        Raises:
            _Unread: it was not read.
        """
        if "$" in name:
            raise _Unread("which has a variable in its name")
        if "://" in name or name.startswith(("git@", "oci:")):
            raise _Unread("which is not on this host")
        try:
            data = self._data(path)
            if data is None:
                raise _Unread("which is not there")
            return Part(path, self._file(path, data, directory, said), given=False)
        except Refused as refused:
            why = str(refused).partition(" Nothing was changed")[0]
            raise _Unread(f"which was not read ({why})") from refused


def _texts(entry: Value, key: str) -> Iterator[str]:
    """Yield the one text, or the list of them, at a key of an entry of ``include``.

    An entry that is no mapping is its ``path``.
    """
    node: Value | None = entry if key == "path" else None
    if isinstance(entry, MapNode):
        node = entry.pairs.get(key)
    for each in values(node) if isinstance(node, ListNode) else [node]:
        name = text_of(each)
        if name is not None:
            yield name


def _folder(entry: Value) -> str | None:
    return text_of(entry.pairs.get("project_directory")) if isinstance(entry, MapNode) else None
