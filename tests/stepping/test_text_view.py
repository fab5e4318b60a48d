"""The stepper's state as text: short, quiet, and coloured only where there is colour."""

import io
import re
import sys
import tracemalloc

import pytest

from autograd import Value, stepper
from autograd.stepping.text_view import state_lines
from tests.stepping.graphs import gates, gradients


def test_an_output_of_constants_alone_says_why_it_has_no_steps():
    assert "no steps, because it was not calculated" in str((Value(2.0).detach() * Value(3.0).detach()).stepper())
    assert "no steps, because it was not calculated" in str(Value(2.0, "x").stepper())


def test_printing_stays_short_on_a_large_graph():
    x = y = Value(0.5, "x")
    for _ in range(3_000):
        y = y * x + 0.25
    s = y.stepper()
    assert len(s) == 9_000
    assert len(str(s).splitlines()) < 30
    for _ in range(5):
        s.step()
    s.until(s.current.parent)
    text = str(s)
    assert len(text.splitlines()) < 30
    assert sum(line.startswith("▶") for line in text.splitlines()) == 1
    s.run()
    assert "step 9000 of 9000; every gradient is complete" in str(s)
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


def long_chain(operations):
    y = x = Value(0.5, "x")
    for _ in range(operations):
        y = y.tanh()
    return y * x


@pytest.mark.parametrize("forward", [False, True])
def test_what_printing_costs_does_not_grow_with_the_graph(forward):
    peaks = []
    for operations in (1_000, 20_000):
        s = stepper(long_chain(operations), forward=forward)
        s.step(5)
        str(s)  # the names are made once
        tracemalloc.start()
        str(s)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def columns_of_nodes(lines):
    """Where the name of each node begins in the lines of gradients."""
    found = {}
    for k, line in enumerate(lines):
        if line.startswith("data"):
            found |= {match[0]: (k, match.start()) for match in re.finditer(r"\S+", lines[k - 1])}
    return found


@pytest.mark.parametrize("forward", [False, True])
def test_nodes_keep_their_columns_from_step_to_step(forward):
    w, x, b = Value(-0.7, "w"), Value(0.3, "x"), Value(0.123456789, "b")
    s = stepper((w * x + b).tanh() * x, forward=forward)
    places = set()
    for _ in range(len(s) + 1):
        places.add(str(columns_of_nodes(state_lines(s))))
        s.step()
    assert len(places) == 1


def test_of_many_nodes_those_of_the_current_step_are_shown_in_a_fixed_order():
    s = stepper(long_chain(40))
    before = {}
    moved = 0
    for step in s:
        shown = columns_of_nodes(state_lines(s, 60, most_nodes=4))
        assert len(shown) == 4
        assert {s.names[step.node], s.names[step.parent]} <= set(shown)
        assert list(shown) == [name for name in s.names.values() if name in shown]
        moved += any(before.get(name, place) != place for name, place in shown.items())
        before = shown
    assert moved <= len(s) / 2
