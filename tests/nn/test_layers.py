"""Modules: names, parameters, states, shapes, activations, first weights, dropout, scopes."""

import copy
import math
import pickle
import random
import statistics

import numpy as np
import pytest

import autograd
import nn
from autograd import Value, check_gradients, no_grad
from autograd.rules.table import TABLE
from nn import MLP, Dropout, Layer, Module, Neuron, Sequential
from nn.activations import ACTIVATIONS


def graph(*outputs):
    """Every node behind `outputs`."""
    seen, stack = set(), list(outputs)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack += node.parents
    return seen


class TestNames:
    def test_stable_names_are_labels(self):
        model = MLP(2, [4, 1], seed=0)
        names = [name for name, _ in model.named_parameters()]
        neurons = [f"layers.0.neurons.{k}" for k in range(4)]
        assert names[:12] == [f"{n}.{p}" for n in neurons for p in ("w.0", "w.1", "b")]
        assert names[12:] == [f"layers.1.neurons.0.{p}" for p in ("w.0", "w.1", "w.2", "w.3", "b")]
        neuron = model.layers[0].neurons[3]
        assert (neuron.w[1].label, neuron.b.label) == ("layers.0.neurons.3.w.1", "layers.0.neurons.3.b")
        assert model.parameters() == [p for _, p in model.named_parameters()]

    def test_errors_name_the_parameter(self):
        neuron = Neuron(1, seed=0)
        neuron.w[0].data = -2.0
        with pytest.raises(ValueError, match=r"log\(x\) needs x > 0, got -2.0 \(node 'w.0'\)"):
            autograd.log(neuron.w[0])

    def test_own_labels_stay(self):
        class Line(Module):
            def __init__(self):
                self.a, self.b = Value(1.0, "slope"), Value(0.0)

        line = Line()
        assert [name for name, _ in line.named_parameters()] == ["a", "b"]
        assert (line.a.label, line.b.label) == ("slope", "b")

    def test_asking_a_part_leaves_the_whole_paths_as_labels(self):
        model = MLP(1, [2, 1])
        assert model.layers[1].named_parameters()[0][0] == "neurons.0.w.0"
        assert model.layers[1].neurons[0].w[0].label == "layers.1.neurons.0.w.0"

    def test_two_parameters_of_one_name(self):
        class Clash(Module):
            def __init__(self):
                self.table = {1: Value(0.0), "1": Value(1.0)}

        with pytest.raises(ValueError, match="same name"):
            Clash().parameters()


class Anything(Module):
    """Attributes of all kinds; no call of super().__init__."""

    def __init__(self):
        self.encoder = Layer(2, 2, "tanh", seed=1)
        self.heads = {"left": [Neuron(2, seed=2)], "right": (Neuron(2, seed=3), Dropout(0.5, seed=4))}
        self.gain = Value(1.5)
        self.constant = Value(7.0).detach()
        self.result = self.gain * 2
        self.note, self.sizes, self.nothing, self.array = "text", [1, 2, 3], None, np.zeros(3)

    def forward(self, x):
        hidden = self.encoder(x)
        return self.gain * self.heads["left"][0](hidden) + self.heads["right"][0](hidden)


