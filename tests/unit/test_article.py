"""The article of 2017 did by hand what the first mode does: line by line, and where it differs.

``THE_SAME`` and ``DIFFERENT`` between them hold every line that the article has a host type or
write for its ULA set-up. The tests after them look at what those lines bring about.
"""

import shlex
from dataclasses import dataclass
from functools import cache
from itertools import product

import pytest

from tests.made_up_deployments import ARTICLE, Deployment, article
from tests.made_up_system import MadeUpSystem, Packet
from wizard.answers.choices import Placement
from wizard.compose.read import parse
from wizard.steps import ip6tables, sysctl
from wizard.steps.actions import MakeDirectory, Run, WriteFile
from wizard.steps.base import Step
from wizard.steps.compose_file import ComposeFile
from wizard.steps.docker_network import DockerNetwork

PREFIX = "fd91:7981:3415::/64"
BRIDGE = "br-ipv6"

# The article's commands, as it has a person type them.
FORWARD_NEW = f"ip6tables -I FORWARD -i br+ -s {PREFIX} -m conntrack --ctstate NEW -j ACCEPT"
FORWARD_ANSWERS = "ip6tables -I FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
MASQUERADE = f"ip6tables -t nat -I POSTROUTING -s {PREFIX} -j MASQUERADE"
CREATE = f"docker network create --attachable --ipv6 --subnet={PREFIX} mastodon_ipv6"
ACCEPT_RA = "net.ipv6.conf.eth0.accept_ra=2"

# Its change to docker-compose.yml: the line in the old file before which lines are added.
ARTICLES_ADDITIONS = {
    10: ["    networks:", "      - default"],
    17: ["    networks:", "      - default"],
    33: ["    networks:", "      - default", "      - mastodon_ipv6"],
    45: ["    networks:", "      - default"],
    57: [
        "    networks:",
        "      - default",
        "      - mastodon_ipv6",
        "",
        "networks:",
        "  mastodon_ipv6:",
        "    external: true",
    ],
}
AFTER_THE_SERVICE = {10: "db", 17: "redis", 33: "web", 45: "streaming", 57: "sidekiq"}


@dataclass(frozen=True)
class Difference:
    """One line of the article that the wizard does in another way, or a line it lacks."""

    article: str
    ours: str
    why: str


