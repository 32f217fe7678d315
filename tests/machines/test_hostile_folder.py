"""What whoever owns a Compose folder does to root, who reads and writes there."""

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.support import PYTHON, answer, apply, walk_to_question, wizard
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment, network
from wizard.rehearsal.machine import Machine

REMOTE = (f"oci://[{network.INTERNET}]:5000/fed:1", f"https://[{network.INTERNET}]:5000/fed.git")


def asked(host: Machine) -> int:
    """Return how many packets have gone where the files are said to be."""
    rules = host.run(["ip6tables", "-L", "OUTPUT", "-nvx"]).stdout
    (packets,) = [int(line.split()[0]) for line in rules.splitlines() if "dpt:5000" in line]
    return packets


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13, 14], indirect=True)
def test_an_include_of_another_host_is_not_fetched(machine: StartMachine) -> None:
    host = machine()
    # What git would fetch, it would by this program.
    host.path("/usr/local/bin/git").write_text("#!/bin/sh\ntouch /srv/git-ran\nexit 1\n")
    host.path("/usr/local/bin/git").chmod(0o755)
    host.shell("ip6tables -A OUTPUT -p tcp --dport 5000 -j REJECT")
    made = deployment.up(host, "current")
    file = host.path(made.file)
    text = file.read_text()
    for remote in REMOTE:
        file.write_text(f"include: ['{remote}']\n{text}")
        answer(host, made)
        before = fingerprint(host)
        done = apply(host)
        assert done.returncode == ExitCode.REFUSED, done.stdout + done.stderr
        assert "remote resource is disabled" in done.stdout + done.stderr
        assert asked(host) == 0
        assert not host.path("/srv/git-ran").exists()
        assert difference(before, fingerprint(host)) == ""


KEPT = "/root/theirs.yml"
ATTACKS = {
    "given to somebody else": "chown 1234 {file}",
    "a mode": "chmod 0666 {file}",
    "a link to root's own": "ln -sf {kept} {file}; chown -h {owner} {file}",
    "a FIFO": "rm {file}; mkfifo {file}; chown {owner} {file}",
}
"""What becomes of the file while its owner waits for root to answer."""


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13, 14], indirect=True)
def test_what_changes_while_the_preview_is_open_is_not_taken_as_it_was(
    machine: StartMachine,
) -> None:
    host = machine()
    made = deployment.up(host, "current")
    names = {"file": made.file, "folder": made.folder, "owner": "65534", "kept": KEPT}
    host.shell("cp -a {file} {kept}; chown -R {owner} {folder}".format(**names))
    answer(host, made)
    before, text = fingerprint(host), host.path(KEPT).read_text()
    for name, attack in ATTACKS.items():
        terminal = walk_to_question(host)
        host.shell("cp -a {folder} /root/folder; ".format(**names) + attack.format(**names))
        terminal.press("y")
        terminal.wait_for("Nothing was changed")
        terminal.close()
        assert host.path(KEPT).read_text() == text, name
        host.shell("rm -rf {folder}; mv /root/folder {folder}".format(**names))
        assert difference(before, fingerprint(host)) == "", name


# As its service does, which waits a while for things to come back.
WATCH = "from wizard.run.watching import *; tell(what_is_wrong(Store(), RealSystem()))"
LATER = {name: ATTACKS[name] for name in ("a link to root's own", "a FIFO")} | {
    "a link to a device": "ln -sf /dev/zero {file}; chown -h {owner} {file}",
    "a folder": "rm {file}; mkdir {file}; chown {owner} {file}",
    "a file without an end": "truncate --size=1T {file}",
    "variables without an end": "head --bytes=16000000 /dev/zero | tr '\\0' '\\n' >{folder}/.env",
    "includes of itself": "echo 'include: [docker-compose.yml, /root/theirs.yml]' >>{file}",
    "a temporary file of ours": "mkfifo {folder}/.docker-compose.yml.docker-ipv6-wizard",
}


@pytest.mark.thorough
@pytest.mark.timeout(900)
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_what_the_owner_does_later_holds_no_look_and_no_repair_up_and_leads_nowhere_else(
    machine: StartMachine,
) -> None:
    host = machine()
    made = deployment.up(host, "current")
    names = {"file": made.file, "folder": made.folder, "owner": "65534", "kept": KEPT}
    host.shell("cp -a {file} {kept}; chown -R {owner} {folder}".format(**names))
    answer(host, made)
    assert apply(host).returncode == ExitCode.DONE
    text, rules = host.path(KEPT).read_text(), "/etc/sysctl.d/zz-docker-ipv6-wizard.conf"
    for name, attack in LATER.items():
        host.shell("cp -a {folder} /root/folder; ".format(**names) + attack.format(**names))
        # What else is lost is put back all the same.
        host.shell(f"rm {rules}")
        for words in (("--check",), ("--report", "--masked"), ("--repair", "--yes")):
            said = host.run(["wizard", *words], check=False, timeout=120)
            assert "has a fault" not in said.stderr, (name, words, said.stderr)
        assert host.path(rules).exists(), name
        host.run([PYTHON, "-c", WATCH], timeout=120)
        assert host.path(KEPT).read_text() == text, name
        host.shell("rm -rf {folder}; mv /root/folder {folder}".format(**names))
        checked = wizard(host, "--check")
        assert checked.returncode == ExitCode.DONE, (name, checked.stdout)
    undone = wizard(host, "--undo", "--yes")
    assert undone.returncode == ExitCode.DONE, undone.stdout
    assert host.path(made.file).read_text() == text
