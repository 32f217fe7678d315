"""Which containers are believed to be of a project, whatever their labels say."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import made_up_hosts
from wizard import describe
from wizard.answers import projects, proposals
from wizard.answers.choices import Choices
from wizard.host.host import ComposeProject
from wizard.host.parts.projects import PART, parse
from wizard.platform.errors import Refused

IMAGE = "sha256:1111"
EVIL_IMAGE = "sha256:6666"


class Engine:
    """An engine with the containers of a deployment in a real folder, and whoever else comes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "docker-compose.yml"
        self.file.write_text("services: {}\n")
        self.entries: list[dict[str, Any]] = []
        self.images: dict[str, dict[str, Any]] = {IMAGE: {"Config": {"Labels": None}}}

    def run(
        self,
        name: str,
        service: str = "web",
        changed: Mapping[str, str | None] | None = None,
        image: str = IMAGE,
        running: bool = True,
        of_image: dict[str, str] | None = None,
        tag: str = "mastodon:1",
    ) -> None:
        """Start a container as Compose does, with some labels changed or, by None, left out."""
        said: dict[str, str | None] = {
            "project": "mastodon",
            "service": service,
            "oneoff": "False",
            "container-number": "1",
            "config-hash": f"hash of {service}",
            "version": "2.26.1",
            "project.working_dir": str(self.folder),
            "project.config_files": str(self.file),
        }
        said |= changed or {}
        if of_image is not None:
            self.images[image] = {"Config": {"Labels": of_image}}
        own = {f"com.docker.compose.{key}": each for key, each in said.items() if each is not None}
        brought = (self.images[image]["Config"]["Labels"] or {}).items()
        self.entries.append(
            {
                "Id": f"id-{name}",
                "Name": f"/{name}",
                "Image": image,
                "Created": f"2026-11-01T00:{len(self.entries):02}:00Z",
                "State": {"Running": running, "Pid": 7, "StartedAt": "2026-11-01T00:00:01Z"},
                "Config": {"Labels": {**dict(brought), **own}, "Image": tag},
            }
        )

    def deploy(self, *services: str) -> None:
        for each in services or ("db", "redis", "web"):
            self.run(f"mastodon-{each}-1", each)

    @property
    def projects(self) -> tuple[ComposeProject, ...]:
        return parse(self.entries, self.images)

    @property
    def project(self) -> ComposeProject:
        (found,) = self.projects
        return found

    @property
    def names(self) -> set[str]:
        return {each.name for each in self.project.containers}


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path / "mastodon")


def labels(**changes: str) -> dict[str, str]:
    return {f"com.docker.compose.{key}": value for key, value in changes.items()}


REAL = {"mastodon-db-1", "mastodon-redis-1", "mastodon-web-1"}


def in_folder(directory: object = None, files: object = None) -> dict[str, str]:
    """Return labels that name a folder and files."""
    found: dict[str, str] = {}
    if directory is not None:
        found["project.working_dir"] = str(directory)
    if files is not None:
        found["project.config_files"] = str(files)
    return found


def left_out(engine: Engine, name: str, *words: str) -> None:
    """See that one container, and no other, is left out and named, and the rest is as it was."""
    project = engine.project
    assert engine.names == REAL
    assert project.directory == engine.folder
    assert project.files == (engine.file,)
    (doubt,) = project.doubts
    assert f"The container {name} is left out of the project mastodon" in doubt
    for each in words:
        assert each in doubt
    (noted,) = describe.notes(made_up_hosts.debian12(projects=engine.projects))
    assert noted == doubt
    assert describe.describe(PART, engine.projects).verdict == "note"