class TestModule:
    def test_finds_parameters_in_any_attribute(self):
        names = [name for name, _ in Anything().named_parameters()]
        assert names == [
            *(f"encoder.neurons.{k}.{p}" for k in range(2) for p in ("w.0", "w.1", "b")),
            *(f"heads.left.0.{p}" for p in ("w.0", "w.1", "b")),
            *(f"heads.right.0.{p}" for p in ("w.0", "w.1", "b")),
            "gain",
        ]

    def test_forward_trains(self):
        model = Anything()
        model([1.0, -2.0]).backward()
        assert all(p.grad is not None for p in model.parameters())
        model.zero_grad()
        assert all(p.grad is None for p in model.parameters())

    def test_own_call(self):
        class Twice(Module):
            def __init__(self):
                self.inner = Neuron(1, init="zeros")

            def __call__(self, x):
                return self.inner(self.inner(x))

        assert Twice()([3.0]).data == 0.0

    def test_without_forward(self):
        with pytest.raises(NotImplementedError, match="Module needs a method forward"):
            Module()(1.0)

    def test_shared_parameters_are_listed_once(self):
        class Tied(Module):
            def __init__(self):
                self.one = Layer(2, 2, seed=0)
                self.two = Layer(2, 2, seed=0)
                self.two.neurons[0].w = self.one.neurons[0].w
                self.again = self.one

        assert len(Tied().parameters()) == 10
        assert len(set(Tied().parameters())) == 10

    def test_circles_end(self):
        class Node(Module):
            def __init__(self):
                self.me, self.list, self.b = self, [], Value(1.0)
                self.list.append(self.list)

        node = Node()
        assert [name for name, _ in node.named_parameters()] == ["b"]
        assert node.train() is node
        assert repr(node) == "Node()"

    def test_deep_nesting_needs_no_recursion(self):
        class Link(Module):
            def __init__(self, next_link):
                self.b, self.next = Value(0.0), next_link

        link = None
        for _ in range(3000):
            link = Link(link)
        assert len(link.parameters()) == 3000

    def test_train_and_eval_reach_everything(self):
        model = Anything()
        assert model.training
        assert model.eval() is model
        assert not any(m.training for _, m in model.named_modules())
        assert model.train() is model
        assert all(m.training for _, m in model.named_modules())
        assert model.train(False).heads["right"][1].training is False

    def test_named_modules(self):
        names = [name for name, _ in Anything().named_modules()]
        assert names == ["", "encoder", "encoder.neurons.0", "encoder.neurons.1", "heads.left.0", "heads.right.0",
                         "heads.right.1"]  # fmt: skip

    def test_copies_are_independent(self):
        model = MLP(2, [3, 1], activation="tanh", dropout=0.5, seed=0)
        for duplicate in (copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))):
            twin = duplicate(model)
            assert twin([1.0, 2.0]).data == model([1.0, 2.0]).data  # the same mask, too
            twin.parameters()[0].data = 100.0
            assert model.parameters()[0].data != 100.0


class TestState:
    def test_round_trip_is_exact(self):
        one, two = MLP(3, [4, 2], seed=1), MLP(3, [4, 2], seed=2)
        assert one.state_dict() != two.state_dict()
        two.load_state_dict(one.state_dict())
        assert one.state_dict() == two.state_dict()
        assert all(type(x) is float for x in one.state_dict().values())
        assert [y.data for y in one([1, 2, 3])] == [y.data for y in two([1, 2, 3])]

    @pytest.mark.parametrize(
        ("change", "error", "message"),
        [
            (lambda s: s.pop("b"), KeyError, "1 missing .*'b'.*, 0 not in this model"),
            (lambda s: s.update(c=1.0), KeyError, "0 missing, 1 not in this model .*'c'"),
            (lambda s: s.update(b=math.nan), ValueError, "parameter 'b' is a finite number, got nan"),
            (lambda s: s.update(b=math.inf), ValueError, "got inf"),
            (lambda s: s.update(b="1.0"), ValueError, "got '1.0'"),
            (lambda s: s.update(b=None), ValueError, "got None"),
            (lambda s: s.update(b=[1.0]), ValueError, "got"),
        ],
    )
    def test_bad_states_leave_the_model_as_it_was(self, change, error, message):
        neuron = Neuron(2, seed=0)
        before = neuron.state_dict()
        state = {name: x + 1.0 for name, x in before.items()}
        change(state)
        with pytest.raises(error, match=message):
            neuron.load_state_dict(state)
        assert neuron.state_dict() == before

    def test_numpy_numbers_are_numbers(self):
        neuron = Neuron(1)
        neuron.load_state_dict({"w.0": np.float32(0.5), "b": np.int64(2)})
        assert neuron.state_dict() == {"w.0": 0.5, "b": 2.0}


