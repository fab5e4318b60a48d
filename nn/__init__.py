"""Neurons, layers and multilayer perceptrons on the engine of `autograd`, and how to train them."""

from . import name_clash as name_clash
from .data import Standardizer, minibatches, train_test_split
from .files.checkpoints import load_checkpoint, save_checkpoint
from .files.saving import load, save
from .layers import MLP, Dropout, Layer, Neuron, Sequential
from .losses import binary_cross_entropy, cross_entropy, hinge_loss, kl_divergence, l1_penalty, l2_penalty, mse_loss
from .metrics import accuracy
from .module import Module
from .optimizers import SGD, Adam, AdamW, Optimizer, clip_grad_norm
from .pictures.boundary import plot_decision_boundary
from .pictures.diagram import draw
from .schedules import CosineAnnealingLR, ExponentialLR, Schedule, StepLR
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
