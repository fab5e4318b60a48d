"""Compiling: a scalar function of one example becomes a program over a batch."""

from .compiled import BranchChanged, Compiled, compile

__all__ = ["BranchChanged", "Compiled", "compile"]
