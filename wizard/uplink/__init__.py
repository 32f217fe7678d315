"""The service that keeps the kernel listening to router advertisements while it forwards.

A host that forwards hears advertisements only where accept_ra is 2 (kernel, ip-sysctl.rst), and
what configures an interface may set it to something else at every boot and every ``ifup``: ifupdown
does so for ``inet6 auto`` and ``inet6 dhcp`` (interfaces(5)). Nothing of Docker's is needed here.
"""
