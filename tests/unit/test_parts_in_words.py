"""Parts of every kind in words, and what Docker's answers on networks are taken for."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.made_up_system import UNITS, MadeUpContainer, MadeUpSystem
from wizard.platform.errors import StepFailed
from wizard.platform.system import FileState, Result
from wizard.steps import networks, objects
from wizard.steps.actions import WriteFile
from wizard.steps.networks import LABEL, Member
from wizard.steps.objects import Object
from wizard.steps.parts import Condition, Part, of_file, of_object, worst

KEY = "net.ipv6.conf.eth0.accept_ra"
RULES = ("-i br-a -j ACCEPT", "-s fd00::/64 -j DROP", "-d fd00::/64 -j DROP")
CHAIN = objects.chain("filter", "FORWARD", "OURS", RULES)
WHERE = "The chain OURS in the filter table"


def with_chain(*rules: str, led: bool = True) -> MadeUpSystem:
    system = MadeUpSystem()
    system.run(objects.ip6tables("filter", "-N", "OURS"))
    for rule in rules:
        system.run(objects.ip6tables("filter", "-A", "OURS", *rule.split()))
    if led:
        system.run(objects.ip6tables("filter", "-I", "FORWARD", "-j", "OURS"))
    return system


THEIRS = "-p tcp -j DROP"


@pytest.mark.parametrize(
    ("system", "condition", "words"),
    [
        (MadeUpSystem(), Condition.MISSING, f"{WHERE} is not there."),
        (with_chain(*RULES), Condition.IN_EFFECT, ""),
        (with_chain(*RULES[:1]), Condition.MISSING, f"{WHERE} lacks rules."),
        (
            with_chain(*RULES, led=False), Condition.MISSING,
            "FORWARD in filter does not lead to OURS.",
        ),
        (
            with_chain(*RULES, THEIRS), Condition.CHANGED,
            f"{WHERE} holds a rule that the wizard did not write.",
        ),
        (
            with_chain(*RULES, RULES[0]), Condition.MISSING,
            f"{WHERE} has one of its rules more than once.",
        ),
        (
            with_chain(RULES[0], RULES[2], RULES[1]), Condition.MISSING,
            f"{WHERE} has its rules in another order.",
        ),
    ],
)  # fmt: skip
def test_of_a_chain_it_is_said_what_is_wrong_with_it(
    system: MadeUpSystem, condition: Condition, words: str
) -> None:
    part = of_object(system, CHAIN)
    assert (part.name, part.condition, part.words) == (f"chain {CHAIN.name}", condition, words)
    assert part.mendable is (condition is not Condition.IN_EFFECT)
    assert (part.changed is not None) is (condition is Condition.CHANGED)
    if part.changed:
        assert part.changed.lines[-1] == f"+-A OURS {THEIRS}"
        assert part.changed.lines[-2] == f" -A OURS {RULES[-1]}"


def a_host() -> MadeUpSystem:
    system = MadeUpSystem()
    system.sysctls["net.ipv6.conf.all.forwarding"] = "0"
    words = ("--ipv6", "--subnet", "fd00:1::/64", "--label", f"{LABEL}=fd00:1::/64", "ours")
    assert system.run(("docker", "network", "create", *words)).status == 0
    system.containers["web"] = MadeUpContainer("1" * 64, "web", "p", "web")
    return system


CREATION = "docker network create --ipv6 --subnet fd00:1::/64 ours"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (objects.parameter(KEY, "2"), f"{KEY} is not there and should be 2."),
        (objects.neighbour("eth0", "2001:db8::5"), "Nobody answers for 2001:db8::5 on eth0."),
        (Object("network", "none", CREATION), "The Docker network none is not there."),
        (
            Object("connection", "ours web", "docker network connect ours web"),
            "web is not on the network ours. Let Compose recreate it: type its “up -d” in the "
            "folder of the project.",
        ),
        (objects.package("ndppd"), "The package ndppd is not installed."),
        (Object("mask", "/etc/a", "masked"), "/etc/a is not as it was left."),
    ],
)
def test_what_is_not_there_is_said_in_the_words_of_its_kind(wanted: Object, words: str) -> None:
    part = of_object(a_host(), wanted)
    assert (part.condition, part.words) == (Condition.MISSING, words)
    assert part.mendable is (wanted.kind != "parameter")
    if part.mendable:
        assert (part.found, part.wanted) == (replace(wanted, value=None), wanted)


@pytest.mark.parametrize(
    ("file", "active", "words"),
    [
        (None, False, "somebody has removed /etc/systemd/system/ours.service"),
        (None, True, "somebody has removed /etc/systemd/system/ours.service"),
        (FileState(""), False, "disabled by somebody"),
    ],
)
def test_of_a_unit_it_is_said_what_keeps_it_from_running(
    file: FileState | None, active: bool, words: str
) -> None:
    system = MadeUpSystem()
    system.active = {"ours.service"} if active else set()
    system.files = {f"{UNITS}/ours.service": file} if file else {}
    assert words in of_object(system, objects.running_unit("ours.service")).words
    gone = of_object(MadeUpSystem(), Object("unit", "ours.service", "disabled active"))
    assert gone.words
    running = MadeUpSystem()
    running.enabled, running.active = {"ours.service"}, {"ours.service"}
    other = of_object(running, Object("unit", "ours.service", "static active"))
    assert other.words == "ours.service does not run."


def test_a_network_of_somebody_s_is_shown_option_by_option() -> None:
    part = of_object(a_host(), Object("network", "ours", CREATION.replace("1::", "2::")))
    assert part.condition is Condition.CHANGED
    assert part.words == "The Docker network ours has been made anew by somebody."
    assert part.changed is not None
    shown = [
        line for line in part.changed.lines if line[0] in "+-" and line[:3] not in ("---", "+++")
    ]
    assert "-  --subnet fd00:2::/64 ours" in shown
    assert "+  --subnet fd00:1::/64" in shown


def test_a_parameter_that_is_another_is_not_shown_as_a_text() -> None:
    system = MadeUpSystem()
    system.sysctls[KEY] = "0"
    part = of_object(system, objects.parameter(KEY, "2"), {KEY: "1"})
    assert (part.condition, part.changed) == (Condition.CHANGED, None)
    assert part.words == f"{KEY} is 0 and should be 2."
    assert of_object(system, objects.parameter(KEY, "2")).condition is Condition.CHANGED


PATH = "/etc/ours.conf"


@pytest.mark.parametrize(
    ("text", "old", "words"),
    [
        ("ours\n", "old\n", ""),
        ("old\n", "old\n", f"{PATH} is again as it was before the wizard."),
        ("known\n", "old\n", f"{PATH} is not right any more."),
        ("mine\n", "old\n", f"{PATH} has been changed by somebody else since."),
        ("old\n", None, f"{PATH} has been changed by somebody else since."),
        (None, "old\n", f"{PATH} is not there any more."),
    ],
)
def test_of_a_file_it_is_said_what_became_of_it(
    text: str | None, old: str | None, words: str
) -> None:
    system = MadeUpSystem()
    system.files = {} if text is None else {PATH: FileState(text)}
    action = WriteFile(PATH, None, FileState("ours\n"))
    part = of_file(system, action, None if old is None else FileState(old), ["known\n"])
    assert (part.name, part.words) == (PATH, words)
    assert (part.condition is Condition.CHANGED) is ("somebody" in words)
    assert (part.changed is not None) is ("somebody" in words)
    if part.changed:
        assert part.changed.lines[-2:] == ("-ours", f"+{(text or '').rstrip()}")
    assert part.mendable is bool(words)


def test_a_masked_file_comes_back_once_the_mask_has_gone() -> None:
    system = MadeUpSystem()
    system.masked.add(PATH)
    part = of_file(system, WriteFile(PATH, None, FileState("ours\n")), None)
    assert part.condition is Condition.CHANGED and part.mendable
    assert part.masks == (Object("mask", PATH, "masked"),)
    assert part.file == WriteFile(PATH, None, FileState("ours\n"))
    assert part.words.startswith(f"{PATH} is masked by somebody")


def test_what_is_in_effect_or_has_nothing_to_be_put_back_by_is_not_mended() -> None:
    wanted, file = objects.package("a"), WriteFile(PATH, None, FileState(""))
    for condition in Condition:
        for part in (Part("a", condition, wanted=wanted), Part("a", condition, file=file)):
            assert part.mendable is (condition is not Condition.IN_EFFECT)
        assert not Part("a", condition).mendable
    assert worst([]) is Condition.IN_EFFECT


# Networks.


class Docker(MadeUpSystem):
    """A host whose Docker answers with the given."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__()
        self.answer = Result(status, said)

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        return self.answer


