"""Training: the loop, and the two ways to calculate its steps."""
