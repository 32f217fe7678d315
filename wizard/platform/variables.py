"""Which variables of the environment the wizard, and what it starts, take from who starts it.

A list of what is known, for the others name code (``TEXTUAL_DRIVER``), files to write
(``TEXTUAL_LOG``), keys to press (``TEXTUAL_PRESS``) and sizes (``COLUMNS``) to whatever library
asks for them next.
"""

import os
import pwd
import re
from collections.abc import Mapping, MutableMapping

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where programs are found: with every sbin, for sudo and cron hand over less."""

_WORDS = ("TERM", "COLORTERM", "NO_COLOR", "LANG", "LC_ALL", "TZ")
"""What says how to draw and tell the time; each is one word."""

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+/-]{0,63}")

FETCHING = (
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("PIP_CERT", "PIP_DEFAULT_TIMEOUT", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_INDEX_URL"),
    *("PIP_NO_INDEX", "PIP_PROXY", "PIP_RETRIES", "PIP_TRUSTED_HOST"),
    *("REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE"),
)
"""From where packages are fetched; what comes is compared with hashes. As in bin/environment."""

LOGIN = "DOCKER_IPV6_WIZARD_LOGIN"
"""Names the variable with the line by which one logs in to this host from outside, where that is
not ssh and an address."""

_TEXTS = (
    *(LOGIN, "SSH_CONNECTION", "SUDO_UID", "SUDO_USER", "XDG_STATE_HOME"),
    *("DOCKER_IPV6_WIZARD_CACHE", "DOCKER_IPV6_WIZARD_MIRROR", "DOCKER_IPV6_WIZARD_TRACEBACK"),
    *FETCHING,
)

_LONGEST = 4096
"""Octets of a path, as the kernel has it (limits.h, PATH_MAX), and more than any of these has."""

DOCKER = ("DOCKER_HOST", "DOCKER_CONFIG")
"""Which Docker is meant."""


_NOT_FETCHED = {
    "COMPOSE_EXPERIMENTAL_GIT_REMOTE": "false",
    "COMPOSE_EXPERIMENTAL_OCI_REMOTE": "false",
}
"""Compose is asked about files, and is to fetch none that they name from elsewhere as root
(docker/compose, pkg/remote/git.go and oci.go: both are on unless told otherwise)."""


def limit(environment: MutableMapping[str, str]) -> None:
    """Leave in an environment what is known alone, and set where programs and root's files are."""
    kept = {name: environment[name] for name in _WORDS if _is_word(environment.get(name, ""))}
    texts = ("HOME", *DOCKER, *_TEXTS)
    kept |= {name: environment[name] for name in texts if _is_text(environment.get(name, ""))}
    if os.geteuid() == 0:
        # Docker runs the plugins that lie in it, and sudo -E hands over somebody's.
        kept["HOME"] = _home()
    for name in [name for name in environment if name not in kept]:
        del environment[name]
    environment.update(kept, PATH=PATH)


def for_commands(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that commands get: the C locale, and a path with every sbin."""
    # The Docker that detection looks at, whatever “docker context use” says.
    engine = {"DOCKER_HOST": "unix:///var/run/docker.sock"}
    return engine | _NOT_FETCHED | for_worker(inherited) | {"PATH": PATH, "LC_ALL": "C.UTF-8"}


def for_worker(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the worker needs where nothing is inherited."""
    return {name: inherited[name] for name in ("HOME", *DOCKER) if inherited.get(name)}


def _is_word(value: str) -> bool:
    return _WORD.fullmatch(value) is not None and ".." not in value


def _is_text(value: str) -> bool:
    return 0 < len(value) <= _LONGEST and value.isprintable()


def _home() -> str:
    try:
        return pwd.getpwuid(0).pw_dir
    except KeyError:
        return "/root"
