import pytest

from wizard.compose.edit import add_network, is_external, joined, key_of
from wizard.compose.joining import networks
from wizard.compose.read import ParsedFile, parse, parse_part
from wizard.compose.yaml_source import Content
from wizard.platform.errors import Refused

PLAIN = parse(b"services:\n  web:\n    image: x\n", "compose.yaml")


def test_choosing_no_services_changes_nothing() -> None:
    assert add_network(PLAIN, [], "six") == PLAIN.raw


def test_a_key_can_be_chosen() -> None:
    result = add_network(PLAIN, ["web"], "project_six", key="outside").decode()
    assert result.endswith("networks:\n  outside:\n    external: true\n    name: project_six\n")


def test_a_service_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match=r"There is no service gone in compose\.yaml"):
        add_network(PLAIN, ["gone"], "six")


@pytest.mark.parametrize("network", ["", "a b", "-a", "a:b", "[docker0]", "a\x1b[31m"])
def test_what_is_not_a_name_of_a_network_is_refused(network: str) -> None:
    with pytest.raises(Refused, match="is not a name that Docker takes") as refused:
        add_network(PLAIN, ["web"], network)
    assert "\x1b" not in str(refused.value)


def test_text_whose_meaning_hangs_on_the_end_of_the_file_is_refused() -> None:
    # Without a last newline the text block lacks one too; lines after it would give it one.
    file = parse(b"services:\n  web:\n    image: x\n    command: |\n      one", "compose.yaml")
    with pytest.raises(Refused, match=r"Nothing was changed.*override file"):
        add_network(file, ["web"], "six")


def test_a_service_is_not_lost_when_its_text_stands_in_the_last_line() -> None:
    file = parse(b"services:\r\n  web:\r\n    image: x", "compose.yaml")
    assert add_network(file, ["web"], "six") == (
        b"services:\r\n  web:\r\n    image: x\r\n    networks:\r\n      - default\r\n"
        b"      - six\r\nnetworks:\r\n  six:\r\n    external: true"
    )


def test_hundreds_of_services_keep_their_order() -> None:
    names = [f"s{n}" for n in range(40)]
    text = "services:\n" + "".join(f"  {name}:\n    image: x\n" for name in names)
    result = add_network(parse(text.encode(), "compose.yaml"), names, "six")
    again = parse(result, "compose.yaml")
    assert [service.name for service in again.services] == names
    assert {service.networks for service in again.services} == {("default", "six")}


def test_a_network_with_a_variable_for_its_name_is_written_as_no_key() -> None:
    text = b"services: {web: {image: x, networks: ['${NET:-a}']}}\nnetworks: {a: }\n"
    file = parse(text, "compose.yaml")
    assert b"['${NET:-a}', six]" in add_network(file, ["web"], "six")
    with pytest.raises(Refused, match="override file"):
        add_network(file, ["web"], "six", addresses={"web": "fd00::5"})


def chained(length: int, *heirs: str) -> str:
    """Return services of which each has the networks of the one before out again."""
    lines = ["  s1: {image: x}\n"]
    for number in range(2, length + 1):
        lines.append(f"  s{number}: {{extends: s{number - 1}, networks: !override [own]}}\n")
    lines += [f"  {name}: {{extends: s{length}, networks: !override [own]}}\n" for name in heirs]
    return f"services:\n{''.join(lines)}networks: {{own: }}\n"


@pytest.mark.parametrize("length", [1, 2, 4])
def test_services_that_share_settings_in_a_chain_are_each_put_on_it(length: int) -> None:
    file = parse(chained(length).encode(), "compose.yaml")
    names = [f"s{number}" for number in range(1, length + 1)]
    after = parse(add_network(file, names[::-1], "six"), "compose.yaml")
    assert all("six" in networks([after.meaning], name) for name in names)


@pytest.mark.parametrize(
    ("heirs", "left"), [((), "s5"), (("a", "b"), "s5, a, b"), (("a", "b", "c"), "s5, a, b")]
)
def test_a_longer_chain_is_refused_with_those_that_are_left(
    heirs: tuple[str, ...], left: str
) -> None:
    file = parse(chained(5, *heirs).encode(), "compose.yaml")
    with pytest.raises(Refused, match=f"edit: {left} and others share settings in a chain"):
        add_network(file, ["s1", "s2", "s3", "s4", "s5", *heirs], "six")


