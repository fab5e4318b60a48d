"""What a program is made of: each form of block is met, gives the right numbers, and reads well."""

import numpy as np
import pytest

import nn
from autograd import Value, compile, dot, exp, log_softmax, logsumexp, maximum, mean, no_grad, take, total, where
from tests.eagerly import agree

X = np.random.default_rng(0).normal(size=(6, 4))
K = np.array([0, 2, 1, 1, 0, 2])


def parameters(*shape, seed=1):
    """Values in nested lists."""
    numbers = np.random.default_rng(seed).normal(0.0, 0.5, shape)

    def values(x):
        return [values(y) for y in x] if isinstance(x, list) else Value(x)

    return values(numbers.tolist())


def blocks(f, *columns):
    """The blocks that are not leaves, as (kind, operation, rows, per example), and the compiled function."""
    program = agree(f, list(columns), backend="numpy")
    made = program._traces.latest[1].program
    return [(b.kind, b.operation.name, len(b.nodes), b.batch) for b in made.blocks[3:]], program


class TestProducts:
    def test_a_layer_is_one_product_and_one_activation(self):
        ws, bs = parameters(5, 4), parameters(5)
        found, program = blocks(lambda x: [dot(w, x, b).tanh() for w, b in zip(ws, bs, strict=True)], X)
        assert found == [("product", "dot", 5, True), ("map", "tanh", 5, True)]
        # each row of the matrix with its bias, in one piece
        assert program.parameters == [p for w, b in zip(ws, bs, strict=True) for p in (*w, b)]

    @pytest.mark.parametrize(
        "layer",
        [
            lambda x, ws, bs: [dot(w, x) for w in ws],
            lambda x, ws, bs: [dot(x, w) for w in ws],
            lambda x, ws, bs: [dot(x, w, 0.5) for w in ws],
            lambda x, ws, bs: [dot(w, x, bs[0]) for w in ws],
            lambda x, ws, bs: [dot([1.0, 2.0, -0.5, 0.25], x, b) for b in bs],
            lambda x, ws, bs: [dot([u * u for u in w], x, b.exp()) for w, b in zip(ws, bs, strict=True)],
            lambda x, ws, bs: [dot(w, [x[0], x[0], x[2], x[1]], b) for w, b in zip(ws, bs, strict=True)],
            lambda x, ws, bs: [dot(w, [x[3], 1.0, w[0], x[1].tanh()], b) for w, b in zip(ws[:1], bs, strict=False)],
            lambda x, ws, bs: [dot([u, u, u, u], x, u) for u in bs],
            lambda x, ws, bs: [dot(w, list(reversed(x)), b) for w, b in zip(reversed(ws), bs, strict=True)],
        ],
    )
    def test_with_any_weights_and_inputs(self, layer):
        ws, bs = parameters(3, 4), parameters(3)
        found, _ = blocks(lambda x: total([h.tanh() for h in layer(x, ws, bs)]), X)
        assert sum(kind == "product" for kind, *_ in found) == 1

    def test_with_and_without_biases_of_the_same_inputs(self):
        ws, bs = parameters(3, 4), parameters(3)

        def f(x):
            h = [dot(w, x, b).relu() for w, b in zip(ws, bs, strict=True)]
            return dot(ws[0][:3], h) + dot(ws[1][1:], h, bs[0]) + dot(ws[2][1:], h)

        found, _ = blocks(f, X)
        assert [f[0] for f in found].count("product") == 3

    def test_layers_that_share_their_weights(self):
        ws, bs = parameters(4, 4), parameters(4)

        def f(x):
            h = x
            for _ in range(3):
                h = [dot(w, h, b).tanh() for w, b in zip(ws, bs, strict=True)]
            back = [dot(column, h) for column in zip(*ws, strict=True)]
            return mean([(a - b) ** 2 for a, b in zip(back, x, strict=True)]) + total(h)

        found, _ = blocks(f, X)
        assert sum(kind == "product" for kind, *_ in found) == 4

    def test_slices_of_the_inputs_that_overlap(self):
        kernel, b = parameters(2), Value(0.1)
        found, _ = blocks(lambda x: logsumexp([dot(kernel, x[k : k + 2], b).tanh() for k in range(3)]), X)
        assert found[:3] == [("product", "dot", 1, True)] * 3
        assert found[3:6] == [("map", "tanh", 1, True)] * 3

    def test_inputs_by_inputs_are_none(self):
        found, _ = blocks(lambda x: dot(x[:2], x[2:], Value(1.0)) * Value(2.0), X)
        assert ("fold", "dot", 1, True) in found


