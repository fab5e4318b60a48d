"""Neurons, layers and multilayer perceptrons on the engine of `autograd`, and how to train them."""

from .base import Module
from .checkpoints import load_checkpoint, save_checkpoint
from .data import Standardizer, minibatches, train_test_split
from .diagram import draw
from .history import History
from .losses import (
    binary_cross_entropy,
    cross_entropy,
    hinge_loss,
    kl_divergence,
    l1_penalty,
    l2_penalty,
    mse_loss,
)
from .metrics import accuracy
from .modules import MLP, Dropout, Layer, Neuron, Sequential
from .optimizers import SGD, Adam, AdamW, Optimizer, clip_grad_norm
from .plotting import plot_decision_boundary
from .saving import load, save
from .schedules import CosineAnnealingLR, ExponentialLR, Schedule, StepLR
from .training import fit

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
    "Module",
    "Neuron",
    "Optimizer",
    "Schedule",
    "Sequential",
    "Standardizer",
    "StepLR",
    "accuracy",
    "binary_cross_entropy",
    "clip_grad_norm",
    "cross_entropy",
    "draw",
    "fit",
    "hinge_loss",
    "kl_divergence",
    "l1_penalty",
    "l2_penalty",
    "load",
    "load_checkpoint",
    "minibatches",
    "mse_loss",
    "plot_decision_boundary",
    "save",
    "save_checkpoint",
    "train_test_split",
]
