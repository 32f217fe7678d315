"""Answers neighbour solicitations for containers, through the kernel's neighbour proxy.

``python -m wizard.ndp --uplink eth0 --network NAME --prefix PREFIX`` keeps the proxy entries of the
uplink equal to the addresses of the containers on one Docker network, until it is stopped.
"""
