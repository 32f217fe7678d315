"""Whom a host should reach over IPv6 unless told otherwise."""

from ipaddress import IPv6Address

DEFAULT_TARGET = IPv6Address("2606:4700:4700::1111")
"""A public resolver that answers echo requests."""
