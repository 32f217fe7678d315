import itertools

from wizard.uplink.keeper import Keeper


class MadeUpKernel:
    """A kernel with one interface, whose router answers the question that it is told to."""

    def __init__(self) -> None:
        self.value: int | None = 2
        self.forwarding: bool | None = True
        self.source: str | None = "fe80::10"
        self.route = True
        self.did: list[str] = []
        self.answers_at = 0
        self.sends = True

    def accept_ra(self, interface: str) -> int | None:
        return self.value

    def listen(self, interface: str) -> None:
        self.did.append(f"listen {interface}")
        self.value = 2

    def forwards(self) -> bool | None:
        return self.forwarding

    def forward(self) -> None:
        self.did.append(f"forward with {self.value}")
        self.forwarding = True

    def link_local(self, interface: str) -> str | None:
        return self.source

    def has_default_route(self, interface: str) -> bool:
        return self.route

    def solicit(self, interface: str, source: str) -> bool:
        self.did.append(f"solicit {interface} from {source}")
        asked = sum(each.startswith("solicit") for each in self.did)
        self.route = self.route or asked == self.answers_at
        return self.sends


def keeper(kernel: MadeUpKernel, *, forwarding: bool = False) -> Keeper:
    return Keeper(["eth0"], forwarding, kernel, say=lambda sentence: None)


def test_nothing_is_done_where_all_is_well() -> None:
    kernel = MadeUpKernel()
    assert keeper(kernel).look(0.0) is None
    assert kernel.did == []


def test_whoever_stops_it_listening_it_listens_again_and_asks_once_for_what_it_missed() -> None:
    kernel = MadeUpKernel()
    kept = keeper(kernel)
    kept.look(0.0)
    kernel.value = 1
    kept.look(1.0, changed=False)
    assert kernel.did == ["listen eth0", "solicit eth0 from fe80::10"]
    kept.look(2.0, changed=False)
    kept.look(9.0, changed=False)
    assert len(kernel.did) == 2


def test_it_asks_for_a_missing_default_route_less_and_less_often_until_it_is_there() -> None:
    kernel = MadeUpKernel()
    kernel.route, kernel.answers_at = False, 5
    kept = keeper(kernel)
    due, times = kept.look(0.0), [0.0]
    while due is not None:
        kept.look(due - 0.5, changed=False)
        asked = len(kernel.did)
        assert asked == len(times)
        times.append(due)
        due = kept.look(due, changed=False)
    assert len(kernel.did) == 5
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    for pause, wanted in zip(pauses, (4, 8, 16, 32), strict=False):
        assert wanted * 0.9 <= pause <= wanted * 1.1
    kernel.route = False
    kept.look(times[-1] + 100, changed=True)
    assert len(kernel.did) == 6


def test_an_interface_that_is_not_up_is_asked_on_as_soon_as_it_is() -> None:
    kernel = MadeUpKernel()
    kernel.route, kernel.source, kernel.answers_at = False, None, 1
    kept = keeper(kernel)
    assert kept.look(0.0) is None
    kernel.source = "fe80::10"
    kept.look(50.0, changed=True)
    assert kernel.did == ["solicit eth0 from fe80::10"]


def test_an_interface_that_is_gone_is_waited_for() -> None:
    kernel = MadeUpKernel()
    kernel.value, kernel.source = None, None
    kept = keeper(kernel)
    assert kept.look(0.0) is None
    kernel.value, kernel.source = 1, "fe80::10"
    kept.look(1.0)
    assert kernel.did[0] == "listen eth0"


def test_forwarding_comes_back_after_the_interfaces_listen() -> None:
    kernel, said = MadeUpKernel(), list[str]()
    kept = Keeper(["eth0"], False, kernel, said.append)
    kept.look(0.0)
    assert said == []
    kernel.value, kernel.forwarding = 1, False
    kept.look(1.0, changed=False)
    assert kernel.did[:2] == ["listen eth0", "forward with 2"]
    # Somebody wants to know who has changed what the host had been told.
    assert "accept_ra of eth0" in said[0]
    assert "forwarding" in said[1]