def test_an_image_brings_its_labels_along_and_is_not_believed(engine: Engine) -> None:
    engine.deploy()
    brought = labels(
        **{
            "project": "mastodon", "service": "web", "config-hash": "hash of web",
            "container-number": "1", "oneoff": "False", "version": "2.26.1",
            **in_folder("/tmp/evil", "/etc/shadow"),
        }
    )  # fmt: skip
    engine.run(
        "evil", image=EVIL_IMAGE, of_image=brought,
        changed=dict.fromkeys(("config-hash", *in_folder("", ""))),
    )  # fmt: skip
    left_out(engine, "evil", "its image, or whoever started it")


def test_an_image_that_compose_built_and_somebody_started_is_not_of_it(engine: Engine) -> None:
    engine.deploy()
    built = labels(project="mastodon", service="web", version="2.26.1")
    nothing = dict.fromkeys(("config-hash", "oneoff", "container-number", *in_folder("", "")))
    engine.run("console", image="sha256:2222", of_image=built, changed=nothing)
    left_out(engine, "console")


def test_a_container_of_an_image_that_compose_built_is_of_it(engine: Engine) -> None:
    engine.deploy("db", "redis")
    built = labels(project="mastodon", service="web", version="2.26.1")
    engine.run("mastodon-web-1", image="sha256:2222", of_image=built)
    assert engine.names == REAL
    assert not engine.project.doubts


def test_a_container_of_an_image_that_was_a_container_of_it_is_of_it(engine: Engine) -> None:
    engine.deploy()
    committed = dict(engine.entries[-1]["Config"]["Labels"])
    committed["com.docker.compose.config-hash"] = "hash of before"
    engine.entries.pop()
    engine.run("mastodon-web-1", image="sha256:2222", of_image=committed)
    assert engine.names == REAL
    assert not engine.project.doubts


@pytest.mark.parametrize("number", [1, 2])
def test_another_folder_is_left_out_however_new(
    engine: Engine, tmp_path: Path, number: int
) -> None:
    engine.deploy()
    evil = Engine(tmp_path / "evil")
    for each in range(number):
        engine.run(f"evil{each}", changed=in_folder(evil.folder, evil.file))
    assert engine.names == REAL
    assert engine.project.files == (engine.file,)
    assert [str(evil.folder) in doubt for doubt in engine.project.doubts] == [True] * number


@pytest.mark.parametrize("link", [False, True])
def test_another_file_is_left_out_though_the_folder_is_the_same(
    engine: Engine, tmp_path: Path, link: bool
) -> None:
    engine.deploy()
    secret = tmp_path / "shadow"
    secret.write_text("root:x\n")
    named = secret
    if link:
        named = engine.folder / "public" / "upload.yml"
        named.parent.mkdir()
        named.symlink_to(secret)
    engine.run("evil", changed=in_folder(files=named))
    left_out(engine, "evil", str(named))


@pytest.mark.parametrize("service", ["web", "other"])
def test_a_further_file_from_elsewhere_is_left_out_with_who_names_it(
    engine: Engine, service: str
) -> None:
    engine.deploy()
    upload = engine.folder / "public" / "upload.yml"
    upload.parent.mkdir()
    upload.write_text("services: {}\n")
    engine.run("evil", service, in_folder(files=f"{engine.file},{upload}"))
    left_out(engine, "evil", str(upload))


def test_what_is_no_file_is_left_out_and_never_opened(engine: Engine) -> None:
    engine.deploy()
    pipe = engine.folder / "pipe.yml"
    os.mkfifo(pipe)
    for number, named in enumerate((pipe, "/dev/zero", "/dev/watchdog", engine.folder)):
        engine.run(f"evil{number}", f"other{number}", in_folder(files=named))
    assert engine.names == REAL
    assert engine.project.files == (engine.file,)
    assert len(engine.project.doubts) == 4


@pytest.mark.parametrize(
    ("changed", "tag"), [({"config-hash": "another"}, "mastodon:1"), ({}, "evil:1")]
)
def test_other_settings_of_a_service_are_left_out(
    engine: Engine, changed: dict[str, str], tag: str
) -> None:
    engine.deploy()
    engine.run("evil", tag=tag, changed=changed)
    left_out(engine, "evil", "other settings of web than mastodon-web-1", "up -d web")


