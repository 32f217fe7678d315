"""From host and answers to steps in order; what must be accepted; the steps as a script."""
