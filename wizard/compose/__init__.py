"""Reads and edits Compose files: bytes in, bytes out, and nothing but the wanted lines added."""
