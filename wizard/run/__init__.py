"""Applies a plan in a process of its own, journalled step by step, and takes it back."""