DIFFERENT = (
    Difference(
        FORWARD_NEW,
        f"-A DOCKER-IPV6-WIZARD -s {PREFIX} -i {BRIDGE} -m conntrack --ctstate NEW -j ACCEPT",
        "In a chain of our own, which can be taken out whole, and for our bridge by its fixed "
        "name: br+ lets other bridges speak for our prefix too.",
    ),
    Difference(
        FORWARD_ANSWERS,
        f"-A DOCKER-IPV6-WIZARD -o {BRIDGE} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "Answers to our bridge alone: what passes between others is for the host to decide.",
    ),
    Difference(
        FORWARD_ANSWERS,
        f"-A DOCKER-IPV6-WIZARD -i {BRIDGE} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "The same for what follows in a connection that a container opened.",
    ),
    Difference(
        "",
        f"-A DOCKER-IPV6-WIZARD ! -i {BRIDGE} -o {BRIDGE} -j DROP",
        "The article lets the FORWARD chain's policy decide on what comes in from elsewhere, and "
        "that is ACCEPT on Debian: a neighbour on the link could reach every container.",
    ),
    Difference(
        "",
        "-I FORWARD -j DOCKER-IPV6-WIZARD",
        "On top, as the article's -I is, so that a REJECT of the host's comes after.",
    ),
    Difference(
        MASQUERADE,
        f"-A DOCKER-IPV6-WIZARD -s {PREFIX} ! -o {BRIDGE} -j MASQUERADE",
        "Containers on the bridge see each other's own addresses.",
    ),
    Difference("", "-I POSTROUTING -j DOCKER-IPV6-WIZARD", "The way into our chain."),
    Difference(
        CREATE,
        "docker network create --driver bridge --attachable --ipv6 --subnet 172.31.0.0/16 "
        f"--subnet {PREFIX} --opt com.docker.network.bridge.name={BRIDGE} "
        f"--label docker-ipv6-wizard={PREFIX} mastodon_ipv6",
        "The bridge has a name that rules can hold on to; the IPv4 subnet is named, so that the "
        "preview says it; the label tells our network from one that somebody made anew.",
    ),
    Difference(
        ACCEPT_RA,
        "net.ipv6.conf.eth0.accept_ra = 2",
        "In a file of our own in /etc/sysctl.d, not in /etc/sysctl.conf, and set at once.",
    ),
    Difference(
        "",
        "sysctl --write net.ipv6.conf.eth0.accept_ra=2",
        "Before the network is made, not after: making it turns forwarding on, and the default "
        "route would be gone in that moment.",
    ),
    Difference(
        "",
        "net.ipv6.conf.all.forwarding = 1",
        "The article leaves it to Docker, which sets it when it makes the network; after a reboot "
        "the file does.",
    ),
    Difference("", "sysctl --write net.ipv6.conf.all.forwarding=1", "The same, at once."),
    Difference("", "net.ipv6.conf.default.forwarding = 1", "For interfaces that come later."),
    Difference("", "sysctl --write net.ipv6.conf.default.forwarding=1", "The same, at once."),
    Difference(
        "",
        "mkdir --parents /etc/docker-ipv6-wizard",
        "For the rules, which the article's host has forgotten after a reboot.",
    ),
    Difference(
        "",
        "ip6tables-restore --noflush --wait 10 /etc/docker-ipv6-wizard/ip6tables.rules",
        "All rules of a table at once, in place of a command for each.",
    ),
    Difference(
        "",
        "systemctl enable --now docker-ipv6-wizard.service",
        "A unit puts rules and values back at every boot.",
    ),
    Difference(
        "",
        "systemctl enable --now docker-ipv6-wizard-filter.service",
        "A service puts rules back that somebody flushes.",
    ),
    Difference(
        "",
        "systemctl enable --now docker-ipv6-wizard-uplink.service",
        "Another unit keeps accept_ra at 2 whoever sets it.",
    ),
    Difference(
        "",
        "docker network connect --alias web mastodon_ipv6 mastodon_web_1",
        "The article makes the containers anew; ours go on running.",
    ),
    Difference(
        "",
        "docker network connect --alias sidekiq mastodon_ipv6 mastodon_sidekiq_1",
        "The same.",
    ),
)

NOT_ADDED = {
    "db": "It was on the default network already without saying so, and stays there.",
    "redis": "The same.",
    "streaming": "The same: the article does not give it the new network either.",
}


def our_lines(deployment: Deployment) -> list[str]:
    """Every command of the plan, every rule in its rules file, and every setting it writes."""
    lines: list[str] = []
    for step in deployment.plan().steps:
        for action in step.actions():
            match action:
                case Run():
                    lines.append(action.line)
                case MakeDirectory():
                    lines.append(f"mkdir --parents {action.path}")
                case WriteFile(path=ip6tables.PATH) | WriteFile(path=sysctl.PATH):
                    text = action.after.text.splitlines()
                    lines += [line for line in text if line.startswith(("-", "net."))]
    return lines


def test_every_line_of_ours_is_the_article_s_or_a_difference_that_is_named() -> None:
    assert sorted(our_lines(article())) == sorted(each.ours for each in DIFFERENT)


def test_every_line_of_the_article_has_one_of_ours() -> None:
    assert {each.article for each in DIFFERENT} - {""} == {
        FORWARD_NEW,
        FORWARD_ANSWERS,
        MASQUERADE,
        CREATE,
        ACCEPT_RA,
    }


