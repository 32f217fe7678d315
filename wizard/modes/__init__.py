"""The ways in which containers can get IPv6: one file each, from host and choices to steps."""
