"""Machine code for a program, made by LLVM."""
