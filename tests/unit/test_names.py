"""What the resolver of the host says of names, and of the host's own address."""

import socket

import pytest

from wizard.host import names

OWN = "2001:db8:1::10"


class Resolver:
    """What a resolver knows: addresses by name, names by address; an error where it is one."""

    def __init__(self) -> None:
        self.addresses: dict[str, list[str] | int] = {}
        self.names: dict[str, str | int] = {}
        self.asked: list[str] = []

    def getaddrinfo(self, name: str, _port: None, family: int, _kind: int) -> list[object]:
        assert family == socket.AF_INET6
        self.asked.append(name)
        found = self.addresses.get(name, socket.EAI_NONAME)
        if isinstance(found, int):
            raise socket.gaierror(found, "an error")
        return [(family, 1, 6, "", (address, 0, 0, 0)) for address in found]

    def gethostbyaddr(self, address: str) -> tuple[str, list[str], list[str]]:
        found = self.names.get(address, 1)
        if isinstance(found, int):
            raise socket.herror(found, "an error")
        return found, [], [address]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    made = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", made.getaddrinfo)
    monkeypatch.setattr(socket, "gethostbyaddr", made.gethostbyaddr)
    monkeypatch.setattr(names, "chosen_source", lambda _target: {"address": OWN})
    return made


def test_a_name_has_ipv6_or_not_or_nobody_knows(resolver: Resolver) -> None:
    resolver.addresses = {"a.example": ["2001:db8::5"], "b.example": socket.EAI_AGAIN}
    found, _ = names.resolve(["a.example", "b.example", "c.example", "a.example"])
    assert found == {"a.example": True, "c.example": False}
    assert sorted(resolver.asked) == ["a.example", "b.example", "c.example"]


def test_only_so_many_names_are_asked_for_and_none_without_time(resolver: Resolver) -> None:
    many = [f"{number}.example" for number in range(3 * names.MOST)]
    found, _ = names.resolve(many)
    assert list(found) == many[: names.MOST]
    resolver.asked.clear()
    assert names.resolve(many, 0) == ({}, None)
    assert names.resolve([]) == ({}, None)
    assert not resolver.asked


@pytest.mark.parametrize(
    ("pointer", "addresses", "expected"),
    [
        ("host.example", ["2001:db8::9", OWN], "host.example"),
        # A name that anybody could have written leads elsewhere.
        ("host.example", ["2001:db8::9"], ""),
        ("host.example", socket.EAI_NONAME, ""),
        ("host.example", socket.EAI_AGAIN, None),
        (1, [], ""),
        (2, [], None),
    ],
)
def test_the_host_s_own_name_is_one_that_leads_back_to_it(
    resolver: Resolver, pointer: str | int, addresses: list[str] | int, expected: str | None
) -> None:
    resolver.names[OWN] = pointer
    resolver.addresses["host.example"] = addresses
    assert names.resolve(["a.example"])[1] == expected


def test_a_host_without_a_way_out_has_no_name_of_its_own(
    resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "chosen_source", lambda _target: {"address": None})
    assert names.resolve(["a.example"]) == ({"a.example": False}, None)
