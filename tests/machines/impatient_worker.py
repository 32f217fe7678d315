"""In a machine: the worker, but with little patience for a Docker that does not answer."""

import sys

from wizard.platform import system
from wizard.run import docker_patience, worker

docker_patience.WAIT = 6.0
system.DOCKER_TIMEOUT = 6.0

sys.exit(worker.main(sys.argv[1:]))
