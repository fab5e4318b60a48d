"""What a model gives for examples it is not trained on: predictions, and the means of a loss and of metrics.

A recording of one example runs over all of them where it fits the model; the graph does it one by one where not.
"""

import gc
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from autograd import BranchChanged, Value, compile, no_grad

from ..losses import LOSSES, binary_cross_entropy, cross_entropy, hinge_loss, mse_loss
from ..metrics import accuracy, correct
from ..modes import evaluation_mode
from ..module import Module
from .example_weights import weighted
from .examples import Example, Examples, examples, rows_of
from .overflow import WAY_OUT, where_it_began, with_name

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ..data import Floats
    from ..targets import Numbers
    from .examples import Rows

Loss = Callable[[Any, Any], Value]  # of prediction (a Value or a list of Values) and target
Metric = Callable[[Any, Any], float]  # of the same as plain numbers

# What a recording raises for a function that asks a number for more than arithmetic.
NOT_RECORDED = (BranchChanged, TypeError, LookupError, AttributeError)
_MOST_TARGETS = 64  # for which a loss is compared with its recording


def predict(model: Module, X: "ArrayLike") -> "Floats":  # noqa: N803 (the usual name)
    """The outputs of a model for many examples, in evaluation mode: dropout is off.

    Arguments:
        model: a model of one example; it is not changed.
        X: the examples, shape (n, inputs): an array, a list of lists or a table.

    Returns an array of shape (n,) for a model of one output, (n, outputs) for others. Raises ValueError, naming the
    row, for numbers that are not finite, and the error of the model for an example that it refuses.

    >>> from nn import MLP
    >>> model = MLP(2, [3, 1], seed=0)
    >>> predict(model, [[0.5, -1.0], [0.0, 0.0]]).shape
    (2,)
    """
    import numpy as np

    if not isinstance(model, Module):
        raise TypeError(f"predict takes a Module, got a {type(model).__name__}")
    rows = rows_of(X, "X")
    if not len(rows):
        raise ValueError("there are no examples: X is empty")
    model.parameters()  # their current numbers, where a training has them
    with evaluation_mode(model):
        if rows.dtype != object:
            try:
                outputs = compile(model, backend="numpy").map(rows)
                some = [0, -1]
                compare(model, [(outputs[some], [plain(model(rows[k].tolist())) for k in some])])
                return outputs  # type: ignore[no-any-return]
            except (*NOT_RECORDED, ValueError, ArithmeticError):
                pass  # the graph does it, or says what is wrong
        predictions = []
        with no_grad():
            for k, row in enumerate(rows):
                try:
                    predictions.append(plain(model(row if isinstance(row, list) else row.tolist())))
                except (ValueError, TypeError, ArithmeticError) as error:
                    raise with_name(error, f"example {k}") from error
    return np.array(predictions)


def evaluate(
    model: Module,
    X: "ArrayLike",  # noqa: N803 (the usual name)
    y: "ArrayLike",
    loss: Loss | str | None = None,
    metrics: Mapping[str, Metric] | None = None,
) -> dict[str, float]:
    """The mean loss and the mean metrics of a model over examples, in evaluation mode: dropout is off.

    Arguments:
        model: a model of one example; it is not changed.
        X: the examples, shape (n, inputs).
        y: the targets, shape (n,) or (n, outputs).
        loss: a function of prediction and target of one example, or its name; without it, the one that `fit` takes.
        metrics: functions of prediction and target, as plain numbers, of one example, by name. Without it, for classes,
            ``{"accuracy": nn.accuracy}``.

    Returns a dict of means, "loss" first. Raises what `fit` raises for data that does not fit.

    >>> from nn import MLP
    >>> model = MLP(1, [1], init="zeros")
    >>> evaluate(model, [[1.0], [2.0]], [1, 0], "binary_cross_entropy")
    {'loss': 0.6931471805599453, 'accuracy': 0.5}
    """
    if not isinstance(model, Module):
        raise TypeError(f"evaluate takes a Module, got a {type(model).__name__}")
    data = examples(X, y)
    function = chosen_loss(loss, model, data)
    data = weighted(data, function)
    if metrics is None:
        metrics = {"accuracy": accuracy} if has_classes(model, data, function) else {}
    elif "loss" in metrics:
        raise ValueError("a metric may not be called 'loss', which is the name of the loss in the result")
    means = data.means(Evaluation(model, function, list(metrics.values()), "numpy").sums(data))
    return dict(zip(("loss", *metrics), means, strict=True))


