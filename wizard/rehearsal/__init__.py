"""Practice machines: throw-away Debian hosts with an upstream router of their own."""
