"""Models as JavaScript: an ES module without dependencies that predicts in a page or in Node."""

import json
import math
from typing import Any

from autograd import compile

from ..modes import evaluation_mode
from ..module import Module
from ..structure import chain
from ..training.evaluation import NOT_RECORDED, compare, plain, reason

_PREDICT = """
const theta = Float64Array.from({theta});
export const classNames = {class_names};

// The outputs for one example of {inputs} numbers: {outputs}. For a list of examples, the list of theirs.
export const predict = (x) => {{
  if (Array.isArray(x[0]) || ArrayBuffer.isView(x[0])) return Array.from(x, predict);
  if (x.length !== {inputs}) throw new RangeError(`the model takes {inputs} inputs, got ${{x.length}}`);
  const results = map(theta, Float64Array.from(x));
  return {result};
}};
"""


def javascript_text(model: Module) -> str:
    """The text of a module whose ``predict(x)`` gives what `model` gives in evaluation mode.

    Raises ValueError for a model that does not say how many inputs it takes, that does something else than its
    recording, or that has a parameter that is not finite.
    """
    inputs = _inputs(model)
    program = compile(model, backend="numpy")
    several = False
    with evaluation_mode(model):
        for scale in (0.5, -1.0, 2.0):
            x = [scale * (-1.0) ** k for k in range(inputs)]
            try:
                expected = plain(model(x))
                compare(model, [(program.map([x]), [expected])])
                several = isinstance(expected, list)
            except NOT_RECORDED as error:
                raise ValueError(f"{type(model).__name__} cannot be saved as JavaScript: {reason(error)}") from error
            except (ValueError, ArithmeticError):
                continue  # it has no value there, such as a logarithm
        text: str = program.javascript
    theta = [parameter.data for parameter in program.parameters]
    if not all(map(math.isfinite, theta)):
        raise ValueError("a parameter of the model is not finite: nothing was saved")
    return text + _PREDICT.format(
        theta=json.dumps(theta),
        class_names=json.dumps(list(map(str, getattr(model, "class_names", [])))),
        inputs=inputs,
        outputs="a list" if several else "a number",
        result="Array.from(results)" if several else "results[0]",
    )


def _inputs(model: Module) -> int:
    """How many inputs a model takes, by its first layer or its attribute `n_inputs`."""
    first: Any = next((link for link in chain(model) or () if hasattr(link, "n_inputs")), model)
    inputs = getattr(first, "n_inputs", None)
    if not isinstance(inputs, int):
        name = type(model).__name__
        raise ValueError(f"this {name} does not say how many inputs it takes: set its attribute n_inputs")
    return inputs
