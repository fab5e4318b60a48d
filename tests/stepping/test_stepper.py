"""The stepper: backward in single steps, forward and back, exactly undone."""

import gc
import math
import weakref
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Evaluation, Step, Value, stepper
from autograd.engine.backward import topological_order
from autograd.notation import equations as equations
from tests.extent import examples
from tests.stepping.graphs import gates, gradients, graphs


@given(graphs())
@examples(150)
def test_run_to_the_end_it_equals_backward_on_every_node_to_the_last_bit(output):
    before = gradients(output)
    s = output.stepper()
    s.run()
    stepped = gradients(output)
    s.reset()
    assert gradients(output) == before
    output.backward()
    assert stepped == gradients(output)


@given(graphs(), st.lists(st.sampled_from(["step", "step", "back", "run", "reset"]), max_size=40), st.booleans())
@examples(100)
def test_every_position_has_one_state_however_it_is_reached(output, moves, forward):
    states = {0: gradients(output)}
    s = stepper(output, forward)
    for move in [*moves, "run"]:
        getattr(s, move)()
        if len(s):  # a leaf has no steps, only a beginning
            assert gradients(output) == states.setdefault(s.position, gradients(output))
    while s.back():
        assert gradients(output) == states.setdefault(s.position, gradients(output))
    s.reset()
    assert gradients(output) == states[0]


@given(graphs())
@examples(100)
def test_one_step_for_each_edge_to_a_parent_that_is_no_constant(output):
    edges = Counter((id(n), k) for n in topological_order(output) for k, p in enumerate(n.parents) if p.requires_grad)
    s = output.stepper()
    steps = list(s)
    assert Counter((id(step.node), step.operand) for step in steps) == edges
    assert len(s) == len(steps) == s.position
    assert s.done
    for step in steps:
        assert step.parent is step.node.parents[step.operand]
        assert step.local == step.node.local_grads[step.operand]
        assert step.contribution == (0.0 if step.local == 0 else step.upstream * step.local)
    last = {id(step.parent): step for step in steps}
    assert all(step.complete == (last[id(step.parent)] is step) for step in steps)
    assert all(step.total == step.parent.grad for step in last.values())


def test_the_state_so_far_is_in_grad():
    f, q, x, y, z = gates()
    s = f.stepper()
    assert [n.grad for n in (f, q, x, y, z)] == [None] * 5
    step = s.step()
    assert (step.node, step.parent, step.upstream, step.local, step.contribution, step.total) == (f, q, 1, -4, -4, -4)
    assert [n.grad for n in (f, q, x, y, z)] == [1, -4, None, None, None]
    assert s.back() == step
    assert [n.grad for n in (f, q, x, y, z)] == [None] * 5
    assert s.back() is None
    s.run()
    assert s.step() is None
    assert s.run() is None
    assert [n.grad for n in (f, q, x, y, z)] == [1, -4, -4, -4, 3]


def test_both_edges_of_a_square_and_none_to_a_constant():
    x = Value(3.0, "x")
    steps = list((x * x * 2).stepper())
    assert [(step.operand, step.total, step.complete) for step in steps[1:]] == [(0, 6.0, False), (1, 12.0, True)]
    assert len(steps) == 3
    assert "its operand 2 of 2" in steps[-1].explain()


def test_leaves_add_to_what_they_have():
    x = Value(3.0, "x")
    (x**3).backward()
    s = (x**3).stepper()
    step = s.run()
    assert (step.before, step.total, step.previous, x.grad) == (27.0, 54.0, 27.0, 54.0)
    assert "x had 27 from an earlier pass and now has 27 + 27 = 54." in step.explain()
    assert str(step).endswith("x.grad: 27 + 1 × 27 = 54")


def test_a_leaf_as_output_and_a_constant():
    x = Value(3.0, "x")
    x.grad = 0.5
    s = x.stepper()
    assert not s.done
    assert s.step() is None
    assert s.done
    assert x.grad == 1.5
    s.reset()
    assert x.grad == 0.5
    with pytest.raises(TypeError, match="got float 2"):
        stepper(2.0)
    constant = x.detach().stepper()
    constant.run()
    assert constant.output.grad is None


def test_until_stops_when_the_gradient_is_complete():
    x = Value(2.0, "x")
    a = x * x
    a.label = "a"
    b = x + a
    f = b * a
    s = f.stepper()
    step = s.until("a")
    assert step.parent is a
    assert step.complete
    assert a.grad == b.data + a.data
    assert s.until("a") is None  # complete already
    assert x.grad is not None  # its first contribution came before a was complete
    assert s.until(x).complete
    assert s.done
    s.reset()
    assert s.until(f) is None
    assert f.grad == 1.0
    assert s.until("v1").parent is b  # a name as it is shown
    s.reset()
    s = stepper(f, forward=True)
    assert s.until("f") is not None
    assert s.position == 3
    assert f.grad == 1.0
    assert s.back().phase == "forward"
    assert f.grad is None


