"""What people will notice of a change, in sentences: one file for each kind of people."""