class TestMapsAndFolds:
    def test_scalar_arithmetic_is_gathered_by_its_distance_from_the_leaves(self):
        ws = parameters(5, 4)

        def neuron(w, x):
            s = w[0] * x[0]
            for a, b in zip(w[1:], x[1:], strict=True):
                s = s + a * b
            return s.tanh()

        found, _ = blocks(lambda x: total([neuron(w, x) for w in ws]), X)
        assert found == [
            ("map", "*", 20, True),
            ("map", "+", 5, True),
            ("map", "+", 5, True),
            ("map", "+", 5, True),
            ("map", "tanh", 5, True),
            ("fold", "total", 1, True),
        ]

    @pytest.mark.parametrize(
        ("chosen", "sizes"), [([0, 1, 2, 3], [4]), ([0, 2, 1, 3], [1] * 4), ([0, 2], [1] * 2), ([0, 2, 4, 1, 3], [5])]
    )
    def test_a_few_that_lie_apart_are_not_gathered(self, chosen, sizes):
        w = Value(2.0)
        found, _ = blocks(lambda x: total([x[k] * w for k in chosen]), np.ones((1, 5)))
        assert found[:-1] == [("map", "*", size, True) for size in sizes]

    def test_what_is_the_same_for_all_examples_may_lie_apart(self):
        ws = parameters(4)
        found, _ = blocks(lambda x: total([x[k] * ws[3 - k] for k in range(4)]), X)
        assert found[0] == ("map", "*", 4, True)

    def test_equal_expressions_are_calculated_once_and_unused_ones_never(self):
        w = Value(2.0)

        def f(x):
            exp(x[0])
            return (w * x[0]).sin() + (w * x[0]).sin() * (w * x[0])

        found, _ = blocks(f, X)
        assert sorted(name for _, name, *_ in found) == ["*", "*", "+", "sin"]

    def test_numbers_alone_are_calculated_while_it_is_traced(self):
        found, _ = blocks(lambda x: x[0] * Value(2.0) ** 3 * exp(Value(0.0)), X)
        assert found == [("map", "*", 1, True)] * 2

    def test_what_no_example_changes_is_calculated_once_a_call(self):
        ws = parameters(5)
        found, _ = blocks(lambda x: x[0] * ws[0] + 0.01 * dot(ws, ws), X)
        assert sorted(found) == [
            ("fold", "dot", 1, False),
            ("map", "*", 1, False),
            ("map", "*", 1, True),
            ("map", "+", 1, True),
        ]

    def test_many_to_one_and_one_to_many(self):
        ws = parameters(4)

        def f(x, k):
            logits = [w * a for w, a in zip(ws, x, strict=True)]
            spread = [a * ws[0] for a in logits[::-1]] + [ws[1] * ws[2], ws[1] * 2.0, x[0]]
            return -take(log_softmax(logits[:3]), k) + total(spread) * mean(spread[1:]) + maximum(spread[0], ws[3])

        blocks(f, X, K)

    def test_a_table_looked_up_by_an_index(self):
        table = parameters(3, 2)
        agree(lambda k, x: dot(take(table, k), x[:2]) + take([1.0, 2.0, x[0]], k), [K, X], backend="numpy")
        chosen = Value(1.0)
        with no_grad():
            index = chosen * 1.0

        def f(x):  # an index that is the same for all examples, and elements that are not
            return take([x[0], x[1]], chosen.detach()) * take([x[2], table[0][0]], index)

        agree(f, [X], backend="numpy")

    def test_gradients_that_meet(self):
        ws = parameters(4)

        def f(x):
            a, b, c, d = (w * y for w, y in zip(ws, x, strict=True))
            return total([a, b, a, d]) * dot([a, a, b], [c, a, ws[0]]) + where(a > b, a, b) + a * a * (b + b + ws[0])

        agree(f, [X], backend="numpy")

    def test_one_operand_in_every_place(self):
        w, v = Value(1.5), Value(-0.5)

        def f(x):
            a = w * x[0]
            return total([a, a, a]) + mean([w, w]) + dot([w, w], [a, a]) + logsumexp([v, v]) + total([v, v, v]) * a

        agree(f, [X], backend="numpy")

    def test_zeros_keep_their_signs(self):
        program = compile(lambda x: [where(x > 0.0, x, -0.0), where(x > 0.0, 2.0, 0.0) * 0.0], backend="numpy")
        assert np.signbit(program.map([1.0, -1.0])).tolist() == [[False, False], [True, False]]
        program = compile(lambda x: [x * 0.0, (x + 0.0 * x) * -0.0], backend="numpy")
        assert np.signbit(program.map([1.0])).tolist() == [[False, True]]


