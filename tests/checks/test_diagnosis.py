"""What `diagnose` finds, and that it finds nothing in a healthy graph."""

import math

import pytest

import nn
from autograd import Value, diagnose, mean, scope


def chain(x: Value, f, length: int) -> Value:
    for _ in range(length):
        x = f(x)
    return x


def kinds(output: Value) -> list[str]:
    return [finding.kind for finding in diagnose(output)]


def test_a_healthy_graph_has_no_findings() -> None:
    x, w = Value(0.5, "x"), Value(-1.2, "w")
    found = diagnose((w * x).tanh() * 2 + (x - w).relu())
    assert not found
    assert str(found).startswith("Healthy, 9 nodes")


def test_diagnosing_changes_nothing() -> None:
    x = Value(0.5, "x")
    y = x.tanh()
    y.backward()
    before = (x.grad, y.grad)
    diagnose(y)
    assert (x.grad, y.grad) == before


def test_the_first_value_that_is_not_finite_is_named_with_its_operands_and_its_way() -> None:
    x, y = Value(1e200, "x"), Value(2.0, "y")
    p = x * x
    p.label = "p"
    q = p + y
    q.label = "q"
    (finding,) = diagnose(q * y)
    assert finding.kind == "not finite"
    assert finding.nodes[:2] == (p, q)
    assert "p = x·x = inf is the first" in finding.text
    assert "x = 1e+200 and x = 1e+200" in finding.text
    assert "p → q → f" in finding.text


def test_infinity_comes_before_the_nan_it_leads_to() -> None:
    x = Value(1e200, "x")
    p = x * x
    (finding,) = diagnose(p - p)
    assert math.isnan((p - p).data)
    assert finding.nodes[0] is p


def test_numbers_that_were_given() -> None:
    (finding,) = diagnose(Value(math.nan, "x") * 2)
    assert "x = nan was given: it is a leaf" in finding.text
    (finding,) = diagnose(Value(1.0, "x") * math.inf)
    assert "inf was given as a plain number" in finding.text


def test_the_operands_of_a_wide_node_are_the_largest() -> None:
    xs = [Value(k * 1e307, f"x{k}") for k in range(20)]
    (finding,) = diagnose(mean([x * 2 for x in xs]))
    assert "not finite" in finding.kind
    wide = mean([Value(1.0, "a"), *xs[:2]]) * 1e308 * 10 + 0
    assert "and" in diagnose(wide)[0].text


def test_an_infinite_gradient() -> None:
    x = Value(0.0, "x")
    found = diagnose(x.sqrt() + 1)
    assert [finding.kind for finding in found] == ["not finite"]
    assert "the gradient of x = 0 is inf" in found[0].text
    assert "√x" in found[0].text


def test_a_gradient_that_is_nan() -> None:
    x, y = Value(0.0, "x"), Value(0.0, "y")
    found = diagnose(x.sqrt() * y.sqrt())
    assert found[0].kind == "not finite"
    assert "the gradient becomes NaN on the edge" in found[0].text


@pytest.mark.parametrize(
    ("op", "inside", "beyond"), [("sigmoid", 5.9, 6.1), ("tanh", 2.9, 3.1)], ids=["sigmoid", "tanh"]
)
def test_saturation_begins_where_it_is_said_to(op: str, inside: float, beyond: float) -> None:
    for sign in (1, -1):
        assert kinds(getattr(Value(sign * inside, "x"), op)()) == []
        (finding,) = diagnose(getattr(Value(sign * beyond, "x"), op)())
        assert finding.kind == "saturated"
        assert f"{op}(x)" in finding.text
        assert f"x = {sign * beyond}" in finding.text


def test_the_worst_of_the_saturated_comes_first() -> None:
    units = [Value(x).tanh() for x in (0.1, -4.0, 9.0, 0.2)]
    (finding,) = (f for f in diagnose(mean(units)) if f.kind == "saturated")
    assert finding.nodes == (units[2], units[1])
    assert finding.text.startswith("Saturated: 2 of 4 tanh nodes, the worst")


