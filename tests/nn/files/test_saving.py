"""Saving and loading: what is in the files, training that continues to the last bit, and files that lie."""

import json
import os
import pickle
import random
import stat
import struct
import tracemalloc

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import nn
from autograd import Value
from tests.replaced import replaced

X = [[random.Random(k).gauss(0, 1), random.Random(-k).gauss(0, 1)] for k in range(1, 24)]
Y = [1 if a * b > 0 else -1 for a, b in X]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


class Own(nn.Module):
    """A module with parameters in every place where one may be."""

    def __init__(self, seed=None):
        self.hidden = nn.Layer(2, 3, "tanh", seed=seed)
        self.heads = [nn.Neuron(3, seed=seed), nn.Neuron(3, seed=seed)]
        self.net = nn.MLP(2, [2, 1], seed=seed)
        self.scale = Value(2.0)
        self.extra = {"a": Value(3.0), "b": [Value(4.0)]}

    def forward(self, x):
        h = self.hidden(x)
        return self.scale * (self.heads[0](h) - self.heads[1](h)) + self.extra["a"] + self.net([h[0], h[1]])


def state(model):
    return model.state_dict()


# What is in the file


@pytest.mark.parametrize(
    ("model", "shapes"),
    [
        (nn.MLP(2, [4, 3, 1]), {"0": (4, 2), "2": (3, 4), "4": (1, 3)}),
        (nn.MLP(2, [4, 1], activation="linear"), {"0": (4, 2), "1": (1, 4)}),
        (nn.MLP(2, [4, 3, 1], dropout=0.5), {"0": (4, 2), "3": (3, 4), "6": (1, 3)}),
        (nn.MLP(2, [1], output_activation="sigmoid"), {"0": (1, 2)}),
        (nn.Layer(3, 1, "tanh"), {"0": (1, 3)}),
        (nn.Neuron(3), {"0": (1, 3)}),
        (
            nn.Sequential(nn.Dropout(0.1), nn.Layer(2, 3, "relu"), nn.MLP(3, [2, 2]), nn.Layer(2, 1)),
            {"1": (3, 2), "3": (2, 3), "5": (2, 2), "6": (1, 2)},
        ),
    ],
)
def test_tensors_are_named_and_shaped_as_torch_sequential_wants_them(model, shapes, path):
    nn.save(model, path)
    tensors = load_file(path)
    expected = {f"{k}.weight": shape for k, shape in shapes.items()}
    expected |= {f"{k}.bias": shape[:1] for k, shape in shapes.items()}
    assert {name: tensor.shape for name, tensor in tensors.items()} == expected
    assert {tensor.dtype for tensor in tensors.values()} == {np.dtype("float64")}


def test_rows_of_a_weight_are_outputs(path):
    model = nn.MLP(2, [3, 1], seed=0)
    nn.save(model, path)
    tensors = load_file(path)
    assert tensors["0.weight"].tolist() == [[w.data for w in neuron.w] for neuron in model.layers[0].neurons]
    x = np.array([0.3, -0.7])
    hidden = np.maximum(tensors["0.weight"] @ x + tensors["0.bias"], 0.0)
    out = tensors["2.weight"] @ hidden + tensors["2.bias"]
    assert model(list(x)).data == pytest.approx(out[0], rel=1e-14)


