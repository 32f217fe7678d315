"""What is put into a Compose file, to the byte, for services that stand there or beside it."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from wizard.compose.edit import joined
from wizard.compose.insertion import Additions, Unusual
from wizard.compose.joining import networks
from wizard.compose.read import parse_part
from wizard.platform.errors import Refused

BESIDE = parse_part(
    b"services: {web: {image: x}, db: {image: y, networks: [back]}}\nnetworks: {back: }\n",
    "base.yml",
)
ADDRESS = "fd00::5"


@dataclass(frozen=True)
class Case:
    """A file, the services of it or of the one beside it, and what becomes of it."""

    services: list[str]
    address: bool
    before: str
    after: str | None
    refused: str | None

    def made(self, before: str) -> bytes:
        addresses = {"web": ADDRESS} if self.address else None
        file = parse_part(before.encode(), "a.yml")
        return joined(file, self.services, "six", None, [BESIDE], addresses=addresses)


def _case(text: str) -> tuple[str, Case]:
    head, *parts = re.split(r"^>>>>> (\w+)\n", text, flags=re.MULTILINE)
    name, *settings = head.splitlines()
    said = dict(line.split(": ") for line in settings)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    return name, Case(
        said["services"].split(),
        "address" in said,
        sections["before"],
        sections.get("after"),
        sections.get("refused"),
    )


CASES = dict(
    _case(text)
    for text in (Path(__file__).parent / "compose_additions.txt").read_text().split("##### ")[1:]
)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_put_in_is_this_and_what_cannot_be_is_refused_so(case: Case) -> None:
    if case.after is None:
        with pytest.raises(Refused) as refused:
            case.made(case.before)
        assert f"{refused.value}\n" == case.refused
        return
    assert case.made(case.before).decode() == case.after
    # A second time there is nothing to do, and a parser of others reads it as it was meant.
    assert case.made(case.after).decode() == case.after
    said = yaml.safe_load(re.sub(r"!(reset|override)\b", "", case.after))
    assert said["networks"]["six"] == {"external": True}
    for service in case.services:
        named = said["services"][service]["networks"]
        assert "six" in named
        if case.address and service == "web":
            assert named["six"] == {"ipv6_address": ADDRESS}
    files = [BESIDE.meaning, parse_part(case.after.encode(), "a.yml").meaning]
    assert all("six" in networks(files, service) for service in case.services)


def test_the_cases_have_both_kinds() -> None:
    assert sum(case.after is not None for case in CASES.values()) > 20
    assert sum(case.refused is not None for case in CASES.values()) > 8


@pytest.mark.parametrize(
    ("addition", "why"),
    [
        (
            "services: [",
            "a.yml is written in a way too unusual for a safe edit: a trial edit was not",
        ),
        (
            "x0: &x0 [a]\n"
            + "".join(f"x{n}: &x{n} [*x{n - 1}, *x{n - 1}, *x{n - 1}]\n" for n in range(1, 60)),
            "With the network in it, a.yml says more than 100,000",
        ),
    ],
)
def test_an_addition_that_makes_no_compose_file_is_unusual(addition: str, why: str) -> None:
    additions = Additions(parse_part(b"# mine\n", "a.yml"))
    additions.splice(7, addition)
    with pytest.raises(Unusual) as unusual:
        additions.made()
    assert str(unusual.value).startswith(why)
    assert str(unusual.value).endswith(".")
