"""What is loaded for a verb and for the first screen, and when the host is looked at."""

import json
import subprocess
import sys
from pathlib import Path

PATIENCE = 60

COSTLY = (
    *("docker", "requests", "urllib3", "http", "pyroute2"),
    *("secrets", "importlib.metadata", "wizard.rehearsal"),
)
"""What takes long to load, and only some of what the wizard does needs."""

MOST_OF_THE_ENGINE = (
    *("wizard.plan.planning", "wizard.modes.registry", "wizard.steps.base", "wizard.steps.kinds"),
    *("wizard.host.host", "wizard.host.detectors", "wizard.describe", "wizard.compose.builder"),
    *("wizard.run.journal", "wizard.run.start", "wizard.verification.verification", "yaml"),
)
"""What is imported where it is named, and loaded once something of it is wanted."""

LOADED = "[name for name, each in [*sys.modules.items()] if type(each).__name__ != '_Pending']"


def modules_after(program: str) -> set[str]:
    """What a program in a process of its own names ``loaded``, or what is loaded at its end."""
    words = f"import json, sys\nloaded = []\n{program}\nprint(json.dumps(loaded or {LOADED}))"
    done = subprocess.run(
        [sys.executable, "-c", words],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    loaded: list[str] = json.loads(done.stdout.splitlines()[-1])
    return set(loaded)


def among(loaded: set[str], package: str) -> set[str]:
    """The modules of a package among those that are loaded."""
    return {each for each in loaded if each == package or each.startswith(f"{package}.")}


def test_the_help_loads_no_more_than_it_needs() -> None:
    loaded = modules_after(
        "before = set(sys.modules)\n"
        "from wizard import __main__\n"
        "sys.argv = ['wizard', '--help']\n"
        "try:\n"
        "    __main__.main()\n"
        "except SystemExit as ended:\n"
        "    assert not ended.code\n"
        "loaded = sorted(set(sys.modules) - before)"
    )
    assert "wizard.cli" in loaded
    for package in ("pathlib", "typing", "shutil", "dataclasses", "ipaddress", "wizard.session"):
        assert not among(loaded, package), package


def test_a_verb_does_not_look_for_garbage_among_what_it_loads() -> None:
    looked = modules_after(
        "import gc\n"
        "gc.collect()\n"
        "looked = lambda: sum(each['collections'] for each in gc.get_stats())\n"
        "before = looked()\n"
        "from wizard import cli\n"
        "assert cli.main(['--explain']) == 0\n"
        "import wizard.host.every_part\n"
        "loaded = [str(looked() - before)]"
    )
    (times,) = map(int, looked)
    assert times < 10, times


def test_the_status_loads_neither_screens_nor_what_asks_docker_and_the_kernel() -> None:
    loaded = modules_after(
        "from wizard import cli\n"
        "from wizard.at_hand import RecordsAtHand\n"
        "RecordsAtHand.at_hand = lambda self: None\n"
        "assert cli.main(['--status']) == 0"
    )
    assert "wizard.status" in loaded
    others = (
        *("textual", "screens", "asyncio", "logging", "ssl", "tomllib"),
        *("subprocess", "socket", "hashlib", "tempfile"),
    )
    for package in (*COSTLY, *MOST_OF_THE_ENGINE, *others):
        assert not among(loaded, package), package


def test_the_status_of_what_was_taken_back_loads_nothing_that_looks_into_containers() -> None:
    loaded = modules_after(
        "from wizard import cli\n"
        "from wizard.at_hand import RecordsAtHand\n"
        "from wizard.record.record import Record, State\n"
        "words = ('20260101T000000Z', State.UNDONE, '2026-01-01T00:00:00Z', 'x', {}, {}, [])\n"
        "RecordsAtHand.at_hand = lambda self: Record(*words)\n"
        "RecordsAtHand.all = lambda self: (Record(*words),)\n"
        "assert cli.main(['--status']) == 0"
    )
    assert "wizard.run.set_ups" in loaded
    for package in (*COSTLY, *MOST_OF_THE_ENGINE, "wizard.probes.report", "socket"):
        assert not among(loaded, package), package


def test_the_first_screen_stands_before_the_host_is_looked_at(tmp_path: Path) -> None:
    loaded = modules_after(
        "from pathlib import Path\n"
        "from screens.app import WizardApp\n"
        "from screens.state import State\n"
        "from wizard.program import program\n"
        "from wizard.record.store import Store\n"
        "from wizard.session import Session\n"
        "assert not program.is_copy()\n"
        "seen = []\n"
        "def look(state):\n"
        f"    loaded.extend({LOADED})\n"
        "    app = state._owner\n"
        "    shown = [str(strip.text) for strip in app.screen._compositor.render_strips()]\n"
        "    seen.extend(line for line in shown if '1 of 8' in line)\n"
        "    app.exit(0)\n"
        "State.look = look\n"
        f"session = Session(Store(Path({str(tmp_path)!r})))\n"
        "assert WizardApp(session).run(headless=True) == 0\n"
        "assert len(seen) == 1, seen"
    )
    assert "screens.welcome" in loaded
    others = (
        "screens.host",
        "screens.mode",
        "screens.preview",
        "screens.result",
        "screens.modals",
        "screens.leaving",
        "screens.widgets.choice_list",
        "wizard.host.obstacle",
        "tomllib",
        "hashlib",
    )
    for package in (*COSTLY, *MOST_OF_THE_ENGINE, *others):
        assert not among(loaded, package), package


def test_where_nothing_is_typed_nothing_is_loaded_that_takes_words_apart() -> None:
    loaded = modules_after(
        "from wizard import cli\ncli._open = lambda: 0\nassert cli.main([]) == 0"
    )
    assert "wizard.cli" in loaded
    for package in ("argparse", "gettext", "wizard.arguments"):
        assert not among(loaded, package), package


def test_of_what_reads_netlink_no_more_is_loaded_than_reads_it() -> None:
    loaded = modules_after(
        "from wizard.host.netlink import Netlink\nassert Netlink().snapshot().links"
    )
    assert "pyroute2.iproute.linux" in loaded
    for package in ("pyroute2.ndb", "pyroute2.ethtool", "pyroute2.plan9", "pyroute2.ipdb"):
        assert not among(loaded, package), package


def test_all_that_is_named_is_loaded_before_the_first_thread_could_want_some() -> None:
    left = modules_after(
        "from screens import background\n"
        "from screens.state import State\n"
        "from wizard.platform import later\n"
        "class Owner:\n"
        "    def run_worker(self, *_, **__):\n"
        "        loaded.append(str(len(later._pending)))\n"
        "before = len(later._pending)\n"
        "background.run(Owner(), 'Trying', lambda: None, print, print)\n"
        "loaded.append(str(before > 0))"
    )
    assert left == {"0", "True"}
