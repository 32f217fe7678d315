"""The text of the systemd unit."""

import configparser
import signal
import subprocess
import sys
from ipaddress import IPv6Network
from pathlib import Path
from typing import Any

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from wizard.answers.choices import Mode, Proxy
from wizard.host.host import Engine
from wizard.ndp import __main__ as ndp_service
from wizard.ndp.__main__ import networks, read_options
from wizard.ndp.fixed_unit import PATH as FIXED_PATH
from wizard.ndp.fixed_unit import unit as fixed_unit
from wizard.ndp.unit import PATH, unit
from wizard.steps.neighbour_proxy import NeighbourProxy
from wizard.steps.shared_unit import merged
from wizard.steps.systemd_unit import SystemdUnit

ROUTED = IPv6Network("2001:db8:1:2:8000::/112")
PREFIX = "2001:db8:1:2:1::/80"


def sections(text: str) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for line in text.splitlines():
        if line.startswith("["):
            found[line.strip("[]")] = []
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[list(found)[-1]].append((key, value))
    return found


def test_it_starts_the_copy_wherever_the_wizard_is() -> None:
    service = dict(sections(unit("eth0", "wizard", PREFIX))["Service"])
    assert service["ExecStart"] == (
        "/usr/bin/python3 -I -S /var/lib/docker-ipv6-wizard/program/current/run.py"
        " wizard.ndp --uplink eth0 --network wizard --prefix 2001:db8:1:2:1::/80"
    )
    assert service["Type"] == "notify"
    assert service["Restart"] == "always"


def test_it_asks_docker_where_it_answers() -> None:
    service = dict(sections(unit("eth0", "wizard", PREFIX, "/run/other.sock"))["Service"])
    assert service["ExecStart"].endswith("/80 --socket /run/other.sock")


def test_a_routed_plan_lets_it_ask_the_docker_that_was_looked_at() -> None:
    engine = Engine("26.1.5", "1.45", manages_ip6tables=False, socket="/run/other.sock")
    made = deployment(made_up_hosts.debian13(engine=engine), mode=Mode.ROUTED, prefix=ROUTED)
    (step,) = (each for each in made.plan().steps if getattr(each, "path", "") == PATH)
    assert isinstance(step, SystemdUnit)
    assert " --socket /run/other.sock\n" in step.text


def test_fixed_entries_are_put_back_by_a_unit_that_names_each_of_them() -> None:
    made = deployment(made_up_hosts.debian13(), mode=Mode.ROUTED, prefix=ROUTED, proxy=Proxy.FIXED)
    steps = made.plan().steps
    (fixed,) = (each for each in steps if isinstance(each, NeighbourProxy))
    (kept,) = (each for each in steps if getattr(each, "path", "") == FIXED_PATH)
    assert isinstance(kept, SystemdUnit)
    addresses = [f" --address {each}" for each in fixed.addresses]
    assert addresses
    start = f" wizard.ndp.fixed_service --uplink {fixed.uplink}"
    assert f"{start}{''.join(addresses)}\n" in kept.text
    other = fixed_unit(fixed.uplink, ("2001:db8::5",))
    both = f"{start}{''.join(sorted([*addresses, ' --address 2001:db8::5']))}\n"
    assert both in merged([kept.text, other]) == merged([other, kept.text])
    # All else stays as it is in either, line for line.
    lines = [each for each in kept.text.splitlines() if not each.startswith("ExecStart=")]
    merged_lines = merged([kept.text, other]).splitlines()
    assert [each for each in merged_lines if not each.startswith("ExecStart=")] == lines


def test_it_does_not_stop_with_docker_but_starts_with_it() -> None:
    found = sections(unit("eth0", "wizard", PREFIX))
    keys = {key for key, _ in found["Unit"]}
    assert keys.isdisjoint({"PartOf", "BindsTo", "Requires", "Requisite"})
    assert "docker.service" in dict(found["Unit"])["After"].split()
    assert found["Install"] == [("WantedBy", "docker.service")]


