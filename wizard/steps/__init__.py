"""The kinds of change: one file each, with its preview, its apply, its undo and its check."""