def test_forwarding_that_never_was_on_is_left_to_docker_unless_it_is_wanted() -> None:
    kernel = MadeUpKernel()
    kernel.forwarding = False
    keeper(kernel).look(0.0)
    assert kernel.did == []
    keeper(kernel, forwarding=True).look(0.0)
    assert kernel.did == ["forward with 2"]


def test_a_question_that_goes_astray_is_asked_at_the_first_pause_again() -> None:
    kernel = MadeUpKernel()
    kernel.route, kernel.sends = False, False
    kept, now = keeper(kernel), 0.0
    for _ in range(5):
        due = kept.look(now, changed=False) if now else kept.look(now)
        assert due is not None
        assert due - now == 4.0
        now = due


def test_no_pause_is_longer_than_an_hour() -> None:
    kernel = MadeUpKernel()
    kernel.route = False
    kept, now, longest = keeper(kernel), 0.0, 0.0
    for _ in range(20):
        due = kept.look(now, changed=False) if now else kept.look(now)
        assert due is not None
        longest, now = max(longest, due - now), due
    assert 3000 < longest < 4000


def test_what_was_missed_is_asked_for_at_once_even_in_a_long_pause_and_with_a_route() -> None:
    for route in (False, True):
        kernel = MadeUpKernel()
        kernel.route = route
        kept = keeper(kernel)
        for now in (0.0, 5.0, 15.0, 35.0):
            kept.look(now, changed=not now)
        asked = len(kernel.did)
        kernel.value = 1
        kept.look(36.0, changed=False)
        assert kernel.did[asked:] == ["listen eth0", "solicit eth0 from fe80::10"]


def test_a_route_or_a_link_that_went_begins_anew_with_short_pauses() -> None:
    for lost in ("route", "link"):
        kernel = MadeUpKernel()
        kernel.route = False
        kept, now = keeper(kernel), 0.0
        for _ in range(6):
            due = kept.look(now, changed=not now)
            now = due or now
        if lost == "route":
            kernel.route = True
            assert kept.look(now, changed=True) is None
            kernel.route = False
        else:
            kernel.source = None
            assert kept.look(now, changed=True) is None
            kernel.source = "fe80::10"
        now += 1
        due = kept.look(now, changed=True)
        assert due is not None
        assert due - now < 5
        assert kernel.did[-1].startswith("solicit")


def test_another_interface_is_looked_at_where_one_was_made_to_listen_again() -> None:
    class Two(MadeUpKernel):
        def accept_ra(self, interface: str) -> int | None:
            return self.value if interface == "eth1" else 2

    kernel = Two()
    kept = Keeper(["eth0", "eth1"], False, kernel, say=lambda sentence: None)
    kept.look(0.0)
    kernel.value, kernel.route = 1, False
    kept.look(1.0, changed=False)
    assert kernel.did == ["listen eth1", "solicit eth0 from fe80::10", "solicit eth1 from fe80::10"]


def test_a_kernel_without_ipv6_is_not_told_to_forward() -> None:
    kernel = MadeUpKernel()
    kernel.forwarding = None
    keeper(kernel, forwarding=True).look(0.0)
    assert kernel.did == []


def test_without_an_interface_forwarding_is_kept_on_once_it_was_on() -> None:
    kernel = MadeUpKernel()
    kernel.forwarding = False
    keeper = Keeper([], kernel=kernel, say=lambda _: None)
    assert keeper.look(0.0) is None
    assert kernel.did == []
    # Docker has begun to forward, and then a file of kernel parameters is read.
    kernel.forwarding = True
    keeper.look(1.0)
    kernel.forwarding = False
    keeper.look(2.0)
    assert kernel.did == ["forward with 2"]
