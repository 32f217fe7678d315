"""One page for each cause of an obstacle: what it is, what to type, what the wizard can do."""
