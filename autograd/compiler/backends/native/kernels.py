"""Matrix products as machine code, for any strides: compiled once for each type, called by their names.

The forward product, the gradient of its inputs and that of its weights are two functions: ``C = A B``, where a row of B
or C is a row of neighbouring examples (`product`), and ``G = D H'``, a sum over the examples (`outer`). Both hold a
block of sums in registers while a long loop adds to them (Goto and van de Geijn 2008). `transpose` brings the numbers
of the user's examples into such rows.
"""

from collections.abc import Sequence
from functools import cache
from itertools import product as pairs
from typing import NamedTuple

from .lines import Kind, Lines
from .machine import Machine, machine, publish

_PRODUCT = "ptr noalias %c, i64 %cs, ptr noalias %a, i64 %am, i64 %ap, ptr noalias %b, i64 %bs"
_OUTER = "ptr noalias %g, i64 %gs, ptr noalias %d, i64 %ds, ptr noalias %h, i64 %hs"
_PIECE = 128  # the longest sum between two stores
_PANEL = 8  # rows whose numbers for a tile stay in the first-level cache


class Blocks(NamedTuple):
    """Sums that are held in registers: so many rows, and for each so many vectors or, of `outer`, columns."""

    rows: Sequence[int]
    vectors: Sequence[int]
    columns: Sequence[int]


def blocks(kind: Kind) -> Blocks:
    """What fits the 32 registers of processors whose vectors have 64 bytes, and the 16 of others."""
    wide = kind.lanes * kind.size >= 64
    return Blocks((4, 2, 1), (4, 2, 1) if wide else (3, 2, 1), (4, 2, 1) if wide else (3, 2, 1))


_ARGUMENTS = {
    "product": "ptr, i64, ptr, i64, i64, ptr, i64, i64, i64, i64, i1",
    "outer": "ptr, i64, ptr, i64, ptr, i64, i64, i64, i64, i1",
    "transpose": "ptr, i64, ptr, i64, i64, i64",
}


def kernel(name: str, kind: Kind, declared: dict[str, str]) -> str:
    """What compiled code calls `product`, `outer` or `transpose` for numbers of this kind; it is declared."""
    full = f"chainrule_{name}_{kind.suffix}"
    _provide(kind)
    declared[full] = f"declare void @{full}({_ARGUMENTS[name]})"
    return full


@cache
def _provide(kind: Kind) -> Machine:
    made = machine(library(kind))
    for name in _ARGUMENTS:
        publish(f"chainrule_{name}_{kind.suffix}", made.address_of(name))
    return made


def library(kind: Kind) -> str:
    """The text of the three."""
    declared: dict[str, str] = {}
    sizes = blocks(kind)
    functions = [_micro(kind, declared, *block) for block in pairs(sizes.rows, sizes.vectors)]
    functions += [_inner(kind, declared, *block) for block in pairs(sizes.rows, sizes.columns)]
    functions += [_product(kind, declared), _outer(kind, declared), _transpose(kind, declared)]
    return "\n\n".join([*functions, *declared.values()]) + "\n"


def _micro(kind: Kind, declared: dict[str, str], rows: int, vectors: int) -> str:
    """C[rows, vectors] = (add ? C : 0) + the sum over p of A[m, p] * B[p, v]."""
    t = Lines(kind, declared)
    sums = {(i, j): t.slot(kind.vector) for i, j in pairs(range(rows), range(vectors))}
    places = {(i, j): t.at(t.row("%c", "%cs", i), j * kind.lanes) for i, j in sums}
    lines = [t.row("%a", "%am", i) for i in range(rows)]
    for slot in sums.values():
        t.store("zeroinitializer", slot)
    with t.when("%add"):
        for cell, slot in sums.items():
            t.store(t.load(places[cell]), slot)
    with t.loop("%P") as p:
        offset, line = t.times("%ap", p), t.row("%b", "%bs", p)
        b = [t.load(t.at(line, j * kind.lanes)) for j in range(vectors)]
        for i in range(rows):
            a = t.splat(t.load(t.at(lines[i], offset), kind.scalar))
            for j in range(vectors):
                t.store(t.intrinsic("fmuladd", a, b[j], t.load(sums[i, j])), sums[i, j])
    for cell, slot in sums.items():
        t.store(t.load(slot), places[cell])
    return t.function(f"internal void @micro_{rows}_{vectors}({_PRODUCT}, i64 %P, i1 %add)")


def _product(kind: Kind, declared: dict[str, str]) -> str:
    """C[M, N] for N whole vectors, the sum over P in pieces; a panel of B stays in the cache while rows of A pass."""
    t, sizes = Lines(kind, declared), blocks(kind)
    with t.loop(t.new(f"add i64 %P, {_PIECE - 1}"), 0, _PIECE) as p:
        length = _least(t, t.new(f"sub i64 %P, {p}"), _PIECE)
        add = t.new(f"or i1 %add, {t.new(f'icmp ne i64 {p}, 0')}")
        a, b = t.row("%a", "%ap", p), t.row("%b", "%bs", p)
        for vectors, n in t.pieces("%N", sizes.vectors, kind.lanes):
            for rows, m in t.pieces("%M", sizes.rows):
                c = t.at(t.row("%c", "%cs", m), n)
                t.line(
                    f"call void @micro_{rows}_{vectors}(ptr {c}, i64 %cs, ptr {t.row(a, '%am', m)}, i64 %am, i64 %ap, "
                    f"ptr {t.at(b, n)}, i64 %bs, i64 {length}, i1 {add})"
                )
    return t.function(f"void @product({_PRODUCT}, i64 %M, i64 %P, i64 %N, i1 %add)")


