"""What a change must leave as it was, looked at before and after: one file for each aspect."""
