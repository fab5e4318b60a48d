"""Every exercise: a right solution, wrong ones that are told why, and files that are no answer at all."""

import re
from random import Random
from types import ModuleType

import pytest

from demos.exercises import by_hand, find_the_bug, graphs, practice, predict_a_step, write_an_engine
from demos.exercises.catalogue import EXERCISES, by_id
from demos.exercises.exercise import Exercise, Wrong
from demos.exercises.graphs import Graph, Operation, difference, parsed, random_graphs, smallest
from tests.extent import some


def module_of(code: str) -> ModuleType:
    module = ModuleType("answer")
    exec(compile(code, "answer.py", "exec"), vars(module))
    return module


def refused(name: str, code: str, seed: int = 0) -> str:
    """Why the code is no answer to the exercise."""
    exercise = by_id(name)
    assert exercise is not None
    module = module_of(code)
    with pytest.raises(Wrong) as wrong:
        exercise.sheet(seed).check(module)
    return str(wrong.value)


def solution(name: str, seed: int = 0) -> str:
    exercise = by_id(name)
    assert exercise is not None
    return exercise.sheet(seed).solution


def changed(name: str, right: str, wrong: str, seed: int = 0) -> str:
    """Why the solution with another piece of code is wrong."""
    code = solution(name, seed)
    assert right in code
    return refused(name, code.replace(right, wrong), seed)


def test_names_are_unique_and_hints_are_given() -> None:
    assert len({exercise.id for exercise in EXERCISES}) == len(EXERCISES)
    for exercise in EXERCISES:
        sheet = exercise.sheet(0)
        assert sheet.hints
        assert all(exercise.follows in ("", other.id) for other in [by_id(exercise.follows) or exercise])
        assert max(map(len, exercise.file(0).splitlines())) <= 120


@pytest.mark.parametrize("seed", some(range(3), 3))
@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_the_solution_is_right_and_the_start_is_not(exercise: Exercise, seed: int) -> None:
    sheet = exercise.sheet(seed)
    sheet.check(module_of(sheet.solution))
    assert exercise.file(seed, sheet.solution) == exercise.file(seed, exercise.sheet(seed).solution)
    with pytest.raises((Wrong, TypeError)) as wrong:  # a class without __init__ takes no arguments
        sheet.check(module_of(sheet.start))
    assert len(str(wrong.value)) > 20


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_garbage_is_wrong_and_not_an_error(exercise: Exercise) -> None:
    code = exercise.sheet(0).start + "\n" + exercise.sheet(0).solution
    names = set(re.findall(r"^(?:class |def |)(\w+)(?: = |:|\()", code, re.MULTILINE))
    assert names
    for garbage in ("None", "'?'", "{}", "[1, 2]", "float('nan')", "lambda *_: 7"):
        with pytest.raises((Wrong, AttributeError, TypeError, ValueError)):
            exercise.sheet(0).check(module_of("\n".join(f"{name} = {garbage}" for name in names)))


# %% Graphs.
def test_random_graphs_are_reproducible_and_grow() -> None:
    first, second = (list(map(str, random_graphs(Random(4), "+ * tanh", 20))) for _ in range(2))
    assert first == second
    sizes = [len(graph.operations) for graph in random_graphs(Random(4), "+ * tanh")]
    assert min(sizes) == 1
    assert max(sizes) > 4


def test_a_graph_is_made_small() -> None:
    x, y = {"x": 2.0, "y": 3.0}, Operation("v1", "*", ("x", "y"))
    graph = Graph(x, (y, Operation("v2", "tanh", ("v1",)), Operation("f", "+", ("v2", "v2"))))
    small = smallest(graph, lambda g: any(o.op == "tanh" for o in g.operations))
    assert [(o.op, o.operands) for o in small.operations] in ([("tanh", (name,))] for name in "xyz")