class TestReverseAndMemory:
    @pytest.mark.slow
    def test_long_chains(self):
        w = Value(0.999)

        def f(x):
            for _ in range(3_000):
                x = x * w + 0.001
            return x

        agree(f, [X[:, 0]], backend="numpy")

    def test_a_network_of_sums_and_products_only(self):
        ws, vs = parameters(8, 4), parameters(8)

        def f(x):
            h = []
            for w in ws:
                s = w[0]
                for a, b in zip(w, x, strict=True):
                    s = s + a * b
                h.append(s * s)
            return sum(v * y for v, y in zip(vs, h, strict=True))

        program = agree(f, [X], backend="numpy")
        assert len(program._traces.latest[1].program.blocks) < 30

    def test_batches_of_other_sizes_use_buffers_of_their_own(self):
        ws, bs = parameters(3, 4), parameters(3)

        def f(x):
            return total([dot(w, x, b).tanh() for w, b in zip(ws, bs, strict=True)])

        program = compile(f, backend="numpy")
        expected = [program.map(X[k : k + 1])[0] for k in range(6)]
        for rows in ([0, 1], [2], [3, 4, 5], [0, 1, 2, 3, 4, 5], [5, 4], [1] * 7, [2] * 8, [0]):
            assert program.map(X[rows]) == pytest.approx([expected[k] for k in rows], rel=1e-14)