def test_a_dead_relu() -> None:
    x = Value(-2.0, "x")
    h = x.relu()
    h.label = "h"
    (finding,) = diagnose(h * 3)
    assert finding.kind == "dead"
    assert finding.nodes == (h,)
    assert "the only ReLU, h = relu(x) = 0: its operand x = -2 is not above 0" in finding.text


def test_a_neuron_is_dead_when_it_is_off_for_every_example() -> None:
    layer = nn.Layer(1, 2, "relu")
    parameters = dict(layer.named_parameters())
    for parameter, number in zip(parameters.values(), (1.0, 0.0, 1.0, -10.0), strict=True):  # w, b of each neuron
        parameter.data = number
    inputs = [[-1.0], [2.0], [3.0]]
    loss = mean([output for x in inputs for output in layer(x)])
    (finding,) = diagnose(loss)
    assert finding.kind == "dead"
    assert len(finding.nodes) == 3
    assert finding.text.startswith("Dead: 1 of 2 ReLU units")
    assert "in none of its 3 places" in finding.text
    parameter.data = 0.0
    assert not diagnose(mean([output for x in inputs for output in layer(x)]))


def test_the_relu_of_a_loss_is_no_unit_of_the_model() -> None:
    x = Value(5.0, "x")
    with scope("neuron"):
        h = x.relu()
    assert not diagnose((1 - h).relu() * 0.1 + h)


def test_gradients_that_vanish_through_sigmoids() -> None:
    found = diagnose(chain(Value(1.0, "x"), Value.sigmoid, 30))
    assert [finding.kind for finding in found] == ["vanishing"]
    assert "at depth 30" in found[0].text
    assert len(found.gradient_by_depth) == 31
    assert found.gradient_by_depth[0] == 1.0
    assert kinds(chain(Value(1.0), Value.sigmoid, 3)) == []


def test_gradients_that_vanish_below_the_smallest_float() -> None:
    found = diagnose(chain(Value(1.0, "x"), Value.sigmoid, 1000))
    assert [finding.kind for finding in found] == ["vanishing"]
    assert found.gradient_by_depth[-1] == 0.0
    assert "Beyond that it is 0." in found[0].text


def test_gradients_that_explode() -> None:
    found = diagnose(chain(Value(1e-5, "x"), lambda x: x * 3, 20))
    assert [finding.kind for finding in found] == ["exploding"]
    assert found.gradient_by_depth[20] == pytest.approx(3.0**20)
    assert kinds(chain(Value(1.0), lambda x: x * 3, 5)) == []


def test_thresholds_of_size() -> None:
    assert kinds(Value(1.0) * 1e-7) == ["vanishing"]
    assert kinds(Value(1.0) * 1e-5) == []
    assert kinds(Value(1.0) * 1e7) == ["exploding"]
    assert kinds(Value(1.0) * 1e5) == []


def test_a_gradient_of_zero_is_not_vanishing() -> None:
    x = Value(0.0, "x")
    assert kinds(x * x) == []


def test_a_graph_of_20_000_nodes() -> None:
    found = diagnose(chain(Value(1.0, "x"), lambda x: x * 0.999, 20_000))
    assert [finding.kind for finding in found] == ["vanishing"]
    overflowing = chain(Value(1e300, "x"), lambda x: x * 1.001, 20_000)
    (finding,) = diagnose(overflowing)
    assert len(finding.text) < 600


def test_leaves_and_constants_are_healthy() -> None:
    assert not diagnose(Value(2.0))
    assert not diagnose(Value(2.0).detach())


def test_a_number_has_no_graph() -> None:
    with pytest.raises(TypeError, match=r"got float 1\.0"):
        diagnose(1.0)  # type: ignore[arg-type]
