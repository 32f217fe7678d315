"""When Compose is asked whether it takes the new text of one of several files."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import TODAY, deployment
from tests.made_up_system import MadeUpSystem
from wizard.platform.errors import Refused, StepFailed
from wizard.platform.system import FileState, Result
from wizard.steps.compose_file import ComposeFile

OLD, NEW = FileState("old\n"), FileState("new\n")


class Asked(MadeUpSystem):
    """A host whose Compose refuses the new text, if it is to, and what it was asked."""

    def __init__(self, *, refuses: bool = False) -> None:
        super().__init__()
        self.refuses, self.seen = refuses, list[str]()
        self.directories.add("/srv")

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        read = stdin if "/dev/stdin" in argv else self.files["/srv/b.yml"].text
        self.seen.append(read)
        return Result(1 if self.refuses and read == NEW.text else 0, "no such thing")


def step(path: str, *, follows: bool) -> ComposeFile:
    given = ("/srv/a.yml",) if path == "/srv/included" else ("/srv/a.yml", "/srv/b.yml")
    return ComposeFile(
        "/srv/b.yml", NEW, ("web",), "/srv", given, (("docker", "compose"),), OLD, follows
    )


@pytest.mark.parametrize(
    ("path", "follows", "written"),
    [("/srv/b.yml", True, "old\n"), ("/srv/included", False, "new\n")],
)
def test_a_file_that_cannot_be_checked_beforehand_is_checked_when_it_is_written(
    path: str, follows: bool, written: str
) -> None:
    made = step(path, follows=follows)
    host = Asked()
    host.files["/srv/b.yml"] = OLD
    assert made.preconditions() == ()
    assert made.refusal(host) is None
    assert host.seen == []
    made.apply(host, lambda _line: None)
    assert host.files["/srv/b.yml"].text == NEW.text
    assert host.seen == ["old\n", "new\n"]
    assert any(line.startswith("# checked right ") for line in made.commands)

    host = Asked(refuses=True)
    host.files["/srv/b.yml"] = OLD
    with pytest.raises(StepFailed, match="no such thing"):
        made.apply(host, lambda _line: None)
    # What was written before Compose was asked is taken back with the step.
    assert host.files["/srv/b.yml"].text == written


def test_a_file_that_is_changed_alone_is_checked_beforehand() -> None:
    made = step("/srv/b.yml", follows=False)
    host = Asked(refuses=True)
    host.files["/srv/b.yml"] = OLD
    assert "no such thing" in str(made.refusal(host))


@pytest.mark.parametrize(("newer_refuses", "said"), [(False, False), (True, True)])
def test_a_compose_that_never_took_the_file_says_nothing_of_the_change(
    newer_refuses: bool, said: bool
) -> None:
    class Two(Asked):
        def run(self, argv: Sequence[str], stdin: str = "") -> Result:
            if argv[0] == "docker-compose":
                return Result(1, "it knows no such key")
            return super().run(argv, stdin)

    host = Two(refuses=newer_refuses)
    host.files["/srv/b.yml"] = OLD
    both = (("docker-compose",), ("docker", "compose"))
    made = replace(step("/srv/b.yml", follows=False), compose_commands=both)
    refusal = made.refusal(host)
    assert (refusal is not None and "no such thing" in refusal) is said
    assert "it knows no such key" not in (refusal or "")
    # Of a file that is new the others tell them apart, and where there are none, nothing does.
    refusal = replace(made, before=None).refusal(host)
    assert (refusal is not None and "no such thing" in refusal) is said
    assert "it knows no such key" not in (refusal or "")
    alone = replace(made, before=None, files=("/srv/b.yml",))
    assert "it knows no such key" in str(alone.refusal(host))


class Required(Asked):
    """A host whose Compose wants a variable that nobody sets there."""

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        if "--no-interpolate" in argv or "--env-file" in argv:
            return super().run([each for each in argv if each != "--no-interpolate"], stdin)
        self.seen.append(stdin)
        return Result(15, "required variable DOMAIN is missing a value")


@pytest.mark.parametrize("before", [OLD, None])
@pytest.mark.parametrize("refuses", [False, True])
def test_without_what_is_set_where_compose_is_started_it_is_asked_all_the_same(
    before: FileState | None, refuses: bool
) -> None:
    host = Required(refuses=refuses)
    host.files["/srv/b.yml"] = OLD
    refusal = replace(step("/srv/b.yml", follows=False), before=before).refusal(host)
    assert (refusal is not None) is refuses
    if refusal is not None:
        assert "-f /dev/stdin config --quiet --no-interpolate failed: no such thing" in refusal


def test_what_nobody_can_read_is_refused_with_what_is_said_of_it_as_it_is() -> None:
    class Neither(Asked):
        def run(self, argv: Sequence[str], stdin: str = "") -> Result:
            return Result(15, "no-interpolate" if "--no-interpolate" in argv else "missing a value")

    refusal = str(step("/srv/b.yml", follows=False).refusal(Neither()))
    assert refusal.endswith(
        "-f /dev/stdin config --quiet failed: missing a value. Without the change it is not taken "
        "either. If the project needs variables that are set where you start it, write them into "
        "/srv/.env as well, and start again."
    )


def test_compose_is_given_the_variables_that_it_was_started_with() -> None:
    host = Required()
    host.files["/srv/b.yml"] = OLD
    named = ("/srv/prod.env", "/srv/more.env")
    made = replace(step("/srv/b.yml", follows=False), variables=named)
    assert made.refusal(host) is None
    assert host.seen == [NEW.text]
    (check,) = made.preconditions()
    assert check.line == (
        "docker compose --project-directory /srv --env-file /srv/prod.env --env-file /srv/more.env "
        "-f /srv/a.yml -f /dev/stdin config --quiet"
    )


def test_what_may_not_be_fetched_is_said_with_what_to_do_instead() -> None:
    class Fetching(Asked):
        def run(self, argv: Sequence[str], stdin: str = "") -> Result:
            return Result(1, "oci://a.example/b: remote resource is disabled")

    host = Fetching()
    host.files["/srv/b.yml"] = OLD
    said = str(step("/srv/b.yml", follows=False).refusal(host))
    assert "include the copy, and start again" in said
    with pytest.raises(StepFailed, match="include the copy"):
        step("/srv/b.yml", follows=True).apply(host, lambda _line: None)
    assert host.files["/srv/b.yml"] == OLD


def test_a_key_twice_is_in_the_way_where_compose_2_alone_reads_the_file() -> None:
    text = TODAY.replace("    image: mastodon\n", "    tty: true\n    tty: true\n", 1)
    assert deployment(made_up_hosts.debian12(), text).plan().steps
    made = deployment(made_up_hosts.debian13(), text)
    with pytest.raises(Refused, match=r"the key “tty” twice, in lines 21 and 22, which Compose 2"):
        made.plan()