def test_an_expression_becomes_a_graph() -> None:
    graph = parsed("x*x - tanh(2/y)**-1", {"x": 3.0, "y": 4.0, "z": 1.0})
    assert list(graph.inputs) == ["x", "y"]
    assert graph.ours()["f"].data == pytest.approx(9 - 1 / 0.46211715726)
    assert str(parsed("x + 1", {"x": 1.0})) == "x = 1\nf = x + 1  = 2"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "3",
        "x +",
        "sin(x)",
        "x if x else x",
        "q + 1",
        "2 * 3 + x",
        "x ** x",
        "v = x",
        "v = x; v",
        "del x; x + x",
        "v = x * x; x",
    ],
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(Wrong):
        parsed(text, {"x": 1.0})


def test_a_difference_shows_both_passes_side_by_side() -> None:
    code = write_an_engine.engine_code().replace("parent.grad += ", "parent.grad = ")
    graph = Graph({"x": 3.0}, (Operation("f", "*", ("x", "x")),))
    assert str(difference(graph, module_of(code).Value)) == (
        "x.grad should be 6, yours is 3. The smallest graph found that shows it:\n\n"
        "    x = 3\n"
        "    f = x * x  = 9\n\n"
        "    your pass     the right pass\n"
        "    f.grad = 1    f.grad = 1\n"
        "    x.grad = 3    x.grad = 1 × 3 = 3\n"
        "    x.grad = 3    x.grad = 3 + 1 × 3 = 6\n\n"
        "Operation * (product): f = x·x. Its local derivative with respect to x, its operand 2 of 2, is ∂f/∂x = x = 3. "
        "Upstream, f has gradient 1: the chain rule passes 1 × 3 = 3 to x. x had 3 and now has 3 + 3 = 6. That was the "
        "last of 2 contributions to x, so its gradient is complete: the sum over all paths from x to f."
    )
    assert difference(graph, module_of(write_an_engine.engine_code()).Value, passes=2) is None


def test_classes_with_slots_and_dataclasses_are_recorded_too() -> None:
    slots = write_an_engine.engine_code().replace(
        "class Value:\n", 'class Value:\n    __slots__ = ("data", "grad", "parents", "local_grads")\n'
    )
    graph = Graph({"x": 3.0}, (Operation("f", "*", ("x", "x")),))
    make = module_of(slots).Value
    nodes = graph.run(make)
    assert graphs.recorded(nodes, lambda: nodes["f"].backward())[-1] == "x.grad = 6"
    assert "__setattr__" not in vars(make)


# %% Write your own engine: three wrong answers for each stage.
@pytest.mark.parametrize(
    ("stage", "right", "wrong", "why"),
    [
        (1, "float(data)", "data", "should be"),
        (1, "self.grad = 0.0", "pass", "no attribute grad"),
        (
            1,
            "    def __repr__",
            "    def __eq__(self, other): return self.data == other.data\n    def __repr__",
            "equal",
        ),
        (2, "(other.data, self.data)", "(self.data, other.data)", "∂(a·b)/∂a = b"),
        (2, "(1.0, 1.0)", "(1.0, -1.0)", "∂(a + b)/∂a = 1"),
        (2, "__radd__, __rmul__ = __add__, __mul__", "", "2 + x should be possible"),
        (3, "parent.grad += self.grad * local", "parent.grad = self.grad * local", "adds up what arrives"),
        (3, "self.grad * local", "local", "upstream times local"),
        (3, "def push", "def push_on", "no method push"),
        (4, "nodes[::-1]", "nodes", "which uses it"),
        (4, "if node not in seen", "if True", "more than once"),
        (4, "                nodes.append(node)", "                nodes.insert(0, node)\n            nodes", ""),
        (5, "self.grad = 1.0", "pass", "f.grad = 1"),
        (5, "in self.order()", "in reversed(self.order())", "the right pass"),
        (5, "node.push()", "node.push(); node.push()", "the right pass"),
        (6, "if node.parents:", "if False:", "after 2 passes"),
        (6, "if node.parents:", "if True:", "after 2 passes"),
        (6, "        for node in self.order():\n            node.grad = 0.0", "        self.grad = 0.0", "zero_grad"),
        (7, "1 - out * out", "1 - self.data * self.data", "tanh"),
        (7, "n * self.data ** (n - 1)", "self.data ** (n - 1)", "should"),
        (7, "return -self + other", "return self - other", "1 - x"),
        (8, "return [*self.weights, self.bias]", "return self.weights", "13 parameters"),
        (8, "p.grad = 0.0", "pass", "Do the gradients of the step before"),
        (8, "p.data -= rate", "p.data += rate", "first update"),
    ],
)
def test_a_wrong_engine_is_told_why(stage: int, right: str, wrong: str, why: str) -> None:
    assert why in changed(f"engine{stage}", right, wrong)


