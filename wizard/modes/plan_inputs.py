"""The files that a plan is made for: read once, before planning, so that planning is pure."""

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from wizard.answers.choices import Choices, Placement
from wizard.compose.env_files import env_files
from wizard.compose.mounted_files import mounted_files
from wizard.compose.override import override_path
from wizard.compose.owners import owner_of, why_not_there
from wizard.compose.project import Project, load
from wizard.compose.read import ParsedFile, check_services, services
from wizard.compose.services import Service
from wizard.filter import unit as filter_unit
from wizard.host.host import ComposeProject
from wizard.inward import closed
from wizard.inward.closed import InputRules
from wizard.ndp import fixed_unit
from wizard.ndp import unit as ndp_unit
from wizard.platform import filesystems
from wizard.platform.errors import Refused
from wizard.platform.files import Masked
from wizard.platform.system import FileState, System
from wizard.platform.text import clean_line
from wizard.prefix import unit as prefix_unit
from wizard.steps import firewalld, ip6tables, ndppd, sysctl, systemd_unit
from wizard.steps.others import Other
from wizard.uplink import unit as uplink_unit

OWN_PATHS = (
    sysctl.PATH,
    ip6tables.PATH,
    systemd_unit.PATH,
    filter_unit.PATH,
    ndp_unit.PATH,
    fixed_unit.PATH,
    uplink_unit.PATH,
    prefix_unit.PATH,
    ndppd.PATH,
    firewalld.PATH,
)

_MOST_SETTINGS = 32
"""Files of variables and other settings that are read."""

_LARGEST_SETTINGS = 256 * 1024
"""Characters of one of them, above which it is left alone."""

_OF_SETTINGS = (".cfg", ".conf", ".env", ".ini", ".json", ".rb", ".toml", ".yaml", ".yml")
"""How names end of files in a mounted folder that are likely settings."""

_MOST_ENTRIES = 256
"""Entries of a mounted folder that are looked at."""


@dataclass(frozen=True)
class PlanInputs:
    """Files by path, as they are. A path that is not a key stands for a file that is not there."""

    files: Mapping[str, FileState]
    project: Project | None = None
    """What was read of the chosen project."""
    override: str | None = None
    """Where an override file is, or would be, that Compose finds by itself."""
    settings: tuple[str, ...] = ()
    """The files of variables, and those that services find inside, which the Compose files name;
    in ``files`` are those that are there."""
    input: InputRules = field(default_factory=InputRules)
    """What comes to this host itself and is let in, which is no file but read with them."""
    beside: tuple[Other, ...] = ()
    """The steps of other set-ups that are in force on the host."""
    variables: tuple[str, ...] = ()
    """The files of variables that Compose was given in the place of the folder's ``.env``."""
    elsewhere: tuple[str, ...] = ()
    """Services that have containers and stand in none of the files that were read."""

    @property
    def compose(self) -> tuple[ParsedFile, ...]:
        """The files of the project, in the order in which Compose joins them."""
        return tuple(part.file for part in self.project.parts) if self.project else ()

    @property
    def compose_paths(self) -> tuple[str, ...]:
        """Where each of them is."""
        return tuple(part.path for part in self.project.parts) if self.project else ()

    @property
    def given_paths(self) -> tuple[str, ...]:
        """Where those of them are that Compose is given, in its order."""
        parts = self.project.parts if self.project else ()
        return tuple(part.path for part in parts if part.given)

    @property
    def unread(self) -> tuple[str, ...]:
        """The files of the project that were not read, each in a sentence."""
        return self.project.unread if self.project else ()

    @property
    def named(self) -> tuple[str, ...]:
        """The files in which a person says what the containers are told."""
        paths = (*self.compose_paths, *self.settings)
        return tuple(dict.fromkeys(path for path in paths if path in self.files))

    @property
    def services(self) -> tuple[Service, ...]:
        """The services of the project, and last those that cannot be given anything."""
        found = services(self.compose)
        if not self.unread:
            return found
        why = "stands in none of the files that were read."
        return found + tuple(
            Service(name, None, None, None, False, False, f"{name} {why} {' '.join(self.unread)}")
            for name in self.elsewhere
            if name not in {service.name for service in found}
        )


def read_project(
    system: System, project: ComposeProject, beside: Sequence[Other] = ()
) -> PlanInputs:
    """Read the files of a Compose project, and our own files where there are any.

    ``beside`` are the steps of other set-ups that are in force.

    Raises:
        Refused: a file is missing, not readable, or not a Compose file.
    """
    if not project.files:
        raise Refused(
            f"The containers of {clean_line(project.name)} do not say which Compose file they come "
            "from. Start the project again with Compose 1.10 or later, and then the wizard."
        )
    files: dict[str, FileState] = {}
    for path in OWN_PATHS:
        state = _read_own(system, path)
        if state is not None:
            files[path] = state
    variables = _variables(system, project)
    read = _read_compose(system, project, files, variables)
    check_services([part.file for part in read.parts])
    override = str(override_path(project.files[0], _siblings(project.files[0])))
    if override not in files:
        state = _read(system, override)
        if state is not None:
            files[override] = state
    mounts = _read_if_possible(system, filesystems.MOUNTS)
    settings = _settings(read, project.directory.absolute(), mounts.text if mounts else "")
    for path in settings:
        state = None if path in files else _read_if_possible(system, path)
        if state is not None and _may_name(files[str(project.files[0])], state):
            files[path] = state
    return PlanInputs(
        files,
        read,
        override,
        settings=settings,
        input=closed.read(system),
        beside=tuple(beside),
        variables=variables,
        elsewhere=tuple(dict.fromkeys(each.service for each in project.containers)),
    )