class Evaluation:
    """Sums of loss and metrics over examples: compiled where a recording fits, else on the graph.

    Arguments:
        backend: what runs the recording, as for `autograd.compile`.
        required: whether to raise what keeps the recording from being made.
    """

    def __init__(self, model: Module, loss: Loss, metrics: Sequence[Metric], backend: str, required: bool = False):
        self.model, self.loss, self.metrics, self.required = model, loss, metrics, required
        self.program = compile(self._outputs, backend=backend)
        self.reason = ""  # why no recording is used
        self._several = True  # outputs of the model, in a list
        self._compared = False
        self._checked: list[Examples] = []  # for whose targets the recording of the loss is known to be right

    def sums(self, data: Examples, parameters: Sequence[Value] = (), theta: "Floats | None" = None) -> list[float]:
        """The sums over `data` of loss and metrics, for `theta` where it has the numbers of all parameters."""
        if not self.reason:
            fixed = self.program.traced and not self.program.reads_settings  # then the mode makes no difference
            try:
                with nullcontext() if fixed else evaluation_mode(self.model):
                    self.check(data)
                    self._compare(data)
                    at = theta if self.program.traced and self.program.parameters == list(parameters) else None
                    results = self.program.map(data.x, data.y, at=at)
                sums = self.added_up(results[:, 0], self._predictions(results), data, slice(None))
                if math.isfinite(sums[0]):
                    return sums
            except (ValueError, ArithmeticError):
                pass  # the graph says which example it is
            except NOT_RECORDED as error:
                if self.required:
                    raise
                self.reason = reason(error)
        return sums_on_graph(self.model, self.loss, self.metrics, data)

    def check(self, data: Examples) -> None:
        """Compare the loss with its recording, once for each set of examples (`check_loss`)."""
        if not any(data is known for known in self._checked):
            check_loss(self.loss, self.model, data)
            self._checked.append(data)

    def _compare(self, data: Examples) -> None:
        """Compare the recording with the graph for two examples, once."""
        if self._compared:
            return
        rows = [0, len(data) - 1]
        with no_grad():
            on_graph = [plain(self._outputs(data[k].x, data[k].target)) for k in rows]
        compare(self.model, [(self.program.map(data.x[rows], data.y[rows]), on_graph)])
        self._compared = True

    def added_up(self, losses: "Floats", predictions: "Floats", data: Examples, rows: "Rows | slice") -> list[float]:
        """The sums of loss and metrics over some rows of the data, from arrays with an entry for each of them."""
        targets = data.y[rows]
        if data.weights is not None:
            weights = data.weights[rows]
            losses, predictions, targets = losses * weights, predictions[weights > 0.0], targets[weights > 0.0]
        return [float(losses.sum()), *(_sum(metric, predictions, targets) for metric in self.metrics)]

    def _outputs(self, x: Any, target: Any) -> list[Value]:
        prediction = self.model(x)
        self._several = isinstance(prediction, (list, tuple))
        return [loss_value(self.loss, prediction, target), *(prediction if self._several else [prediction])]

    def _predictions(self, results: "Floats") -> "Floats":
        return results[:, 1:] if self._several else results[:, 1]


def _sum(metric: Metric, predictions: "Floats", targets: "NDArray[Any]") -> float:
    if metric is accuracy:
        return float(correct(predictions, targets).sum())
    return sum(float(metric(p, t)) for p, t in zip(predictions.tolist(), targets.tolist(), strict=True))


def sums_on_graph(model: Module, loss: Loss, metrics: Sequence[Metric], data: Examples) -> list[float]:
    """The sums over `data` of loss and metrics, an example at a time; OverflowError where a loss is not finite."""
    sums = [0.0] * (1 + len(metrics))
    with evaluation_mode(model):
        for k in range(len(data)):
            example, weight = data[k], 1.0 if data.weights is None else float(data.weights[k])
            with no_grad():
                prediction, value = forward(model, loss, example)
            if not math.isfinite(value.data):
                raise overflow_error(example, forward(model, loss, example)[1])  # again, with the graph: it explains
            sums = add_up(sums, prediction, value, example, metrics, weight)
    return sums


def forward(model: Module, loss: Loss, example: Example) -> "tuple[Numbers, Value]":
    """The prediction for an example, and its loss. Raises what they raise, naming the example."""
    try:
        prediction = model(example.x)
        value = loss(prediction, example.target)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise with_name(error, example.name) from error
    if not isinstance(value, Value):
        raise TypeError(f"{example.name}: a loss is a Value calculated from the prediction, got {value!r}")
    return prediction, value


def add_up(
    sums: list[float], prediction: "Numbers", loss: Value, example: Example, metrics: Sequence[Metric], weight: float
) -> list[float]:
    """`sums` of loss and metrics, plus those of one example; one that weighs 0 counts for no metric."""
    numbers = plain(prediction) if metrics else None
    figures = [loss.data * weight, *(float(metric(numbers, example.target)) if weight else 0.0 for metric in metrics)]
    return [a + b for a, b in zip(sums, figures, strict=True)]


def loss_value(loss: Loss, prediction: "Numbers", target: Any) -> Value:
    """The loss of a prediction; TypeError if it is not a Value."""
    value = loss(prediction, target)
    if not isinstance(value, Value):
        raise TypeError(f"a loss is a Value calculated from the prediction, got {value!r}")
    return value


