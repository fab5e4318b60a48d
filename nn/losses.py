"""Losses of one example.

Each loss takes what a model gives for one example, and the target: Values in, a Value out; plain numbers in, a float
out. The formulas are written in the form that neither overflows nor loses digits.
"""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

from autograd import Scope, Value, abs, dot, log, log_softmax, mean, relu, softplus, total, where

from .checks import Number, is_number, non_negative, positive
from .targets import check_single, checked_probabilities, class_index, errors_of, is_list

if TYPE_CHECKING:
    from .targets import Numbers, Several

P = ParamSpec("P")
LOSSES: dict[str, Callable[..., Any]] = {}  # by the names that `fit` takes


def _loss(function: Callable[P, Any]) -> Callable[P, Any]:
    """A loss that `fit` knows by name. Its nodes are a part of the graph, which a picture can show as one box."""

    @wraps(function)
    def loss(*arguments: P.args, **options: P.kwargs) -> Any:
        out = function(*arguments, **options)
        if type(out) is Value:  # not one of a compiled function
            _put_into_scope(out, [*arguments, *options.values()])
        return out

    LOSSES[function.__name__] = loss
    return loss


def _put_into_scope(out: Value, given: list[object]) -> None:
    """Put what a loss has made of the numbers `given` into a scope; to enter one would take longer than the loss."""
    for x in given:
        if not isinstance(x, (Value, int, float)) and is_list(x):
            given.extend(x)  # which this loop reads too
    known = {id(x) for x in given}
    scope = Scope("loss", out.scope)
    made = [out]
    while made:
        node = made.pop()
        if id(node) not in known:
            known.add(id(node))
            node.scope = scope
            made += node.parents


@_loss
def mse_loss(prediction: "Numbers", target: "Numbers") -> Any:
    """The squared error (prediction - target)²; of several outputs, the mean of theirs.

    Arguments:
        prediction: one number or Value, or a list of them.
        target: a number, or a list of as many.

    Raises ValueError when prediction and target differ in length.

    >>> mse_loss(3.0, 1.0), mse_loss([1.0, 2.0], [1.0, 4.0])
    (4.0, 2.0)
    """
    errors = errors_of("mse_loss", prediction, target)
    squares = [error * error for error in errors]
    return squares[0] if len(squares) == 1 else mean(squares)


@_loss
def huber_loss(prediction: "Numbers", target: "Numbers", delta: float = 1.0) -> Any:
    """½·e² of the error e = prediction - target where |e| ≤ delta, delta·(|e| - ½·delta) beyond (Huber 1964).

    Arguments:
        prediction: one number or Value, or a list of them; of several, the mean of their losses.
        target: a number, or a list of as many.
        delta: where the square turns into a line, above 0.

    Raises ValueError when prediction and target differ in length, or for another delta.

    >>> huber_loss(0.5, 0.0), huber_loss(3.0, 0.0), huber_loss([0.5, 3.0], [0.0, 0.0])
    (0.125, 2.5, 1.3125)
    """
    positive("delta", delta)
    errors = errors_of("huber_loss", prediction, target)
    sizes = [abs(error) for error in errors]
    terms = [where(a <= delta, 0.5 * e * e, delta * (a - 0.5 * delta)) for a, e in zip(sizes, errors, strict=True)]
    return terms[0] if len(terms) == 1 else mean(terms)


@_loss
def binary_cross_entropy(logit: Number, target: Number, pos_weight: float = 1.0) -> Any:
    """-t·log σ(z) - (1 - t)·log(1 - σ(z)), of the logit z: the output before the sigmoid.

    It is calculated as t·softplus(-z) + (1 - t)·softplus(z), which is the same since log σ(z) = -softplus(-z); so it is
    exact for z = ±1000 too.

    Arguments:
        logit: the output of the model, any real number.
        target: the probability of the positive class, 0 or 1 for an example whose class is known.
        pos_weight: the first term is multiplied by this, from 0: above 1, the positive class counts more.

    Raises ValueError for a target that is not a probability, TypeError for several logits.

    >>> binary_cross_entropy(1000.0, 0), binary_cross_entropy(1000.0, 1)
    (1000.0, 0.0)
    """
    check_single("binary_cross_entropy", "logit", logit)
    if not isinstance(target, Value) and not (is_number(target) and 0.0 <= target <= 1.0):
        raise ValueError(f"binary_cross_entropy needs a target from 0 to 1, got {target!r}")
    if pos_weight == 1.0:
        return target * softplus(-logit) + (1.0 - target) * softplus(logit)
    return non_negative("pos_weight", pos_weight) * target * softplus(-logit) + (1.0 - target) * softplus(logit)


