"""Units and files of ours that somebody has masked, disabled, stopped or removed."""

import os
import stat
from pathlib import Path

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import Deployment, deployment
from tests.made_up_system import UNITS, difference
from tests.unit.test_steps import before_step, quiet
from wizard.modes import plan_inputs
from wizard.platform.errors import Refused
from wizard.platform.files import Masked, write_durably
from wizard.platform.system import RealSystem
from wizard.run import journal
from wizard.steps.before import Before, FileBefore
from wizard.steps.ndppd import Ndppd
from wizard.steps.sysctl import Sysctl
from wizard.steps.systemd_unit import SystemdUnit

OURS = ("docker-ipv6-wizard.service", "docker-ipv6-wizard-filter.service")


def units(made: Deployment) -> list[SystemdUnit]:
    return [each for each in made.plan().steps if isinstance(each, SystemdUnit)]


def applied() -> tuple[Deployment, list[SystemdUnit]]:
    made = deployment(made_up_hosts.debian13())
    for step in made.plan().steps:
        step.apply(made.system, quiet)
    return made, units(made)


def test_a_name_that_is_masked_is_refused_beforehand_with_the_line_to_type() -> None:
    made = deployment(made_up_hosts.debian13())
    for step in units(made):
        made.system.masked = {step.path}
        before = made.system.snapshot()
        with pytest.raises(Refused, match=f"type: systemctl unmask {step.name}$") as refused:
            journal.check_obstacles(made.plan(), made.system)
        assert "Nothing was changed" in str(refused.value)
        assert difference(before, made.system.snapshot()) == set()


def test_so_is_a_masked_file_of_kernel_parameters_and_a_masked_ndppd() -> None:
    made = deployment(made_up_hosts.debian13())
    (step,) = (each for each in made.plan().steps if isinstance(each, Sysctl))
    made.system.masked = {step.path}
    with pytest.raises(Refused, match=f"masked {step.path}.* type: rm {step.path}$"):
        step.obstacle(made.system)
    made.system.masked = {f"{UNITS}/ndppd.service"}
    with pytest.raises(Refused, match=r"type: systemctl unmask ndppd\.service$"):
        Ndppd("eth0", "2001:db8::/80").obstacle(made.system)


def test_a_mask_where_no_step_writes_is_in_nobodys_way() -> None:
    made = deployment(made_up_hosts.debian13())
    host = made.host
    assert isinstance(host.projects, tuple)
    made.system.masked = {f"{UNITS}/docker-ipv6-wizard-ndp.service"}
    read = plan_inputs.read_project(made.system, host.projects[0])
    assert not made.system.masked & set(read.files)
    journal.check_obstacles(made.plan(), made.system)


def test_every_way_to_switch_a_unit_off_has_its_line() -> None:
    made, found = applied()
    assert {each.name for each in found} >= set(OURS)

    def said(step: SystemdUnit) -> str:
        before = Before(files=(FileBefore(step.path, exists=False),))
        return " ".join(dict.fromkeys(part.words for part in step.parts(made.system, before)))

    for step in found:
        assert said(step) == ""
        enable = f"type: systemctl enable --now {step.name}"
        # It runs, and would not after the next boot.
        made.system.enabled.discard(step.name)
        assert "disabled by somebody" in said(step)
        made.system.enabled.add(step.name)
        made.system.active.discard(step.name)
        assert f"does not run (inactive). To start it, {enable}" in said(step)
        made.system.enabled.discard(step.name)
        sentence = said(step)
        assert "disabled by somebody" in sentence and sentence.endswith(enable)
        file = made.system.files.pop(step.path)
        sentence = said(step)
        assert f"removed {step.path}" in sentence and sentence.endswith("--repair --yes")
        made.system.masked = {step.path}
        sentence = said(step)
        assert f"{step.name} is masked by somebody" in sentence
        assert f"type: systemctl unmask {step.name} && " in sentence
        assert sentence.endswith("--repair --yes")
        made.system.masked.clear()
        made.system.files[step.path] = file


@pytest.mark.parametrize("kind", ["systemd-unit", "filter-service"])
def test_what_is_masked_is_taken_back_whole_and_the_mask_stays(kind: str) -> None:
    made, step = before_step(kind)
    assert isinstance(step, SystemdUnit)
    before = made.system.snapshot()
    captured = step.capture(made.system)
    step.apply(made.system, quiet)
    del made.system.files[step.path]
    made.system.masked = {step.path}
    said: list[str] = []
    assert step.undo(made.system, captured, said.append) == ()
    assert any(f"type: systemctl unmask {step.name}" in line for line in said)
    assert step.name not in made.system.active | made.system.enabled
    made.system.masked = set()
    made.system.run(("systemctl", "daemon-reload"))
    assert difference(before, made.system.snapshot()) == set()


def test_the_rules_go_though_the_unit_that_loads_them_is_masked() -> None:
    made, step = before_step("ip6tables")
    captured = step.capture(made.system)
    step.apply(made.system, quiet)
    made.system.masked = {f"{UNITS}/docker-ipv6-wizard.service"}
    assert step.undo(made.system, captured, quiet) == ()


def test_a_mask_is_read_as_one_and_nothing_is_ever_put_in_the_place_of_a_device(
    tmp_path: Path,
) -> None:
    device, link = tmp_path / "null", tmp_path / "a.service"
    try:
        os.mknod(device, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root can make a device")
    link.symlink_to(device)
    with pytest.raises(Masked):
        RealSystem().read(str(link))
    with pytest.raises(PermissionError, match="device"):
        write_durably(link, "text", 0o644, 0, 0)
    with pytest.raises(PermissionError, match="device"):
        RealSystem().remove(str(link))
    assert device.is_char_device()
