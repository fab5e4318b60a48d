"""The peers of the race, where they are installed: micrograd, PyTorch and JAX.

An objective is written once, with the functions `m` of PyTorch or of JAX. Whatever a contestant compiles, it compiles
before the race begins; all calculate in float64 on the processor.
"""

import importlib.util
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from demos.race.clock import Work, where_it_works
from demos.race.numpy_by_hand import RATE, STRENGTH, Layers, flat

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


def gradients(objective: Objective, layers: Layers, X: Any, y: Any) -> dict[str, Work]:
    """Value and gradient of the objective, the gradient in layers."""
    contestants: dict[str, Work] = {}
    if installed("torch"):
        contestants |= _torch_gradients(objective, layers, X, y)
    if installed("jax"):
        contestants |= _jax_gradients(objective, layers, X, y)
    return contestants


def training(objective: Objective, layers: Layers, X: Any, y: Any, steps: int) -> dict[str, Work]:
    """Steps of gradient descent on the objective, from `layers` on; gives the last parameters."""
    contestants: dict[str, Work] = {}
    if installed("torch"):
        contestants |= _torch_training(objective, layers, X, y, steps)
    if installed("jax"):
        contestants |= _jax_training(objective, layers, X, y, steps)
    return contestants


def _torch_gradients(objective: Objective, layers: Layers, X: Any, y: Any) -> dict[str, Work]:
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


def _torch_training(objective: Objective, layers: Layers, X: Any, y: Any, steps: int) -> dict[str, Work]:
    import torch

    x, t = torch.tensor(X), torch.tensor(y)

    def eager() -> Any:
        leaves = [p.requires_grad_() for layer in _tensors(layers) for p in layer]
        for _ in range(steps):
            slopes = torch.autograd.grad(objective(torch, _pairs(leaves), x, t), leaves)
            with torch.no_grad():
                for p, slope in zip(leaves, slopes, strict=True):
                    p.sub_(slope, alpha=RATE)
        return flat(_pairs([p.detach() for p in leaves]))

    @_torch_compiled
    def step(trained: Layers) -> None:
        slopes = torch.func.grad(lambda layers: objective(torch, layers, x, t))(trained)
        for (w, b), (dw, db) in zip(trained, slopes, strict=True):
            w.sub_(dw, alpha=RATE)
            b.sub_(db, alpha=RATE)

    def compiled() -> Any:
        trained = _tensors(layers)
        for _ in range(steps):
            step(trained)
        return flat(trained)

    return {"PyTorch, eager": eager} | where_it_works("PyTorch, torch.compile", compiled)


def _torch_compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """`torch.compile`, for these sizes alone: it would compile a second size as a variable, which is slower."""
    import torch

    return torch.compile(function, dynamic=False)


def _tensors(layers: Layers) -> Layers:
    import torch

    return [(torch.tensor(w), torch.tensor(b)) for w, b in layers]


def _pairs(leaves: Any) -> Layers:
    return list(zip(leaves[::2], leaves[1::2], strict=True))


def _jax_gradients(objective: Objective, layers: Layers, X: Any, y: Any) -> dict[str, Work]:
    jax, functions = _jax()
    step = jax.jit(jax.value_and_grad(lambda layers, x, t: objective(functions, layers, x, t)))
    held = jax.device_put((layers, X, y))
    return where_it_works("JAX, jit", lambda: jax.block_until_ready(step(*held)))


def _jax_training(objective: Objective, layers: Layers, X: Any, y: Any, steps: int) -> dict[str, Work]:
    jax, functions = _jax()
    start, x, t = jax.device_put((layers, X, y))

    def step(layers: Layers, x: Any, t: Any) -> Any:
        slopes = jax.grad(lambda layers: objective(functions, layers, x, t))(layers)
        return jax.tree.map(lambda p, slope: p - RATE * slope, layers, slopes)

    compiled = jax.jit(step)
    loop = jax.jit(lambda layers, x, t: jax.lax.fori_loop(0, steps, lambda _, layers: step(layers, x, t), layers))

    def by_steps() -> Any:
        trained = start
        for _ in range(steps):
            trained = compiled(trained, x, t)
        return flat(trained)

    return where_it_works("JAX, jit of the loop", lambda: flat(loop(start, x, t))) | where_it_works(
        "JAX, jit of a step", by_steps
    )


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
