"""Neurons, layers and multilayer perceptrons on the engine of `autograd`."""
