from pathlib import Path

import pytest

from wizard.compose.read import parse, services
from wizard.compose.services import Service, is_store, project_services


def service(settings: str, top: str = "", name: str = "web") -> Service:
    text = f"services:\n  {name}: {{{settings}}}\n{top}"
    return parse(text.encode(), "compose.yaml").services[0]


def test_a_service_without_networks_is_ticked() -> None:
    web = service("image: x")
    assert (web.networks, web.internet, web.attachable) == (None, True, True)
    assert web.reason == "web is on default, which reaches outside."


def test_a_service_on_an_internal_network_alone_is_not_ticked() -> None:
    web = service("image: x, networks: [back]", "networks: {back: {internal: yes}}\n")
    assert (web.internet, web.attachable) == (False, True)
    assert "only on internal networks (back), so it reaches nothing outside" in web.reason
    assert not web.guessed


def test_a_service_on_both_kinds_of_network_is_ticked() -> None:
    web = service(
        "image: x, networks: {front: {aliases: [a]}, back: }",
        "networks: {front: , back: {internal: true}}\n",
    )
    assert (web.networks, web.internet) == (("front", "back"), True)
    assert web.reason == "web is on front, which reaches outside."


def test_a_default_network_that_is_internal_is_seen() -> None:
    assert not service("image: x", "networks: {default: {internal: true}}\n").internet


@pytest.mark.parametrize(
    "image",
    [
        "postgres:14-alpine",
        "docker.io/bitnami/postgresql@sha256:0a",
        "localhost:5000/redis",
        "${DB_IMAGE:-mariadb:11}",
        "valkey/valkey",
        "docker.elastic.co/elasticsearch/elasticsearch:7.17.4",
        "mcr.microsoft.com/mssql/server:2022-latest",
        "mcr.microsoft.com/azure-sql-edge",
        "groonga/pgroonga",
        "lldap/lldap:stable",
    ],
)
def test_an_image_of_a_store_is_not_ticked(image: str) -> None:
    found = service(f'image: "{image}"')
    assert not found.internet
    assert image in found.reason


@pytest.mark.parametrize(
    ("image", "ticked"),
    [
        ("ghcr.io/meilisearch/app", False),
        ("valkey/image:8", False),
        ("postgres/server", False),
        # Whoever makes databases makes other things as well.
        ("postgres/website", True),
        ("redis/riot:4", True),
        ("redis/app/other", True),
    ],
)
def test_who_makes_an_image_counts_only_where_its_name_says_nothing(
    image: str, ticked: bool
) -> None:
    assert service(f"image: '{image}'").internet is ticked


@pytest.mark.parametrize("image", ["vaultwarden/server:1", "ghcr.io/goauthentik/server", "server"])
def test_an_image_that_is_only_called_a_server_is_ticked(image: str) -> None:
    assert service(f"image: '{image}'").internet


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("web", "tecnativa/docker-socket-proxy:0.3"),
        ("web", "ghcr.io/linuxserver/socket-proxy"),
        ("dockerproxy", "x"),
        ("socket_proxy", "x"),
    ],
)
def test_a_proxy_of_dockers_socket_is_put_on_no_network_more(name: str, image: str) -> None:
    found = service(f"image: '{image}'", name=name)
    assert (found.internet, found.attachable, found.guessed) == (False, True, False)
    assert "more services could give Docker orders" in found.reason
    assert service("image: x", name="proxy").internet


def test_no_store_of_many_is_ticked() -> None:
    text = (Path(__file__).parent / "compose_corpus" / "stores-that-are-ticked.yml").read_bytes()
    assert {found.name for found in parse(text, "compose.yaml").services if found.internet} == set()


@pytest.mark.parametrize(
    "image",
    ["qmcgaw/gluetun", "lscr.io/linuxserver/wireguard:latest", "a/warp", "a/protonwire", "x"],
)
def test_the_end_of_a_tunnel_is_not_ticked_and_says_why(image: str) -> None:
    file = parse(
        f"services:\n  out: {{image: '{image}'}}\n"
        "  torrent: {image: y, network_mode: 'service:out'}\n".encode(),
        "compose.yaml",
    )
    out, torrent = file.services
    assert (out.internet, out.attachable, torrent.attachable) == (False, True, False)
    assert "beside its tunnel" in out.reason
    assert not service("image: x", name="vpn").internet


@pytest.mark.parametrize(
    "image",
    [
        "amneziavpn/amneziawg-go",
        "caomingjun/warp",
        "dperson/openvpn-client",
        "ghcr.io/bubuntux/nordlynx",
        "ghcr.io/tprasadtp/protonwire:7",
        "ghcr.io/wg-easy/wg-easy:15",
        "linuxserver/wireguard",
        "netbirdio/netbird",
        "example/mullvad-client",
        "qmcgaw/gluetun:v3",
        "strongx509/strongswan",
        "tailscale/tailscale",
        "example/softether",
        "wazum/openconnect-proxy",
        "zerotier/zerotier",
    ],
)
def test_an_image_of_a_vpn_is_not_ticked(image: str) -> None:
    assert "looks like a VPN" in service(f"image: '{image}'").reason


def test_a_vpn_is_known_by_the_tunnels_that_it_may_open_whatever_its_name() -> None:
    tun, admin = "devices: [/dev/net/tun:/dev/net/tun]", "cap_add: [net_admin]"
    assert not service(f"image: x, {tun}, {admin}").internet
    assert not service(f"image: x, privileged: true, {tun}").internet
    assert not service(
        "image: x, devices: [{source: /dev/net/tun, target: /dev/net/tun}], cap_add: [ALL]"
    ).internet
    assert "/dev/net/tun" in service(f"image: x, {tun}, {admin}").reason
    assert service(f"image: x, {tun}").internet
    assert service(f"image: x, {admin}, devices: [/dev/net/tunnel]").internet


