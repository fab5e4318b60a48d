"""Grading derivations by hand: lesson L03, whose notes contradict themselves, and what a line may be."""

import math

import pytest

from autograd import Value, check_derivation, where


def named(value: Value, label: str) -> Value:
    value.label = label
    return value


def network(shared_bias: bool = False) -> Value:
    """The 1-2-1 sigmoid network of the notes, L = ½(y - out)² at y = 1."""
    numbers = {"w1": 0.3, "w2": -0.4, "w3": 0.5, "w4": 0.7, "b1": 0.1, "b2": 0.2, "x": 0.6}
    w1, w2, w3, w4, b1, b2, x = (Value(number, label) for label, number in numbers.items())
    h1 = named(named(w1 * x + b1, "net_h1").sigmoid(), "h1")
    h2 = named(named(w2 * x + (b1 if shared_bias else b2), "net_h2").sigmoid(), "h2")
    out = named(named(w3 * h1 + w4 * h2 + b2, "net_o").sigmoid(), "out")
    return named((1 - out) ** 2 / 2, "L")


NOTES = {
    "δ_o": "-(y - out) * out * (1 - out)",
    "δ_h1": "δ_o * w3 * h1 * (1 - h1)",
    "δ_h2": "δ_o * w4 * h2 * (1 - h2)",
    "dw1": "δ_h1 * x",
    "dw2": "δ_h2 * x",
    "dw3": "δ_o * h1",
    "dw4": "δ_o * h2",
    "db1": "δ_h1 + δ_h2",
    "db2": "δ_o",
}


def test_the_wrong_lines_of_the_notes_are_found() -> None:
    """
    >>> print(check_derivation(network(), NOTES, values={"y": 1}))
    line  means       formula                           by hand       engine      error
    δ_o   ∂L/∂net_o   -(y - out) * out * (1 - out)   -0.0643599   -0.0643599          0  ok
    δ_h1  ∂L/∂net_h1  δ_o * w3 * h1 * (1 - h1)      -0.00788934  -0.00788934  1.735e-18  ok
    δ_h2  ∂L/∂net_h2  δ_o * w4 * h2 * (1 - h2)       -0.0112585   -0.0112585  3.469e-18  ok
    dw1   ∂L/∂w1      δ_h1 * x                       -0.0047336   -0.0047336  8.674e-19  ok
    dw2   ∂L/∂w2      δ_h2 * x                      -0.00675509  -0.00675509  1.735e-18  ok
    dw3   ∂L/∂w3      δ_o * h1                       -0.0366559   -0.0366559          0  ok
    dw4   ∂L/∂w4      δ_o * h2                       -0.0315364   -0.0315364          0  ok
    db1   ∂L/∂b1      δ_h1 + δ_h2                    -0.0191478  -0.00788934   -0.01126  WRONG
    db2   ∂L/∂b2      δ_o                            -0.0643599   -0.0756184    0.01126  WRONG
    2 of 9 wrong: db1, db2
    """
    graded = check_derivation(network(), NOTES, values={"y": 1})
    assert not graded
    assert graded.wrong == ("db1", "db2")
    by_name = {line.name: line for line in graded}
    assert by_name["db1"].by_hand == pytest.approx(-0.01915, abs=5e-6)
    assert by_name["db1"].engine == pytest.approx(-0.00789, abs=5e-6)
    assert by_name["db2"].by_hand == pytest.approx(-0.06436, abs=5e-6)
    assert by_name["db2"].engine == pytest.approx(-0.07562, abs=5e-6)
    assert by_name["db2"].error == pytest.approx(0.01126, abs=5e-6)


def test_the_printed_formulas_are_right_where_both_hidden_units_share_b1() -> None:
    graded = check_derivation(network(shared_bias=True), NOTES, values={"y": 1})
    assert graded
    assert graded.wrong == ()
    assert graded[7].engine == pytest.approx(-0.01946, abs=5e-6)
    assert str(graded).endswith("all 9 right")


def test_grading_touches_no_gradient() -> None:
    w = Value(2.0, "w")
    f = w * w
    assert check_derivation(f, {"dw": "2 * w"})
    assert w.grad is None
    assert f.grad is None


@pytest.mark.parametrize("name", ["dw", "∂w", "dL/dw", "∂L/∂w"])
def test_names_of_a_gradient(name: str) -> None:
    w = Value(3.0, "w")
    (line,) = check_derivation(named(w * w, "L"), {name: "2 * w"})
    assert (line.engine, line.means, line.right) == (6.0, "∂L/∂w", True)


def test_a_label_means_its_data() -> None:
    x = Value(0.5, "x")
    h = named(x.tanh(), "h")
    graded = check_derivation(h * h, {"h": "x", "dx": "2 * h * (1 - h**2)"})
    assert graded.wrong == ("h", "dx")
    assert graded[0].engine == h.data
    assert graded[1].inherited == ("h",)  # its own formula is right


def test_pairs_name_the_node_or_its_label() -> None:
    x = Value(0.5, "x")
    u = x * 3
    f = u.exp()
    assert check_derivation(f, {"du": (u, "exp(3 * x)"), "slope": ("x", "3 * du")})
    assert not check_derivation(f, {"du": (u, "3 * exp(3 * x)")})


