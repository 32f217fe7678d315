"""A project whose folder has another name since: its lines come out, or its network stays."""

import json
from collections.abc import Callable, Sequence

import pytest

from tests.made_up_deployments import Deployment, deployment
from wizard.compose.whereabouts import moved
from wizard.platform.system import FileState, Result
from wizard.steps.base import Step
from wizard.steps.before import Before
from wizard.steps.compose_file import ComposeFile
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.parts import Condition, worst

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


def test_while_the_file_is_there_no_other_one_is_taken_for_it() -> None:
    made, _ = applied()
    copy = "/srv/mastodon/old/docker-compose.yml"
    made.system.files[copy] = made.system.files[made.path]
    made.system.directories = {"/srv/mastodon/old", *made.system.directories}
    assert moved(made.system, made.path, "mastodon_ipv6") == ()
    del made.system.files[made.path]
    assert moved(made.system, made.path, "mastodon_ipv6") == (copy,)


def test_a_copy_beside_the_file_is_none_of_ours() -> None:
    for put_back in (False, True):
        made, steps = applied()
        made.system.files[MOVED] = made.system.files[made.path]
        made.system.directories = {"/srv", "/srv/mastodon-old", *made.system.directories}
        text, old = made.system.files[MOVED].text, made.inputs.files[made.path].text
        if put_back:
            # Somebody, or git, has taken our lines out already.
            made.system.files[made.path] = FileState(old)
        undo(made, steps)
        assert made.system.files[made.path].text == old
        assert made.system.files[MOVED].text == text


def test_whoever_else_names_the_network_does_not_hide_where_our_lines_are() -> None:
    made, steps = applied()
    before = made.inputs.files[made.path].text
    rename_folder(made)
    other = "/srv/other/docker-compose.yml"
    text = "services: {a: {image: a}}\nnetworks: {mastodon_ipv6: {external: true}}\n"
    made.system.files[other] = FileState(text)
    made.system.directories.add("/srv/other")
    undo(made, steps)
    assert made.system.files[MOVED].text == before
    assert made.system.files[other].text == text


def test_lines_that_are_gone_come_back_between_those_of_today_once_compose_takes_them() -> None:
    made, steps = applied()
    ((step, before),) = [each for each in steps if isinstance(each[0], ComposeFile)]
    ours = made.system.files[made.path].text
    assert worst(step.parts(made.system, before)) is Condition.IN_EFFECT
    made.system.files[made.path] = FileState(f"# theirs\n{ours}")
    assert worst(step.parts(made.system, before)) is Condition.IN_EFFECT
    made.system.files[made.path] = FileState(f"# theirs\n{before.files[0].text}")
    (part,) = step.parts(made.system, before)
    assert part.condition is Condition.MISSING
    assert part.file is not None
    assert part.file.after.text == f"# theirs\n{ours}"
    assert {each.stdin for each in part.asked} == {part.file.after.text}


@pytest.mark.parametrize(
    ("edit", "off"),
    [
        # Docker's own network of the container stays until Compose makes it anew.
        (lambda text: text.replace("      - mastodon_ipv6\n", "", 1), "web"),
        (lambda text: text.replace("      - mastodon_ipv6\n", ""), "web, streaming, sidekiq"),
        (lambda text: text.replace("      - mastodon_ipv6\n", "      - mastodon_v6\n", 1), "web"),
        (lambda text: text.replace("  web:\n", "  website:\n", 1), ""),
    ],
)
def test_a_service_that_does_not_name_the_network_any_more_is_told(
    edit: Callable[[str], str], off: str
) -> None:
    made, steps = applied()
    ((step, before),) = [each for each in steps if isinstance(each[0], ComposeFile)]
    edited = edit(made.system.files[made.path].text)
    made.system.files[made.path] = FileState(edited)
    (part,) = step.parts(made.system, before)
    assert (part.condition is Condition.IN_EFFECT) is not bool(off)
    assert (f"do not join the network any more: {off}." in part.words) is bool(off)
    # What somebody did on purpose is theirs: it goes back only where ours is wanted.
    if off:
        assert part.condition is Condition.CHANGED
        assert part.file is not None


def test_of_two_files_that_could_be_ours_neither_is_touched() -> None:
    made, steps = applied()
    rename_folder(made)
    copy = "/srv/mastodon-copy/docker-compose.yml"
    made.system.files[copy] = made.system.files[MOVED]
    made.system.directories.add("/srv/mastodon-copy")
    text = made.system.files[MOVED].text
    undo(made, steps)
    assert [made.system.files[path].text for path in (MOVED, copy)] == [text, text]
    # They name it, so it is still needed.
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
