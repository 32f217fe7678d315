"""Damaged answers of Docker, of other programs and of the kernel, and damaged files of a host.

Whatever they hold: an answer, or an error that says in a sentence what it means, and soon.
"""

import contextlib
import copy
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from ipaddress import IPv6Address, IPv6Network
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import fuzzing
from tests.given_files import GivenFiles
from tests.made_up_system import MadeUpSystem
from tests.unit import recorded
from tests.unit.test_boot_forecast import LINKS
from wizard.answers import answers_file
from wizard.answers.choices import Choices
from wizard.boot import outlook, reader, scripts, ufw
from wizard.boot.forecast import Circumstances, foresee
from wizard.boot.reader import Now, Route
from wizard.compose import variables
from wizard.filter import rules, uplink_rules
from wizard.host import filter_sources, forward_chains, listeners, manager, published
from wizard.host.looking import CannotTell
from wizard.host.parts import (
    compose,
    debian,
    docker_engine,
    docker_networks,
    earlier,
    firewall,
    ip6tables,
    projects,
)
from wizard.ndp import uplink as ndp_uplink
from wizard.platform.errors import Refused, StepFailed
from wizard.platform.system import Result
from wizard.platform.text import clean, clean_line
from wizard.probes import conntrack
from wizard.ruleset.chains import Packet
from wizard.steps import default_routes, networks
from wizard.verification import running

pytestmark = pytest.mark.timeout(fuzzing.TIMEOUT)

SOON = 5.0
"""Seconds of CPU after which an answer counts as hanging."""

LONGEST = 1 << 20
"""Letters of a text here: how long one may take grows with it, and no more than with it."""

DEEP = "[" * 200_000

HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**64, 10**4000, 0.5, float("inf"), float("nan"),
    "", " ", "\0", "\x1b[2J\x1b]0;x\a", "[bold]", "$(reboot)", "`id`", "%s%n", "\ud800", "\u202e",
    "..", "../../etc/shadow", "9" * 5000, "x" * 100_000, "::", "fe80::1%eth0", "256.1.1.1/99",
    "1.2:80->80/tcp", [], {}, [None], [[]], {"": None}, [{}], ["", 1],
)  # fmt: skip

WORDS = (
    "", "\0", "\x1b[2J", "[bold]", "$(reboot)", "'", '"', "\\", "*", "[", "!", "=", "%", "\ufffd",
    "9" * 5000, "-1", "0x", "source *", "source-directory .", "iface", "inherits", "..", "/",
    "\u0661", "-A", ":", "*filter", "--dport", "\ud800", "--write " * 40, "-" * 3000,
)  # fmt: skip


def places(document: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each part of a document."""
    yield way
    if isinstance(document, dict | list):
        for key in document if isinstance(document, dict) else range(len(document)):
            yield from places(document[key], (*way, key))


def damage(document: Any, way: tuple[Any, ...], hostile: Any, remove: bool) -> Any:
    """Replace or remove one part of a document, as far as it is still there."""
    value = copy.deepcopy(hostile)
    if not way:
        return value
    found = document
    try:
        for key in way[:-1]:
            found = found[key]
        if remove:
            del found[way[-1]]
        else:
            found[way[-1]] = value
    except (LookupError, TypeError):
        pass
    return document


@cache
def parts(machine: str, name: str) -> list[tuple[Any, ...]]:
    return list(places(recorded.answer(machine, name)))


@st.composite
def answers(draw: st.DrawFn, name: str) -> Any:
    """A recorded answer, damaged in some places."""
    machine = draw(st.sampled_from(recorded.EVERY))
    document = copy.deepcopy(recorded.answer(machine, name))
    for _ in range(draw(st.integers(1, 4))):
        way = draw(st.sampled_from(parts(machine, name)))
        document = damage(document, way, draw(st.sampled_from(HOSTILE)), draw(st.booleans()))
    return document


@st.composite
def texts(draw: st.DrawFn, *originals: str) -> str:
    """A text, damaged in some places."""
    text = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(1, 6))):
        lines = text.splitlines(keepends=True) or [""]
        at = draw(st.integers(0, len(lines) - 1))
        words = lines[at].split(" ")
        place = draw(st.integers(0, len(words) - 1))
        match draw(st.sampled_from(["word", "line", "cut", "twice", "gone", "any"])):
            case "word":
                words[place] = draw(st.sampled_from(WORDS))
                lines[at] = " ".join(words)
            case "line":
                lines.insert(at, draw(st.sampled_from(WORDS)) + "\n")
            case "cut":
                lines = [*lines[:at], lines[at][: draw(st.integers(0, 40))]]
            case "twice":
                lines[at] *= draw(st.integers(2, 20))
            case "gone":
                del lines[at]
            case _:
                lines[at] = draw(st.text(max_size=30)) + "\n"
        text = "".join(lines)[:LONGEST]
    return text


@contextlib.contextmanager
def ours(*errors: type[Exception]) -> Iterator[None]:
    """Let nothing through but these errors, with a clean sentence, and nothing that takes long."""
    begun = time.process_time()
    try:
        yield
    except errors as error:
        said = str(error)
        assert isinstance(error, ValueError) or said.endswith((".", ".\n"))
        assert clean(said) == said
    assert time.process_time() - begun < SOON


class Client:
    """An engine that says what it is told to."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self._said = said

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_error: object) -> None:
        return

    def version(self) -> Any:
        return self._said["version"]

    def info(self) -> Any:
        return self._said["info"]

    def networks(self) -> Any:
        return self._said["networks"]

    def containers(self, **_asked: object) -> Any:
        return [{"Id": place} for place in range(len(self._said["containers"]))]

    def inspect_container(self, place: int) -> Any:
        return self._said["containers"][place]