def compare(model: Module, pairs: "Iterable[tuple[ArrayLike, ArrayLike]]") -> None:
    """Raise TypeError where the numbers of a recording differ from those of the graph, in one of some pairs of them."""
    import numpy as np

    if not all(np.allclose(recorded, on_graph, rtol=1e-6, atol=1e-9, equal_nan=True) for recorded, on_graph in pairs):
        raise TypeError(
            f"{type(model).__name__} does not calculate the same when its recording of one example runs, such as with "
            "random numbers of its own: train with compiled=False"
        )


def check_loss(loss: Loss, model: Module, data: Examples) -> None:
    """Compare the loss with its recording, for the prediction of the first example and up to 64 different targets.

    Raises what the loss itself raises, naming the example; TypeError, or BranchChanged, when the recording differs.
    """
    import numpy as np

    rows = _different_targets(data.y)
    with evaluation_mode(model), no_grad():
        prediction = model(data[0].x)
        expected = [_number(loss, prediction, data[k]) for k in rows]
    cause = None
    try:
        recorded = compile(loss, backend="numpy").map([plain(prediction)] * len(rows), data.y[rows])
        if np.allclose(recorded, expected, rtol=1e-9, atol=1e-12, equal_nan=True):
            return
    except BranchChanged:
        raise
    except Exception as error:  # of any class: it is what the loss raises for a target that is not a plain number
        cause = error
    raise TypeError(
        "the loss does with a target what a recording cannot hold, such as to compare it with == or to look it up "
        "in a dict: train with compiled=False"
    ) from cause


def _different_targets(y: "NDArray[Any]") -> list[int]:
    """Rows with different targets, the smallest and the largest number among them, in their order in the data."""
    import numpy as np

    if y.ndim == 1:
        _, rows = np.unique(y, return_index=True)
    else:
        rows = np.arange(len(y))
    chosen = np.linspace(0, len(rows) - 1, min(len(rows), _MOST_TARGETS)).astype(int)
    return sorted(rows[chosen].tolist())


def _number(loss: Loss, prediction: "Numbers", example: Example) -> float:
    try:
        return float(plain(loss(prediction, example.target)))
    except (ValueError, TypeError, ArithmeticError) as error:
        raise with_name(error, example.name) from error


def chosen_loss(loss: Loss | str | None, model: Module, data: Examples) -> Loss:
    """The loss of this name, or the one that fits the targets where none is given.

    These are: for whole numbers from 0 as targets, `cross_entropy` for a model of several outputs; for 0 and 1,
    `binary_cross_entropy` for a model of one; `mse_loss` for all else.
    """
    if isinstance(loss, str):
        found = LOSSES.get(loss) or LOSSES.get(f"{loss}_loss")
        if found is None:
            raise ValueError(f"unknown loss {loss!r}: choose {', '.join(sorted(LOSSES))}, or a function")
        return found
    if loss is not None:
        if not callable(loss):
            raise TypeError(f"loss is a function of prediction and target, such as nn.mse_loss, got {loss!r}")
        return loss
    if data.y.ndim > 1 or data.y.dtype.kind != "i" or data.y.min() < 0:
        return mse_loss
    if (outputs := outputs_of(model, data)) > 1:
        return cross_entropy
    return binary_cross_entropy if outputs == 1 and data.y.max() <= 1 else mse_loss


def has_classes(model: Module, data: Examples, loss: Loss) -> bool:
    """Whether the targets are classes: the loss says it, or the targets where the loss is the user's own."""
    loss = getattr(loss, "func", loss)  # of functools.partial
    if loss in LOSSES.values():
        return loss in (cross_entropy, binary_cross_entropy, hinge_loss)
    if data.y.ndim > 1 or data.y.dtype.kind != "i":
        return False
    return set(data.y[:1000].tolist()) <= {-1, 1} or outputs_of(model, data) > 1


def outputs_of(model: Module, data: Examples) -> int:
    """How many outputs the model has; 0 where it fails for the first example, which the first step will report."""
    with evaluation_mode(model), no_grad():
        try:
            prediction = model(data[0].x)
        except (ValueError, TypeError, ArithmeticError):
            return 0
    return len(prediction) if isinstance(prediction, (list, tuple)) else 1


def overflow_error(example: Example, loss: Value) -> Exception:
    """The error for a loss that is not finite: which example it is, and at which node it began."""
    return OverflowError(f"{example.name}: the loss is {loss.data!r}; {where_it_began(loss)}: {WAY_OUT}")


def reason(error: BaseException) -> str:
    """The first line of an error, shortened, for `History.engine`."""
    first = (str(error) or type(error).__name__).splitlines()[0]
    return first if len(first) <= 120 else f"{first[:117]}..."


def plain(prediction: Any) -> Any:
    """A prediction as plain numbers."""
    if isinstance(prediction, (list, tuple)):
        return [plain(p) for p in prediction]
    return prediction.data if isinstance(prediction, Value) else float(prediction)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Without the garbage collector, which takes a tenth of the time: graphs have no cycles that it would find."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
