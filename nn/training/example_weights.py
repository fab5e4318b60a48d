"""How much each example counts in training: by its class, by itself, or not at all where its class is not known."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..checks import non_negative
from .examples import Examples, rows_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ..data import Floats
    from .evaluation import Loss


def weighted(
    data: Examples,
    loss: "Loss",
    class_weight: Mapping[Any, float] | str | None = None,
    sample_weight: "ArrayLike | None" = None,
) -> Examples:
    """The examples with their weights, which are 1 on average; without weights where all count the same.

    Arguments:
        loss: an example whose target is its `ignore_index` (given by `functools.partial`) weighs 0.
        class_weight, sample_weight: as those of `fit`.

    Raises ValueError for weights that are negative, not finite, all 0, or do not fit the data.
    """
    import numpy as np

    ignored = getattr(loss, "keywords", {}).get("ignore_index")
    if class_weight is None and sample_weight is None and ignored is None:
        return data
    weights = np.ones(len(data))
    if sample_weight is not None:
        given = rows_of(sample_weight, "sample_weight")
        if given.shape != (len(data),):
            raise ValueError(f"sample_weight needs a number for each of the {len(data)} examples, got {given.shape}")
        if given.min() < 0:
            raise ValueError(f"row {given.argmin()} of sample_weight holds {given.min()}: weights are numbers from 0")
        weights *= given
    if ignored is not None and data.y.ndim == 1:
        weights[data.y == ignored] = 0.0
    if class_weight is not None:
        weights *= _of_classes(data.y, weights, class_weight)
    largest = weights.max()
    if largest == 0.0:
        raise ValueError("all examples weigh 0: there is nothing to train on")
    weights /= largest  # so that their sum cannot overflow
    return Examples(data.x, data.y, data.where, data.rows, weights / weights.mean())


def _of_classes(y: "NDArray[Any]", weights: "Floats", class_weight: Mapping[Any, float] | str) -> "Floats":
    """The weight of the class of each example."""
    import numpy as np

    if y.ndim != 1 or y.dtype.kind != "i":
        raise ValueError("class_weight needs a class for each example: targets that are whole numbers")
    classes, members = np.unique(y, return_inverse=True)
    counts = np.bincount(members, weights=weights > 0.0)
    of_each: Floats
    if class_weight == "balanced":
        of_each = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1.0))
    elif isinstance(class_weight, Mapping):
        unknown = [key for key in class_weight if key not in classes]
        if unknown:
            raise ValueError(f"class_weight has {unknown[0]!r}, and the classes are {classes.tolist()}")
        of_each = np.array(
            [non_negative(f"the weight of class {k}", class_weight.get(k, 1.0)) for k in classes.tolist()]
        )
    else:
        raise ValueError(f'class_weight is a dict of weights by class, or "balanced", got {class_weight!r}')
    return of_each[members]