def _variables(system: System, project: ComposeProject) -> tuple[str, ...]:
    """Return the files of variables that the project was started with, those that can be named."""
    first = _read_if_possible(system, str(project.files[0]))
    found = {str(path): _read_if_possible(system, str(path)) for path in project.variables}
    return tuple(
        path for path, state in found.items() if first and state and _may_name(first, state)
    )


def _read_compose(
    system: System,
    project: ComposeProject,
    files: dict[str, FileState],
    variables: Sequence[str],
) -> Project:
    """Return what the Compose files say, and add each that was read to ``files``."""
    given = tuple(map(str, project.files))

    def content(path: str) -> bytes | None:
        state = files.get(path) or _read(system, path)
        if state is None:
            return None
        if path not in given and not _may_name(files[given[0]], state):
            raise Refused(
                f"{clean_line(path)} is not readable by the owner of {clean_line(given[0])}, who "
                "named it, so it is not read."
            )
        files[path] = state
        return state.text.encode("utf-8", "surrogateescape")

    for file in project.files:
        _check_stays(project.name, file)
    for path in given:
        if content(path) is None:
            owner = owner_of(project.files)
            todo = (
                "Put it back and start again, or, if the folder has another name now, type “docker "
                "compose up -d” in it first."
            )
            raise Refused(
                f"{clean_line(path)} is not there, although the containers of "
                f"{clean_line(project.name)} were made from it. "
                f"{todo if owner is None else why_not_there(owner)}"
            )
    return load(given, str(project.directory), content, variables)


def _check_stays(project: str, path: Path) -> None:
    """Make sure that a file is one that Compose finds again at the next start.

    Raises:
        Refused: Compose read it from its standard input, or from a program (bash(1), process
            substitution).
    """
    if path.name == "-" or path.is_relative_to("/dev") or path.is_relative_to("/proc"):
        raise Refused(
            f"The containers of {clean_line(project)} were made from a text that Compose was given "
            f"by a program and not as a file ({clean_line(path.name)}), so there is no file in "
            "which they could be given IPv6 for good. Nothing was changed. Save the text as a "
            "file, and start the project from it by its name: docker compose -p NAME -f FILE up -d"
        )


def target(choices: Choices, inputs: PlanInputs) -> str:
    """Return the path of the Compose file that these choices change."""
    if choices.placement is Placement.OVERRIDE and inputs.override:
        return inputs.override
    return str(choices.file) if choices.file else inputs.given_paths[0]


def _read_own(system: System, path: str) -> FileState | None:
    """Return a file of ours; of one that is masked the step that would write it says so."""
    try:
        return system.read(path)
    except Masked:
        return None
    except OSError as error:
        raise _unreadable(path, error) from error


def _read(system: System, path: str) -> FileState | None:
    try:
        return system.read(path)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: OSError) -> Refused:
    return Refused(
        f"{clean_line(path)} cannot be read: {error.strerror}. Nothing was changed. See why, and "
        "try again."
    )


def _may_name(naming: FileState, named: FileState) -> bool:
    """Return whether the owner of a file could read another one that it names.

    Root reads for whoever wrote the file: nobody is to learn so what is not for them to see.
    """
    return naming.uid in (0, named.uid) or bool(named.mode & stat.S_IROTH)


def _read_if_possible(system: System, path: str) -> FileState | None:
    """Return a file that no plan depends on, or None where there is none of a usual size."""
    try:
        state = system.read(path)
    except OSError:
        return None
    return state if state is not None and len(state.text) <= _LARGEST_SETTINGS else None


def _settings(read: Project, directory: Path, mounts: str) -> tuple[str, ...]:
    """Return the files of variables and settings that the files of a project hand to services.

    What is mounted from elsewhere, as media of another host are, is not looked at.
    """
    folders = [
        (part.file, directory if part.given else Path(part.path).parent) for part in read.parts
    ]
    variables = [name for file, folder in folders for name in env_files(file, folder)]
    mounted = [name for file, folder in folders for name in mounted_files(file, folder)]
    near = [each for each in mounted if filesystems.is_near(each, mounts)]
    found = [*variables, *(name for each in near for name in _files_of(each))]
    return tuple(dict.fromkeys(found))[:_MOST_SETTINGS]


def _files_of(path: str) -> list[str]:
    """Return the files of settings in a folder; of what is none, or is not there, the path."""
    try:
        with os.scandir(path) as entries:
            names = [each.path for each in islice(entries, _MOST_ENTRIES)]
    except OSError:
        return [path]
    return sorted(name for name in names if name.endswith(_OF_SETTINGS))


def _siblings(path: Path) -> frozenset[str]:
    try:
        return frozenset(each.name for each in path.parent.iterdir())
    except OSError:
        return frozenset()