class TestCalling:
    def test_a_neuron_by_hand(self):
        neuron = Neuron(2, "tanh", seed=0)
        neuron.load_state_dict({"w.0": 0.5, "w.1": -1.5, "b": 0.25})
        assert neuron([2.0, 1.0]).data == math.tanh(0.5 * 2.0 - 1.5 + 0.25)

    def test_a_network_by_matrices(self):
        model = MLP(3, [5, 4, 2], activation="sigmoid", seed=3)
        x = np.array([0.3, -1.0, 2.0])
        h = x
        for k, layer in enumerate(model.layers):
            w = np.array([[v.data for v in neuron.w] for neuron in layer.neurons])
            h = w @ h + np.array([neuron.b.data for neuron in layer.neurons])
            h = 1 / (1 + np.exp(-h)) if k < 2 else h
        np.testing.assert_allclose([y.data for y in model(x)], h, rtol=1e-14)

    def test_gradients_by_inputs_and_parameters(self):
        model = MLP(2, [3, 1], activation="tanh", seed=0)
        parameters = model.parameters()

        def f(*numbers):
            neurons = [n for layer in model.layers for n in layer.neurons]
            values = iter(numbers)
            for neuron in neurons:
                neuron.w, neuron.b = [next(values) for _ in neuron.w], next(values)
            return model([next(values), next(values)])

        assert check_gradients(f, *(p.data for p in parameters), 0.5, -0.3)

    @pytest.mark.parametrize("kind", [list, tuple, np.array, lambda x: iter(x), lambda x: [Value(v) for v in x]])
    def test_kinds_of_examples(self, kind):
        model = MLP(2, [3, 2], seed=0)
        assert [y.data for y in model(kind([1.0, -2.0]))] == [y.data for y in model([1.0, -2.0])]

    def test_one_output_is_a_value_several_are_a_list(self):
        assert isinstance(MLP(2, [3, 1])([1.0, 2.0]), Value)
        assert isinstance(Layer(2, 1)([1.0, 2.0]), Value)
        assert [type(y) for y in MLP(2, [3, 2])([1.0, 2.0])] == [Value, Value]

    def test_width_1_everywhere(self):
        for sizes in ([1], [1, 1], [1, 1, 1], [1, 3], [3, 1, 2]):
            y = MLP(1, sizes, seed=0)([0.5])
            assert isinstance(y, Value) if sizes[-1] == 1 else len(y) == sizes[-1]
        one = MLP(1, [1], seed=0)
        assert one(0.5).data == one([0.5]).data == one(Value(0.5)).data == one(np.float64(0.5)).data

    def test_width_1_within_sequential(self):
        y = Sequential(Layer(2, 1, "tanh", seed=0), Dropout(0.0), Layer(1, 1, seed=1), Layer(1, 2, seed=2))([1.0, 2.0])
        assert len(y) == 2

    @pytest.mark.parametrize("model", [MLP(3, [2, 1]), Layer(3, 2), Neuron(3), Sequential(Layer(3, 2))])
    @pytest.mark.parametrize(("x", "n"), [([1.0, 2.0], 2), ([1.0] * 4, 4), ([], 0), (1.0, 1), (np.ones(2), 2)])
    def test_wrong_length_says_both(self, model, x, n):
        with pytest.raises(ValueError, match=rf"takes 3 inputs, got {n}$"):
            model(x)

    def test_wrong_length_between_layers(self):
        with pytest.raises(ValueError, match=r"Layer\(4, 1, 'linear'\) takes 4 inputs, got 3"):
            Sequential(Layer(2, 3), Layer(4, 1))([1.0, 2.0])

    def test_a_batch_is_refused(self):
        with pytest.raises(ValueError, match=r"one example, got an array of shape \(5, 2\)"):
            MLP(2, [1])(np.ones((5, 2)))
        with pytest.raises(TypeError, match="expected a real number, got str 'a'"):
            MLP(2, [1])(["a", "b"])

    def test_inputs_get_gradients_where_they_are_values(self):
        x = [Value(1.0), Value(2.0)]
        neuron = Neuron(2, seed=0)
        neuron(x).backward()
        assert [v.grad for v in x] == [w.data for w in neuron.w]

    def test_no_grad_records_nothing(self):
        with no_grad():
            y = MLP(2, [3, 1], seed=0)([1.0, 2.0])
        assert y.parents == ()
        assert not y.requires_grad


