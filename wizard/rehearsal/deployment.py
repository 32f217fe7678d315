"""Compose deployments for practice, shaped as Mastodon's were and are."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from wizard.rehearsal import image
from wizard.rehearsal.machine import Machine

Shape = Literal["current", "2017"]

FOLDER = "/srv/mastodon"
SERVICES = ("db", "redis", "web", "streaming", "sidekiq")

# Two networks, of which the database and the cache see only the closed one.
_CURRENT = """\
# A practice deployment. Every service runs one small image instead of the real thing.
services:
  db:
    restart: always
    image: mastodon-practice:1
    command: httpd -f -p 5432 -h /srv/www
    networks:
      - internal_network
    healthcheck:
      test: ['CMD', 'wget', '-q', '-O', '/dev/null', 'http://127.0.0.1:5432/health']
    volumes:
      - ./postgres14:/srv/data
    environment:
      - 'POSTGRES_HOST_AUTH_METHOD=trust'

  redis:
    restart: always
    image: mastodon-practice:1
    command: httpd -f -p 6379 -h /srv/www
    networks:
      - internal_network
    healthcheck:
      test: ['CMD', 'wget', '-q', '-O', '/dev/null', 'http://127.0.0.1:6379/health']
    volumes:
      - ./redis:/srv/data

  # Full-text search: take the marks away to have it, and see that the disk is large enough.
  # es:
  #   restart: always
  #   image: mastodon-practice:1
  #   command: sleep 1000000
  #   networks:
  #     - external_network
  #     - internal_network
  #   ulimits:
  #     memlock:
  #       soft: -1
  #       hard: -1
  #   ports:
  #     - '127.0.0.1:9200:9200'

  web:
    # build: .
    image: mastodon-practice:1
    restart: always
    env_file: .env.production
    command: httpd -f -p 3000 -h /srv/www
    networks:
      - external_network
      - internal_network
    healthcheck:
      # prettier-ignore
      test: ['CMD-SHELL', "wget -q -O - http://127.0.0.1:3000/health | grep -q OK || exit 1"]
    ports:
      - '127.0.0.1:3000:3000'
    depends_on:
      - db
      - redis
      # - es
    volumes:
      - ./public/system:/srv/data

  streaming:
    image: mastodon-practice:1
    restart: always
    env_file: .env.production
    command: httpd -f -p 4000 -h /srv/www
    networks:
      - external_network
      - internal_network
    healthcheck:
      test: ['CMD-SHELL', "wget -q -O - http://127.0.0.1:4000/health | grep -q OK || exit 1"]
    ports:
      - '127.0.0.1:4000:4000'
    depends_on:
      - db
      - redis

  sidekiq:
    # build: .
    image: mastodon-practice:1
    restart: always
    env_file: .env.production
    command: tail -f /dev/null
    depends_on:
      - db
      - redis
    networks:
      - external_network
      - internal_network
    volumes:
      - ./public/system:/srv/data
    healthcheck:
      test: ['CMD-SHELL', "ps | grep -q '[t]ail -f' || exit 1"]

  ## Hidden services: take the marks away here and name the network above.
  # tor:
  #   image: mastodon-practice:1
  #   networks:
  #     - external_network
  #     - internal_network

networks:
  external_network:
  internal_network:
    internal: true
"""

# No networks at all: every service is on the one that Compose makes.
_2017 = """\
version: '3'
services:

  db:
    restart: always
    image: mastodon-practice:1
    command: httpd -f -p 5432 -h /srv/www
### Take the marks away to keep the database
#    volumes:
#      - ./postgres:/srv/data

  redis:
    restart: always
    image: mastodon-practice:1
    command: httpd -f -p 6379 -h /srv/www
### Take the marks away to keep the cache
#    volumes:
#      - ./redis:/srv/data

  web:
#    build: .
    image: mastodon-practice:1
    restart: always
    env_file: .env.production
    command: httpd -f -p 3000 -h /srv/www
    ports:
      - "3000:3000"
    depends_on:
      - db
      - redis
    volumes:
      - ./public/assets:/srv/data/assets
      - ./public/system:/srv/data/system

  streaming:
