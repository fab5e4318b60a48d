"""Why a graph does not learn: values that are not finite, units that pass no gradient on, gradients that vanish.

`diagnose` walks through the graph once forward and once backward and says in sentences what it found. It reads what was
recorded and changes nothing, so it may be called in the middle of training.
"""

import math
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import NamedTuple

from ..engine.backward import gradients, topological_order
from ..engine.errors import require_value
from ..engine.value import Value
from ..notation.equations import Equations
from ..notation.names import Names
from ..notation.symbols import short_number
from .report import Report

# A sigmoid or tanh is saturated where its derivative is below this part of the largest that it has anywhere.
SATURATED = 0.01
_STEEPEST = {"sigmoid": 0.25, "tanh": 1.0}
# Gradients vanish or explode where the largest at some depth is below or above this many times that of the output.
VANISHED, EXPLODED = 1e-6, 1e6
_SHOWN = 4  # operands, or nodes at each end of a path, that a sentence names


class Finding(NamedTuple):
    """One thing that is wrong: its `kind`, the `nodes` concerned (the first or the worst of them first), its `text`.

    The kinds are "not finite", "saturated", "dead", "vanishing" and "exploding".
    """

    kind: str
    nodes: tuple[Value, ...]
    text: str

    @property
    def ok(self) -> bool:
        """A finding never is."""
        return False

    def cells(self) -> tuple[str]:
        """What the report shows."""
        return (self.text,)

    def __str__(self) -> str:
        return self.text


class Diagnosis(Report[Finding]):
    """What `diagnose` found, the worst kind first: a sequence of findings that prints as sentences.

    It is empty, and so false, where the graph is healthy. `gradient_by_depth` holds the largest size of a gradient at
    each depth (empty where a value is not finite); the depth of a node is the number of operations on the longest path
    from it to the output.
    """

    def __init__(self, findings: Iterable[Finding], gradient_by_depth: Sequence[float], size: int):
        super().__init__(findings)
        self.gradient_by_depth, self._size = tuple(gradient_by_depth), size

    def __bool__(self) -> bool:
        return len(self) > 0

    def __str__(self) -> str:
        return "\n".join(map(str, self)) or self.summary()

    def summary(self) -> str:
        """What is said where nothing was found."""
        return (
            f"Healthy, {self._size} node{'s' if self._size > 1 else ''}: values and gradients are finite, no "
            "sigmoid or tanh is saturated, no ReLU is dead, and gradients neither vanish nor explode."
        )


def diagnose(output: Value) -> Diagnosis:
    """Find what keeps the graph behind `output`, usually a loss, from learning.

    Arguments:
        output: the Value at the end of the graph.

    Returns a `Diagnosis`, which holds findings of these kinds:

    - "not finite": the first value that is infinite or NaN although its operands are finite, with those operands and
      the path from it to the output; or the edge on which the gradient became infinite or NaN.
    - "saturated": sigmoid and tanh nodes whose derivative is below a hundredth of its maximum (1/4 and 1): beyond ±6
      and ±3.
    - "dead": ReLUs that pass no gradient on. Nodes made in scopes of one name, such as a neuron at every example of a
      batch, are one unit, which is dead where all of its nodes are.
    - "vanishing", "exploding": the largest gradient at some depth is below 1e-6, or above 1e6, times the output's own.

    Raises TypeError when `output` is not a Value.

    >>> x = Value(1e200, "x")
    >>> print(diagnose(x * x + 1))
    Not finite: v1 = x·x = inf is the first value that is not finite; its operands are x = 1e+200 and x = 1e+200.
    It reaches the output through v1 → f. ...
    >>> not diagnose(Value(2.0, "x").tanh())  # nothing found
    True
    """
    require_value("output", output)
    order = topological_order(output)
    search = _Search(order)
    findings = [*search.not_finite(), *search.saturated(), *search.dead()]
    by_depth: list[float] = []
    if not any(finding.kind == "not finite" for finding in findings):
        try:
            total = gradients(output, _leaves(order), 1.0)
        except ValueError as error:
            findings.insert(0, Finding("not finite", (output,), f"Not finite: {error}."))
        else:
            findings = [*search.infinite_gradient(total), *findings]
            by_depth, at_depth = _by_depth(order, total)
            findings += search.sizes(by_depth, at_depth)
    return Diagnosis(findings, by_depth, len(order))


