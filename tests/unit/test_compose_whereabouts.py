"""A project whose folder has another name since: its lines come out, or its network stays."""

import json
from collections.abc import Sequence

import pytest

from tests.made_up_deployments import Deployment, deployment
from wizard.platform.system import FileState, Result
from wizard.steps.base import Step
from wizard.steps.before import Before
from wizard.steps.compose_file import ComposeFile
from wizard.steps.docker_network import DockerNetwork

MOVED = "/srv/mastodon-old/docker-compose.yml"


def quiet(line: str) -> None:
    pass


def applied() -> tuple[Deployment, list[tuple[Step, Before]]]:
    made = deployment()
    steps: list[tuple[Step, Before]] = []
    for step in made.plan().steps:
        before = step.capture(made.system)
        step.apply(made.system, quiet)
        steps.append((step, before))
    return made, steps


def rename_folder(made: Deployment) -> None:
    made.system.files[MOVED] = made.system.files.pop(made.path)
    made.system.directories = {"/srv", "/srv/mastodon-old", *made.system.directories}
    made.system.directories -= {"/srv/mastodon"}


def undo(made: Deployment, steps: list[tuple[Step, Before]]) -> list[str]:
    left: list[str] = []
    for step, before in reversed(steps):
        left += step.undo(made.system, before, quiet)
    return left


def test_the_lines_come_out_of_the_file_where_it_is_now() -> None:
    made, steps = applied()
    before = made.inputs.files[made.path].text
    rename_folder(made)
    found = [step for step, _ in steps if isinstance(step, ComposeFile)]
    assert found[0].compare(made.system, dict(steps)[found[0]])[0].name == MOVED
    assert undo(made, steps) == []
    assert made.system.files[MOVED].text == before
    assert made.path not in made.system.files
    assert "mastodon_ipv6" not in made.system.networks


def test_the_network_stays_while_a_moved_file_names_it_and_is_not_known_for_sure() -> None:
    made, steps = applied()
    rename_folder(made)
    ours = "      - mastodon_ipv6"
    text = made.system.files[MOVED].text.replace(f"{ours}\n", f"{ours} # x\n")
    made.system.files[MOVED] = FileState(text)
    left = undo(made, steps)
    assert any(f"{MOVED} still names it" in sentence for sentence in left)
    assert made.system.files[MOVED].text == text
    assert "mastodon_ipv6" in made.system.networks


def test_a_file_of_the_name_that_says_nothing_of_it_is_none_of_ours() -> None:
    made, steps = applied()
    del made.system.files[made.path]
    other = "/srv/other/docker-compose.yml"
    made.system.files[other] = FileState("services: {web: {image: x}}\n")
    undo(made, steps)
    assert made.system.files[other].text == "services: {web: {image: x}}\n"
    assert any(isinstance(step, DockerNetwork) for step, _ in steps)
    assert "mastodon_ipv6" not in made.system.networks


@pytest.mark.parametrize(
    "own", [[{}], [{"config-hash": "x"}] * 2], ids=["an image says so", "two do not agree"]
)
def test_a_copy_that_only_some_container_names_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, own: list[dict[str, str]]
) -> None:
    made, steps = applied()
    ours = made.system.files.pop(made.path)
    copies = [f"/tmp/evil{number}/compose.yml" for number in range(2)]
    for copy in copies:
        made.system.files[copy] = ours

    def claim(number: int) -> str:
        labels = {"project": "mastodon", "service": "web", "version": "2.26.1"}
        labels |= {"project.working_dir": f"/tmp/evil{number}"}
        labels |= {"project.config_files": copies[number]} | own[number]
        named = {f"com.docker.compose.{key}": value for key, value in labels.items()}
        config = {"Labels": named}
        return json.dumps({"Id": "1", "Name": f"/evil{number}", "Image": "i", "Config": config})

    def told(words: Sequence[str]) -> Result | None:
        match words:
            case ["docker", "ps", "--all", "--filter", _, "--quiet", "--no-trunc"]:
                return Result(0, "0\n1\n")
            case ["docker", "inspect", "--type=container", *_]:
                return Result(0, "".join(f"{claim(number)}\n" for number in range(len(own))))
            case ["docker", "inspect", "--type=image", *_]:
                return Result(0, json.dumps({"Id": "i", "Config": {"Labels": None}}) + "\n")
        return None

    run = made.system.run
    monkeypatch.setattr(made.system, "run", lambda argv, stdin="": told(argv) or run(argv, stdin))
    undo(made, steps)
    assert [made.system.files[copy] for copy in copies] == [ours] * 2
