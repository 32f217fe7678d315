"""What a report does not give away, and what it keeps so that it can be followed."""

import pytest

from wizard.platform.masking import MASKED, masked

KEPT = (
    "Docker 20.10.24 and Compose 1.29.2 at 10:42:04, 2026-11-26T10:42:04Z",
    "the loopback's ::1 and 127.0.0.1, everybody's :: and 0.0.0.0, and ff02::1",
    "[::]:3000/tcp is published; a::b::c is none",
    "sysctl net.ipv6.conf.eth0.accept_ra=2",
)


@pytest.mark.parametrize("text", KEPT)
def test_what_is_nobody_s_stays(text: str) -> None:
    assert masked(text) == text


def test_an_address_has_the_same_name_wherever_and_however_it_is_written() -> None:
    said = masked("2001:db8::10 via fe80::1; 2001:DB8:0::10/64 and [2001:db8::10]:443")
    assert said == "ipv6-1 via ipv6-2; ipv6-1/64 and [ipv6-1]:443"
    assert masked("192.0.2.7:80, 192.0.2.70, 192.0.2.7") == "ipv4-1:80, ipv4-2, ipv4-1"
    assert masked("link/ether 02:42:ac:11:00:02 brd") == "link/ether mac-1 brd"


@pytest.mark.parametrize(
    "line",
    [
        "DB_PASSWORD=hunter2 and more",
        "    POSTGRES_PASSWORD: hunter2",
        '+      - "SECRET_KEY_BASE=hunter2"',
        "AWS_ACCESS_KEY_ID = hunter2",
        "postgres://person:hunter2@db/mastodon",
        "OTP_SECRET: 'hunter2'",
    ],
)
def test_secrets_go(line: str) -> None:
    said = masked(line)
    assert "hunter2" not in said
    assert MASKED in said


def test_the_name_of_the_host_goes_and_other_words_stay() -> None:
    assert (
        masked("mastodon-1 practice practice-2", ["practice"]) == "mastodon-1 this-host practice-2"
    )
