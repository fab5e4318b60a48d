"""Models saved as JavaScript: `predict` gives in Node what the model gives."""

import json
import random
import shutil
import subprocess

import numpy as np
import pytest

import nn
from autograd import Value, exp

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="needs Node")
X = [[random.Random(k).gauss(0.0, 1.0 + k) for _ in range(3)] for k in range(6)]


def run(path, expression):
    """The value of an expression in which `m` is the module, from Node."""
    code = f"import(process.argv[1]).then((m) => console.log(JSON.stringify({expression})))"
    done = subprocess.run([NODE, "-e", code, path.as_uri()], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


class Own(nn.Module):
    """A module without layers."""

    def __init__(self):
        self.n_inputs = 3
        self.w = Value(0.7)

    def forward(self, x):
        return [exp(-self.w * x[0]), x[1] * x[2], self.w]


@needs_node
@pytest.mark.parametrize(
    "model",
    [
        nn.MLP(3, [4, 5, 1], seed=0),
        nn.MLP(3, [4, 2], "gelu", "softplus", dropout=0.5, seed=0),
        nn.Layer(3, 2, "silu", seed=0),
        nn.Neuron(3, "tanh", seed=0),
        nn.Sequential(nn.LayerNorm(3), nn.Layer(3, 4, "elu", seed=0), nn.Dropout(0.5), nn.Layer(4, 1, seed=1)),
        nn.MLP(3, [2], output_activation=lambda x: x * x * x, seed=0),
        Own(),
    ],
    ids=lambda model: type(model).__name__,
)
def test_node_gives_the_outputs_of_the_model(model, tmp_path):
    path = tmp_path / "model.mjs"
    nn.save(model, path)
    expected = nn.predict(model, X)
    assert np.allclose(run(path, f"m.predict({X})"), expected, rtol=1e-12, atol=1e-12 * abs(expected).max())
    one = run(path, f"m.predict({X[0]})")
    assert isinstance(one, list) == (expected.ndim == 2)
    assert np.allclose(one, expected[0], rtol=1e-12, atol=1e-12 * abs(expected).max())


@needs_node
def test_another_number_of_inputs_and_the_names_of_classes(tmp_path):
    model = nn.MLP(3, [2], seed=0)
    model.class_names = ["猫", "</script>"]
    path = tmp_path / "model.mjs"
    nn.save(model, path)
    assert run(path, "m.classNames") == model.class_names
    message = run(path, "(() => { try { return m.predict([1, 2]) } catch (e) { return e.message } })()")
    assert message == "the model takes 3 inputs, got 2"


def test_what_cannot_be_written_is_refused_and_nothing_is_left(tmp_path):
    class Branch(Own):
        def forward(self, x):
            return x[0] if x[0] > 0.0 else self.w * x[0]

    class Unknown(Own):
        def __init__(self):
            self.w = Value(0.7)

    infinite = nn.Neuron(3)
    infinite.b.data = float("inf")
    for model, message in [
        (Branch(), "Branch cannot be saved as JavaScript"),
        (Unknown(), "set its attribute n_inputs"),
        (infinite, "not finite"),
    ]:
        with pytest.raises(ValueError, match=message):
            nn.save(model, tmp_path / "model.js")
    assert not list(tmp_path.iterdir())
