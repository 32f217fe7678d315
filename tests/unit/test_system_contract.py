"""The made-up host answers as tests/system_contract.py says; tests/machines asks a real one."""

from tests.made_up_system import difference
from tests.system_contract import Case, every_case, made_up


@every_case
def test_the_made_up_host_answers_as_a_host_does(case: Case) -> None:
    system = made_up()
    before = system.snapshot()
    case(system)
    assert difference(before, system.snapshot()) <= {"default route"}