def test_torch_calculates_the_same(path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file as load_torch

    model = nn.MLP(2, [5, 3, 2], "tanh", "sigmoid", dropout=0.2, seed=0).eval()
    nn.save(model, path)
    t = torch.nn
    parts = [t.Linear(2, 5), t.Tanh(), t.Dropout(0.2), t.Linear(5, 3), t.Tanh(), t.Dropout(0.2), t.Linear(3, 2)]
    twin = t.Sequential(*parts, t.Sigmoid()).double().eval()
    twin.load_state_dict(load_torch(path))
    ours = [v.data for v in model([0.3, -0.7])]
    assert ours == pytest.approx(twin(torch.tensor([0.3, -0.7], dtype=torch.float64)).tolist(), rel=1e-14)


def test_a_module_of_the_users_own_names_tensors_by_its_attributes(path):
    nn.save(Own(), path)
    assert {name: tensor.shape for name, tensor in load_file(path).items()} == {
        "hidden.weight": (3, 2),
        "hidden.bias": (3,),
        "heads.0.weight": (1, 3),
        "heads.0.bias": (1,),
        "heads.1.weight": (1, 3),
        "heads.1.bias": (1,),
        "net.0.weight": (2, 2),
        "net.0.bias": (2,),
        "net.2.weight": (1, 2),
        "net.2.bias": (1,),
        "scale": (),
        "extra.a": (),
        "extra.b.0": (),
    }


def test_the_same_model_gives_the_same_bytes(path, tmp_path):
    nn.save(nn.MLP(2, [3, 1], seed=0), path)
    nn.save(nn.MLP(2, [3, 1], seed=0), tmp_path / "again")
    assert path.read_bytes() == (tmp_path / "again").read_bytes()


# There and back


@pytest.mark.parametrize(
    "model",
    [
        nn.MLP(1, [1], seed=1),
        nn.MLP(3, [4, 1, 2], "gelu", "softplus", dropout=0.25, seed=1),
        nn.Layer(2, 2, "sigmoid", seed=1),
        nn.Neuron(2, "tanh", seed=1),
        nn.Sequential(nn.Layer(2, 3, "relu", seed=1), nn.Sequential(nn.Dropout(0.5), nn.MLP(3, [2, 2], seed=2))),
        nn.Sequential(nn.Dropout(0.5)),
    ],
)
def test_load_rebuilds_the_model(model, path):
    nn.save(model, path)
    again = nn.load(path)
    assert repr(again) == repr(model)
    assert state(again) == state(model)
    again.load_state_dict(state(model))


def test_load_fills_a_model(path):
    model, own = Own(seed=1), Own(seed=2)
    nn.save(model, path)
    assert nn.load(path, into=own) is own
    assert state(own) == state(model)
    assert own([0.5, 0.5]).data == model([0.5, 0.5]).data
    with pytest.raises(ValueError, match="into=model"):
        nn.load(path)


def test_an_activation_of_the_users_own_needs_a_model_to_fill(path):
    def square(x):
        return x * x

    model = nn.MLP(2, [3, 1], square, seed=0)
    nn.save(model, path)
    assert set(load_file(path)) == {"0.weight", "0.bias", "2.weight", "2.bias"}
    with pytest.raises(ValueError, match="into=model"):
        nn.load(path)
    assert state(nn.load(path, into=nn.MLP(2, [3, 1], square))) == state(model)


def test_a_subclass_is_a_module_of_the_users_own(path):
    class Double(nn.MLP):
        def forward(self, inputs):
            return [2.0 * v for v in super().forward(inputs)]

    nn.save(Double(2, [1]), path)
    with pytest.raises(ValueError, match="into=model"):
        nn.load(path)


def test_a_layer_used_twice_stays_one(path):
    layer = nn.Layer(2, 2, "tanh", seed=0)
    model = nn.Sequential(layer, layer)
    nn.save(model, path)
    assert set(load_file(path)) == {"0.weight", "0.bias", "2.weight", "2.bias"}  # as torch has them
    with pytest.raises(ValueError, match="into=model"):
        nn.load(path)
    other = nn.Layer(2, 2, "tanh", seed=1)
    nn.load(path, into=nn.Sequential(other, other))
    assert state(other) == state(layer)


def test_labels_and_class_names_go_along(path):
    model = nn.MLP(2, [2], seed=0)
    model.layers[0].neurons[1].b.label = "grün <b>"
    model.class_names = ["月", "moon"]
    nn.save(model, path)
    again = nn.load(path)
    assert again.layers[0].neurons[1].b.label == "grün <b>"
    assert again.layers[0].neurons[0].b.label == "layers.0.neurons.0.b"
    assert again.class_names == ["月", "moon"]


def test_a_file_from_elsewhere_fills_a_model_whose_names_and_shapes_it_has(path):
    save_file({"0.weight": np.array([[1.0, 2.0]]), "0.bias": np.array([3.0])}, path, metadata={"format": "pt"})
    model = nn.load(path, into=nn.MLP(2, [1]))
    assert list(state(model).values()) == [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="architecture"):
        nn.load(path)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (nn.MLP(2, [4, 1]), r"'0\.bias' has the shape \(3,\) there and \(4,\)|'0\.weight' has the shape"),
        (nn.MLP(3, [3, 1]), r"'0\.weight' has the shape \(3, 2\) there and \(3, 3\)"),
        (nn.MLP(2, [3, 3, 1]), r"the file has no '4\.bias', '4\.weight'"),
        (nn.MLP(2, [3]), r"the model has no '2\.bias', '2\.weight'"),
        (nn.MLP(2, [3, 1], "tanh"), "activation.*'relu'.*'tanh'"),
        (nn.MLP(2, [3, 1], dropout=0.5), "the file has no '3"),
        (Own(), "the file has no"),
    ],
)
def test_a_file_of_another_model_leaves_the_model_as_it_was(other, said, path):
    nn.save(nn.MLP(2, [3, 1]), path)
    before = state(other)
    with pytest.raises(ValueError, match=said) as caught:
        nn.load(path, into=other)
    assert str(path) in str(caught.value)
    assert state(other) == before


