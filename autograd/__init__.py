"""A scalar reverse-mode autograd engine: Values that record a graph, and the chain rule that reads it backwards."""

from . import name_clash as name_clash

# isort: split
from . import console as console
from . import messages as messages
from .checks.derivation import check_derivation
from .checks.diagnosis import diagnose
from .checks.gradcheck import check_gradients
from .compiler import BranchChanged
from .compiler import compile as compile
from .drawing.component import StepperComponent, stepper_component
from .drawing.draw import draw
from .drawing.drawing import Drawing
from .drawing.stepper_output import Stepper, stepper
from .engine.expand import expand
from .engine.forward_mode import jvp
from .engine.functions import abs as abs
from .engine.functions import (
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    cbrt,
    clamp,
    cos,
    cosh,
    dot,
    elu,
    erf,
    erfc,
    exp,
    expm1,
    gelu,
    hypot,
    leaky_relu,
    log,
    log1p,
    log2,
    log10,
    log_sigmoid,
    log_softmax,
    logsumexp,
    maximum,
    mean,
    minimum,
    mish,
    norm,
    prod,
    relu,
    selu,
    sigmoid,
    sign,
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
from .files import write_whole
from .rules.as_javascript import javascript as javascript_rules
from .stepping.steps import Evaluation, Step

__version__ = "0.3.0"

__all__ = [
    "BranchChanged",
    "Drawing",
    "Evaluation",
    "Scope",
    "Step",
    "Stepper",
    "StepperComponent",
    "Value",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cbrt",
    "check_derivation",
    "check_gradients",
    "clamp",
    "console",
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
    "hypot",
    "jacobian",
    "javascript_rules",
    "jvp",
    "leaky_relu",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "maximum",
    "mean",
    "messages",
    "minimum",
    "mish",
    "no_grad",
    "norm",
    "paths",
    "primitive",
    "prod",
    "relu",
    "scope",
    "selu",
    "setting",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "stepper",
    "stepper_component",
    "take",
    "tan",
    "tanh",
    "total",
    "uniform",
    "where",
    "write_whole",
]


def __dir__() -> list[str]:
    return sorted([*__all__, "abs", "compile"])  # which a star import leaves to Python