def test_a_target_that_there_is_not():
    f, _, x, *_ = gates()
    s = f.stepper()
    for method in (s.until, s.watch):
        with pytest.raises(KeyError, match="no node is labelled 'w'; there are x, y, q, z, f"):
            method("w")
        with pytest.raises(ValueError, match="is not in the graph of f"):
            method(Value(1.0))
        with pytest.raises(TypeError, match="got int 3"):
            method(3)
    c = x.detach()
    c.label = "c"
    s = (x * c).stepper()
    for target in (c, "c"):
        with pytest.raises(ValueError, match="is a constant"):
            s.until(target)
    twins = (Value(1.0, "w") * Value(2.0, "w")).stepper()
    with pytest.raises(KeyError, match=r"2 nodes are labelled 'w'.*w#1, w#2"):
        twins.until("w")
    assert twins.until("w#1").parent.data == 1.0
    many = sum(Value(k, f"x{k}") for k in range(100)).stepper()
    with pytest.raises(KeyError, match=r"… \(\d+ in all\)"):
        many.until("y")


def test_watching():
    f, _, _, y, _ = gates()
    s = f.stepper()
    s.watch("x")
    s.watch(y)
    s.watch("x")
    lines = [str(step).partition("│")[2].strip() for step in s]
    assert lines == ["x.grad = –, y.grad = –"] * 2 + ["x.grad = -4, y.grad = –", "x.grad = -4, y.grad = -4"]
    assert str(s).endswith("watching x.grad = -4, y.grad = -4")
    s.back()
    assert s.current.watched == (("x", -4.0), ("y", None))


def test_a_nan_is_the_error_of_backward():
    a, b = Value(0.0, "a"), Value(1.0, "b")
    edge = (a.sqrt() - (a * b).sqrt()) * 1
    before = gradients(edge)
    with pytest.raises(ValueError, match="becomes NaN") as expected:
        edge.backward()
    s = edge.stepper()
    with pytest.raises(ValueError, match="becomes NaN") as raised:
        s.run()
    assert str(raised.value) == str(expected.value)
    position, state = s.position, gradients(edge)
    with pytest.raises(ValueError, match="becomes NaN"):
        s.step()
    assert (s.position, gradients(edge)) == (position, state)  # the step was not taken
    s.reset()
    assert gradients(edge) == before


def test_a_local_derivative_of_zero_lets_nothing_through():
    x, k = Value(1.0, "x"), Value(float("inf"), "k")
    f = autograd.where(False, x, x * x) * k
    s = f.stepper()
    steps = list(s)
    assert [(step.upstream, step.contribution) for step in steps[2:3]] == [(math.inf, 0.0)]
    stepped = gradients(f)
    s.reset()
    f.backward()
    assert stepped == gradients(f)


def test_the_forward_phase_shows_values_op_by_op():
    f, q, x, _, z = gates()
    s = stepper(f, forward=True)
    assert s.phase == "forward"
    assert "–" in str(s).splitlines()[-2]
    steps = list(s)
    assert [step.phase for step in steps] == ["forward"] * 2 + ["backward"] * 4
    assert [type(step) for step in steps] == [Evaluation] * 2 + [Step] * 4
    assert [step.number for step in steps] == [1, 2, 3, 4, 5, 6]
    assert steps[0].node is q
    assert str(steps[1]) == "*  f = q·z    = 3·(-4) = -12"
    assert "It keeps ∂f/∂q = -4, ∂f/∂z = 3 for the backward pass." in steps[1].explain()
    assert steps[0].latex == "q = x + y = -2 + 5 = 3"
    assert s.phase == "backward"
    for _ in range(5):
        s.back()
    assert s.current == steps[0]
    assert [n.grad for n in (f, q, x, z)] == [None] * 4


def test_stepping_through_a_graph_leaves_no_cycles():
    f, *_, z = gates()
    s = f.stepper()
    s.watch("z")
    step = s.run()
    print(s, step.explain(), step.latex)
    leaf = weakref.ref(z)
    gc.disable()
    try:
        del f, z, s, step, _
        assert leaf() is None
    finally:
        gc.enable()


@given(graphs(), st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=9), st.booleans())
@examples(50)
def test_several_steps_are_as_many_single_ones(output, moves, forward):
    s = stepper(output, forward)
    steps, states = [None], [gradients(output)]
    for step in s:
        steps.append(step)
        states.append(gradients(output))
    s.goto(0)
    for ahead, n in moves:
        start = s.position
        end = min(len(s), start + n) if ahead else max(0, start - n)
        moved = s.step(n) if ahead else s.back(n)
        assert s.position == end
        assert moved == (None if start == end else steps[end if ahead else end + 1])
        if len(s):
            assert gradients(output) == states[end]


def test_goto_reaches_every_state():
    f, *_ = gates()
    s = stepper(f, forward=True)
    states = [gradients(f)]
    for step in s:
        states.append(gradients(f))
        assert s.goto(step.number) == step
    for k in (0, 6, 1, 5, 2, 2, 4, 3, 0):
        step = s.goto(k)
        assert gradients(f) == states[k]
        assert (s.position, step and step.number) == (k, k or None)
    for k in (-1, 7):
        with pytest.raises(ValueError, match=f"cannot go to step {k}: the pass has 6 steps"):
            s.goto(k)


def test_moves_that_cannot_be_made_change_nothing():
    f, *_ = gates()
    s = f.stepper()
    before = gradients(f)
    assert [s.back(), s.back(3), s.step(0), s.back(0)] == [None] * 4
    assert (s.position, gradients(f)) == (0, before)
    assert s.step(99).number == 4
    after = gradients(f)
    assert [s.step(), s.step(5)] == [None] * 2
    assert (s.position, gradients(f)) == (4, after)
    for move in (s.step, s.back):
        with pytest.raises(ValueError, match="got -1: step\\(\\) goes forward"):
            move(-1)
    assert s.back(99).number == 1
    assert (s.position, gradients(f)) == (0, before)
