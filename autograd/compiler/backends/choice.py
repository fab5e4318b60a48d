"""Back ends: what runs a program over a batch, and which of them is chosen."""

import importlib.util
import warnings
from collections.abc import Callable
from functools import cache

from ...engine.value import Value
from ..program.blocks import Program, build
from ..program.trace import traced
from .runner import USUAL, Options, Runner


def _numpy(program: Program, with_gradient: bool, options: Options = USUAL) -> Runner:
    from .numpy import NumpyRunner

    return NumpyRunner(program, with_gradient, options)


def _llvm(program: Program, with_gradient: bool, options: Options = USUAL) -> Runner:
    """Machine code, because it was asked for."""
    trouble = _trouble()
    if trouble:
        warnings.warn(f"{trouble}: NumPy runs the program instead", RuntimeWarning, stacklevel=2)
        return _numpy(program, with_gradient, options)
    return _native(program, with_gradient, options)


def _auto(program: Program, with_gradient: bool, options: Options = USUAL) -> Runner:
    """Machine code where it is to be had, else NumPy."""
    if importlib.util.find_spec("llvmlite") is None:
        return _numpy(program, with_gradient, options)
    trouble = _trouble()
    if not trouble:
        return _native(program, with_gradient, options)
    _warn_once(trouble)
    return _numpy(program, with_gradient, options)


BACKENDS: dict[str, Callable[..., Runner]] = {"auto": _auto, "numpy": _numpy, "llvm": _llvm}


def _native(program: Program, with_gradient: bool, options: Options = USUAL) -> Runner:
    from .native.runner import LlvmRunner

    return LlvmRunner(program, with_gradient, options)


@cache
def _trouble() -> str:
    """Why machine code cannot be used here, found out by a small program; empty if it can."""
    if importlib.util.find_spec("llvmlite") is None:
        return "the llvm back end needs llvmlite, the extra 'native' of this package, which is not installed"
    try:
        return "" if _agrees() else "machine code made here calculates something else than NumPy"
    except Exception as error:  # whatever a platform that nobody has tried does wrong
        return f"machine code cannot be made or run here ({type(error).__name__}: {error})"


def _agrees() -> bool:
    """Whether both back ends calculate the same for a few examples."""
    import numpy as np

    from ...engine.functions import exp, tanh, where

    w = Value(0.5)
    numbers = np.linspace(-1.0, 1.0, 11).reshape(-1, 1)
    with traced(lambda x: where(x < w, tanh(w * x), exp(x) / w) + w**2, [0.25]) as (tape, outputs, _):
        program = build(tape, outputs)
    theta = np.array([[0.5]])
    runs = [make(program, True).run(theta, [numbers], len(numbers)) for make in (_numpy, _native)]
    expected, found = (np.concatenate([run.outputs[0], run.gradient[:, 0]]) for run in runs)
    return bool(np.allclose(expected, found, rtol=1e-13, atol=0.0))


@cache
def _warn_once(trouble: str) -> None:
    warnings.warn(f"{trouble}: NumPy runs compiled functions instead", RuntimeWarning, stacklevel=2)
