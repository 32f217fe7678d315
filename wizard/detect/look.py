"""Finds out what a plan depends on: everything but whether the host itself gets out."""

from wizard.detect.run import detectors, gather
from wizard.host import Host, Unknown


def look() -> Host:
    """Find out what this host is, without a packet to the outside and waiting for its answer."""
    chosen = dict(detectors())
    chosen["outward"] = lambda: Unknown("This was not tried.")
    return gather(chosen)