@pytest.mark.parametrize(
    "said",
    ["Error: No such network: ours\n", "Error response from daemon: network ours NOT FOUND\n"],
)
def test_where_docker_knows_no_network_of_the_name_there_is_none(said: str) -> None:
    assert networks.inspect(Docker(1, said), "ours") is None


def test_what_docker_warns_of_before_its_answer_is_not_the_answer() -> None:
    found = {"Name": "ours", "EnableIPv6": True}
    said = f"WARNING: something\n{json.dumps(found)}\n\n"
    assert networks.inspect(Docker(0, said), "ours") == found
    # A beginning of an identifier finds another one.
    assert networks.inspect(Docker(0, said), "our") is None


@pytest.mark.parametrize("said", ["", "\n", "no json", "[]", "7"])
def test_an_answer_that_is_not_understood_is_no_missing_network(said: str) -> None:
    with pytest.raises(StepFailed, match=r"^Docker's answer on ours is not understood.$"):
        networks.inspect(Docker(0, said), "ours")


def test_a_docker_that_does_not_say_ends_it_with_its_words() -> None:
    silent = Docker(1, "Cannot  connect\nto the daemon\n")
    with pytest.raises(StepFailed, match=r"what ours is: Cannot connect to the daemon$"):
        networks.inspect(silent, "ours")
    with pytest.raises(StepFailed, match="who is on ours: Cannot"):
        networks.members(silent, "ours")
    with pytest.raises(StepFailed, match=r"so forwarding was left as it is: Cannot  connect\nto "):
        networks.ipv6_networks(silent)


def test_members_are_told_by_identifier_name_project_and_service() -> None:
    rows = "1\tweb\tp\tweb\nWARNING: x\n2\tlone\t\t\na\tb\tc\n"
    assert networks.members(Docker(0, rows), "ours") == (
        Member("1", "web", "p", "web"), Member("2", "lone", "", "")
    )  # fmt: skip


def test_networks_with_ipv6_are_told_by_their_whole_names() -> None:
    rows = "true a b\nfalse c\ntrue true d\n\ntruefalse\n"
    assert networks.ipv6_networks(Docker(0, rows)) == {"a b", "true d"}
