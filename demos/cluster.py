"""Data beyond one machine: logistic regression whose examples are made, and stay, in the workers of a cluster.

A compiled function takes Dask arrays as it takes NumPy arrays. Each block of examples meets the program where it is,
and what comes back is one sum of losses and one of gradients. L-BFGS, of SciPy, needs nothing else.

Look at: how little comes back in a sweep, beside the data.
Try: 100 times as many examples, a cluster of several machines (`Client("tcp://...")`).
"""

import dask
import dask.array as da
import numpy as np
from scipy.optimize import minimize

import autograd
from autograd import Value, dot, softplus
from demos.page import Page

BLOCK = 25_000
WEIGHTS = np.array([1.5, -1.0, 0.0, 0.5, 2.0, -0.25, 0.0, 1.0])
BIAS = -0.5


def main(page: Page | None = None, cluster: bool = True) -> dict[str, float]:
    page = page or Page()
    page.say(__doc__)
    if not cluster:
        return train(page)
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as workers, Client(workers):
        return train(page)


def train(page: Page) -> dict[str, float]:
    # %% A recipe for data, carried out block by block in the workers
    n = 8 * BLOCK if page.quick else 40 * BLOCK
    random = da.random.default_rng(page.seed)
    X = random.normal(size=(n, len(WEIGHTS)), chunks=(BLOCK, -1))
    y = (X @ WEIGHTS + BIAS + random.logistic(size=n, chunks=BLOCK) > 0).astype(float)
    X, y = dask.persist(X, y)  # made once, and kept in the memory of the workers

    # %% The loss of one example, and L-BFGS on its mean over all of them
    w = [Value(0.0, f"w{k}") for k in range(len(WEIGHTS))]
    b = Value(0.0, "b")

    @autograd.compile
    def loss(x, t):
        z = dot(w, x, b)
        return softplus(z) - t * z

    start = loss(X, y)
    found = minimize(
        lambda theta: loss.value_and_grad(X, y, at=theta), loss.flat_parameters(), jac=True, method="L-BFGS-B"
    )
    loss.set_flat_parameters(found.x)

    page.table(
        ["parameter", "found", "in the recipe"],
        [[p.label, f"{p.data:.3f}", f"{q:g}"] for p, q in zip([*w, b], [*WEIGHTS, BIAS], strict=True)],
    )
    page.say(
        f"Mean loss {start:.4f} → {found.fun:.4f} in {found.nfev} sweeps over {X.nbytes / 1e6:.0f} MB; "
        f"each sent back {8 * (2 + len(found.x))} bytes a block."
    )
    return {
        "start": start,
        "end": float(found.fun),
        "error": float(np.abs([v.data for v in w] - WEIGHTS).max()),
        "slope": float(np.abs(found.jac).max()),
    }


if __name__ == "__main__":
    main()
