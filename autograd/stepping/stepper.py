"""The backprop debugger: one application of the chain rule at a time, forward and back.

The steps are those of `Value.backward`, taken one by one from the same chain rule in the same order; what has been
received so far is in `.grad`. Nothing is calculated in advance, so the first step of a large graph is there at once.
"""

from collections.abc import Iterator

from ..engine.backward import contribution, edges, pass_on, topological_order
from ..engine.value import Value
from ..notation.equations import Equations
from ..notation.names import Names
from .steps import WIDTH, Evaluation, Step


class BaseStepper:
    """All that steps; `autograd.Stepper` is this class with pages and pictures (``save``) added.

    `position` steps of ``len(stepper)`` have been taken, first those of the forward pass, if it is shown. The state of
    the backward pass is in four places: `_sums` (the contributions to each gradient so far), `_received` (how many),
    `_previous` (what leaves had before) and `.grad` of the nodes (the sum of both, for everyone to see); `_undo` keeps
    what each step overwrote.
    """

    def __init__(self, output: Value, forward: bool = False):
        if not isinstance(output, Value):
            raise TypeError(f"stepper needs the output as a Value, got {type(output).__name__} {output!r}")
        self.output = output
        self.order = topological_order(output)
        self.nodes = [node for node in self.order if node.operation is not None]  # those that have gradients
        self.place = {node: k for k, node in enumerate(self.nodes)}
        self.names = Names(self.order)
        self.equations = Equations(self.names)
        self.position = 0
        self.watched: list[Value] = []
        self._operations = [node for node in self.order if node.parents] if forward else []
        self._operation_number = {node: number for number, node in enumerate(self._operations, 1)}
        self._edges: list[tuple[Value, int]] = []  # those that have been asked for
        self._remaining_edges = edges(reversed(self.order))
        # How many contributions each gradient gets; constants, which get none, are no keys.
        self._expected = expected = dict.fromkeys(self.nodes, 0)
        for node in self.order:
            for parent in node.parents:
                if parent.operation is not None:
                    expected[parent] += 1
        self._length = len(self._operations) + sum(expected.values())
        self._forget()

    def _forget(self) -> None:
        """Set the state to that before the backward pass."""
        self._started = False
        self._before: list[float | None] = []  # every gradient before the backward pass, empty until it starts
        self._previous: dict[Value, float] = {}
        self._sums: dict[Value, float] = {}
        self._received: dict[Value, int] = {}
        self._undo: list[tuple[float | None, float | None, int]] = []  # of the parent: gradient, sum, received

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
        return self._started and self.position == self._length

    @property
    def phase(self) -> str:
        """Which pass the current step (at the start, the next one) belongs to: "forward" or "backward"."""
        return "forward" if max(self.position, 1) <= len(self._operations) else "backward"

    @property
    def current(self) -> Step | Evaluation | None:
        """The current step: the last one taken, None at the start."""
        return self.at(self.position) if self.position else None

    # Moving

    def step(self, n: int = 1) -> Step | Evaluation | None:
        """Take `n` steps, or as many as are left, and return the last of them; None when there was none.

        Raises ValueError, naming the edge and not taking that step, when a gradient would become NaN.
        """
        start = self.position
        for _ in range(_count(n)):
            if not self._advance():
                break
        return self.current if self.position > start else None

    def back(self, n: int = 1) -> Step | Evaluation | None:
        """Take back `n` steps, or as many as were taken, and return the last one taken back; None at the start.

        Every `.grad` is again what it was before.
        """
        step = None
        for _ in range(min(_count(n), self.position)):
            step = self.current
            self._retreat()
        return step

    def goto(self, k: int) -> Step | Evaluation | None:
        """Go forward or back to the state after `k` steps and return the current step, None at the start.

        Raises ValueError for a number of steps that the pass does not have.
        """
        if not 0 <= k <= self._length:
            raise ValueError(f"cannot go to step {k}: the pass has {self._length} steps, and 0 is before the first")
        if k == 0:
            self.reset()
        elif k < self.position:
            self.back(self.position - k)
        else:
            self.step(k - self.position)
        return self.current

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
            if self.position == len(self._operations) and not self._started:
                self._start()  # which completes the gradient of the output
            else:
                self._advance()
        return self.current if self.position > start else None

    def reset(self) -> None:
        """Go back to before the first step: every `.grad` is what it was."""
        if self._started:
            self._restore()
        self.position = 0

    def watch(self, target: Value | str) -> None:
        """Show the gradient of `target`, a node or its label, with each step from now on. Raises as `until` does."""
        node = self._find(target)
        if node not in self.watched:
            self.watched.append(node)

    # Looking

    def complete(self, node: Value) -> bool:
        """Whether every contribution to the gradient of `node` has been received."""
        return self._started and self._received.get(node, 0) == self._expected.get(node)

    def evaluated(self, node: Value) -> bool:
        """Whether the value of `node` may be shown: the forward pass, where there is one, has calculated it."""
        return self._operation_number.get(node, 0) <= self.position

    def edge(self, number: int) -> tuple[Value, int | None]:
        """What step `number` is about, taken or not: a node, and which of its operands (None: forward)."""
        k = number - 1 - len(self._operations)
        if k < 0:
            return self._operations[number - 1], None
        self._find_edge(k)
        return self._edges[k]

    def at(self, number: int) -> Step | Evaluation:
        """The step that was taken as number 1, 2, …, up to `position`; IndexError for others."""
        if not 1 <= number <= self.position:
            raise IndexError(f"step {number} has not been taken: {self.position} of {self._length} have")
        is_current = number == self.position
        watched = tuple((self.names[node], node.grad) for node in self.watched) if is_current else ()
        k = number - 1 - len(self._operations)
        if k < 0:
            return Evaluation(number, self._operations[number - 1], self.equations, watched)
        node, operand = self._edges[k]
        parent, upstream, local = node.parents[operand], self._sums.get(node, 0.0), node.local_grads[operand]
        before, received_sum, count = self._undo[k]
        passed, previous = contribution(self._sums, node, operand, local) or 0.0, self._previous.get(parent)
        return Step(
            number=number,
            node=node,
            operand=operand,
            parent=parent,
            upstream=upstream,
            local=local,
            contribution=passed,
            before=before,
            total=_with_previous((received_sum or 0.0) + passed, previous),
            received=count + 1,
            expected=self._expected[parent],
            previous=previous,
            output=self.output,
            equations=self.equations,
            watched=watched,
        )

    # How a step is taken

    def _advance(self) -> bool:
        """Take one step; False at the end."""
        if self.position < len(self._operations):
            self.position += 1
            return True
        if not self._started:
            self._start()
        k = self.position - len(self._operations)
        if not self._find_edge(k):
            return False
        node, operand = self._edges[k]
        parent = node.parents[operand]
        received_sum = self._sums.get(parent)
        pass_on(self._sums, node, operand, node.local_grads[operand])
        count = self._received.get(parent, 0)
        self._undo.append((parent.grad, received_sum, count))
        self._received[parent] = count + 1
        parent.grad = _with_previous(self._sums.get(parent, 0.0), self._previous.get(parent))
        self.position += 1
        return True

    def _retreat(self) -> None:
        """Take back the current step."""
        k = self.position - 1 - len(self._operations)
        if k >= 0:
            node, operand = self._edges[k]
            parent = node.parents[operand]
            parent.grad, received_sum, self._received[parent] = self._undo.pop()
            if received_sum is None:
                self._sums.pop(parent, None)
            else:
                self._sums[parent] = received_sum
        self.position -= 1
        if self._started and self.position <= len(self._operations):
            self._restore()

    def _find_edge(self, k: int) -> bool:
        """Whether there is an edge number `k`; afterwards `_edges` reaches that far."""
        while len(self._edges) <= k:
            edge = next(self._remaining_edges, None)
            if edge is None:
                return False
            self._edges.append(edge)
        return True

    def _start(self) -> None:
        """Start as `backward` does: the output alone has a gradient; leaves keep what they have, to add to it."""
        self._started = True
        self._before = [node.grad for node in self.order]
        for node in self.nodes:
            if node.parents:
                node.grad = None
            elif node.grad is not None:
                self._previous[node] = node.grad
        if self.output in self._expected:
            self._sums[self.output] = 1.0
            self.output.grad = _with_previous(1.0, self._previous.get(self.output))

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
        name = self.equations.name(self.output).text if self.output in self._expected else "the output"
        if target.operation is None and target in self.order:
            raise ValueError(f"{target!r} is a constant: no gradient flows into it")
        raise ValueError(f"{target!r} is not in the graph of {name}: {name} was not calculated from it")

    def __repr__(self) -> str:
        return f"<Stepper: step {self.position} of {self._length}>"

    def __str__(self) -> str:
        import sys

        from .terminal import has_colour
        from .text_view import state_lines  # here, because most programs that import this package print no stepper

        return "\n".join(state_lines(self, WIDTH, colour=has_colour(sys.stdout)))


def _count(n: int) -> int:
    if n < 0:
        raise ValueError(f"expected a number of steps, got {n}: step() goes forward, back() goes back")
    return n


def _with_previous(total: float, previous: float | None) -> float:
    """What `.grad` shows: `backward` too sums up the contributions first and then adds what a leaf had before."""
    return total + 0.0 if previous is None else total + previous