# Training goes on


def made(kind=nn.Adam):
    model = nn.MLP(2, [4, 1], "tanh", dropout=0.3, seed=1)
    optimizer = kind(model.parameters(), lr=0.05)
    return model, optimizer


def trained(model, optimizer, epochs, **options):
    options = {"optimizer": optimizer, "batch_size": 5, "l2": 1e-3, "validation": 0.2} | options
    return nn.fit(model, X, Y, nn.hinge_loss, epochs=epochs, **options)


def momentum(parameters, lr):
    return nn.SGD(parameters, lr, momentum=0.9, nesterov=True)


@pytest.mark.parametrize("kind", [nn.SGD, momentum, nn.Adam, nn.AdamW])
@pytest.mark.parametrize("seed", [None, 5])
def test_ten_epochs_are_five_save_load_five(kind, seed, path):
    whole = made(kind)
    history = trained(*whole, 10, seed=5)
    first, second = made(kind), made(kind)
    before = trained(*first, 5, seed=5)
    nn.save_checkpoint(path, *first)
    trained(*second, 2, seed=99)  # whatever it did before
    nn.load_checkpoint(path, *second)
    after = trained(*second, 5, seed=seed)
    assert state(second[0]) == state(whole[0])
    assert second[1].state_dict() == whole[1].state_dict()
    assert before.train_loss + after.train_loss == history.train_loss
    assert before.validation_loss + after.validation_loss == history.validation_loss


def test_a_checkpoint_within_training_with_a_schedule(path):
    def parts():
        model, optimizer = made()
        return model, optimizer, nn.StepLR(optimizer, step_size=3, gamma=0.5)

    def run(model, optimizer, schedule, epochs, *callbacks):
        trained(model, optimizer, epochs, callbacks=[lambda history: schedule.step(), *callbacks], seed=0)

    whole, resumed = parts(), parts()

    def checkpoint(history):
        if history.epochs == 4:
            nn.save_checkpoint(path, *whole)

    run(*whole, 10, checkpoint)
    nn.load_checkpoint(path, *resumed)
    run(*resumed, 6)
    assert state(resumed[0]) == state(whole[0])
    assert resumed[2].state_dict() == whole[2].state_dict()
    assert resumed[1].lr == whole[1].lr


def test_the_model_of_a_checkpoint_loads_by_itself(path):
    model, optimizer = made()
    trained(model, optimizer, 1)
    nn.save_checkpoint(path, model, optimizer)
    assert state(nn.load(path)) == state(model)
    assert state(nn.load(path, into=made()[0])) == state(model)


def test_random_numbers_of_own_modules_go_along(path):
    class Noisy(nn.Module):
        def __init__(self):
            self.w, self.noise = Value(1.0), random.Random(3)

    one, two = Noisy(), Noisy()
    one.noise.gauss(0, 1)
    optimizers = [nn.SGD(m.parameters(), lr=0.1) for m in (one, two)]
    nn.save_checkpoint(path, one, optimizers[0])
    nn.load_checkpoint(path, two, optimizers[1])
    assert [one.noise.gauss(0, 1) for _ in range(3)] == [two.noise.gauss(0, 1) for _ in range(3)]


@pytest.mark.parametrize(
    "case", ["another optimiser", "another model", "fewer parameters", "no checkpoint", "schedule"]
)
def test_a_checkpoint_that_does_not_fit_changes_nothing(case, path):
    model, optimizer = made()
    trained(model, optimizer, 2, seed=0)
    nn.save_checkpoint(path, model, optimizer)
    other, moved, schedule = *made(), None
    if case == "another optimiser":
        moved = nn.SGD(other.parameters(), lr=0.1)
    elif case == "another model":
        other = nn.MLP(2, [4, 2], "tanh", dropout=0.3)
        moved = nn.Adam(other.parameters())
    elif case == "fewer parameters":
        moved = nn.Adam(other.parameters()[:3])
    elif case == "schedule":
        schedule = nn.StepLR(moved, 3)
    else:
        nn.save(model, path)
    before = state(other), moved.state_dict(), other.dropout.rng.getstate()
    with pytest.raises(ValueError, match=path.name):
        nn.load_checkpoint(path, other, moved, schedule)
    assert (state(other), moved.state_dict(), other.dropout.rng.getstate()) == before
    assert moved.shuffled is None


