from pathlib import Path

import pytest

from tests.given_files import GivenFiles, of_ufw
from wizard.host.host import Sysctls
from wizard.host.parts.sysctls import detect, switching_off

OFF, ON = "net.ipv6.conf.all.forwarding = 0\n", "-net/ipv6/conf/all/forwarding=1\n"


def conf(root: Path, **interfaces: dict[str, int]) -> Path:
    for interface, values in interfaces.items():
        (root / interface).mkdir(parents=True)
        for name, value in values.items():
            (root / interface / name).write_text(f"{value}\n")
    return root


def test_the_values_of_every_interface_are_read(tmp_path: Path) -> None:
    here = {"forwarding": 0, "accept_ra": 1, "proxy_ndp": 0, "disable_ipv6": 0}
    found = detect(conf(tmp_path, all=here, eth0=here | {"accept_ra": 2, "proxy_ndp": 1}))
    assert found.forwarding == (("all", 0), ("eth0", 0))
    assert found.value("accept_ra", "eth0") == 2
    assert found.value("proxy_ndp", "eth0") == 1
    assert found.value("accept_ra", "eth1") is None
    assert not found.disabled


def test_ipv6_is_off_where_no_interface_has_it(tmp_path: Path) -> None:
    assert detect(conf(tmp_path, all={"disable_ipv6": 1}, eth0={"disable_ipv6": 1})).disabled


def test_one_interface_without_ipv6_does_not_switch_it_off(tmp_path: Path) -> None:
    assert not detect(conf(tmp_path, all={"disable_ipv6": 0}, eth0={"disable_ipv6": 1})).disabled


def test_ipv6_is_off_where_the_kernel_has_none(tmp_path: Path) -> None:
    found = detect(tmp_path / "missing")
    assert found.disabled
    assert found.accept_ra == ()


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ({}, None),
        ({"/etc/sysctl.d/60-cis.conf": f"# Hardening\n{OFF}"}, ("/etc/sysctl.d/60-cis.conf", 2)),
        ({"/etc/sysctl.conf": OFF}, ("/etc/sysctl.conf", 1)),
        ({"/usr/lib/sysctl.d/50-own.conf": "net.ipv6.conf.*.forwarding=0\n"},
         ("/usr/lib/sysctl.d/50-own.conf", 1)),
        ({"/etc/sysctl.d/60-cis.conf": OFF, "/etc/sysctl.d/70-own.conf": ON}, None),
        # sysctl(8) reads it last, though its name comes first.
        ({"/etc/sysctl.conf": OFF, "/etc/sysctl.d/70-own.conf": ON}, ("/etc/sysctl.conf", 1)),
        ({"/etc/sysctl.d/60-cis.conf": "net.ipv6.conf.default.forwarding=0\n"}, None),
        (of_ufw(f"# ufw\n{OFF}"), ("/etc/ufw/sysctl.conf", 2)),
        (of_ufw(f"{OFF}{ON}"), None),
        (of_ufw(OFF, enabled="no"), None),
        (of_ufw(OFF, at_boot=False), None),
        (of_ufw(ON) | {"/etc/sysctl.conf": OFF}, ("/etc/sysctl.conf", 1)),
        # The wizard's own does not make up for it: without it, it would be needed as well.
        ({"/etc/sysctl.d/60-cis.conf": OFF, "/etc/sysctl.d/zz-docker-ipv6-wizard.conf": ON},
         ("/etc/sysctl.d/60-cis.conf", 1)),
    ],
)  # fmt: skip
def test_the_line_is_found_by_which_all_files_together_switch_forwarding_off(
    texts: dict[str, str], found: tuple[str, int] | None
) -> None:
    assert switching_off(GivenFiles(texts)) == found


@pytest.mark.parametrize(
    ("accept_ra", "forwarding", "hears"),
    [
        (0, 0, False),
        (0, None, False),
        (1, 0, True),
        (1, 1, False),
        (1, None, None),
        (2, 0, True),
        (2, 1, True),
        (2, None, True),
        (None, 0, None),
        (None, 1, None),
    ],
)
def test_the_kernel_hears_advertisements_by_both_values_of_an_interface(
    accept_ra: int | None, forwarding: int | None, hears: bool | None
) -> None:
    def of_eth0(value: int | None, other: int) -> tuple[tuple[str, int], ...]:
        return (("eth1", other), *((("eth0", value),) if value is not None else ()))

    found = Sysctls(of_eth0(forwarding, 1), of_eth0(accept_ra, 2), ())
    assert found.kernel_hears("eth0") is hears
