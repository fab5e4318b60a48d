"""The stepper: backward in single steps, told in words, and exactly undone."""

import gc
import io
import math
import sys
import weakref
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Evaluation, Step, Stepper, Value, stepper
from autograd.engine.backward import topological_order
from autograd.notation import equations as wording
from autograd.notation.text_layout import columns
from autograd.rules.as_formulas import partial_formulas_at

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


@given(graphs())
@settings(max_examples=150, deadline=None)
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
@settings(max_examples=100, deadline=None)
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
@settings(max_examples=100, deadline=None)
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


@given(graphs(), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_step_is_one_line_of_at_most_100_columns(output, forward):
    s = stepper(output, forward)
    s.watch(output)
    for step in s:
        assert "\n" not in str(step)
        assert columns(str(step)) <= 100
        assert "\n" not in step.explain()
        assert step.latex.count("{") == step.latex.count("}")
    assert all(columns(line) <= 100 for line in str(s).splitlines())


def gates():
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    q = x + y
    q.label = "q"
    f = q * z
    f.label = "f"
    return f, q, x, y, z


def test_the_lines_of_the_chain_rule_on_gates():
    f, *_ = gates()
    assert [str(step) for step in f.stepper()] == [
        "*  f = q·z    ∂f/∂q = z = -4     q.grad: 0 + 1 × -4 = -4",
        "*  f = q·z    ∂f/∂z = q = 3      z.grad: 0 + 1 × 3 = 3",
        "+  q = x + y  ∂q/∂x = 1          x.grad: 0 + -4 × 1 = -4",
        "+  q = x + y  ∂q/∂y = 1          y.grad: 0 + -4 × 1 = -4",
    ]


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


def test_leaves_add_to_what_they_hold():
    x = Value(3.0, "x")
    (x**3).backward()
    s = (x**3).stepper()
    step = s.run()
    assert (step.before, step.total, step.held, x.grad) == (27.0, 54.0, 27.0, 54.0)
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


def test_an_output_of_constants_alone_says_why_it_has_no_steps():
    assert "no steps, for it was not calculated" in str((Value(2.0).detach() * Value(3.0).detach()).stepper())
    assert "no steps, for it was not calculated" in str(Value(2.0, "x").stepper())


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


def test_names_are_stable_and_unique():
    f = Value(1.0, "f")
    output = (f * Value(2.0) + Value(3.0, "v1")).exp()
    names = Stepper(output).names
    assert [*names.values()] == ["f", "v2", "v3", "v1", "v4", "v5"]
    assert "f" not in [*Stepper(Value(1.0, "f") * 2).names.values()][1:]
    assert [*Stepper(Value(1.0, "a") * 2).names.values()] == ["a", "f"]


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
    assert "It keeps ∂f/∂q = -4, ∂f/∂z = 3 for the way back." in steps[1].explain()
    assert steps[0].latex == "q = x + y = -2 + 5 = 3"
    assert s.phase == "backward"
    for _ in range(5):
        s.back()
    assert s.current == steps[0]
    assert [n.grad for n in (f, q, x, z)] == [None] * 4


def test_an_explanation_puts_numbers_into_the_formula():
    w, x = Value(2.0, "w"), Value(-1.0, "x")
    z = w * x
    z.label = "z"
    h = z.sigmoid()
    h.label = "h"
    step = h.stepper().step()
    local = h.data * (1 - h.data)
    assert f"∂h/∂z = h·(1 - h) = {h.data:.6g}·(1 - {h.data:.6g}) = {local:.6g}." in step.explain()
    assert "logistic function" in step.explain()
    assert "complete: the sum over all paths from z to h" in step.explain()
    assert step.latex == (
        r"\frac{\partial h}{\partial z} \mathrel{+}= "
        r"\frac{\partial h}{\partial h} \cdot \frac{\partial h}{\partial z} = "
        rf"1 \cdot h \cdot \left(1 - h\right) = 1 \cdot {local:.6g} = {local:.6g}"
    )


def test_a_choice_is_explained_and_made():
    step = Value(3.0, "z").relu().stepper().step()
    assert "∂f/∂z = (1 if z > 0 else 0) = 1." in step.explain()
    assert "∂f/∂z = 1 " in str(step)
    power = (Value(3.0, "x") ** Value(2.0, "y")).stepper()
    assert "∂f/∂x = y·x^(y - 1) = 6" in str(power.step())
    assert "∂f/∂y = f·log(x) = 9.88751" in str(power.step())
    square = (Value(3.0, "x") ** 2).stepper()
    assert "f = x²" in str(square.step())
    assert "∂f/∂x = 2·x = 6" in str(square.current)


def test_data_changed_after_recording_makes_no_false_equation():
    x, y = Value(3.0, "x"), Value(5.0, "y")
    f = x * y
    y.data = 100.0
    assert "= 15" in str(stepper(f, forward=True).step())
    s = stepper(f)
    step = s.step()
    assert str(step).split("  ")[-1] == "x.grad: 0 + 1 × 5 = 5"
    assert "∂f/∂x = 5  " in str(step)
    assert "is ∂f/∂x = 5 as it was recorded (data was changed since)." in step.explain()
    assert step.latex.endswith(r"\frac{\partial f}{\partial x} = 1 \cdot 5 = 5")
    assert "∂f/∂y = x = 3" in str(s.step())  # which still holds
    first = stepper(f, forward=True).step()
    assert [str(first).split("=", 1)[1].strip(), first.latex] == ["x·y    = 15", r"f = x \cdot y = 15"]
    assert "In numbers: 15 as it was recorded (data was changed since)." in first.explain()
    x.data = -1.0
    assert "relu" in x.relu().op
    z = x.relu()
    x.data = 1.0
    assert "∂f/∂x = 0 as it was recorded" in stepper(z).step().explain()
    p = Value(4.0, "p")
    q = p.log()
    p.data = -4.0  # where it has no value
    assert "= log(p)  = 1.38629" in str(stepper(q, forward=True).step())


def test_many_operands():
    ws, xs = ([Value(k / 7, f"{name}[{k}]") for k in range(16)] for name in "wx")
    s = autograd.dot(ws, xs, Value(1.0, "b")).stepper()
    lines = [str(step) for step in s]
    assert len(lines) == 33
    assert "f = w[0]·x[0] + w[1]·x[1] + … + b" in lines[0]
    assert "∂f/∂x[3] = w[3] = 0.428571" in lines[19]
    assert max(map(columns, lines)) <= 100
    s = autograd.logsumexp([Value(k / 7, f"x{k}") for k in range(3000)]).stepper()
    assert columns(str(s.run())) <= 100


def test_the_rule_of_many_operands_is_read_once_for_each_width_of_a_line(monkeypatch):
    readings = []

    def counted(*arguments):
        readings.append(arguments)
        return partial_formulas_at(*arguments)

    monkeypatch.setattr(wording, "partial_formulas_at", counted)
    s = autograd.logsumexp([Value(0.1, f"a long name {k}") for k in range(150)]).stepper()
    assert len([str(step) for step in s]) == 150
    assert len(readings) <= len(wording.ROOMS)


def test_numbers_that_are_not_finite_fit():
    x = Value(0.0, "averyverylongname")
    s = (x.sqrt() * Value(1.23456789e-300, "anotherverylongname")).stepper()
    s.watch(x)
    assert all(columns(str(step)) <= 100 for step in s)
    assert "inf" in str(s.current)


def test_an_operation_of_the_users_own_steps():
    cubed = autograd.primitive("cubed", value=lambda m, x: x * x * x, partials=lambda m, out, x: (3.0 * x * x,))
    step = cubed(Value(2.0, "x")).stepper().step()
    assert str(step) == "cubed  f = cubed(x)  ∂f/∂x = 3·x·x = 12  x.grad: 0 + 1 × 12 = 12"


def test_printing_stays_short_on_a_large_graph():
    x = y = Value(0.5, "x")
    for _ in range(30_000):
        y = y * x + 0.25
    s = y.stepper()
    assert len(s) == 90_000
    assert len(str(s).splitlines()) < 30
    for _ in range(5):
        s.step()
    s.until(s.current.parent)
    text = str(s)
    assert len(text.splitlines()) < 30
    assert sum(line.startswith("▶") for line in text.splitlines()) == 1
    s.run()
    assert "step 90000 of 90000; every gradient is complete" in str(s)
    stepped = gradients(y)
    s.reset()
    y.backward()
    assert stepped == gradients(y)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_colour_only_on_a_terminal_that_has_it(monkeypatch):
    f, *_ = gates()
    s = f.stepper()
    s.step()
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = str(s)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = str(s)
    monkeypatch.undo()
    assert "\x1b[" in coloured
    assert "\x1b" not in plain
    assert plain == str(s)
    assert "\x1b" not in str(s.current)


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
