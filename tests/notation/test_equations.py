"""The formulas of a graph: evaluated once for each width."""

import autograd
from autograd import Value
from autograd.notation import equations
from autograd.rules.as_formulas import partial_formulas_at


def test_the_rule_of_many_operands_is_read_once_for_each_width_of_a_line(monkeypatch):
    readings = []

    def counted(*arguments):
        readings.append(arguments)
        return partial_formulas_at(*arguments)

    monkeypatch.setattr(equations, "partial_formulas_at", counted)
    s = autograd.logsumexp([Value(0.1, f"a long name {k}") for k in range(150)]).stepper()
    assert len([str(step) for step in s]) == 150
    assert len(readings) <= len(equations.BUDGETS)
