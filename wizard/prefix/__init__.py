"""The service that notices when the uplink has another prefix, and has the containers follow.

It is small and only looks; what it starts then is a program of its own, ``wizard.prefix_follower``.
"""
