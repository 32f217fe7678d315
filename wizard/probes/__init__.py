"""Finds out whether packets get through: from inside a container, with nothing from its image."""
