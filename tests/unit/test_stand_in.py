"""Docker's own rules for a bridge: whether they stand, and what closes while they do not."""

from pathlib import Path

import pytest

from tests.unit import recorded
from wizard.filter import docker_rules, loaded, stand_in
from wizard.platform import saved_rules
from wizard.ruleset import ip6tables
from wizard.ruleset.chains import Packet

BRIDGE = "br-routed"
ENGINES = ("docker-27.5.1-iptables", "docker-29.7.2-iptables")


def saved(engine: str) -> str:
    return recorded.text(engine, "ip6tables-save")


def without(text: str, *starts: str) -> str:
    return "".join(f"{line}\n" for line in text.splitlines() if not line.startswith(starts))


@pytest.mark.parametrize("engine", ENGINES)
def test_what_docker_made_stands_and_closes(engine: str) -> None:
    text = saved(engine)
    assert docker_rules.stand(text, BRIDGE)
    assert docker_rules.close(text, "eth0", BRIDGE)
    assert not docker_rules.stand(text, "br-other")
    assert docker_rules.masquerade(text, "br-nat")
    assert not docker_rules.masquerade(text, BRIDGE)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("lost", [("*", ":", "-A"), ("-A",), ("-A FORWARD",)])
def test_what_is_flushed_stands_no_more_and_is_open_where_the_policy_is(
    engine: str, lost: tuple[str, ...]
) -> None:
    text = without(saved(engine), *lost)
    assert not docker_rules.stand(text, BRIDGE)
    policy = text.replace(":FORWARD DROP", ":FORWARD ACCEPT")
    assert not docker_rules.close(policy, "eth0", BRIDGE)
    assert docker_rules.close(text, "eth0", BRIDGE) is (":FORWARD DROP" in text)


def test_a_rule_of_docker_s_that_drops_is_what_closes_from_28_on() -> None:
    text = saved(ENGINES[1]).replace(":FORWARD DROP", ":FORWARD ACCEPT")
    assert docker_rules.close(text, "eth0", BRIDGE)
    assert not docker_rules.close(without(text, f"-A DOCKER ! -i {BRIDGE}"), "eth0", BRIDGE)


def test_docker_s_chain_without_what_it_made_in_it_stands_no_more() -> None:
    # As docker-ipv6nat leaves it when it starts: FORWARD leads to it all the same.
    text = saved(ENGINES[1])
    for bridge in (BRIDGE, "br-nat"):
        assert docker_rules.stand(text, bridge)
        assert not docker_rules.stand(without(text, "-A DOCKER "), bridge)


def test_docker_s_table_of_nftables_is_looked_at_too() -> None:
    listed = recorded.text("docker-29.7.2-nftables", "routed.nft")
    assert docker_rules.names(listed, BRIDGE)
    assert not docker_rules.names(listed, "br-rout")


