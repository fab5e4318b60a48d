"""The backprop debugger: one application of the chain rule at a time, forward and back.

The steps are those of `graph.backward`, taken one by one from the same chain rule in the same order; what has arrived
so far is shown in `.grad`. Nothing is worked out ahead, so the first step of a large graph is there at once.
"""

from collections.abc import Collection, Iterator, Sequence

from ..engine.backward import contribution, edges, pass_on, topological_order
from ..engine.value import Value
from ..notation.equations import Wording
from ..notation.names import Names
from .steps import WIDTH, Evaluation, Step


class Stepper:
    """Backpropagation from `output`, step by step; made by `stepper(output)` or ``output.stepper()``.

    Arguments:
        output: the Value whose gradient is calculated.
        forward: show the forward pass first, one step for each operation.

    While stepping, `.grad` of the nodes holds the state so far; run to the end, it is what `output.backward()` gives,
    to the last bit. `position` steps of ``len(stepper)`` have been taken, `current` is the last of them (None at the
    start).

    >>> x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    >>> q = x + y
    >>> q.label = "q"
    >>> f = q * z
    >>> s = f.stepper()
    >>> print(s.step())
    *  f = q·z    ∂f/∂q = z = -4     q.grad: 0 + 1 × -4 = -4
    >>> print(s.step())
    *  f = q·z    ∂f/∂z = q = 3      z.grad: 0 + 1 × 3 = 3
    >>> q.grad, z.grad, x.grad
    (-4.0, 3.0, None)
    >>> _ = s.back()
    >>> z.grad is None
    True
    >>> for step in s:
    ...     print(step)
    *  f = q·z    ∂f/∂z = q = 3      z.grad: 0 + 1 × 3 = 3
    +  q = x + y  ∂q/∂x = 1          x.grad: 0 + -4 × 1 = -4
    +  q = x + y  ∂q/∂y = 1          y.grad: 0 + -4 × 1 = -4
    >>> s.done
    True
    """

    def __init__(self, output: Value, forward: bool = False):
        if not isinstance(output, Value):
            raise TypeError(f"stepper needs the output as a Value, got {type(output).__name__} {output!r}")
        self.output = output
        self.order = topological_order(output)
        self.names = Names(self.order)
        self.wording = Wording(self.names)
        self.position = 0
        self._operations = [node for node in self.order if node.parents] if forward else []
        self._edges: list[tuple[Value, int]] = []  # as far as anyone has looked
        self._ahead = edges(reversed(self.order))
        # How many contributions each gradient gets; constants, which get none, are no keys.
        self._expected = expected = {node: 0 for node in self.order if node.operation is not None}
        for node in self.order:
            for parent in node.parents:
                if parent.operation is not None:
                    expected[parent] += 1
        self._length = len(self._operations) + sum(expected.values())
        self._watched: list[Value] = []
        self._forget()

    def _forget(self) -> None:
        self._before: list[float | None] = []  # every gradient before the backward pass, empty until it begins
        self._held: dict[Value, float] = {}  # what leaves held then
        self._sums: dict[Value, float] = {}  # what has arrived, apart from what was held
        self._arrived: dict[Value, int] = {}
        self._undo: list[tuple[float | None, float | None, int]] = []  # of the parent: gradient, sum, arrived
        self._begun = False

    def __len__(self) -> int:
        return self._length

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Step | Evaluation]:
        while (step := self.step()) is not None:
            yield step

    @property
    def done(self) -> bool:
        """Whether every step has been taken."""
        return self._begun and self.position == self._length

    @property
    def phase(self) -> str:
        """Which pass the step in hand (at the start, the next one) belongs to: "forward" or "backward"."""
        return "forward" if max(self.position, 1) <= len(self._operations) else "backward"

    @property
    def current(self) -> Step | Evaluation | None:
        """The step in hand: the last one taken."""
        return self.at(self.position) if self.position else None

    def step(self) -> Step | Evaluation | None:
        """Take one step and return it; None at the end.

        Raises ValueError, naming the edge and taking no step, when the gradient would become NaN.
        """
        return self.current if self._advance() else None

    def back(self) -> Step | Evaluation | None:
        """Take back the last step and return it; None at the start. Every `.grad` is again what it was before."""
        step = self.current
        if isinstance(step, Step):
            step.parent.grad, arrived, count = self._undo.pop()
            self._arrived[step.parent] = count
            if arrived is None:
                self._sums.pop(step.parent, None)
            else:
                self._sums[step.parent] = arrived
        if step is not None:
            self.position -= 1
            if self._begun and self.position <= len(self._operations):
                self._restore()
        return step

    def run(self) -> Step | Evaluation | None:
        """Take all steps that are left; returns the last one, or None when there was none."""
        start = self.position
        while self._advance():
            pass
        return self.current if self.position > start else None

    def until(self, target: Value | str) -> Step | Evaluation | None:
        """Take steps until the gradient of `target`, a node or its label, is complete.

        Returns the last step, or None when the gradient was complete already. Raises KeyError, listing the labels, for
        an unknown label, ValueError for a constant and for a node that is not in the graph.
        """
        node = self._find(target)
        start = self.position
        while not self.complete(node):
            if self.position == len(self._operations) and not self._begun:
                self._begin()  # which completes the gradient of the output
            else:
                self._advance()
        return self.current if self.position > start else None

    def reset(self) -> None:
        """Go back to before the first step: every `.grad` is what it was."""
        if self._begun:
            self._restore()
        self.position = 0

    def watch(self, target: Value | str) -> None:
        """Show the gradient of `target`, a node or its label, with each step from now on. Raises as `until` does."""
        node = self._find(target)
        if node not in self._watched:
            self._watched.append(node)

    def complete(self, node: Value) -> bool:
        """Whether every contribution to the gradient of `node` has arrived."""
        return self._begun and self._arrived.get(node, 0) == self._expected.get(node)

    def at(self, number: int) -> Step | Evaluation:
        """The step that was taken as number 1, 2, …, up to `position`; IndexError for others."""
        if not 1 <= number <= self.position:
            raise IndexError(f"step {number} has not been taken: {self.position} of {self._length} have")
        now = number == self.position
        watched = tuple((self.names[node], node.grad) for node in self._watched) if now else ()
        k = number - 1 - len(self._operations)
        if k < 0:
            return Evaluation(number, self._operations[number - 1], self.wording, watched)
        node, operand = self._edges[k]
        parent, upstream, local = node.parents[operand], self._sums.get(node, 0.0), node.local_grads[operand]
        before, arrived, count = self._undo[k]
        passed, held = contribution(self._sums, node, operand, local) or 0.0, self._held.get(parent)
        return Step(
            number=number,
            node=node,
            operand=operand,
            parent=parent,
            upstream=upstream,
            local=local,
            contribution=passed,
            before=before,
            total=_with_held((arrived or 0.0) + passed, held),
            arrived=count + 1,
            expected=self._expected[parent],
            held=held,
            output=self.output,
            wording=self.wording,
            watched=watched,
        )

    def ahead(self, number: int) -> tuple[Value, int | None]:
        """What step `number` is about, taken or not: a node, and which of its operands (None: forward)."""
        k = number - 1 - len(self._operations)
        if k < 0:
            return self._operations[number - 1], None
        self._look(k)
        return self._edges[k]

    def evaluated(self, node: Value) -> bool:
        """Whether the value of `node` may be shown: the forward pass, where there is one, has come by."""
        return self.position >= len(self._operations) or node not in self._operations[self.position :]

    @property
    def nodes(self) -> Collection[Value]:
        """The nodes that have gradients, in topological order."""
        return self._expected.keys()

    @property
    def watched(self) -> Sequence[Value]:
        """The nodes whose gradients are shown with each step."""
        return self._watched

    def _advance(self) -> bool:
        if self.position < len(self._operations):
            self.position += 1
            return True
        if not self._begun:
            self._begin()
        k = self.position - len(self._operations)
        if not self._look(k):
            return False
        node, operand = self._edges[k]
        parent = node.parents[operand]
        arrived = self._sums.get(parent)
        pass_on(self._sums, node, operand, node.local_grads[operand])
        count = self._arrived.get(parent, 0)
        self._undo.append((parent.grad, arrived, count))
        self._arrived[parent] = count + 1
        parent.grad = _with_held(self._sums.get(parent, 0.0), self._held.get(parent))
        self.position += 1
        return True

    def _look(self, k: int) -> bool:
        """Whether there is an edge number `k`; afterwards `_edges` reaches that far."""
        while len(self._edges) <= k:
            edge = next(self._ahead, None)
            if edge is None:
                return False
            self._edges.append(edge)
        return True

    def _begin(self) -> None:
        """As `backward` begins: no gradient but the output's; leaves keep what they hold, for the end."""
        self._begun = True
        self._before = [node.grad for node in self.order]
        for node in self._expected:
            if node.parents:
                node.grad = None
            elif node.grad is not None:
                self._held[node] = node.grad
        if self.output in self._expected:
            self._sums[self.output] = 1.0
            self.output.grad = _with_held(1.0, self._held.get(self.output))

    def _restore(self) -> None:
        for node, grad in zip(self.order, self._before, strict=True):
            node.grad = grad
        self._forget()

    def _find(self, target: Value | str) -> Value:
        """The node that is meant, into which a gradient flows."""
        if isinstance(target, str):
            try:
                return self.names.find(target)
            except KeyError:
                target = next((n for n in self.order if n.operation is None and n.label == target), target)
                if isinstance(target, str):
                    raise
        if not isinstance(target, Value):
            raise TypeError(f"expected a node or its label, got {type(target).__name__} {target!r}")
        if target in self._expected:
            return target
        name = self.names[self.output] if self.output in self._expected else "the output"
        if target.operation is None and target in self.order:
            raise ValueError(f"{target!r} is a constant: no gradient flows into it")
        raise ValueError(f"{target!r} is not in the graph of {name}: {name} was not calculated from it")

    def __repr__(self) -> str:
        return f"<Stepper: step {self.position} of {self._length}>"

    def __str__(self) -> str:
        import sys

        from .terminal import has_colour
        from .text_view import board  # here, because most programs that import this package print no stepper

        return "\n".join(board(self, WIDTH, colour=has_colour(sys.stdout)))


def _with_held(total: float, held: float | None) -> float:
    """What `.grad` shows: `backward` too sums up the contributions first and then adds what a leaf held."""
    return total + 0.0 if held is None else total + held
