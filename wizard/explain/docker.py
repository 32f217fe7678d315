"""Pages about Docker: that it is there, answers, and is one that the wizard can work with."""

from wizard.explain.page import Page
from wizard.host.obstacle import Cause

_INSTALL = "apt install docker.io docker-compose"
_NOTHING = "Nothing until there is one: it installs no Docker, and starts none."

PAGES = {
    Cause.DOCKER_NOT_INSTALLED: Page(
        "Docker is not installed",
        "The wizard gives IPv6 to the containers of a deployment that runs already. There is no "
        "Docker on this host, neither its program nor its socket.",
        "Install it, start the deployment with Compose, and start the wizard again:",
        (_INSTALL,),
        _NOTHING,
    ),
    Cause.DOCKER_NOT_RUNNING: Page(
        "Docker is not running",
        "Docker is installed, but nobody answers on its socket. Which networks and containers "
        "there are, only the running Docker knows.",
        "Start it. If it does not stay up, its log says why:",
        ("systemctl start docker", "journalctl --unit docker --lines 20 --no-pager"),
        "Nothing until it runs: to start Docker starts containers too, so the wizard leaves that "
        "to you.",
    ),
    Cause.DOCKER_SILENT: Page(
        "Docker does not answer",
        "Docker took the question and did not answer within seconds. It may be busy for a while, "
        "or hang.",
        "See whether it answers by now, and what its log says. To restart it stops the containers "
        "for a moment, unless live-restore is on, so that is the last resort:",
        (
            "docker info",
            "journalctl --unit docker --lines 20 --no-pager",
            "systemctl restart docker",
        ),
        "It looks again each time that it is started, and when you press R on “Your host”. It "
        "never restarts Docker.",
    ),
    Cause.DOCKER_CLOSED: Page(
        "Docker's socket is closed to you",
        "Who may talk to Docker can become root through it, so its socket is open to root and to "
        "the group docker alone.",
        "Leave the wizard and start it with sudo, or as root:",
        ("sudo wizard",),
        "Without Docker's answers it can only show the rest of the host.",
    ),
    Cause.DOCKER_ELSEWHERE: Page(
        "DOCKER_HOST leads to another machine",
        "The variable DOCKER_HOST tells Docker's programs which Docker to talk to. The wizard "
        "changes the host that it runs on, so it needs the Docker of that same host.",
        "Start the wizard on the machine where the containers run. If that is this one, remove "
        "the variable, and start the wizard again:",
        ("unset DOCKER_HOST",),
        "Nothing: it changes no other machine.",
    ),
    Cause.DOCKER_OF_OTHERS: Page(
        "What answers as Docker is not root's",
        "The wizard acts as root on what Docker tells it. The program behind this socket belongs "
        "to another user, who could tell it anything.",
        "If DOCKER_HOST is set, remove it, so that root's own Docker is asked. See whose sockets "
        "there are:",
        ("unset DOCKER_HOST", "ls -l /run/docker.sock /run/user/*/docker.sock"),
        "Nothing: what such a program says is not relied on.",
    ),
    Cause.DOCKER_DESKTOP: Page(
        "This is Docker Desktop",
        "Docker Desktop runs containers in a virtual machine with a network of its own. The wizard "
        "works on the host's own bridges and packet filter, which those containers do not use.",
        "Install Docker on the host itself, remove DOCKER_HOST if it is set, and start the "
        "deployment there:",
        (_INSTALL, "unset DOCKER_HOST"),
        _NOTHING,
    ),
    Cause.DOCKER_ROOTLESS: Page(
        "This Docker runs rootless",
        "A rootless Docker belongs to an ordinary user. Its containers leave through a program of "
        "that user and not through the host's bridges and packet filter, where the wizard works.",
        "Run the deployment with a Docker that runs as root. To install and start that one, and "
        "let Docker's programs talk to it:",
        (_INSTALL, "systemctl start docker", "unset DOCKER_HOST"),
        "Nothing with a rootless Docker.",
    ),
    Cause.DOCKER_TOO_OLD: Page(
        "Docker is too old",
        "17.06 is the oldest Docker on which anybody is known to have done this. The wizard knows "
        "nothing of how older ones handle IPv6.",
        "Read the release notes of Docker first: an upgrade restarts it, and with it the "
        "containers. Debian's own package is new enough:",
        ("apt update", "apt install docker.io"),
        "It never installs or upgrades Docker.",
    ),
    Cause.DOCKER_UNIT: Page(
        "Docker is run by another unit",
        "At boot systemd starts what the wizard sets up together with docker.service. Here another "
        "unit runs Docker, such as that of a snap, so nothing of it would be started.",
        "Instead of a snap install Debian's package. A unit of your own takes the name as well, "
        "once “Alias=docker.service” stands below [Install] of it and it is enabled anew:",
        ("systemctl reenable UNIT", _INSTALL),
        "It changes no unit of Docker's. With that name it works as with any other.",
    ),
    Cause.IN_CONTAINER: Page(
        "The wizard is inside a container",
        "Docker, if there is one, is outside of it. What the wizard changes is the machine on "
        "which it runs, and that would be this container and not the host.",
        "Log in to the host itself, and start the wizard there. This shows what one is inside of:",
        ("systemd-detect-virt --container",),
        "Nothing from in here.",
    ),
    Cause.PODMAN: Page(
        "What answers as Docker is Podman",
        "Podman offers the same socket as Docker, but makes its networks another way and keeps no "
        "daemon that would put rules back.",
        "Run the deployment with Docker. Debian's package podman-docker puts Podman in Docker's "
        "place, so it has to go:",
        ("apt remove podman-docker", _INSTALL),
        "Nothing with Podman.",
    ),
}
