"""The README's table of firewalls is what runs of the tests saw."""

from tests import table
from tests.machines.firewalls import COLUMNS


def test_the_table_of_the_readme_says_what_was_seen() -> None:
    between = table.between_markers(table.README.read_text())
    assert between == f"\n{table.drawn(table.stored())}\n"


def test_a_cell_names_the_releases_on_which_it_held_and_one_mode_where_only_one_did() -> None:
    run = "".join(
        f'<property name="held" value="ufw|{release}|{mode}|{column}"/>'
        for release, mode, column in (
            (13, "ula", "private"),
            (13, "ula", "after a reboot"),
            (13, "routed", "after a reboot"),
            (14, "ula", "private"),
            (14, "ula", "after a reboot"),
        )
    )
    seen = table.in_run(
        f"<testsuites><testcase><properties>{run}</properties></testcase></testsuites>"
    )
    (row,) = (line for line in table.drawn(seen).splitlines() if line.startswith("| ufw "))
    cells = dict(zip(("host", *COLUMNS), row.strip("| ").split(" | "), strict=False))
    assert cells["private"] == "13, 14"
    assert cells["public"] == ""
    assert cells["told"] == "–"
    assert cells["after a reboot"] == "13, 14 private"
