"""Whose the addresses of a prefix are: nobody's are another's as well."""

from ipaddress import IPv6Network

import pytest

from wizard.answers.address_plan import AddressPlan


@pytest.mark.parametrize("length", [65, 80, 112, 120])
def test_fixed_addresses_fill_the_room_between_the_bridge_and_what_docker_hands_out(
    length: int,
) -> None:
    plan = AddressPlan(IPv6Network(f"2001:db8:1:2:8000::/{length}"))
    assert plan.bridge == plan.prefix.network_address + 1
    assert plan.dynamic.subnet_of(plan.prefix)
    room = int(plan.dynamic.network_address) - int(plan.bridge) - 1
    assert plan.most_fixed == room > 0
    # One more, and it would be Docker's to hand out.
    for count in (plan.most_fixed, plan.most_fixed + 1) if room < 200 else (5,):
        addresses = list(plan.fixed([f"service{number}" for number in range(count)]).values())
        assert len(set(addresses)) == count
        assert min(addresses) == plan.bridge + 1
        assert (max(addresses) in plan.dynamic) is (count > plan.most_fixed)


def test_docker_counts_what_it_hands_out_in_32_bits_and_gets_far_less() -> None:
    plan = AddressPlan(IPv6Network("2001:db8:1:2::/64"))
    assert plan.dynamic.num_addresses == 1 << 16


@pytest.mark.parametrize("length", [112, 113, 120])
def test_docker_hands_out_the_other_half_of_a_small_prefix(length: int) -> None:
    plan = AddressPlan(IPv6Network(f"2001:db8:1:2:8000::/{length}"))
    assert plan.dynamic == list(plan.prefix.subnets())[1]
