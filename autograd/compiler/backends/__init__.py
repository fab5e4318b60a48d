"""What runs a program over a batch: NumPy, or machine code."""
