"""Parsers of what says who listens, who is trusted and who is asked outside."""

import socket
import struct
import sys
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from pathlib import Path

import pytest

from tests.made_up_hosts import ANYWHERE
from wizard.compose.env_files import env_files
from wizard.compose.mounted_files import mounted_files
from wizard.compose.read import parse as parse_compose
from wizard.host import listeners, names
from wizard.host.contacts import Listener
from wizard.host.environment import MOST, mentions, networks_in, outside_hosts
from wizard.host.filter_sources import listed, saved

HEADING = "  sl  local_address rem_address   st tx_queue ...\n"


def word(address: str) -> str:
    """An address as the kernel lists it: words of 32 bits in the machine's byte order."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    octets = socket.inet_pton(family, address)
    count = len(octets) // 4
    return struct.pack(f"!{count}I", *struct.unpack(f"={count}I", octets)).hex().upper()


def line(address: str, port: int, state: str) -> str:
    return f"   0: {word(address)}:{port:04X} {word('::')}:0000 {state} 00000000:00000000\n"


@pytest.mark.parametrize(
    ("table", "address", "state", "found"),
    [
        ("tcp", ANYWHERE, "0A", Listener("tcp", IPv4Address(0), 3000)),
        ("tcp6", "::", "0A", Listener("tcp", IPv6Address(0), 3000)),
        ("tcp6", "2001:db8::1", "0A", Listener("tcp", IPv6Address("2001:db8::1"), 3000)),
        ("tcp6", "::ffff:0.0.0.0", "0A", Listener("tcp", IPv4Address(0), 3000)),
        ("udp", ANYWHERE, "07", Listener("udp", IPv4Address(0), 3000)),
        ("tcp", "127.0.0.11", "0A", None),
        ("tcp6", "::1", "0A", None),
        ("tcp", ANYWHERE, "01", None),
        ("udp", ANYWHERE, "01", None),
    ],
)
def test_who_listens(table: str, address: str, state: str, found: Listener | None) -> None:
    text = HEADING + line(address, 3000, state)
    assert list(listeners.parse(table, text)) == ([found] if found else [])


def test_the_kernels_own_tables_are_read() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:  # noqa: S104 - that is what is looked for
        port = server.getsockname()[1]
        found = listeners.listeners(listeners.read_tables("self"))
    assert found is not None
    assert Listener("tcp", IPv4Address(0), port) in found


def test_a_process_that_is_gone_is_not_known() -> None:
    assert listeners.read_tables(2**22 + 1) is None


@pytest.mark.skipif(sys.byteorder != "little", reason="recorded on such a machine")
def test_recorded_lines_are_understood() -> None:
    text = HEADING + (
        "   2: B80D0120020001000000000010000000:0016 00000000000000000000000000000000:0000 0A 0:0\n"
    )
    assert list(listeners.parse("tcp6", text)) == [
        Listener("tcp", IPv6Address("2001:db8:1:2::10"), 22)
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("172.18.0.0/16", ["172.18.0.0/16"]),
        ("127.0.0.1,172.18.0.1/32 [::1]", ["127.0.0.1/32", "172.18.0.1/32"]),
        ("172.18.0.5/16", ["172.18.0.0/16"]),
        ("host 172.18.0.1:5432.", ["172.18.0.1/32"]),
        ("v1.2.3.4.5", []),
        ("1.2.3.4.5", []),
        ("300.1.1.1", []),
        ("10.0.0.0/99", []),
    ],
)
def test_addresses_in_a_text(text: str, found: list[str]) -> None:
    assert [str(each) for each in networks_in(text)] == found


def test_variables_that_name_a_subnet_are_found_without_what_else_they_hold() -> None:
    subnets = [IPv4Network("172.18.0.0/16")]
    variables = [
        "TRUSTED_PROXIES=secret 172.18.0.0/16",
        "DB_HOST=172.18.0.9",
        "DATABASE_URL=postgres://u:p@172.18.0.9/db",
        "ALLOWED=172.18.0.9",
        "ELSEWHERE=10.0.0.0/8",
        "BROKEN",
    ]
    found = mentions(variables, subnets)
    assert [(each.where, str(each.network)) for each in found] == [
        ("TRUSTED_PROXIES", "172.18.0.0/16"),
        ("ALLOWED", "172.18.0.9/32"),
    ]
    assert "secret" not in repr(found)
    many = [f"V{number}=172.18.0.0/16" for number in range(1000)]
    assert len(mentions(many, subnets)) == MOST


@pytest.mark.parametrize(
    ("variable", "hosts"),
    [
        ("SMTP_SERVER=smtp.example.org", ["smtp.example.org"]),
        ("SMTP_SERVER='SMTP.example.org'", ["smtp.example.org"]),
        ("MAIL_HOST=smtp.example.org:587", ["smtp.example.org"]),
        ("REDIS_URL=redis://:pass.word@cache.example.org:6379/0", ["cache.example.org"]),
        ("DATABASE_URL=postgres://me.my:pa/ss@db.example.org/x", []),
        ("DATABASE_URL=postgres://me.my:pa#ss@db.example.org/x", []),
        ("DATABASE_URL=postgres://[", []),
        ("ES_HOST=es", []),
        ("DB_HOST=192.0.2.1", []),
        ("CACHE_SERVERS=a.example.org:11211,b.example.org", ["a.example.org", "b.example.org"]),
        ("SMTP_FROM_ADDRESS=me@example.org", []),
        ("SMTP_PASSWORD=pass.word", []),
        ("S3_ALIAS_HOST=files.example.org", []),
        ("LOCAL_DOMAIN=example.org", []),
        ("WEB_HOST=example.org", []),
        ("HOSTNAME=example.org", []),
        ("SMTP_HOST=" + "a" * 5000 + ".example.org", []),
    ],
)
def test_hosts_outside_that_a_variable_names(variable: str, hosts: list[str]) -> None:
    assert [each.name for each in outside_hosts([variable])] == hosts


SAVED = """\
*nat
-A POSTROUTING -s 172.18.0.0/16 ! -o br-1 -j MASQUERADE
-A DOCKER -s 172.18.0.0/16 -j RETURN
COMMIT
*filter
-A INPUT -s 172.18.0.0/16 -p tcp -m tcp --dport 5432 -j ACCEPT
-A DOCKER-USER -s 172.18.0.5/32 -j ACCEPT
-A ufw-user-input -s 10.1.0.0/16 -j ACCEPT
-A INPUT -s 203.0.113.9/32 -j ACCEPT
-A DOCKER -d 172.18.0.2/32 ! -i br-1 -o br-1 -p tcp -j ACCEPT
COMMIT
*mangle
-A PREROUTING -s 192.168.0.0/16 -j MARK
COMMIT
"""


def test_rules_of_iptables_with_a_private_source() -> None:
    assert [(each.where[:30], str(each.network)) for each in saved(SAVED)] == [
        ("iptables -A INPUT -s 172.18.0.", "172.18.0.0/16"),
        ("iptables -A DOCKER-USER -s 172", "172.18.0.5/32"),
        ("iptables -A ufw-user-input -s ", "10.1.0.0/16"),
        ("iptables -t mangle -A PREROUTI", "192.168.0.0/16"),
    ]


LISTED = """\
table ip filter {
	chain INPUT {
		ip saddr 172.18.0.0/16 accept
	}
}
table ip docker-bridges {
	chain c {
		ip saddr 172.18.0.0/16 accept
	}
}
table inet theirs {
	set trusted {
		type ipv4_addr
		flags interval
		elements = { 172.18.0.0/16, 203.0.113.0/24 }
	}
	chain input {
		type filter hook input priority filter; policy drop;
		ip saddr 172.19.0.0/16 tcp dport 5432 accept
		ip saddr 172.20.0.0/16 masquerade
	}
}
"""


def test_rules_and_sets_of_nft_with_a_private_source() -> None:
    assert [(each.where, str(each.network)) for each in listed(LISTED)] == [
        (
            "nft inet theirs trusted: elements = { 172.18.0.0/16, 203.0.113.0/24 }",
            "172.18.0.0/16",
        ),
        ("nft inet theirs input: ip saddr 172.19.0.0/16 tcp dport 5432 accept", "172.19.0.0/16"),
    ]


def test_files_of_variables_in_every_form() -> None:
    text = b"""\