def test_the_smallest_graph_is_shown_for_an_engine_without_plus_equals() -> None:
    text = changed("engine5", "parent.grad += self", "parent.grad = self")
    assert "The smallest graph found" in text
    assert text.count(" = x") <= 2
    assert "contributions" in text


def test_recursion_without_an_order_is_wrong() -> None:
    recursive = """
    def backward(self, first=True):
        if first:
            self.grad = 1.0
        self.push()
        for parent in self.parents:
            parent.backward(False)
"""
    code = solution("engine4") + recursive
    assert "The smallest graph found" in refused("engine5", code)


# %% Predict the next step.
@pytest.mark.parametrize("name", [exercise.id for exercise in predict_a_step.EXERCISES])
@pytest.mark.parametrize("seed", some(range(4), 4))
def test_steps_are_followed_one_by_one(name: str, seed: int) -> None:
    exercise = by_id(name)
    assert exercise is not None
    steps = module_of(exercise.sheet(seed).solution).steps
    assert "have not been used" in refused(name, f"steps = {steps[:-1]}", seed)
    last = (*steps[-1][:2], steps[-1][2] + 1)
    why = refused(name, f"steps = {[*steps[:-1], last]}", seed)
    assert "Its local derivative with respect to" in why
    assert "was used before" in refused(name, f"steps = {[*steps, steps[-1]]}", seed)
    assert "there is no edge" in refused(name, "steps = [('f', 'q', 1.0)]", seed)
    inner = next((step for step in steps if step[0] != "f"), None)
    if inner:
        assert "not complete" in refused(name, f"steps = {[inner]}", seed)


def test_another_order_that_is_allowed_is_right() -> None:
    graph = Graph({"x": 2.0, "y": 3.0}, (Operation("v1", "+", ("x", "y")), Operation("f", "*", ("v1", "x"))))
    answer = ModuleType("answer")
    answer.steps = [("f", "x", 5.0), ("f", "v1", 2.0), ("v1", "y", 2.0), ("v1", "x", 7.0)]  # type: ignore[attr-defined]
    predict_a_step.check(graph, answer)
    answer.steps[3] = ("v1", "x", 2.0)  # type: ignore[attr-defined]
    with pytest.raises(Wrong, match="x had 5 and now has 5 \\+ 2 = 7"):
        predict_a_step.check(graph, answer)


# %% Find the bug.
@pytest.mark.parametrize("k", range(6))
def test_a_fault_shows_on_its_example_and_on_none_that_is_right(k: int) -> None:
    fault = find_the_bug.FAULTS[k]
    code = write_an_engine.engine_code()
    assert code.count(fault.right) == 1
    faulty = code.replace(fault.right, fault.wrong)
    sheet = find_the_bug._expression_sheet(fault, 0)

    def answer(expression: str, body: str) -> ModuleType:
        return module_of(f"expression = {expression!r}\nat = {{'x': -0.5, 'y': 2.0}}\npasses = {fault.passes}\n{body}")

    assert sheet.check(answer(fault.example, code)) == "No expression with fewer operations shows this fault."
    with pytest.raises(Wrong, match="which is right"):
        sheet.check(answer("x + y", code))
    with pytest.raises(Wrong, match="give an expression"):
        sheet.check(answer("", code))
    with pytest.raises(Wrong, match=r"shows the fault.*\s.*not right yet"):
        sheet.check(answer(fault.example, faulty))
    with pytest.raises(Wrong, match="not right yet"):
        sheet.check(answer(fault.example, code.replace("n * self.data", "2 * self.data")))


