"""Compose files of two times, and whole deployments of them on made-up hosts, ready to plan for."""

from dataclasses import dataclass, replace
from ipaddress import IPv6Network
from typing import Any

from tests import made_up_hosts, made_up_system
from tests.made_up_system import MadeUpSystem
from wizard.answers import proposals
from wizard.answers.choices import Choices, Placement
from wizard.answers.projects import project_of
from wizard.host.host import Host
from wizard.modes import plan_inputs
from wizard.modes.plan_inputs import PlanInputs
from wizard.plan import planning
from wizard.plan.planning import Plan

PREFIX = IPv6Network("fd91:7981:3415::/64")

TODAY = """\
# Two networks: one that reaches nothing outside, and one that does.
services:
  db:
    image: postgres:14-alpine
    networks:
      - internal_network

  redis:
    image: redis:7-alpine
    networks: [internal_network]

  web:
    image: 'mastodon'   # in quotes
    networks:
      - external_network
      - internal_network
    ports:
      - '127.0.0.1:3000:3000'

  streaming:
    image: mastodon
    networks:
      - external_network
      - internal_network

  sidekiq:
    image: mastodon
    networks:
      - external_network
      - internal_network

networks:
  external_network:
  internal_network:
    internal: true
"""

ARTICLE = """\
version: '3'
services:

  db:
    restart: always
    image: postgres:9.6-alpine
### Uncomment to enable DB persistance
    volumes:
      - ./postgres:/var/lib/postgresql/data

  redis:
    restart: always
    image: redis:3.2-alpine
### Uncomment to enable REDIS persistance
    volumes:
      - ./redis:/data

  web:
    build: .
    image: made-up/mastodon
    restart: always
    env_file: .env.production
    command: serve the pages
    ports:
      - "3000:3000"
    depends_on:
      - db
      - redis
    volumes:
      - ./public/assets:/mastodon/public/assets
      - ./public/packs:/mastodon/public/packs
      - ./public/system:/mastodon/public/system

  streaming:
    build: .
    image: made-up/mastodon
    restart: always
    env_file: .env.production
    command: serve the streams
    ports:
      - "4000:4000"
    depends_on:
      - db
      - redis

  sidekiq:
    build: .
    image: made-up/mastodon
    restart: always
    env_file: .env.production
    command: do the jobs
    depends_on:
      - db
      - redis
    volumes:
      - ./public/system:/mastodon/public/system
"""


_PLANS: dict[object, Plan] = {}

CLAIMS = {
    "file /etc/sysctl.d": "sysctl",
    "sysctl net.ipv6.conf.br-ipv6.": "docker-network",
    "sysctl ": "sysctl",
    "file /etc/docker-ipv6-wizard": "ip6tables",
    "directory /etc/docker-ipv6-wizard": "ip6tables",
    "file /etc/firewalld": "firewalld",
    "firewalld ": "firewalld",
    "chain ": "ip6tables",
    "file /etc/systemd/system/docker-ipv6-wizard-filter": "filter-service",
    "unit docker-ipv6-wizard-filter": "filter-service",
    "file /etc/systemd": "systemd-unit",
    "unit ": "systemd-unit",
    "network ": "docker-network",
    "file /srv/mastodon": "compose-file",
    "container ": "attach",
    "proxy ": "neighbour-proxy",
    # Forwarding without accept_ra costs a host its advertised one.
    "default route": "sysctl",
}
"""Which kind of step answers for what is on a host: by how its name in a snapshot begins."""


def claimant(key: str) -> str:
    """Return the kind of step that answers for something in a snapshot."""
    return next(kind for prefix, kind in CLAIMS.items() if key.startswith(prefix))


@dataclass(frozen=True)
class Deployment:
    """A Compose project on a made-up host, and choices for it that give a plan."""

    host: Host
    system: MadeUpSystem
    inputs: PlanInputs
    choices: Choices

    @property
    def path(self) -> str:
        """Where the Compose file is."""
        return self.inputs.given_paths[0]

    def plan(self, **changes: Any) -> Plan:
        """Return the plan, for the choices with some of them changed; made once, as it is pure."""
        choices, read = replace(self.choices, **changes), self.inputs
        key = (self.host, choices, tuple(read.files.items()), read.compose_paths, read.override)
        if key not in _PLANS:
            _PLANS[key] = planning.plan(self.host, choices, read)
        return _PLANS[key]


def deployment(host: Host | None = None, text: str = TODAY, **changes: Any) -> Deployment:
    """Put a Compose file where the first project of a host says it has one; Debian 12's at that."""
    host = host or made_up_hosts.debian12()
    proposed = proposals.defaults(host)
    project = project_of(host, proposed)
    system = made_up_system.of(host, {str(path): text for path in project.files[:1]})
    read = plan_inputs.read_project(system, project)
    chosen = replace(proposals.tick(proposed, read.services, host), prefix=PREFIX)
    return Deployment(host, system, read, replace(chosen, **changes))


def article(**changes: Any) -> Deployment:
    """The deployment of the article: its host, its prefix, and the two services it chose."""
    host = made_up_hosts.debian9_article()
    chosen = {"services": ("web", "sidekiq"), "placement": Placement.IN_PLACE}
    return deployment(host, ARTICLE, **{**chosen, **changes})
