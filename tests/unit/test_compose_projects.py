"""Projects of several files: each service is edited in the file where it stands."""

import posixpath
from dataclasses import replace
from ipaddress import IPv6Network
from pathlib import Path

import pytest

from tests import made_up_hosts, made_up_system
from tests.compose_projects import COMBINATIONS, Combination
from wizard.answers import proposals
from wizard.answers.projects import project_of
from wizard.compose.joining import networks
from wizard.compose.placing import beside, in_place
from wizard.compose.project import Project, load
from wizard.compose.read import services
from wizard.compose.removal import without_addition
from wizard.host.host import Unknown
from wizard.modes import plan_inputs
from wizard.plan import planning
from wizard.platform import filesystems
from wizard.platform.errors import Refused
from wizard.platform.system import FileState
from wizard.steps.compose_file import ComposeFile

FOLDER = "/srv/mastodon"
every_combination = pytest.mark.parametrize("project", COMBINATIONS.values(), ids=COMBINATIONS)


def loaded(files: dict[str, str], given: tuple[str, ...]) -> Project:
    texts = {posixpath.join(FOLDER, name): text.encode() for name, text in files.items()}
    return load([posixpath.join(FOLDER, name) for name in given], FOLDER, texts.get)


def edited(project: Combination) -> dict[str, str]:
    read = loaded(project.files, project.given)
    made = in_place(read, project.chosen, "six", posixpath.join(FOLDER, project.given[0]))
    return {posixpath.relpath(path, FOLDER): file.raw.decode() for path, file in made.items()}


def meant(project: Project) -> dict[str, set[str]]:
    """The networks of every service there is."""
    said = [part.file.meaning for part in project.parts]
    services = plan_inputs.PlanInputs({}, project).services
    return {service.name: set(networks(said, service.name)) for service in services}


def test_files_can_be_written_one_by_one_for_the_first_declares_the_network() -> None:
    files = {
        "a.yml": "services: {web: {image: one}}\ninclude: [inner.yml]\n",
        "b.yml": "services: {worker: {image: two}}\n",
        "inner.yml": "services: {db: {image: three}}\n",
    }
    read = loaded(files, ("a.yml", "b.yml"))
    made = in_place(read, ("db", "worker", "web"), "six", f"{FOLDER}/a.yml")
    assert [posixpath.relpath(path, FOLDER) for path in made] == ["a.yml", "b.yml", "inner.yml"]
    declaring = ["external: true" in file.raw.decode() for file in made.values()]
    assert declaring == [True, False, False]


def test_the_default_of_a_variable_stands_for_none_that_is_made_of_others() -> None:
    files = {
        "compose.yml": "include: ['${BASE:-sub}/a.yml']\nservices: {web: {image: one}}\n",
        ".env": "BASE=$HOME/x\n",
        "sub/a.yml": "services: {db: {image: two}}\n",
    }
    read = loaded(files, ("compose.yml",))
    assert [part.path for part in read.parts] == [f"{FOLDER}/compose.yml"]
    (said,) = read.unread
    assert "includes $HOME/x/a.yml, which has a variable in its name" in said


@every_combination
def test_each_service_is_edited_where_it_stands(project: Combination) -> None:
    made = edited(project)
    assert set(made) == set(project.changed)
    before = meant(loaded(project.files, project.given))
    after = meant(loaded({**project.files, **made}, project.given))
    assert set(project.chosen) <= set(before)
    assert after == {
        name: on | {"six"} if name in project.chosen else on for name, on in before.items()
    }
    declared = sum(text.count("external: true") for text in made.values())
    assert declared == 1


@every_combination
def test_each_edit_adds_lines_alone_and_comes_out_again(project: Combination) -> None:
    for name, text in edited(project).items():
        before = project.files[name]
        assert without_addition(before, text, text) == before
        assert without_addition(before, text, f"{text}# mine\n") == f"{before}# mine\n"