@pytest.mark.parametrize("k", range(2))
def test_a_fault_of_training_shows_on_its_example(k: int) -> None:
    fault = find_the_bug.TRAINING_FAULTS[k]
    code = write_an_engine.engine_code(training=True)
    assert code.count(fault.right) == 1
    sheet = find_the_bug._training_sheet(fault, 0)

    def answer(examples: str, steps: int, body: str = code) -> ModuleType:
        return module_of(f"examples = {examples}\nsteps = {steps}\n{body}")

    assert sheet.check(answer(fault.example, fault.operations)) == "Fewer steps do not show this fault."
    for examples, steps, body, why in (
        ("[]", 1, code, "at least one"),
        ("[(1, 2)]", 1, code, "should be like"),
        ("[([1, 2, 3], 1)]", 1, code, "two numbers"),
        (fault.example, fault.operations, code.replace(fault.right, fault.wrong), "yours       should be"),
    ):
        with pytest.raises(Wrong, match=why):
            sheet.check(answer(examples, steps, body))
    if fault.operations > 1:
        with pytest.raises(Wrong, match="do not show"):
            sheet.check(answer(fault.example, 1))


def test_which_engine_has_which_fault_depends_on_the_seed() -> None:
    def starts(seed: int) -> list[str]:
        return [exercise.sheet(seed).start for exercise in find_the_bug.EXERCISES]

    assert len(set(starts(0))) == 8
    assert any(starts(seed) != starts(0) for seed in range(1, 4))


# %% The other exercises.
@pytest.mark.parametrize("seed", some(range(3), 3))
@pytest.mark.parametrize("name", [exercise.id for exercise in (*by_hand.EXERCISES, *practice.EXERCISES)])
def test_the_numbers_depend_on_the_seed(name: str, seed: int) -> None:
    exercise = by_id(name)
    assert exercise is not None
    same = exercise.file(seed) == exercise.file(seed + 1).replace(f"seed {seed + 1}", f"seed {seed}")
    assert same == (name == "replace")  # there the arrays are drawn when it is checked


def test_a_local_derivative_may_be_a_formula() -> None:
    graph = Graph({"x": 2.0, "y": 3.0}, (Operation("v1", "*", ("x", "y")), Operation("f", "tanh", ("v1",))))

    def grade(**answers: object) -> None:
        module = ModuleType("answer")
        module.local = {(key[:-1].rstrip("_"), key[-1]): answer for key, answer in answers.items()}  # type: ignore
        module.local[("f", "v1")] = module.local.pop(("f_v", "1"), ...)  # type: ignore[attr-defined]
        by_hand._check_local(module, graph)

    grade(v1_x="y", v1_y=2, f_v1="1 - f²")
    for wrong, why in (
        ({"v1_x": "x"}, "∂v1/∂x is not x. Operation \\* .product.: v1 = x·y"),
        ({"v1_y": 2.01}, "∂v1/∂y = x = 2"),
        ({"f_v1": "1 - v1²"}, "1 - f·f"),
        ({"f_v1": "1 - q"}, "'q' is not known here"),
    ):
        with pytest.raises(Wrong, match=why):
            grade(**({"v1_x": "y", "v1_y": 2, "f_v1": "1 - f*f"} | wrong))


@pytest.mark.parametrize(
    ("right", "wrong", "why"),
    [
        ('"δ_h1 * x"', '"δ_h1"', "1 of 10 wrong: dw1"),
        ('"-(y - out) * out * (1 - out)"', '"-(y - out)"', "WRONG, through δ_o"),
        ('"δ_h2 * x"', '"nonsense("', "dw2"),
        ('"δ_h2 * x"', '""', "no formula for dw2"),
    ],
)
def test_a_wrong_derivation_is_graded(right: str, wrong: str, why: str) -> None:
    assert why in changed("derive", right, wrong)


