"""Number by number: neighbouring instructions over the same rows are one loop."""

from collections.abc import Callable
from functools import partial
from operator import add, le, lt, mul, neg, sub, truediv

from ...instructions.array import Array, Instruction
from ...instructions.lowering import Lowered
from ...instructions.plan import Step
from ...program.blocks import Program
from . import numbers
from .functions import Functions, Symbol
from .fusion import step_shape
from .layout import Layout
from .lines import Kind, Whole
from .numbers import C_NAMES, Number

_FUNCTIONS = [name for name in C_NAMES if name != "power"]
_MAPS: dict[str, Callable[..., Number]] = {
    "add": add, "subtract": sub, "multiply": mul, "divide": truediv, "negative": neg, "square": lambda x: x * x,
    "less": lt, "less_equal": le, "not_equal": lambda x, y: x.compare("une", y), "real": lambda x: x.real(),
    "abs": abs, "sqrt": numbers.sqrt, "where": numbers.where,
    "maximum": numbers.maximum, "minimum": numbers.minimum,
}  # fmt: skip


class Maps(Layout):
    """Writes loops whose bodies are rules of the table."""

    def __init__(self, program: Program, lowered: Lowered, kind: Kind, symbol: Symbol):
        super().__init__(program, lowered, kind)
        self.functions = Functions(symbol)
        self.calls: dict[str, Callable[..., Number]] = {
            **_MAPS,
            **{name: partial(self.functions, C_NAMES[name]) for name in _FUNCTIONS},
            "power": partial(numbers.power, library=self.functions),
        }

    def _map(self, step: Step) -> None:
        """Number by number."""
        found = step_shape(step[0])
        assert found is not None
        rows, batch = found
        if not batch:
            self._map_once(step, rows)
        elif rows == 1:
            self._map_row(step, 0)
        else:
            with self.t.loop(rows) as r:
                self._map_row(step, r)

    def _map_row(self, step: Step, r: Whole) -> None:
        """A row, vector by vector of its examples."""
        t = self.t
        made = {i.out for i in step}
        places: dict[Array, str] = {}
        values: dict[Array, Number] = {}
        for x in (x for i in step for x in i.arguments):
            if isinstance(x, Array) and x not in made and x not in places and x not in values:
                place = self._row(x, r)
                if x.batch:
                    places[x] = place
                else:
                    values[x] = Number(t, t.splat(t.load(place, self.kind.scalar)))
        targets = {i.out: self._row(i.out, r) for i in step if i.out.batch and i.out not in self.plan.passing}
        sums = {i: t.slot(self.kind.vector) for i in step if i.call == "sum_examples"}
        for slot in sums.values():
            t.store("zeroinitializer", slot)
        with t.loop(self.whole, 0, self.kind.lanes) as e:
            inner = dict(values)
            for i in step:
                for x in i.arguments:
                    if isinstance(x, Array) and x in places and x not in inner:
                        inner[x] = Number(t, t.load(t.at(places[x], e)))
                if i in sums:
                    x = inner[i.arguments[0]].real()
                    t.store(t.arithmetic("fadd", t.load(sums[i]), x.name), sums[i])
                    continue
                inner[i.out] = self._value(i, inner)
                if i.out in targets:
                    t.store(inner[i.out].real().name, t.at(targets[i.out], e))
        for i, slot in sums.items():
            place = self._row(i.out, r)
            old = t.new(
                f"select i1 {self.later}, {self.kind.scalar} {t.load(place, self.kind.scalar)}, {self.kind.scalar} 0.0"
            )
            total = t.sum_of_lanes(t.load(slot))
            t.store(t.new(f"fadd {self.kind.scalar} {old}, {total}"), place, self.kind.scalar)

    def _map_once(self, step: Step, rows: int) -> None:
        """Numbers that are the same for all examples."""
        t, theta = self.t, self.lowered.theta
        made = {i.out for i in step}
        values: dict[Array, Number] = {}
        places: dict[Array, str] = {}
        for x in (x for i in step for x in i.arguments):
            if isinstance(x, Array) and x not in made and x not in places and x not in values:
                place, stride, _ = self._pointer(x)
                assert x.rows == 1 or stride == 1
                if x.rows == 1:
                    values[x] = Number(t, t.splat(t.load(place, self.kind.scalar)))
                else:
                    places[x] = place
        targets = {i.out: self._pointer(i.out)[0] for i in step if i.out not in self.plan.passing}
        exact = any(x.root is theta for x in places) or any(out in self.plan.placed for out in targets)
        for k, mask in self._vectors(rows, exact):
            for x, place in places.items():
                values[x] = Number(t, self._get(t.at(place, k), mask))
            for i in step:
                values[i.out] = self._value(i, values)
                if i.out in targets:
                    self._set(values[i.out].real().name, t.at(targets[i.out], k), mask)

    def _value(self, i: Instruction, values: dict[Array, Number]) -> Number:
        arguments = [values[x] if isinstance(x, Array) else float(x) for x in i.arguments]
        return self.calls[i.call](*arguments)
