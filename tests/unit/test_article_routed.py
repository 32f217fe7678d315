"""What the article of 2017 did by hand for global addresses, and what the routed mode does."""

from ipaddress import IPv6Network
from typing import Any

import pytest

from tests.made_up_deployments import Deployment, article
from tests.unit.test_article import Difference
from wizard.answers.choices import Inwards, Mode, Proxy
from wizard.plan.planning import Plan
from wizard.steps import ndppd
from wizard.steps.actions import Run, WriteFile

PREFIX = "2001:db8:1111:aaaa:1::/80"
BRIDGE = "br-ipv6"


DIFFERENT = (
    Difference(
        f"ip6tables -I FORWARD -i br+ -s {PREFIX} -m conntrack --ctstate NEW -j ACCEPT",
        f"-A DOCKER-IPV6-WIZARD -s {PREFIX} -i {BRIDGE} -m conntrack --ctstate NEW -j ACCEPT",
        "In a chain of our own and for our bridge alone.",
    ),
    Difference(
        "ip6tables -I FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        f"-A DOCKER-IPV6-WIZARD -o {BRIDGE} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "Answers to our bridge alone.",
    ),
    Difference(
        "REJECT all anywhere anywhere reject-with icmp6-adm-prohibited",
        f"-A DOCKER-IPV6-WIZARD ! -i {BRIDGE} -o {BRIDGE} -j DROP",
        "The article's host already refused what nothing let in; ours closes its own bridge.",
    ),
    Difference(
        "",
        f"-A DOCKER-IPV6-WIZARD -o {BRIDGE} -p ipv6-icmp -j ACCEPT",
        "Path MTU discovery and echo need ICMPv6 (RFC 4890).",
    ),
    Difference(
        f"docker network create --attachable --ipv6 --subnet={PREFIX} mastodon_ipv6",
        "docker network create --driver bridge --attachable --ipv6 --subnet 172.31.0.0/16 "
        f"--subnet {PREFIX} --gateway 2001:db8:1111:aaaa:1::1 "
        "--ip-range 2001:db8:1111:aaaa:1:0:1:0/112 "
        f"--opt com.docker.network.bridge.name={BRIDGE} "
        f"--label docker-ipv6-wizard={PREFIX} mastodon_ipv6",
        "A bridge name that rules can hold on to, an IPv4 subnet that the preview says, and fixed "
        "addresses outside of those that Docker hands out.",
    ),
    Difference(
        "net.ipv6.conf.eth0.proxy_ndp=1",
        "net.ipv6.conf.eth0.proxy_ndp = 1",
        "In a file of our own, and set at once.",
    ),
    Difference(
        "",
        "net.ipv6.conf.all.proxy_ndp = 1",
        "Without it the kernel answers a router that asks all, and not one that asks again.",
    ),
    Difference(
        "",
        "net.ipv6.neigh.eth0.proxy_delay = 0",
        "The kernel would wait up to 0.8 s before it answers for somebody else.",
    ),
    Difference(
        "ip -6 neigh add proxy 2001:db8:1111:aaaa:1::2 dev eth0",
        "ip -6 neigh replace proxy 2001:db8:1111:aaaa:1::2 dev eth0 protocol 147",
        "May run again at every boot, and is marked as ours.",
    ),
    Difference(
        "ip -6 neigh add proxy 2001:db8:1111:aaaa:1::3 dev eth0",
        "ip -6 neigh replace proxy 2001:db8:1111:aaaa:1::3 dev eth0 protocol 147",
        "The same for the second container.",
    ),
    Difference(
        "apt install ndppd",
        "env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get install --yes "
        "--no-install-recommends ndppd",
        "Without questions, and without restarting other services.",
    ),
)


def routed(**changes: Any) -> Deployment:
    chosen = {"mode": Mode.ROUTED, "prefix": IPv6Network(PREFIX), "network": "mastodon_ipv6"}
    return article(**{**chosen, **changes})