# Writing


def test_a_crash_while_writing_leaves_the_old_file(path, monkeypatch):
    nn.save(nn.MLP(1, [1], seed=0), path)
    before = path.read_bytes()

    def crash(*arguments):
        raise KeyboardInterrupt

    for step in ("replace", "fsync"):
        with monkeypatch.context() as patch:
            patch.setattr("autograd.files.os", replaced(os, **{step: crash}))
            with pytest.raises(KeyboardInterrupt):
                nn.save(nn.MLP(1, [1], seed=1), path)
        assert path.read_bytes() == before
        assert os.listdir(path.parent) == [path.name]


def test_a_symbolic_link_stays_one_and_permissions_stay(path, tmp_path):
    nn.save(nn.MLP(1, [1], seed=0), path)
    path.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(path.name)
    nn.save(nn.MLP(1, [1], seed=1), link)
    assert link.is_symlink()
    assert state(nn.load(path)) == state(nn.MLP(1, [1], seed=1))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_has_the_permissions_of_any_new_file(path, tmp_path):
    (tmp_path / "any").write_bytes(b"")
    nn.save(nn.MLP(1, [1]), path)
    assert path.stat().st_mode == (tmp_path / "any").stat().st_mode


def test_where_nothing_can_be_written(tmp_path, monkeypatch):
    model = nn.MLP(1, [1])
    missing = tmp_path / "missing" / "model"
    with pytest.raises(FileNotFoundError, match=r"cannot be written.*missing/model"):
        nn.save(model, missing)
    with pytest.raises(IsADirectoryError):
        nn.save(model, tmp_path)
    protected = tmp_path / "protected"
    protected.write_bytes(b"old")
    monkeypatch.setattr("autograd.files.os", replaced(os, access=lambda path, mode: False))
    with pytest.raises(PermissionError):
        nn.save(model, protected)
    assert protected.read_bytes() == b"old"


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root may write anywhere")
def test_a_folder_that_is_read_only(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError, match="model"):
            nn.save(nn.MLP(1, [1]), tmp_path / "model")
    finally:
        tmp_path.chmod(0o700)


def test_a_model_that_is_not_finite_does_not_replace_one_that_is(path):
    model = nn.MLP(1, [1])
    nn.save(model, path)
    before = path.read_bytes()
    model.layers[0].neurons[0].b.data = float("nan")
    with pytest.raises(ValueError, match=r"0\.bias"):
        nn.save(model, path)
    assert path.read_bytes() == before


# Files that lie


