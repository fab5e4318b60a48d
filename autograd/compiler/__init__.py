"""Compiling: a scalar function of one example becomes a program over a batch."""

from .branches import BranchChanged
from .entry import compile

__all__ = ["BranchChanged", "compile"]