class TestGraph:
    def test_one_dot_and_one_activation_node_a_neuron(self):
        model = MLP(2, [3, 1], activation="tanh", seed=0)
        ops = sorted(node.op for node in graph(model([1.0, 2.0])) if node.parents)
        assert ops == ["dot"] * 4 + ["tanh"] * 3

    def test_plain_inputs_are_constants_shared_by_the_neurons(self):
        nodes = graph(MLP(2, [3, 1], activation="tanh", seed=0)([1.0, 2.0]))
        constants = [node for node in nodes if not node.requires_grad]
        assert sorted(node.data for node in constants) == [1.0, 2.0]
        assert all(node.scope is None for node in constants)

    @pytest.mark.parametrize("activation", ["tanh", lambda x: 2 * x.tanh() + 1])
    def test_scopes_are_parts_of_the_model(self, activation):
        model = MLP(2, [3, 2], activation=activation, output_activation=activation, seed=0)
        hidden = {f"layers.0/neurons.{k}" for k in range(3)}
        nodes = [node for node in graph(*model([1.0, 2.0])) if node.parents]
        assert {"/".join(n.scope.path) for n in nodes} == hidden | {"layers.1/neurons.0", "layers.1/neurons.1"}
        assert model.layers[0].neurons[2].w[0].scope.path[-1] == "neurons.2"

    def test_each_call_has_scopes_of_its_own(self):
        layer = Layer(1, 1, "tanh", seed=0)
        inner = layer([0.5])
        outer = layer(inner)
        assert outer.scope.path == inner.scope.path == ("Layer", "neurons.0")
        assert outer.scope.parent is not inner.scope.parent

    def test_a_sum_and_its_activation_are_in_one_scope(self):
        (y, other) = Layer(1, 2, "tanh", seed=0)([0.5])
        assert y.scope is y.parents[0].scope
        assert y.scope is not other.scope
        assert y.scope.parent is other.scope.parent

    def test_weights_and_activations_may_be_exchanged(self):
        layer = Layer(1, 2, init="zeros")
        assert [y.data for y in layer([2.0])] == [0.0, 0.0]
        layer.neurons[0].w[0] = Value(3.0)
        assert [y.data for y in layer([2.0])] == [6.0, 0.0]
        layer.neurons[1].w = [Value(-1.0)]
        layer.neurons[1].activation = "relu"
        assert [y.data for y in layer([2.0])] == [6.0, 0.0]
        layer.neurons[1].b = Value(5.0)
        y = layer([2.0])[1]
        assert (y.data, y.parents[0].parents[0]) == (3.0, layer.neurons[1].w[0])

    def test_scopes_nest_in_those_around(self):
        model = Anything()
        model.parameters()
        with autograd.scope("step 1"):
            y = model.encoder([1.0, 2.0])[0]
        assert y.scope.path == ("step 1", "encoder", "neurons.0")
        assert model.forward([1.0, 2.0]).parents[0].parents[1].scope.path == ("heads.left.0",)
        assert model([1.0, 2.0]).scope is None
        whole = Sequential(model)
        assert whole([1.0, 2.0]).scope.path == ("layers.0",)
        assert model.gain.scope.path == ("layers.0",)


class TestActivations:
    @pytest.mark.parametrize("name", sorted(ACTIVATIONS))
    def test_by_name_and_by_function(self, name):
        neuron = Neuron(1, name, init="zeros")
        neuron.b.data = {"linear": 0.25, "arccosh": 1.5}.get(name, 0.5)
        expected = 0.25 if name == "linear" else getattr(autograd, name)(neuron.b.data)
        assert neuron([0.0]).data == expected
        if name != "linear":
            same = Neuron(1, getattr(autograd, name))
            assert same.activation == name
            assert repr(same) == f"Neuron(1, {name!r})"

    def test_every_function_of_one_number_is_there(self):
        unary = {name for name, row in TABLE.items() if len(row.operands) == 1 and not row.variadic}
        assert {name for name in unary if hasattr(autograd, name)} | {"leaky_relu", "linear"} == set(ACTIVATIONS)

    def test_own_function(self):
        def cube(x):
            return x * x * x

        neuron = Neuron(1, cube, init="zeros")
        neuron.b.data = 2.0
        assert neuron([1.0]).data == 8.0
        assert repr(neuron) == "Neuron(1, cube)"

    def test_a_module_with_parameters(self):
        class Slope(Module):
            def __init__(self):
                self.slope = Value(0.25)

            def forward(self, x):
                return autograd.leaky_relu(x, self.slope)

        model = MLP(1, [2, 1], activation=Slope(), seed=0)
        assert [name for name, _ in model.named_parameters() if "slope" in name] == ["activation.slope"]
        model([1.0]).backward()
        assert model.activation.slope.grad is not None

    @pytest.mark.parametrize("make", [lambda a: Neuron(1, a), lambda a: MLP(1, [1], activation=a),
                                      lambda a: MLP(1, [2, 1], output_activation=a)])  # fmt: skip
    def test_unknown(self, make):
        with pytest.raises(ValueError, match=r"unknown activation 'rellu' .*: choose abs, .*relu.*, or a function"):
            make("rellu")
        with pytest.raises(TypeError, match="an activation is a name or a function"):
            make(3)