def test_what_lets_a_service_open_tunnels_is_joined_from_all_that_says_it() -> None:
    base = b"services: {out: {image: x, cap_add: [NET_ADMIN]}, b: {extends: out, image: y}}"
    more = b"services: {out: {devices: [/dev/net/tun]}, b: {devices: [/dev/net/tun]}}"
    none = b"services: {out: {cap_add: !reset []}, b: {devices: !override [/dev/dri]}}"
    files = [parse(text, "compose.yaml").meaning for text in (base, more, none)]
    assert [each.internet for each in project_services(files[:1])] == [True, True]
    assert [each.internet for each in project_services(files[:2])] == [False, False]
    assert [each.internet for each in project_services(files)] == [True, True]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("db", True),
        ("mastodon-redis-1", True),
        ("postgres15", True),
        ("redis-exporter", False),
        ("postgres-backup", False),
        ("redis-backups", False),
        ("mongo-admin", False),
        ("redis_commander", False),
        ("redis-insight", False),
        ("influxdb-ui", False),
        ("clickhouse-web", False),
        ("mysql.operator", False),
        ("web", False),
        ("dbus", False),
        ("mastodon", False),
    ],
)
def test_a_store_is_known_by_a_whole_word(name: str, expected: bool) -> None:
    assert is_store(name) is expected


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("host", "the host's own network"),
        ("none", "no network on purpose"),
        ("service:vpn", "shares the network of the service vpn"),
        ("container:vpn", "shares the network of the container vpn"),
        ("bridge", "Take network_mode out"),
        ("${MODE:-bridge}", "Take network_mode out"),
        ("${MODE:-host}", "the host's own network"),
        ("${MODE}", "sets network_mode: ${MODE}"),
    ],
)
def test_network_mode_cannot_be_attached_and_says_why(mode: str, says: str) -> None:
    web = service(f'image: x, network_mode: "{mode}"')
    meant = mode.removeprefix("${MODE:-").removesuffix("}") if ":-" in mode else mode
    assert (web.attachable, web.internet, web.network_mode) == (False, False, meant)
    assert says in web.reason


# Seen with docker-compose 1.29.2 and Compose 2.26.1 and 2.40.3: “networks: [default]” beside it
# “refers to undefined network default” with the latter, and any other network does not.
@pytest.mark.parametrize("mode", ['""', "${MODE:-}"])
def test_an_empty_network_mode_is_none_and_hides_the_default_network(mode: str) -> None:
    alone = service(f"image: x, network_mode: '{mode.strip(chr(34))}'")
    assert not alone.attachable
    assert "sets an empty network_mode, beside which Compose 2 knows no default" in alone.reason
    named = service(f"image: x, network_mode: {mode!r}, networks: [a]".replace("'\"\"'", '""'))
    assert (named.attachable, named.network_mode) == (True, None)
    later = parse(b"services: {web: {network_mode: '', networks: [a]}}\n", "b.yml")
    first = parse(b"services: {web: {image: x, network_mode: host}}\n", "a.yml")
    (web,) = services([first, later])
    assert (web.attachable, web.networks) == (True, ("a",))


def test_network_mode_is_inherited_by_extends_and_by_merging() -> None:
    file = parse(
        b"x-b: &b {network_mode: host}\n"
        b"services:\n  a: {<<: *b}\n  b: {extends: {service: a}}\n  c: {extends: a}\n",
        "compose.yaml",
    )
    assert [found.attachable for found in file.services] == [False, False, False]


def test_extends_naming_the_file_itself_is_followed() -> None:
    file = parse(
        b"services:\n  a: {networks: [front]}\n"
        b"  b: {extends: {file: ./compose.yaml, service: a}}\nnetworks: {front: }\n",
        "/srv/compose.yaml",
    )
    assert file.services[1].networks == ("front",)


def test_extends_in_a_circle_is_not_followed_for_ever() -> None:
    file = parse(b"services: {a: {extends: b}, b: {extends: a}}\n", "compose.yaml")
    assert [found.attachable for found in file.services] == [False, False]


def test_text_from_the_file_is_cleaned_for_showing() -> None:
    web = service('image: "a\\e[31m\\u202e", networks: ["\\e[0m"]')
    assert web.image == "a\\x1b[31m\\u202e"
    assert web.networks == ("\\x1b[0m",)
    assert "\x1b" not in web.reason


@pytest.mark.parametrize(("said", "ticked"), [("${IN:-true}", False), ("${IN:-no}", True)])
def test_whether_a_network_is_internal_may_be_the_default_of_a_variable(
    said: str, ticked: bool
) -> None:
    top = f'networks: {{back: {{internal: "{said}"}}}}\n'
    assert service("image: x, networks: [back]", top).internet is ticked


def test_what_is_no_container_cannot_be_attached_and_says_why() -> None:
    ai = service("provider: {type: model}")
    assert (ai.attachable, ai.internet) == (False, False)
    assert "ai is no container" in service("provider: {type: model}", name="ai").reason


def test_a_provider_is_inherited_joined_and_taken_away() -> None:
    texts = (
        "services: {a: {provider: {type: model}}, b: {extends: a}, c: {image: x}}",
        "services: {c: {provider: {type: model}}}",
        "services: {a: {provider: !reset null, image: x}, b: {image: x, provider: !reset null}}",
    )
    files = [parse(text.encode(), "compose.yaml").meaning for text in texts]
    found = [[one.attachable for one in project_services(files[:n])] for n in (1, 2, 3)]
    assert found == [[False, False, True], [False, False, False], [True, True, False]]