class Kernel:
    """The filter table, as ip6tables-save and ip6tables-restore see it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.listed = ""
        self.refuses = False

    def run(self, argv: list[str], stdin: str = "") -> tuple[int, str]:
        match argv[0]:
            case "ip6tables-save":
                return 0, self.text
            case "nft":
                return (0, self.listed) if self.listed else (1, "No such file or directory")
            case "ip6tables-restore" if not self.refuses:
                # Without it all else in the table would be flushed (ip6tables-restore(8)).
                assert "--noflush" in argv
                self._restore(stdin.splitlines())
                return 0, ""
        return 4, "it refuses"

    def _restore(self, lines: list[str]) -> None:
        chains, policies = saved_rules.parse(self.text, "filter")
        for line in lines:
            word, _, rest = line.partition(" ")
            chain, _, rule = rest.partition(" ")
            if word.startswith(":"):
                chains[word[1:]] = []
            elif word == "-A":
                chains[chain].append(rule)
            elif word == "-I":
                chains.setdefault(chain, []).insert(0, rule)
            elif word == "-D":
                chains[chain].remove(rule)
            elif word == "-X":
                assert not any(f"-j {chain}" in rules for rules in chains.values())
                del chains[chain]
        made = [f":{chain} {policies.get(chain, '-')} [0:0]" for chain in chains]
        made += [f"-A {chain} {rule}" for chain, rules in chains.items() for rule in rules]
        self.text = "\n".join(["*filter", *made, "COMMIT", ""])


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Kernel:
    made = Kernel(saved(ENGINES[1]).replace(":FORWARD DROP", ":FORWARD ACCEPT"))
    for name in (BRIDGE, "br-other"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(loaded, "run", made.run)
    monkeypatch.setattr(stand_in, "_DEVICE", f"{tmp_path}/")
    return made


class Looking:
    """One that looks at what is loaded now, as the service does."""

    def __init__(self, *bridges: str) -> None:
        self._loaded = loaded.Loaded()
        self.keeper = stand_in.StandIn("eth0", bridges or [BRIDGE], self._loaded)

    def look(self) -> str:
        self._loaded.look_again()
        due, words = self.keeper.is_due(), self.keeper.look()
        assert words or not due
        assert self.keeper.failed or not self.keeper.is_due()
        return words


def forwarding(kernel: Kernel) -> list[str]:
    """The rules that stand in, which come before all others."""
    chains, _policies = saved_rules.parse(kernel.text, "filter")
    assert chains["FORWARD"][0] == f"-j {docker_rules.CHAIN}"
    return chains[docker_rules.CHAIN]


def test_it_is_there_while_docker_s_rules_are_gone_and_only_then(kernel: Kernel) -> None:
    whole = kernel.text
    looking = Looking()
    assert looking.look() == ""
    assert kernel.text == whole
    kernel.text = ""
    for _again in range(2):
        assert "until Docker is restarted" in looking.look()
        assert not looking.keeper.failed
        assert [rule for rule in forwarding(kernel) if rule.endswith("DROP")] == [
            f"! -i {BRIDGE} -o {BRIDGE} -j DROP"
        ]
    # Somebody comes before it.
    kernel.text = kernel.text.replace("-A FORWARD", "-A FORWARD -j ACCEPT\n-A FORWARD", 1)
    assert looking.look()
    assert saved_rules.parse(kernel.text, "filter")[0]["FORWARD"] == [
        f"-j {docker_rules.CHAIN}",
        "-j ACCEPT",
    ]
    kernel.text = whole + kernel.text
    assert looking.look() == ""
    assert not docker_rules.is_there(kernel.text)
    assert docker_rules.stand(kernel.text, BRIDGE)


@pytest.mark.parametrize("engine", ENGINES)
def test_where_the_policy_drops_what_is_flushed_containers_get_out_all_the_same(
    kernel: Kernel, engine: str
) -> None:
    kernel.text = saved(engine).replace(":FORWARD ACCEPT", ":FORWARD DROP")
    looking = Looking()
    assert looking.look() == ""
    kernel.text = without(kernel.text, "-A")
    assert "until Docker is restarted" in looking.look()
    assert f"-i {BRIDGE} -o eth0 -j ACCEPT" in forwarding(kernel)


def test_what_keeps_networks_apart_is_gone_as_well_so_none_gets_in_to_another(
    kernel: Kernel,
) -> None:
    kernel.text = ""
    assert Looking(BRIDGE, "br-other").look()
    bridges = (BRIDGE, "br-other")
    for source, target in (bridges, bridges[::-1], (BRIDGE, "docker0")):
        assert not lets_through(kernel, source, target), (source, target)
    assert lets_through(kernel, BRIDGE, "eth0")
    assert lets_through(kernel, BRIDGE, BRIDGE)


def lets_through(kernel: Kernel, source: str, target: str) -> bool:
    """Whether its rules accept what opens a connection; a policy may all the same."""
    saved = kernel.text.replace(":FORWARD ACCEPT", ":FORWARD DROP").replace(
        ":FORWARD -", ":FORWARD DROP"
    )
    return ip6tables.closes(saved, Packet(source, "tcp", 443, target)) is False


def test_it_goes_with_the_service(kernel: Kernel) -> None:
    kernel.text = ""
    looking = Looking()
    assert looking.look()
    looking.keeper.end()
    assert "DOCKER" not in kernel.text


def test_a_network_that_is_down_and_docker_on_nftables_need_none(kernel: Kernel) -> None:
    kernel.text = ""
    assert Looking("br-down").look() == ""
    kernel.listed = f'elements = {{ "{BRIDGE}" : jump filter-forward-in__{BRIDGE} }}'
    assert Looking().look() == ""
    assert kernel.text == ""


def test_what_cannot_be_made_is_said_to_have_failed(kernel: Kernel) -> None:
    kernel.text, kernel.refuses = "", True
    looking = Looking()
    assert "ends with 4: it refuses" in looking.look()
    assert looking.keeper.failed


def test_while_they_are_gone_each_look_asks_the_kernel_once(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.text = ""
    looking = Looking()
    assert looking.look()
    asked: list[str] = []

    def run(argv: list[str], stdin: str = "") -> tuple[int, str]:
        asked.append(argv[0])
        return kernel.run(argv, stdin)

    monkeypatch.setattr(loaded, "run", run)
    assert looking.look()
    assert asked == ["ip6tables-save", "nft"]
