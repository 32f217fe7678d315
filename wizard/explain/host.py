"""Pages about the host itself, and about what the wizard did on it before."""

from wizard.explain.page import Page
from wizard.host.obstacle import Cause
from wizard.host.parts.debian import TESTED_ON
from wizard.platform.text import enumerated
from wizard.record.store import DIRECTORY

PAGES = {
    Cause.NOT_FOUND_OUT: Page(
        "Something that matters could not be found out",
        "No plan is made while it is not known which system this is, what Docker is and which "
        "networks it has, or where this host's way out over IPv6 is. What was asked did not answer "
        "in time, or with something that the wizard does not understand.",
        "See what is unknown and why, what the system logged about it, and look again:",
        ("wizard --detect", "journalctl --boot --priority warning --lines 40"),
        "It looks again each time that it is started, and when you press R on “Your host”. It "
        "guesses nothing and changes nothing meanwhile.",
    ),
    Cause.NOT_DEBIAN: Page(
        "This host is not Debian",
        "The wizard writes files where Debian looks for them, and is tested on Debian "
        f"{enumerated(map(str, TESTED_ON))}. Systems that derive from Debian, such as Ubuntu, are "
        "let through with a note.",
        "Set the deployment up on a host with Debian. What a system says that it is stands in:",
        ("cat /etc/os-release",),
        "Nothing on this host. Elsewhere, wizard --plan prints what it does as a shell script with "
        "comments, which can be read anywhere.",
    ),
    Cause.NOT_ROOT: Page(
        "You are not root",
        "Only root may change addresses, packet filter rules and networks, or read some of what is "
        "asked about the host, such as the rules in force.",
        "Leave the wizard and start it with sudo, or as root:",
        ("sudo wizard",),
        "It shows everything up to the preview to anybody who may talk to Docker, keeps the "
        "answers, and says what to type to continue with them as root.",
    ),
    Cause.EARLIER_RUN: Page(
        "An earlier run of the wizard is on this host",
        "There is one set-up of the wizard for a project at a time, and nothing else begins while "
        "a run moves or waits for an answer. Another one on top of it would take what the first "
        "one made for somebody else's. Other projects can be set up beside it.",
        "See how the run stands. Where it is in force, other answers change it: E on the screen "
        "that the wizard opens on, or wizard --change. To begin anew, take it back; your answers "
        "are kept. Where it waits for an answer, wizard --keep keeps it instead:",
        ("wizard --status", "wizard --change --answers FILE", "wizard --undo"),
        "It takes all set-ups back, or that of the project that you name, the last step first, "
        "shows before what that changes, and asks about what somebody has changed since.",
    ),
    Cause.RECORD_UNREADABLE: Page(
        "The record of an earlier run cannot be read",
        "The record says what the wizard changed on this host, and how each step is taken back. "
        "Without it nobody knows what of it is in force, so nothing is planned on top of it.",
        "Read it: each step has the commands that take it back. Once they are done by hand, or if "
        "nothing of it is in force, move it away:",
        (
            f"find {DIRECTORY} -name record.toml -ls",
            "mv RECORD /root/",
        ),
        "It can undo nothing without a record that can be read, and does not touch this one.",
    ),
}