def everything(plan: Plan) -> str:
    """Every command and every line of every file of a plan."""
    lines: list[str] = []
    for step in plan.steps:
        for action in step.actions():
            if isinstance(action, Run):
                lines.append(action.line)
            elif isinstance(action, WriteFile):
                lines += action.after.text.splitlines()
    return "\n".join(lines)


@pytest.mark.parametrize("difference", DIFFERENT, ids=lambda each: each.ours[:50])
def test_each_line_of_the_article_has_its_counterpart(difference: Difference) -> None:
    # The article shows three ways one after the other; a plan has one of them, and ndppd is not
    # in the Debian of its time.
    proxy = Proxy.FIXED
    text = everything(routed(proxy=proxy).plan())
    if "ndppd" in difference.ours:
        from wizard.steps.package import Package

        text = "\n".join(Package("ndppd", "").commands)
    assert difference.ours in text
    assert difference.why


def test_ndppd_gets_the_rule_of_the_article() -> None:
    written = ndppd.with_rule(None, "eth0", PREFIX)
    meaning = [line.split() for line in written.splitlines() if "#" not in line]
    assert meaning == [
        ["proxy", "eth0", "{"],
        ["rule", PREFIX, "{"],
        ["static"],
        ["}"],
        ["}"],
    ]


def test_ndppd_keeps_what_is_there() -> None:
    there = "route-ttl 30000\nproxy eth0 {\n   router yes\n}\nproxy eth1 {\n}"
    merged = ndppd.with_rule(there, "eth0", PREFIX)
    lines = iter(merged.splitlines())
    assert all(line in lines for line in there.splitlines())
    assert merged.index("proxy eth0 {") < merged.index(PREFIX) < merged.index("router yes")
    other = ndppd.with_rule(there, "eth2", PREFIX)
    assert other.startswith(there)
    assert "proxy eth2 {" in other


def test_only_fixed_addresses_are_asked_for_and_outside_of_what_docker_hands_out() -> None:
    assert "--ip6" not in everything(routed().plan())
    text = everything(routed(fixed=("sidekiq",)).plan())
    assert "--ip6 2001:db8:1111:aaaa:1::2 mastodon_ipv6 mastodon_sidekiq_1" in text
    assert text.count("--ip6") == 1
    assert '        ipv6_address: "2001:db8:1111:aaaa:1::2"' in text.splitlines()
    assert "--ip-range 2001:db8:1111:aaaa:1:0:1:0/112" in text


def test_entries_that_are_fixed_fix_the_addresses_that_they_are_for() -> None:
    text = everything(routed(proxy=Proxy.FIXED).plan())
    assert "--ip6 2001:db8:1111:aaaa:1::2" in text
    assert "--ip6 2001:db8:1111:aaaa:1::3" in text
    assert text.count("ipv6_address") == 2


def test_what_is_published_to_everybody_is_open_and_nothing_else() -> None:
    closed, opened = routed().plan(), routed(inwards=Inwards.ALL).plan()
    assert f"-A DOCKER-IPV6-WIZARD -o {BRIDGE} -p tcp -m tcp --dport 3000 -j ACCEPT" in everything(
        closed
    )
    assert "--dport 22" not in everything(closed)
    assert f"-A DOCKER-IPV6-WIZARD -o {BRIDGE} -j ACCEPT" in everything(opened)
    remarks = routed(fixed=("web",)).plan().remarks
    assert any("web_1 at 2001:db8:1111:aaaa:1::2" in remark for remark in remarks)
    # What does not last is not promised.
    assert not any("2001:db8:1111:aaaa:1::2" in remark for remark in closed.remarks)


def test_nothing_is_masqueraded() -> None:
    assert "MASQUERADE" not in everything(routed().plan())


def test_accept_ra_comes_before_forwarding() -> None:
    text = everything(routed().plan())
    assert text.index("sysctl --write net.ipv6.conf.eth0.accept_ra=2") < text.index(
        "sysctl --write net.ipv6.conf.all.forwarding=1"
    )
