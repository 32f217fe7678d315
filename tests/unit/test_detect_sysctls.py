from pathlib import Path

from wizard.host.parts.sysctls import detect


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
