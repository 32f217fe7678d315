from collections.abc import Callable
from dataclasses import fields, replace
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path

import pytest

from tests import made_up_hosts
from wizard.answers import answers_file, unique_local
from wizard.answers.checks import check, check_mode, check_prefix, usable_prefix
from wizard.answers.choices import Choices, Mode, Placement
from wizard.answers.names import check_bridge, check_network_name
from wizard.answers.projects import project_if_any, project_of
from wizard.answers.proposals import choose_project, defaults, resume, untick_unknown
from wizard.compose.services import Service
from wizard.host.host import ComposeProject, Host, Unknown
from wizard.platform.errors import Refused

HOST = made_up_hosts.debian12()


def with_network(subnet: str) -> Host:
    network = made_up_hosts._network("other_ipv6", "br-other", subnet)
    assert not isinstance(HOST.networks, Unknown)
    return replace(HOST, networks=(*HOST.networks, network))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nonsense/64", "is not an IPv6 prefix"),
        ("192.0.2.0/24", "is an IPv4 subnet"),
        ("fd12::1/64", "has bits set behind its length"),
        ("ff02::/64", "is multicast"),
        ("fe80::/64", "is link-local"),
        ("fc00:1:2:3::/64", "not to be assigned by oneself"),
        ("2001:db8:5::/64", "is not a unique local prefix"),
        ("2606:4700::/48", "is not a unique local prefix"),
        ("::/0", "is not a unique local prefix"),
        ("64:ff9b::/96", "is not a unique local prefix"),
        ("fd12:3456:789a::/65", "is too long"),
        ("fd12:3456:789a::1/128", "is too long"),
        ("fd12:3456:7800::/47", "is too short"),
        ("fd00::/8", "is too short"),
    ],
)
def test_a_prefix_that_cannot_be_used_gets_a_sentence(text: str, sentence: str) -> None:
    said = check_prefix(text, HOST)
    assert isinstance(said, str)
    assert sentence in said
    assert said.endswith(".")


@pytest.mark.parametrize("text", ["fd12:3456:789a::/48", "fd12:3456::/56", "fd12:3456:789a:7::/64"])
def test_a_unique_local_prefix_from_48_to_64_can_be_used(text: str) -> None:
    assert check_prefix(text, HOST) is None
    assert usable_prefix(text, HOST) == IPv6Network(text)


@pytest.mark.parametrize("other", ["fd12:3456:789a::/64", "fd12:3456:789a:5::/64", "fd00::/8"])
def test_a_prefix_that_overlaps_a_docker_network_is_told_so_by_name(other: str) -> None:
    said = check_prefix("fd12:3456:789a::/48", with_network(other))
    assert said == (
        "fd12:3456:789a::/48 overlaps the Docker network other_ipv6. Take another prefix."
    )


def test_a_prefix_that_overlaps_a_route_of_the_host_is_told_which() -> None:
    used = replace(HOST, prefixes_in_use=(IPv6Network("fd12:3456:789a:8000::/49"),))
    said = check_prefix("fd12:3456:789a::/48", used)
    assert isinstance(said, str)
    assert "overlaps fd12:3456:789a:8000::/49, which this host already uses" in said
    assert check_prefix("fd12:3456:789a::/64", used) is None


def test_what_is_not_known_of_the_host_overlaps_nothing() -> None:
    blind = replace(HOST, networks=Unknown("Not seen."), prefixes_in_use=Unknown("Not seen."))
    assert usable_prefix("fd12:3456:789a::/64", blind) == IPv6Network("fd12:3456:789a::/64")


@pytest.mark.parametrize("name", ["mastodon_ipv6", "a", "6", "A.b-c_d", "x" * 100])
def test_a_network_can_have_a_name_that_docker_takes(name: str) -> None:
    assert check_network_name(name, HOST) is None


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Type a name"),
        ("-a", "cannot be the name"),
        (".a", "cannot be the name"),
        ("a b", "cannot be the name"),
        ("a/b", "cannot be the name"),
        ("a:b", "cannot be the name"),
        ("name\n", "cannot be the name"),
        ("größe", "cannot be the name"),
        ("\x1b[31m", "cannot be the name"),
        ("mastodon_external_network", "already exists"),
        ("bridge", "keeps the name"),
        ("host", "keeps the name"),
        ("none", "keeps the name"),
        ("default", "keeps the name"),
        ("x" * 1001, "has 1001 characters"),
    ],
)
def test_a_network_cannot_have_any_name(name: str, sentence: str) -> None:
    said = check_network_name(name, HOST)
    assert said is not None
    assert sentence in said
    assert said.endswith(".")
    assert "\x1b" not in said
    assert "\n" not in said


@pytest.mark.parametrize("name", ["br-ipv6", "a", "x" * 15, "br.100", "br_ipv6"])
def test_a_bridge_can_have_a_name_that_the_kernel_takes(name: str) -> None:
    assert check_bridge(name, HOST) is None


