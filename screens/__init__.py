"""What a person sees: one file and one style sheet for each step of the way through."""
