"""Keeps our packet filter rules in force: whoever flushes them, they are back at once.

``python -m wizard.filter --rules FILE --uplink eth0 --bridge br-ipv6 [--close PREFIX]`` watches the
kernel's tables until it is stopped. The last two come once for each set-up.
"""
