"""What this machine is: one value, and a detector a part; ``wizard.host.detectors`` runs them."""
