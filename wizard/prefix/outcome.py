"""What the program that has the containers follow ends with."""

FOLLOWED = 10
"""It ends with 0 where there was nothing to do, and with anything else where that failed."""

LATER = 11
"""It ends with this where a set-up that is to follow is not kept yet."""
