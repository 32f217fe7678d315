"""What touches the machine: commands, files, terminals; and text from outside, cleaned."""