def test_an_error_is_blamed_on_the_line_where_it_arose() -> None:
    x = Value(2.0, "x")
    u = named(x * x, "u")
    f = u.log()
    lines = {"du": "2 / u", "g": "du * 1", "dx": "g * 2 * x"}
    graded = check_derivation(f, lines)
    assert graded.wrong == ("du", "dx")
    assert graded[2].inherited == ("du",)
    assert graded[2].verdict == "WRONG, through du"
    both = check_derivation(f, lines | {"dx": "g * x"})  # half of twice too much: right, by two errors
    assert both.wrong == ("du",)
    third = check_derivation(f, lines | {"dx": "g * 5"})
    assert third[2].verdict == "WRONG"


def test_an_own_error_is_not_blamed_on_definitions() -> None:
    x = Value(2.0, "x")
    graded = check_derivation(x.log(), {"half": "1 / 2", "dx": "half + 0.25"})
    assert graded[1].verdict == "WRONG"
    assert graded[0].verdict == ""
    assert graded[0].error == 0.0


@pytest.mark.parametrize(
    ("number", "right"),
    [(1 / 3, True), (0.333, True), ("0.333", True), (0.33, True), (0.3334, False), (0.34, False), (0, False)],
)
def test_decimals_are_right_as_far_as_they_are_written(number: float | str, right: bool) -> None:
    x = Value(3.0, "x")
    assert bool(check_derivation(x.log(), {"dx": number})) is right


def test_whole_numbers_are_not_rounded() -> None:
    x = Value(1.2, "x")
    assert not check_derivation(x * x, {"dx": 2})
    assert not check_derivation(x * x, {"dx": 2.0})
    assert check_derivation(x * 2, {"dx": 2})


def test_values_name_nodes_without_labels_and_numbers() -> None:
    w, x = Value(2.0), Value(5.0)
    assert check_derivation(w * x * 3, {"dw": "k * x"}, values={"w": w, "x": x, "k": 3})


def test_names_are_compared_as_python_reads_them() -> None:
    x = Value(2.0, "ϵ")  # the lunate epsilon, which Python reads as ε
    assert check_derivation(x * x, {"dϵ": "2 * ϵ"})


def test_a_formula_without_a_value_is_wrong_and_says_why() -> None:
    x = Value(2.0, "x")
    graded = check_derivation(x * x, {"dx": "log(-x)"})
    assert graded.wrong == ("dx",)
    assert math.isnan(graded[0].by_hand)
    assert "log(x) needs x > 0, got -2.0" in str(graded)
    with pytest.raises(ValueError, match=r"line 'u': .*log"):
        check_derivation(x * x, {"u": "log(-x)", "dx": "u"})


def test_formulas_as_people_write_them_and_as_the_stepper_prints_them() -> None:
    x, e = Value(0.5, "x"), Value(2.0, "e")
    f = (e * x).tanh() + x.sqrt()
    lines = {"h": "1 − tanh(e·x)²", "dx": "e·h + 0.5 / √x", "de": "x·h"}
    assert check_derivation(f, lines)  # the label e is that node, not the constant
    assert check_derivation(Value(3.0, "r") ** 2 * math.pi, {"dr": "2πr"})


def test_functions_of_the_engine_in_formulas() -> None:
    x = Value(0.7, "x")
    assert check_derivation(x.softplus(), {"dx": "sigmoid(x)"})
    assert check_derivation(where(x > 0, x * x, x), {"dx": "where(x > 0, 2 * x, 1)"})


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ({"dq": "1"}, "line 'dq' means nothing here.*The graph has w"),
        ({"dw": "2 * q"}, "line 'dw': 'q' is not known here; known are w"),
        ({"dw": "2 *"}, "line 'dw': .*invalid syntax"),
        ({"dw": "__import__('os')"}, "line 'dw': unknown function"),
        ({"δ": ("q", "1")}, "line 'δ': 'q' is not known"),
        ({}, "no line to grade"),
    ],
)
def test_mistakes_are_named(lines: dict[str, str], message: str) -> None:
    w = Value(2.0, "w")
    with pytest.raises(ValueError, match=message):
        check_derivation(w * w, lines)


def test_an_ambiguous_label_is_refused_unless_values_say_which() -> None:
    a, b = Value(2.0, "w"), Value(3.0, "w")
    with pytest.raises(ValueError, match="2 nodes are labelled 'w'"):
        check_derivation(a * b, {"dw": "3"})
    assert check_derivation(a * b, {"dw": "v"}, values={"w": a, "v": b})


def test_a_constant_has_no_gradient_to_grade() -> None:
    x = Value(2.0, "x")
    c = named(x * 3, "c").detach()
    with pytest.raises(ValueError, match="is a constant"):
        check_derivation(x * c, {"dc": "x"})


def test_a_number_is_no_output() -> None:
    with pytest.raises(TypeError, match=r"output must be a Value, got float 2\.0"):
        check_derivation(2.0, {})  # type: ignore[arg-type]