def _inner(kind: Kind, declared: dict[str, str], rows: int, columns: int) -> str:
    """G[rows, columns] = (add ? G : 0) + the sum over examples of D[m, e] * H[c, e], lanes added at the end."""
    t = Lines(kind, declared)
    sums = {(i, j): t.slot(kind.vector) for i, j in pairs(range(rows), range(columns))}
    for slot in sums.values():
        t.store("zeroinitializer", slot)
    d, h = [t.row("%d", "%ds", i) for i in range(rows)], [t.row("%h", "%hs", j) for j in range(columns)]
    with t.loop("%P", 0, kind.lanes) as p:
        y = [t.load(t.at(line, p)) for line in h]
        for i in range(rows):
            x = t.load(t.at(d[i], p))
            for j in range(columns):
                t.store(t.intrinsic("fmuladd", x, y[j], t.load(sums[i, j])), sums[i, j])
    for i, (first, count) in pairs(range(rows), _powers_of_two(columns)):
        total, type_ = _folded(t, [t.load(sums[i, j]) for j in range(first, first + count)])
        place = t.at(t.row("%g", "%gs", i), first)
        old = t.new(f"select i1 %add, {type_} {t.load(place, type_)}, {type_} zeroinitializer")
        t.store(t.new(f"fadd {type_} {old}, {total}"), place, type_)
    return t.function(f"internal void @inner_{rows}_{columns}({_OUTER}, i64 %P, i1 %add)")


def _outer(kind: Kind, declared: dict[str, str]) -> str:
    """G[M, C], a sum over P examples, whole vectors of them; a panel of D stays in the cache while rows of H pass."""
    t, sizes = Lines(kind, declared), blocks(kind)
    with t.loop(t.new(f"add i64 %M, {_PANEL - 1}"), 0, _PANEL) as first:
        height = _least(t, t.new(f"sub i64 %M, {first}"), _PANEL)
        d, g = t.row("%d", "%ds", first), t.row("%g", "%gs", first)
        for columns, c in t.pieces("%C", sizes.columns):
            for rows, m in t.pieces(height, sizes.rows):
                t.line(
                    f"call void @inner_{rows}_{columns}(ptr {t.at(t.row(g, '%gs', m), c)}, i64 %gs, "
                    f"ptr {t.row(d, '%ds', m)}, i64 %ds, ptr {t.row('%h', '%hs', c)}, i64 %hs, i64 %P, i1 %add)"
                )
    return t.function(f"void @outer({_OUTER}, i64 %M, i64 %C, i64 %P, i1 %add)")


def _least(t: Lines, x: str, y: int) -> str:
    t.declare("i64", "llvm.smin.i64", "i64", "i64")
    return t.new(f"call i64 @llvm.smin.i64(i64 {x}, i64 {y})")


def _halves(lanes: int, width: int) -> tuple[list[int], list[int]]:
    """Which lanes of two vectors to take when they exchange blocks of `width` lanes."""
    low = [i - width + lanes if i & width else i for i in range(lanes)]
    return low, [i + lanes if i & width else i + width for i in range(lanes)]


def _powers_of_two(count: int) -> list[tuple[int, int]]:
    """`count` things in groups, each a power of two: the first of the group, and how many it has."""
    groups, first = [], 0
    while first < count:
        size = 1 << ((count - first).bit_length() - 1)
        groups.append((first, size))
        first += size
    return groups


def _folded(t: Lines, vectors: list[str]) -> tuple[str, str]:
    """The sums of the lanes of 4 vectors as one vector of 4 (of 2 as one of 2, of one as a vector of 1); its type."""
    lanes, scalar, width = t.kind.lanes, t.kind.scalar, 1
    while lanes > len(vectors):
        wide, lanes = f"<{lanes} x {scalar}>", lanes // 2
        halves = [[t.shuffle(v, "poison", wide, range(k, k + lanes)) for k in (0, lanes)] for v in vectors]
        vectors = [t.new(f"fadd <{lanes} x {scalar}> {low}, {high}") for low, high in halves]
    type_ = f"<{lanes} x {scalar}>"
    while len(vectors) > 1:
        low, high = _halves(lanes, width)
        vectors = [
            t.new(f"fadd {type_} {t.shuffle(x, y, type_, low)}, {t.shuffle(x, y, type_, high)}")
            for x, y in zip(vectors[::2], vectors[1::2], strict=True)
        ]
        width *= 2
    return vectors[0], type_


def _transpose(kind: Kind, declared: dict[str, str]) -> str:
    """T[c, r] = S[r, c]: squares in registers, what is left number by number."""
    side = min(kind.lanes, 8)
    t, type_ = Lines(kind, declared), f"<{side} x {kind.scalar}>"
    for rows, r in t.pieces("%R", (side, 1)):
        for columns, c in t.pieces("%C", (side, 1)):
            source, target = t.at(t.row("%s", "%ss", r), c), t.at(t.row("%t", "%ts", c), r)
            if rows == columns == side:
                v = [t.load(t.row(source, "%ss", i), type_) for i in range(side)]
                for width in [1 << k for k in range(side.bit_length() - 1)]:
                    halves = _halves(side, width)
                    v = [t.shuffle(v[i & ~width], v[i | width], type_, halves[bool(i & width)]) for i in range(side)]
                for i in range(side):
                    t.store(v[i], t.row(target, "%ts", i), type_)
                continue
            for i, j in pairs(range(rows), range(columns)):
                number = t.load(t.at(t.row(source, "%ss", i), j), kind.scalar)
                t.store(number, t.at(t.row(target, "%ts", j), i), kind.scalar)
    head = "void @transpose(ptr noalias %t, i64 %ts, ptr noalias %s, i64 %ss, i64 %R, i64 %C)"
    return t.function(head)
