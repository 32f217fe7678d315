"""What a host answers to the core: the same cases for the made-up host and for a real one.

Each case is given a host, asks and changes it through :class:`wizard.platform.system.System`, and
leaves it as it was. What the core reads is compared to the letter; what it only shows is not.
"""

import errno
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.made_up_system import BUILT_IN, MadeUpContainer, MadeUpNetwork, MadeUpSystem
from wizard.platform.own_names import CHAIN
from wizard.platform.system import FileState, System
from wizard.steps.attach import Attach
from wizard.steps.base import Step
from wizard.steps.comparing import Comparison
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.ip6tables import Ip6tables
from wizard.steps.neighbour_proxy import NeighbourProxy
from wizard.steps.networks import LABEL, inspect, members
from wizard.steps.parts import Condition, worst
from wizard.steps.sysctl import Sysctl
from wizard.steps.systemd_unit import SystemdUnit

UPLINK = "eth0"
GUEST = MadeUpContainer("7" * 64, "guest", "contract", "web", networks={"bridge": ()})
"""A container that runs on Docker's own network, and that Compose is said to have made."""

NETWORK, BRIDGE, SUBNET = "contract_ipv6", "br-contract", "fd00:c0:ffee::/64"
OWN = DockerNetwork(NETWORK, BRIDGE, "10.201.0.0/24", SUBNET, GUEST.project, (GUEST.service,))
UNIT = "/etc/systemd/system/contract.service"

Case = Callable[[System], None]
CASES: list[Case] = []


def case(function: Case) -> Case:
    CASES.append(function)
    return function


every_case = pytest.mark.parametrize("case", CASES, ids=lambda each: each.__name__)


def made_up() -> MadeUpSystem:
    """The made-up host, as a practice machine with a guest is."""
    system = MadeUpSystem()
    for interface in ("all", "default", "lo", UPLINK, "docker0"):
        for parameter, value in (("forwarding", "0"), ("accept_ra", "1"), ("proxy_ndp", "0")):
            system.sysctls[f"net.ipv6.conf.{interface}.{parameter}"] = value
    system.networks["bridge"] = MadeUpNetwork(
        "bridge", "b" * 64, "docker0", False, ["172.17.0.0/16"], {}, {}
    )
    system.containers[GUEST.name] = MadeUpContainer(**{**vars(GUEST), "networks": {"bridge": ()}})
    system.advertised = UPLINK
    system.directories.add("/root")
    return system


def succeeds(system: System, *argv: str, stdin: str = "") -> str:
    result = system.run(argv, stdin)
    assert result.status == 0, (argv, result)
    return result.output


def fails(system: System, *argv: str, stdin: str = "") -> str:
    result = system.run(argv, stdin)
    assert result.status != 0, (argv, result)
    return result.output


def there_and_back(step: Step, system: System) -> None:
    """Apply a step and take it back, and see at each point what it says of the host."""
    assert step.check(system) is not None
    assert step.obstacle(system) is None
    before = step.capture(system)
    step.apply(system, lambda line: None)
    assert step.check(system) is None
    assert worst(step.parts(system, before)) is Condition.IN_EFFECT
    found = step.compare(system, before)
    assert [(each.comparison, each.needed) for each in found] == [(Comparison.UNCHANGED, "")] * len(
        found
    )
    assert step.undo(system, before, lambda line: None) == ()
    assert step.capture(system) == before
    assert step.check(system) is not None
    assert {each.comparison for each in step.compare(system, before)} == {Comparison.GONE}


# The first: once forwarding has begun where the route stayed, the kernel forgets to look for it.


@case
def an_advertised_default_route_goes_when_forwarding_begins(system: System) -> None:
    assert routes(system) == [(UPLINK, "ra")]
    succeeds(system, "sysctl", "--write", f"{conf('all', 'forwarding')}=1")
    assert routes(system) == []
    succeeds(system, "sysctl", "--write", f"{conf('all', 'forwarding')}=0")


# Files.