@every_combination
def test_the_proposed_answers_give_a_plan(project: Combination) -> None:
    host = made_up_hosts.debian12()
    assert not isinstance(host.projects, Unknown)
    files = tuple(Path(FOLDER) / name for name in project.given)
    host = replace(host, projects=(replace(host.projects[0], files=files),))
    texts = {posixpath.join(FOLDER, name): text for name, text in project.files.items()}
    system = made_up_system.of(host, texts)
    proposed = proposals.defaults(host)
    read = plan_inputs.read_project(system, project_of(host, proposed))
    chosen = proposals.tick(proposed, read.services, host)
    assert set(project.chosen) - set(chosen.services) <= {"db"}
    plan = planning.plan(host, chosen, read)
    steps = [step for step in plan.steps if isinstance(step, ComposeFile)]
    assert {step.path for step in steps} >= {
        posixpath.join(FOLDER, name) for name in project.changed
    }
    assert [step.follows for step in steps] == [False, *(True for _ in steps[1:])]
    assert {name for step in steps for name in step.services} == set(chosen.services)


@pytest.mark.parametrize(
    ("name", "on"),
    [
        ("one network of several that is reset", {"front"}),
        ("the only network that is reset", {"default"}),
    ],
)
def test_a_network_that_is_reset_by_itself_is_not_of_the_service(name: str, on: set[str]) -> None:
    project = COMBINATIONS[name]
    assert meant(loaded(project.files, project.given)) == {"web": on}


def test_the_last_file_that_names_networks_is_changed_unless_another_is_preferred() -> None:
    files = {
        "a.yml": "services: {web: {image: x, networks: [front]}}\nnetworks: {front: }\n",
        "b.yml": "services: {web: {tty: true}}\n",
    }
    read = loaded(files, ("a.yml", "b.yml"))
    for preferred, changed in (("none", "a.yml"), ("b.yml", "b.yml")):
        made = in_place(read, ["web"], "six", posixpath.join(FOLDER, preferred))
        assert [posixpath.basename(path) for path in made] == [changed]


def test_of_several_files_that_name_networks_the_last_is_changed() -> None:
    text = "services: {{web: {{image: x, networks: [{0}]}}}}\nnetworks: {{{0}: }}\n"
    files = {f"{name}.yml": text.format(name) for name in "abc"}
    files["d.yml"] = "services: {web: {networks: !override [c]}}\n"
    for given, changed in (("abc", "c.yml"), ("ab", "b.yml"), ("abcd", "d.yml")):
        read = loaded(files, tuple(f"{name}.yml" for name in given))
        made = in_place(read, ["web"], "six", f"{FOLDER}/a.yml" if given == "abcd" else "")
        assert [posixpath.basename(path) for path in made] == [changed]


def test_each_file_is_given_the_addresses_of_its_own_services_alone() -> None:
    files = {"a.yml": "services: {web: {image: x}}\n", "b.yml": "services: {db: {image: y}}\n"}
    read = loaded(files, ("a.yml", "b.yml"))
    addresses = {"web": "fd00::5", "db": "fd00::6"}
    made = in_place(read, ["web", "db"], "six", "", addresses=addresses)
    texts = [file.raw.decode() for file in made.values()]
    assert [[each in text for each in addresses.values()] for text in texts] == [
        [True, False],
        [False, True],
    ]


def test_a_service_that_is_in_no_file_is_said_with_all_of_them() -> None:
    files = {"a.yml": "services: {web: {image: x}}\n", "b.yml": "services: {}\n"}
    read = loaded(files, ("a.yml", "b.yml"))
    with pytest.raises(Refused, match=rf"no service nobody in {FOLDER}/a\.yml, {FOLDER}/b\.yml\."):
        in_place(read, ["web", "nobody"], "six", "")


@pytest.mark.parametrize("given", [True, False])
def test_an_override_file_is_not_one_of_those_that_it_stands_beside(given: bool) -> None:
    name = "docker-compose.override.yml"
    files = {
        "docker-compose.yml": "services:\n  web:\n    image: x\n    networks: [front]\n",
        name: "services:\n  web:\n    networks:\n      - back\nnetworks:\n  back:\n",
    }
    read = loaded(files, ("docker-compose.yml", *((name,) if given else ())))
    made = beside(read, ["web"], "six", f"{FOLDER}/{name}", files[name].encode())
    assert made.name == f"{FOLDER}/{name}"
    assert made.raw.decode() == files[name].replace("- back\n", "- back\n      - six\n") + (
        "  six:\n    external: true\n"
    )
    with pytest.raises(Refused, match=f"^{FOLDER}/{name} is not valid YAML"):
        beside(read, ["web"], "six", f"{FOLDER}/{name}", b"services: [\n")


