"""Array instructions, forward and reverse."""
