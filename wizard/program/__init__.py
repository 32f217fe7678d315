"""The copy of this program that PID 1 starts, and who could change it."""
