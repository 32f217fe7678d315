import pytest

from wizard.compose.difference import Difference, difference
from wizard.compose.joining import is_internal, joined, networks
from wizard.compose.meaning import FileMeaning
from wizard.compose.read import parse_part

BEFORE = """
x-note: 1
services:
  web: {image: x, networks: {front: {aliases: [a]}}}
  db: {image: y}
networks:
  front: {driver: bridge}
"""
AFTER = """
x-note: 1
services:
  web: {image: x, networks: {front: {aliases: [a]}, six: {}}}
  db: {image: y}
networks:
  front: {driver: bridge}
  six: {external: true}
"""


def said(text: str) -> FileMeaning:
    return parse_part(text.encode(), "compose.yaml").meaning


def compared(after: str) -> Difference:
    return difference(said(BEFORE), said(after), [], ["web"], "six", "six")


def test_the_wanted_change_is_exact() -> None:
    assert compared(AFTER) == Difference((), exact=True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x-note: 1", "x-note: 2"),
        ("x-note: 1", "x-note: '1'"),
        ("x-note: 1", "x-note: 1\nx-more: 2"),
        ("x-note: 1", ""),
        ("image: x", "image: z"),
        ("image: x", "image: x, tty: true"),
        ("image: y", "image: z"),
        ("aliases: [a]", "aliases: [b]"),
        ("six: {}}}", "six: {priority: 1}}}"),
        ("six: {}}}", "six: {}, back: {}}}"),
        ("front: {aliases: [a]}, ", ""),
        ("driver: bridge", "driver: other"),
        ("  front: {driver: bridge}\n", ""),
        ("  front: {driver: bridge}\n", "  front: {driver: bridge}\n  back: {}\n"),
        ("external: true", "external: false"),
        ("external: true", "external: true, name: seven"),
        ("  six: {external: true}\n", ""),
        ("  db: {image: y}\n", "  db: {image: y}\n  new: {image: z}\n"),
    ],
)
def test_anything_more_or_less_is_not_exact(old: str, new: str) -> None:
    assert old in AFTER
    assert not compared(AFTER.replace(old, new)).exact


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("image: y", "image: y, networks: [front]"),
        ("image: y", "image: y, networks: [default, six]"),
        ("  db: {image: y}\n", ""),
    ],
)
def test_a_bystander_is_named(old: str, new: str) -> None:
    assert compared(AFTER.replace(old, new)) == Difference(("db",), exact=False)


def test_the_default_network_is_the_same_named_or_not() -> None:
    assert not compared(AFTER.replace("image: y", "image: y, networks: [default]")).bystanders


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("{}", {"default"}),
        ("{networks: [front]}", {"front"}),
        ("{<<: *a}", {"a"}),
        ("{<<: [*a, *b]}", {"a"}),
        ("{<<: [*b, *a]}", {"b"}),
        ("{<<: *a, networks: [own]}", {"own"}),
        ("{networks: [own], <<: *a}", {"own"}),
        ("{networks: *nets}", {"a", "b"}),
        ("{networks: {<<: *map, c: }}", {"m", "c"}),
        ("{extends: base}", {"base"}),
        ("{extends: {service: base}, networks: [own]}", {"base", "own"}),
    ],
)
def test_networks_are_found_however_they_are_written(service: str, expected: set[str]) -> None:
    text = f"""
x-a: &a {{networks: [a]}}
x-b: &b {{networks: [b]}}
x-nets: &nets [a, b]
x-map: &map {{m: {{priority: 1}}}}
services:
  base: {{networks: [base]}}
  web: {service}
"""
    assert set(networks([said(text)], "web")) == expected


def test_an_option_of_another_file_is_kept_apart() -> None:
    one = said("services: {web: {networks: {front: {priority: 1}}}}")
    two = said("services: {web: {networks: {front: {aliases: [a]}, back: }}}")
    joined = networks([one, two], "web")
    assert set(joined) == {"front", "back"}
    assert len(joined["front"]) == 2


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("!reset []", {"default"}), ("!reset {front: }", {"default"}), ("!override [back]", {"back"})],
)
def test_a_tag_takes_what_earlier_files_say_out_again(tag: str, expected: set[str]) -> None:
    one = said("services: {web: {networks: [front]}}")
    two = said(f"services: {{web: {{networks: {tag}}}}}")
    assert set(networks([one, two], "web")) == expected
    assert two.services["web"].unknown is None


@pytest.mark.parametrize(
    ("service", "words"),
    [
        ("{networks: !other [front]}", "the tag !other"),
        ("{networks: [[front]]}", "not a list of names"),
        ("{extends: {file: other.yaml, service: base}}", "the file other.yaml"),
        ("{extends: gone}", "the service gone"),
    ],
)
def test_what_cannot_be_known_of_a_service_s_networks_is_said_with_its_reason(
    service: str, words: str
) -> None:
    assert words in str(said(f"services: {{web: {service}}}").services["web"].unknown)