def asked(module: Any, said: Mapping[str, Any]) -> Any:
    """Return what a detector finds out from an engine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "connect", lambda: Client(said))
        if module is docker_engine:
            patch.setattr(module, "engine_process", lambda _path: None)
            patch.setattr(module, "configuration", lambda _words: said["configuration"])
        if module is projects:
            patch.setattr(projects.names, "resolve", lambda _names, _seconds: ({}, None))
            patch.setattr(projects, "read_tables", lambda *_asked: {})
        return module.detect()


def test_fuzz_what_the_engine_says_of_itself() -> None:
    def once(how: settings) -> None:
        configurations = st.sampled_from(
            ['{"ip6tables": true}', "[]", DEEP, "{", "null", "1" * 9999]
        )

        @how
        @given(answers("version"), answers("info"), configurations)
        def check(version: Any, info: Any, configuration: str) -> None:
            said = {"version": version, "info": info, "configuration": configuration}
            with ours(CannotTell):
                asked(docker_engine, said)

        check()

    fuzzing.tried(60, once)


def test_fuzz_what_the_engine_says_of_networks() -> None:
    def once(how: settings) -> None:
        @how
        @given(answers("networks"))
        def check(networks: Any) -> None:
            with ours(CannotTell):
                for each in asked(docker_networks, {"networks": networks}):
                    assert clean_line(each.name) == each.name
                    assert clean_line(each.bridge or "") == (each.bridge or "")

        check()

    fuzzing.tried(60, once)


def test_fuzz_what_the_engine_says_of_containers() -> None:
    def once(how: settings) -> None:
        @how
        @given(answers("containers"))
        def check(containers: Any) -> None:
            with ours(CannotTell):
                said = {"containers": containers if isinstance(containers, list) else [containers]}
                for project in asked(projects, said):
                    assert clean_line(project.name) == project.name
                    for one in project.containers:
                        shown = [one.name, one.service, *one.ports]
                        assert shown == list(map(clean_line, shown))

        check()

    fuzzing.tried(60, once)


NFT = json.dumps({"nftables": [
    {"chain": {"family": "inet", "table": "f", "name": "forward", "hook": "forward",
               "policy": "drop"}},
    {"chain": {"family": "inet", "table": "f", "name": "more"}},
    {"rule": {"family": "inet", "table": "f", "chain": "forward", "expr": [
        {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "eth0"}},
        {"jump": {"target": "more"}}]}},
    {"rule": {"family": "inet", "table": "f", "chain": "more", "expr": [
        {"vmap": {"key": {"ct": {"key": "state"}}, "data": {"set": [["new", {"accept": None}]]}}}]}},  # noqa: E501
    {"rule": {"family": "inet", "table": "f", "chain": "more", "expr": [
        {"match": {"op": "in", "left": {"ct": {"key": "state"}},
                   "right": {"set": ["established"]}}}, {"accept": None}]}},
]})  # fmt: skip

ROUTES = json.dumps([
    {"dst": "default", "gateway": "fe80::1", "dev": "eth0", "protocol": "ra",
     "nexthops": [{"dev": "eth0", "gateway": "fe80::1"}]},
    {"ifname": "eth0", "addr_info": [{"family": "inet6", "dynamic": True, "prefixlen": 64}],
     "state": ["REACHABLE"]},
])  # fmt: skip

NETWORK = json.dumps({"Name": "ipv6", "Id": "0" * 64, "Containers": {}})

INSPECTED = json.dumps({
    "Name": "/web", "Pid": 12, "Ports": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "80"}]},
    "Networks": {"n": {"IPAddress": "172.18.0.2", "GlobalIPv6Address": "fd00::2"}},
})  # fmt: skip

METADATA = json.dumps({"Version": "v2.26.1"})


@st.composite
def printed(draw: st.DrawFn, original: str) -> str:
    """What a program prints as JSON, damaged as a document or as a text."""
    if draw(st.integers(0, 9)) == 0:
        return draw(
            st.sampled_from([DEEP, "", "{}", "[]", "null", "[1]", "1" * 9999, '{"a":' * 50_000])
        )
    if draw(st.booleans()):
        return draw(texts(original))
    document = json.loads(original)
    for _ in range(draw(st.integers(1, 4))):
        way = draw(st.sampled_from(list(places(document))))
        document = damage(document, way, draw(st.sampled_from(HOSTILE)), draw(st.booleans()))
    with contextlib.suppress(ValueError):
        return json.dumps(document)
    return original


class Saying(MadeUpSystem):
    """A host on which every command prints the same."""

    said = ""

    def run(self, argv: Any, stdin: str = "") -> Result:
        return Result(0, self.said)


def on_a_host(read: Callable[[MadeUpSystem], object]) -> Callable[[str], object]:
    def of(text: str) -> object:
        system = Saying()
        system.said = text
        return read(system)

    return of


def of_ip(read: Callable[[Any], object]) -> Callable[[str], object]:
    def of(text: str) -> object:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reader, "output", lambda _command: text)
            return read(reader._answer("route", "show"))

    return of


PRINTED: dict[str, tuple[str, Callable[[str], object], tuple[type[Exception], ...]]] = {
    "nft": (NFT, forward_chains.parse, ()),
    "routes at boot": (ROUTES, of_ip(reader.routes), (CannotTell,)),
    "addresses at boot": (ROUTES, of_ip(reader.advertised), (CannotTell,)),
    "default routes": (ROUTES, on_a_host(default_routes.default_routes), ()),
    "docker network inspect": (
        NETWORK,
        on_a_host(lambda system: networks.inspect(system, "ipv6")),
        (StepFailed,),
    ),
    "docker inspect": (INSPECTED, on_a_host(running.running), ()),
    "compose": (METADATA, compose.parse_metadata, (CannotTell,)),
}


@pytest.mark.parametrize("which", PRINTED)
def test_fuzz_json_that_programs_print(which: str) -> None:
    original, read, errors = PRINTED[which]

    def once(how: settings) -> None:
        @how
        @given(printed(original))
        def check(text: str) -> None:
            with ours(*errors):
                read(text)

        check()

    fuzzing.tried(50, once)


FLOW = conntrack.Flow(IPv6Address("2001:db8::1"), IPv6Address("2001:db8::1"), 1, 2)
TCP6 = (
    "  sl  local_address                         remote_address st\n"
    "   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 0\n"
    "   1: 0100007F:1F90 00000000:0000 0A 0\n"
)
CONNTRACK = (
    "ipv6 10 tcp 6 9 ESTABLISHED src=2001:db8::1 dst=2001:db8::1 sport=1 dport=2 "
    "src=2001:db8::1 dst=2001:db8::9 sport=2 dport=1 [ASSURED]\n"
)
SAVED = recorded.text(recorded.DEBIAN12, "ip6tables-save")
OURS = (
    "*filter\n:DOCKER-IPV6 - [0:0]\n-I FORWARD -j DOCKER-IPV6\n"
    "-A DOCKER-IPV6 -o br-ipv6 -p tcp --dport 3000 -j ACCEPT\n-A DOCKER-IPV6 -o br-ipv6 -j DROP\n"
    "COMMIT\n"
)
RULES = (
    "*filter\n:FORWARD ACCEPT [0:0]\n:a - [0:0]\n:DOCKER-IPV6 - [0:0]\n-A FORWARD -j a\n"
    '-A FORWARD -m comment --comment "it\'s ours" -j DOCKER-IPV6\n-A a -i eth0 -j ACCEPT\n'
    "-A a -p tcp -m multiport --dports 1,2 -g a\nCOMMIT\n"
)
NFT_TEXT = (
    "table inet f {\n\tchain input {\n\t\tip saddr 10.0.0.0/8 accept\n\t}\n\tset s {\n"
    "\t\telements = { 10.1.2.3, 172.16.0.0/12 }\n\t}\n}\n"
)
DHCPCD = "denyinterfaces eth1 veth*\ninterface eth0\nnoipv6rs\n"


def read_rules(text: str) -> object:
    tables = rules.parse(OURS)
    rules.faults(tables, text, "eth0", ["br-ipv6"])
    return rules.mending(tables, text), uplink_rules.let_in(text, "eth0", "br-ipv6")


def own_rules(text: str) -> object:
    return [(each.opened("br-ipv6"), each.jump) for each in rules.parse(text)]


TEXTS: dict[
    str, tuple[tuple[str, ...], Callable[[str], object], tuple[type[Exception], ...]]
] = {
    "ip6tables-save": ((SAVED, RULES), read_rules, ()),
    "our own rules": ((OURS,), own_rules, (ValueError,)),
    "has rules": ((SAVED, RULES), ip6tables.has_rules, ()),
    "ip6tables --version": (("ip6tables v1.8.9 (nf_tables)\n",), ip6tables.parse_version, (CannotTell,)),  # noqa: E501
    "ip6tables -S": (("-P FORWARD DROP\n-A FORWARD -j x\n",), firewall.policy, ()),
    "iptables-save": ((RULES.replace("eth0", "eth0 -s 10.0.0.1/8"),), lambda t: list(filter_sources.saved(t)), ()),  # noqa: E501
    "nft list": ((NFT_TEXT,), lambda t: list(filter_sources.listed(t)), ()),
    "tcp": ((TCP6,), lambda text: list(listeners.parse("tcp6", text)), ()),
    "conntrack": ((CONNTRACK,), lambda text: conntrack.parse_table(text, FLOW), ()),
    "os-release": (
        tuple(recorded.text(each, "os-release") for each in recorded.EVERY),
        lambda text: debian.parse(text, text),
        (CannotTell,),
    ),
    "networkd's state": (("ADMIN_STATE=configured\n",), manager.managed_by_networkd, ()),
    "dhcpcd.conf": ((DHCPCD,), lambda text: manager.leaves_to_dhcpcd(text, "eth0"), ()),
    "ufw.conf": (("ENABLED=yes\n",), ufw.is_enabled, ()),
    "a .env": (("export A='b' # c\nD=${A}\n",), variables.of_file, ()),
    "ufw's defaults": (("IPV6=no\n",), ufw.lets_ipv6, ()),
    "published ports": (("[::]:80->80/tcp", "1.2.3.4:80->80/tcp"), published.parse, ()),
}  # fmt: skip


@pytest.mark.parametrize("which", TEXTS)
def test_fuzz_text_that_programs_and_the_kernel_print(which: str) -> None:
    originals, read, errors = TEXTS[which]

    def once(how: settings) -> None:
        @how
        @given(texts(*originals))
        def check(text: str) -> None:
            with ours(*errors):
                read(text)

        check()

    fuzzing.tried(50, once)


def test_fuzz_what_the_kernel_says_over_netlink() -> None:
    def once(how: settings) -> None:
        @how
        @given(st.binary(max_size=300))
        def check(octets: bytes) -> None:
            with ours():
                ndp_uplink.indices(octets)
                conntrack.parse_answer(octets)

        check()

    fuzzing.tried(50, once)


WANTS = "/etc/systemd/system/multi-user.target.wants"
BOOT = {
    "/etc/network/interfaces": (
        "source /etc/network/interfaces.d/*\nauto lo eth0=home\niface lo inet loopback\n"
        "allow-hotplug /e*=home mac/02:*\niface base inet6 static\n  gateway fe80::1\n"
        "iface home inet6 auto inherits base\n  accept_ra 2\n"
        "  up sysctl --write -q net.ipv6.conf.$IFACE.accept_ra=2 || true\n"
        "  post-up echo 1 > /proc/sys/net/ipv6/conf/all/forwarding\n"
        "  up ip -6 route add default via fe80::1 \\\n dev eth0\nmapping eth*\n  script /x\n"
    ),
    "/etc/network/interfaces.d/eth0": "auto eth0\niface eth0 inet6 dhcp\n",
    "/etc/sysctl.d/99.conf": (
        "-net.ipv6.conf.*.accept_ra = 2\nnet/ipv6/conf/eth0/forwarding=0x1\n; no\n-net.x\n"
    ),
    "/etc/systemd/network/eth0.network": (
        "[Match]\nName=!eth1 veth*\nHost=x\n[Network]\nIPv6AcceptRA=no\nIPForward=ipv6\n"
        "Gateway=fe80::1\n[Route]\nGateway=_ipv6ra\n"
    ),
    "/etc/systemd/networkd.conf": "[Network]\nIPv6Forwarding=yes\n",
    "/etc/NetworkManager/system-connections/a": (
        "[connection]\ntype=ethernet\nautoconnect-priority=5\ninterface-name=eth0\n[ipv6]\n"
        "method=manual\naddress1=fd00::1/64,fe80::1\n"
    ),
    "/etc/dhcpcd.conf": DHCPCD,
    "/etc/default/networking": "EXCLUDE_INTERFACES='wlan*'\n",
    "/etc/systemd/system/docker-ipv6-wizard-uplink.service": (
        "[Service]\nExecStart=/usr/bin/python3 -m wizard.uplink --forwarding eth0\n"
    ),
    "/etc/rc.local": "#!/bin/sh\nsysctl -q -e --system\nsysctl -w net.ipv6.conf.all.forwarding=1\n",
    "/etc/crontab": "@reboot root /usr/local/bin/x accept_ra\n",
    "/proc/cmdline": "quiet sysctl.net.ipv6.conf.all.forwarding=1\n",
    f"{WANTS}/networking.service": "[Unit]\n",
}
PROGRAMS = ("systemd-networkd", "NetworkManager", "dhcpcd")


def foreseen(files: Mapping[str, str], command_line: str) -> None:
    about = Circumstances(LINKS, 257, None, frozenset(), command_line)
    given_files = GivenFiles(files)
    forecast = foresee(given_files, about)
    now = Now((Route("eth0", "ra"), Route("eth0", "static")), frozenset({"eth0"}), True)
    for sentence in outlook.compare(forecast, now).sentences:
        assert clean_line(sentence) == sentence
    assert all(isinstance(line, scripts.Line) for line in forecast.unread)


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, str]:
    files = dict(BOOT)
    for each in draw(st.lists(st.sampled_from(list(BOOT)), min_size=1, max_size=3)):
        files[each] = draw(texts(files[each]))
    for each in draw(st.sets(st.sampled_from(PROGRAMS))):
        files[f"{WANTS}/{each}.service"] = "[Unit]\n"
    return files


def test_fuzz_files_that_a_boot_reads() -> None:
    def once(how: settings) -> None:
        @how
        @given(configurations())
        def check(files: dict[str, str]) -> None:
            with ours():
                foreseen(files, files["/proc/cmdline"])

        check()

    fuzzing.tried(60, once)


ANSWERS = answers_file.dumps(
    Choices(
        prefix=IPv6Network("fd00:1:2:3::/64"),
        network="ipv6",
        project="mastodon",
        file=Path("/srv/mastodon/docker-compose.yml"),
        services=("web", "streaming"),
        accepted=("[::]:3000/tcp",),
        unproven=True,
    )
)


def test_fuzz_an_answers_file() -> None:
    def once(how: settings) -> None:
        deep = st.sampled_from([f"format = 1\nchoices = {DEEP}", f"a = {DEEP}", '"' * 99999])

        @how
        @given(texts(ANSWERS) | deep)
        def check(text: str) -> None:
            with ours(Refused):
                found = answers_file.loads(text)
                assert answers_file.loads(answers_file.dumps(found)) == found
                assert "\0" not in f"{found.file}{found.services}{found.network}{found.project}"

        check()

    fuzzing.tried(50, once)


CHAINS = [f"c{number}" for number in range(16)]
"""Each jumps twice to the next: no loop, which the kernel would refuse, and 65,536 ways."""

TWICE = "*filter\n:FORWARD ACCEPT [0:0]\n" + "".join(
    [f":{chain} - [0:0]\n" for chain in CHAINS]
    + ["-A FORWARD -j c0\n"]
    + [f"-A {one} -j {other}\n" * 40 for one, other in pairwise(CHAINS)]
    + ["-A c15 -i eth0 -j ACCEPT\nCOMMIT\n"]
)


def jumping(interfaces: Sequence[str]) -> str:
    """Chains of nftables, each of which leads to the next from each of these interfaces."""
    place = {"family": "inet", "table": "f"}

    def rule(chain: str, interface: str, verdict: Mapping[str, Any]) -> dict[str, Any]:
        match = {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": interface}
        return {"rule": {**place, "chain": chain, "expr": [{"match": match}, verdict]}}

    hook = {**place, "name": "c0", "hook": "forward", "policy": "drop"}
    jumps = [
        rule(one, interface, {"jump": {"target": other}})
        for one, other in pairwise(CHAINS)
        for interface in interfaces
    ]
    end = rule(CHAINS[-1], "eth0", {"accept": None})
    return json.dumps({"nftables": [{"chain": hook}, *jumps, end]})


def test_chains_that_lead_to_the_same_chains_many_times_are_walked_once() -> None:
    with ours():
        assert uplink_rules.let_in(TWICE, "eth0", "br-ipv6") == ("-A c15 -i eth0 -j ACCEPT",)
        assert uplink_rules.accepts(TWICE, "eth0", "br-ipv6", "DOCKER-IPV6")
    with ours():
        (found,) = forward_chains.parse(jumping(["eth0"] * 40))
        assert not found.stops(Packet("eth0", "tcp", 443, "br-ipv6"))
        assert found.stops(Packet("eth1", "tcp", 443, "br-ipv6"))
    with ours():
        (found,) = forward_chains.parse(jumping([f"eth{number}" for number in range(40)]))
        assert not found.stops(Packet("eth0", "tcp", 443, "br-ipv6"))
        assert found.stops(Packet("eth1", "tcp", 443, "br-ipv6"))


GROWN = {
    "stanzas that inherit from each other": {
        "/etc/network/interfaces": "auto a\n" + "iface a inet6 auto inherits a\n" * 12
    },
    "a thousand stanzas that inherit from each other": {
        "/etc/network/interfaces": "auto a\n" + "iface a inet6 auto inherits a\n  up true\n" * 1000
    },
    "a row of stanzas that inherit": {
        "/etc/network/interfaces": "auto a\niface a inet6 auto inherits a0\n"
        + "".join(f"iface a{one} inet6 auto inherits a{one + 1}\n" for one in range(5000))
    },
    "a file that sources itself": {
        "/etc/network/interfaces": "source /etc/network/interfaces\n" * 12 + "auto eth0\n"
    },
    "switches without a key": {
        "/etc/network/interfaces": "auto eth0\niface eth0 inet manual\n  up sysctl "
        + "--write " * 40
        + "x\n"
    },
}


@pytest.mark.parametrize("which", GROWN)
def test_what_grows_without_bounds_in_interfaces_is_read_soon(which: str) -> None:
    files = {key: text.replace("auto a\n", "auto eth0=a\n") for key, text in GROWN[which].items()}
    with ours():
        foreseen({**files, f"{WANTS}/networking.service": "[Unit]\n"}, "")


def test_many_lines_that_are_no_container_are_read_soon() -> None:
    with ours():
        assert on_a_host(running.running)("x\n" * 1_000_000 + INSPECTED) == on_a_host(
            running.running
        )(INSPECTED)


def test_a_nul_in_an_answer_is_refused() -> None:
    for line in ('file = "/srv/\\u0000"', 'services = ["a\\u0000"]', 'network = "\\u0000"'):
        with pytest.raises(Refused, match="NUL"):
            answers_file.loads(f"format = 1\n[choices]\n{line}\n")


def test_a_number_longer_than_python_reads_is_refused_in_an_answers_file() -> None:
    with pytest.raises(Refused):
        answers_file.loads(f"format = 1\n[choices]\nwindow = {'9' * 5000}\n")


def test_a_process_without_an_end_of_its_number_is_an_answer_of_another_shape() -> None:
    answer = copy.deepcopy(recorded.answer(recorded.EVERY[0], "containers"))
    for each in answer:
        each["State"] = {"Running": True, "Pid": float("inf")}
    with pytest.raises(CannotTell, match="does not understand"):
        asked(projects, {"containers": answer})


def test_a_record_that_is_nested_too_deeply_is_damaged() -> None:
    with pytest.raises(CannotTell, match="is damaged"):
        earlier.parse(f"a = {DEEP}", Path("/record.toml"))
