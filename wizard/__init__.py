"""The core: detects a host, plans its IPv6 for containers, applies the plan and takes it back."""

__version__ = "0.1.0"
