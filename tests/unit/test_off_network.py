"""Which services a Compose file of today has off the network that an edit put them on."""

import pytest

from wizard.compose.off_network import off_network

BEFORE = "services:\n  web: {image: one}\n  db: {image: two}\nnetworks: {six: {}}\n"
AFTER = BEFORE.replace("{image: one}", "{image: one, networks: [default, six]}")


@pytest.mark.parametrize(
    ("web", "is_off"),
    [
        ("{image: one, networks: [default, six]}", False),
        ("{image: one, networks: {six: {priority: 1}, other: {}}}", False),
        # Whether it is on its old network too is for its owner to say.
        ("{image: one, networks: [six]}", False),
        ("{image: one, networks: [default]}", True),
        ("{image: one}", True),
        ("!reset null", False),
    ],
)
def test_whoever_does_not_name_it_any_more_is_off_it(web: str, is_off: bool) -> None:
    now = BEFORE.replace("{image: one}", web)
    assert off_network(BEFORE, AFTER, now) == (("web",) if is_off else ())


def test_who_is_gone_has_another_name_or_was_never_put_on_it_is_not_off_it() -> None:
    assert off_network(BEFORE, AFTER, AFTER.replace("  web:", "  www:")) == ()
    assert off_network(BEFORE, AFTER, "services:\n  db: {image: two}\n") == ()
    assert off_network(BEFORE, AFTER, "services: [") == ()
    assert off_network("", AFTER, BEFORE) == ("web",)