class TestInitialization:
    def spread(self, init, activation="linear", n=200, width=50):
        weights = [w.data for neuron in Layer(n, width, activation, init, seed=0).neurons for w in neuron.w]
        return statistics.fmean(weights), statistics.pstdev(weights), max(map(abs, weights))

    def test_zeros(self):
        assert self.spread("zeros") == (0.0, 0.0, 0.0)

    @pytest.mark.parametrize(
        ("init", "activation", "a"),
        [("uniform", "relu", 1 / math.sqrt(200)), (0.03, "relu", 0.03), ("xavier", "relu", math.sqrt(6 / 250)),
         ("auto", "tanh", math.sqrt(6 / 250)), ("auto", "linear", math.sqrt(6 / 250))],
    )  # fmt: skip
    def test_uniform(self, init, activation, a):
        mean, deviation, largest = self.spread(init, activation)
        assert abs(mean) < a / 20
        assert deviation == pytest.approx(a / math.sqrt(3), rel=0.02)
        assert 0.99 * a < largest <= a

    @pytest.mark.parametrize(("init", "activation"), [("he", "tanh"), ("auto", "relu"), ("auto", autograd.gelu)])
    def test_he(self, init, activation):
        mean, deviation, _ = self.spread(init, activation)
        assert abs(mean) < 0.005
        assert deviation == pytest.approx(0.1, rel=0.02)

    def test_biases_start_at_0(self):
        for init in ("zeros", "uniform", "xavier", "he", "auto", 0.5):
            assert {n.b.data for layer in MLP(2, [3, 1], init=init).layers for n in layer.neurons} == {0.0}

    @pytest.mark.parametrize("init", ["He", -0.1, math.nan, math.inf, True, None])
    def test_unknown(self, init):
        with pytest.raises(ValueError, match=r"unknown init .*: choose zeros, uniform, xavier, he, auto"):
            MLP(2, [1], init=init)

    def test_a_seed_repeats_everything(self):
        random.seed(5)
        before = random.getstate()
        one, two = (MLP(2, [8, 8, 1], dropout=0.5, seed=7) for _ in range(2))
        assert one.state_dict() == two.state_dict()
        assert [one([1.0, 2.0]).data for _ in range(5)] == [two([1.0, 2.0]).data for _ in range(5)]
        assert MLP(2, [8, 8, 1], seed=7).state_dict() == one.state_dict()  # with and without dropout
        assert MLP(2, [8, 8, 1], seed=8).state_dict() != one.state_dict()
        assert MLP(2, [8, 8, 1]).state_dict() != MLP(2, [8, 8, 1]).state_dict()
        assert random.getstate() == before

    def test_neurons_differ(self):
        assert len({p.data for p in Layer(3, 4, seed=0).parameters()}) == 12 + 1

    def test_seeds_of_numpy(self):
        assert MLP(2, [1], seed=np.int64(3)).state_dict() == MLP(2, [1], seed=3).state_dict()
        with pytest.raises(TypeError):
            MLP(2, [1], seed="3.5")


