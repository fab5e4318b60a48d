"""Models saved as ONNX: a runtime gives the outputs of `nn.predict`, in both types and far out."""

import os
import random

import numpy as np
import pytest

import nn
from autograd import Value
from nn.activations import ACTIVATIONS

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

REFUSED = ["arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "erf", "erfc", "gelu"]
OFFERED = sorted(set(ACTIVATIONS) - set(REFUSED))
PRECISION = {"float32": 1e-6, "float64": 1e-12}


def outputs(path, X):
    session = runtime.InferenceSession(os.fspath(path), providers=["CPUExecutionProvider"])
    taken = session.get_inputs()[0]
    X = np.asarray(X, dtype={"tensor(float)": np.float32, "tensor(double)": np.float64}[taken.type])
    return session.run(None, {taken.name: X})[0]


def rows(n, width, size=1.0):
    rng = random.Random(0)
    return np.array([[rng.gauss(0.0, size) for _ in range(width)] for _ in range(n)]).astype(np.float32).astype(float)


def moved(model):
    """The model with biases other than 0, and gains other than 1."""
    rng = random.Random(1)
    for parameter in model.parameters():
        parameter.data += rng.gauss(0.0, 0.3)
    return model


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize(
    "model",
    [
        nn.MLP(3, [4, 5, 1], seed=0),
        nn.MLP(3, [4, 2], "tanh", "sigmoid", dropout=0.5, seed=0),
        nn.MLP(3, [1], seed=0),
        nn.Layer(3, 2, "silu", seed=0),
        nn.Neuron(3, "softplus", seed=0),
        nn.LayerNorm(3),
        nn.Sequential(nn.Layer(3, 4), nn.LayerNorm(4, eps=0.1), nn.Dropout(0.5), nn.Layer(4, 1, "elu")),
        nn.Sequential(nn.Layer(3, 1), nn.Layer(1, 3), nn.LayerNorm(3)),
        nn.Sequential(nn.Layer(3, 1, "tanh"), nn.Dropout(0.5)),
        nn.Sequential(nn.LayerNorm(3), nn.Layer(3, 1), nn.LayerNorm(1)),
    ],
    ids=repr,
)
def test_a_runtime_gives_the_outputs_of_predict(model, dtype, tmp_path):
    nn.save(moved(model), tmp_path / "model.onnx", dtype=dtype)
    X = rows(9, 3)
    found, expected = outputs(tmp_path / "model.onnx", X), nn.predict(model, X)
    assert found.shape == expected.shape
    assert found.dtype == dtype
    assert np.allclose(found, expected, rtol=PRECISION[dtype], atol=PRECISION[dtype] * abs(expected).max())


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("activation", OFFERED)
def test_activations_keep_their_digits_near_0_and_far_out(activation, dtype, tmp_path):
    model = nn.Neuron(1, activation)
    model.load_state_dict({"w.0": 1.0, "b": 0.0})
    nn.save(model, tmp_path / "model.onnx", dtype=dtype)
    sizes = [1e-12, 1e-5, 0.01, 0.3, 0.99, 1.0, 1.01, 3.0, 9.5, 30.0, 80.0]
    X, expected = [], []
    for x in np.float32([*sizes, *(-x for x in sizes), 0.0]).tolist():
        try:
            expected.append(model([x]).data)
        except ValueError:  # outside of its domain
            continue
        X.append([x])
    assert len(X) > 10
    assert np.allclose(outputs(tmp_path / "model.onnx", X), expected, rtol=PRECISION[dtype], atol=1e-37)


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("activation", REFUSED)
def test_activations_that_runtimes_do_not_have_are_refused_by_name(activation, dtype, tmp_path):
    with pytest.raises(ValueError, match=f"activation '{activation}'"):
        nn.save(nn.MLP(2, [3, 1], activation), tmp_path / "model.onnx", dtype=dtype)
    assert not os.listdir(tmp_path)


def test_what_is_no_chain_of_layers_is_refused_and_the_old_file_is_kept(tmp_path):
    class Own(nn.Module):
        def __init__(self):
            self.w = Value(1.0)

    path = tmp_path / "model.ONNX"
    nn.save(nn.Layer(2, 1), path)
    before = path.read_bytes()
    mixed = nn.Layer(2, 2)
    mixed.neurons[0].activation = "tanh"
    large = nn.Layer(2, 1, init="zeros")
    large.neurons[0].w[0].data = 1e39
    for model, message in [
        (Own(), "this Own is another"),
        (nn.Sequential(), "this Sequential is another"),
        (nn.Layer(2, 1, lambda x: x * x), "without a name"),
        (mixed, "or several"),
        (large, "too large for float32"),
    ]:
        with pytest.raises(ValueError, match=message):
            nn.save(model, path)
    assert path.read_bytes() == before
    nn.save(large, path, dtype="float64")
    assert outputs(path, [[2.0, 0.0]]).tolist() == [2e39]


def test_the_type_is_one_of_two_and_for_onnx_alone(tmp_path):
    with pytest.raises(ValueError, match=r'"float32" or "float64", got .float16'):
        nn.save(nn.Layer(2, 1), tmp_path / "model.onnx", dtype="float16")
    with pytest.raises(ValueError, match="dtype is for ONNX files"):
        nn.save(nn.Layer(2, 1), tmp_path / "model.safetensors", dtype="float32")


def test_the_same_model_gives_the_same_bytes_with_its_class_names(tmp_path):
    model = nn.MLP(2, [3, 2], seed=0)
    model.class_names = ["猫", "dog"]
    nn.save(model, tmp_path / "a.onnx")
    nn.save(model, tmp_path / "b.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    props = {entry.key: entry.value for entry in onnx.load(tmp_path / "a.onnx").metadata_props}
    assert props["class_names"] == '["\\u732b", "dog"]'
