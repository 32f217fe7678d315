"""What the next boot makes of forwarding and accept_ra, from made-up files."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.given_files import GivenFiles, of_ufw
from wizard.boot import interfaces, networkd, outlook, reader, scripts, sysctl_d
from wizard.boot.forecast import Circumstances, Forecast, foresee
from wizard.boot.link import Link
from wizard.boot.reader import Now, Route
from wizard.verification.next_boot import NextBoot

ETH0 = Link("eth0", "02:00:00:00:00:10")
LINKS = (Link("lo", type="loopback"), ETH0)

WANTS = "/etc/systemd/system/multi-user.target.wants"
NETWORKING = {f"{WANTS}/networking.service": "[Unit]\n"}
NETWORKD = {f"{WANTS}/systemd-networkd.service": "[Unit]\n"}
NETWORK_MANAGER = {f"{WANTS}/NetworkManager.service": "[Unit]\n"}
INTERFACES = "/etc/network/interfaces"


def boot(
    files: Mapping[str, str],
    *,
    docker: bool | None = True,
    links: tuple[Link, ...] = LINKS,
    systemd: int = 252,
    programs: frozenset[str] = frozenset(),
    command_line: str = "",
) -> Forecast:
    about = Circumstances(links, systemd, docker, programs, command_line)
    return foresee(GivenFiles(files), about)


def values(found: Forecast, *names: str) -> list[int | None]:
    pairs = [name.rsplit(".", 1) for name in names]
    return [value.known for group, name in pairs if (value := found.value(group, name))]


def accept_ra(found: Forecast) -> int | None:
    return values(found, "eth0.accept_ra")[0]


def test_without_any_file_the_kernel_has_its_defaults() -> None:
    found = boot({}, docker=False)
    assert values(found, "all.forwarding", "eth0.forwarding", "eth0.accept_ra") == [0, 0, 1]


def test_docker_lets_every_interface_forward_and_the_next_one_too() -> None:
    names = ("all.forwarding", "default.forwarding", "lo.forwarding", "eth0.forwarding")
    assert values(boot({}), *names) == [1, 1, 1, 1]
    assert values(boot({}, docker=None), *names) == [None] * 4


@pytest.mark.parametrize(
    ("stanza", "expected"),
    [
        ("inet6 auto", 2),
        ("inet6 auto\n accept_ra 1", 1),
        ("inet6 auto\n accept-ra 1", 1),
        ("inet6 dhcp", 1),
        ("inet6 dhcp\n accept_ra 2", 2),
        ("inet6 static\n address 2001:db8::1/64", 1),
        ("inet6 static\n accept_ra 0\n address 2001:db8::1/64", 0),
        ("inet6 static\n address 2001:db8::1/64\n gateway fe80::1", 0),
        ("inet6 static\n address 2001:db8::1/64\n gateway fe80::1\n accept_ra 2", 2),
        ("inet6 manual\n accept_ra 2", 1),
        ("inet static\n address 192.0.2.1/24", 1),
        ("inet6 auto\n pre-up sysctl -w net.ipv6.conf.$IFACE.accept_ra=0", 2),
        ("inet6 auto\n up /sbin/sysctl -q net/ipv6/conf/eth0/accept_ra=0 || true", 0),
        ("inet6 auto\n post-up echo 1 > /proc/sys/net/ipv6/conf/${IFACE}/accept_ra", 1),
        ("inet6 auto\n down echo 1 > /proc/sys/net/ipv6/conf/eth0/accept_ra", 2),
        ("inet6 auto\n up sysctl -w net.ipv6.conf.eth1.accept_ra=1", 2),
        ("inet6 \\\n auto", 2),
        ("inet6 static\niface eth0 inet6 auto\n accept_ra 1", 1),
    ],
)
def test_ifupdown_sets_what_its_methods_say(stanza: str, expected: int) -> None:
    text = f"auto lo eth0\niface lo inet loopback\niface eth0 {stanza}\n"
    assert accept_ra(boot({**NETWORKING, INTERFACES: text})) == expected
    # Without a line that brings it up, and where ifupdown does not start, nothing of it counts.
    alone = text.replace("auto lo eth0", "")
    assert accept_ra(boot({**NETWORKING, INTERFACES: alone})) == 1
    assert accept_ra(boot({INTERFACES: text})) == 1


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("auto /eth*", 1),
        ("allow-hotplug eth0", 1),
        ("allow-auto eth0", 1),
        ("auto mac/02:00:00:00:00:10=lan", 0),
        ("auto /wlan*", None),
        ("# auto eth0", None),
        ("allow-other eth0", None),
    ],
)
def test_interfaces_are_brought_up_by_names_and_patterns(first: str, expected: int | None) -> None:
    text = f"{first}\niface eth0 inet6 auto\n accept_ra 1\niface lan inet6 auto\n accept_ra 0\n"
    sysctl = {"/etc/sysctl.d/a.conf": "net.ipv6.conf.eth0.accept_ra=2\n"}
    found = boot({**NETWORKING, **sysctl, INTERFACES: text})
    assert accept_ra(found) == (2 if expected is None else expected)


@pytest.mark.parametrize(
    ("sysctl", "parameters", "expected"),
    [
        ("", "net/ipv6/conf/eth0/accept_ra=2\n", {2}),
        ("", "net/ipv6/conf/default/accept_ra=0\n", {1}),
        ("net.ipv6.conf.eth0.accept_ra=2\n", "net/ipv6/conf/eth0/accept_ra=0\n", {0, 2}),
        ("net.ipv6.conf.eth0.accept_ra=2\n", "net/ipv6/conf/eth0/accept_ra=2\n", {2}),
        ("net.ipv6.conf.eth0.accept_ra=2\n", "net/ipv6/conf/all/accept_redirects=0\n", {2}),
    ],
)
def test_ufw_sets_its_parameters_in_no_order_with_those_of_systemd(
    sysctl: str, parameters: str, expected: set[int]
) -> None:
    found = boot({"/etc/sysctl.d/a.conf": sysctl, **of_ufw(parameters)})
    value = found.value("eth0", "accept_ra")
    assert value is not None and value.possible == expected


def test_what_ifupdown_sets_comes_after_ufw() -> None:
    text = "auto eth0\niface eth0 inet6 auto\n accept_ra 2\n"
    files = of_ufw("net/ipv6/conf/eth0/accept_ra=0\nnet/ipv6/conf/all/forwarding=0\n")
    found = boot({**NETWORKING, **files, INTERFACES: text}, docker=False)
    assert values(found, "eth0.accept_ra", "all.forwarding") == [2, 0]
    foreseen = found.value("all", "forwarding")
    assert foreseen is not None and foreseen.source == "/etc/ufw/sysctl.conf:2"


@pytest.mark.parametrize("line", ["CONFIGURE_INTERFACES=no", "EXCLUDE_INTERFACES='wlan* eth*'"])
def test_ifupdown_leaves_alone_what_it_is_told_to(line: str) -> None:
    files = {**NETWORKING, INTERFACES: "auto eth0\niface eth0 inet6 auto\n"}
    assert accept_ra(boot({**files, "/etc/default/networking": f"#{line}\n"})) == 2
    assert accept_ra(boot({**files, "/etc/default/networking": f"{line}\n"})) == 1


def test_a_stanza_inherits_the_options_of_another() -> None:
    text = "auto eth0\niface a inet6 auto\n accept_ra 1\niface eth0 inet6 auto inherits a\n"
    assert accept_ra(boot({**NETWORKING, INTERFACES: text})) == 1


def test_files_are_sourced_and_two_that_source_each_other_end() -> None:
    files = {
        INTERFACES: "source interfaces.d/*.cfg more\nsource-directory /etc/network/folder\n",
        "/etc/network/interfaces.d/a.cfg": "auto eth0\nsource /etc/network/interfaces\n",
        "/etc/network/interfaces.d/b": "iface eth0 inet6 auto\n accept_ra 0\n",
        "/etc/network/folder/with.dot": "iface eth0 inet6 auto\n accept_ra 0\n",
        "/etc/network/folder/with-none": "iface eth0 inet6 auto\n accept_ra 1\n",
    }
    assert accept_ra(boot({**NETWORKING, **files})) == 1
    stanzas = interfaces.parse(GivenFiles(files)).stanzas
    assert {each.path for each in stanzas} == {"/etc/network/folder/with-none"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"/etc/sysctl.d/9.conf": "net.ipv6.conf.eth0.accept_ra=2"}, 2),
        ({"/etc/sysctl.d/9.conf": "net/ipv6/conf/eth0/accept_ra = 2"}, 2),
        ({"/etc/sysctl.d/9.conf": "-net.ipv6.conf.eth0.accept_ra=2"}, 2),
        ({"/etc/sysctl.d/9.conf": "# net.ipv6.conf.eth0.accept_ra=2"}, 1),
        ({"/etc/sysctl.d/9": "net.ipv6.conf.eth0.accept_ra=2"}, 1),
        ({"/etc/sysctl.conf": "net.ipv6.conf.eth0.accept_ra=2"}, 1),
        ({"/etc/sysctl.d/99-sysctl.conf": "net.ipv6.conf.eth0.accept_ra=2"}, 2),
        # It has no effect on any interface (ip-sysctl.rst).
        ({"/etc/sysctl.d/9.conf": "net.ipv6.conf.all.accept_ra=2"}, 1),
        ({"/etc/sysctl.d/9.conf": "net.ipv6.conf.default.accept_ra=2"}, 1),
        ({"/etc/sysctl.d/9.conf": "net.ipv6.conf.*.accept_ra=2"}, 2),
        # A pattern leaves alone what has a line of its own, wherever that stands.
        (
            {"/etc/sysctl.d/9.conf": "net.ipv6.conf.eth0.accept_ra=0\nnet.ipv6.conf.*.accept_ra=2"},
            0,
        ),
        ({"/etc/sysctl.d/9.conf": "-net.ipv6.conf.eth0.accept_ra\nnet.ipv6.conf.*.accept_ra=2"}, 1),
        # In the order of the names, whatever the folder.
        (
            {
                "/etc/sysctl.d/10.conf": "net.ipv6.conf.eth0.accept_ra=0",
                "/usr/lib/sysctl.d/90.conf": "net.ipv6.conf.eth0.accept_ra=2",
            },
            2,
        ),
        # A name in an earlier folder hides the others, also where it is a link to /dev/null.
        (
            {
                "/etc/sysctl.d/90.conf": "",
                "/run/sysctl.d/90.conf": "net.ipv6.conf.eth0.accept_ra=2",
                "/usr/local/lib/sysctl.d/90.conf": "net.ipv6.conf.eth0.accept_ra=2",
            },
            1,
        ),
    ],
)
def test_sysctl_d_is_read_as_systemd_reads_it(files: dict[str, str], expected: int) -> None:
    assert accept_ra(boot(files)) == expected


def test_a_line_that_says_the_same_again_keeps_its_place() -> None:
    files = GivenFiles(
        {"/etc/sysctl.d/1.conf": "a.b=1\nc.d=2\na.b=1\n", "/etc/sysctl.d/2.conf": "c.d=3\n"}
    )
    assert [(each.key, each.value) for each in sysctl_d.settings(files)] == [
        ("a/b", "1"),
        ("c/d", "3"),
    ]


def test_forwarding_of_all_is_that_of_each_and_later_lines_count() -> None:
    text = "net.ipv6.conf.all.forwarding=1\nnet.ipv6.conf.eth0.forwarding=0\n"
    found = boot({"/etc/sysctl.d/a.conf": text}, docker=False)
    assert values(found, "all.forwarding", "lo.forwarding", "eth0.forwarding") == [1, 1, 0]
    turned = "net.ipv6.conf.eth0.forwarding=0\nnet.ipv6.conf.all.forwarding=1\n"
    found = boot({"/etc/sysctl.d/a.conf": turned}, docker=False)
    assert values(found, "eth0.forwarding", "default.forwarding") == [1, 1]


def test_the_command_line_of_the_kernel_comes_before_all_files() -> None:
    line = "quiet sysctl.net.ipv6.conf.eth0.accept_ra=0 sysctl.net/ipv6/conf/all/forwarding=1"
    found = boot({}, docker=False, command_line=line)
    assert values(found, "eth0.accept_ra", "eth0.forwarding") == [0, 1]
    found = boot({"/etc/sysctl.d/a.conf": "net.ipv6.conf.eth0.accept_ra=2"}, command_line=line)
    assert accept_ra(found) == 2


def test_a_default_holds_for_a_device_only_if_that_comes_later() -> None:
    files = {"/etc/sysctl.d/a.conf": "net.ipv6.conf.default.accept_ra=0\n"}
    late = (Link("eth0", late=True),)
    value = boot(files, links=late).value("eth0", "accept_ra")
    assert value is not None
    assert value.possible == {0, 1}
    assert boot(files, links=late).has_route_by_advertisement("eth0") is False
    assert boot(files, links=late, docker=False).has_route_by_advertisement("eth0") is None
    explicit = {**files, "/etc/sysctl.d/b.conf": "net.ipv6.conf.eth0.accept_ra=2\n"}
    assert accept_ra(boot(explicit, links=late)) == 2


MATCH = "[Match]\nName=eth0\n[Network]\n"
FILE = "/etc/systemd/network/10-eth0.network"


@pytest.mark.parametrize(
    ("text", "systemd", "hears", "forwarding"),
    [
        ("", 252, True, 0),
        ("IPv6AcceptRA=no\n", 252, False, 0),
        ("IPForward=yes\n", 252, False, 1),
        ("IPForward=ipv4\n", 252, True, 0),
        ("IPForward=ipv6\nIPv6AcceptRA=yes\n", 252, True, 1),
        ("IPMasquerade=both\n", 252, False, 1),
        ("IPv6Forwarding=yes\n", 252, True, 0),
        ("", 257, True, 0),
        ("IPForward=yes\n", 257, True, 0),
        ("IPv6Forwarding=yes\n", 257, False, 1),
        ("IPv6Forwarding=yes\nIPv6AcceptRA=yes\n", 257, True, 1),
        ("IPv6SendRA=yes\n", 257, False, 1),
        ("IPMasquerade=ipv6\n", 257, False, 1),
    ],
)
def test_networkd_hears_unless_it_forwards_or_is_told(
    text: str, systemd: int, hears: bool, forwarding: int
) -> None:
    found = boot({**NETWORKD, FILE: MATCH + text}, docker=False, systemd=systemd)
    assert values(found, "eth0.accept_ra", "eth0.forwarding") == [0, forwarding]
    assert found.has_route_by_advertisement("eth0") is hears


def test_networkd_takes_the_first_file_that_matches_with_its_drop_ins() -> None:
    files = {
        **NETWORKD,
        "/etc/systemd/network/05-other.network": "[Match]\nName=eth1 wl*\n[Network]\n",
        "/run/systemd/network/10-eth0.network": "[Match]\nName=eth0\n[Network]\nIPv6AcceptRA=no\n",
        "/usr/lib/systemd/network/80-all.network": "[Match]\nType=ether\n[Network]\n",
        "/etc/systemd/network/10-eth0.network.d/a.conf": "[Network]\nIPv6AcceptRA=yes\n",
    }
    by = networkd.of(GivenFiles(files), ETH0, 257)
    assert by is not None
    assert (by.path, by.hears) == ("/run/systemd/network/10-eth0.network", True)
    hidden = {**files, "/etc/systemd/network/10-eth0.network": ""}
    by = networkd.of(GivenFiles(hidden), ETH0, 257)
    assert by is not None
    unmanaged = {FILE: "[Match]\nMACAddress=02:00:00:00:00:10\n[Link]\nUnmanaged=yes\n"}
    assert networkd.of(GivenFiles(unmanaged), ETH0, 257) is None
    assert networkd.of(GivenFiles({FILE: "[Match]\nName=!eth0\n"}), ETH0, 257) is None
    unsure = networkd.of(GivenFiles({FILE: "[Match]\nHost=a\n"}), ETH0, 257)
    assert unsure is not None
    assert not unsure.certain


def test_networkd_forwards_for_all_by_its_own_configuration() -> None:
    own = {"/etc/systemd/networkd.conf.d/a.conf": "[Network]\nIPv6Forwarding=yes\n"}
    found = boot({**NETWORKD, **own, FILE: MATCH}, docker=False, systemd=257)
    assert values(found, "all.forwarding", "eth0.forwarding") == [1, 1]
    assert found.has_route_by_advertisement("eth0") is False
    found = boot({**NETWORKD, **own, FILE: MATCH}, docker=False, systemd=252)
    assert values(found, "all.forwarding") == [0]


PROFILE = "/etc/NetworkManager/system-connections/a.nmconnection"


@pytest.mark.parametrize(
    ("text", "expected", "hears"),
    [
        ("[connection]\ntype=ethernet\ninterface-name=eth0\n[ipv6]\nmethod=auto\n", 0, True),
        ("[connection]\ntype=ethernet\n[ipv6]\nmethod=manual\n", 0, False),
        ("[connection]\ntype=ethernet\n[ipv6]\nmethod=ignore\n", 1, False),
        ("[connection]\ntype=wifi\n[ipv6]\nmethod=ignore\n", 0, True),
        (
            "[connection]\ntype=ethernet\n[ipv6]\nmethod=ignore\n[.nmmeta]\nnm-generated=true\n",
            0,
            True,
        ),
        ("[connection]\ntype=ethernet\ninterface-name=eth9\n[ipv6]\nmethod=ignore\n", 0, True),
        ("[connection]\ntype=ethernet\nautoconnect=false\n[ipv6]\nmethod=ignore\n", 0, True),
    ],
)
def test_network_manager_hears_by_its_method(text: str, expected: int, hears: bool) -> None:
    found = boot({**NETWORK_MANAGER, PROFILE: text})
    assert accept_ra(found) == expected
    assert found.has_route_by_advertisement("eth0") is hears
    # It leaves alone what /etc/network/interfaces names, and what it is told to.
    named = {**NETWORK_MANAGER, **NETWORKING, PROFILE: text, INTERFACES: "iface eth0 inet dhcp\n"}
    assert accept_ra(boot(named)) == 1
    told = "[keyfile]\nunmanaged-devices=mac:00:00:00:00:00:01;interface-name:eth*\n"
    left = {**NETWORK_MANAGER, PROFILE: text, "/etc/NetworkManager/conf.d/a.conf": told}
    assert accept_ra(boot(left)) == 1


def test_dhcpcd_takes_interfaces_by_its_service_and_for_ifupdown() -> None:
    service = {f"{WANTS}/dhcpcd.service": "[Unit]\n"}
    assert boot(service).hearing["eth0"].program == "dhcpcd"
    denied = {**service, "/etc/dhcpcd.conf": "denyinterfaces eth0\n"}
    assert accept_ra(boot(denied)) == 1
    files = {**NETWORKING, INTERFACES: "auto eth0\niface eth0 inet dhcp\n"}
    assert boot(files, programs=frozenset({"/usr/sbin/dhcpcd"})).hearing["eth0"].program
    both = frozenset({"/usr/sbin/dhcpcd", "/sbin/dhclient"})
    assert boot(files, programs=both).hearing["eth0"].program == ""


OWN = (
    "[Service]\nExecStartPre=-sysctl --load=/etc/sysctl.d/90-docker-ipv6-wizard.conf\n"
    "ExecStart=/usr/bin/python3 -I /var/lib/x/run.py wizard.uplink --forwarding eth0 eth1\n"
)


def test_the_service_of_the_wizard_keeps_what_others_set() -> None:
    name = "docker-ipv6-wizard-uplink.service"
    text = "auto eth0\niface eth0 inet6 auto\n accept_ra 1\n"
    files = {**NETWORKING, INTERFACES: text, f"/etc/systemd/system/{name}": OWN}
    found = boot({**files, f"{WANTS}/{name}": OWN}, docker=False)
    assert values(found, "eth0.accept_ra", "all.forwarding", "lo.accept_ra") == [2, 1, 1]
    # Not where it is not enabled, or masked.
    assert accept_ra(boot(files)) == 1
    masked = {**files, f"{WANTS}/{name}": OWN, f"/etc/systemd/system/{name}": ""}
    assert accept_ra(boot(masked)) == 1


def test_lines_of_programs_are_shown_and_not_computed() -> None:
    files = {
        INTERFACES: "auto eth0\niface eth0 inet6 auto\n up /usr/local/sbin/fw start\n"
        " up sysctl -w net.ipv6.conf.eth0.accept_ra=2\n"
        " up sysctl -w $(cat /etc/values)=accept_ra\n",
        "/usr/local/sbin/fw": "#!/bin/sh\n# accept_ra\nsysctl -w net.ipv4.ip_forward=1\n"
        "echo 0 > /proc/sys/net/ipv6/conf/all/forwarding\n",
        "/etc/rc.local": "#!/bin/sh\nsysctl --system\n",
        "/etc/cron.d/a": "0 * * * * root sysctl net.ipv6.conf.all.accept_ra=1\n"
        "@reboot root sysctl net.ipv6.conf.eth0.accept_ra=1\n",
        "/etc/systemd/system/fw.service": "[Service]\nExecStartPre=/bin/true\n"
        "ExecStart=/bin/sh -c 'echo 1 > /proc/sys/net/ipv6/conf/eth0/accept_ra'\n",
        "/etc/systemd/system/docker-ipv6-wizard-uplink.service": OWN,
        "/usr/lib/systemd/system/shipped.service": "[Service]\nExecStart=/bin/x --forwarding\n",
    }
    given = GivenFiles(files)
    found = scripts.lines(given, interfaces.parse(given))
    assert [(each.path, each.number) for each in found] == [
        ("/etc/rc.local", 2),
        ("/etc/cron.d/a", 2),
        ("/etc/systemd/system/fw.service", 3),
        ("/usr/local/sbin/fw", 4),
        (INTERFACES, 5),
    ]


RA = Now((Route("eth0", "ra"),), frozenset({"eth0"}), forwards=True)


def test_a_route_that_would_be_lost_is_said_with_the_line_that_does_it() -> None:
    text = "auto eth0\niface eth0 inet6 auto\n accept_ra 1\n"
    files = {**NETWORKING, INTERFACES: text}
    found = outlook.compare(boot(files), RA)
    ((interface, sentence),) = found.lost
    assert interface == "eth0"
    assert "line 3 of /etc/network/interfaces" in sentence
    assert "set by Docker" in sentence
    assert outlook.compare(boot(files, docker=False), RA).lost == ()
    well = {**NETWORKING, INTERFACES: text.replace("1", "2")}
    assert outlook.compare(boot(well), RA).sentences == ()
    # A second interface that only has addresses that way counts as much.
    address = Now((Route("eth9", "static"),), frozenset({"eth0"}), forwards=True)
    assert [each for each, _ in outlook.compare(boot(files), address).lost] == ["eth0"]


def test_where_a_line_is_to_be_read_a_loss_is_no_certainty() -> None:
    text = "auto eth0\niface eth0 inet6 auto\n accept_ra 1\n"
    script = {"/etc/rc.local": "#!/bin/sh\nsysctl -w net.ipv6.conf.eth0.accept_ra=2\n"}
    found = outlook.compare(boot({**NETWORKING, INTERFACES: text, **script}), RA)
    assert found.lost == ()
    assert any("as far as can be computed" in each for each in found.sentences)
    assert any("read line 2 of /etc/rc.local" in each for each in found.sentences)


def test_containers_without_forwarding_and_routes_typed_by_hand_are_said() -> None:
    off = {"/etc/sysctl.d/99-hard.conf": "\nnet.ipv6.conf.all.forwarding=0\n"}
    quiet = Now((), frozenset(), forwards=True)
    (sentence,) = outlook.compare(boot(off, docker=False), quiet).sentences
    assert "line 2 of /etc/sysctl.d/99-hard.conf" in sentence
    assert outlook.compare(boot(off), quiet).sentences == ()
    assert outlook.compare(boot({}, docker=False), Now((), frozenset(), False)).sentences == ()
    by_hand = Now((Route("eth0", "boot"),), frozenset(), forwards=True)
    (sentence,) = outlook.compare(boot({}), by_hand).sentences
    assert "typed by hand" in sentence
    text = "auto eth0\niface eth0 inet6 static\n address 2001:db8::2/64\n gateway 2001:db8::1\n"
    written = {**NETWORKING, INTERFACES: text}
    assert outlook.compare(boot(written), by_hand).sentences == ()
    line = "auto eth0\niface eth0 inet6 manual\n up ip -6 route add default via fe80::1 dev eth0\n"
    assert outlook.compare(boot({**NETWORKING, INTERFACES: line}), by_hand).sentences == ()


def test_routes_and_addresses_are_told_from_what_ip_says() -> None:
    shown: list[dict[str, Any]] = [
        {"dst": "default", "gateway": "fe80::1", "dev": "eth0", "protocol": "ra"},
        {"dst": "default", "protocol": "static", "nexthops": [{"dev": "a"}, {"dev": "b"}]},
        {"dst": "default", "type": "unreachable", "dev": "lo", "protocol": "kernel"},
    ]
    assert reader.routes(shown) == [Route("eth0", "ra"), Route("a", "static"), Route("b", "static")]
    addresses = [
        {"ifname": "eth0", "addr_info": [{"family": "inet6", "dynamic": True, "prefixlen": 64}]},
        {"ifname": "eth1", "addr_info": [{"family": "inet6", "dynamic": True, "prefixlen": 128}]},
        {"ifname": "eth2", "addr_info": [{"family": "inet6", "prefixlen": 64}]},
    ]
    assert reader.advertised(addresses) == ["eth0"]


def outlooks(*found: outlook.Outlook) -> Callable[[], outlook.Outlook]:
    left = list(found)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def test_only_what_a_change_would_make_the_next_boot_take_is_a_fault() -> None:
    well, lost = outlook.Outlook(), outlook.Outlook((("eth0", "It would be lost."),))
    other = outlook.Outlook((*lost.lost, ("eth1", "This, too.")))
    aspect = NextBoot(outlooks(well, lost))
    aspect.look()
    assert aspect.faults() == []
    assert aspect.look() == {}
    assert aspect.faults() == ["It would be lost."]
    aspect = NextBoot(outlooks(lost, other))
    aspect.look()
    assert aspect.look() == {}
    assert aspect.faults() == ["This, too."]
    aspect = NextBoot(outlooks(well))
    aspect.look()
    assert aspect.faults() == []


def test_a_fault_of_the_forecast_is_said_and_breaks_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("odd")

    monkeypatch.setattr(outlook, "foresee", fail)
    found = outlook.look()
    assert found.lost == ()
    assert "could not be foreseen" in found.sentences[0]


@pytest.mark.parametrize(
    ("count", "last"),
    [
        (8, "Not computed: read line 8 of /etc/rc.local: sysctl x"),
        (9, "Not computed, besides: 1 more line of such programs."),
        (11, "Not computed, besides: 3 more lines of such programs."),
    ],
)
def test_no_more_than_eight_lines_are_shown_to_read(count: int, last: str) -> None:
    unread = tuple(scripts.Line("/etc/rc.local", each, "sysctl x") for each in range(1, count + 1))
    said = outlook.Outlook(unread=unread).sentences
    assert said[-1] == last
    assert len(said) == min(count, 9)