class TestDropout:
    def test_scaled_by_what_is_kept(self):
        dropout = Dropout(0.25, seed=0)
        out = dropout([3.0] * 20_000)
        assert set(out) == {0.0, 4.0}
        assert out.count(0.0) / len(out) == pytest.approx(0.25, abs=0.01)
        assert statistics.fmean(out) == pytest.approx(3.0, rel=0.02)

    def test_a_fresh_mask_each_call(self):
        dropout = Dropout(0.5, seed=0)
        assert dropout([1.0] * 50) != dropout([1.0] * 50)

    def test_repeats_from_its_seed_and_its_state(self):
        one, two = Dropout(0.5, seed=3), Dropout(0.5, seed=3)
        assert one([1.0] * 50) == two([1.0] * 50)
        state = one.rng.getstate()
        after = one([1.0] * 50)
        one.rng.setstate(state)
        assert one([1.0] * 50) == after

    def test_rests_in_evaluation(self):
        model = MLP(2, [16, 1], dropout=0.5, seed=0)
        plain = MLP(2, [16, 1], seed=0)
        x = [0.3, -0.7]
        assert model.eval()(x).data == model(x).data == plain(x).data
        assert len({model.train()(x).data for _ in range(10)}) > 1

    @pytest.mark.slow
    def test_evaluation_is_the_mean_of_training(self):
        model = MLP(2, [8, 1], dropout=0.3, seed=0)  # one hidden layer and a linear output: exactly so
        x = [0.3, -0.7]
        mean = statistics.fmean(model(x).data for _ in range(2000))
        assert mean == pytest.approx(model.eval()(x).data, abs=0.05)

    def test_gradients_flow_where_it_kept(self):
        x = [Value(1.0) for _ in range(20)]
        out = Dropout(0.5, seed=0)(x)
        autograd.total(out).backward()
        assert [v.grad for v in x] == [y.data for y in out]

    def test_one_number(self):
        assert Dropout(0.5, seed=1)(3.0) in (0.0, 6.0)
        assert isinstance(Dropout(0.5, seed=1)(Value(3.0)), Value)

    def test_no_dropout_is_the_identity(self):
        assert Dropout(0.0)([1.0, 2.0]) == [1.0, 2.0]

    def test_inner_layers_only(self):
        model = MLP(2, [1], dropout=0.9, seed=0)
        assert len({model([1.0, 2.0]).data for _ in range(20)}) == 1

    @pytest.mark.parametrize("p", [-0.1, 1.0, 1.5, math.nan, True, "half", None])
    def test_no_probability(self, p):
        with pytest.raises(ValueError, match="0 <= p < 1"):
            Dropout(p)


class TestArguments:
    @pytest.mark.parametrize("sizes", [[], 16, 2.5, np.int64(16), [0], [-1, 1], [2.5], [True], [3, "1"]])
    def test_sizes(self, sizes):
        with pytest.raises(ValueError, match=r"sizes is the list|a layer's width is a whole number from 1"):
            MLP(2, sizes)

    @pytest.mark.parametrize("n", [0, -1, 1.5, "2", None])
    def test_n_inputs(self, n):
        for make in (Neuron, lambda n: Layer(n, 1), lambda n: MLP(n, [1])):
            with pytest.raises(ValueError, match="n_inputs is a whole number from 1"):
                make(n)

    @pytest.mark.parametrize("seed", ["seed", 1.0, [1]])
    def test_seed(self, seed):
        with pytest.raises(TypeError, match=r"a seed is a whole number, a random\.Random or None, got"):
            MLP(2, [1], seed=seed)

    def test_numpy_sizes(self):
        assert repr(MLP(np.int64(2), np.array([3, 1]))) == repr(MLP(2, [3, 1]))

    def test_sequential_takes_modules(self):
        with pytest.raises(TypeError, match="Sequential takes modules, got 3"):
            Sequential(Layer(1, 1), 3)


def test_repr_shows_the_architecture():
    assert repr(MLP(2, [16, 1], "tanh", "sigmoid", dropout=0.2)) == (
        "MLP(2, [16, 1], activation='tanh', output_activation='sigmoid', dropout=0.2)"
    )
    assert repr(Sequential(Layer(2, 3, "relu"), Dropout(0.5), MLP(3, [1]))) == (
        "Sequential(Layer(2, 3, 'relu'), Dropout(0.5), MLP(3, [1], activation='relu', output_activation='linear'))"
    )
    assert repr(Anything()) == (
        "Anything(encoder=Layer(2, 2, 'tanh'), heads.left.0=Neuron(2, 'linear'), heads.right.0=Neuron(2, 'linear'), "
        "heads.right.1=Dropout(0.5))"
    )


