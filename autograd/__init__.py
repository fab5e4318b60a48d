"""A scalar reverse-mode autograd engine: Values that record a graph, and the chain rule that reads it backwards."""

from . import name_clash as name_clash
from .checks.derivation import check_derivation
from .checks.diagnosis import diagnose
from .checks.gradcheck import check_gradients
from .compiler import BranchChanged, compile
from .drawing.draw import draw
from .drawing.drawing import Drawing
from .drawing.stepper_output import Stepper, stepper
from .engine.expand import expand
from .engine.forward_mode import jvp
from .engine.functions import (
    abs,
    arccos,
    arcsin,
    arctan,
    cos,
    cosh,
    dot,
    elu,
    erf,
    erfc,
    exp,
    expm1,
    gelu,
    leaky_relu,
    log,
    log1p,
    log_softmax,
    logsumexp,
    maximum,
    mean,
    minimum,
    relu,
    sigmoid,
    silu,
    sin,
    sinh,
    softmax,
    softplus,
    sqrt,
    take,
    tan,
    tanh,
    total,
    uniform,
    where,
)
from .engine.grad import grad, hessian, hvp, jacobian
from .engine.grad_mode import no_grad, setting
from .engine.paths import paths
from .engine.primitive import primitive
from .engine.scope import Scope, scope
from .engine.value import Value
from .stepping.steps import Evaluation, Step

__version__ = "0.3.0"

__all__ = [
    "BranchChanged",
    "Drawing",
    "Evaluation",
    "Scope",
    "Step",
    "Stepper",
    "Value",
    "abs",
    "arccos",
    "arcsin",
    "arctan",
    "check_derivation",
    "check_gradients",
    "compile",
    "cos",
    "cosh",
    "diagnose",
    "dot",
    "draw",
    "elu",
    "erf",
    "erfc",
    "exp",
    "expand",
    "expm1",
    "gelu",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "leaky_relu",
    "log",
    "log1p",
    "log_softmax",
    "logsumexp",
    "maximum",
    "mean",
    "minimum",
    "no_grad",
    "paths",
    "primitive",
    "relu",
    "scope",
    "setting",
    "sigmoid",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "stepper",
    "take",
    "tan",
    "tanh",
    "total",
    "uniform",
    "where",
]
