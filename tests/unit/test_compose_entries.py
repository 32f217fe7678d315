"""What an edit put into a Compose file comes out by the tree, however it is written by now."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from wizard.compose.declaration import declaration
from wizard.compose.edit import add_network
from wizard.compose.entries import without_entries
from wizard.compose.read import parse
from wizard.compose.removal import without_addition, without_most

BEFORE = """\
x-common: &common
  restart: always
services:
  web:
    <<: *common
    image: one
    ports:
      - "3000:3000"
  job: {image: two, networks: [inner]}
  db:
    image: three
    networks:
      inner:
        aliases: [store]
networks:
  inner:
    internal: true
"""
DECLARED = declaration(
    "six",
    ipv4=True,
    pools=[{"subnet": "172.30.0.0/16"}, {"subnet": "fd00:1::/64", "gateway": "fd00:1::1"}],
    options={"com.docker.network.bridge.name": "br-six"},
    labels={"docker-ipv6-wizard": "fd00:1::/64"},
)
SERVICES = ("web", "job", "db")


def edited(before: str = BEFORE, *services: str) -> str:
    file = parse(before.encode(), "compose.yaml")
    return add_network(file, services or SERVICES, "six", declaration=DECLARED).decode()


def meant(text: str) -> Any:
    return json.loads(text) if text.startswith("{") else yaml.safe_load(text)


def indented(text: str) -> str:
    """Return a text with four columns where there were two, as an editor may do it."""
    wider = re.sub(r"(?m)^ +", lambda found: found[0] * 2, text)
    # What follows a dash stands two columns right of it.
    return re.sub(r"(\n( +)- subnet[^\n]*\n) +(?=gateway)", r"\1\2  ", wider)


def by_a_program(text: str) -> str:
    """Return a text as a program writes it that reads YAML: no quotes, no remarks, no style."""
    return str(yaml.safe_dump(yaml.safe_load(text), sort_keys=False))


def sorted_by_a_program(text: str) -> str:
    return str(yaml.safe_dump(yaml.safe_load(text), default_flow_style=None, width=10_000))


def in_one_line(text: str) -> str:
    return json.dumps(yaml.safe_load(text)) + "\n"


def with_tabs(text: str) -> str:
    return json.dumps(yaml.safe_load(text), indent="\t")


REWRITTEN = [indented, by_a_program, sorted_by_a_program, in_one_line, with_tabs]
every_way = pytest.mark.parametrize("rewritten", REWRITTEN, ids=lambda way: way.__name__)


@every_way
@pytest.mark.parametrize("services", [SERVICES, ("web",), ("job", "db")])
def test_a_file_that_was_written_anew_is_as_it_would_be_without_the_edit(
    rewritten: Callable[[str], str], services: tuple[str, ...]
) -> None:
    now = rewritten(edited(BEFORE, *services))
    assert without_addition(BEFORE, edited(BEFORE, *services), now) == rewritten(BEFORE)


@every_way
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("image: one", "image: one:2"),
        ("image: two", "image: two:2"),
        ("  web:\n", "  front:\n"),
        ("  job:", "  task:"),
        ("services:\n", "services:\n  more: {image: four, networks: [inner]}\n"),
        ("networks:\n  inner:", "networks:\n  outer: {}\n  inner:"),
    ],
)
def test_what_others_changed_besides_stays(
    rewritten: Callable[[str], str], old: str, new: str
) -> None:
    assert edited().count(old) == 1
    now = rewritten(edited().replace(old, new))
    assert without_addition(BEFORE, edited(), now) == rewritten(BEFORE.replace(old, new))


@every_way
def test_a_network_of_others_beside_ours_stays_at_the_service(
    rewritten: Callable[[str], str],
) -> None:
    now = rewritten(edited().replace("      - default\n", "      - default\n      - inner\n"))
    # What it was on without saying so is said there now, which is no harm.
    result = without_most(BEFORE, edited(), now)
    assert result is not None
    assert "six" not in result
    services = meant(result)["services"]
    assert services["web"]["networks"] == ["default", "inner"]
    assert services["job"]["networks"] == ["inner"]


def test_networks_that_were_merged_in_stay_where_a_program_has_written_them_out() -> None:
    before = (
        "x-on: &on {networks: {inner: }}\nservices: {web: {<<: *on, image: one}}\n"
        "networks: {inner: }\n"
    )
    now = by_a_program(edited(before, "web"))
    assert "<<" not in now
    result = without_most(before, edited(before, "web"), now)
    assert result is not None
    assert meant(result)["services"]["web"] == {"networks": ["inner"], "image": "one"}
    assert meant(result)["networks"] == {"inner": None}


def test_what_compose_itself_writes_of_a_project_is_cleared_of_ours() -> None:
    # As “docker compose config” of 2.40.3 writes it.
    file = parse(BEFORE.encode(), "compose.yaml")
    after = add_network(file, ["web", "job"], "six").decode()
    now = (
        "name: p\nservices:\n  job:\n    image: two\n    networks:\n      inner: null\n"
        "      six: null\n  web:\n    image: one\n    networks:\n      default: null\n"
        "      six: null\n    restart: always\nnetworks:\n  default:\n    name: p_default\n"
        "  inner:\n    name: p_inner\n    internal: true\n  six:\n    name: six\n"
        "    external: true\nx-common:\n  restart: always\n"
    )
    expected = (
        "name: p\nservices:\n  job:\n    image: two\n    networks:\n      inner: null\n"
        "  web:\n    image: one\n    restart: always\nnetworks:\n  default:\n"
        "    name: p_default\n  inner:\n    name: p_inner\n    internal: true\n"
        "x-common:\n  restart: always\n"
    )
    assert without_most(BEFORE, after, now) == expected


def test_of_a_service_in_one_line_that_somebody_has_edited_ours_comes_out() -> None:
    now = edited().replace("image: two,", "image: two:2, init: true,")
    expected = BEFORE.replace("image: two,", "image: two:2, init: true,")
    assert without_addition(BEFORE, edited(), now) == expected


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_and_a_byte_order_mark_stay(mark: str, end: str) -> None:
    def written(text: str) -> str:
        return mark + indented(text).replace("\n", end)

    assert without_entries(BEFORE, edited(), written(edited())) == written(BEFORE)


def test_services_that_the_edit_has_written_come_out_whole() -> None:
    before = "# Mine.\n"
    file = parse(b"services: {web: {image: one}}\n", "base.yaml")
    after = add_network(file, ["web"], "six").decode().replace("image: one, ", "")
    assert after.startswith("services: {web: {networks: [default, six]}}\n")
    theirs = "services: {web: {networks: [default, six]}, job: {init: true}}\n"
    now = after.replace("services: {web: {networks: [default, six]}}\n", theirs)
    result = without_entries(before, after, now)
    assert result == "services: {job: {init: true}}\n"


# In these somebody else has put something into what would come out.
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    - default\n", "    - default # mine\n"),
        ("    - six\n", "    # mine\n    - six\n"),
        ("  six:\n", "  six: &anchor\n"),
        ("    - subnet: 172", "    - &anchor\n      subnet: 172"),
        ("    driver: bridge\n", "    driver: macvlan\n"),
        ("    image: one\n", "    image: one\n    image: one\n"),
        ("services:", "services: ["),
    ],
)
def test_what_holds_something_of_others_is_left(old: str, new: str) -> None:
    now = by_a_program(edited())
    assert old in now
    assert without_addition(BEFORE, edited(), now.replace(old, new, 1)) is None


@every_way
def test_all_else_comes_out_and_what_is_named_stays_declared(
    rewritten: Callable[[str], str],
) -> None:
    now = rewritten(edited().replace("    six: {}\n", "    six: {aliases: [theirs]}\n"))
    assert "theirs" in now
    result = without_most(BEFORE, edited(), now)
    assert result is not None
    before, said = meant(BEFORE), meant(result)
    assert said["services"]["db"]["networks"]["six"] == {"aliases": ["theirs"]}
    assert said["networks"]["six"] == meant(edited())["networks"]["six"]
    for name in ("web", "job"):
        assert said["services"][name] == before["services"][name]


@pytest.mark.parametrize("names", ["default, six", "six, default", "a, default, six"])
def test_of_an_override_that_is_written_anew_in_braces_no_half_is_taken_out(names: str) -> None:
    ours = (
        "services:\n  web:\n    networks:\n      - default\n      - six\n"
        "networks:\n  six:\n    external: true\n"
    )
    now = f"{{services: {{web: {{networks: [{names}]}}}}, networks: {{six: {{external: true}}}}}}"
    assert without_addition("", ours, now) is None
    assert without_most("", ours, now) is None


def test_of_a_list_in_brackets_what_stands_side_by_side_comes_out_together() -> None:
    before = "services:\n  web: {image: one, networks: [a]}\n"
    after = "services:\n  web: {image: one, networks: [a, six, seven]}\n"
    for now in ("[six, seven, b, a]", "[a, b, six, seven]", "[six, a, seven, b]"):
        text = f"services:\n  web: {{image: one, networks: {now}}}\n"
        result = without_entries(before, after, text, partly=True)
        assert result is not None
        said = yaml.safe_load(result)["services"]["web"]["networks"]
        assert said == [each for each in yaml.safe_load(now) if each in ("a", "b")]
