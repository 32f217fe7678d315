"""What becomes of IPv6 forwarding, and of shared files, where it passes from one to another."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.made_up_deployments import deployment
from tests.unit.test_repair import Kept
from wizard.platform.system import FileState
from wizard.record import tables
from wizard.record.store import Store
from wizard.run.change_order import Around, Made, new_first, old_first
from wizard.run.ground import Ground, ground_of
from wizard.steps.base import Step
from wizard.steps.compose_file import ComposeFile
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.others import Other
from wizard.steps.sysctl import Sysctl
from wizard.steps.withdraw import Withdraw


def kept(name: str, store: Store) -> tuple[Kept, Ground, Around]:
    place = Kept(name, store)
    ground = ground_of(place.record, place.host, place.system)
    return place, ground, Around("mastodon", place.system, ground.system, ())


def one(kind: type[Step], steps: Sequence[Step]) -> Step:
    return next(step for step in steps if isinstance(step, kind))


def withdrawn(kind: type[Step], steps: Sequence[Step]) -> list[Withdraw]:
    return [each for each in steps if isinstance(each, Withdraw) and each.of == kind.kind]


def test_what_docker_switched_on_stays_on_for_the_file_that_comes(store: Store) -> None:
    _place, ground, around = kept("28", store)
    (network,) = [each for each in ground.made if isinstance(each.step, DockerNetwork)]
    (forwards,) = [each for each in deployment().plan().steps if isinstance(each, Sysctl)]
    assert forwards.forwards
    goes = [network]
    (gone,) = withdrawn(DockerNetwork, list(old_first(goes, [forwards], around)))
    needs = [Other("mastodon", Sysctl.kind, forwards, None)]
    left = network.step.goes_back_to(network.before, needs)
    assert left != network.before
    assert gone.found == tables.written(left)
    # A file that says nothing of it keeps it on for nobody.
    listens = replace(forwards, values=(("net.ipv6.conf.eth0.accept_ra", "2"),))
    for comes in ([listens], [], [network.step]):
        (gone,) = withdrawn(DockerNetwork, list(old_first(goes, comes, around)))
        assert gone.found == tables.written(network.before)
    assert gone.number == network.number
    assert gone.made == network.step.parameters()


def test_what_the_file_switched_on_stays_on_for_the_network_that_comes(store: Store) -> None:
    _place, ground, around = kept("private", store)
    (old,) = [each for each in ground.made if isinstance(each.step, Sysctl)]
    assert isinstance(old.step, Sysctl)
    other, _ground, _around = kept("28", store)
    (network,) = [each for each in other.made.plan().steps if isinstance(each, DockerNetwork)]
    assert network.engine_forwards
    steps = list(old_first([old], [network], around))
    (gone,) = withdrawn(Sysctl, steps)
    last = old.step.among([Other("mastodon", network.kind, network, None)])
    assert gone.made == last.parameters() != old.step.parameters()
    # What goes is before what comes where nothing changes in place.
    assert [each.kind for each in steps] == [gone.kind, network.kind]
    steps = list(old_first([old], [], around))
    (gone,) = withdrawn(Sysctl, steps)
    assert gone.made == old.step.parameters()


def test_kernel_parameters_change_in_place(store: Store) -> None:
    place, ground, around = kept("private", store)
    (old,) = [each for each in ground.made if isinstance(each.step, Sysctl)]
    assert isinstance(old.step, Sysctl)
    network = next(each for each in ground.made if isinstance(each.step, DockerNetwork))
    new = replace(old.step, values=old.step.values[:1])
    other = next(iter(deployment().plan().steps[1:]))
    first, gone, *rest = old_first([old, network], [other, new], around)
    # First for both, from the file as it is; then what is not in the file of the new one.
    both = new.among([Other("mastodon", old.step.kind, old.step, old.before)])
    assert first == replace(both, previous=place.system.read(old.step.path))
    assert isinstance(gone, Withdraw)
    assert gone.of == DockerNetwork.kind
    assert rest[0] == other
    assert len(rest) == 2
    last = rest[1]
    assert isinstance(last, Withdraw)
    assert (last.of, last.number) == (Sysctl.kind, old.number)
    (rewrite,) = last.rewrites
    assert rewrite.path == old.step.path
    assert rewrite.before == FileState(both.text)
    assert rewrite.after == FileState(new.text) != rewrite.before
    # Where nothing of the old one is left there is nothing to take away.
    more = replace(new, values=(*old.step.values, ("net.ipv6.conf.eth0.accept_ra", "2")))
    kinds = [each.kind for each in old_first([old, network], [other, more], around)]
    assert kinds == [Sysctl.kind, Withdraw.kind, other.kind]


def test_a_compose_file_names_one_of_two_networks_at_every_instant(store: Store) -> None:
    place, ground, around = kept("private", store)
    (old,) = [each for each in ground.made if isinstance(each.step, ComposeFile)]
    assert isinstance(old.step, ComposeFile)
    assert old.step.after is not None
    new = replace(old.step, before=FileState("x"), after=replace(old.step.after, text="new\n"))
    (written,) = new_first([old], [new], around)
    assert written == replace(new, before=place.system.read(old.step.path))
    # One that only goes is taken out of the file.
    (gone,) = new_first([old], [], around)
    assert isinstance(gone, Withdraw)
    assert gone.of == ComposeFile.kind
    elsewhere = replace(new, path="/srv/other/compose.yml")
    assert [each.kind for each in new_first([old], [elsewhere], around)] == [
        ComposeFile.kind,
        Withdraw.kind,
    ]


@pytest.mark.parametrize("state", ["in effect", "missing", "changed by somebody"])
def test_only_what_is_in_effect_goes_on(state: str) -> None:
    step = deployment().plan().steps[0]
    assert Made(1, step, None, state).in_effect is (state == "in effect")
    assert Made(1, step, None).in_effect