@case
def a_file_comes_back_as_it_was_written(system: System) -> None:
    for state in (
        FileState("text\n", 0o640, 7, 8),
        FileState("", 0o600),
        FileState(b"caf\xe9\r\n".decode("utf-8", "surrogateescape")),
    ):
        system.write("/root/file", state)
        assert system.read("/root/file") == state
    system.remove("/root/file")
    assert system.read("/root/file") is None
    system.remove("/root/file")


@case
def a_folder_has_to_be_there_and_is_removed_when_it_is_empty(system: System) -> None:
    with pytest.raises(OSError) as missing:
        system.write("/root/folder/file", FileState("x"))
    assert missing.value.errno == errno.ENOENT
    for _again in range(2):
        system.make_directory("/root/folder")
    system.write("/root/folder/file", FileState("x"))
    system.remove_directory("/root/folder")
    assert system.read("/root/folder/file") == FileState("x")
    system.remove("/root/folder/file")
    for _again in range(2):
        system.remove_directory("/root/folder")
    with pytest.raises(OSError):
        system.write("/root/folder/file", FileState("x"))


# Kernel parameters.


def conf(interface: str, parameter: str) -> str:
    return f"net.ipv6.conf.{interface}.{parameter}"


KEY = conf("docker0", "proxy_ndp")


@case
def a_parameter_is_read_and_written_by_its_name(system: System) -> None:
    key, gone = KEY, conf("nowhere", "proxy_ndp")
    assert succeeds(system, "sysctl", "--ignore", gone, key) == f"{key} = 0\n"
    assert succeeds(system, "sysctl", "--write", f"{key}=1") == f"{key} = 1\n"
    assert succeeds(system, "sysctl", "--ignore", key) == f"{key} = 1\n"
    succeeds(system, "sysctl", "--write", f"{key}=0")
    fails(system, "sysctl", "--write", f"{gone}=1")


@case
def forwarding_for_all_is_set_on_every_interface_and_for_those_to_come(system: System) -> None:
    groups = "/proc/sys/net/ipv6/conf"

    def forwarding() -> dict[str, str]:
        said = succeeds(system, "grep", "--recursive", "--include=forwarding", "", groups)
        return {
            path.split("/")[6]: value
            for path, value in (line.split(":") for line in said.splitlines())
        }

    succeeds(system, "sysctl", "--write", f"{conf(UPLINK, 'accept_ra')}=2")
    before = forwarding()
    assert set(before) >= {"all", "default", "lo", UPLINK, "docker0"}
    succeeds(system, "sysctl", "--write", f"{conf('all', 'forwarding')}=1")
    assert set(forwarding().values()) == {"1"}
    assert set(forwarding()) == set(before)
    succeeds(system, "sysctl", "--write", f"{conf('lo', 'forwarding')}=0")
    assert {key for key, value in forwarding().items() if value == "0"} == {"lo"}
    succeeds(system, "sysctl", "--write", f"{conf('all', 'forwarding')}=0")
    assert forwarding() == before
    succeeds(system, "sysctl", "--write", f"{conf(UPLINK, 'accept_ra')}=1")


@case
def parameters_are_loaded_from_a_file(system: System) -> None:
    system.write("/root/parameters", FileState(f"# ours\n{KEY} = 1\n"))
    succeeds(system, "sysctl", "--load=/root/parameters")
    assert succeeds(system, "sysctl", "--ignore", KEY) == f"{KEY} = 1\n"
    succeeds(system, "sysctl", "--write", f"{KEY}=0")
    system.remove("/root/parameters")


@case
def parameters_of_the_kernel_there_and_back(system: System) -> None:
    step = Sysctl(
        (
            (conf(UPLINK, "accept_ra"), "2"),
            (conf(UPLINK, "proxy_ndp"), "1"),
            (conf("all", "forwarding"), "1"),
        ),
        path="/etc/sysctl.d/zz-contract.conf",
    )
    there_and_back(step, system)
    assert routes(system) == [(UPLINK, "ra")]


def routes(system: System) -> list[tuple[str, str]]:
    said = json.loads(succeeds(system, "ip", "-6", "-json", "route", "show", "default"))
    return [(each["dev"], each["protocol"]) for each in said]


# Packet filter.


