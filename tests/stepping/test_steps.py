"""One step as a line, in sentences and as a formula."""

from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, stepper
from autograd.notation.text_layout import columns
from tests.extent import examples
from tests.stepping.graphs import gates, graphs


@given(graphs(), st.booleans())
@examples(100)
def test_a_step_is_one_line_of_at_most_100_columns(output, forward):
    s = stepper(output, forward)
    s.watch(output)
    for step in s:
        assert "\n" not in str(step)
        assert columns(str(step)) <= 100
        assert "\n" not in step.explain()
        assert step.latex.count("{") == step.latex.count("}")
    assert all(columns(line) <= 100 for line in str(s).splitlines())


def test_the_lines_of_the_chain_rule_on_gates():
    f, *_ = gates()
    assert [str(step) for step in f.stepper()] == [
        "*  f = q·z    ∂f/∂q = z = -4     q.grad: 0 + 1 × (-4) = -4",
        "*  f = q·z    ∂f/∂z = q = 3      z.grad: 0 + 1 × 3 = 3",
        "+  q = x + y  ∂q/∂x = 1          x.grad: 0 + (-4) × 1 = -4",
        "+  q = x + y  ∂q/∂y = 1          y.grad: 0 + (-4) × 1 = -4",
    ]


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