def test_the_compose_file_is_the_one_that_the_article_s_diff_was_made_for() -> None:
    lines = ARTICLE.splitlines()
    assert len(lines) == 56
    # Where its hunks begin, and the lines of the old file that they show.
    assert lines[6:12] == [
        "### Uncomment to enable DB persistance",
        "    volumes:",
        "      - ./postgres:/var/lib/postgresql/data",
        "",
        "  redis:",
        "    restart: always",
    ]
    assert lines[15:19] == ["      - ./redis:/data", "", "  web:", "    build: ."]
    assert lines[29] == "      - ./public/assets:/mastodon/public/assets"
    assert lines[31:34] == [
        "      - ./public/system:/mastodon/public/system",
        "",
        "  streaming:",
    ]
    assert lines[41:47] == [
        "    depends_on:",
        "      - db",
        "      - redis",
        "",
        "  sidekiq:",
        "    build: .",
    ]
    assert lines[53:] == [
        "      - redis",
        "    volumes:",
        "      - ./public/system:/mastodon/public/system",
    ]


def test_the_change_of_the_compose_file_is_the_article_s_but_for_services_not_chosen() -> None:
    deployment = article()
    (step,) = (each for each in deployment.plan().steps if isinstance(each, ComposeFile))
    wanted: list[str] = []
    for number, line in enumerate([*ARTICLE.splitlines(), ""], 1):
        if AFTER_THE_SERVICE.get(number) not in {None, *NOT_ADDED}:
            wanted += ARTICLES_ADDITIONS[number]
        wanted.append(line)
    assert step.after.text == "\n".join(wanted)
    assert set(NOT_ADDED) | set(step.services) == set(AFTER_THE_SERVICE.values())


def test_the_article_s_own_change_gives_every_service_the_same_networks() -> None:
    text = ARTICLE.splitlines()
    for number in sorted(ARTICLES_ADDITIONS, reverse=True):
        text[number - 1 : number - 1] = ARTICLES_ADDITIONS[number]
    (step,) = (each for each in article().plan().steps if isinstance(each, ComposeFile))
    ours = networks_of(step.after.text)
    assert ours == networks_of("\n".join(text) + "\n")
    assert ours["web"] == ("default", "mastodon_ipv6")
    assert ours["db"] == ("default",)


def networks_of(text: str) -> dict[str, tuple[str, ...]]:
    """The networks of each service; one that names none is on the default network."""
    services = parse(text.encode(), "docker-compose.yml").services
    return {each.name: each.networks or ("default",) for each in services}


@cache
def by_the_article() -> MadeUpSystem:
    """The article's host after its commands, in its order."""
    system = article().system
    commands = (FORWARD_NEW, FORWARD_ANSWERS, MASQUERADE, f"sysctl --write {ACCEPT_RA}", CREATE)
    for command in commands:
        assert system.run(shlex.split(command)).status == 0, command
    return system


@cache
def by_the_plan() -> MadeUpSystem:
    """The article's host after the previewed commands of the plan, in its order."""
    deployment = article()
    for step in deployment.plan().steps:
        by_hand(deployment.system, step)
    return deployment.system


def by_hand(system: MadeUpSystem, step: Step) -> None:
    for action in step.actions():
        match action:
            case Run():
                assert system.run(action.argv, action.stdin).status == 0, action.line
            case MakeDirectory():
                system.make_directory(action.path)
            case WriteFile():
                system.write(action.path, action.after)


def test_both_give_a_network_for_anybody_with_ipv6_and_the_prefix() -> None:
    for system in (by_the_article(), by_the_plan()):
        network = system.networks["mastodon_ipv6"]
        assert network.ipv6
        assert network.attachable
        assert PREFIX in network.subnets
        assert system.sysctls["net.ipv6.conf.all.forwarding"] == "1"
        assert system.sysctls["net.ipv6.conf.eth0.accept_ra"] == "2"


BRIDGES = {"ours": BRIDGE, "another": "br-32bad14627e6", "eth0": "eth0"}
INSIDE, OUTSIDE = "fd91:7981:3415::2", "2001:db8:9::1"


