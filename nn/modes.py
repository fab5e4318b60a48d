"""What a model is besides its parameters: the mode of each module, and its random numbers."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

from .module import Module


@contextmanager
def mode_kept(model: Module) -> Iterator[None]:
    """Give each module its mode back at the end: training or evaluation, as it was."""
    modes = [(module, module.training) for _, module in model.named_modules()]
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def evaluation_mode(model: Module) -> Iterator[None]:
    """All modules in evaluation mode, and each in its own mode again at the end."""
    with mode_kept(model):
        model.eval()
        yield


def random_generators(model: Module) -> dict[str, random.Random]:
    """The random numbers of a model: every `random.Random` among the attributes of its modules, by its path."""
    return {
        f"{path}.{name}".lstrip("."): attribute
        for path, module in model.named_modules()
        for name, attribute in vars(module).items()
        if type(attribute) is random.Random
    }
