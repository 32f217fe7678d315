"""Three set-ups in two modes beside each other, taken back in any order, by packets."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.guarding import without_a_boot
from tests.machines.support import ANSWERS, ULA, apply, pings, wizard
from tests.machines.test_routed import answers, is_open
from wizard.answers import answers_file
from wizard.answers.choices import Choices, Mode
from wizard.platform.errors import ExitCode
from wizard.rehearsal import image, network
from wizard.rehearsal.machine import Machine

thorough = pytest.mark.thorough
FOLDER = "/srv"

COMPOSE = """\
services:
  web:
    image: mastodon-practice:1
    restart: always
    command: httpd -f -p 3000 -h /srv/www
"""


@dataclass(frozen=True)
class Project:
    """A Compose project of one service, which publishes nothing unless that is said."""

    host: Machine
    name: str
    prefix: IPv6Network
    mode: Mode
    published: str = ""

    @property
    def file(self) -> str:
        return f"{FOLDER}/{self.name}/docker-compose.yml"

    @property
    def container(self) -> str:
        between = "_" if self.host.compose == ["docker-compose"] else "-"
        return between.join((self.name, "web", "1"))

    def up(self) -> None:
        path = self.host.path(self.file)
        path.parent.mkdir(parents=True)
        ports = f'    ports: ["{self.published}"]\n' if self.published else ""
        path.write_text(COMPOSE + ports)
        start = ["env", f"--chdir={FOLDER}/{self.name}", *self.host.compose, "up", "-d"]
        self.host.run(start, timeout=120)

    def set_up(self) -> None:
        choices = Choices(
            mode=self.mode,
            prefix=self.prefix,
            network=f"{self.name}_ipv6",
            bridge=f"br-{self.name}",
            project=self.name,
            file=Path(self.file),
            services=("web",),
            target=IPv6Address(network.INTERNET),
        )
        self.host.path(ANSWERS).write_text(answers_file.dumps(choices))
        done = apply(self.host)
        assert done.returncode == ExitCode.DONE, done.stdout + done.stderr

    @property
    def address(self) -> str:
        shown = self.host.run(["docker", "network", "inspect", f"{self.name}_ipv6"]).stdout
        (found,) = json.loads(shown)[0]["Containers"].values()
        return str(found["IPv6Address"].partition("/")[0])

    def execute(self, *argv: str) -> tuple[int, str]:
        done = self.host.run(["docker", "exec", self.container, *argv], check=False)
        return done.returncode, done.stdout.strip()

    def works(self) -> bool:
        """Whether it gets out, is seen as its mode says, and is closed but for ping."""
        source = self.execute("nc", network.INTERNET, "443")
        if self.mode is Mode.ULA:
            return source == (0, self.host.address)
        address = self.address
        inwards = answers(self.host, address) and not is_open(self.host, address, 3000)
        return source == (0, address) and inwards

    def is_closed_to(self, other: "Project") -> bool:
        """Whether the containers of another set-up do not reach a port that is not published."""
        return other.execute("nc", "-w", "2", self.address, "3000")[0] != 0


def three(host: Machine) -> tuple[Project, Project, Project]:
    image.load(host)
    found = (
        Project(host, "mastodon", ULA, Mode.ULA),
        Project(host, "peertube", IPv6Network("2001:db8:1:2:1::/80"), Mode.ROUTED),
        Project(host, "pixelfed", IPv6Network("2001:db8:1:2:2::/80"), Mode.ROUTED),
    )
    for each in found:
        each.up()
    return found


def all_work(host: Machine, projects: Sequence[Project], when: str) -> None:
    for each in projects:
        host.wait(each.works, f"{each.name} to work {when}", 30)


@pytest.mark.parametrize(
    ("debian", "order", "reboots"),
    [
        (13, ("peertube", "mastodon", "pixelfed"), False),
        pytest.param(12, ("mastodon", "peertube", "pixelfed"), True, marks=thorough),
        pytest.param(12, ("pixelfed", "mastodon", "peertube"), False, marks=thorough),
        pytest.param(13, (), True, marks=thorough),
        pytest.param(14, ("mastodon", "pixelfed", "peertube"), True, marks=thorough),
        pytest.param(14, ("peertube", "pixelfed", "mastodon"), False, marks=thorough),
    ],
    indirect=["debian"],
)
def test_three_stand_beside_each_other_and_leave_no_trace_in_any_order(
    machine: StartMachine, order: tuple[str, ...], reboots: bool
) -> None:
    host = machine(route="advertisement")
    projects = three(host)
    by_name = {each.name: each for each in projects}
    if reboots:
        # What a first boot alone does is behind it then.
        host.reboot()
    before = fingerprint(host, FOLDER)

    for number, project in enumerate(projects):
        # Whoever is set up already loses no packet by the next one.
        with ExitStack() as stack:
            counts = [
                stack.enter_context(pings(host, network.INTERNET, each.container))
                for each in projects[:number]
            ]
            project.set_up()
        assert all(each.sent == each.answered > 0 for each in counts), (project.name, counts)
    all_work(host, projects, "beside the others")
    assert projects[1].is_closed_to(projects[2])
    assert projects[2].is_closed_to(projects[1])
    checked = wizard(host, "--check")
    assert checked.returncode == ExitCode.DONE, checked.stdout + checked.stderr
    told = json.loads(wizard(host, "--status", "--json").stdout)
    assert {each["project"]: each["state"] for each in told["set-ups"]} == dict.fromkeys(
        by_name, "applied"
    )
    if reboots:
        host.reboot()
        all_work(host, projects, "after the reboot")

    left = list(projects)
    for name in order:
        left.remove(by_name[name])
        with ExitStack() as stack:
            counts = [
                stack.enter_context(pings(host, network.INTERNET, each.container)) for each in left
            ]
            done = wizard(host, "--undo", name, "--yes")
        assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
        assert all(each.sent == each.answered > 0 for each in counts), (name, counts)
        assert not left or "stays for " in done.stdout
        all_work(host, left, f"without {name}")
        if left:
            checked = wizard(host, "--check")
            assert checked.returncode == ExitCode.DONE, checked.stdout + checked.stderr
    if not order:
        done = wizard(host, "--undo", "--yes")
        assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    after = fingerprint(host, FOLDER)
    if reboots:
        before, after = without_a_boot(before), without_a_boot(after)
    assert difference(before, after) == ""
    assert not host.path("/var/lib/docker-ipv6-wizard/program").exists()
