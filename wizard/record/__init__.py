"""What was done, step by step, in one file; and what files of earlier releases mean."""
