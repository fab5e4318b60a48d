"""Training on disk: a model with its optimiser, schedule and random state, from which training continues exactly.

A checkpoint is the file of a model with tensors for the optimiser, and the rest in its metadata.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..initialization import generator
from ..modes import random_generators
from ..module import Module
from ..optimizers import Optimizer
from ..schedules import Schedule
from . import tensorfile
from .saving import OPTIMIZER, apply, array_of, changes_for, contents, naming
from .tensorfile import Path

if TYPE_CHECKING:
    from ..data import Floats


def save_checkpoint(path: Path, model: Module, optimizer: Optimizer, schedule: Schedule | None = None) -> None:
    """Write a model and the state of its training: the optimiser, its schedule, and the random state.

    The random state is that of each `random.Random` among the attributes of the model's modules (dropout has one), and
    the order of the examples in `fit`. So this trains exactly as 10 epochs in one go do, to the last bit::

        nn.fit(model, X, y, loss, optimizer=optimizer, epochs=5, seed=0)
        nn.save_checkpoint("run.safetensors", model, optimizer)
        ...  # another day, with a model and an optimiser made in the same way
        nn.load_checkpoint("run.safetensors", model, optimizer)
        nn.fit(model, X, y, loss, optimizer=optimizer, epochs=5)

    To checkpoint while `fit` runs, call this in one of its callbacks. `load` reads the model of a checkpoint.

    Arguments:
        path: the file to write.
        model, optimizer, schedule: whose numbers are written.

    Raises OSError where it cannot be written, ValueError when a number is not finite.

    >>> import os, tempfile
    >>> from nn import MLP, SGD
    >>> model = MLP(2, [1], seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "run.safetensors")
    ...     save_checkpoint(path, model, SGD(model.parameters(), lr=0.5))
    ...     sgd = SGD(model.parameters(), lr=0.1)
    ...     load_checkpoint(path, model, sgd)
    >>> sgd.lr
    0.5
    """
    arrays, metadata = contents(model)
    state = optimizer.state_dict()
    for k, column in enumerate(zip(*state.pop("state"), strict=True)):
        arrays[f"{OPTIMIZER}{k}"] = array_of("the state of the optimiser", (len(column),), column)
    metadata["training"] = {
        "optimizer": type(optimizer).__name__,
        "settings": state,
        "shuffled": optimizer.shuffled,
        "random": {name: generator.getstate() for name, generator in random_generators(model).items()},
        "schedule": None if schedule is None else [type(schedule).__name__, schedule.state_dict()],
    }
    tensorfile.write(path, arrays, metadata)


def load_checkpoint(path: Path, model: Module, optimizer: Optimizer, schedule: Schedule | None = None) -> None:
    """Set model, optimiser, schedule and random state to what they were when `save_checkpoint` was called.

    Arguments:
        path: the file to read.
        model, optimizer, schedule: made in the same way as those that were saved.

    Raises ValueError, naming the file, when it is damaged, foreign, or of another model, optimiser or schedule; all of
    them are then as they were. See `save_checkpoint` for an example.

    >>> from nn import MLP, SGD
    >>> model = MLP(2, [1])
    >>> load_checkpoint("none.safetensors", model, SGD(model.parameters(), lr=0.1))
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'none.safetensors'
    """
    arrays, metadata = tensorfile.read(path)
    with naming(path):
        training = metadata.get("training")
        if not isinstance(training, dict):
            raise ValueError("it is not a checkpoint: load the model that it holds with nn.load")
        state = _optimizer_state(arrays, training, optimizer)
        changes = changes_for(model, arrays, metadata)
        generators = random_generators(model)
        states = {name: _random_state(state) for name, state in training["random"].items()}
        if states.keys() != generators.keys():
            raise ValueError(f"its random state is of {sorted(states)}, the model has {sorted(generators)}")
        shuffled = _shuffled(training["shuffled"])
        settings = _schedule_state(training["schedule"], schedule)
        optimizer.load_state_dict(state)  # the last that may raise
    optimizer.shuffled = shuffled
    if schedule is not None:
        schedule.load_state_dict(settings)
    for name, numbers in generators.items():
        numbers.setstate(states[name])
    apply(model, changes)


def _optimizer_state(arrays: "dict[str, Floats]", training: Mapping[str, Any], optimizer: Optimizer) -> dict[str, Any]:
    """What `optimizer` is to load; its tensors are taken out of `arrays`."""
    kind = type(optimizer).__name__
    if training["optimizer"] != kind:
        raise ValueError(f"it holds the state of {training['optimizer']!r}, and the optimiser is {kind}")
    names = [f"{OPTIMIZER}{k}" for k in range(len(optimizer.initial_state))]
    columns = [
        [int(x) if isinstance(start, int) and x == int(x) else x for x in arrays.pop(name).ravel().tolist()]
        for name, start in zip(names, optimizer.initial_state, strict=True)
    ]
    rows = zip(*columns, strict=True) if columns else [()] * len(optimizer.parameters)
    added = {"weight_decay": 0.0} if kind == "SGD" else {}  # files of version 0.2 do not have it
    return {**added, **training["settings"], "state": list(rows)}


def _random_state(saved: Any) -> tuple[Any, ...]:
    version, numbers, gauss = saved
    state = (version, tuple(numbers), gauss)
    if gauss is not None and not isinstance(gauss, float):
        raise ValueError("its random state is not one")
    generator(0).setstate(state)  # raises when it is not one
    return state


def _shuffled(saved: Any) -> tuple[int, int] | None:
    if saved is None:
        return None
    seed, epochs = saved
    if type(seed) is not int or type(epochs) is not int or seed < 0 or epochs < 0:
        raise ValueError(f"its order of the examples is {saved!r}")
    return seed, epochs


def _schedule_state(saved: Any, schedule: Schedule | None) -> dict[str, Any]:
    """What `schedule` is to load, checked."""
    if schedule is None:
        return {}
    kind, state = saved or (None, dict[str, Any]())
    if kind != type(schedule).__name__:
        raise ValueError(f"it holds the schedule {kind!r}, and not {type(schedule).__name__}")
    return schedule.checked_state(state)