def rules(system: System, chain: str, table: str = "filter") -> list[str]:
    return succeeds(system, "ip6tables", "--wait", "10", "-t", table, "-S", chain).splitlines()


def edit(*words: str) -> tuple[str, ...]:
    return ("ip6tables", "--wait", "10", "-t", "filter", *words)


@contextmanager
def own_chain(system: System) -> Iterator[None]:
    """A chain with two rules, and what leads to it; the tables are gone again after it."""
    tables = tables_of(system)
    succeeds(system, *edit("-N", "CONTRACT"))
    succeeds(system, *edit("-A", "CONTRACT", "-s", SUBNET, "-j", "ACCEPT"))
    succeeds(system, *edit("-I", "CONTRACT", "-o", "br-x", "-j", "DROP"))
    succeeds(system, *edit("-I", "FORWARD", "-j", "CONTRACT"))
    yield
    for words in (("-D", "FORWARD", "-j"), ("-F",), ("-X",)):
        succeeds(system, *edit(*words, "CONTRACT"))
    for table in tables_of(system) - tables:
        system.remove_nft_table(table)
    assert tables_of(system) == tables


def tables_of(system: System) -> set[str]:
    saved = succeeds(system, "ip6tables-save")
    return {line[1:] for line in saved.splitlines() if line.startswith("*")}


@case
def rules_are_listed_as_they_were_given_in_their_order(system: System) -> None:
    with own_chain(system):
        assert rules(system, "CONTRACT") == [
            "-N CONTRACT",
            "-A CONTRACT -o br-x -j DROP",
            f"-A CONTRACT -s {SUBNET} -j ACCEPT",
        ]
        assert rules(system, "FORWARD") == ["-P FORWARD ACCEPT", "-A FORWARD -j CONTRACT"]
        saved = succeeds(system, "ip6tables-save", "--table", "filter").splitlines()
        assert [line.split()[:2] for line in saved if line.startswith(":")] == [
            *([f":{chain}", "ACCEPT"] for chain in BUILT_IN["filter"]),
            [":CONTRACT", "-"],
        ]


@case
def a_rule_is_looked_for_and_taken_out_by_its_words_or_its_number(system: System) -> None:
    rule = ("-o", "br-x", "-j", "DROP")
    with own_chain(system):
        succeeds(system, *edit("-C", "CONTRACT", *rule))
        succeeds(system, *edit("-D", "CONTRACT", "1"))
        fails(system, *edit("-C", "CONTRACT", *rule))
        fails(system, *edit("-D", "CONTRACT", *rule))
        fails(system, *edit("-D", "CONTRACT", "2"))
        assert len(rules(system, "CONTRACT")) == 2


@case
def a_chain_goes_only_when_it_is_empty_and_nothing_leads_to_it(system: System) -> None:
    with own_chain(system):
        fails(system, *edit("-N", "CONTRACT"))
        fails(system, *edit("-X", "CONTRACT"))
        succeeds(system, *edit("-F", "CONTRACT"))
        fails(system, *edit("-X", "CONTRACT"))
        fails(system, *edit("-A", "CONTRACT", "-j", "NOWHERE"))
        assert rules(system, "CONTRACT") == ["-N CONTRACT"]


@case
def what_is_not_there_is_a_failure_and_makes_nothing(system: System) -> None:
    tables = tables_of(system)
    for table in ("filter", "nat"):
        fails(system, "ip6tables", "--wait", "10", "-t", table, "-S", CHAIN)
        fails(system, "ip6tables", "--wait", "10", "-t", table, "-C", "FORWARD", "-j", CHAIN)
        fails(system, "ip6tables", "--wait", "10", "-t", table, "-D", "FORWARD", "-j", CHAIN)
    said = succeeds(system, "ip6tables-save", "--table", "nat").splitlines()
    assert [line for line in said if not line.startswith("#")] == [
        "*nat",
        *(f":{chain} ACCEPT [0:0]" for chain in BUILT_IN["nat"]),
        "COMMIT",
    ]
    assert tables_of(system) == tables


RESTORE = ("ip6tables-restore", "--noflush", "--wait", "10")


