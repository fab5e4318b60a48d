"""Exercises that the engine checks: `chainrule learn`."""