@pytest.mark.parametrize("check_name", [check_bridge, check_network_name])
def test_what_a_name_may_hold_is_said_as_it_is_checked(
    check_name: Callable[[str, Host], str | None],
) -> None:
    said = check_name("a b", HOST)
    assert said is not None
    signs = {"dots": ".", "dashes": "-", "underscores": "_"}
    for word, sign in signs.items():
        assert (word in said) is (check_name(f"a{sign}b", HOST) is None)
        assert check_name(f"{sign}b", HOST) is not None


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Type a name"),
        ("x" * 16, "has 16 characters, and the kernel takes 15"),
        ("br ipv6", "cannot be the name"),
        ("br/ipv6", "cannot be the name"),
        ("br:0", "cannot be the name"),
        ("..", "cannot be the name"),
        ("br%d", "cannot be the name"),
        ("br\n", "cannot be the name"),
        ("\u202ebr", "cannot be the name"),
        ("eth0", "already has an interface"),
        ("docker0", "already has an interface"),
        ("all", "keeps the name"),
        ("default", "keeps the name"),
    ],
)
def test_a_bridge_cannot_have_any_name(name: str, sentence: str) -> None:
    said = check_bridge(name, HOST)
    assert said is not None
    assert sentence in said
    assert said.endswith(".")
    assert "\u202e" not in said


def test_the_proposals_for_a_host_pass_the_checks_but_for_the_services() -> None:
    for host in (
        made_up_hosts.debian12(),
        made_up_hosts.debian13(),
        made_up_hosts.debian14(),
        made_up_hosts.debian9_article(),
        made_up_hosts.hostile_names(),
    ):
        proposed = defaults(host)
        assert proposed.prefix is not None
        assert proposed.prefix.prefixlen == 64
        assert check(proposed, host) == (
            "No service is ticked: tick at least one that should reach the IPv6 internet.",
        )
        assert check(replace(proposed, services=("web",)), host) == ()


def test_every_objection_is_said_at_once() -> None:
    bad = Choices(prefix=IPv6Network("fe80::/64"), network="", bridge="x" * 20)
    said = check(bad, HOST)
    assert len(said) == 4
    assert all(sentence.endswith(".") for sentence in said)


def test_another_prefix_is_proposed_every_time() -> None:
    assert len({unique_local.propose(HOST) for _ in range(50)}) == 50


def test_a_name_that_is_taken_is_proposed_with_a_number() -> None:
    host = replace(with_network("fd00:1::/64"), interfaces=("lo", "eth0", "br-ipv6", "br-ipv6-2"))
    assert not isinstance(host.networks, Unknown)
    taken = made_up_hosts._network("mastodon_ipv6", "br-x", "10.9.0.0/16")
    proposed = defaults(replace(host, networks=(*host.networks, taken)))
    assert proposed.network == "mastodon_ipv6_2"
    assert proposed.bridge == "br-ipv6-3"


@pytest.mark.parametrize("name", ["[/]", "--", "", "größe", "a b", "x" * 4000])
def test_a_project_of_any_name_gets_a_network_name_that_docker_takes(name: str) -> None:
    project = ComposeProject(name, Path("/srv/x"), (Path("/srv/x/compose.yaml"),), ())
    chosen = choose_project(Choices(), project, replace(HOST, projects=(project,)))
    assert check_network_name(chosen.network, HOST) is None


def test_the_override_file_is_proposed_in_git_where_compose_would_read_it() -> None:
    assert defaults(made_up_hosts.debian9_article()).placement is Placement.OVERRIDE
    assert defaults(HOST).placement is Placement.IN_PLACE
    project = ComposeProject("x", Path("/srv"), (Path("/srv/live.yml"),), (), in_git=True)
    assert choose_project(Choices(), project, HOST).placement is Placement.IN_PLACE


def test_mastodon_is_proposed_before_other_projects() -> None:
    assert not isinstance(HOST.projects, Unknown)
    other = ComposeProject("aaa", Path("/srv/aaa"), (Path("/srv/aaa/compose.yaml"),), ())
    assert defaults(replace(HOST, projects=(other, *HOST.projects))).project == "mastodon"
    assert defaults(replace(HOST, projects=(other,))).project == "aaa"
    assert defaults(replace(HOST, projects=())).project is None


@pytest.mark.parametrize(
    ("project", "host", "sentence"),
    [
        ("gone", HOST, "There is no Compose project called gone on this host."),
        ("\x1b[2J", HOST, r"There is no Compose project called \x1b[2J on this host."),
        (None, HOST, "Choose the Compose project"),
        ("mastodon", replace(HOST, projects=()), "No Compose project runs on this host"),
        ("mastodon", made_up_hosts.no_docker(), "Docker is not installed on this host"),
        ("mastodon", made_up_hosts.not_root(), "closed to this user"),
    ],
)
def test_a_project_that_is_not_there_gets_a_sentence(
    project: str | None, host: Host, sentence: str
) -> None:
    with pytest.raises(Refused) as refused:
        project_of(host, Choices(project=project))
    assert sentence in str(refused.value)
    assert project_if_any(host, Choices(project=project)) is None


