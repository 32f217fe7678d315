import pytest

from wizard.compose.edit import add_network
from wizard.compose.read import parse
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
