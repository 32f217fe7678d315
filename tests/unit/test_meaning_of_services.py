"""What a service of a Compose file is, by itself and with what it extends."""

import pytest

from wizard.compose import meaning
from wizard.compose.meaning import DEFAULT, NO_OPTIONS, FileMeaning, ServiceMeaning
from wizard.compose.read import parse_part
from wizard.platform.errors import Refused

NAME = "/srv/site/compose.yaml"


def said(text: str, others: dict[str, str] | None = None) -> FileMeaning:
    """Return what a file means, beside others that can be read by the names in it."""
    read = {name: parse_part(each.encode(), name).meaning for name, each in (others or {}).items()}
    return parse_part(text.encode(), NAME, read.get).meaning


def web(service: str, more: str = "", others: dict[str, str] | None = None) -> ServiceMeaning:
    return said(f"services:\n  web: {service}\n{more}", others).services["web"]


def named(service: ServiceMeaning) -> list[str] | None:
    return None if service.networks is None else sorted(service.networks)


# Compose file reference, networks: external and name; the long form is of file format 3.4 and less.
@pytest.mark.parametrize(
    ("network", "external", "own"),
    [
        ("", None, None),
        ("{}", None, None),
        ("text", None, None),
        ("{name: seven}", None, "seven"),
        ("{name: }", None, None),
        ("{name: !reset seven}", None, None),
        ("{external: true}", "six", None),
        ("{external: true, name: seven}", "seven", None),
        ("{external: false, name: seven}", None, "seven"),
        ("{external: '', name: seven}", None, "seven"),
        ("{external: {name: seven}}", "seven", None),
        ("{external: {}}", "six", None),
        ("{external: {name: seven}, name: eight}", "seven", None),
        ("{external: [true]}", None, None),
        ("{external: 'Yes'}", "six", None),
        ("{external: on}", "six", None),
        ("{external: !reset true, name: seven}", None, "seven"),
        ("{external: y}", "six", None),
        ("{external: '${IS_EXTERNAL:-true}'}", "six", None),
        ("{external: '${IS_EXTERNAL:-no}'}", None, None),
        ("{external: '1'}", None, None),
    ],
)
def test_who_makes_a_network_and_what_its_name_is(
    network: str, external: str | None, own: str | None
) -> None:
    file = said(f"networks:\n  six: {network}\n")
    assert (file.external("six"), file.own("six")) == (external, own)
    assert (file.external("other"), file.own("other")) == (None, None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("services: {a b: {image: x}}", f"{NAME} has a service named “a b”"),
        ("services: {'': {image: x}}", f"{NAME} has a service named “”"),
        ("services: {web: x}", f"The service web in {NAME} is not a mapping"),
        ("services: {web: ''}", f"The service web in {NAME} is not a mapping"),
        ("services: {web: [image]}", f"The service web in {NAME} is not a mapping"),
        ("services: [web]", f"In {NAME} the top-level “services:” is not a mapping"),
        ("services: ''", f"In {NAME} the top-level “services:” is not a mapping"),
        ("networks: [six]", f"In {NAME} the top-level “networks:” is not a mapping"),
        ("services: !reset {}", f"In {NAME} the top-level “services:” carries the tag !reset"),
        ("networks: !override {}", f"In {NAME} the top-level “networks:” carries the tag !over"),
    ],
)
def test_what_no_compose_reads_is_refused_and_told(text: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        said(text)
    assert str(refused.value).startswith(why)
    assert "Nothing was changed." in str(refused.value)


def test_what_says_nothing_is_nothing_and_names_may_have_dots_and_dashes() -> None:
    assert said("services:\nnetworks:\n") == said("") == FileMeaning({}, {}, {})
    file = said("x: 1\nservices: {b-1: , A._2: , a: {}}\n")
    nothing = ServiceMeaning({}, None, None, None, None)
    assert list(file.services) == ["b-1", "A._2", "a"]
    assert all(each == nothing for each in file.services.values())
    assert not nothing.provided
    assert not nothing.gone
    assert list(file.others) == ["x"]


def test_a_service_that_is_taken_away_is_gone_and_drops_what_was_said_of_it() -> None:
    gone = web("!reset {image: x}")
    assert gone.gone
    assert gone.drops == frozenset([""])
    assert (gone.image, gone.networks, gone.provided) == (None, None, False)
    assert not web("{image: x}").gone


@pytest.mark.parametrize(
    ("service", "mode"),
    [
        ("{}", None),
        ("{network_mode: host}", "host"),
        ("{net: bridge}", "bridge"),
        ("{network_mode: host, net: bridge}", "host"),
        ("{network_mode: '', net: bridge}", ""),
        ("{network_mode: , net: bridge}", "bridge"),
        ("{network_mode: !reset host}", None),
    ],
)
def test_the_mode_of_a_service_s_network(service: str, mode: str | None) -> None:
    assert web(service).network_mode == mode


def test_what_else_a_service_says() -> None:
    service = web("{image: 'x:1', tty: true, networks: [a], provider: {type: model}}")
    assert set(service.rest) == {"image", "tty", "provider"}
    assert service.image == "x:1"
    assert service.provided
    plain = web("{tty: true, provider: model}")
    assert not plain.provided
    assert plain.image is None
    # The same setting, however it is written, is the same.
    assert plain.rest["tty"] == service.rest["tty"]
    assert plain.rest["provider"] != service.rest["provider"]


@pytest.mark.parametrize(
    ("service", "able"),
    [
        ("devices: [/dev/net/tun]", "devices"),
        ("devices: [/dev/sda, '/dev/net/tun:/dev/tun:rwm']", "devices"),
        ("devices: ['/dev/tun:/dev/net/tun']", None),
        ("devices: [{source: /dev/net/tun, target: /x}]", "devices"),
        ("devices: [{target: /dev/net/tun}]", None),
        ("devices: [{}, ~, [x], /dev/net/tun]", "devices"),
        ("devices: /dev/net/tun", None),
        ("cap_add: [NET_ADMIN]", "cap_add"),
        ("cap_add: [SYS_PTRACE, cap_net_admin]", "cap_add"),
        ("cap_add: [ALL]", "cap_add"),
        ("cap_add: [NET_RAW, SYS_ADMIN]", None),
        ("cap_add: []", None),
        ("privileged: true", "privileged"),
        ("privileged: '${PRIVILEGED:-yes}'", "privileged"),
        ("privileged: false", None),
    ],
)
def test_what_lets_a_service_open_tunnels(service: str, able: str | None) -> None:
    assert web(f"{{{service}}}").abilities == ({able} if able else set())


@pytest.mark.parametrize(
    ("networks", "names"),
    [
        ("", None),
        ("[]", []),
        ("{}", []),
        ("[b, a]", ["a", "b"]),
        ("{a: , b: {}}", ["a", "b"]),
        ("!reset [a]", None),
        ("!override [a]", ["a"]),
        ("{a: !reset , b: }", ["b"]),
        ("{a: !reset }", None),
    ],
)
def test_networks_that_a_service_names_without_asking_for_anything(
    networks: str, names: list[str] | None
) -> None:
    service = web(f"{{networks: {networks}}}")
    assert named(service) == names
    assert service.unknown is None
    assert set((service.networks or {}).values()) <= {NO_OPTIONS}


def test_what_a_service_asks_of_a_network_is_told_apart() -> None:
    asked = web("{networks: {a: {priority: 1}, b: {priority: 1}, c: {priority: 2}, d: x}}").networks
    assert asked is not None
    assert asked["a"] == asked["b"]
    assert len({*asked.values(), NO_OPTIONS}) == 4


@pytest.mark.parametrize(
    ("service", "why"),
    [
        ("{networks: [a, [b]]}", f"The networks of web in {NAME} are not a list of names."),
        ("{networks: [a, ~]}", f"The networks of web in {NAME} are not a list of names."),
        ("{networks: a}", f"The networks of web in {NAME} are not a list of names."),
        (
            "{networks: !mine [a]}",
            f"The networks of web carry the tag !mine in {NAME}, and what that does depends on the "
            "release of Compose.",
        ),
        (
            "!mine {networks: [a]}",
            f"web carries the tag !mine in {NAME}, and what that does to its networks depends on "
            "the release of Compose.",
        ),
    ],
)
def test_why_networks_cannot_be_told(service: str, why: str) -> None:
    assert web(service).unknown == why


EVERYTHING = """\
  base:
    image: x
    network_mode: host
    networks: {a: {priority: 1}, b: }
    devices: [/dev/net/tun]
    cap_add: [ALL]
    privileged: true
    provider: {type: model}
"""


def test_a_service_has_all_that_the_one_has_which_it_extends() -> None:
    heir = web("{extends: base, cap_add: [NET_ADMIN]}", EVERYTHING)
    base = web("{}", EVERYTHING.replace("base", "web", 1))
    assert (heir.image, heir.network_mode, heir.provided) == ("x", "host", True)
    assert heir.networks == base.networks
    assert named(heir) == ["a", "b"]
    assert heir.abilities == base.abilities == {"devices", "cap_add", "privileged"}
    assert heir.base == "base"
    assert base.base is None


def test_what_a_service_says_itself_goes_before_or_joins_what_it_extends() -> None:
    own = "{extends: base, image: y, network_mode: '', networks: {b: {priority: 2}, c: }}"
    heir = web(own, EVERYTHING)
    assert (heir.image, heir.network_mode) == ("y", "")
    assert named(heir) == ["a", "b", "c"]
    alone = web("{provider: {type: a}, privileged: true, extends: base}", "  base: {image: x}\n")
    assert alone.provided
    assert alone.abilities == {"privileged"}


@pytest.mark.parametrize(
    ("drops", "left"),
    [
        ("image: !reset ''", {"image": None}),
        ("network_mode: !reset ''", {"network_mode": None}),
        ("networks: !reset []", {"networks": None}),
        ("networks: {a: !reset }", {"networks": ["b"]}),
        ("networks: {a: !reset , b: !reset }", {"networks": None}),
        ("networks: !override [c]", {"networks": ["c"]}),
        ("networks: {a: !reset , c: }", {"networks": ["b", "c"]}),
        ("devices: !reset []", {"abilities": ["cap_add", "privileged"]}),
        ("cap_add: !override [SYS_PTRACE]", {"abilities": ["devices", "privileged"]}),
        ("privileged: !reset false", {"abilities": ["cap_add", "devices"]}),
        ("provider: !reset {}", {"provided": False}),
    ],
)
def test_what_a_service_takes_out_again_of_the_one_that_it_extends(
    drops: str, left: dict[str, object]
) -> None:
    def what(service: ServiceMeaning) -> dict[str, object]:
        return {
            "image": service.image,
            "network_mode": service.network_mode,
            "networks": named(service),
            "abilities": sorted(service.abilities),
            "provided": service.provided,
        }

    before = what(web("{extends: base}", EVERYTHING))
    after = what(web(f"{{extends: base, {drops}}}", EVERYTHING))
    assert after == {**before, **left}


def test_what_takes_away_what_was_said_before_says_nothing_itself() -> None:
    parts = ("provider: !reset {type: a}", "devices: !reset [/dev/net/tun]", "image: !reset x",
             "cap_add: !reset [ALL]", "privileged: !reset true", "extends: !reset base",
             "network_mode: !reset host", "net: !reset host", "networks: !reset [a]")  # fmt: skip
    service = web(f"{{{', '.join(parts)}}}", EVERYTHING)
    silent = web("{}")
    assert (service.image, service.network_mode, service.networks) == (None, None, None)
    assert (service.provided, service.abilities, service.base) == (False, silent.abilities, None)
    assert service.unknown is None
    assert service.drops == {part.split(":")[0] for part in parts}


@pytest.mark.parametrize(
    ("base", "own", "names"),
    [("[]", "", []), ("[]", ", networks: !reset []", None), ("[]", ", networks: [a]", ["a"])],
)
def test_a_service_that_is_said_to_be_on_none_is_not_on_the_default_one(
    base: str, own: str, names: list[str] | None
) -> None:
    assert named(web(f"{{extends: base{own}}}", f"  base: {{networks: {base}}}\n")) == names


def test_a_chain_of_services_is_followed_to_its_end_in_whatever_order_they_stand() -> None:
    chain = ("a: {extends: b}", "b: {extends: {service: c}, networks: [near]}", "c: *c")
    for lines in (chain, chain[::-1], (chain[1], chain[0], chain[2])):
        text = "x: &c {networks: [far], image: x}\nservices:\n" + "".join(
            f"  {each}\n" for each in lines
        )
        file = said(text)
        assert [named(file.services[name]) for name in "abc"] == [
            ["far", "near"], ["far", "near"], ["far"]
        ]  # fmt: skip
        assert {each.image for each in file.services.values()} == {"x"}
        assert list(file.services) == [each[0] for each in lines]


def test_in_a_circle_one_is_not_known_and_the_others_have_what_it_says() -> None:
    file = said("services: {a: {extends: b}, b: {extends: a, image: x}, c: {extends: c}}\n")
    assert {each.image for name, each in file.services.items() if name != "c"} == {"x"}
    assert all("which was not read" in str(each.unknown) for each in file.services.values())


def test_what_is_not_known_of_a_service_is_not_known_of_its_heir() -> None:
    base = "  base: {networks: [[a]]}\n"
    assert "networks of base" in str(web("{extends: base}", base).unknown)
    assert "networks of web" in str(web("{extends: base, networks: [[b]]}", base).unknown)
    assert web("{extends: base, networks: !override [a]}", base).unknown is None


def test_services_that_name_more_networks_by_extending_than_any_file_does_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(meaning, "MAX_NODES", 1000)
    names = ", ".join(f"n{number}" for number in range(500))
    text = f"services:\n  nobody:\n  base: {{networks: [{names}]}}\n  a: {{extends: base}}\n"
    assert len(said(text).services) == 3
    with pytest.raises(Refused, match=r"more than 1,000 networks together.*Nothing was changed"):
        said(f"{text}  b: {{networks: [one]}}\n")


OTHER = "services: {base: {networks: [far], image: y}, gone: !reset }\n"


@pytest.mark.parametrize(
    ("extends", "names"),
    [
        ("{file: other.yml, service: base}", ["far"]),
        ("{file: ./compose.yaml, service: base}", ["near"]),
        ("{file: !reset other.yml, service: base}", ["near"]),
        ("{service: base}", ["near"]),
        ("base", ["near"]),
    ],
)
def test_a_service_of_another_file_is_extended_where_that_was_read(
    extends: str, names: list[str]
) -> None:
    near = "  base: {networks: [near]}\n"
    others = {"other.yml": OTHER, "./compose.yaml": OTHER}
    service = web(f"{{extends: {extends}}}", near, others)
    assert named(service) == names
    assert service.unknown is None
    assert service.image == ("y" if names == ["far"] else None)


@pytest.mark.parametrize(
    ("extends", "where"),
    [
        ("{file: other.yml, service: nobody}", "the file other.yml, which was not read"),
        ("{file: other.yml, service: gone}", "the file other.yml, which was not read"),
        ("{file: other.yml}", "the file other.yml, which was not read"),
        ("{file: unread.yml, service: base}", "the file unread.yml, which was not read"),
        (
            "{file: a.yml, service: '${HW}'}",
            "the service ${HW} of a.yml, which has a variable in its name",
        ),
        ("{service: '${HW}'}", "the service ${HW}, which has a variable in its name"),
        ("nobody", "the service nobody, which was not read"),
        ("{service: nobody}", "the service nobody, which was not read"),
        ("web", "the service web, which was not read"),
        ("[base]", "somewhere, which was not read"),
    ],
)
def test_what_a_service_extends_and_nobody_read_leaves_its_networks_unknown(
    extends: str, where: str
) -> None:
    others = {"other.yml": OTHER}
    assert web(f"{{extends: {extends}}}", others=others).unknown == (
        f"web takes settings from {where}, so which networks it is on is not known."
    )
    # Whoever names networks is on those, whatever else it takes over.
    sure = web(f"{{extends: {extends}, networks: [own]}}", others=others)
    assert (named(sure), sure.unknown) == (["own"], None)
    odd = web(f"{{extends: {extends}, networks: [[own]]}}", others=others)
    assert "not a list of names" in str(odd.unknown)
    assert DEFAULT not in (odd.networks or {})