@case
def rules_are_loaded_whole_or_not_at_all(system: System) -> None:
    with own_chain(system):
        before = rules(system, "FORWARD"), rules(system, "CONTRACT")
        wrong = "*filter\n:CONTRACT - [0:0]\n-A CONTRACT -j ACCEPT\n-A NOWHERE -j DROP\nCOMMIT\n"
        fails(system, *RESTORE, stdin=wrong)
        fails(system, *RESTORE, "/root/nowhere")
        assert (rules(system, "FORWARD"), rules(system, "CONTRACT")) == before
        # Ours is emptied by its own line, and what others have stays.
        succeeds(
            system,
            *RESTORE,
            stdin="# ours\n*filter\n:CONTRACT - [0:0]\n-A CONTRACT -j ACCEPT\nCOMMIT\n",
        )
        assert rules(system, "CONTRACT") == ["-N CONTRACT", "-A CONTRACT -j ACCEPT"]
        assert rules(system, "FORWARD") == before[0]


@case
def the_policy_of_a_chain_is_said_and_set(system: System) -> None:
    with own_chain(system):
        succeeds(system, "ip6tables", "--wait", "10", "-P", "FORWARD", "DROP")
        said = succeeds(system, "ip6tables", "--wait", "10", "-S", "FORWARD")
        assert said.splitlines()[0] == "-P FORWARD DROP"
        succeeds(system, "ip6tables", "--wait", "10", "-P", "FORWARD", "ACCEPT")


@case
def our_rules_there_and_back(system: System) -> None:
    for step in (
        Ip6tables(BRIDGE, SUBNET, path="/etc/docker-ipv6-wizard/contract.rules"),
        Ip6tables(
            BRIDGE,
            SUBNET,
            masquerade=False,
            ports=("3000/tcp", "53/udp"),
            engine_masquerades=True,
            path="/etc/docker-ipv6-wizard/contract.rules",
        ),
        Ip6tables(
            BRIDGE,
            SUBNET,
            masquerade=False,
            everything=True,
            path="/etc/docker-ipv6-wizard/contract.rules",
        ),
    ):
        there_and_back(step, system)


# Docker.


@contextmanager
def network(system: System) -> Iterator[dict[str, Any]]:
    """Our network, which is gone after it, and forwarding with it."""
    succeeds(system, "sysctl", "--write", f"{conf(UPLINK, 'accept_ra')}=2")
    (create,) = OWN.actions()
    OWN.apply_actions(system, [create], lambda line: None)
    found = inspect(system, NETWORK)
    assert found is not None
    yield found
    succeeds(system, "docker", "network", "rm", NETWORK)
    succeeds(system, "sysctl", "--write", f"{conf('all', 'forwarding')}=0")
    succeeds(system, "sysctl", "--write", f"{conf(UPLINK, 'accept_ra')}=1")


@case
def a_network_is_described_as_it_was_made(system: System) -> None:
    with network(system) as found:
        assert found["Name"] == NETWORK
        assert found["Driver"] == "bridge"
        assert (found["EnableIPv6"], found["Attachable"]) == (True, True)
        assert [each["Subnet"] for each in found["IPAM"]["Config"]] == [
            OWN.ipv4_subnet,
            OWN.ipv6_subnet,
        ]
        assert found["Options"] == {"com.docker.network.bridge.name": BRIDGE}
        assert found["Labels"] == {LABEL: SUBNET}
        listed = ("docker", "network", "ls", "--format", "{{.IPv6}} {{.Name}}")
        assert f"true {NETWORK}" in succeeds(system, *listed).splitlines()
        assert "false bridge" in succeeds(system, *listed).splitlines()
        # A beginning of its identifier leads to it too.
        by_identifier = ("docker", "network", "inspect", "--format", "{{json .}}", found["Id"][:9])
        assert json.loads(succeeds(system, *by_identifier))["Name"] == NETWORK


@case
def a_network_that_is_not_there_is_said_to_be_not_there(system: System) -> None:
    assert inspect(system, "nowhere") is None
    fails(system, "docker", "network", "rm", "nowhere")
    fails(system, "docker", "network", "connect", "--alias", "web", "nowhere", GUEST.name)
    assert members(system, "nowhere") == ()