#    build: .
    image: mastodon-practice:1
    restart: always
    env_file: .env.production
    command: httpd -f -p 4000 -h /srv/www
    ports:
      - "4000:4000"
    depends_on:
      - db
      - redis

  sidekiq:
#    build: .
    image: mastodon-practice:1
    restart: always
    env_file: .env.production
    command: tail -f /dev/null
    depends_on:
      - db
      - redis
    volumes:
      - ./public/system:/srv/data
"""

_FILES: dict[Shape, str] = {"current": _CURRENT, "2017": _2017}


# Compose 1 is loaded once: to start takes it longer than to start a container.
_ONE_BY_ONE = """
import sys
from compose.cli.main import main
for service in sys.argv[1:]:
    sys.argv = ["docker-compose", "up", "-d", service]
    main()
"""


@dataclass(frozen=True)
class Deployment:
    """A Compose deployment that runs in a practice machine.

    Attributes:
        machine: The machine.
        shape: Whether its file is as today's or as in 2017.
        folder: Where its file is, in the machine.
    """

    machine: Machine
    shape: Shape
    folder: str = FOLDER

    @property
    def file(self) -> str:
        """The path of the Compose file in the machine."""
        return f"{self.folder}/docker-compose.yml"

    def compose(
        self, *argv: str, check: bool = True, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a Compose command in the deployment's folder."""
        return self.machine.run(
            ["env", f"--chdir={self.folder}", *self.machine.compose, *argv],
            check=check,
            timeout=timeout,
        )

    def container(self, service: str) -> str:
        """Return the name of a service's container, which differs between Compose 1 and 2."""
        between = "_" if self.machine.compose == ["docker-compose"] else "-"
        return between.join(("mastodon", service, "1"))

    def exec(
        self, service: str, argv: Sequence[str], *, check: bool = True, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a service's container."""
        command = ["docker", "exec", self.container(service), *argv]
        return self.machine.run(command, check=check, timeout=timeout)


def up(machine: Machine, shape: Shape = "current") -> Deployment:
    """Write a deployment into a machine, start it, and return it with every container running."""
    deployment = Deployment(machine, shape)
    image.load(machine)
    folder = machine.path(deployment.folder)
    folder.mkdir(parents=True, exist_ok=True)
    machine.path(deployment.file).write_text(_FILES[shape])
    (folder / ".env.production").write_text("LOCAL_DOMAIN=mastodon.example\nDB_HOST=db\n")
    (folder / ".env.production").chmod(0o600)
    # One by one: at once, networks and containers would get their addresses in any order, and
    # no two machines would be alike. Networks Compose 2 makes at once even so.
    if shape == "current" and machine.compose == ["docker", "compose"]:
        _create_network(machine, "external_network")
        _create_network(machine, "internal_network", "--internal")
    if machine.compose == ["docker-compose"]:
        machine.run(
            ["env", f"--chdir={deployment.folder}", "python3", "-c", _ONE_BY_ONE, *SERVICES]
        )
    else:
        for service in SERVICES:
            deployment.compose("up", "-d", service)
    return deployment


def _create_network(machine: Machine, name: str, *options: str) -> None:
    """Create a network as Compose 2 does, labels and all, so that Compose takes it for its own."""
    version = machine.run([*machine.compose, "version", "--short"]).stdout.strip()
    labels = {"network": name, "project": "mastodon", "version": version}
    argv = ["docker", "network", "create", *options]
    for key, value in labels.items():
        argv += ["--label", f"com.docker.compose.{key}={value}"]
    machine.run([*argv, f"mastodon_{name}"])


def add_bystander(machine: Machine, name: str = "bystander") -> str:
    """Start a container on a network of its own that has nothing to do with the deployment.

    Returns:
        The name of the container, which is the network's too.
    """
    image.load(machine, "bystander:1")
    machine.run(["docker", "network", "create", name])
    argv = ["docker", "run", "-d", "--name", name, "--network", name, "--restart", "always"]
    machine.run([*argv, "bystander:1", "httpd", "-f", "-p", "8080", "-h", "/srv/www"])
    return name
