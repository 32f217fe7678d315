import subprocess
import sys
import threading
import time
from dataclasses import fields
from typing import Any

import pytest

from tests import made_up_hosts
from tests.lines import PATIENCE
from wizard.host import detectors as every_detector
from wizard.host import look
from wizard.host.detectors import Detector, detectors, gather
from wizard.host.host import Host, Unknown
from wizard.host.looking import CannotTell
from wizard.record.store import Store
from wizard.session import Session


def healthy() -> dict[str, Detector]:
    host = made_up_hosts.debian13()
    return {field.name: _giving(getattr(host, field.name)) for field in fields(Host)}


def _giving(value: object) -> Detector:
    return lambda: value


def test_every_field_of_a_host_has_a_detector() -> None:
    assert set(detectors()) == {field.name for field in fields(Host)}


def test_what_a_plan_depends_on_is_looked_for_without_asking_anybody_outside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    found = healthy() | {"outward": lambda: asked.append("outward")}
    monkeypatch.setattr(look, "detectors", lambda: found)
    host = look.look()
    assert not asked
    assert isinstance(host.outward, Unknown)
    assert host.uplink == made_up_hosts.debian13().uplink


def test_a_busy_host_is_given_more_time_where_nobody_waits_at_a_screen(
    monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    def late() -> object:
        time.sleep(1)
        return made_up_hosts.debian13().debian

    found = healthy() | {"debian": late}
    monkeypatch.setattr(every_detector, "detectors", lambda target: found)
    monkeypatch.setattr(every_detector, "DEADLINE", 0.2)
    assert Session(store).detect() == made_up_hosts.debian13()
    assert isinstance(Session(store).detect(lambda field, value: None).debian, Unknown)


def test_what_the_detectors_find_makes_the_host() -> None:
    assert gather(healthy()) == made_up_hosts.debian13()


def test_each_finding_is_told_once_and_never_two_at_once() -> None:
    told: list[str] = []
    inside = threading.Lock()

    def found(field: str, value: object) -> None:
        assert inside.acquire(blocking=False)
        time.sleep(0.001)
        told.append(field)
        inside.release()

    host = gather(healthy(), found)
    assert sorted(told) == sorted(field.name for field in fields(host))


def test_a_detector_that_cannot_tell_gives_its_reason() -> None:
    def refuse() -> object:
        raise CannotTell("It is closed: run the wizard as root.")

    assert gather(healthy() | {"engine": refuse}).engine == Unknown(
        "It is closed: run the wizard as root."
    )


def test_a_detector_that_breaks_gives_a_sentence_and_hurts_no_other() -> None:
    def broken() -> object:
        raise KeyError("\x1b[2J")

    host = gather(healthy() | {"uplink": broken})
    assert isinstance(host.uplink, Unknown)
    assert "KeyError" in host.uplink.reason
    assert "\x1b" not in host.uplink.reason
    assert host.engine == made_up_hosts.debian13().engine


def test_a_detector_that_hangs_is_given_up_and_told() -> None:
    never = threading.Event()
    told: dict[str, object] = {}
    begun = time.monotonic()
    host = gather(
        healthy() | {"engine": never.wait, "networks": never.wait, "uplink": never.wait},
        told.__setitem__,
        deadline=0.1,
    )
    assert time.monotonic() - begun < PATIENCE
    assert isinstance(host.engine, Unknown)
    assert "Docker did not answer within 0.1 seconds" in host.engine.reason
    assert told["networks"] == host.networks
    assert isinstance(host.uplink, Unknown)
    assert "“IPv6 uplink” did not answer" in host.uplink.reason
    never.set()


def test_an_answer_after_the_deadline_is_not_told_any_more() -> None:
    late, told = threading.Event(), []
    host = gather(
        healthy() | {"kernel": late.wait}, lambda field, _: told.append(field), deadline=0.05
    )
    late.set()
    for thread in threading.enumerate():
        if thread.name == "detect kernel":
            thread.join(PATIENCE)
    assert isinstance(host.kernel, Unknown)
    assert told.count("kernel") == 1


def test_a_hanging_detector_does_not_keep_the_program_from_ending() -> None:
    program = (
        "import threading\n"
        "from wizard.host.detectors import gather\n"
        "try:\n"
        "    gather({'kernel': threading.Event().wait}, deadline=0.05)\n"
        "except TypeError:\n"
        "    pass\n"
    )
    subprocess.run([sys.executable, "-c", program], timeout=PATIENCE, check=True)


@pytest.mark.parametrize("module", ["wizard.host.host", "wizard.describe", "wizard.host.detectors"])
def test_importing_loads_neither_docker_nor_pyroute2(module: str) -> None:
    program = (
        f"import {module}, sys; print({{'docker', 'pyroute2', 'requests'}} & set(sys.modules))"
    )
    done: Any = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
