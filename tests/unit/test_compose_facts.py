"""What Compose files say, fact by fact, and on whose networks their services are."""

from collections import Counter

import pytest

from wizard.compose.facts import (
    CONTAINERS,
    added_by,
    anywhere,
    empty_of_others,
    facts_of,
    meaning_of,
    root_of,
    walk,
)
from wizard.compose.read import parse_part
from wizard.compose.scale import is_scaled
from wizard.compose.theirs import Theirs

MAPPING, LIST = CONTAINERS
TEXT = "services:\n  web:\n    image: x\n    networks: [a, b]\n"


def places(text: str) -> list[tuple[str, int]]:
    """Return the places of all facts, and in which line each stands."""
    root = root_of(text)
    assert root is not None
    return [("/".join(path), text.count("\n", 0, at) + 1) for (path, _), at in walk(root, (), 0)]


def said(text: str) -> Counter[tuple[str, ...]]:
    found = facts_of(text)
    assert found is not None
    return Counter(path for path, _ in found.elements())


def test_each_fact_stands_at_its_key_and_each_item_of_a_list_by_itself() -> None:
    assert places(TEXT) == [
        ("", 1),
        ("services", 1),
        ("services/web", 2),
        ("services/web/image", 3),
        ("services/web/networks", 4),
        ("services/web/networks/-", 4),
        ("services/web/networks/-", 4),
    ]
    found = facts_of(TEXT)
    assert found is not None
    assert found[("services", "web"), MAPPING] == found[("services", "web", "networks"), LIST] == 1
    # Of what is merged in the place is where it stands, and of a key that stands twice both are.
    merged = "x: &x\n  tty: true\nweb:\n  <<: *x\n  image: a\n  image: b\n"
    assert places(merged)[3:] == [("web", 3), ("web/tty", 2), ("web/image", 6), ("web/image", 5)]


def test_remarks_say_nothing_and_what_is_no_compose_file_is_not_understood() -> None:
    assert facts_of("# nothing\n") == Counter()
    assert facts_of("services: [\n") is None
    assert facts_of("[a]\n") is None
    assert (root_of("# nothing\n"), root_of("services: [\n")) == (None, None)
    assert (meaning_of("services: [\n"), meaning_of("services: [a]\n")) == (None, None)
    nothing = meaning_of("")
    assert nothing is not None
    assert nothing.services == {}
    odd = meaning_of("services: {web: {image: '\udcff'}}\n")
    assert odd is None or list(odd.services) == ["web"]


def test_what_was_added_is_what_one_says_and_the_other_does_not() -> None:
    more = TEXT.replace("[a, b]", "[a, b, six]") + "networks:\n  six:\n"
    paths = Counter(path for path, _ in added_by(TEXT, more).elements())
    assert paths == Counter(
        [("services", "web", "networks", "-"), ("networks",), ("networks", "six")]
    )
    assert added_by(TEXT, TEXT) == Counter()
    assert added_by(more, TEXT) == Counter()
    # Where there was no file, or none that anybody understands, all of it was.
    assert added_by(None, TEXT) == added_by("services: [\n", TEXT) == facts_of(TEXT)
    assert added_by(TEXT, "services: [\n") == Counter()
    assert added_by("a: [1]\n", "a: [1, 1, 1]\n").total() == 2


def test_a_service_by_another_name_says_the_same() -> None:
    one, other = facts_of(TEXT), facts_of(TEXT.replace("web:", "site:"))
    assert one is not None
    assert other is not None
    assert one != other
    # That there is a service of the name is a fact of its own.
    assert (anywhere(one) - anywhere(other)).keys() == {(("services", "web"), MAPPING)}
    top = facts_of("networks: {web: {name: x}}\n")
    assert top is not None
    assert anywhere(top) == top
    two = facts_of("services: {a: {image: x}, b: {image: x}}\n")
    assert two is not None
    assert [n for (path, _), n in anywhere(two).items() if path == ("services", "", "image")] == [2]