def test_a_link_to_the_folder_is_the_folder_but_its_name_is_not_taken(
    engine: Engine, tmp_path: Path
) -> None:
    engine.deploy()
    link = tmp_path / "link"
    link.symlink_to(engine.folder)
    engine.run("mastodon-worker-1", "worker", in_folder(link, link / "docker-compose.yml"))
    assert engine.names == {*REAL, "mastodon-worker-1"}
    assert engine.project.directory == engine.folder
    assert engine.project.files == (engine.file,)
    assert not engine.project.doubts


def test_where_two_stand_alike_nobody_is_believed_and_it_is_said(
    engine: Engine, tmp_path: Path
) -> None:
    other = Engine(tmp_path / "other")
    engine.deploy("web")
    engine.run("mastodon-db-1", "db", in_folder(other.folder, other.file))
    project = engine.project
    assert not project.is_there
    (doubt,) = project.doubts
    assert "do not agree on where it is" in doubt
    assert str(engine.folder) in doubt
    assert str(other.folder) in doubt
    host = made_up_hosts.debian12(projects=engine.projects)
    with pytest.raises(Refused) as refused:
        projects.project_of(host, Choices(project="mastodon"))
    assert str(refused.value) == doubt
    assert proposals.defaults(host).project is None


def test_against_one_container_a_file_outside_its_folder_does_not_stand(engine: Engine) -> None:
    engine.deploy("web")
    engine.run("evil", "other", in_folder(files="/etc/passwd"))
    assert engine.names == {"mastodon-web-1"}
    assert engine.project.files == (engine.file,)


def test_a_project_that_only_images_claim_is_none_and_is_never_proposed(engine: Engine) -> None:
    brought = labels(**{"project": "aaa", "service": "web", "config-hash": "x"})
    nothing = dict.fromkeys(("project", "config-hash", *in_folder("", "")))
    engine.deploy()
    engine.run("evil", image=EVIL_IMAGE, of_image=brought, changed=nothing)
    claimed, real = engine.projects
    assert (claimed.name, claimed.is_there) == ("aaa", False)
    assert real.is_there
    host = made_up_hosts.debian12(projects=engine.projects)
    assert host.choosable_projects == (real,)
    assert proposals.defaults(host).project == "mastodon"
    assert "aaa" not in describe.describe(PART, host.projects).words


# Deployments as they are, in which nobody is left out.


def test_several_files_and_one_that_came_since(engine: Engine) -> None:
    engine.deploy()
    override = engine.folder / "docker-compose.override.yml"
    override.write_text("services: {}\n")
    engine.run("mastodon-worker-1", "worker", in_folder(files=f"{engine.file},{override}"))
    assert engine.names == {*REAL, "mastodon-worker-1"}
    assert engine.project.files == (engine.file, override)
    assert not engine.project.doubts