def test_a_file_that_compose_is_given_and_that_is_gone_is_refused() -> None:
    with pytest.raises(Refused, match=rf"^{FOLDER}/b\.yml is not there\. Nothing was changed\."):
        loaded({"a.yml": "services: {web: {image: x}}\n"}, ("a.yml", "b.yml"))


def test_what_was_read_are_the_files_that_are_there() -> None:
    files = {
        "a.yml": "include: [gone.yml, b.yml]\n",
        "b.yml": "services: {web: {extends: {file: c.yml, service: web}}}\n",
        "c.yml": "services: {web: {image: x, extends: {file: lost.yml, service: web}}}\n",
        "d.yml": "services: {}\n",
    }
    assert sorted(loaded(files, ("a.yml",)).texts) == [f"{FOLDER}/{name}.yml" for name in "abc"]


def test_a_service_of_another_file_that_extends_a_changed_one_is_not_given_the_network() -> None:
    files = {
        "compose.yaml": "include: [fed.yaml]\n"
        "services: {job: {extends: {file: fed.yaml, service: web}}}\n",
        "fed.yaml": "services: {web: {image: x}}\n",
    }
    read = loaded(files, ("compose.yaml",))
    with pytest.raises(Refused, match=r"^job takes settings from a file that would be changed"):
        in_place(read, ["web"], "six", "compose.yaml")
    assert set(in_place(read, ["web", "job"], "six", "")) == {
        f"{FOLDER}/compose.yaml",
        f"{FOLDER}/fed.yaml",
    }


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("gone.yaml", "includes gone.yaml, which is not there"),
        ("${WHERE}/fed.yaml", "which has a variable in its name"),
        ("https://example.org/fed.git", "which is not on this host"),
        ("oci://example.org/fed", "which is not on this host"),
        ("oci:example.org/fed", "which is not on this host"),
        ("git@example.org:fed.git", "which is not on this host"),
        ("bad.yaml", "which was not read (/srv/mastodon/bad.yaml is not valid YAML"),
    ],
)
def test_an_included_file_that_cannot_be_read_is_said(entry: str, says: str) -> None:
    files = {
        "compose.yaml": f"include: ['{entry}']\nservices: {{web: {{image: x}}}}\n",
        "bad.yaml": "services: [\n",
    }
    read = loaded(files, ("compose.yaml",))
    (sentence,) = read.unread
    assert says in sentence
    # Its services run all the same: they are listed, and cannot be ticked.
    found = plan_inputs.PlanInputs({}, read, elsewhere=("web", "far")).services
    assert [(each.name, each.attachable) for each in found] == [("web", True), ("far", False)]
    assert says in found[1].reason


@pytest.mark.parametrize(
    "files",
    [
        {
            "compose.yaml": "include: [compose.yaml, b.yaml]\n",
            "b.yaml": "include: [compose.yaml]\n",
        },
        {
            "compose.yaml": "services: {web: {extends: {file: b.yaml, service: web}}}\n",
            "b.yaml": "services: {web: {extends: {file: compose.yaml, service: web}}}\n",
        },
    ],
)
def test_files_that_name_one_another_in_a_circle_are_read_once(files: dict[str, str]) -> None:
    read = loaded(files, ("compose.yaml",))
    assert not any(service.attachable for service in plan_inputs.PlanInputs({}, read).services)


def test_a_project_of_files_without_end_is_refused() -> None:
    files = {f"{n}.yaml": f"include: [{n + 1}.yaml]\n" for n in range(200)}
    read = loaded(files, ("0.yaml",))
    assert len(read.texts) == 100
    assert "one file more than the 100" in read.unread[0]