@case
def neither_a_name_nor_a_subnet_nor_a_bridge_is_taken_twice(system: System) -> None:
    create = ("docker", "network", "create", "--driver", "bridge")
    with network(system):
        for words in (
            ("--subnet", "10.202.0.0/24", NETWORK),
            ("--subnet", OWN.ipv4_subnet, "other"),
            ("--subnet", "10.202.0.0/24", "--ipv6", "--subnet", "fd00:c0:ffee::/48", "other"),
        ):
            fails(system, *create, *words)
        assert inspect(system, "other") is None


@case
def docker_switches_forwarding_on_for_ipv6_and_leaves_it_on(system: System) -> None:
    with network(system):
        for interface in ("all", UPLINK, BRIDGE):
            key = conf(interface, "forwarding")
            assert succeeds(system, "sysctl", "--ignore", key) == f"{key} = 1\n"
        key = conf(BRIDGE, "accept_ra")
        assert succeeds(system, "sysctl", "--ignore", key) == f"{key} = 0\n"
        succeeds(system, "ip", "link", "show", "dev", BRIDGE)
    fails(system, "ip", "link", "show", "dev", BRIDGE)
    assert succeeds(system, "sysctl", "--ignore", conf(BRIDGE, "accept_ra")) == ""


@case
def a_container_joins_and_leaves_a_network_once(system: System) -> None:
    connect = ("docker", "network", "connect", "--alias", GUEST.service, NETWORK, GUEST.name)
    leave = ("docker", "network", "disconnect", NETWORK, GUEST.name)
    with network(system):
        fails(system, *leave)
        succeeds(system, *connect)
        fails(system, *connect)
        (member,) = members(system, NETWORK)
        assert (member.name, member.project, member.service) == (
            GUEST.name,
            GUEST.project,
            GUEST.service,
        )
        assert running(system) == f"{member.identifier} /{GUEST.name} true"
        fails(system, "docker", "network", "rm", NETWORK)
        succeeds(system, *leave)
        assert members(system, NETWORK) == ()
        fails(system, "docker", "network", "connect", "--alias", "web", NETWORK, "nobody")


def running(system: System, name: str = GUEST.name) -> str:
    seen = ("--type=container", "--format", "{{.Id}} {{.Name}} {{.State.Running}}")
    return succeeds(system, "docker", "inspect", *seen, name).strip()


@case
def a_container_that_is_not_there_is_a_failure(system: System) -> None:
    seen = ("--type=container", "--format", "{{.Id}} {{.Name}} {{.State.Running}}")
    fails(system, "docker", "inspect", *seen, "nobody")
    told = system.run(("docker", "inspect", *seen, "nobody", GUEST.name))
    assert told.status != 0
    assert running(system) in told.output.splitlines()


@case
def our_network_there_and_back(system: System) -> None:
    succeeds(system, "sysctl", "--write", f"{conf(UPLINK, 'accept_ra')}=2")
    step = DockerNetwork(**{**vars(OWN), "engine_forwards": True})
    there_and_back(step, system)
    succeeds(system, "sysctl", "--write", f"{conf(UPLINK, 'accept_ra')}=1")


@case
def our_containers_there_and_back(system: System) -> None:
    with network(system):
        identifier = running(system).split()[0]
        step = Attach(NETWORK, ((identifier, GUEST.name, GUEST.service),))
        there_and_back(step, system)


# Neighbour proxy.


@case
def entries_of_the_neighbour_proxy_there_and_back(system: System) -> None:
    there_and_back(NeighbourProxy(UPLINK, ("2001:db8::a", "2001:db8::b")), system)


# Units.


def states(system: System, name: str) -> tuple[bool, bool, str]:
    """Whether a unit is enabled and whether it is active, and whether it is loaded."""
    enabled, active = (
        system.run(("systemctl", word, name)).status == 0 for word in ("is-enabled", "is-active")
    )
    loaded = succeeds(system, "systemctl", "show", "--property=LoadState", name).strip()
    return enabled, active, loaded