def test_one_from_elsewhere_that_came_since_where_most_were_made_anew(
    engine: Engine, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.yml"
    elsewhere.write_text("services: {}\n")
    engine.deploy("db")
    both = in_folder(files=f"{engine.file},{elsewhere}")
    engine.run("mastodon-redis-1", "redis", both)
    engine.run("mastodon-web-1", "web", both)
    assert engine.names == REAL
    assert engine.project.files == (engine.file, elsewhere)
    assert not engine.project.doubts


def test_a_file_that_went_since(engine: Engine) -> None:
    gone = engine.folder / "docker-compose.override.yml"
    for service in ("db", "redis"):
        engine.run(f"mastodon-{service}-1", service, in_folder(files=f"{engine.file},{gone}"))
    engine.deploy("web")
    assert engine.names == REAL
    assert engine.project.files == (engine.file,)
    assert not engine.project.doubts


def test_one_that_came_where_every_second_container_was_made_anew(engine: Engine) -> None:
    override = engine.folder / "docker-compose.override.yml"
    override.write_text("services: {}\n")
    engine.deploy("db")
    engine.run("mastodon-web-1", "web", in_folder(files=f"{engine.file},{override}"))
    engine.run("evil", "other", in_folder(files="/etc/passwd"))
    assert engine.names == {"mastodon-db-1", "mastodon-web-1"}
    assert engine.project.files == (engine.file, override)


def test_a_file_that_has_another_name_since(engine: Engine) -> None:
    for service in ("db", "redis"):
        old = engine.folder / "docker-compose.yaml"
        engine.run(f"mastodon-{service}-1", service, in_folder(files=old))
    engine.deploy("web")
    assert engine.names == REAL
    assert engine.project.files == (engine.file,)
    assert not engine.project.doubts


def test_a_folder_that_was_moved_since_is_where_its_file_is(engine: Engine) -> None:
    old = in_folder("/nonexistent/mastodon", "/nonexistent/mastodon/docker-compose.yml")
    for service in ("db", "redis"):
        engine.run(f"mastodon-{service}-1", service, old)
    engine.deploy("web")
    assert engine.project.directory == engine.folder
    assert engine.project.files == (engine.file,)
    assert len(engine.project.doubts) == 2


def test_scaled_services_and_orphans(engine: Engine) -> None:
    engine.deploy()
    for number in range(2, 6):
        engine.run(f"mastodon-web-{number}")
    engine.run("mastodon-gone-1", "gone", running=False)
    assert len(engine.project.containers) == 8
    assert not engine.project.doubts


def test_of_a_half_updated_service_what_runs_longest_counts(engine: Engine) -> None:
    engine.run("mastodon-web-9", running=False, changed={"config-hash": "left over"})
    engine.deploy()
    engine.run("mastodon-web-2", changed={"config-hash": "new"})
    assert engine.names == REAL
    assert len(engine.project.doubts) == 2


def test_commands_of_compose_run_are_nobody_s_business(engine: Engine) -> None:
    engine.deploy()
    engine.run("mastodon-web-run-1", changed={"oneoff": "True", "config-hash": None})
    assert engine.names == REAL
    assert not engine.project.doubts


def test_an_old_compose_says_nothing_of_its_folder_and_images_do_not_speak_for_it(
    engine: Engine,
) -> None:
    old: dict[str, str | None] = {"version": "1.24.1", **dict.fromkeys(in_folder("", ""))}
    for service in ("db", "redis", "web"):
        engine.run(f"mastodon-{service}-1", service, old)
    brought = labels(**in_folder("/tmp", engine.file))
    engine.run("mastodon-app-1", "app", image=EVIL_IMAGE, of_image=brought, changed=old)
    assert len(engine.project.containers) == 4
    assert engine.project.directory == Path()
    assert engine.project.files == ()
    assert engine.project.is_there


def test_files_of_others_are_said(engine: Engine) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file away")
    engine.deploy()
    os.chown(engine.folder, 1000, -1)
    os.chown(engine.file, 1000, -1)
    assert not engine.project.doubts
    os.chown(engine.file, 65533, -1)
    (doubt,) = engine.project.doubts
    assert f"{engine.file} belongs to" in doubt
    assert "neither to root nor to the owner of" in doubt
    os.chown(engine.file, 0, -1)
    assert not engine.project.doubts


def test_what_is_shown_of_a_claim_is_clean_and_has_an_end(engine: Engine) -> None:
    engine.deploy()
    for number in range(20):
        named = f"/tmp/\x1b[2J{number}" + "x" * 5000
        engine.run(f"evil\x1b{number}", changed=in_folder(named, f"{named}/\u202e"))
    doubts = engine.project.doubts
    assert engine.names == REAL
    assert len(doubts) == 9
    assert doubts[-1] == "12 more containers are left out."
    assert all(len(each) < 1000 and "\x1b" not in each for each in doubts)
