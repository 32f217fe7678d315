"""What containers say of the project they are of, and whom of several to believe."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from wizard.compose.claims import Agreed, Claim, agreed, by_project

PREFIX = "com.docker.compose."


def entry(
    name: str,
    created: int = 0,
    service: str = "web",
    running: bool = True,
    /,
    **labels: str,
) -> dict[str, Any]:
    """Return what Docker says of a container that Compose has made."""
    said = {"project": "site", "service": service, "version": "2.26.1", "config-hash": service}
    return {
        "Name": f"/{name}",
        "Created": f"2026-11-01T00:00:{created:02}Z",
        "State": {"Running": running},
        "Config": {"Image": f"{service}:1", "Labels": labelled(**{**said, **labels})},
    }


def labelled(**labels: str) -> dict[str, str]:
    return {PREFIX + key.replace("__", "."): each for key, each in labels.items()}


def claim(
    name: str,
    created: int = 0,
    service: str = "web",
    running: bool = True,
    /,
    **labels: str,
) -> Claim:
    return Claim(entry(name, created, service, running, **labels), {})


def at(folder: object, *files: object) -> dict[str, str]:
    """Return the labels that name a folder and files."""
    named = ",".join(str(each) for each in files)
    return {"project__working_dir": str(folder), "project__config_files": named}


def files(folder: Path, *names: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("services: {}\n")
    return [folder / name for name in names]


def names(found: Agreed) -> list[str]:
    return [each.name for each in found.claims]


def test_claims_come_by_their_projects_and_without_commands_that_were_run_once() -> None:
    other = entry("b1", project="b")
    nobody = entry("n", project="")
    once = entry("a2", project="a", oneoff="TRUE")
    found = by_project(
        [other, {}, {"Config": {"Labels": []}}, nobody, once, entry("a1", project="a"), other],
        {},
    )
    assert {name: [each.name for each in claims] for name, claims in found.items()} == {
        "a": ["a1"],
        "b": ["b1", "b1"],
    }
    assert list(found) == ["a", "b"]


@pytest.mark.parametrize(
    ("image", "believed"),
    [
        ({}, True),
        ({"Config": None}, True),
        ({"Config": {"Labels": None}}, True),
        ({"Config": {"Labels": labelled(**{"config-hash": "web"})}}, False),
        ({"Config": {"Labels": labelled(**{"config-hash": "of a container before"})}}, True),
    ],
)
def test_what_an_image_says_itself_compose_has_not_said(
    image: Mapping[str, Any], believed: bool
) -> None:
    said = {**entry("web"), "Image": "sha256:1"}
    (found,) = by_project([said], {"sha256:1": image, "sha256:2": {}})["site"]
    assert found.by_compose is believed


def test_the_digest_of_its_image_tells_a_container_of_version_1_that_has_no_other_mark() -> None:
    assert claim("old", **{"config-hash": "", "image": "sha256:1"}).by_compose
    assert not claim("old", **{"config-hash": ""}).by_compose


def test_of_what_says_nothing_there_is_nothing() -> None:
    for empty in ({}, {"Config": None, "State": None}, {"Config": {"Labels": None}, "State": {}}):
        nothing = Claim(empty, {})
        said = (nothing.name, nothing.created, nothing.service, nothing.settings, nothing.running)
        assert said == ("", "", "", ("", ""), False)
        assert (nothing.files, nothing.places, nothing.stands, nothing.is_past) == (
            (), (), False, False
        )  # fmt: skip
        assert nothing.directory == nothing.folder == Path()


# docker-compose 1.25 is the first that says it (its change log).
@pytest.mark.parametrize(
    ("version", "tells"),
    [
        ("1.24.1", False),
        ("1.25.0", True),
        ("1.29.2", True),
        ("2", True),
        ("v2.1.0", True),
        ("5.0.0-rc.1", True),
        ("", False),
        ("x.y", False),
    ],
)
def test_which_compose_says_the_folder_itself(version: str, tells: bool) -> None:
    where = at("/srv/evil", "/srv/evil/compose.yml")
    own = Claim(entry("web", version=version, **where), labelled(**where))
    assert own.directory == (Path("/srv/evil") if tells else Path())
    assert bool(own.files) is tells


def test_files_are_relative_to_the_folder_and_real_where_links_lead_to_their_folders(
    tmp_path: Path,
) -> None:
    main, link = files(tmp_path / "site", "compose.yml")[0], tmp_path / "link"
    link.symlink_to(main.parent)
    found = claim("web", **at(link, "compose.yml", "", "/etc/other.yml"))
    assert found.files == (link / "compose.yml", Path("/etc/other.yml"))
    assert found.folder == main.parent
    assert found.places == (main, Path("/etc/other.yml"))
    assert not found.inside
    assert claim("web", **at(link, "compose.yml")).inside
    # The file itself may be a link, as a file that others can make: that is not followed.
    (link / "linked.yml").symlink_to("/etc/passwd")
    assert claim("web", **at(link, "linked.yml")).places == (main.parent / "linked.yml",)


@pytest.mark.parametrize(
    ("named", "stands", "is_past"),
    [
        (["there.yml"], True, False),
        (["there.yml", "gone.yml"], False, False),
        (["gone.yml"], False, True),
        (["gone.yml", "gone-too.yml"], False, True),
        (["folder"], False, False),
        (["dangling.yml"], False, False),
        (["/nonexistent/gone.yml"], False, False),
        ([], False, False),
        (["x" * 300], False, True),
    ],
)
def test_whether_all_files_stand_and_whether_they_once_did(
    tmp_path: Path, named: list[str], stands: bool, is_past: bool
) -> None:
    files(tmp_path, "there.yml")
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling.yml").symlink_to("nowhere")
    found = claim("web", **at(tmp_path, *named))
    assert (found.stands, found.is_past) == (stands, is_past)


def test_a_relative_folder_leads_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files(tmp_path / "site", "compose.yml")
    monkeypatch.chdir(tmp_path)
    found = claim("web", **at("site", "compose.yml"))
    assert found.folder == Path("site")
    assert not found.stands


def test_a_folder_whose_file_is_there_goes_before_what_more_containers_name(tmp_path: Path) -> None:
    here = files(tmp_path / "new", "compose.yml")[0]
    old = at("/nonexistent/site", "/nonexistent/site/compose.yml")
    found = agreed(
        "site",
        [claim("a", 1, "a", **old), claim("b", 2, "b", **old),
         claim("c", 3, "c", **at(here.parent, here))],
    )  # fmt: skip
    assert (names(found), found.directory, found.files) == (["c"], here.parent, (here,))
    assert [each.split(":")[0] for each in found.doubts] == [
        "The container a is left out of the project site",
        "The container b is left out of the project site",
    ]
    assert "it names the folder /nonexistent/site, and the others name" in found.doubts[0]


def test_of_two_folders_the_one_that_more_name_counts_and_then_that_with_its_files(
    tmp_path: Path,
) -> None:
    one, two = (files(tmp_path / name, "compose.yml")[0] for name in ("one", "two"))
    first, second = at(one.parent, one), at(two.parent, two)
    most = [claim("a", 1, **first), claim("b", 2, "b", **second), claim("c", 3, "c", **second)]
    assert agreed("site", most).directory == two.parent
    outside = at(one.parent, two)
    even = [claim("a", 1, **outside), claim("b", 2, "b", **second)]
    assert agreed("site", even).directory == two.parent
    nobody = agreed("site", [claim("b", 1, **first), claim("a", 2, "b", **second)])
    assert nobody.claims == ()
    assert nobody.directory == Path()
    (doubt,) = nobody.doubts
    assert f"do not agree on where it is: a names {two}; b names {one}. None of them" in doubt


def test_the_newest_list_of_files_that_are_there_counts(tmp_path: Path) -> None:
    main, more, last = files(tmp_path, "compose.yml", "more.yml", "last.yml")
    gone = tmp_path / "gone.yml"
    found = agreed(
        "site",
        [
            claim("d", 4, "d", **at(tmp_path, main, gone)),
            claim("b", 2, "b", **at(tmp_path, main, more)),
            claim("a", 1, "a", **at(tmp_path, main)),
            claim("c", 3, "c", **at(tmp_path, main, last)),
        ],
    )
    assert names(found) == ["a", "b", "c", "d"]
    assert found.files == (main, last)
    assert found.doubts == ()


def test_the_folder_s_name_is_the_one_that_most_of_them_use(tmp_path: Path) -> None:
    main = files(tmp_path / "site", "compose.yml")[0]
    link = tmp_path / "link"
    link.symlink_to(main.parent)
    by_link = at(link, link / "compose.yml")
    found = agreed(
        "site",
        [
            claim("a", 1, "a", **at(main.parent, main)),
            claim("b", 2, "b", **by_link),
            claim("c", 3, "c", **by_link),
        ],
    )
    assert len(found.claims) == 3
    assert (found.directory, found.files) == (link, (link / "compose.yml",))


def test_what_a_service_is_made_with_its_oldest_running_container_says(tmp_path: Path) -> None:
    where = at(tmp_path, files(tmp_path, "compose.yml")[0])
    claims = [
        claim("stopped", 1, "web", False, **where, **{"config-hash": "old"}),
        claim("newer", 3, **where, **{"config-hash": "new"}),
        claim("older", 2, **where),
        claim("other", 4, "db", **where, **{"config-hash": "of db"}),
    ]
    for order in (claims, claims[::-1]):
        found = agreed("site", order)
        assert set(names(found)) == {"older", "other"}
        assert len(found.doubts) == 2
    assert (
        "The container stopped is left out of the project site: it was made from other"
        in (agreed("site", claims).doubts[0])
    )


def test_the_image_that_a_service_is_made_from_tells_its_containers_apart(tmp_path: Path) -> None:
    where = at(tmp_path, files(tmp_path, "compose.yml")[0])
    other = entry("b", 2, **where)
    other["Config"]["Image"] = "evil:1"
    assert names(agreed("site", [claim("a", 1, **where), Claim(other, {})])) == ["a"]


def test_a_comma_in_the_name_of_a_folder_parts_no_paths() -> None:
    # As Compose 2.26.1 and 2.40.3 wrote it.
    of_second = claim("web", **at("/srv/a,b", "/srv/a,b/compose.yml", "-", "/srv/c,d/more.yml"))
    assert list(map(str, of_second.files)) == [
        "/srv/a,b/compose.yml", "/srv/a,b/-", "/srv/c,d/more.yml",
    ]  # fmt: skip
    # Compose 1 wrote what it was given, which may be a name of the folder.
    of_first = claim("web", **at("/srv/a", "/etc/b.yml", "more.yml"), version="1.29.2")
    assert list(map(str, of_first.files)) == ["/etc/b.yml", "/srv/a/more.yml"]


def test_the_files_of_variables_are_those_that_compose_says(tmp_path: Path) -> None:
    main = files(tmp_path, "compose.yml")[0]
    named = {"project__environment_file": f"{tmp_path}/a.env,{tmp_path}/b,c.env"}
    old = claim("a", 1, "a", **at(tmp_path, main), project__environment_file="/old.env")
    new = claim("b", 2, "b", **at(tmp_path, main), **named)
    assert new.variables == (tmp_path / "a.env", tmp_path / "b,c.env")
    assert agreed("site", [old, new]).variables == new.variables
    assert claim("a", **at(tmp_path, main)).variables == ()
    # Compose says nothing where it was given none, and the label of the image would show.
    of_image = Claim(entry("web", **at(tmp_path, main), **named), labelled(**named))
    assert of_image.variables == ()


@pytest.mark.parametrize(
    ("named", "why"),
    [
        (["compose.yml", "more.yml"], None),
        (["compose.yml", "gone.yml"], None),
        (["gone.yml"], None),
        (["more.yml"], "the file {}/more.yml, and the others do not"),
        (["compose.yml", "sub/x.yml"], "the file {}/sub/x.yml, and the others do not"),
        (["compose.yml", "/etc/passwd"], "the file /etc/passwd, and the others do not"),
        (["/etc/passwd", "{}/compose.yml"], "the file /etc/passwd, and the others do not"),
        ([], "no file, and the others do"),
    ],
)
@pytest.mark.parametrize("by_link", [False, True])
def test_which_files_of_the_same_folder_a_container_may_name_besides_those_of_the_others(
    tmp_path: Path, named: list[str], why: str | None, by_link: bool
) -> None:
    folder = tmp_path / "site"
    main = files(folder, "compose.yml", "more.yml")[0]
    files(folder / "sub", "x.yml")
    (tmp_path / "link").symlink_to(folder)
    own = tmp_path / "link" if by_link else folder
    others = [claim(each, 1, each, **at(folder, main)) for each in "ab"]
    found = agreed(
        "site", [*others, claim("c", 2, "c", **at(own, *(each.format(own) for each in named)))]
    )
    assert names(found) == (["a", "b"] if why else ["a", "b", "c"])
    assert len(found.doubts) == bool(why)
    if why:
        assert f"project site: it names {why.format(own)}. If it is yours" in found.doubts[0]


@pytest.mark.parametrize("length", [200, 201])
def test_what_is_shown_of_a_path_has_an_end(tmp_path: Path, length: int) -> None:
    main = files(tmp_path, "compose.yml")[0]
    words = "the file /x/"
    words += "y" * (length - len(words))
    others = [claim(each, 1, each, **at(tmp_path, main)) for each in "ab"]
    strange = claim("c", 2, "c", **at(tmp_path, words.removeprefix("the file ")))
    (doubt,) = agreed("site", [*others, strange]).doubts
    assert f"it names {words[:200]}{'…' if length > 200 else ''}, and the others" in doubt


@pytest.mark.parametrize(
    ("one", "other"), [(["a.yml"], ["b.yml"]), (["a.yml"], ["a.yml", "sub/c.yml"])]
)
def test_where_as_many_name_other_files_of_the_same_folder_nobody_is_believed(
    tmp_path: Path, one: list[str], other: list[str]
) -> None:
    files(tmp_path, "a.yml", "b.yml")
    files(tmp_path / "sub", "c.yml")
    for each, last in ((one, other), (other, one)):
        found = agreed(
            "site",
            [claim("x", 1, **at(tmp_path, *each)), claim("y", 2, "y", **at(tmp_path, *last))],
        )
        assert found.claims == ()
        assert f"x names {tmp_path}/{each[0]}" in found.doubts[0]


def test_a_folder_stands_though_one_container_names_a_file_that_went_since(tmp_path: Path) -> None:
    main = files(tmp_path / "site", "compose.yml")[0]
    evil = files(tmp_path / "evil", "compose.yml")[0]
    found = agreed(
        "site",
        [
            claim("a", 1, "a", **at(main.parent, main)),
            claim("b", 2, "b", **at(main.parent, main, main.parent / "gone.yml")),
            claim("c", 3, "c", **at(evil.parent, evil)),
        ],
    )
    assert (names(found), found.files) == (["a", "b"], (main,))


def test_of_those_made_at_once_the_first_by_name_counts(tmp_path: Path) -> None:
    where = at(tmp_path, files(tmp_path, "compose.yml")[0])
    both = [claim("b", 1, **where, **{"config-hash": "1"}), claim("a", 1, **where)]
    assert names(agreed("site", both)) == names(agreed("site", both[::-1])) == ["a"]


@pytest.mark.parametrize(
    ("others", "last"),
    [
        (8, "The container evil07"),
        (9, "1 more container is left out."),
        (10, "2 more containers are left out."),
    ],
)
def test_no_more_than_eight_sentences_are_said_of_one_project(
    tmp_path: Path, others: int, last: str
) -> None:
    where = at(tmp_path, files(tmp_path, "compose.yml")[0])
    evil = [Claim(entry(f"evil{number:02}"), labelled(**{"config-hash": "web"}))
            for number in range(others)]  # fmt: skip
    found = agreed("site", [*evil, claim("web", **where)])
    assert found.doubts[-1].startswith(last)
    assert len(found.doubts) == min(others, 9)
    alone = agreed("site", evil)
    assert (alone.claims, alone.doubts) == ((), found.doubts)
