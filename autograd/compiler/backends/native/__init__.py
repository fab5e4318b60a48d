"""Machine code by LLVM: the instructions of a program as loops over rows and vectors of examples."""
