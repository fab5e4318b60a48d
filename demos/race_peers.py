"""The peers of the race, where they are installed: micrograd, PyTorch and JAX.

An objective is written once, with the functions `m` of PyTorch or of JAX. Whatever a contestant compiles, it compiles
before the race begins; all calculate in float64 on the processor.
"""

import importlib.util
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from demos.race_clock import Work, where_it_works
from demos.race_numpy import RATE, STRENGTH, Layers

Objective = Callable[[Any, Layers, Any, Any], Any]


def installed(package: str) -> bool:
    """Whether a peer is there."""
    return importlib.util.find_spec(package) is not None


def moons_objective(m: Any, layers: Layers, x: Any, t: Any) -> Any:
    """Mean hinge loss of a network of ReLUs, and L2."""
    *hidden, (w, b) = layers
    for v, c in hidden:
        z = x @ v.T + c
        x = m.maximum(z, m.zeros_like(z))
    margin = 1.0 - t * (x @ w.T + b)[:, 0]
    return m.maximum(margin, m.zeros_like(margin)).mean() + STRENGTH * sum((w * w).sum() for w, _ in layers)


def softmax_objective(m: Any, layers: Layers, x: Any, t: Any) -> Any:
    """Mean cross-entropy of a network with one layer of ReLUs."""
    (w1, b1), (w2, b2) = layers
    z = x @ w1.T + b1
    logits = m.maximum(z, m.zeros_like(z)) @ w2.T + b2
    return (m.logsumexp(logits, 1) - logits[m.arange(len(x)), t]).mean()


# -- PyTorch and JAX --------------------------------------------------------------------------------------------------


def gradients(objective: Objective, layers: Layers, X: Any, y: Any) -> dict[str, Work]:  # noqa: N803
    """Value and gradient of the objective, the gradient in layers."""
    contestants: dict[str, Work] = {}
    if installed("torch"):
        contestants |= _torch_gradients(objective, layers, X, y)
    if installed("jax"):
        contestants |= _jax_gradients(objective, layers, X, y)
    return contestants


def _torch_gradients(objective: Objective, layers: Layers, X: Any, y: Any) -> dict[str, Work]:  # noqa: N803
    import torch

    x, t, held = torch.tensor(X), torch.tensor(y), _tensors(layers)
    leaves = [p.requires_grad_() for layer in _tensors(layers) for p in layer]

    def eager() -> Any:
        value = objective(torch, _pairs(leaves), x, t)
        slopes = torch.autograd.grad(value, leaves)
        return value.detach(), _pairs(slopes)

    @_torch_compiled
    def compiled(held: Layers) -> Any:
        return torch.func.grad_and_value(lambda layers: objective(torch, layers, x, t))(held)

    return {"PyTorch, eager": eager} | where_it_works("PyTorch, torch.compile", lambda: compiled(held)[::-1])


def _torch_compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """`torch.compile`, for these sizes alone: it would compile a second size as a variable, which is slower."""
    import torch

    return torch.compile(function, dynamic=False)


def _tensors(layers: Layers) -> Layers:
    import torch

    return [(torch.tensor(w), torch.tensor(b)) for w, b in layers]


def _pairs(leaves: Any) -> Layers:
    return list(zip(leaves[::2], leaves[1::2], strict=True))


def _jax_gradients(objective: Objective, layers: Layers, X: Any, y: Any) -> dict[str, Work]:  # noqa: N803
    jax, functions = _jax()
    step = jax.jit(jax.value_and_grad(lambda layers, x, t: objective(functions, layers, x, t)))
    held = jax.device_put((layers, X, y))
    return where_it_works("JAX, jit", lambda: jax.block_until_ready(step(*held)))


def _jax() -> tuple[Any, Any]:
    """JAX in float64, and its functions that an objective is written with."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    return jax, SimpleNamespace(
        arange=jnp.arange, maximum=jnp.maximum, zeros_like=jnp.zeros_like, logsumexp=jax.scipy.special.logsumexp
    )


# -- micrograd --------------------------------------------------------------------------------------------------------


def micrograd_step(rows: list[tuple[list[float], float]]) -> dict[str, Work]:
    """One step of gradient descent on the moons."""
    if not installed("micrograd"):
        return {}
    from micrograd.engine import Value
    from micrograd.nn import MLP

    network = MLP(2, [16, 16, 1])

    def work() -> None:
        losses = [(1 + -t * network(list(map(Value, x)))).relu() for x, t in rows]
        loss = sum(losses) * (1.0 / len(losses)) + STRENGTH * sum(p * p for p in network.parameters())
        network.zero_grad()
        loss.backward()
        for p in network.parameters():
            p.data -= RATE * p.grad

    return {"micrograd": work}


def micrograd_graph(build: Callable[[Any], Any]) -> dict[str, Work]:
    """Forward and backward through the graph that `build` builds of a kind of number."""
    if not installed("micrograd"):
        return {}
    from micrograd.engine import Value

    return {"micrograd": lambda: build(Value).backward()}
