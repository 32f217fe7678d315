"""One unit for several set-ups: a command line of a program for all, or the commands of all."""

import itertools

import pytest

from wizard.steps.shared_unit import merged

RUN = "/usr/bin/python3 -I -S /var/lib/x/current/run.py"


def unit(*commands: str, docker: str = "Before", more: str = "") -> str:
    starts = "".join(f"ExecStart={each}\n" for each in commands)
    return f"[Unit]\n{docker}=docker.service\n\n[Service]\n{starts}{more}\n[Install]\n"


def started(text: str) -> list[str]:
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith("ExecStart=")]


def in_any_order(*texts: str) -> str:
    """Return what they are merged to, whatever their order and however often one comes."""
    several = {merged(each) for each in itertools.permutations(texts)}
    (text,) = several | {merged([*texts, texts[0]])}
    return text


def test_one_alone_is_as_it_is() -> None:
    text = unit("b", "a")
    assert merged([text]) == merged([text, text]) == text


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (
            "wizard.ndp --uplink eth0 --network a --prefix fd00::/64",
            "wizard.ndp --uplink eth0 --network b --prefix fd01::/64 --socket /run/d",
            "wizard.ndp --uplink eth0 --network a --prefix fd00::/64 "
            "--network b --prefix fd01::/64 --socket /run/d",
        ),
        # What one of them says for several is said for each, and the same once.
        (
            "wizard.ndp --uplink eth0 --network c --network a",
            "wizard.ndp --uplink eth0 --network b --network a",
            "wizard.ndp --uplink eth0 --network a --network b --network c",
        ),
        (
            "wizard.ndp.fixed_service --uplink eth0 --address fd00::2 --address fd00::1",
            "wizard.ndp.fixed_service --uplink eth0 --address fd00::3",
            "wizard.ndp.fixed_service --uplink eth0 --address fd00::1 --address fd00::2 --address "
            "fd00::3",
        ),
        (
            "wizard.filter --bridge br-a --subnet fd00::/64",
            "wizard.filter --docker br-b --port 3000/tcp",
            "wizard.filter --bridge br-a --subnet fd00::/64 --docker br-b --port 3000/tcp",
        ),
        # Of another program options come first, and then the words of all, each once.
        (
            "wizard.uplink eth1 --forwarding",
            "wizard.uplink eth0 eth1",
            "wizard.uplink --forwarding eth0 eth1",
        ),
        ("wizard.uplink", "wizard.uplink eth0", "wizard.uplink eth0"),
        ("wizard.uplink --b 9x", "wizard.uplink eth0 --a", "wizard.uplink --a --b 9x eth0"),
    ],
)
@pytest.mark.parametrize("how", [RUN, "/usr/bin/python3 -m"])
def test_a_program_is_told_of_all_in_one_command(one: str, other: str, both: str, how: str) -> None:
    text = in_any_order(unit(f"{how} {one}"), unit(f"{how} {other}"))
    assert text == unit(f"{how} {both}")


def test_commands_of_all_come_once_each_in_the_order_in_which_they_work() -> None:
    one = unit(
        "+-modprobe --all ip6_tables ip6table_filter", "-sysctl --load=/etc/x",
        "-ip6tables --wait 10 -D A", "ip6tables-restore --noflush x",
        "ip -6 neigh replace proxy fd00::1 dev eth0", "unheard of",
    )  # fmt: skip
    other = unit(
        "-sysctl --load=/etc/x", "-ip6tables --wait 10 -D B", "ip6tables-restore --noflush x",
        "ip -6 neigh replace proxy fd00::2 dev eth0", "+-modprobe --all ip6_tables ip6table_nat",
    )  # fmt: skip
    lines = started(in_any_order(one, other))
    modules, *rest = lines
    assert modules.startswith("+-modprobe --all ")
    assert sorted(modules.split()[2:]) == ["ip6_tables", "ip6table_filter", "ip6table_nat"]
    assert rest == [
        "-sysctl --load=/etc/x",
        "-ip6tables --wait 10 -D A", "-ip6tables --wait 10 -D B",
        "ip6tables-restore --noflush x",
        "ip -6 neigh replace proxy fd00::1 dev eth0", "ip -6 neigh replace proxy fd00::2 dev eth0",
        "unheard of",
    ]  # fmt: skip


def test_a_program_beside_plain_commands_is_one_of_the_commands() -> None:
    program = unit(f"{RUN} wizard.uplink eth0", more="User=x\n")
    longer = unit("a", "b", more="#" * 64 + "\n")
    assert len(longer) > len(program)
    text = in_any_order(unit("-sysctl --load=/etc/x"), program, longer)
    assert sorted(started(text)) == sorted(
        ["-sysctl --load=/etc/x", f"{RUN} wizard.uplink eth0", "a", "b"]
    )
    assert started(text)[0] == "-sysctl --load=/etc/x"
    # All else is as in the unit of the program, line for line.
    rest = [line for line in text.splitlines() if not line.startswith("ExecStart=")]
    assert rest == [line for line in program.splitlines() if not line.startswith("ExecStart=")]


def test_programs_with_other_commands_beside_them_lose_none_of_those() -> None:
    programs = [f"{RUN} wizard.uplink {each}" for each in ("eth0", "eth1")]
    text = in_any_order(unit(programs[0], "a"), unit(programs[1], "b"))
    assert sorted(started(text)) == sorted([*programs, "a", "b"])


def test_of_two_that_differ_in_all_else_it_is_always_the_same_one_that_counts() -> None:
    one, other = (unit("a", more=f"User={each}\n") for each in "xy")
    assert in_any_order(one, other) in (one, other)


@pytest.mark.parametrize(("one", "other"), [*itertools.product(["Before", "After"], repeat=2)])
def test_it_comes_after_docker_where_one_of_them_has_to(one: str, other: str) -> None:
    text = in_any_order(unit("ip a", docker=one), unit("ip a", "ip b", docker=other))
    place = "After" if "After" in (one, other) else "Before"
    assert f"\n{place}=docker.service\n" in text
    assert text.count("=docker.service\n") == 1


def test_the_commands_stand_where_they_stood() -> None:
    text = in_any_order(unit("a", more="Type=oneshot\n"), unit("a", "b", more="Type=oneshot\n"))
    assert text == unit("a", "b", more="Type=oneshot\n")
