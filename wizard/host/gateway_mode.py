"""Whether Docker hides a network that was to have addresses of its own, and why it does."""

from wizard.host import ipv6_already
from wizard.host.host import Host, Unknown
from wizard.platform.text import clean_line


def hides(host: Host, name: str) -> str | None:
    """Return, in sentences, that Docker hides a network behind the host, or None where it does not.

    The gateway mode of a network is fixed when it is made: one of a Docker that had no modes
    (before 27) has the default, ``nat``, on a later one, and so has one that Compose makes anew
    from the file that was written then.
    """
    engine, networks = host.engine, host.networks
    if isinstance(engine, Unknown) or isinstance(networks, Unknown):
        return None
    if not any(each.name == name and ipv6_already.works(host, each) for each in networks):
        return None
    return (
        f"Docker {clean_line(engine.version)} hides the containers of {clean_line(name)} behind "
        "the address of this host and lets nobody in at their own: the network was made for an "
        "earlier release of Docker, and is hidden by one from 27 on. wizard --repair makes it anew."
    )
