"""The next boot foreseen: what its files will set of IPv6 forwarding and accept_ra."""