def file(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(shape, start, end, dtype="F64"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def claiming(architecture, **tensors):
    metadata = json.dumps({"architecture": architecture, "labels": {}})
    return file({"__metadata__": {"chainrule": metadata}, **tensors}, b"\0" * 64)


MLP = {"kind": "MLP", "n_inputs": 2, "sizes": [1], "activation": "relu", "output_activation": "linear", "dropout": 0.0}
GOOD = {"0.weight": tensor([1, 2], 0, 16), "0.bias": tensor([1], 16, 24)}
ZEROS = b"\0" * 24


class Bomb:
    def __reduce__(self):
        return (os.mkdir, (Bomb.folder,))


LIES = {
    "empty": b"",
    "short": b"\x01\x02",
    "text": b"I am no model, whatever my name says",
    "png": b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
    "zeros": b"\0" * 1000,
    "header longer than the file": struct.pack("<Q", 10**7) + b"{}",
    "header of 2^63 bytes": struct.pack("<Q", 2**63) + b"{}",
    "header no JSON": file(b"{]"),
    "header no UTF-8": file(b"\xff\xfe"),
    "header a list": file([]),
    "nested deep": file(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "a name twice": file(b'{"a":%b,"a":%b}' % ((json.dumps(tensor([1], 0, 8)).encode(),) * 2), b"\0" * 8),
    "overlapping": file({"a": tensor([1], 0, 8), "b": tensor([1], 0, 8)}, b"\0" * 8),
    "more data than tensors": file(GOOD, ZEROS + b"\0"),
    "fewer data than tensors": file(GOOD, ZEROS[:-1]),
    "shape beyond the data": file({"a": tensor([2**40], 0, 8)}, b"\0" * 8),
    "shape that overflows": file({"a": tensor([2**62, 2**62], 0, 0)}),
    "huge shape of nothing": file({"a": tensor([2**62, 0], 0, 0)}),
    "negative shape": file({"a": tensor([-1], 0, 8)}, b"\0" * 8),
    "float32": file({"0.weight": tensor([1, 2], 0, 8, "F32"), "0.bias": tensor([1], 8, 12, "F32")}, b"\0" * 12),
    "int64": file({k: v | {"dtype": "I64"} for k, v in GOOD.items()}, ZEROS),
    "bfloat16": file({"a": tensor([4], 0, 8, "BF16")}, b"\0" * 8),
    "unknown type": file({"a": tensor([1], 0, 8, "Q99")}, b"\0" * 8),
    "nan": file(GOOD, struct.pack("<3d", 0.0, float("nan"), 0.0)),
    "infinity": file(GOOD, struct.pack("<3d", 0.0, 0.0, float("-inf"))),
    "metadata no JSON": file({"__metadata__": {"chainrule": "{"}, **GOOD}, ZEROS),
    "metadata nested deep": file({"__metadata__": {"chainrule": "[" * 100_000 + "]" * 100_000}, **GOOD}, ZEROS),
    "metadata with NaN": file({"__metadata__": {"chainrule": '{"architecture": NaN}'}, **GOOD}, ZEROS),
    "metadata a number": file({"__metadata__": {"chainrule": "1" * 10_000}, **GOOD}, ZEROS),
    "metadata a list": file({"__metadata__": {"chainrule": "[]"}, **GOOD}, ZEROS),
    "architecture too large": claiming(MLP | {"sizes": [10**9, 10**9]}, a=tensor([8], 0, 64)),
    "architecture endless": claiming(MLP | {"sizes": [1] * 10**5}, a=tensor([8], 0, 64)),
    "architecture of text": claiming("os.system('touch /tmp/x')", a=tensor([8], 0, 64)),
    "architecture of a list": claiming([MLP], a=tensor([8], 0, 64)),
    "kind unknown": claiming({"kind": "Popen", "args": "ls"}, a=tensor([8], 0, 64)),
    "kind a list": claiming({"kind": ["MLP"]}, a=tensor([8], 0, 64)),
    "arguments besides": claiming(MLP | {"seed": 1}, a=tensor([3], 0, 24), b=tensor([5], 24, 64)),
    "width a text": claiming(MLP | {"n_inputs": "2"}, a=tensor([8], 0, 64)),
    "width true": claiming(MLP | {"n_inputs": True}, a=tensor([8], 0, 64)),
    "width negative": claiming(MLP | {"n_inputs": -5}, a=tensor([8], 0, 64)),
    "sizes a number": claiming(MLP | {"sizes": 3}, a=tensor([8], 0, 64)),
    "activation unknown": claiming(MLP | {"n_inputs": 7, "activation": "__import__"}, a=tensor([8], 0, 64)),
    "activation a list": claiming(MLP | {"n_inputs": 7, "output_activation": ["relu"]}, a=tensor([8], 0, 64)),
    "dropout of 2": claiming(MLP | {"n_inputs": 7, "dropout": 2.0}, a=tensor([8], 0, 64)),
    "dropout a text": claiming(MLP | {"n_inputs": 7, "dropout": "x"}, a=tensor([8], 0, 64)),
    "right size, other tensors": claiming(MLP | {"n_inputs": 7}, a=tensor([8], 0, 64)),
    "too many modules": claiming(
        {"kind": "Sequential", "layers": [{"kind": "Dropout", "p": 0.5}] * 20_000}, a=tensor([8], 0, 64)
    ),
    "a loop of sequences": claiming(
        json.loads('{"kind": "Sequential", "layers": [' * 400 + "]}" * 400), a=tensor([8], 0, 64)
    ),
}


@pytest.mark.parametrize("content", LIES.values(), ids=LIES.keys())
def test_a_file_that_lies_is_a_clear_error_and_changes_nothing(content, path):
    path.write_bytes(content)
    model = nn.MLP(2, [1], seed=0)
    optimizer = nn.Adam(model.parameters())
    before = state(model)
    tracemalloc.start()
    for load in (
        lambda: nn.load(path),
        lambda: nn.load(path, into=model),
        lambda: nn.load_checkpoint(path, model, optimizer),
    ):
        with pytest.raises(ValueError, match=path.name):
            load()
    assert tracemalloc.get_traced_memory()[1] < 20 * len(content) + 2_000_000
    tracemalloc.stop()
    assert state(model) == before


def test_a_pickle_is_not_opened(path, tmp_path):
    Bomb.folder = str(tmp_path / "executed")
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match="not a safetensors file"):
        nn.load(path)
    assert not os.path.exists(Bomb.folder)


def test_what_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        nn.load(tmp_path / "missing")
    with pytest.raises(ValueError, match="not a file"):
        nn.load(tmp_path)
    os.mkfifo(tmp_path / "pipe")  # opening it would wait for ever
    with pytest.raises(ValueError, match="not a file"):
        nn.load(tmp_path / "pipe")


def test_a_file_larger_than_any_model_is_not_read(path):
    with open(path, "wb") as huge:
        huge.truncate(2**40)  # takes no room on the disk
    tracemalloc.start()
    with pytest.raises(ValueError, match="larger than"):
        nn.load(path)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_every_beginning_of_a_file_is_refused(path):
    model, _ = made()
    nn.save(model, path)
    whole = path.read_bytes()
    before = state(model)
    for length in range(0, len(whole), 3):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=path.name):
            nn.load(path, into=model)
    assert state(model) == before


def test_a_damaged_bit_is_refused_or_harmless(path):
    nn.save_checkpoint(path, *made())
    whole = path.read_bytes()
    rng = random.Random(0)
    outcomes = []
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        model, optimizer = made()
        before = state(model), optimizer.state_dict(), model.dropout.rng.getstate()
        try:
            nn.load_checkpoint(path, model, optimizer)
            message = ""
        except ValueError as error:
            message = str(error)
            assert (state(model), optimizer.state_dict(), model.dropout.rng.getstate()) == before
        outcomes.append(not message or path.name in message)
        assert all(map(np.isfinite, state(model).values()))
    assert all(outcomes)


@pytest.mark.parametrize(
    "change",
    [
        {"random": {}},
        {"random": {"dropout.rng": [3, [1] * 625, "x"]}},
        {"random": {"dropout.rng": [3, [10**30] * 625, None]}},
        {"random": {"dropout.rng": [3, [1] * 10, None]}},
        {"random": 5},
        {"shuffled": [1]},
        {"shuffled": ["a", 0]},
        {"shuffled": [-1, 0]},
        {"settings": {"lr": "0.1", "betas": [0.9, 0.999], "eps": 1e-8}},
        {"settings": {"lr": 0.1, "betas": [0.9, 9.0], "eps": 1e-8}},
        {"settings": {"lr": 0.1}},
        {"settings": []},
        {"optimizer": "SGD"},
    ],
)
def test_a_checkpoint_whose_training_state_makes_no_sense(change, path):
    model, optimizer = made()
    trained(model, optimizer, 1, seed=0)
    nn.save_checkpoint(path, model, optimizer)
    with safe_open(path, framework="np") as opened:
        metadata = json.loads(opened.metadata()["chainrule"])
    metadata["training"] |= change
    save_file(load_file(path), path, metadata={"chainrule": json.dumps(metadata)})
    other, moved = made()
    before = state(other), moved.state_dict(), other.dropout.rng.getstate(), moved.shuffled
    with pytest.raises(ValueError, match=path.name):
        nn.load_checkpoint(path, other, moved)
    assert (state(other), moved.state_dict(), other.dropout.rng.getstate(), moved.shuffled) == before


# Files and models that used to be taken, or to fail without a message


@pytest.mark.parametrize("load", ["load", "into", "checkpoint"])
def test_metadata_that_is_null(load, path):
    header = {"__metadata__": None, "0.weight": {"dtype": "F64", "shape": [1, 2], "data_offsets": [0, 16]}}
    header["0.bias"] = {"dtype": "F64", "shape": [1], "data_offsets": [16, 24]}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(24))
    model = nn.Layer(2, 1, init=1.0, seed=0)
    if load == "into":
        assert nn.load(path, into=model) is model
        assert not any(model.state_dict().values())
    elif load == "load":
        with pytest.raises(ValueError, match=r"model\.safetensors"):
            nn.load(path)
    else:
        with pytest.raises(ValueError, match=r"model\.safetensors"):
            nn.load_checkpoint(path, model, nn.SGD(model.parameters(), lr=0.1))


