"""What the kernel answers is decoded once, for all the threads that look at it."""

import socket
import threading
from collections.abc import Iterator
from typing import Any, get_args

from wizard.host.netlink import Attribute, Netlink, attribute


def values(found: Any) -> Iterator[Any]:
    yield found
    if isinstance(found, dict):
        for each in found.values():
            yield from values(each)
    elif isinstance(found, list | tuple):
        for each in found:
            yield from values(each)


def test_nothing_is_left_to_be_decoded_by_whoever_looks_first() -> None:
    snapshot = Netlink().snapshot()
    kinds = {type(each).__module__ for each in values([*snapshot.links, *snapshot.routes])}
    assert kinds == {"builtins"}
    assert {type(each) for each in snapshot.links} == {dict}


def test_what_nobody_asks_for_is_not_decoded() -> None:
    snapshot = Netlink().snapshot()
    messages = [*snapshot.links, *snapshot.addresses, *snapshot.routes]
    decoded = {name for each in messages for name, _value in each["attrs"]}
    assert {"IFLA_IFNAME", "IFLA_MTU"} <= decoded <= set(get_args(Attribute))


def test_many_threads_see_the_same_at_once() -> None:
    found: list[list[object]] = []
    for _ in range(20):
        netlink, together = Netlink(), threading.Barrier(6)

        def look(netlink: Netlink = netlink, together: threading.Barrier = together) -> None:
            together.wait()
            routes = netlink.snapshot().routes
            found.append([attribute(each, "RTA_TABLE") for each in routes])

        threads = [threading.Thread(target=look) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert len(found) == 120
    assert all(isinstance(table, int) for tables in found for table in tables if table is not None)
    assert (
        socket.AF_INET in {each["family"] for each in Netlink().snapshot().routes} or not found[0]
    )
