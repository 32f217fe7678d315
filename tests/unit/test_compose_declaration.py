"""How a Compose file declares a network that is known beforehand, as YAML reads it again."""

import pytest
import yaml

from wizard.compose.declaration import declaration, digest
from wizard.compose.edit import add_network
from wizard.compose.read import parse
from wizard.compose.yaml_source import Content, flow

POOLS = [{"subnet": "172.31.0.0/16"}, {"subnet": "fd00:1::/64", "gateway": "fd00:1::1"}]
ODD = 'a "quoted" \\ one: #'


def declared(*, ipv4: bool = True, name: str = "six") -> dict[str, Content]:
    options = {"com.docker.network.bridge.name": "br-ipv6", "mtu": "1500"}
    return declaration(
        name, ipv4=ipv4, pools=POOLS, options=options, labels={"odd": ODD, "y": "no"}
    )


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("ipv4", [False, True])
def test_all_that_is_known_of_it_is_said(ipv4: bool, quoted: bool) -> None:
    assert yaml.safe_load(flow(declared(ipv4=ipv4, name="10"), quoted=quoted)) == {
        "name": "10",
        "driver": "bridge",
        "attachable": True,
        "enable_ipv6": True,
        **({} if ipv4 else {"enable_ipv4": False}),
        "driver_opts": {"com.docker.network.bridge.name": "br-ipv6", "mtu": "1500"},
        "ipam": {"config": POOLS},
        "labels": {"odd": ODD, "y": "no"},
    }


@pytest.mark.parametrize(
    "text",
    [
        "services:\n  web:\n    image: x\n",
        "services: {web: {image: x}}\n",
        '{"services": {"web": {"image": "x"}}}\n',
    ],
)
def test_the_same_digest_stands_for_it_in_every_style_of_file(text: str) -> None:
    made = add_network(parse(text.encode(), "a.yml"), ["web"], "six", declaration=declared())
    file = parse(made, "a.yml")
    assert file.meaning.networks["six"].digest == digest(declared())
    assert file.meaning.own("six") == "six"
    assert digest(declared()) != digest(declared(ipv4=False))
