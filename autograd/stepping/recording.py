"""A recorded pass: every step of a stepper, and what each gradient was on the way.

Pages and pictures show any state of a pass in any order, so the pass is run once, recorded, and taken back.
"""

from typing import NamedTuple

from ..engine.value import Value
from .stepper import BaseStepper
from .steps import Evaluation, Step


class RecordedPass(NamedTuple):
    """The steps of a pass; `before` are the gradients before it, `started` those with which backward starts."""

    stepper: BaseStepper
    forward: list[Evaluation]
    backward: list[Step]
    before: dict[Value, float | None]
    started: dict[Value, float | None]

    def gradients(self, steps: int) -> dict[Value, float | None]:
        """The gradients after so many steps of the backward pass."""
        if steps == 0:
            return self.before
        return self.started | {step.parent: step.total for step in self.backward[:steps]}

    def old(self, steps: int) -> set[Value]:
        """The nodes whose gradient, after so many steps of the backward pass, is still that of an earlier pass."""
        changed = {step.parent for step in self.backward[:steps]}
        if steps:
            changed.add(self.stepper.output)
        return {
            node
            for node, grad in self.before.items()
            if grad is not None and node not in changed and not (steps and node.parents)
        }

    def widest(self, spec: str) -> dict[Value, float | None]:
        """For each node, the gradient on the way that takes the most space when it is written with `spec`."""
        widest = dict(self.before)
        on_the_way = [*self.started.items(), *((step.parent, step.total) for step in self.backward)]
        for node, grad in on_the_way:
            known = widest[node]
            if grad is not None and (known is None or len(format(grad, spec)) > len(format(known, spec))):
                widest[node] = grad
        return widest


def record_pass(stepper: BaseStepper) -> RecordedPass:
    """Run the pass of `stepper` from the beginning, with the forward pass, and leave everything as it was.

    Raises ValueError, naming the edge, when a gradient becomes NaN on the way.
    """
    position, done, output_started = stepper.position, stepper.done, stepper.complete(stepper.output)
    stepper.reset()
    through = BaseStepper(stepper.output, forward=True)
    through.names, through.equations = stepper.names, stepper.equations
    before = {node: node.grad for node in through.nodes}
    started = before
    forward: list[Evaluation] = []
    backward: list[Step] = []
    try:
        for step in through:
            if isinstance(step, Evaluation):
                forward.append(step)
                continue
            if not backward:
                started = {node: node.grad for node in through.nodes} | {step.parent: step.before}
            backward.append(step)
    finally:
        through.reset()
        stepper.goto(position)
        if output_started:
            stepper.until(stepper.output)  # before the first step, the output may have its gradient already
        if done:
            stepper.run()
    return RecordedPass(through, forward, backward, before, started)