def packet(system: MadeUpSystem, source: str, incoming: str, outgoing: str, state: str) -> Packet:
    """A packet, with our bridge by the name that it has on this host."""
    names = {**BRIDGES, "ours": system.networks["mastodon_ipv6"].bridge}
    return Packet(source, names[incoming], names[outgoing], state)


EVERY_PACKET = [
    each
    for each in product((INSIDE, OUTSIDE), BRIDGES, BRIDGES, ("NEW", "ESTABLISHED"))
    if each[1] != each[2]
]


def differs(source: str, incoming: str, outgoing: str, state: str) -> str | None:
    """Why a packet fares otherwise than by the article; None where it does not."""
    if outgoing == "ours" and state == "NEW":
        return "What comes in from elsewhere is dropped, whatever its source pretends."
    if "ours" not in (incoming, outgoing):
        return "Packets that are not of our bridge are left to the host's own rules."
    return None


@pytest.mark.parametrize("each", EVERY_PACKET, ids="-".join)
def test_a_packet_is_forwarded_as_by_the_article_but_where_a_reason_is_named(
    each: tuple[str, str, str, str],
) -> None:
    article_s, ours = by_the_article(), by_the_plan()
    theirs = article_s.verdict("filter", "FORWARD", packet(article_s, *each))
    verdict = ours.verdict("filter", "FORWARD", packet(ours, *each))
    if differs(*each) is None:
        assert verdict == theirs
    else:
        assert verdict == ("DROP" if each[2] == "ours" else "policy")


@pytest.mark.parametrize(
    ("source", "outgoing", "target"),
    [
        (INSIDE, "eth0", "MASQUERADE"),
        (INSIDE, "another", "MASQUERADE"),
        (OUTSIDE, "eth0", "policy"),
    ],
)
def test_what_leaves_is_masqueraded_as_by_the_article(
    source: str, outgoing: str, target: str
) -> None:
    for system in (by_the_article(), by_the_plan()):
        leaving = packet(system, source, "ours", outgoing, "NEW")
        assert system.verdict("nat", "POSTROUTING", leaving) == target


def test_what_stays_on_the_bridge_is_masqueraded_by_the_article_alone() -> None:
    for system, target in ((by_the_article(), "MASQUERADE"), (by_the_plan(), "policy")):
        staying = packet(system, INSIDE, "ours", "ours", "NEW")
        assert system.verdict("nat", "POSTROUTING", staying) == target


def test_accept_ra_is_set_before_the_network_so_that_the_default_route_never_goes() -> None:
    assert by_the_plan().default_route
    late = article().system
    late.run(shlex.split(CREATE))
    late.run(("sysctl", "--write", ACCEPT_RA))
    assert not late.default_route

    steps = article().plan().steps
    kinds = [step.kind for step in steps]
    assert kinds.index("sysctl") < kinds.index("docker-network")
    runs = [action.line for action in steps[0].actions() if isinstance(action, Run)]
    assert runs[0] == f"sysctl --write {ACCEPT_RA}"


def test_in_git_the_same_goes_into_an_override_file_and_the_article_s_file_stays() -> None:
    deployment = article(placement=Placement.OVERRIDE)
    (step,) = (each for each in deployment.plan().steps if isinstance(each, ComposeFile))
    assert step.path == "/home/mastodon/mastodon/docker-compose.override.yml"
    assert step.before is None
    assert step.after.text.endswith(
        "version: '3'\n"
        "services:\n"
        "  web:\n"
        "    networks:\n"
        "      - default\n"
        "      - mastodon_ipv6\n"
        "  sidekiq:\n"
        "    networks:\n"
        "      - default\n"
        "      - mastodon_ipv6\n"
        "networks:\n"
        "  mastodon_ipv6:\n"
        "    external: true\n"
    )


def test_the_network_of_the_plan_is_the_article_s_with_what_is_named() -> None:
    (step,) = (each for each in article().plan().steps if isinstance(each, DockerNetwork))
    (command,) = step.commands
    words = shlex.split(command)
    for wanted in ("--attachable", "--ipv6", PREFIX, "mastodon_ipv6"):
        assert wanted in words