def unit(command: str) -> str:
    return (
        "[Unit]\nDescription=Contract\n[Service]\nType=oneshot\nRemainAfterExit=yes\n"
        f"ExecStart={command}\n[Install]\nWantedBy=multi-user.target\n"
    )


@case
def a_unit_is_enabled_started_stopped_and_forgotten(system: System) -> None:
    name = "contract.service"
    assert states(system, name) == (False, False, "LoadState=not-found")
    system.write(UNIT, FileState(unit(f"sysctl --write {KEY}=1")))
    succeeds(system, "systemctl", "daemon-reload")
    assert states(system, name) == (False, False, "LoadState=loaded")
    succeeds(system, "systemctl", "enable", "--now", name)
    assert states(system, name) == (True, True, "LoadState=loaded")
    assert succeeds(system, "sysctl", "--ignore", KEY) == f"{KEY} = 1\n"
    succeeds(system, "systemctl", "disable", "--no-reload", name)
    assert states(system, name) == (False, True, "LoadState=loaded")
    succeeds(system, "systemctl", "stop", name)
    assert states(system, name) == (False, False, "LoadState=loaded")
    system.remove(UNIT)
    succeeds(system, "systemctl", "daemon-reload")
    assert states(system, name) == (False, False, "LoadState=not-found")
    succeeds(system, "sysctl", "--write", f"{KEY}=0")


@case
def a_unit_that_is_enabled_is_read_anew(system: System) -> None:
    name = "contract.service"
    system.write(UNIT, FileState(unit("false")))
    succeeds(system, "systemctl", "daemon-reload")
    system.write(UNIT, FileState(unit(f"sysctl --write {KEY}=1")))
    succeeds(system, "systemctl", "enable", "--now", name)
    assert states(system, name) == (True, True, "LoadState=loaded")
    assert succeeds(system, "sysctl", "--ignore", KEY) == f"{KEY} = 1\n"
    succeeds(system, "systemctl", "disable", "--now", name)
    system.remove(UNIT)
    succeeds(system, "systemctl", "daemon-reload")
    succeeds(system, "sysctl", "--write", f"{KEY}=0")


@case
def a_unit_that_is_not_there_is_a_failure(system: System) -> None:
    name = "contract.service"
    for words in (("enable", "--now"), ("disable",), ("stop",), ("restart",), ("reset-failed",)):
        fails(system, "systemctl", *words, name)


@case
def a_unit_that_fails_says_so_and_is_not_active(system: System) -> None:
    name = "contract.service"
    system.write(UNIT, FileState(unit(f"sysctl --write {conf('nowhere', 'proxy_ndp')}=1")))
    succeeds(system, "systemctl", "daemon-reload")
    fails(system, "systemctl", "enable", "--now", name)
    assert states(system, name) == (True, False, "LoadState=loaded")
    succeeds(system, "systemctl", "disable", name)
    system.remove(UNIT)
    succeeds(system, "systemctl", "daemon-reload")
    succeeds(system, "systemctl", "reset-failed", name)


@case
def a_command_with_a_dash_may_fail(system: System) -> None:
    name = "contract.service"
    system.write(UNIT, FileState(unit(f"-sysctl --write {conf('nowhere', 'proxy_ndp')}=1")))
    succeeds(system, "systemctl", "daemon-reload")
    succeeds(system, "systemctl", "enable", "--now", name)
    assert states(system, name) == (True, True, "LoadState=loaded")
    succeeds(system, "systemctl", "disable", name)
    succeeds(system, "systemctl", "stop", name)
    system.remove(UNIT)
    succeeds(system, "systemctl", "daemon-reload")


@case
def our_unit_there_and_back(system: System) -> None:
    there_and_back(SystemdUnit(UNIT, unit(f"sysctl --write {KEY}=0")), system)


# Packages.


@case
def a_package_is_installed_or_is_not(system: System) -> None:
    asked = ("dpkg-query", "--show", "--showformat=${db:Status-Status}", "contract-of-nobody")
    assert system.run(asked).output.strip() != "installed"