def test_it_has_one_capability_and_nothing_to_write_to() -> None:
    service = dict(sections(unit("eth0", "wizard", PREFIX))["Service"])
    assert service["CapabilityBoundingSet"] == "CAP_NET_ADMIN"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["RestrictAddressFamilies"] == "AF_UNIX AF_NETLINK"


def test_odd_words_reach_the_service_as_they_are() -> None:
    service = dict(sections(unit("eth%d", 'n"1$x', PREFIX))["Service"])
    words = ' wizard.ndp --uplink eth%%d --network "n\\"1$$x" --prefix 2001:db8:1:2:1::/80'
    assert service["ExecStart"].endswith(words)


def test_every_line_is_one_of_a_unit_file() -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read_string(unit("eth0", "wizard", PREFIX))
    assert parser.sections() == ["Unit", "Service", "Install"]


def test_the_words_of_the_unit_are_read_without_argparse_and_others_are_told() -> None:
    words = dict(sections(unit("eth0", "wizard", PREFIX))["Service"])["ExecStart"].split()[5:]
    network = [("--network", "wizard"), ("--prefix", PREFIX)]
    assert read_options(words) == [("--uplink", "eth0"), *network]
    assert read_options(["--network=a", "--uplink", "b"]) == [("--network", "a"), ("--uplink", "b")]
    for several in ([*words, "--network", "other"], [*words, "--network=other"]):
        options = read_options(several)
        assert options == [("--uplink", "eth0"), *network, ("--network", "other")]
        assert networks(options) == [("wizard", IPv6Network(PREFIX)), ("other", None)]
    for wrong in (["--uplink", "a"], [*words, "--other", "b"], [*words, "--socket"]):
        with pytest.raises(SystemExit):
            read_options(wrong)


def test_what_the_service_imports_is_little() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _IMPORTED, str(Path(__file__).parents[2])],
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {"argparse", "dataclasses", "inspect", "logging", "ssl", "wizard.host"}
    assert heavy.isdisjoint(done.stdout.split())


_IMPORTED = (
    "import sys; sys.path.append(sys.argv[1]); sys.modules['ssl'] = None; "
    "import wizard.ndp.service, wizard.ndp.__main__; "
    "print(*(name for name, made in sys.modules.items() if made))"
)


class Serving:
    """A service that notes what it serves, and is asked to stop while it does."""

    def __init__(self, engine: object, table: object, uplink: str, networks: list[object]) -> None:
        self.what = (engine, table, uplink, networks)
        self.stopped = 0

    def stop(self) -> None:
        self.stopped += 1

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            HANDLERS.pop(number)(number, None)
        SERVED.append(self)


HANDLERS: dict[int, Any] = {}
SERVED: list[Serving] = []


@pytest.mark.parametrize("socket", [None, "/srv/own.sock"])
def test_the_service_serves_what_its_unit_names_and_ends_when_it_is_told(
    monkeypatch: pytest.MonkeyPatch, socket: str | None
) -> None:
    (line,) = (
        line.partition("=")[2]
        for line in unit("eth0", "mastodon_ipv6", "2001:db8::/80", socket).splitlines()
        if line.startswith("ExecStart=")
    )
    words = line.split()
    monkeypatch.setattr(sys, "argv", words[words.index("wizard.ndp") :])
    monkeypatch.setitem(sys.modules, "ssl", None)
    monkeypatch.setattr("wizard.ndp.service.Service", Serving)
    monkeypatch.setattr("wizard.ndp.docker_engine.DockerEngine", lambda path: ("engine", path))
    monkeypatch.setattr("wizard.ndp.proxy_table.ProxyTable", lambda uplink: ("table", uplink))
    monkeypatch.setattr("wizard.ndp.served_network.ServedNetwork", lambda *each: each)
    monkeypatch.setattr(signal, "signal", HANDLERS.__setitem__)
    monkeypatch.setattr(f"{__name__}.SERVED", [])
    assert ndp_service.main() == 0
    (served,) = SERVED
    path = Path(socket or "/var/run/docker.sock")
    network = ("mastodon_ipv6", IPv6Network("2001:db8::/80"))
    assert served.what == (("engine", path), ("table", "eth0"), "eth0", [network])
    assert served.stopped == 2
    assert not HANDLERS
