"""What happened in training, epoch by epoch: plain lists that print as a table and plot themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..pictures.pyplot import pyplot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame  # type: ignore[import-untyped,unused-ignore]

_MOST_ROWS = 20  # of a printed table; of a longer history it shows epochs evenly spread


@dataclass(repr=False)
class History:
    """What `fit` returns: one entry an epoch in each list.

    Attributes:
        train_loss: the loss of an example, without penalty, averaged over the training examples as they were used in
            the epoch (the weights change meanwhile, and dropout is on).
        validation_loss: the same over the validation examples, after the epoch and in evaluation mode; empty when
            there are none.
        gradient_norm: the Euclidean norm of the gradient with respect to all parameters (penalty included, before any
            clipping), averaged over the steps of the epoch.
        metrics: a list for each metric by its name: ``"accuracy"`` of the training examples, measured as for
            `train_loss`, and ``"validation_accuracy"`` of the others, measured as for `validation_loss`.
        best_epoch: the epoch with the lowest validation loss (train loss where there is no validation), counted from
            1; 0 when none was completed.
        stopped: why training ended before its last epoch; "" when it did not.
        interrupted: whether it was Ctrl-C.
        engine: what did the work: "compiled (numpy)", "compiled (llvm)", or "graph: " and the reason.

    >>> history = History(train_loss=[0.9, 0.4], metrics={"accuracy": [0.5, 0.75]}, best_epoch=2)
    >>> print(history)
    epoch  train loss    accuracy
        1         0.9         0.5
        2         0.4        0.75
    best: epoch 2; losses are means over the examples, without penalty
    """

    train_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    best_epoch: int = 0
    stopped: str = ""
    interrupted: bool = False
    engine: str = ""

    @property
    def epochs(self) -> int:
        """How many epochs were completed."""
        return len(self.train_loss)

    def __str__(self) -> str:
        if not self.epochs:
            return f"no epoch was completed: {self.stopped or 'not begun'}"
        named = {
            "train loss": self.train_loss,
            "validation loss": self.validation_loss,
            "gradient norm": self.gradient_norm,
        }
        columns = [(name, values) for name, values in (named | _words(self.metrics)).items() if values]
        lines = ["epoch" + "".join(f"  {name:>10}" for name, _ in columns)]
        rows = min(self.epochs, _MOST_ROWS)
        for k in range(rows):
            epoch = round(k * (self.epochs - 1) / max(1, rows - 1))
            lines.append(f"{epoch + 1:>5}" + "".join(f"  {v[epoch]:>{max(10, len(name))}.4g}" for name, v in columns))
        lines.append(f"best: epoch {self.best_epoch}; losses are means over the examples, without penalty")
        if self.stopped:
            lines.append(f"ended after epoch {self.epochs}: {self.stopped}")
        return "\n".join(lines)

    __repr__ = __str__

    def to_dict(self) -> dict[str, list[float]]:
        """The figures of each epoch by name: a list for each column that has any, the metrics too.

        >>> History(train_loss=[0.9, 0.4], metrics={"accuracy": [0.5, 0.75]}).to_dict()
        {'train_loss': [0.9, 0.4], 'accuracy': [0.5, 0.75]}
        """
        losses = {name: getattr(self, name) for name in ("train_loss", "validation_loss", "gradient_norm")}
        return {name: list(values) for name, values in (losses | self.metrics).items() if values}

    def to_frame(self) -> "DataFrame":
        """The same as a pandas DataFrame, an epoch a row, with the index "epoch" from 1; needs pandas."""
        try:
            from pandas import DataFrame, RangeIndex  # type: ignore[import-untyped,unused-ignore]
        except ImportError as error:
            raise ImportError("a DataFrame is made by pandas: pip install pandas") from error
        return DataFrame(self.to_dict(), index=RangeIndex(1, self.epochs + 1, name="epoch"))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the loss curves, and beside them the metrics when there are any; needs matplotlib.

        Arguments:
            ax: matplotlib Axes for the losses alone; without it, a new figure that shows the metrics too.

        Returns the Axes of the losses; its `figure` is the whole picture.
        """
        plt = pyplot()

        if ax is None:
            panels = 1 + bool(self.metrics)
            _, axes = plt.subplots(1, panels, figsize=(5 * panels, 3.6), layout="constrained", squeeze=False)
            ax = axes[0, 0]
            if self.metrics:
                _curves(axes[0, 1], _words(self.metrics), "metrics")
                axes[0, 1].set_ylabel("mean over the examples")
        losses = {"train": self.train_loss, "validation": self.validation_loss}
        _curves(ax, {name: values for name, values in losses.items() if values}, "mean loss")
        ax.set_ylabel("loss, without penalty")
        every = self.train_loss + self.validation_loss
        if every and 0.0 < 30.0 * min(every) < max(every):
            ax.set_yscale("log")
        if self.validation_loss:
            ax.axvline(self.best_epoch, color="0.5", linestyle=":", label=f"best: epoch {self.best_epoch}")
            ax.legend()
        return ax


_LINES = [
    ("#0072b2", "-"),
    ("#d55e00", "--"),
    ("#009e73", "-."),
    ("#cc79a7", ":"),
    ("#000000", "-"),
]  # also different in grey


def _curves(ax: Any, curves: Mapping[str, list[float]], title: str) -> None:
    for k, (name, values) in enumerate(curves.items()):
        color, line = _LINES[k % len(_LINES)]
        alone = {"marker": "o"} if len(values) == 1 else {}
        ax.plot(range(1, len(values) + 1), values, color=color, linestyle=line, label=name, **alone)
    ax.set_title(title)
    ax.set_xlabel("epoch")
    ax.grid(color="0.9")
    ax.xaxis.get_major_locator().set_params(integer=True)
    if curves:
        ax.legend()


def _words(metrics: Mapping[str, list[float]]) -> dict[str, list[float]]:
    return {name.replace("_", " "): values for name, values in metrics.items()}