def _leaves(order: Iterable[Value]) -> list[Value]:
    return [node for node in order if node.requires_grad and not node.parents]


def _by_depth(order: Sequence[Value], total: dict[Value, float]) -> tuple[list[float], list[Value]]:
    """The largest size of a gradient at each depth, and the node that has it."""
    depth: dict[Value, int] = {}
    sizes: list[float] = []
    nodes: list[Value] = []
    for node in reversed(order):
        if node not in total:
            continue
        here = depth.setdefault(node, 0)
        if here == len(sizes):
            sizes.append(-1.0)
            nodes.append(node)
        if abs(total[node]) > sizes[here]:
            sizes[here], nodes[here] = abs(total[node]), node
        for parent in node.parents:
            if parent in total:
                depth[parent] = max(depth.get(parent, 0), here + 1)
    return sizes, nodes


class _Search:
    """Finds one kind of trouble after another in a graph and describes it."""

    def __init__(self, order: Sequence[Value]):
        self.order, self.output = order, order[-1]
        self.equations = Equations(Names(order))

    def not_finite(self) -> Iterator[Finding]:
        for node in self.order:
            if not math.isfinite(node.data):  # the first one: its parents come before it and are finite
                path = self._path_to_output(node)
                way = (
                    "It is the output." if node is self.output else f"It reaches the output through {self._path(path)}."
                )
                equation = self._equation(node)
                if node.parents:
                    what = f"is the first value that is not finite; its operands are {self._operands(node)}"
                    advice = (
                        "Make its operands smaller: scale the inputs, lower the learning rate or clip the gradient."
                    )
                else:
                    what = "was given: it is a leaf" if node.requires_grad else "was given as a plain number"
                    advice = "Find out where this number comes from."
                yield Finding("not finite", (node, *path[1:]), f"Not finite: {equation} {what}. {way} {advice}")
                return

    def saturated(self) -> Iterator[Finding]:
        for op, steepest in _STEEPEST.items():
            nodes = [node for node in self.order if node.op == op and math.isfinite(node.data)]
            stuck = [node for node in nodes if abs(node.local_grads[0]) < SATURATED * steepest]
            if stuck:
                stuck.sort(key=lambda node: -abs(node.parents[0].data))
                worst = stuck[0]
                yield Finding(
                    "saturated",
                    tuple(stuck),
                    f"Saturated: {_of(stuck, nodes, op, 'the worst')} {self._equation(worst)}, where "
                    f"{self._assignment(worst.parents[0])}. Its derivative {short_number(worst.local_grads[0])} "
                    "passes hardly any gradient on. Standardise the inputs or begin with smaller weights.",
                )

    def dead(self) -> Iterator[Finding]:
        nodes = [node for node in self.order if node.op == "relu"]
        # Where a model names its parts, a ReLU outside of them belongs to the loss, such as the hinge.
        nodes = [node for node in nodes if node.scope is not None] or nodes
        units: dict[object, list[Value]] = {}
        for node in nodes:
            units.setdefault(node if node.scope is None else node.scope.path, []).append(node)
        dead = [unit for unit in units.values() if all(node.local_grads[0] == 0.0 for node in unit)]
        if dead:
            first, times = dead[0][0], len(dead[0])
            if times > 1:
                when = f"its operand is above 0 in none of its {times} places in the graph"
                caution = ""
            else:
                when = f"its operand {self._assignment(first.parents[0])} is not above 0"
                caution = " For a single example that is normal: look at the loss of a whole batch."
            yield Finding(
                "dead",
                tuple(node for unit in dead for node in unit),
                f"Dead: {_of(dead, units, 'ReLU', 'the first')} {self._equation(first)}: {when}, so no gradient passes "
                f"and the weights before it do not move.{caution} Lower the learning rate or use leaky_relu.",
            )

    def infinite_gradient(self, total: dict[Value, float]) -> Iterator[Finding]:
        for node in reversed(self.order):
            for parent, local in zip(node.parents, node.local_grads, strict=True):
                if node in total and parent in total and math.isinf(total[parent]) and math.isfinite(total[node]):
                    yield Finding(
                        "not finite",
                        (parent, node),
                        f"Not finite: the gradient of {self._assignment(parent)} is {total[parent]}. It becomes so at "
                        f"{self._equation(node)}, whose gradient is {short_number(total[node])} and whose local "
                        f"derivative is {short_number(local)}. "
                        "Keep the operand away from this point.",
                    )
                    return

    def sizes(self, by_depth: Sequence[float], at_depth: Sequence[Value]) -> Iterator[Finding]:
        reached = [depth for depth, size in enumerate(by_depth) if 0.0 < size < math.inf]
        if not reached or by_depth[0] == 0.0:
            return
        deepest, steepest = reached[-1], max(reached, key=lambda depth: by_depth[depth])
        beyond = " Beyond that it is 0." if deepest < len(by_depth) - 1 else ""
        for kind, verb, depth, advice in (
            ("vanishing", "vanishes", deepest, "Use relu or tanh in place of sigmoid, larger weights or fewer layers."),
            ("exploding", "explodes", steepest, "Begin with smaller weights, or clip the gradient before the step."),
        ):
            ratio = by_depth[depth] / by_depth[0]
            if (kind == "vanishing" and ratio < VANISHED) or (kind == "exploding" and ratio > EXPLODED):
                stops = sorted({round(depth * k / 4) for k in range(5)})
                trail = ", ".join(f"{short_number(by_depth[d], 2)} at depth {d}" for d in stops)
                yield Finding(
                    kind,
                    (at_depth[depth],),
                    f"{kind.capitalize()}: the gradient {verb} on its way back. The largest at each depth: {trail} "
                    f"(node {self._name(at_depth[depth])}).{beyond if kind == 'vanishing' else ''} {advice}",
                )

    def _path_to_output(self, start: Value) -> list[Value]:
        """The nodes of a shortest path from `start` to the output."""
        distance, through = {start: 0}, dict[Value, Value]()
        for node in self.order:
            reached = [parent for parent in node.parents if parent in distance]
            if reached and node is not start:
                through[node] = nearest = min(reached, key=distance.__getitem__)
                distance[node] = distance[nearest] + 1
        path = [self.output]
        while path[-1] is not start:
            path.append(through[path[-1]])
        return path[::-1]

    def _path(self, nodes: Sequence[Value]) -> str:
        names = [self._name(node) for node in nodes]
        if len(names) > 2 * _SHOWN + 1:
            names[_SHOWN:-_SHOWN] = [f"… {len(names) - 2 * _SHOWN} more …"]
        return " → ".join(names)

    def _operands(self, node: Value) -> str:
        parents: Sequence[Value] = node.parents
        if len(parents) > _SHOWN:
            parents = sorted(parents, key=lambda parent: -abs(parent.data))[:_SHOWN]
        named = [self._assignment(parent) for parent in parents]
        if len(parents) < len(node.parents):
            return f"{', '.join(named)} and {len(node.parents) - len(parents)} smaller ones"
        return " and ".join(named) if len(named) < 3 else f"{', '.join(named[:-1])} and {named[-1]}"

    def _equation(self, node: Value) -> str:
        name, value = self._name(node), short_number(node.data)
        place = f" (in {'.'.join(node.scope.path)})" if node.scope else ""
        if not node.parents:
            return f"{name} = {value}{place}" if name != value else f"{value}{place}"
        equation = self.equations.equation(node)
        return f"{name} = {equation} = {value}{place}"

    def _name(self, node: Value) -> str:
        return self.equations.name(node).text

    def _assignment(self, node: Value) -> str:
        return f"{self._name(node)} = {short_number(node.data)}" if node.requires_grad else short_number(node.data)


def _of(found: Sized, among: Sized, what: str, which: str) -> str:
    if len(among) == 1:
        return f"the only {what},"
    units = "units" if what == "ReLU" else "nodes"
    return f"{len(found)} of {len(among)} {what} {units}, {which if len(found) > 1 else 'namely'}"