services:
  a: {image: x, env_file: .env.production}
  b: {image: x, env_file: [a.env, /etc/b.env, "${OTHER}.env", {path: c.env, required: false}]}
  c: {image: x}
  d: {image: x, env_file: }
"""
    found = env_files(parse_compose(text, "f.yml"), Path("/srv/x"))
    assert found == ("/srv/x/.env.production", "/srv/x/a.env", "/etc/b.env", "/srv/x/c.env")


def test_files_and_folders_that_services_find_inside_in_every_form() -> None:
    text = b"""\
services:
  a:
    image: x
    volumes:
      - ./nginx.conf:/etc/nginx/nginx.conf:ro
      - ${CONF:-./conf.d}:/etc/conf.d
      - ${NOWHERE}/a:/a
      - data:/var/lib/data
      - {type: bind, source: ../b.toml, target: /b}
      - {type: volume, source: data, target: /c}
  b: {image: x, volumes: }
  c: {image: x, volumes: [/etc/c.conf:/c, ./nginx.conf:/n]}
configs:
  d: {file: d.yml}
  e: {content: x}
"""
    found = mounted_files(parse_compose(text, "f.yml"), Path("/srv/x"))
    names = ("nginx.conf", "conf.d", "../b.toml", "/etc/c.conf", "d.yml")
    assert found == tuple(str(Path("/srv/x") / name) for name in names)


def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    hang = threading.Event()

    def look_up(name: str) -> bool:
        if name == "slow.example":
            hang.wait(60)
        return True

    pointer: Callable[[], str | None] = lambda: ""  # noqa: E731
    monkeypatch.setattr(names, "_has_ipv6", look_up)
    monkeypatch.setattr(names, "_pointer", pointer)
    try:
        found = names.resolve(["slow.example", "quick.example"], deadline=2)
    finally:
        hang.set()
    assert found == ({"quick.example": True}, "")
    assert names.resolve([]) == ({}, None)
