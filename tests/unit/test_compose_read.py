import pytest

from wizard.compose.read import parse, parse_part, services
from wizard.errors import Refused

GOOD = b"services: {web: {image: x}}\n"


def refusal(data: bytes) -> str:
    with pytest.raises(Refused) as refused:
        parse(data, "compose.yaml")
    message = str(refused.value)
    assert "Nothing was changed" in message
    assert message.endswith(".")
    return message


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no services"),
        (b"# nothing\n", "no services"),
        (b"version: '3'\n", "no services"),
        (b"services:\n", "no services"),
        (b"services: {}\n", "no services"),
        (b"web:\n  image: x\n", "no services"),
        (b"include: [a.yaml]\n", "only files that it includes"),
        (b"services: [web]\n", "“services:” is not a mapping"),
        (b"services: {web: x}\n", "web in compose.yaml is not a mapping"),
        (b"networks: [a]\nservices: {web: {}}\n", "“networks:” is not a mapping"),
        (b"- a\n", "at its top there is no mapping"),
        (b"hello\n", "at its top there is no mapping"),
        (b"services:\n  web:\n    image: [x\n", "not valid YAML"),
        (b"services:\n  web:\n\timage: x\n", "line 3: it is indented with a tab"),
        (b"services:\n  web: {}\n  web: {}\n", "line 3: the key “web” is there already"),
        (b"services:\n  web:\n    <<: 1\n", "line 3: the merge key << takes only mappings"),
        (b"services:\n  web: *a\n", "line 2: *a has no anchor"),
        (b"services: &a {web: *a}\n", "line 1: *a has no anchor"),
        (b"x: &a 1\nservices: &a {web: *a}\n", "line 2: *a has no anchor"),
        (b"services: {}\n---\nservices: {}\n", "several YAML documents (line 2"),
        (b"services:\n  web: {image: \xff}\n", "not UTF-8 text (line 2)"),
        (b"services:\n  web: {image: \x07}\n", "line 2: it holds the character U+0007"),
        (b"a: " + b"[" * 5000, "nested too deep"),
        (b"#" * 1_000_001, "larger than 1 MB"),
        (b'services: {"a b": {}}\n', "a service named “a b”"),
        (b'services: {"\\e[31m": {}}\n', "a service named “\\x1b[31m”"),
        (b"\x00\x01\x02", "not valid YAML"),
        (b"\x1f\x8b\x08\x00\xc0", "not UTF-8"),
    ],
)
def test_bad_content_is_refused_in_a_sentence(data: bytes, says: str) -> None:
    assert says in refusal(data)


def test_an_explosion_of_aliases_is_read_at_once() -> None:
    lines = ["x0: &a0 [a, b]"]
    lines += [f"x{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    parse("\n".join([*lines, GOOD.decode()]).encode(), "compose.yaml")


def test_a_good_file_is_read() -> None:
    file = parse(GOOD, "compose.yaml")
    assert file.raw == GOOD
    assert [service.name for service in file.services] == ["web"]
    assert file.included == ()


def test_a_hostile_name_is_written_out() -> None:
    with pytest.raises(Refused) as refused:
        parse(b"", "a\x1b[31m\u202eb")
    assert "\\x1b[31m\\u202eb" in str(refused.value)


def test_included_files_are_told() -> None:
    file = parse(b"include: [more.yaml]\nservices: {web: {image: x}}\n", "compose.yaml")
    assert "includes other Compose files" in file.included[0]


def test_services_of_several_files_are_joined() -> None:
    first = parse(b"services: {web: {image: x}, db: {image: y}}\n", "a.yaml")
    second = parse_part(
        b"services: {web: {networks: [back]}, new: {network_mode: host}}\n"
        b"networks: {back: {internal: true}}\n",
        "b.yaml",
    )
    web, db, new = services([first, second])
    assert (web.name, web.image, web.networks, web.internet) == ("web", "x", ("back",), False)
    assert (db.name, db.networks) == ("db", None)
    assert (new.name, new.attachable) == ("new", False)
