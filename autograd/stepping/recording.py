"""A whole pass put down: every step of a stepper, and what each gradient was on the way.

Pages and pictures show any moment of a pass in any order, so the pass is run through once, and taken back.
"""

from typing import NamedTuple

from ..engine.value import Value
from .stepper import Stepper
from .steps import Evaluation, Step


class Rehearsal(NamedTuple):
    """The steps of a pass; `before` are the gradients before it, `begun` those with which backward begins."""

    stepper: Stepper
    forward: list[Evaluation]
    backward: list[Step]
    before: dict[Value, float | None]
    begun: dict[Value, float | None]

    def gradients(self, steps: int) -> dict[Value, float | None]:
        """The gradients after so many steps of the backward pass."""
        if steps == 0:
            return self.before
        return self.begun | {step.parent: step.total for step in self.backward[:steps]}

    def widest(self, spec: str) -> dict[Value, float | None]:
        """Of the gradients that each node has on the way, the one that takes the most room, written with `spec`."""
        widest = dict(self.before)
        passing = [*self.begun.items(), *((step.parent, step.total) for step in self.backward)]
        for node, grad in passing:
            held = widest[node]
            if grad is not None and (held is None or len(format(grad, spec)) > len(format(held, spec))):
                widest[node] = grad
        return widest


def rehearse(stepper: Stepper) -> Rehearsal:
    """Run the pass of `stepper` from the beginning, with the forward pass, and leave everything as it was.

    Raises ValueError, naming the edge, when a gradient becomes NaN on the way.
    """
    position, done, seeded = stepper.position, stepper.done, stepper.complete(stepper.output)
    stepper.reset()
    through = Stepper(stepper.output, forward=True)
    through.names, through.wording = stepper.names, stepper.wording
    before = {node: node.grad for node in through.nodes}
    begun = before
    forward: list[Evaluation] = []
    backward: list[Step] = []
    try:
        for step in through:
            if isinstance(step, Evaluation):
                forward.append(step)
                continue
            if not backward:
                begun = {node: node.grad for node in through.nodes} | {step.parent: step.before}
            backward.append(step)
    finally:
        through.reset()
        while stepper.position < position:
            stepper.step()
        if seeded:
            stepper.until(stepper.output)  # where no step has been taken yet, the gradient of the output may be there
        if done:
            stepper.run()
    return Rehearsal(through, forward, backward, before, begun)
