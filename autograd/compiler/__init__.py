"""Compiling: a scalar function of one example becomes a program over a batch."""

from .batches import BranchChanged
from .compiled import Compiled, compile

__all__ = ["BranchChanged", "Compiled", "compile"]