@_loss
def cross_entropy(
    logits: "Several", target: "Numbers", label_smoothing: float = 0.0, ignore_index: int | None = None
) -> Any:
    """-Σ tᵢ·log qᵢ, where q = softmax(logits); for a class index k, -log qₖ.

    Arguments:
        logits: the outputs of the model before the softmax, one a class.
        target: the index of the right class from 0, or the list of the probabilities of the classes.
        label_smoothing: s from 0 to 1: the probabilities become (1 - s)·t + s / n for n classes (Szegedy et al. 2016).
        ignore_index: a class index for examples whose class is not known: their loss is 0. `fit` gives them the weight
            0, so that its means are those of the others.

    Raises ValueError for a target that is not a class, or not a list of as many probabilities that add up to 1.

    >>> cross_entropy([1000.0, 0.0], 1), cross_entropy([0.0, 0.0], [0.5, 0.5])
    (1000.0, 0.6931471805599453)
    """
    if isinstance(logits, Value) or not hasattr(logits, "__len__") or len(logits) < 2:
        raise ValueError(f"cross_entropy needs a list of logits, one for each of at least two classes, got {logits!r}")
    if ignore_index is not None and not is_list(target):
        ignored = abs(target - ignore_index) < 0.5 if is_number(target) else False
        if isinstance(target, Value):  # of a compiled function
            target = where(ignored, 0.0, target)
        elif ignored:
            return logits[0] * 0.0
        loss = cross_entropy(logits, target, label_smoothing)
        return where(ignored, 0.0, loss) if isinstance(target, Value) else loss
    if label_smoothing:
        if not 0.0 < label_smoothing <= 1.0:
            raise ValueError(f"label_smoothing is a number from 0 to 1, got {label_smoothing!r}")
        return (1.0 - label_smoothing) * cross_entropy(logits, target) - label_smoothing * mean(log_softmax(logits))
    if is_list(target):
        probabilities = checked_probabilities("the target of cross_entropy", target, len(logits))
        return -dot(probabilities, log_softmax(logits))
    return -log_softmax(logits, target if isinstance(target, Value) else class_index(target, len(logits)))


@_loss
def hinge_loss(score: Number, target: Number) -> Any:
    """The max-margin loss max(0, 1 - t·s) of a score s and the class t (Cortes and Vapnik 1995).

    Arguments:
        score: the output of the model, any real number: positive for the class +1.
        target: the class, +1 or -1.

    Raises ValueError for another target, TypeError for several scores.

    >>> hinge_loss(0.25, 1), hinge_loss(0.25, -1), hinge_loss(3.0, 1)
    (0.75, 1.25, 0.0)
    """
    check_single("hinge_loss", "score", score)
    if not isinstance(target, Value) and target not in (1, -1):
        raise ValueError(f"hinge_loss needs a target of +1 or -1, got {target!r}; for classes 0 and 1 it is 2*t - 1")
    return relu(1.0 - target * score)


def kl_divergence(p: "Several", q: "Several") -> Any:
    """KL(p‖q) = Σ pᵢ·log(pᵢ / qᵢ), how far the probabilities q are from p (Kullback and Leibler 1951).

    Where pᵢ is 0 the term is 0, whatever qᵢ.

    Arguments:
        p, q: lists of as many probabilities, each of which adds up to 1.

    Raises ValueError where q is 0 and p is not (the divergence is infinite),
    and for lists that differ in length or do not add up to 1.

    >>> kl_divergence([0.5, 0.5], [0.5, 0.5]), kl_divergence([1.0, 0.0], [0.25, 0.75])
    (0.0, 1.3862943611198906)
    """
    ps = checked_probabilities("p of kl_divergence", p, len(p))
    qs = checked_probabilities("q of kl_divergence", q, len(ps))
    terms = []
    for k, (p_k, q_k) in enumerate(zip(ps, qs, strict=True)):
        possible = p_k > 0.0
        try:
            terms.append(p_k * (log(where(possible, p_k, 1.0)) - log(where(possible, q_k, 1.0))))
        except ValueError:
            raise ValueError(
                f"kl_divergence is infinite where q is 0 and p is not: p[{k}] is {p_k!r}, q[{k}] is {q_k!r}"
            ) from None
    return total(terms)