@pytest.mark.parametrize(
    ("secret", "owner", "seen"),
    [
        (FileState("172.18.0.0/16\n", 0o600), 1000, False),
        (FileState("172.18.0.0/16\n", 0o600), 0, True),
        (FileState("172.18.0.0/16\n", 0o600, uid=1000), 1000, True),
        (FileState("172.18.0.0/16\n", 0o644), 1000, True),
    ],
    ids=["of root alone", "named by root", "of who names it", "for everybody"],
)
@pytest.mark.parametrize("kind", ["env_file", "volumes", "include", "extends"])
def test_root_reads_for_nobody_what_they_could_not_read(
    secret: FileState, owner: int, seen: bool, kind: str
) -> None:
    other = replace(secret, text="services: {web: {image: secret}}\n")
    text = {
        "env_file": "services: {web: {image: x, env_file: /etc/secret}}\n",
        "volumes": "services: {web: {image: x, volumes: ['/etc/secret:/etc/seen']}}\n",
        "include": "include: [/etc/secret]\nservices: {a: {image: x}}\n",
        "extends": "services: {web: {image: x, extends: {file: /etc/secret, service: web}}}\n",
    }[kind]
    host = made_up_hosts.debian12()
    assert not isinstance(host.projects, Unknown)
    file = f"{FOLDER}/compose.yml"
    host = replace(host, projects=(replace(host.projects[0], files=(Path(file),)),))
    system = made_up_system.of(host, {file: text})
    system.files[file] = replace(system.files[file], uid=owner)
    system.files["/etc/secret"] = secret if kind in ("env_file", "volumes") else other
    read = plan_inputs.read_project(system, project_of(host, proposals.defaults(host)))
    assert ("/etc/secret" in read.files) is seen
    if kind == "include" and not seen:
        assert "is not readable by the owner" in " ".join(read.unread)


@pytest.mark.parametrize("mode", [0o640, 0o600])
def test_files_of_variables_that_compose_was_given_are_given_to_it_again(mode: int) -> None:
    host = made_up_hosts.debian13()
    assert not isinstance(host.projects, Unknown)
    file, named, gone = (f"{FOLDER}/{name}" for name in ("compose.yml", "prod.env", "gone.env"))
    project = replace(host.projects[0], files=(Path(file),), variables=(Path(named), Path(gone)))
    host = replace(host, projects=(project,))
    text = "include: ['${MORE:?which one}.yml']\nservices: {web: {image: x}}\n"
    system = made_up_system.of(host, {file: text, f"{FOLDER}/.env": "MORE=no\n"})
    # Root reads for nobody what they could not read, so that Compose is not given it either.
    system.files[file] = replace(system.files[file], uid=1000)
    system.files[named] = FileState("MORE=yes\n", mode, 1000 if mode == 0o640 else 0)
    more = "services: {job: {image: y}}\n"
    system.files |= {f"{FOLDER}/{name}.yml": FileState(more) for name in ("yes", "no")}
    choices = proposals.defaults(host)
    read = plan_inputs.read_project(system, project_of(host, choices))
    given = (named,) if mode == 0o640 else ()
    assert read.variables == given
    assert read.compose_paths == (f"{FOLDER}/{'yes' if given else 'no'}.yml", file)
    chosen = replace(choices, services=("web",), prefix=IPv6Network("fd91:7981:3415::/64"))
    steps = planning.plan(host, chosen, read).steps
    (step,) = (each for each in steps if isinstance(each, ComposeFile))
    assert step.variables == given
    assert (f"--env-file {named} " in step.preconditions()[0].line) is bool(given)


def test_what_a_file_says_is_known_with_the_variables_of_the_project() -> None:
    files = {
        "compose.yml": "services:\n  web: {image: x, networks: ['${ON}']}\n"
        "  job: {image: y, networks: ['${SIX:-no}']}\n  vpn: {image: z, network_mode: $MODE}\n"
        "networks:\n  inner: {internal: $CLOSED}\n  there: {external: true, name: $SIX}\n",
        ".env": "ON=inner\nSIX=there\nMODE=host\nCLOSED=true\n",
    }
    read = loaded(files, ("compose.yml",))
    web, job, vpn = services([part.file for part in read.parts])
    assert (web.networks, web.internet) == (("inner",), False)
    assert (job.networks, vpn.network_mode) == (("there",), "host")
    # By its name it is the one that is there already, and so is its key.
    made = in_place(read, ["job", "web"], "there", "")
    (file,) = made.values()
    assert file.raw.decode() == files["compose.yml"].replace("['${ON}']", "['${ON}', there]")


