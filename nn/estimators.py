"""`MLPClassifier` and `MLPRegressor`: the estimators of `sklearn.neural_network`, trained by `nn.fit`.

They have the parameter names, attributes and methods of scikit-learn's, so that one changed import line is enough, and
work in its pipelines, searches and validations. Only they need scikit-learn.
"""

# ruff: noqa: N803 (X is the usual name)

import warnings
from collections.abc import Iterable, Mapping
from inspect import Signature, signature
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data
except ImportError as error:
    raise ImportError("nn.MLPClassifier and nn.MLPRegressor need scikit-learn 1.6: pip install scikit-learn") from error

from .initialization import generator
from .layers import MLP
from .losses import binary_cross_entropy, cross_entropy, mse_loss
from .metrics import accuracy
from .optimizers import SGD, Adam, Optimizer
from .training.evaluation import Metric, predict
from .training.fit import fit

if TYPE_CHECKING:
    from numpy.random import RandomState
    from numpy.typing import ArrayLike, NDArray

    from .data import Floats
    from .training.history import History

_ACTIVATIONS = {"identity": "linear", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}


class _MLP(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What both estimators share: their parameters, and the training."""

    def __init__(
        self,
        hidden_layer_sizes: Iterable[int] | int = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: "int | RandomState | None" = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change

    def fit(self, X: "ArrayLike", y: "ArrayLike") -> Self:
        """Train on examples X, shape (n, features), and targets y; returns itself.

        Raises ValueError for data or parameters that make no sense, or that are not offered.
        """
        again = self.warm_start and hasattr(self, "model_")
        rows, targets = self._checked(X, y, reset=not again)
        if not again:
            self._begin(rows, targets)
        return self._train(rows, targets, self.max_iter)

    def _partial_fit(self, X: "ArrayLike", y: "ArrayLike", begun: bool) -> Self:
        rows, targets = self._checked(X, y, reset=not begun)
        if not begun:
            self._begin(rows, targets)
        return self._train(rows, targets, 1, partial=True)

    def _checked(self, X: "ArrayLike", y: "ArrayLike", reset: bool) -> "tuple[Floats, NDArray[Any]]":
        """X as an array of floats, and y as targets of `nn.fit`."""
        raise NotImplementedError

    def _n_outputs(self, targets: "NDArray[Any]") -> int:
        raise NotImplementedError

    def _check_parameters(self) -> None:
        offered: dict[str, tuple[object, ...]] = {
            "solver": ("adam", "sgd"),
            "activation": tuple(_ACTIVATIONS),
            "learning_rate": ("constant", "invscaling", "adaptive"),
            "shuffle": (True, False),
        }
        for name, values in offered.items():
            if getattr(self, name) not in values:
                raise ValueError(
                    f"{name}={getattr(self, name)!r} is not offered: choose {', '.join(map(repr, values))}"
                )
        for name in ("max_iter", "n_iter_no_change"):
            if not isinstance(getattr(self, name), Integral) or getattr(self, name) < 1:
                raise ValueError(f"{name} is a whole number from 1, got {getattr(self, name)!r}")

    def _begin(self, rows: "Floats", targets: "NDArray[Any]") -> None:
        """A new network and its optimiser."""
        self._check_parameters()
        sizes: Any = self.hidden_layer_sizes
        hidden = [int(sizes)] if isinstance(sizes, Integral) else list(sizes)
        random = check_random_state(self.random_state)
        self._seeds = [int(seed) for seed in random.randint(2**31 - 1, size=2)]
        self.n_outputs_ = self._n_outputs(targets)
        self.model_ = MLP(
            rows.shape[1], [*hidden, self.n_outputs_], _ACTIVATIONS[self.activation], init="xavier", seed=self._seeds[0]
        )
        self._optimizer = self._new_optimizer()
        self.n_layers_ = len(hidden) + 2
        self.n_iter_, self.t_ = 0, 0
        self.loss_curve_: list[float] = []
        self.best_loss_: float | None = None

    def _new_optimizer(self) -> Optimizer:
        parameters = self.model_.parameters()
        if self.solver == "sgd":
            nesterov = self.nesterovs_momentum and self.momentum > 0.0
            return SGD(parameters, self.learning_rate_init, self.momentum, nesterov)
        return Adam(parameters, self.learning_rate_init, (self.beta_1, self.beta_2), self.epsilon)

    def _train(self, rows: "Floats", targets: "NDArray[Any]", epochs: int, partial: bool = False) -> Self:
        n = len(rows)
        batch = min(200, n) if self.batch_size == "auto" else min(int(self.batch_size), n)
        best, without = float("inf"), 0

        def watch(history: "History") -> bool:
            nonlocal best, without
            loss = (history.validation_loss or history.train_loss)[-1]
            without = without + 1 if loss > best - self.tol else 0
            best = min(best, loss)
            if self.learning_rate == "invscaling" and self.solver == "sgd":
                steps = self.t_ + history.epochs * n
                self._optimizer.lr = self.learning_rate_init / (steps + 1) ** self.power_t
            if self.verbose:
                print(f"Iteration {self.n_iter_ + history.epochs}, loss = {loss:.8f}")
            if without < self.n_iter_no_change:
                return False
            if self.learning_rate == "adaptive" and self.solver == "sgd" and self._optimizer.lr > 1e-6:
                self._optimizer.lr /= 5.0  # go on with smaller steps
                without = 0
                return False
            return True

        history = fit(
            self.model_,
            rows,
            targets,
            self._loss,
            l2=self.alpha / (2.0 * batch),  # scikit-learn's penalty is alpha / 2 · Σw², a batch
            optimizer=self._optimizer,
            epochs=epochs,
            batch_size=batch,
            validation=self.validation_fraction if self.early_stopping and not partial else None,
            patience=epochs if self.early_stopping and not partial else None,  # so that the best weights are restored
            progress=False,
            seed=generator(self._seeds[1]) if self._optimizer.shuffled is None else None,
            metrics=self._metrics if self.early_stopping and not partial else {},
            callbacks=[watch],
            shuffle=self.shuffle,
        )
        self.loss_curve_ = [*self.loss_curve_, *history.train_loss]
        self.loss_ = history.train_loss[-1]
        self.best_loss_ = None if self.early_stopping else min(self.loss_curve_)
        self.validation_scores_ = history.metrics.get("validation_accuracy")
        self.best_validation_score_ = max(self.validation_scores_) if self.validation_scores_ else None
        self.n_iter_ += history.epochs
        self.t_ += history.epochs * n
        if history.interrupted:
            warnings.warn("training was interrupted by the user", stacklevel=3)
        elif not partial and epochs == history.epochs and without < self.n_iter_no_change:
            warnings.warn(
                f"the loss still fell after max_iter={self.max_iter} epochs: raise max_iter",
                ConvergenceWarning,
                stacklevel=3,
            )
        return self

    _metrics: Mapping[str, Metric] = {}  # of the validation data, with early stopping

    def _loss(self, prediction: Any, target: Any) -> Any:
        raise NotImplementedError

    @property
    def coefs_(self) -> "list[Floats]":
        """The weights of each layer, shape (inputs, outputs)."""
        import numpy as np

        check_is_fitted(self, "model_")
        return [np.array([[w.data for w in neuron.w] for neuron in layer.neurons]).T for layer in self.model_.layers]

    @property
    def intercepts_(self) -> "list[Floats]":
        """The biases of each layer, shape (outputs,)."""
        import numpy as np

        check_is_fitted(self, "model_")
        return [np.array([neuron.b.data for neuron in layer.neurons]) for layer in self.model_.layers]

    def _outputs(self, X: "ArrayLike") -> "Floats":
        check_is_fitted(self, "model_")
        return predict(self.model_, validate_data(self, X, reset=False, dtype=float))


class MLPClassifier(ClassifierMixin, _MLP):  # type: ignore[misc]  # scikit-learn has no types
    """A multilayer perceptron as a classifier of scikit-learn.

    Arguments: those of `sklearn.neural_network.MLPClassifier`; solver "lbfgs", multilabel and sparse data are not
    offered. `hidden_layer_sizes` are the widths of the hidden layers, `alpha` is the strength of
    the L2 penalty, `max_iter` the number of epochs.

    Attributes, after `fit`: `classes_`, `coefs_`, `intercepts_`, `loss_curve_`, `loss_`, `n_iter_`, with early
    stopping `validation_scores_`, and `model_`, the `MLP`.

    >>> X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], ["no", "yes", "yes", "yes"]
    >>> classifier = MLPClassifier((4,), max_iter=200, learning_rate_init=0.1, random_state=0)
    >>> with warnings.catch_warnings(action="ignore"):
    ...     classifier.fit(X, y).predict(X).tolist()
    ['no', 'yes', 'yes', 'yes']
    """

    classes_: "NDArray[Any]"
    _metrics = {"accuracy": accuracy}  # noqa: RUF012 (never changed)

    @property
    def out_activation_(self) -> str:
        """What makes probabilities of the outputs: "logistic" for two classes, "softmax" for more."""
        check_is_fitted(self, "model_")
        return "logistic" if self.n_outputs_ == 1 else "softmax"

    def partial_fit(self, X: "ArrayLike", y: "ArrayLike", classes: "ArrayLike | None" = None) -> Self:
        """One epoch over these examples; the first call needs `classes`, all there will be. Returns itself."""
        import numpy as np

        begun = hasattr(self, "model_")
        if not begun:
            if classes is None:
                raise ValueError("classes must be passed on the first call to partial_fit.")
            self.classes_ = np.unique(classes)
        elif classes is not None and not np.array_equal(self.classes_, np.unique(classes)):
            raise ValueError(f"classes={classes!r} is not the same as on last call to partial_fit: {self.classes_}")
        self._classes_given = True
        try:
            return self._partial_fit(X, y, begun)
        finally:
            del self._classes_given

    def _checked(self, X: "ArrayLike", y: "ArrayLike", reset: bool) -> "tuple[Floats, NDArray[Any]]":
        import numpy as np

        rows, labels = validate_data(self, X, y, reset=reset, dtype=float)
        labels = column_or_1d(labels, warn=True)
        check_classification_targets(labels)
        if reset and not hasattr(self, "_classes_given"):
            self.classes_ = np.unique(labels)
        unknown = np.setdiff1d(labels, self.classes_)
        if len(unknown):
            raise ValueError(f"y has new classes {unknown.tolist()}, and `classes_` is {self.classes_.tolist()}")
        if len(self.classes_) < 2:
            raise ValueError(f"a classifier needs two classes, the data has one class: {self.classes_.tolist()}")
        return rows, np.searchsorted(self.classes_, labels)

    def _n_outputs(self, targets: "NDArray[Any]") -> int:  # noqa: ARG002 (the regressor goes by them)
        return 1 if len(self.classes_) == 2 else len(self.classes_)

    def _loss(self, prediction: Any, target: Any) -> Any:
        return binary_cross_entropy(prediction, target) if self.n_outputs_ == 1 else cross_entropy(prediction, target)

    def predict(self, X: "ArrayLike") -> "NDArray[Any]":
        """The class of each example, shape (n,)."""
        scores = self._outputs(X)
        chosen = (scores > 0.0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return self.classes_[chosen]  # type: ignore[no-any-return]

    def predict_log_proba(self, X: "ArrayLike") -> "Floats":
        """The logarithm of `predict_proba`."""
        import numpy as np

        scores = self._outputs(X)
        if scores.ndim == 1:
            return np.stack([-np.logaddexp(0.0, scores), -np.logaddexp(0.0, -scores)], axis=1)
        return scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)

    def predict_proba(self, X: "ArrayLike") -> "Floats":
        """The probability of each class for each example, shape (n, classes)."""
        import numpy as np

        return np.exp(self.predict_log_proba(X))


class MLPRegressor(RegressorMixin, _MLP):  # type: ignore[misc]  # scikit-learn has no types
    """A multilayer perceptron as a regressor of scikit-learn, for one target or several.

    Arguments: those of `sklearn.neural_network.MLPRegressor`; solver "lbfgs" and sparse data are not offered. See
    `MLPClassifier`.

    Attributes, after `fit`: `coefs_`, `intercepts_`, `loss_curve_`, `loss_`, `n_iter_`, and `model_`, the `MLP`.

    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
    >>> regressor = MLPRegressor(
    ...     hidden_layer_sizes=(), alpha=0.0, learning_rate_init=0.2, max_iter=400, n_iter_no_change=400, random_state=0
    ... )
    >>> with warnings.catch_warnings(action="ignore"):
    ...     regressor.fit(X, y).predict([[4.0]]).round(2).tolist()
    [9.0]
    """

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Iterable[int] | int = (100,),
        activation: str = "relu",
        **others: Any,
    ):
        super().__init__(hidden_layer_sizes, activation, **others)
        self.loss = loss

    # What scikit-learn reads the parameters from: those above, and the others of `_MLP`.
    __init__.__signature__ = Signature(  # type: ignore[attr-defined]
        [
            *list(signature(__init__).parameters.values())[:-1],
            *(p for p in signature(_MLP.__init__).parameters.values() if p.kind is p.KEYWORD_ONLY),
        ]
    )

    out_activation_ = "identity"

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.loss != "squared_error":
            raise ValueError(f"loss={self.loss!r} is not offered: choose 'squared_error'")

    def partial_fit(self, X: "ArrayLike", y: "ArrayLike") -> Self:
        """One epoch over these examples; returns itself."""
        return self._partial_fit(X, y, hasattr(self, "model_"))

    def _checked(self, X: "ArrayLike", y: "ArrayLike", reset: bool) -> "tuple[Floats, NDArray[Any]]":
        rows, targets = validate_data(self, X, y, reset=reset, multi_output=True, y_numeric=True, dtype=float)
        targets = targets.astype(float)
        if targets.ndim == 2 and targets.shape[1] == 1:
            targets = column_or_1d(targets, warn=True)
        return rows, targets

    def _n_outputs(self, targets: "NDArray[Any]") -> int:
        return 1 if targets.ndim == 1 else int(targets.shape[1])

    def _loss(self, prediction: Any, target: Any) -> Any:
        return 0.5 * mse_loss(prediction, target)

    def predict(self, X: "ArrayLike") -> "Floats":
        """The prediction for each example, shape (n,) or (n, targets)."""
        return self._outputs(X)
