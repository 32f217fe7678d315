import pytest

from tests.unit.recorded import DEBIAN12, DEBIAN13, DEBIAN14, text
from wizard.host.host import Debian
from wizard.host.looking import CannotTell
from wizard.host.parts.debian import parse


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (DEBIAN12, Debian("Debian GNU/Linux 12 (bookworm)", 12)),
        (DEBIAN13, Debian("Debian GNU/Linux 13 (trixie)", 13)),
        (DEBIAN14, Debian("Debian GNU/Linux forky/sid", 14)),
    ],
)
def test_a_real_debian_is_told_by_its_files(machine: str, expected: Debian) -> None:
    assert parse(text(machine, "os-release"), text(machine, "debian_version")) == expected


def test_unstable_without_a_version_takes_the_release_it_leads_to() -> None:
    release = 'PRETTY_NAME="Debian GNU/Linux trixie/sid"\nNAME="Debian GNU/Linux"\nID=debian\n'
    assert parse(release, "trixie/sid\n") == Debian("Debian GNU/Linux trixie/sid", 13)


@pytest.mark.parametrize(
    ("os_release", "debian_version", "version"),
    [
        (
            'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\nVERSION_CODENAME=noble\n',
            "trixie/sid",
            13,
        ),
        (
            'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="6"\nDEBIAN_CODENAME=bookworm\n',
            "12.4",
            12,
        ),
        ('ID=mine\nID_LIKE=debian\nVERSION_ID="7"\nVERSION_CODENAME=own\n', "11.9", 11),
        ("ID=homemade\nID_LIKE=debian\nVERSION_ID=2024\n", "", 0),
    ],
)
def test_a_derivative_has_the_version_of_the_debian_it_was_made_of(
    os_release: str, debian_version: str, version: int
) -> None:
    found = parse(os_release, debian_version)
    assert (found.version, found.derivative) == (version, True)


def test_anything_else_is_refused_by_its_name() -> None:
    release = 'NAME="Alpine Linux"\nID=alpine\nPRETTY_NAME="Alpine Linux v3.20"\n'
    with pytest.raises(CannotTell, match=r"Alpine Linux v3\.20, which is not Debian"):
        parse(release, "")


def test_an_escape_sequence_in_the_name_is_written_out() -> None:
    found = parse('ID=debian\nPRETTY_NAME="\x1b[2JDebian"\nVERSION_ID="13"\n', "13.1")
    assert found.name == r"\x1b[2JDebian"


def test_a_line_with_a_broken_quote_does_not_stop_the_others() -> None:
    assert parse('ID=debian\nVERSION_ID="12"\nHOME_URL=\'http://x\n', "").version == 12
