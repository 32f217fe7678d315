"""Where a Compose file may be now, on a host with real folders: by its name and by containers."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from wizard.compose.whereabouts import moved
from wizard.platform.system import FileState, RealSystem, Result

NAMES_IT = "services: {}\nnetworks: {six: {external: true}}\n"


class Host(RealSystem):
    """This computer's folders, and a Docker of a test's own."""

    def __init__(self) -> None:
        self.listed = Result(0, "")
        self.inspected: dict[str, list[object]] = {"container": [], "image": []}
        self.asked: list[list[str]] = []
        self.searched: list[str] = []
        self.found_below: Callable[[str], Result] | None = None

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        match list(argv):
            case ["docker", "ps", "--all", *rest]:
                assert rest == ["--filter", "label=com.docker.compose.project", "--quiet",
                                "--no-trunc"]  # fmt: skip
                return self.listed
            case ["docker", "inspect", kind, "--format", "{{json .}}", *names]:
                self.asked.append([kind, *names])
                lines = self.inspected[kind.removeprefix("--type=")]
                text = [each if isinstance(each, str) else json.dumps(each) for each in lines]
                return Result(1, "".join(f"{each}\n" for each in text))
            case ["find", folder, *rest] if self.found_below:
                self.searched.append(" ".join([folder, *rest]))
                return self.found_below(folder)
            case _:
                assert argv[0] == "find"
                return super().run(argv, stdin)


@pytest.fixture
def host() -> Host:
    return Host()


def write(path: Path, text: str = NAMES_IT) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def container(directory: object, file: object, image: str = "i", **own: str) -> dict[str, Any]:
    labels = {"project": "site", "service": "web", "version": "2.26.1", "config-hash": "x"}
    labels |= {"project.working_dir": str(directory), "project.config_files": str(file)} | own
    named = {f"com.docker.compose.{key}": value for key, value in labels.items()}
    return {"Id": "1", "Name": "/web", "Image": image, "Config": {"Labels": named}}


def test_it_is_looked_for_below_the_nearest_folder_that_is_left_three_deep(
    host: Host, tmp_path: Path
) -> None:
    at_hand = tmp_path / "compose.yml"
    deepest = write(tmp_path / "b/c/compose.yml")
    nearby = [write(tmp_path / name / "compose.yml") for name in ("z", "a")]
    write(tmp_path / "b/c/d/compose.yml")
    write(tmp_path / "y/docker-compose.yml")
    write(tmp_path / "x/compose.yml", "services: {}\n")
    (tmp_path / "folder/compose.yml").mkdir(parents=True)
    (tmp_path / "link").mkdir()
    (tmp_path / "link/compose.yml").symlink_to(nearby[0])
    gone = tmp_path / "was/here/before/compose.yml"
    assert moved(host, str(gone), "six") == (nearby[1], deepest, nearby[0])
    assert moved(host, str(gone), "seven") == ()
    assert moved(host, str(at_hand), "six") == (nearby[1], deepest, nearby[0])
    write(at_hand)
    assert moved(host, str(at_hand), "six") == ()


def test_where_no_folder_is_left_less_of_the_host_is_searched_and_no_other_file_system(
    host: Host,
) -> None:
    host.found_below = lambda folder: Result(int(folder != "/"), "")
    assert moved(host, "/srv/site/compose.yml", "six") == ()
    below = "-xdev -mindepth 1 -maxdepth {} -type f -name compose.yml"
    assert host.searched == [
        f"/srv/site {below.format(3)}", f"/srv {below.format(3)}", f"/ {below.format(2)}"
    ]  # fmt: skip
    host.found_below = lambda folder: Result(127, "/srv/a/compose.yml\n")
    assert moved(host, "/srv/site/compose.yml", "six") == ()


def test_the_file_of_a_container_is_one_wherever_it_is(host: Host, tmp_path: Path) -> None:
    file = write(tmp_path / "far/away/production.yml")
    gone = f"{tmp_path}/was/here/compose.yml"
    host.listed = Result(0, "2\n1\n")
    host.inspected["image"] = [{"Id": "i", "Config": {"Labels": None}}]
    # What is no answer about a container says nothing, and hides none.
    nothing = ["Error: No such container: 2", "[" * 100_000, [], "null"]
    host.inspected["container"] = [*nothing, container(tmp_path / "far/away", file)]
    assert moved(host, gone, "six") == (file,)
    assert host.asked == [["--type=container", "1", "2"], ["--type=image", "i"]]
    assert moved(host, gone, "seven") == ()


def test_of_a_docker_that_does_not_answer_nothing_is_asked_further(
    host: Host, tmp_path: Path
) -> None:
    host.listed = Result(1, "Cannot connect to the Docker daemon\n")
    assert moved(host, f"{tmp_path}/was/compose.yml", "six") == ()
    assert host.asked == []


def test_a_container_that_only_its_image_gives_to_a_project_says_nothing(
    host: Host, tmp_path: Path
) -> None:
    file = write(tmp_path / "evil/production.yml")
    claim = container(tmp_path / "evil", file)
    host.listed = Result(0, "1\n")
    host.inspected = {
        "container": [claim],
        "image": [{"Id": "other"}, {"Id": "i", "Config": claim["Config"]}],
    }
    assert moved(host, f"{tmp_path}/was/compose.yml", "six") == ()


def test_a_path_that_is_relative_to_nobody_knows_what_is_not_read(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "site/production.yml")
    host.listed = Result(0, "1\n")
    host.inspected["container"] = [container("site", "production.yml")]
    assert moved(host, f"{tmp_path}/was/compose.yml", "six") == ()


def test_a_file_that_cannot_be_read_is_none_of_them(host: Host, tmp_path: Path) -> None:
    shut, file = (write(tmp_path / name / "compose.yml") for name in ("shut", "site"))

    class Shut(Host):
        def read(self, path: str) -> FileState | None:
            if path == shut:
                raise PermissionError(13, "Permission denied", path)
            return super().read(path)

    assert moved(Shut(), f"{tmp_path}/was/compose.yml", "six") == (file,)
