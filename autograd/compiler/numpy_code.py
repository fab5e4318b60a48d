"""The NumPy back end: instructions become the source of Python functions that work in place on buffers of their own.

For each batch size, a workspace holds every array; buffers whose numbers are no longer needed are used again, and what
is to stand in a part of a larger array is calculated there.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..arrays import ARRAYS
from .instructions import AFTER, BEFORE, BODY, Array, Instruction
from .lowering import Lowered

_REDUCTIONS = {"sum_rows": "add.reduce({x}, 0, None, {out}, True)", "sum_columns": "add.reduce({x}, 1, None, {out}, True)",
               "largest_row": "maximum.reduce({x}, 0, None, {out}, True)"}  # fmt: skip


class Code:
    """Python source for a lowered program, and the function that makes a workspace from it."""

    def __init__(self, lowered: Lowered, constants: list[float]):
        self.lowered = lowered
        self.constants = np.array(constants, float).reshape(-1, 1)
        self.indices: list[Any] = []
        self.used = self._used()
        self.placed = self._placed()
        self.buffers: list[str] = []
        self.buffer_of: dict[Array, str] = {}
        self.bytes_per_example = 0
        self._allocate()
        self.source = self._write()
        environment: dict[str, Any] = {"np": np, "indices": self.indices, **_CALLS}
        exec(self.source, environment)
        self.make: Callable[[int], dict[str, Any]] = environment["make"]

    # What is needed, how often, and where

    def _roots(self) -> list[Array]:
        low = self.lowered
        roots = [low.outputs, *(array for array, _, _ in low.branches), low.gradient, *(array for array, _ in low.flow)]
        return [root for root in roots if isinstance(root, Array)]

    def _used(self) -> dict[Array, int]:
        """How often each array (not view) is read; what is missing is never needed."""
        count: dict[Array, int] = {}
        for root in self._roots():
            count[_root(root)] = 1
        for instruction in reversed(self.lowered.builder.instructions):
            if instruction.out in count:
                for array in _reads(instruction):
                    count[_root(array)] = count.get(_root(array), 0) + 1
        return count

    def _instructions(self) -> list[Instruction]:
        return [i for i in self.lowered.builder.instructions if i.out in self.used]

    def _placed(self) -> dict[Array, tuple[Array, str]]:
        """Results that are calculated where they will stand: a part of an assembled array."""
        placed: dict[Array, tuple[Array, str]] = {}
        outside = set(map(_root, self._roots()))
        for instruction in self._instructions():
            if instruction.call != "assemble" or _plan(instruction)[0]:
                continue
            for (where, array), fresh in zip(instruction.pieces, _plan(instruction)[1], strict=True):
                if not fresh or not isinstance(where, slice) or not isinstance(array, Array):
                    continue
                source = _root(array)
                shaped = array.suffix == ".reshape(-1, 1)" and not source.batch
                made = source.instruction
                if (
                    (array is source and source.columns == 1 or shaped)
                    and made is not None
                    and made.call != "assemble"
                    and self.used[source] == 1
                    and source not in outside
                    and not source.boolean
                    and not source.ones
                    and source.batch == instruction.out.batch
                    and source.section == instruction.out.section
                    and source.rows * source.columns == where.stop - where.start
                ):
                    shape = f".reshape({source.rows}, {source.columns})" if shaped else ""
                    placed[source] = instruction.out, f"[{where.start}:{where.stop}]{shape}"
        return placed

    def _allocate(self) -> None:
        """Give every result a buffer; within a section, one whose numbers have been read for the last time is free."""
        instructions = self._instructions()
        last: dict[Array, int] = {}
        for k, instruction in enumerate(instructions):
            for array in _reads(instruction):
                last[_root(array)] = k
        kept = set(map(_root, self._roots()))
        free: dict[Any, list[str]] = {}
        for k, instruction in enumerate(instructions):
            out = instruction.out
            if out in self.placed:
                continue
            shape = (out.rows + out.ones, out.batch, out.columns, out.boolean, out.section)
            alone = out.ones or instruction.call == "assemble" or out in kept or out.name.startswith("flow")
            if not alone and free.get(shape):
                self.buffer_of[out] = free[shape].pop()
            else:
                self.buffer_of[out] = self._buffer(out)
            for array in set(map(_root, _reads(instruction))):
                dies = last[array] == k and array.instruction is not None and array.section == out.section
                if dies and array in self.buffer_of and not array.ones and array not in kept:
                    if array.instruction is not None and array.instruction.call != "assemble":
                        shape = (array.rows, array.batch, array.columns, array.boolean, array.section)
                        free.setdefault(shape, []).append(self.buffer_of[array])

    def _buffer(self, out: Array) -> str:
        name = f"b{len(self.buffers)}"
        rows = out.rows + out.ones
        columns = "B" if out.batch else str(out.columns)
        kind = "bool" if out.boolean else "float"
        self.buffers.append(f"{name} = np.empty(({rows}, {columns}), {kind})")
        if out.ones:
            self.buffers.append(f"{name}[{out.rows}:] = 1.0")
        if out.batch:
            self.bytes_per_example += rows * (1 if out.boolean else 8)
        return name

    # Source

    def _write(self) -> str:
        low = self.lowered
        inputs, theta = low.inputs, low.theta
        self.bytes_per_example += 8 * inputs.rows
        lines = [f"inputs = np.ones((B, {inputs.rows})).T  # an example's numbers side by side: quick to fill"]
        lines += [f"theta = np.empty(({theta.rows}, 1))", "examples = np.empty((1, 1))"]
        lines += [f"constants = np.array({self.constants.tolist()!r}).reshape(-1, 1)"]
        flow_rows = sum(array.rows for array, _ in low.flow)
        lines += [f"flow = np.empty(({flow_rows}, 1))", *self.buffers]
        at = 0
        for array, _ in low.flow:
            lines.append(f"{array.name} = flow[{at}:{at + array.rows}]")
            at += array.rows
        bodies: dict[int, list[str]] = {BEFORE: [], BODY: [], AFTER: []}
        named: set[str] = {array.name for array, _ in low.flow}
        for instruction in self._instructions():
            if instruction.out not in self.placed:
                self._name(instruction.out, lines, named)
        for instruction in self._instructions():
            if instruction.out in self.placed:
                self._name(instruction.out, lines, named)
        for instruction in self._instructions():
            for array in _reads(instruction):
                self._name(array, lines, named)
            bodies[instruction.section] += self._call(instruction, lines, named)
        for root in self._roots():
            self._name(root, lines, named)
        for section, name in ((BEFORE, "before"), (BODY, "body"), (AFTER, "after")):
            lines += [f"def {name}():", *(f"    {line}" for line in bodies[section] or ["pass"])]
        text = "\n".join(f"    {line}" for line in lines)
        return f"def make(B):\n{text}\n    return locals()\n"

    def _name(self, array: Array, lines: list[str], named: set[str]) -> None:
        """Let the name of an array stand for its buffer, or its part of one, before the functions begin."""
        if array.name in named:
            return
        named.add(array.name)
        if array.base is not None:
            self._name(array.base, lines, named)
            whole = self._whole(array.base)
            lines.append(f"{array.name} = {whole}{array.suffix}")
        elif array in self.placed:
            target, suffix = self.placed[array]
            self._name(target, lines, named)
            lines.append(f"{array.name} = {target.name}{suffix}")
        elif array in self.buffer_of:
            lines.append(f"{array.name} = {self.buffer_of[array]}" + (f"[:{array.rows}]" if array.ones else ""))

    def _whole(self, base: Array) -> str:
        """The buffer of an array, its row of ones included."""
        if base.ones and base in self.buffer_of:
            return self.buffer_of[base]
        return base.name

    def _text(self, x: Any) -> str:
        if isinstance(x, Array):
            return x.name
        return f"float('{x}')" if x != x or x in (float("inf"), -float("inf")) else repr(float(x))

    def _call(self, instruction: Instruction, lines: list[str], named: set[str]) -> list[str]:
        call, out = instruction.call, instruction.out.name
        arguments = list(map(self._text, instruction.arguments[:1] if call == "take_rows" else instruction.arguments))
        if call == "assemble":
            return self._assemble(instruction, lines, named)
        if call in _REDUCTIONS:
            return [_REDUCTIONS[call].format(x=arguments[0], out=out)]
        if call == "copy":
            return [f"copyto({out}, {arguments[0]})"]
        if call == "where":
            return [f"copyto({out}, where({', '.join(arguments)}))"]
        if call == "take_rows":
            return [f"np.take({arguments[0]}, {self._index(instruction.arguments[1])}, 0, {out}, 'clip')"]
        return [f"{call}({', '.join([*arguments, out])})"]

    def _index(self, rows: Iterable[int]) -> str:
        self.indices.append(np.array(list(rows), np.intp))
        return f"indices[{len(self.indices) - 1}]"

    def _assemble(self, instruction: Instruction, lines: list[str], named: set[str]) -> list[str]:
        fill, freshness = _plan(instruction)
        out = instruction.out
        result = [f"{out.name}.fill(0.0)"] if fill else []
        for (where, array), fresh in zip(instruction.pieces, freshness, strict=True):
            if isinstance(array, Array) and _root(array) in self.placed and self.placed[_root(array)][0] is out:
                continue
            text = self._text(array)
            if isinstance(where, slice):
                part = out.rows_from(where.start, where.stop)
                self._name(part, lines, named)
                name = part.name
                result.append(f"copyto({name}, {text})" if fresh else f"add({name}, {text}, {name})")
            else:
                index = self._index(where)
                if len(set(where)) < len(where):
                    result.append(f"add.at({out.name}, {index}, {text})")
                else:
                    result.append(f"{out.name}[{index}] {'=' if fresh else '+='} {text}")
        return result


def _plan(instruction: Instruction) -> tuple[bool, list[bool]]:
    """Whether to start from zeros, and for each piece whether it is the first on its rows (and so need not be added)."""
    covered: set[int] = set()
    freshness = []
    for where, _ in instruction.pieces:
        rows = list(range(where.start, where.stop)) if isinstance(where, slice) else list(where)
        fresh = covered.isdisjoint(rows) and len(set(rows)) == len(rows)
        freshness.append(fresh)
        if fresh:
            covered.update(rows)
    return len(covered) < instruction.out.rows, freshness


def _root(array: Array) -> Array:
    return array if array.base is None else array.base


def _reads(instruction: Instruction) -> list[Array]:
    arguments: list[Any] = [*instruction.arguments, *(array for _, array in instruction.pieces)]
    return [a for a in arguments if isinstance(a, Array)]


def _take(x: Any, index: Any, out: Any) -> None:
    rows = index[0].astype(np.intp)
    if not ((rows == index[0]) & (rows >= 0) & (rows < len(x))).all():
        raise IndexError
    out[0] = x[rows, np.arange(x.shape[1]) if len(rows) > 1 else 0]


def _positions(out: Any) -> None:
    out[:, 0] = np.arange(len(out))


def _elementwise(name: str) -> Callable[[Any, Any], None]:
    function = getattr(ARRAYS, name)

    def apply(x: Any, out: Any) -> None:
        out[...] = function(x)

    return apply


_NAMES = (
    "add subtract multiply divide square power negative less less_equal not_equal maximum minimum absolute matmul where "
    "copyto exp expm1 log log1p sqrt sin cos tan sinh cosh tanh arcsin arccos arctan"
)
_CALLS = {name: getattr(np, name) for name in _NAMES.split()} | {
    "take": _take,
    "positions": _positions,
    "erf": _elementwise("erf"),
    "erfc": _elementwise("erfc"),
}
