"""Stepping in a terminal: what each key does, and that everything fits."""

import os
import shutil

import pytest

from autograd import Value, sigmoid
from autograd.notation.text_layout import columns
from autograd.stepping import interactive
from tests.replaced import replaced
from tests.stepping.graphs import gates


def neuron():
    w0, x0, w1, x1, w2 = (Value(v, n) for v, n in [(2, "w0"), (-1, "x0"), (-3, "w1"), (-2, "x1"), (-3, "w2")])
    return sigmoid(w0 * x0 + w1 * x1 + w2)


@pytest.mark.parametrize("make", [lambda: gates()[0], neuron])
@pytest.mark.parametrize("forward", [False, True])
@pytest.mark.parametrize("size", [(60, 18), (80, 24), (40, 24), (120, 50)])
def test_sentence_and_keys_are_always_in_view(make, forward, size, monkeypatch):
    monkeypatch.setattr(interactive, "shutil", replaced(shutil, get_terminal_size=lambda: os.terminal_size(size)))
    output = make()
    s = output.stepper() if not forward else type(output.stepper())(output, forward=True)
    for _ in range(len(s) + 1):
        lines = interactive._screen(s, colour=False)
        assert len(lines) < size[1]
        assert max(map(columns, lines)) <= size[0]
        text = " ".join(lines)
        assert lines[-1].startswith("→ Enter n next")
        assert "q quit" in lines[-1] or size[0] < 60
        assert (s.current.explain() if s.current else "Each step is one application") in text
        assert any(line.startswith("grad") for line in lines)
        assert sum(line.startswith("▶") for line in lines) == (s.position > 0)
        s.step()


class Keyboard:
    """Gives one key after another, and notes the position of the stepper at each."""

    def __init__(self, stepper, keys):
        self.stepper, self.keys, self.positions = stepper, keys, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def read(self):
        self.positions.append(self.stepper.position)
        return self.keys[len(self.positions) - 1]


def test_every_key_moves_as_its_name_says(monkeypatch, capsys):
    s = gates()[0].stepper()
    keys = ["right", "enter", "n", "left", "b", " ", "x", "", "end", "home", "left", "r", "N", "backspace", "home", "q"]
    keyboard = Keyboard(s, keys)
    monkeypatch.setattr(interactive, "Keys", lambda: keyboard)
    interactive.explore(s)
    assert keyboard.positions == [0, 1, 2, 3, 2, 1, 2, 2, 2, 4, 0, 0, 4, 4, 3, 0]
    assert capsys.readouterr().out.count("q quit") == 14  # nothing is printed again for a key that means nothing


def test_the_end_of_the_input_quits(monkeypatch):
    s = gates()[0].stepper()
    monkeypatch.setattr(interactive, "Keys", lambda: Keyboard(s, ["n", "end of input"]))
    interactive.explore(s)
    assert s.position == 1
