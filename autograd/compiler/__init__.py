"""Compiling: a scalar function of one example becomes a program over a batch."""

from .entry import BranchChanged, compile

__all__ = ["BranchChanged", "compile"]
