"""Neurons, layers and multilayer perceptrons on the engine of `autograd`, and their training."""

from typing import Any

from . import name_clash as name_clash
from .clipping import clip_grad_norm
from .data import Standardizer, minibatches, train_test_split
from .files.checkpoints import load_checkpoint, save_checkpoint
from .files.saving import load, save
from .layers import MLP, Layer, Neuron, Sequential
from .losses import (
    binary_cross_entropy,
    cross_entropy,
    hinge_loss,
    huber_loss,
    kl_divergence,
    mse_loss,
)
from .metrics import accuracy
from .module import Module
from .optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from .penalties import l1_penalty, l2_penalty
from .pictures.boundary import plot_decision_boundary
from .pictures.diagram import draw
from .pictures.playground.page import playground
from .regularization import Dropout, LayerNorm
from .schedules import CosineAnnealingLR, ExponentialLR, LinearLR, ReduceLROnPlateau, Schedule, StepLR
from .training.evaluation import evaluate, predict
from .training.fit import fit
from .training.history import History

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "CosineAnnealingLR",
    "Dropout",
    "ExponentialLR",
    "History",
    "Layer",
    "LayerNorm",
    "LinearLR",
    "Module",
    "Neuron",
    "Optimizer",
    "RMSprop",
    "ReduceLROnPlateau",
    "Schedule",
    "Sequential",
    "Standardizer",
    "StepLR",
    "accuracy",
    "binary_cross_entropy",
    "clip_grad_norm",
    "cross_entropy",
    "draw",
    "evaluate",
    "fit",
    "hinge_loss",
    "huber_loss",
    "kl_divergence",
    "l1_penalty",
    "l2_penalty",
    "load",
    "load_checkpoint",
    "minibatches",
    "mse_loss",
    "playground",
    "plot_decision_boundary",
    "predict",
    "save",
    "save_checkpoint",
    "train_test_split",
]


def __getattr__(name: str) -> Any:
    if name in ("MLPClassifier", "MLPRegressor"):  # need scikit-learn, so they are imported when they are used
        from . import estimators

        return getattr(estimators, name)
    raise AttributeError(f"module 'nn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "MLPClassifier", "MLPRegressor"])
