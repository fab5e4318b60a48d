"""Checking gradients, derivations by hand, and graphs that do not learn."""
