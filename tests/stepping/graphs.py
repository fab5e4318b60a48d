"""Random graphs to step through, and the gates of the lessons."""

from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.engine.backward import topological_order

NUMBERS = st.floats(-3, 3, width=32)


UNARY = ("sin", "tanh", "sigmoid", "relu", "abs", "exp", "softplus")


LABELS = st.sampled_from(
    ["", "", "", "w", "x", "w", "a·b + c", "数学", "f", "v1", "two\nlines", "averyveryverylonglabel"]
)


@st.composite
def graphs(draw):
    """An output, and leaves some of which hold gradients of an earlier pass."""
    nodes = [Value(draw(NUMBERS), draw(LABELS)) for _ in range(draw(st.integers(1, 4)))]
    pick = st.deferred(lambda: st.sampled_from(nodes[-6:]))
    for _ in range(draw(st.integers(0, 12))):
        kind = draw(st.integers(0, 5))
        if kind == 0:
            node = getattr(autograd, draw(st.sampled_from(UNARY)))(
                autograd.maximum(autograd.minimum(draw(pick), 5), -5)
            )
        elif kind == 1:
            node = autograd.dot([draw(pick), draw(pick)], [draw(pick), 2.0], draw(pick))
        elif kind == 2:
            node = autograd.where(draw(st.booleans()), draw(pick), draw(pick))
        else:
            a, b = draw(pick), draw(st.one_of(pick, NUMBERS))
            node = draw(st.sampled_from([lambda a, b: a + b, lambda a, b: b - a, lambda a, b: a * b]))(a, b)
        node.label = draw(LABELS)
        nodes.append(node)
    for node in nodes:
        node.grad = draw(st.sampled_from([None, None, 0.0, 1.5, -0.1]))  # leaves keep it, inner nodes are set anew
    return nodes[-1]


def gradients(output):
    return [None if n.grad is None else n.grad.hex() for n in topological_order(output)]


def gates():
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    q = x + y
    q.label = "q"
    f = q * z
    f.label = "f"
    return f, q, x, y, z