@pytest.mark.parametrize(
    "header",
    [
        "{" + ",".join(f'"{k:x}":{{"dtype":"F64","shape":[0],"data_offsets":[0,0]}}' for k in range(250_000)) + "}",
        json.dumps({"__metadata__": {"chainrule": "[" + "[]," * 3_000_000 + "[]]"}}),
        json.dumps({"__metadata__": {"chainrule": "[" + "1.5," * 3_000_000 + "1]"}}),
    ],
    ids=["tensors", "lists", "numbers"],
)
def test_a_header_of_many_entries_is_refused_before_it_is_parsed(header, path):
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode())
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"model\.safetensors.*more than \d+ entries"):
            nn.load(path)
        assert tracemalloc.get_traced_memory()[1] < 5 * len(header)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["\ud800", "a\udfff b", "权重"])
def test_text_that_is_not_utf_8_is_saved(name, path):
    model = nn.MLP(2, [1], seed=0)
    model.parameters()[0].label = name
    model.class_names = [name, "other"]
    nn.save(model, path)
    copy = nn.load(path)
    assert copy.parameters()[0].label == name
    assert copy.class_names == [name, "other"]

    class Named(nn.Module):
        def __init__(self, number):
            self.parts = {name: Value(number)}

    nn.save(Named(7.0), path)
    assert nn.load(path, into=Named(0.0)).parts[name].data == 7.0