def test_a_mapping_of_ours_in_which_others_have_put_more_is_not_left_over() -> None:
    ours = "networks:\n  six:\n    labels: {a: b}\n    list: [x]\n"
    left = facts_of(ours)
    assert left is not None
    assert {path for path, _ in empty_of_others(left, left)} == set(said(ours))
    theirs = facts_of(ours.replace("{a: b}", "{a: b, theirs: c}").replace("[x]", "[x, y]"))
    assert theirs is not None
    assert {path for path, _ in empty_of_others(left, theirs)} == {
        ("networks", "six", "labels", "a"),
        ("networks", "six", "list", "-"),
    }


@pytest.mark.parametrize(
    ("settings", "scaled"),
    [
        ("image: x", False),
        ("scale: 1", False),
        ("scale: 0", False),
        ("scale: ", False),
        ("scale: 2", True),
        ("scale: '${WORKERS:-1}'", True),
        ("scale: [2]", False),
        ("deploy: {replicas: 3}", True),
        ("deploy: {replicas: 1}", False),
        ("deploy: {resources: {}}", False),
        ("deploy: 3", False),
    ],
)
@pytest.mark.parametrize("is_last", [False, True])
def test_whether_a_service_may_have_several_containers(
    settings: str, scaled: bool, is_last: bool
) -> None:
    other = "services: {web: {image: x}, other: {scale: 5}}\n"
    own = f"services: {{web: {{{settings}}}}}\n"
    texts = ["", other, own] if is_last else [own, other]
    files = [parse_part(text.encode(), "a.yml") for text in texts]
    assert is_scaled(files, "web") is scaled
    assert not is_scaled(files, "nobody")


EDITED = (
    "services: {web: {image: x}, db: {image: y, networks: [back]}, job: {image: z}}\n",
    "services: {web: {image: x, networks: [default, six]}, db: {image: y, networks: [back, six]}, "
    "job: {image: z}}\n",
)


@pytest.mark.parametrize(
    ("now", "result", "kept"),
    [
        ("web: {networks: [default, six]}", "web: {}", True),
        ("web: {networks: [default, six]}", "web: {networks: [default]}", True),
        ("web: {networks: [default, six]}", "web: {networks: [default, six]}", True),
        ("web: {networks: [default, six]}", "web: {networks: [front]}", False),
        ("web: {networks: [default, six, front]}", "web: {networks: [front]}", False),
        ("web: {networks: [default, six, front]}", "web: {networks: [default, front]}", True),
        ("db: {networks: [back, six]}", "db: {networks: [back]}", True),
        ("db: {networks: [back, six]}", "db: {}", False),
        # Whoever was never on ours says the very same as before.
        ("job: {networks: [front]}", "job: {networks: [front]}", True),
        ("job: {networks: [default]}", "job: {}", False),
        ("job: {networks: [front]}", "job: {}", False),
        # A service that was given another name since.
        ("site: {networks: [default, six]}", "site: {}", True),
        ("site: {networks: [front, six]}", "site: {networks: [front]}", True),
        ("site: {networks: [front, six]}", "site: {}", False),
        # One that is gone from the result is none that lost a network.
        ("web: {networks: [default, six]}", "job: {}", True),
    ],
)
def test_every_service_stays_on_the_networks_of_others(now: str, result: str, kept: bool) -> None:
    theirs = Theirs(*EDITED, f"services: {{{now}}}\n")
    assert theirs.ours == {"six"}
    assert theirs.keep_their_networks(f"services: {{{result}}}\n") is kept


def test_of_what_is_no_compose_file_nothing_is_ours_and_all_stays() -> None:
    nothing = Theirs("services: [\n", "services: [\n", "services: [\n")
    assert nothing.ours == frozenset()
    assert nothing.keep_their_networks("services: {web: {image: x}}\n")
    new = Theirs("", "services: {web: {networks: [six]}}\n", "")
    assert new.ours == {"six"}