@pytest.mark.parametrize(
    ("taken", "key"),
    [
        ("", "six"),
        ("six: ", "six_ipv6"),
        ("six: , six_ipv6: ", "six_ipv6_2"),
        ("six: , six_ipv6: , six_ipv6_2: , six_ipv6_3: ", "six_ipv6_4"),
        ("far: {external: true, name: six}", "far"),
        ("far: {name: six}", "far"),
        ("six: {name: other}", "six_ipv6"),
    ],
)
@pytest.mark.parametrize("where", ["here", "before", "after"])
def test_the_network_has_the_key_that_the_project_has_for_it_or_one_that_is_free(
    taken: str, key: str, where: str
) -> None:
    top = f"networks: {{{taken}}}\n"
    file = parse(f"services: {{web: {{image: x}}}}\n{top * (where == 'here')}".encode(), "a.yml")
    other = parse_part(top.encode(), "b.yml")
    made = add_network(
        file,
        ["web"],
        "six",
        beside=[other] if where == "before" else [],
        later=[other] if where == "after" else [],
        declaration=None if "far: {name" not in taken else {"name": "six"},
    )
    after = parse(made, "a.yml").meaning
    assert list(networks([after], "web")) == ["default", key]
    assert (key in after.networks) is (where == "here" or key != "far")


def test_no_network_takes_the_place_of_the_default_one() -> None:
    made = add_network(PLAIN, ["web"], "default")
    assert list(networks([parse(made, "a.yml").meaning], "web")) == ["default", "default_ipv6"]


def test_which_files_declare_a_network_and_by_which_key() -> None:
    plain, own, external = (
        parse_part(f"networks: {{{text}}}\n".encode(), "a.yml")
        for text in (
            "a: , b: {name: other}",
            "a: , c: {name: six}",
            "a: , d: {external: true, name: six}",
        )
    )
    assert [is_external(files, "six") for files in ([], [plain, own], [plain, external])] == [
        False, False, True
    ]  # fmt: skip
    assert key_of([plain, own, external], "six") == "c"
    assert key_of([plain, external], "six") is None
    assert key_of([], "six") is None


def test_a_network_that_a_file_declares_as_made_elsewhere_is_not_declared_anew() -> None:
    other = parse_part(b"networks: {six: {external: true}}\n", "b.yml")
    declaration: dict[str, Content] = {"name": "six"}
    around: list[tuple[list[ParsedFile], list[ParsedFile]]] = [([other], []), ([], [other])]
    for beside, later in around:
        made = add_network(
            PLAIN, ["web"], "six", beside=beside, later=later, declaration=declaration
        )
        assert parse(made, "a.yml").meaning.networks == {}


def test_a_key_that_docker_takes_for_no_name_is_refused_as_well() -> None:
    with pytest.raises(Refused, match=r"^“a b” is not a name that Docker takes"):
        add_network(PLAIN, ["web"], "six", key="a b")


def test_what_a_later_file_says_of_a_service_counts() -> None:
    later = parse_part(b"services: {web: {network_mode: host}}\n", "b.yml")
    with pytest.raises(Refused, match=r"host's own network.*Leave web out and try again\.$"):
        add_network(PLAIN, ["web"], "six", later=[later])
    known = parse_part(b"services: {db: {image: x}}\n", "b.yml")
    around: list[tuple[list[ParsedFile], list[ParsedFile]]] = [([known], []), ([], [known])]
    for beside, after in around:
        made = parse(joined(PLAIN, ["db"], "six", None, beside, later=after), "a.yml")
        assert "six" in networks([made.meaning], "db")
    with pytest.raises(Refused, match=r"^There is no service far in this project\."):
        joined(PLAIN, ["far"], "six", None, [known])


@pytest.mark.parametrize("network", ["X", "Xa", "aX.", "a-XX", "10"])
def test_a_name_stays_as_it_is_beside_names_in_quotes(network: str) -> None:
    text = (
        b'{"services": {"web": {"image": "x", "networks": ["front"]}}, "networks": {"front": {}}}'
    )
    after = parse(add_network(parse(text, "a.yml"), ["web"], network), "a.yml")
    assert list(networks([after.meaning], "web")) == ["front", network]
    assert after.meaning.external(network) == network
