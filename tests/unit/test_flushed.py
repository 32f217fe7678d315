"""A reload of nftables.service that takes away what Docker makes is told before."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from wizard.answers.choices import Mode
from wizard.host import nftables_files
from wizard.host.host import Host, Unknown
from wizard.host.parts import firewall
from wizard.noticed import flushed


def flushing(host: Host) -> Host:
    assert not isinstance(host.firewall, Unknown)
    return replace(host, firewall=replace(host.firewall, flushed_by="“x” (/etc/y line 3)"))


@pytest.mark.parametrize(
    ("mode", "meanwhile"), [(Mode.ULA, "does not pass"), (Mode.ROUTED, "nobody gets in")]
)
def test_it_is_said_where_docker_makes_the_rules(mode: Mode, meanwhile: str) -> None:
    host = made_up_hosts.debian14()
    choices = replace(deployment().choices, mode=mode)
    (said,) = flushed.notices(flushing(host), choices)
    assert "“x” (/etc/y line 3) takes" in said
    assert meanwhile in said
    assert not list(flushed.notices(host, choices))


@pytest.mark.parametrize("mode", Mode)
def test_rules_of_the_wizard_s_own_are_kept_and_need_no_word(mode: Mode) -> None:
    choices = replace(deployment().choices, mode=mode)
    assert not list(flushed.notices(flushing(made_up_hosts.debian13()), choices))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#!/usr/sbin/nft -f\n\nflush ruleset\n", 3),
        ("#!/usr/sbin/nft -f\n\tflush  ruleset; table inet x {\n}\n", 2),
        ("# flush ruleset\nflush table inet x\n", 0),
        ("flush ruleset ip\n", 0),
    ],
)
def test_where_it_is_flushed(tmp_path: Path, text: str, expected: int) -> None:
    main, other = tmp_path / "nftables.conf", tmp_path / "own.nft"
    main.write_text(f'include "{other}"\n')
    other.write_text(text)
    assert nftables_files.flushes(main) == (f"{other} line {expected}" if expected else "")


@pytest.mark.parametrize(
    ("active", "saved", "expected"),
    [
        ("nftables.service", "", "“systemctl reload nftables”"),
        ("netfilter-persistent.service", "*filter\nCOMMIT\n", "“netfilter-persistent reload”"),
        ("netfilter-persistent.service", "*mangle\nCOMMIT\n", ""),
        ("ferm.service", "", "“systemctl reload ferm”"),
        ("shorewall6.service", "*filter\nCOMMIT\n", "“shorewall6 reload”"),
        ("ufw.service", "*filter\nCOMMIT\n", ""),
    ],
)
def test_who_flushes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, active: str, saved: str, expected: str
) -> None:
    configuration = tmp_path / "nftables.conf"
    configuration.write_text("flush ruleset\n")
    (tmp_path / "rules.v6").write_text(saved)
    monkeypatch.setattr(firewall, "is_active", active.__eq__)
    monkeypatch.setattr(firewall, "SAVED", tmp_path / "rules.v6")
    flushes = partial(nftables_files.flushes, configuration)
    monkeypatch.setattr(nftables_files, "flushes", flushes)
    assert firewall.flushed_by().partition(" (")[0] == expected
