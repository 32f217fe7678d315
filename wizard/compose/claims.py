"""Which of the containers that claim a Compose project by their labels are of it.

Labels are no evidence by themselves: an image brings its own along, and whoever may start a
container gives it any. So the labels must be Compose's, and the containers must agree.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from wizard.platform.text import clean_line

LABEL = "com.docker.compose."

_OF_CONTAINERS = ("config-hash", "image")
"""Labels by which Compose tells its containers: none is on an image that Compose has built, and no
image can hold its own digest (pkg/compose/create.go; docker-compose 1, compose/const.py)."""

_TELLS_FOLDER = (1, 25)
"""The first Compose that says of each container from which folder and files it is."""

_NAMES_WHOLE_PATHS = (2,)
"""The first Compose that writes every path in a label from the root on, or ``-`` for its standard
input (docker/compose, pkg/compose/create.go)."""

_BETWEEN_PATHS = re.compile(r",(?=/|-(?:,|$)|\w+://)")
"""The commas of a list of such paths that stand between two of them, and in none."""

_MOST = 8
"""Sentences about one project."""

_LONGEST = 200
"""Characters of what a container names that are shown."""


@dataclass(frozen=True, eq=False)
class Claim:
    """A container that claims a project, and the labels of its image."""

    entry: Mapping[str, Any]
    of_image: Mapping[str, str]

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """Every label that the container bears."""
        labels = (self.entry.get("Config") or {}).get("Labels") or {}
        return labels if isinstance(labels, dict) else {}

    @property
    def name(self) -> str:
        """The container's name, for showing."""
        return clean_line(str(self.entry.get("Name", "")).removeprefix("/"))

    @property
    def created(self) -> str:
        """When it was made, by Docker's clock; Docker writes all of them alike."""
        return str(self.entry.get("Created", ""))

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return bool((self.entry.get("State") or {}).get("Running"))

    @property
    def service(self) -> str:
        """The service that it claims."""
        return self.labels.get(f"{LABEL}service", "")

    @property
    def settings(self) -> tuple[str, str]:
        """What Compose makes all containers of one service with: their digest, and the image."""
        image = (self.entry.get("Config") or {}).get("Image")
        return self.labels.get(f"{LABEL}config-hash", ""), str(image or "")

    @property
    def by_compose(self) -> bool:
        """Whether something marks it that Compose put on the container, and not its image."""
        return any(self._own(key) for key in _OF_CONTAINERS)

    @cached_property
    def directory(self) -> Path:
        """The folder that it names; ``.`` for none."""
        return Path(clean_line(self._said("project.working_dir")))

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The files that it names; version 1 gave them relative to the folder."""
        named = self._paths(self._said("project.config_files"))
        return tuple(self.directory / clean_line(file) for file in named if file)

    @cached_property
    def variables(self) -> tuple[Path, ...]:
        """The files of variables that Compose was given instead of ``.env``; none for that one.

        Compose names them where it was told them alone, so that an image could name any.
        """
        named = self._paths(self._own("project.environment_file"))
        return tuple(self.directory / clean_line(file) for file in named if file)

    @cached_property
    def folder(self) -> Path:
        """The folder, whatever links lead to it."""
        return _resolved(self.directory)

    @cached_property
    def places(self) -> tuple[Path, ...]:
        """The files, whatever links lead to the folders that they lie in."""
        return tuple(_resolved(file.parent) / file.name for file in self.files)

    @cached_property
    def stands(self) -> bool:
        """Whether every file that it names is there, as a file. None is opened."""
        return bool(self.files) and all(_is_file(file) for file in self.files)

    @property
    def inside(self) -> bool:
        """Whether every file that it names lies in the folder."""
        return all(place.is_relative_to(self.folder) for place in self.places)

    @cached_property
    def is_past(self) -> bool:
        """Whether its files were in the folder and are not any more: they have other names now."""
        there = any(os.path.lexists(file) for file in self.files)
        return bool(self.files) and self.inside and not there

    def _own(self, key: str) -> str:
        value = self.labels.get(LABEL + key, "")
        return "" if self.of_image.get(LABEL + key) == value else value

    def _said(self, key: str) -> str:
        """Return what Compose says, and not what an image says in the place of an old Compose."""
        return self.labels.get(LABEL + key, "") if self._by >= _TELLS_FOLDER else self._own(key)

    def _paths(self, listed: str) -> list[str]:
        """Return the paths in a label, between which Compose sets commas, and masks none."""
        whole = self._by >= _NAMES_WHOLE_PATHS and listed.startswith("/")
        return _BETWEEN_PATHS.split(listed) if whole else listed.split(",")

    @property
    def _by(self) -> tuple[int, ...]:
        return _release(self.labels.get(f"{LABEL}version", ""))


@dataclass(frozen=True)
class Agreed:
    """What the containers of a project agree on, and who is left out, in sentences."""

    claims: tuple[Claim, ...]
    directory: Path = Path()
    files: tuple[Path, ...] = ()
    doubts: tuple[str, ...] = ()
    variables: tuple[Path, ...] = ()


def by_project(
    inspected: Iterable[Mapping[str, Any]], images: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[Claim]]:
    """Return the claims to each project, in the order of the projects' names.

    Containers of ``docker compose run`` come and go by themselves and are left out.

    Args:
        inspected: Answers of Docker to ``/containers/ID/json``.
        images: The answers to ``/images/ID/json`` for their images, by identifier.
    """
    found: dict[str, list[Claim]] = {}
    for entry in inspected:
        image = images.get(str(entry.get("Image", "")), {})
        claim = Claim(entry, (image.get("Config") or {}).get("Labels") or {})
        name = claim.labels.get(f"{LABEL}project")
        if name and claim.labels.get(f"{LABEL}oneoff", "").lower() != "true":
            found.setdefault(name, []).append(claim)
    return dict(sorted(found.items()))


def agreed(project: str, claims: Sequence[Claim]) -> Agreed:
    """Tell the containers that are of a project from those that only claim it.

    Most of them say which folder it is, of those whose files are there. A file may have come or
    gone beside the others since some of them were made. What a service is made with, its oldest
    running container says: Compose makes the others anew whenever it starts the service.
    """
    shown, doubts = clean_line(project), list[str]()

    def leave_out(those: Iterable[Claim], why: Callable[[Claim], str]) -> None:
        doubts.extend(
            f"The container {each.name} is left out of the project {shown}: {why(each)}"
            for each in those
        )

    by_compose = [each for each in claims if each.by_compose]
    leave_out(
        (each for each in claims if not each.by_compose),
        lambda each: (
            "its image, or whoever started it, says that it belongs there, and Compose does not. "
            "It gets no IPv6. If it should, make it a service in the Compose file."
        ),
    )
    if not by_compose:
        return Agreed((), doubts=_few(doubts))
    folders = _foremost(by_compose, lambda each: each.folder)
    chosen = folders[0] if len(folders) == 1 else []
    lists = _foremost(chosen, lambda each: each.places)
    listed = _of_one_kin([each for group in lists for each in group])
    if not listed:
        named = sorted(
            f"{each.name} names {_short(', '.join(map(str, each.files)))}"
            for each in chosen or by_compose
        )
        doubts.append(
            f"The containers of the project {shown} do not agree on where it is: "
            f"{'; '.join(named[:_MOST])}. None of them is taken. Recreate them with Compose's "
            "“up -d --force-recreate” where it is, and start the wizard again."
        )
        return Agreed((), doubts=_few(doubts))

    first = listed[0]
    kin = [each for each in chosen if _akin(each, first)]
    leave_out(
        (each for each in by_compose if each not in kin),
        lambda each: (
            f"{_differs(each, first)}. If it is yours, recreate it with Compose's “up -d "
            "--force-recreate”, as the others were made; if not, find out who started it."
        ),
    )
    of_service: dict[str, Claim] = {}
    for each in sorted(kin, key=lambda each: (not each.running, each.created, each.name)):
        of_service.setdefault(each.service, each)
    alike = [each for each in kin if each.settings == of_service[each.service].settings]
    leave_out(
        (each for each in kin if each not in alike),
        lambda each: (
            f"it was made from other settings of {clean_line(each.service)} than "
            f"{of_service[each.service].name}. If it is yours, type Compose's “up -d "
            f"{clean_line(each.service)}” and start the wizard again; if not, find out who started "
            "it."
        ),
    )
    # Files that came or went since the first of them was made.
    latest = max(alike, key=lambda each: (each.stands, each.created))
    beside = dict(zip(first.places, first.files, strict=True))
    parents = {place.parent: file.parent for place, file in beside.items()}
    files = tuple(
        beside.get(place) or parents.get(place.parent, file.parent) / place.name
        for place, file in zip(latest.places, latest.files, strict=True)
    )
    return Agreed(tuple(alike), first.directory, files, _few(doubts), latest.variables)


def _foremost(claims: Sequence[Claim], key: Callable[[Claim], object]) -> list[list[Claim]]:
    """Return the claims that most others share, of those whose files are there.

    There are several groups of them where they stand alike. In each, the one that names it as most
    of them do comes first.
    """
    groups: dict[object, list[Claim]] = {}
    for each in sorted(claims, key=lambda each: (each.created, each.name)):
        groups.setdefault(key(each), []).append(each)

    def rank(group: list[Claim]) -> tuple[bool, int, bool]:
        stands, inside = (any(each.stands for each in group), any(each.inside for each in group))
        return stands, len(group), inside

    spelled = Counter((each.directory, each.files) for each in claims)
    best = max(map(rank, groups.values()), default=None)
    return [
        sorted(group, key=lambda each: -spelled[each.directory, each.files])
        for group in groups.values()
        if rank(group) == best
    ]


def _of_one_kin(claims: Sequence[Claim]) -> list[Claim]:
    """Return the claims if they differ only by files beside each other, the newest list first."""
    if not claims:
        return []
    newest = max(claims, key=lambda each: (each.stands, each.created))
    alike = all(_akin(each, newest) and _akin(newest, each) for each in claims)
    return sorted(claims, key=lambda each: each.places != newest.places) if alike else []


def _akin(claim: Claim, first: Claim) -> bool:
    """Return whether a container of the same folder names the same files, or did at its time.

    Another file counts where it lies beside one that both name: who can put it there can change
    that one as well.
    """
    if claim.is_past or claim.places == first.places:
        return True
    both = set(claim.places) & set(first.places)
    parents = {place.parent for place in both}
    return bool(both) and all(place in both or place.parent in parents for place in claim.places)


def _differs(claim: Claim, first: Claim) -> str:
    """Return what a container names, and what the others name instead."""
    if claim.folder != first.folder:
        return f"it names the folder {_place(claim)}, and the others name {_place(first)}"
    for place, file in zip(claim.places, claim.files, strict=True):
        if place not in first.places:
            return f"it names {_short(f'the file {file}')}, and the others do not"
    return "it names no file, and the others do"


def _place(claim: Claim) -> str:
    return "that is not known" if claim.directory == Path() else _short(str(claim.directory))


def _short(words: str) -> str:
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"


def _few(doubts: Sequence[str]) -> tuple[str, ...]:
    more = len(doubts) - _MOST
    rest = "1 more container is left out." if more == 1 else f"{more} more containers are left out."
    return (*doubts[:_MOST], *([rest] if more > 0 else ()))


def _release(version: str) -> tuple[int, ...]:
    numbers = version.removeprefix("v").split(".")[:2]
    return tuple(int(each) for each in numbers if each.isascii() and each.isdigit())


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path)) if path.is_absolute() else path


def _is_file(path: Path) -> bool:
    try:
        return path.is_absolute() and path.is_file()
    except OSError:
        return False