@pytest.mark.parametrize(
    ("right", "wrong", "why"),
    [
        ("value.data -= RATE", "value.data += RATE", "You went uphill"),
        ("descend(NUMBERS, 100)", "descend(NUMBERS, 99)", "after 99 steps"),
        ("after_one, loss_after_one = descend(NUMBERS, 1)", "after_one, _ = descend(NUMBERS, 1)\n"
         "_, loss_after_one = descend(NUMBERS, 0)", "before the first step"),
        ("value.grad = None", "value", "loss_after_100 is"),
    ],
)  # fmt: skip
def test_a_wrong_update_is_told_why(right: str, wrong: str, why: str) -> None:
    assert why in changed("update", right, wrong)


@pytest.mark.parametrize(
    ("right", "wrong", "why"),
    [
        ("hidden * (1 - hidden)", "hidden", "W_h"),
        ("2 * (predicted", "(predicted", "the engine's slope"),
        ("for weight, slope in zip(weights, slopes)]", "for weight, slope in zip(weights[:3], slopes)]", "four arrays"),
        ("delta_h.sum(axis=0, keepdims=True)", "delta_h.sum()", "b_h"),
        ("    w_h, b_h, w_o, b_o = weights", "    w_h, b_h, w_o, b_o = weights\n    w_h -= 1", "have been changed"),
    ],
)
def test_a_wrong_replacement_is_told_why(right: str, wrong: str, why: str) -> None:
    assert why in changed("replace", right, wrong)


def test_nudging_is_right_but_refused() -> None:
    assert "feed_forward was called 14 times" in refused("replace", practice._NUDGE)


@pytest.mark.parametrize(
    ("name", "answer", "why"),
    [
        ("epsilon", "rule = 'forward'; epsilon = 1e-8", "does not reach 1e-9"),
        ("epsilon", "rule = 'central'; epsilon = 1e-2", "truncation"),
        ("epsilon", "rule = 'central'; epsilon = 1e-11", "rounding"),
        ("epsilon", "rule = 'best'; epsilon = 1e-11", "should be"),
        ("epsilon", "rule = 'central'; epsilon = 0", "between 0 and 1"),
        ("eta", "largest = 1.5; fastest = 1", "each step multiplies w by"),
        ("eta", "largest = 0.01; fastest = 1", "the limit is higher"),
        ("eta", "largest = -1; fastest = 1", "no learning rate"),
        ("dead", "dead = 3; bias = 1", "should be a list"),
        ("dead", "dead = []; bias = 1", "is dead: at"),
        ("dead", "dead = range(6); bias = 1", "is alive: at"),
    ],
)
def test_a_wrong_choice_is_told_why(name: str, answer: str, why: str) -> None:
    assert why in refused(name, answer)


def test_wrong_numbers_of_the_last_part_are_told_why() -> None:
    assert "can be smaller" in changed("eta", "fastest = 2 / (1 + ", "fastest = 1 / (1 + ")
    assert "does not arrive" in changed("eta", "fastest = 2 / (1 + ", "fastest = 3 / (1 + ")
    assert "is still dead" in re.sub(r"\s", " ", refused("dead", solution("dead").split("bias")[0] + "bias = -9"))
    shapes = solution("shapes")
    rows, columns = map(int, re.findall(r"\d+", shapes)[:2])
    assert "transposed" in changed("shapes", f"({rows}, {columns})", f"({columns}, {rows})")
    parameters = int(re.findall(r"parameters = (\d+)", shapes)[0])
    biases = columns + int(re.findall(r"\d+", shapes)[3])
    assert "left out the biases" in changed("shapes", f"= {parameters}", f"= {parameters - biases}")
    count = int(re.findall(r"multiplications = (\d+)", shapes)[0])
    assert "one example" in changed("shapes", f"= {count}", f"= {parameters - biases}")
    assert "does not have" in changed("shapes", f"= {parameters}", "= 1")
