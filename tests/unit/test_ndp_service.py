"""The service's loop, with an engine and a table that are made up."""

import contextlib
import queue
import threading
import time
from collections.abc import Iterator
from ipaddress import IPv6Address
from typing import cast

import pytest

from tests.lines import PATIENCE
from wizard.ndp import service
from wizard.ndp.difference import Difference
from wizard.ndp.docker_engine import DockerEngine
from wizard.ndp.proxy_table import ProxyTable
from wizard.ndp.served_network import Addresses, NotOurs, ServedNetwork
from wizard.ndp.service import Service
from wizard.platform.errors import WizardError

ONE, TWO, STRANGE = (IPv6Address(f"2001:db8:1:2:1::{number}") for number in (1, 2, 99))


class Engine:
    """An engine that says what a test tells it to; None in its script is its end."""

    def __init__(self) -> None:
        self.present: frozenset[IPv6Address] = frozenset()
        self.silent = False
        self.foreign = False
        self.refused: frozenset[IPv6Address] = frozenset()
        self.asked = 0
        self.script: queue.SimpleQueue[bool | None] = queue.SimpleQueue()

    def addresses(self, network: ServedNetwork) -> Addresses:
        assert network == ServedNetwork("wizard")
        self.asked += 1
        if self.foreign:
            raise NotOurs("The network wizard is not the one that was set up.")
        if self.silent:
            raise WizardError("Docker does not answer: timed out.")
        return Addresses(self.present, self.refused)

    def happenings(self, network: str) -> Iterator[bool]:
        while (happening := self.script.get()) is not None:
            yield happening


class Table:
    def __init__(self) -> None:
        self.now: dict[IPv6Address, bool] = {}
        self.trouble: str | None = None
        self.taken: set[IPv6Address] = set()
        self.prompt = 0
        self.slow = False

    def never(self) -> set[IPv6Address]:
        return self.taken

    def entries(self) -> dict[IPv6Address, bool]:
        return dict(self.now)

    def apply(self, change: Difference) -> None:
        for address in change.remove:
            del self.now[address]
        self.now |= dict.fromkeys(change.add, True)

    def answer_at_once(self) -> None:
        self.prompt += 1
        if self.slow:
            raise WizardError("ip could not do it.")

    def obstacle(self) -> str | None:
        return self.trouble


class Running:
    def __init__(self) -> None:
        self.engine, self.table = Engine(), Table()
        self.service = Service(
            cast("DockerEngine", self.engine),
            cast("ProxyTable", self.table),
            "no-such-uplink",
            [ServedNetwork("wizard")],
        )
        self.thread = threading.Thread(target=self.service.run, daemon=True)

    def stop(self) -> None:
        self.service.stop()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()

    def until(self, wanted: dict[IPv6Address, bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.table.now != wanted:
            assert time.monotonic() < deadline, self.table.now
            time.sleep(0.001)

    def until_status(self, part: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while part not in self.service.status:
            assert time.monotonic() < deadline, self.service.status
            time.sleep(0.001)


@pytest.fixture
def running() -> Iterator[Running]:
    made = Running()
    made.table.now = {STRANGE: False}
    made.thread.start()
    yield made
    with contextlib.suppress(AssertionError):
        made.stop()


def test_an_event_makes_it_compare_and_mend(running: Running) -> None:
    running.engine.script.put(False)
    running.engine.present = frozenset({ONE})
    running.engine.script.put(True)
    running.until({STRANGE: False, ONE: True})
    running.engine.present = frozenset({TWO})
    running.engine.script.put(True)
    running.until({STRANGE: False, TWO: True})
    running.until_status("answering for 1 address on no-such-uplink")


def test_an_interface_that_answers_late_is_said_and_keeps_no_address_back(
    running: Running,
) -> None:
    running.table.slow = True
    running.engine.present = frozenset({ONE})
    running.engine.script.put(False)
    running.until({STRANGE: False, ONE: True})
    running.until_status("ip could not do it")
    running.table.slow = False
    before = running.table.prompt
    running.engine.script.put(True)
    running.until_status("answering for 1 address on no-such-uplink")
    deadline = time.monotonic() + PATIENCE
    while running.table.prompt == before or "ip could" in running.service.status:
        assert time.monotonic() < deadline, running.service.status
        time.sleep(0.001)


def test_a_burst_of_events_is_not_a_burst_of_questions(running: Running) -> None:
    running.engine.present = frozenset({ONE})
    running.engine.script.put(False)
    running.until({STRANGE: False, ONE: True})
    before, begun = running.engine.asked, time.monotonic()
    running.engine.present = frozenset({ONE, TWO})
    for _ in range(200):
        running.engine.script.put(True)
        time.sleep(0.001)
    running.until({STRANGE: False, ONE: True, TWO: True})
    assert running.engine.asked - before <= (time.monotonic() - begun) / service._PAUSE + 2


def test_entries_stay_while_the_engine_is_silent_or_gone(running: Running) -> None:
    running.engine.present = frozenset({ONE})
    running.engine.script.put(False)
    running.until({STRANGE: False, ONE: True})
    running.engine.silent = True
    running.engine.present = frozenset()
    running.engine.script.put(True)
    running.until_status("does not answer: timed out")
    assert running.table.now == {STRANGE: False, ONE: True}
    running.engine.script.put(None)
    running.until_status("Docker is away")
    assert running.table.now == {STRANGE: False, ONE: True}
    running.engine.silent = False
    running.engine.script.put(False)
    running.until({STRANGE: False})


def test_before_the_engine_has_spoken_no_entry_is_removed() -> None:
    made = Running()
    made.table.now = {ONE: True}
    made.thread.start()
    made.until_status("Docker is away")
    assert made.table.now == {ONE: True}
    assert made.engine.asked == 0
    made.stop()


def test_a_stop_takes_its_own_entries_away_and_leaves_the_others(running: Running) -> None:
    running.engine.present = frozenset({ONE, TWO})
    running.engine.script.put(False)
    running.until({STRANGE: False, ONE: True, TWO: True})
    running.stop()
    assert running.table.now == {STRANGE: False}


def test_the_status_tells_what_keeps_the_kernel_from_answering(running: Running) -> None:
    running.table.trouble = "net.ipv6.conf.all.proxy_ndp is not 1, so the kernel answers for none"
    running.engine.script.put(False)
    running.until_status("no-such-uplink; net.ipv6.conf.all.proxy_ndp is not 1, so")


def test_a_network_that_is_not_ours_any_more_is_served_no_more(running: Running) -> None:
    running.engine.present = frozenset({ONE})
    running.engine.script.put(False)
    running.until({STRANGE: False, ONE: True})
    running.engine.foreign = True
    running.engine.script.put(True)
    running.until({STRANGE: False})
    running.until_status("The network wizard is not the one that was set up")
    running.engine.foreign = False
    running.engine.script.put(True)
    running.until({STRANGE: False, ONE: True})


def test_addresses_of_the_host_and_its_routers_are_never_answered_for(running: Running) -> None:
    running.engine.present = frozenset({ONE, TWO})
    running.engine.refused = frozenset({IPv6Address("ff02::1")})
    running.table.taken = {TWO}
    running.engine.script.put(False)
    running.until({STRANGE: False, ONE: True})
    running.until_status(f"{TWO} is an address that no container of the network can have")
    running.until_status("(2 in all)")
    # The host may get one later.
    running.table.taken = {ONE, TWO}
    running.engine.script.put(True)
    running.until({STRANGE: False})