def test_the_mode_that_is_the_first_to_exist_can_be_had() -> None:
    assert check_mode(Mode.ULA, HOST) is None


def test_services_that_are_gone_or_cannot_be_attached_are_unticked() -> None:
    services = (
        Service("web", ("default",), None, None, True, True, "It talks outside."),
        Service("vpn", None, "host", None, False, True, "It has the host's own network."),
    )
    kept = untick_unknown(Choices(services=("web", "vpn", "gone")), services)
    assert kept.services == ("web",)


ANSWERED = replace(
    defaults(HOST),
    prefix=IPv6Network("fd91:7981:3415::/64"),
    network="six",
    bridge="br-six",
    services=("web",),
    placement=Placement.OVERRIDE,
    target=IPv6Address("2001:db8:ffff::53"),
)


def test_the_answers_of_an_earlier_sitting_are_all_kept_where_they_still_fit() -> None:
    assert resume(ANSWERED, HOST) == ANSWERED


@pytest.mark.parametrize(
    ("saved", "lost"),
    [
        (replace(ANSWERED, prefix=IPv6Network("fe80::/64")), "prefix"),
        (replace(ANSWERED, network="bridge"), "network"),
        (replace(ANSWERED, bridge="eth0"), "bridge"),
        (replace(ANSWERED, file=Path("/elsewhere/compose.yaml")), "file"),
    ],
)
def test_an_answer_that_fails_now_is_replaced_and_the_others_stay(
    saved: Choices, lost: str
) -> None:
    resumed = resume(saved, HOST)
    assert getattr(resumed, lost) != getattr(saved, lost)
    for field in fields(Choices):
        if field.name != lost:
            assert getattr(resumed, field.name) == getattr(saved, field.name)
    assert check(resumed, HOST) == ()


def test_a_mode_that_was_chosen_without_a_prefix_gets_one_of_its_own() -> None:
    resumed = resume(replace(ANSWERED, mode=Mode.ROUTED, prefix=None), HOST)
    assert resumed.mode is Mode.ROUTED
    assert resumed.prefix is not None
    assert check(resumed, HOST) == ()


def test_the_answers_of_another_project_are_not_put_onto_this_one() -> None:
    resumed = resume(replace(ANSWERED, project="gone"), HOST)
    assert resumed.project == "mastodon"
    assert resumed.services == ()
    assert resumed.network == "mastodon_ipv6"
    assert resumed.target == ANSWERED.target
    assert resumed.prefix == ANSWERED.prefix


def test_answers_come_back_from_their_file_as_they_were() -> None:
    others = (
        {"file": Path("/srv/it's/c.yml")},
        {"firewalld": False},
        {"unproven": True},
        {"window": 600},
        {"accepted": ("[::]:3000/tcp",)},
        {"mode": Mode.ROUTED, "fixed": ("web",), "follow": True},
    )
    for choices in (ANSWERED, Choices(), *(replace(ANSWERED, **each) for each in others)):
        assert answers_file.loads(answers_file.dumps(choices)) == choices


GOOD = answers_file.dumps(ANSWERED)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has format None"),
        ("not toml at all", "is not TOML"),
        ("\x00\x01", "is not TOML"),
        ("format = 1\n", "must hold format and a table"),
        ("format = 1\nchoices = 3\n", "must hold format and a table"),
        ("format = 1\n[choices]\n[more]\n", "must hold format and a table"),
        (GOOD.replace("format = 1", "format = 2"), "has format 2"),
        (GOOD.replace("format = 1", 'format = "\\u001b[2J"'), r"has format \x1b[2J"),
        (GOOD.replace("mode =", "modus ="), "a key that is not known: modus"),
        (GOOD.replace('"ula"', '"nat64"'), "'nat64' is not a valid Mode"),
        (GOOD.replace('"override"', '"beside"'), "'beside' is not a valid Placement"),
        (GOOD.replace("fd91:7981:3415::/64", "fd91::1/64"), "has host bits set"),
        (GOOD.replace("fd91:7981:3415::/64", "word"), "cannot be used"),
        (GOOD.replace("2001:db8:ffff::53", "192.0.2.1"), "cannot be used"),
        (GOOD.replace('network = "six"', "network = 6"), "network must be a text in quotes"),
        (GOOD.replace('project = "mastodon"', "project = []"), "project must be a text"),
        (GOOD.replace('"web"', "1"), "services must be a list of names"),
        ('format = 1\n[choices]\nservices = "web"\n', "services must be a list of names"),
        (GOOD.replace('"six"', '"si\\u0000x"'), "network must not hold a NUL character"),
        (GOOD.replace('"web"', '"we\\u0000b"'), "services must not hold a NUL character"),
    ],
)
def test_an_answers_file_that_cannot_be_used_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        answers_file.loads(text)
    assert sentence in str(refused.value)
    assert str(refused.value).endswith("Nothing was changed.")
    assert "\x1b" not in str(refused.value)


def test_answers_that_say_little_get_the_proposals_for_the_rest() -> None:
    assert answers_file.loads("format = 1\n[choices]\n") == Choices()