@pytest.mark.parametrize(
    ("files", "internal"),
    [
        (["{internal: true}"], True),
        (["{internal: false}"], False),
        (["{driver: x}"], False),
        ([""], False),
        (["{internal: true}", "{driver: x}"], True),
        (["{internal: true}", ""], True),
        (["{internal: true}", "{internal: false}"], False),
        (["{internal: false}", "{internal: true}"], True),
        (["{internal: true}", "!reset {internal: true}"], False),
        (["{internal: true}", "!override {driver: x}"], False),
        (["", "!override {internal: true}"], True),
        (["{internal: true}", "{internal: !reset true}"], False),
        (["{internal: '${SHUT:-yes}'}"], True),
    ],
)
def test_whether_a_network_of_several_files_is_internal(files: list[str], internal: bool) -> None:
    read = [said(f"networks:\n  back: {each}\n") for each in files]
    assert is_internal([said("services: {}"), *read], "back") is internal
    assert not is_internal(read, "front")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["{image: x}", "{image: y}"], ("y", None, False, [0, 1])),
        (["{image: x}", "{tty: true}"], ("x", None, False, [0, 1])),
        (["{network_mode: host}", "{network_mode: ''}"], (None, "", False, [0, 1])),
        (["{network_mode: host}", "{}"], (None, "host", False, [0, 1])),
        (["{network_mode: host}", "{network_mode: !reset ''}"], (None, None, False, [0, 1])),
        (["{provider: {type: a}}", "{}"], (None, None, True, [0, 1])),
        (["{}", "{provider: {type: a}}"], (None, None, True, [0, 1])),
        (["{provider: {type: a}}", "{provider: !reset {}}"], (None, None, False, [0, 1])),
        # What is added to an earlier file would be taken away by the later one again.
        (["{image: x}", "{networks: !override [a]}", "{}"], ("x", None, False, [1, 2])),
        (["{image: x}", "!override {tty: true}"], (None, None, False, [1])),
        (["{image: x}", "!reset {}", "{image: y}"], ("y", None, False, [2])),
    ],
)
def test_what_files_say_of_a_service_together(
    files: list[str], expected: tuple[str | None, str | None, bool, list[int]]
) -> None:
    found = joined([said(f"services: {{web: {each}}}") for each in files], "web")
    assert found is not None
    service = found.said
    assert (service.image, service.network_mode, service.provided, list(found.places)) == expected
    assert joined([said("services: {db: {image: x}}")], "web") is None


def test_a_service_that_the_last_file_takes_away_is_not_there() -> None:
    files = [said("services: {web: {image: x, networks: [a]}}"), said("services: {web: !reset }")]
    assert joined(files, "web") is None
    assert set(networks(files, "web")) == {"default"}


@pytest.mark.parametrize("odd", [0, 1])
def test_what_is_not_known_in_one_file_or_able_in_one_is_so_together(odd: int) -> None:
    texts = ["{networks: [[a]], privileged: true}", "{image: x}"]
    files = [said(f"services: {{web: {each}}}") for each in (texts, texts[::-1])[odd]]
    found = joined(files, "web")
    assert found is not None
    assert "not a list of names" in str(found.said.unknown)
    assert found.said.abilities == {"privileged"}


DECLARED = "{name: six, driver: bridge}"
MADE = AFTER.replace("{external: true}", DECLARED)


def declared(text: str = f"networks: {{six: {DECLARED}}}") -> bytes:
    return said(text).networks["six"].digest


@pytest.mark.parametrize(
    ("after", "around", "exact"),
    [
        (MADE, "", True),
        (MADE.replace("driver: bridge}", "driver: other}"), "", False),
        (AFTER, "", False),
        (MADE.replace(f"  six: {DECLARED}\n", ""), "", False),
        (MADE.replace(f"  six: {DECLARED}\n", ""), f"networks: {{six: {DECLARED}}}", True),
        (MADE.replace(f"  six: {DECLARED}\n", ""), "networks: {six: {name: six}}", False),
        (MADE.replace(f"  six: {DECLARED}\n", ""), f"networks: {{five: {DECLARED}}}", False),
    ],
)
@pytest.mark.parametrize("is_later", [False, True])
def test_what_declares_a_network_is_one_of_the_files_as_it_was_wanted(
    after: str, around: str, exact: bool, is_later: bool
) -> None:
    others = [said(around)] if around else []
    beside, later = ([], others) if is_later else (others, [])
    found = difference(
        said(BEFORE), said(after), beside, ["web"], "six", "six", declared(), later=later
    )
    assert found == Difference((), exact)


FIXED = "{ipv6_address: 'fd00::5'}"


@pytest.mark.parametrize(
    ("asked", "exact"), [(FIXED, True), (FIXED.replace("5", "6"), False), ("{}", False)]
)
def test_a_service_has_the_address_that_was_wanted(asked: str, exact: bool) -> None:
    wanted = said(f"services: {{web: {{networks: {{six: {FIXED}}}}}}}").services["web"].networks
    assert wanted is not None
    after = said(AFTER.replace("six: {}", f"six: {asked}"))
    addresses = {"web": wanted["six"]}
    found = difference(said(BEFORE), after, [], ["web"], "six", "six", None, addresses)
    assert found.exact is exact


def test_what_stands_in_files_around_counts_for_who_is_harmed() -> None:
    other = said("services: {far: {image: z, networks: [front]}}")
    gone = said(AFTER.replace("  db: {image: y}\n", ""))
    for beside, later in (([other], []), ([], [other])):
        assert difference(
            said(BEFORE), said(AFTER), beside, ["web"], "six", "six", later=later
        ) == Difference((), exact=True)
        found = difference(said(BEFORE), gone, beside, ["web"], "six", "six", later=later)
        assert found.bystanders == ("db",)
