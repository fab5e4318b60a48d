"""Transcripts of the lessons on the stepper: what a learner types, and what stands on the screen then."""


def gates() -> None:
    """L01, the chain rule on gates: each gate multiplies what comes from above by its own derivative.

    >>> from autograd import Value
    >>> x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    >>> q = x + y
    >>> q.label = "q"
    >>> f = q * z
    >>> s = f.stepper(forward=True)
    >>> s.phase
    'forward'
    >>> for step in s:
    ...     print(step)
    +  q = x + y  = -2 + 5 = 3
    *  f = q·z    = 3·(-4) = -12
    *  f = q·z    ∂f/∂q = z = -4     q.grad: 0 + 1 × (-4) = -4
    *  f = q·z    ∂f/∂z = q = 3      z.grad: 0 + 1 × 3 = 3
    +  q = x + y  ∂q/∂x = 1          x.grad: 0 + (-4) × 1 = -4
    +  q = x + y  ∂q/∂y = 1          y.grad: 0 + (-4) × 1 = -4
    >>> s.phase, x.grad, y.grad, z.grad
    ('backward', -4.0, -4.0, 3.0)
    >>> print(s.back().explain())
    Operation + (sum): q = x + y. Its local derivative with respect to y is ∂q/∂y = 1. Upstream, q has gradient -4:
    the chain rule passes (-4) × 1 = -4 to y. y had no gradient yet and now has -4. That was the only contribution
    to y, so its gradient is complete: the sum over all paths from y to f.
    >>> print(s)
    backward pass of f: step 5 of 6
      1 +  q = x + y   = -2 + 5 = 3
      2 *  f = q·z     = 3·(-4) = -12
      3 *  f = q·z     ∂f/∂q = z = -4   q.grad: 0 + 1 × (-4) = -4   ✓
      4 *  f = q·z     ∂f/∂z = q = 3    z.grad: 0 + 1 × 3 = 3     ✓
    ▶ 5 +  q = x + y   ∂q/∂x = 1        x.grad: 0 + (-4) × 1 = -4   ✓
      6 +  q = x + y   ∂q/∂y
    <BLANKLINE>
           x      y   q      z     f
    data   -2     5   3      -4    -12
    grad   -4 ✓   –   -4 ✓   3 ✓   1 ✓
    """


def neuron() -> None:
    """L02, a sigmoid neuron as gates: fused or written out, the gradients agree.

    >>> from autograd import Value, expand, sigmoid
    >>> w0, x0, w1, x1, w2 = (Value(v, n) for v, n in [(2, "w0"), (-1, "x0"), (-3, "w1"), (-2, "x1"), (-3, "w2")])
    >>> net = w0 * x0 + w1 * x1 + w2
    >>> net.label = "net"
    >>> f = sigmoid(net)
    >>> print(f.stepper().step())
    sigmoid  f = sigmoid(net)  ∂f/∂net = f·(1 - f) = 0.196612   net.grad: 0 + 1 × 0.196612 = 0.196612
    >>> s = expand(f).stepper()
    >>> print(s.until("net"))
    neg  v4 = -net  ∂v4/∂net = -1   net.grad: 0 + (-0.196612) × (-1) = 0.196612
    >>> print(s.run())
    *  v1 = w0·x0  ∂v1/∂x0 = w0 = 2  x0.grad: 0 + 0.196612 × 2 = 0.393224
    >>> for x in (w0, x0, w1, x1, w2):
    ...     print(f"{x.label} {x.grad:.4f}")
    w0 -0.1966
    x0 0.3932
    w1 -0.3932
    x1 -0.5898
    w2 0.1966
    """


def shared() -> None:
    """L04, the sum over paths: three contributions arrive at a, one for each way to f.

    >>> from autograd import Value, paths, stepper
    >>> a = Value(3.0, "a")
    >>> b, c = a * 2, a * a
    >>> b.label, c.label = "b", "c"
    >>> f = b + c
    >>> s = stepper(f)
    >>> s.watch("a")
    >>> for step in s:
    ...     if step.parent is a:
    ...         print(step)
    *  c = a·a    ∂c/∂a = a = 3      a.grad: 0 + 1 × 3 = 3   │ a.grad = 3
    *  c = a·a    ∂c/∂a = a = 3      a.grad: 3 + 1 × 3 = 6   │ a.grad = 6
    *  b = a·2    ∂b/∂a = 2          a.grad: 6 + 1 × 2 = 8   │ a.grad = 8
    >>> [path.product for path in paths(f, a)], a.grad
    ([2.0, 3.0, 3.0], 8.0)
    """