class TestSource:
    def test_of_a_network_is_a_line_for_each_layer(self):
        model = nn.MLP(2, [16, 16, 1], seed=0)

        @compile
        def loss(x, t):
            return nn.hinge_loss(model(x), t) + nn.l2_penalty(model, 1e-4)

        loss(np.ones((3, 2)), [1.0, -1.0, 1.0])
        assert loss.source == (
            """\
loss(x[2], t): 337 parameters

parameters
    W1 = layers.0.neurons.*.w.*  # 16×2
    b1 = layers.0.neurons.*.b    # 16
    W2 = layers.1.neurons.*.w.*  # 16×16
    b2 = layers.1.neurons.*.b    # 16
    W3 = layers.2.neurons.0.w.*  # 1×16
    layers.2.neurons.0.b

once a call
    v1 = 0.0001*dot([*W1, *W2, *W3], [*W1, *W2, *W3])  # l2_penalty

for each example
    h1 = relu(W1 @ x + b1)   # 16, layers.0
    h2 = relu(W2 @ h1 + b2)  # 16, layers.1
    return relu(1 - t*(W3 @ h2 + layers.2.neurons.0.b)) + v1"""
        )

    def test_of_scalars_is_the_formula(self):
        w, b = Value(2.0, "w"), Value(0.5, "b")

        @compile
        def loss(x, t):
            return (w * x + b - t) ** 2

        loss([1.0], [1.0])
        assert loss.source == "loss(x, t): 2 parameters\n\nparameters\n    w, b\n\nfor each example\n" + (
            "    return (w*x + b - t)**2"
        )

    def test_names_what_is_used_more_than_once_by_its_label(self):
        w = Value(2.0)

        @compile
        def f(x, k, m):
            a = x[0] * w
            a.label = "a"
            logits = [a, x[1] * w, (m[0][1] if a > 0.0 else m[1][0]) * w]
            return [-log_softmax(logits, k), a * 2.0, 3.0, x[1]]

        f.map([[1.0, 2.0]], [1], np.ones((1, 2, 2)))
        assert f.source.splitlines() == [
            "f(x[2], k, m[2][2]): 1 parameter",
            "",
            "parameters",
            "    p0",
            "",
            "for each example",
            "    a = x[0]*p0",
            "    v1 = x[1]*p0",
            "    v2 = m[0][1]*p0",
            "    check that 0 < a is True",
            "    return [-log_softmax([a, v1, v2], k), a*2, 3, x[1]]",
        ]

    def test_of_rows_of_an_argument_and_of_many_parameters(self):
        ws, us = parameters(3, 3), parameters(3, 3)

        @compile
        def f(xs, t):
            h = [Value(0.0)] * 3
            for x in xs:
                h = [(dot(w, x) + dot(u, h)).tanh() for w, u in zip(ws, us, strict=True)]
            return (total(h) - t) ** 2 + xs[1][2]

        f(np.ones((2, 2, 3)), [1.0, 2.0])
        assert f.source.splitlines() == [
            "f(xs[2][3], t): 18 parameters",
            "",
            "parameters",
            "    W1 = [p0, p1, …, p8]    # 3×3",
            "    W2 = [p9, p10, …, p17]  # 3×3",
            "",
            "once a call",
            "    v1 = dot(W2[0:3], 0)",
            "    v2 = dot(W2[3:6], 0)",
            "    v3 = dot(W2[6:9], 0)",
            "",
            "for each example",
            "    h1 = tanh(W1 @ xs[0] + [v1, v2, v3])  # 3",
            "    return (total(tanh(W1 @ xs[1] + W2 @ h1)) - t)**2 + xs[1][2]",
        ]

    def test_many_labels_are_places_in_the_list(self):
        ws = parameters(6)

        def f(x):
            h = [w * y for w, y in zip(ws, x + x[:2], strict=True)]
            for k, y in enumerate(h):
                y.label = f"hidden {k}"
            return total(h) * h[0] - h[5]

        program = compile(f)
        program(X)
        assert "return total(h1)*h1[0] - h1[5]" in program.source

    def test_with_random_numbers_and_names_that_clash(self):
        dropout = nn.Dropout(0.5, seed=0)
        h1 = Value(1.0, "h1")

        @compile
        def f(x, v1):
            return total([a * h1 for a in dropout(x)]) * v1

        f(np.ones((1, 3)), [1.0])
        assert f.source.splitlines()[0] == "f(x[3], v1, uniform[3]): 1 parameter"
        assert "where(uniform < 0.5, 0, 2)" in f.source
        assert "\n    h1" in f.source
        assert "return total(x*where(uniform < 0.5, 0, 2)*h1)*v1" in f.source

    def test_of_many_scalars_is_cut_short(self):
        ws = parameters(30)
        program = compile(lambda x: total([w * a for w, a in zip(ws, [*x, *x[::-1]] * 3 + x + x[:2], strict=True)]))
        program(X)
        assert all(len(line) < 120 for line in program.source.splitlines())
        assert "p0, p1, …, p29" in program.source
