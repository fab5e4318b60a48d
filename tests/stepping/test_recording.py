"""A recorded pass knows what the stepper shows, and leaves everything as it was."""

from autograd.stepping.recording import record_pass
from tests.drawing.passes import neuron


def test_a_recorded_pass_knows_every_gradient_on_the_way():
    f = neuron()
    record = record_pass(f.stepper())
    s = f.stepper()
    for steps in range(len(s) + 1):
        assert record.gradients(steps) == {node: node.grad for node in s.nodes}
        s.step()