@pytest.mark.parametrize("name", ["/srv/mastodon/-", "/dev/fd/63", "/proc/self/fd/11"])
def test_a_project_from_what_a_program_said_is_refused_with_what_to_do(name: str) -> None:
    host = made_up_hosts.debian13()
    assert not isinstance(host.projects, Unknown)
    system = made_up_system.of(host, {name: "services: {web: {image: x}}\n"})
    project = replace(host.projects[0], files=(Path(name),))
    with pytest.raises(Refused, match=r"not as a file.*Save the text as a file") as refused:
        plan_inputs.read_project(system, project)
    assert "Put it back" not in str(refused.value)


def test_a_chosen_service_that_extends_another_is_not_given_its_default_network() -> None:
    files = {
        "compose.yaml": "include: [fed.yaml]\nnetworks: {own: }\nservices:\n"
        "  job: {extends: {file: fed.yaml, service: web}, networks: [own]}\n",
        "fed.yaml": "services: {web: {image: x}}\n",
    }
    read = loaded(files, ("compose.yaml",))
    with pytest.raises(Refused, match=r"added to it too.*override file instead\.$"):
        in_place(read, ["web", "job"], "six", "")


@pytest.mark.parametrize("tag", ["!reset", "!override"])
@pytest.mark.parametrize("section", ["services", "networks"])
def test_a_section_that_takes_all_before_it_away_is_refused(section: str, tag: str) -> None:
    files = {
        "a.yml": "services: {web: {image: x}}\n",
        "b.yml": f"{section}: {tag} {{web: {{}}}}\n",
    }
    with pytest.raises(Refused, match=rf"“{section}:” carries the tag {tag}, by which"):
        loaded(files, ("a.yml", "b.yml"))


def test_of_a_mounted_folder_the_settings_are_read_and_nothing_else(tmp_path: Path) -> None:
    for name in ("site.conf", "a.toml", "photo.png", "dump"):
        (tmp_path / name).write_text("172.18.0.0/16\n", encoding="utf-8")
    (tmp_path / "below.conf").mkdir()
    text = f"services: {{web: {{image: x, volumes: ['{tmp_path}:/etc/nginx']}}}}\n"
    host = made_up_hosts.debian12()
    assert not isinstance(host.projects, Unknown)
    file = f"{FOLDER}/compose.yml"
    host = replace(host, projects=(replace(host.projects[0], files=(Path(file),)),))
    mounted = {str(each): "172.18.0.0/16\n" for each in tmp_path.iterdir() if each.is_file()}
    system = made_up_system.of(host, {file: text, **mounted})
    project = project_of(host, proposals.defaults(host))
    read = plan_inputs.read_project(system, project)
    assert read.named == (file, f"{tmp_path}/a.toml", f"{tmp_path}/site.conf")
    system.files[filesystems.MOUNTS] = FileState(f"nas:/media {tmp_path} nfs4 rw 0 0\n", 0o444)
    assert plan_inputs.read_project(system, project).named == (file,)


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/srv/x/site.conf", True),
        ("/srv/media", False),
        ("/srv/media/a/../b", False),
        ("/srv/mediathek", True),
        ("/srv/media/local/x", True),
        ("/mnt/with space/x", False),
        ("/srv/media/../x", True),
    ],
)
def test_what_lies_on_another_host_is_known_by_what_is_mounted(path: str, near: bool) -> None:
    mounts = (
        "/dev/vda1 / ext4 rw 0 0\nproc /proc proc rw 0 0\nnas:/m /srv/media nfs4 rw 0 0\n"
        "/dev/vdb /srv/media/local xfs rw 0 0\n\n"
        "rclone: /mnt/with\\040space fuse.rclone rw 0 0\n"
    )
    assert filesystems.is_near(path, mounts) is near
    assert filesystems.is_near(path, "")
