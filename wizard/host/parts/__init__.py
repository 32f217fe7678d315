"""The parts that a host consists of, one a file."""