class TestLayerNorm:
    X = (1.0, -2.0, 4.0, 0.5)

    def test_the_formula(self):
        norm = nn.LayerNorm(4, eps=0.1)
        for k in range(4):
            norm.gain[k].data, norm.bias[k].data = k + 1.0, -0.5 * k
        x = np.array(self.X)
        expected = (x - x.mean()) / np.sqrt(x.var() + 0.1) * [1, 2, 3, 4] - 0.5 * np.arange(4)
        assert [y.data for y in norm(self.X)] == pytest.approx(expected.tolist())
        assert nn.predict(norm, [self.X]).tolist() == [pytest.approx(expected.tolist())]

    def test_gradients(self):
        norm = nn.LayerNorm(4)
        assert check_gradients(lambda x: norm(x)[0] * norm(x)[1] + norm(x)[3], list(self.X))

    def test_against_pytorch(self):
        torch = pytest.importorskip("torch")
        theirs = torch.nn.functional.layer_norm(torch.tensor(self.X, dtype=torch.float64), [4])
        assert [y.data for y in nn.LayerNorm(4)(self.X)] == pytest.approx(theirs.tolist())

    def test_no_penalty_touches_it(self):
        model = nn.Sequential(nn.LayerNorm(2), nn.Layer(2, 1, init="zeros"))
        assert nn.l2_penalty(model, 1.0).data == nn.l1_penalty(model, 1.0).data == 0.0

    def test_it_trains_and_says_what_it_is(self):
        model = nn.Sequential(nn.Layer(2, 4, "tanh", seed=0), nn.LayerNorm(4), nn.Layer(4, 1, seed=1))
        data = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 2.0]
        losses = [nn.fit(copy.deepcopy(model), *data, epochs=5, seed=0, compiled=c).train_loss for c in (False, True)]
        assert losses[0] == pytest.approx(losses[1])
        assert repr(nn.LayerNorm(3)) == "LayerNorm(3)"
        with pytest.raises(ValueError, match=r"LayerNorm\(3\) takes 3 inputs, got 2"):
            nn.LayerNorm(3)([1.0, 2.0])
        for bad in (0, 2.5, "wide"):
            with pytest.raises(ValueError, match="n is a whole number"):
                nn.LayerNorm(bad)


def test_the_forward_of_a_neuron_may_be_replaced():
    class Square(nn.Neuron):
        def forward(self, x):
            out = super().forward(x)
            return out * out

    neuron = Square(2, init=1.0, seed=0)
    expected = nn.Neuron(2, init=1.0, seed=0)([1.0, 2.0]).data ** 2
    assert neuron([1.0, 2.0]).data == pytest.approx(expected)
    layer = nn.Layer(2, 2, init=1.0, seed=0)
    layer.neurons[0] = neuron
    assert layer([1.0, 2.0])[0].data == pytest.approx(expected)
    assert nn.predict(layer, [[1.0, 2.0]])[0, 0] == pytest.approx(expected)


@pytest.mark.slow
def test_rectifiers_start_with_he_and_all_others_with_xavier():
    deviation = {
        name: np.std([w.data for n in nn.Layer(20, 50, name, seed=0).neurons for w in n.w]) for name in ACTIVATIONS
    }
    he = {name for name, s in deviation.items() if s == pytest.approx(math.sqrt(2 / 20), rel=0.05)}
    xavier = {name for name, s in deviation.items() if s == pytest.approx(math.sqrt(2 / 70), rel=0.05)}
    assert he | xavier == set(ACTIVATIONS)
    assert he >= {"relu", "leaky_relu", "elu", "softplus", "silu", "gelu"}
    assert xavier >= {"linear", "tanh", "sigmoid", "sin", "abs", "exp"}


def test_names_of_other_libraries_are_explained():
    for name, ours in {"swish": "silu", "identity": "linear", "logistic": "sigmoid", "Relu": "relu"}.items():
        with pytest.raises(ValueError, match=f"did you mean '{ours}'"):
            nn.Neuron(1, name)


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"linear"}))
def test_every_function_of_one_number_is_an_activation(name):
    assert ACTIVATIONS[name] is getattr(autograd, name)