@pytest.mark.parametrize(("tensor", "number"), [("1", -1.5), ("1", -1e-300), ("2", -1.0), ("2", 1.5), ("2", 1e300)])
def test_a_state_that_adam_cannot_have_come_to_is_refused(tensor, number, path):
    from safetensors import safe_open
    from safetensors.numpy import save_file

    model = nn.MLP(2, [1], seed=0)
    adam = nn.Adam(model.parameters(), lr=0.01)
    nn.save_checkpoint(path, model, adam)
    with safe_open(path, "numpy") as file:
        tensors, metadata = {name: file.get_tensor(name).copy() for name in file.keys()}, file.metadata()  # noqa: SIM118
    tensors[f"optimizer/{tensor}"][1] = number
    save_file(tensors, path, metadata)
    before = adam.state_dict()
    with pytest.raises(ValueError, match=r"model\.safetensors"):
        nn.load_checkpoint(path, model, adam)
    assert adam.state_dict() == before


def test_errors_quote_little_of_a_file(path):
    text = json.dumps({"x" * 100_000: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(4))
    with pytest.raises(ValueError, match=r"model\.safetensors") as error:
        nn.load(path)
    assert len(str(error.value)) < 500


def test_layer_norm_is_saved_as_torch_names_it(path):
    from safetensors.numpy import load_file

    model = nn.Sequential(nn.Layer(2, 3, "relu"), nn.LayerNorm(3, eps=1e-3), nn.Layer(3, 1))
    model.layers[1].gain[2].data = 2.5
    nn.save(model, path)
    assert {name: array.shape for name, array in load_file(path).items()} == {
        "0.weight": (3, 2), "0.bias": (3,), "2.weight": (3,), "2.bias": (3,), "3.weight": (1, 3), "3.bias": (1,),
    }  # fmt: skip
    copy = nn.load(path)
    assert repr(copy) == repr(model)
    assert copy.state_dict() == model.state_dict()
    with pytest.raises(ValueError, match="layer 1"):
        nn.load(path, into=nn.Sequential(nn.Layer(2, 3, "relu"), nn.LayerNorm(3), nn.Layer(3, 1)))
    assert "layer norm" in nn.draw(model).svg


def test_plateaus_go_along_with_a_checkpoint(path):
    model = nn.MLP(2, [1], seed=0)
    sgd = nn.SGD(model.parameters(), lr=0.1)
    schedule = nn.ReduceLROnPlateau(sgd, patience=2)
    for loss in (1.0, 0.5, 0.6):
        schedule.step(loss)
    nn.save_checkpoint(path, model, sgd, schedule)
    other = nn.ReduceLROnPlateau(sgd)
    nn.load_checkpoint(path, model, sgd, other)
    assert other.state_dict() == schedule.state_dict()
