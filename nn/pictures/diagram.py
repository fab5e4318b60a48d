"""The network diagram of the textbooks: a column of circles a layer, a line a weight.

A line's width is the size of its weight; its colour and dashes show the sign, in grey too. Wide layers
are shortened and only the largest weights drawn, because a picture of ten thousand lines shows nothing.
"""

import html
import os
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from autograd import messages

from ..activations import Activation
from ..layers import Layer, Neuron
from ..module import Module
from ..regularization import Dropout, LayerNorm
from ..structure import chain, neurons

_CIRCLE, _ROW = 13, 36  # radius and distance of circles, in pixels
_LINE, _LETTER = 15, 6.2  # height of a line of text, width of a letter
_COLUMN, _MARGIN, _TOP = 170, 70, 30  # distance of columns, and to the borders
_MOST_CIRCLES = 10  # in a column, the ellipsis among them
_POSITIVE, _NEGATIVE = "#0072b2", "#d55e00"  # of Okabe and Ito: which the colour-blind can distinguish
_STYLE = f"""<style>
text {{ font: 11px sans-serif; text-anchor: middle; fill: #222 }}
.title {{ font-weight: bold }}
circle {{ fill: #f4f4f4; stroke: #333; stroke-width: 1.2 }}
.more {{ font-size: 18px }}
.positive {{ stroke: {_POSITIVE} }}
.negative {{ stroke: {_NEGATIVE}; stroke-dasharray: 6 3 }}
</style>"""


# Characters that XML cannot hold: most control characters, halves of pairs (surrogates), U+FFFE and U+FFFF.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Diagram:
    """A picture as SVG text: `svg`, `save(path)`; a notebook shows it."""

    def __init__(self, svg: str):
        self.svg = svg

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file whose name ends in ``.svg``; ValueError for another ending."""
        if not os.fspath(path).lower().endswith(".svg"):
            raise ValueError(f"the diagram of a network is saved as .svg, got {os.fspath(path)!r}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.svg)

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        title = re.search("<title>(.*?)</title>", self.svg, re.DOTALL)
        return f"<Diagram of {html.unescape(title[1])}>" if title else "<Diagram>"


class _Column(NamedTuple):
    """One layer, what is written below it, and the heights of its circles by number of the unit."""

    notes: list[str]
    layer: Layer | Neuron | None  # None for the inputs
    x: float
    heights: dict[int | None, float]  # that of None is the ellipsis, where units are left out


class _Line(NamedTuple):
    """One weight."""

    weight: float
    name: str
    ends: tuple[float, float, float, float]  # x1, y1, x2, y2


def draw(model: Module, max_edges: int = 250) -> Diagram:
    """The diagram of a network: its layers from left to right, its weights as lines between.

    Arguments:
        model: an `MLP`, a `Sequential` of layers, a `Layer` or a `Neuron`.
        max_edges: of the weights between the circles shown, so many are drawn, the largest first.

    A line's width is its weight's size in proportion to the largest of the model; positive ones are solid and blue,
    negative ones dashed and orange. Of layers wider than ten, the first and last units are shown. Where a browser shows
    the picture, pointing at a line or a circle shows its name and number. Its words are English or Chinese, as
    `autograd.messages.language` says. Raises TypeError for a model of another kind.

    >>> from nn import MLP
    >>> diagram = draw(MLP(2, [3, 1], seed=0))
    >>> diagram
    <Diagram of MLP(2, [3, 1], activation='relu', output_activation='linear')>
    >>> diagram.svg.count("<line")
    9
    """
    columns = _columns(model)
    lines = [line for before, column in pairwise(columns) for line in _lines(before, column)]
    shown = sorted(lines, key=lambda line: -abs(line.weight))[:max_edges]
    weights = sum(len(neuron.w) for column in columns if column.layer for neuron in neurons(column.layer))
    legend = messages.word("width: size of a weight · solid: positive · dashed: negative")
    if len(shown) < weights:
        legend = f"{messages.word('{k} of {n} weights', k=len(shown), n=weights)} · {legend}"
    foot = max(max(column.heights.values()) for column in columns) + _ROW
    drawn = columns[-1].x + _MARGIN
    width = max(drawn, _LETTER * messages.columns(legend))
    height = foot + _LINE * (1 + max(len(column.notes) for column in columns))
    title = escape(repr(model))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}"'
        f' height="{height:g}" style="max-width:100%;height:auto" role="img" aria-label="{title}">',
        f"<title>{title}</title>",
        _STYLE,
        f'<rect width="{width:g}" height="{height:g}" fill="white"/>',
        f'<g transform="translate({(width - drawn) / 2:g})">',
        *_drawn(shown),
        *(part for column in columns for part in _circles(column, foot)),
        "</g>",
        _text(width / 2, height - 10, legend),
        "</svg>",
    ]
    return Diagram("\n".join(parts) + "\n")


def _columns(model: Module) -> list[_Column]:
    links = chain(model) if isinstance(model, Module) else None
    layers = [link for link in links or () if isinstance(link, (Layer, Neuron))]
    if not links or not layers:
        raise TypeError(f"draw shows an MLP, or a Sequential of layers, got {model!r}")
    tallest = _ROW * max(len(_slots(size)) for size in (layers[0].n_inputs, *(len(neurons(layer)) for layer in layers)))
    columns: list[_Column] = []

    def add(title: str, size: int, activation: str, layer: Layer | Neuron | None) -> None:
        slots = _slots(size)
        top = _TOP + (tallest - _ROW * len(slots)) / 2
        heights = {unit: top + _ROW * slot for slot, unit in enumerate(slots)}
        columns.append(_Column([title, f"{size} {activation}"], layer, _MARGIN + _COLUMN * len(columns), heights))

    add(messages.word("input"), layers[0].n_inputs, "", None)
    for link in links:
        if isinstance(link, Dropout):
            columns[-1].notes.append(messages.word("dropout {p:g}", p=link.p))
        elif isinstance(link, LayerNorm):
            columns[-1].notes.append(messages.word("layer norm"))
        else:
            title = messages.word("output") if link is layers[-1] else messages.word("hidden {k}", k=len(columns))
            activation = link.activation if isinstance(link.activation, str) else _name(link.activation)
            add(title, len(neurons(link)), activation, link)
    return columns


def escape(text: str) -> str:
    """`text` as it is written in XML; characters that XML cannot hold become U+FFFD."""
    return html.escape(_NOT_XML.sub("\ufffd", text))


def _name(function: Activation) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _slots(size: int) -> list[int | None]:
    """The units of a layer that get a circle; None is the ellipsis in place of the others."""
    if size <= _MOST_CIRCLES:
        return list(range(size))
    first = _MOST_CIRCLES // 2
    return [*range(first), None, *range(size - (_MOST_CIRCLES - 1 - first), size)]


def _lines(before: _Column, column: _Column) -> Iterator[_Line]:
    for k, neuron in enumerate(neurons(column.layer) if column.layer else ()):
        for j, w in enumerate(neuron.w):
            if k in column.heights and j in before.heights:
                ends = (before.x + _CIRCLE, before.heights[j], column.x - _CIRCLE, column.heights[k])
                yield _Line(w.data, w.label, ends)


def _drawn(lines: list[_Line]) -> Iterator[str]:
    """The smallest first, so that the larger lie on top."""
    largest = max((abs(line.weight) for line in lines), default=0.0) or 1.0
    for line in reversed(lines):
        x1, y1, x2, y2 = line.ends
        sign = "negative" if line.weight < 0.0 else "positive"
        width = 0.3 + 3.7 * abs(line.weight) / largest
        yield (
            f'<line class="{sign}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke-width="{width:.2f}">'
            f"<title>{escape(line.name)} = {line.weight:.4g}</title></line>"
        )


def _circles(column: _Column, foot: float) -> Iterator[str]:
    for unit, y in column.heights.items():
        if unit is None:
            yield _text(column.x, y + 6, "⋮", "more")
        elif column.layer is None:
            yield _circle(column.x, y, f"input {unit}")
            yield _text(column.x, y + 4, f"x{unit}")
        else:
            bias = neurons(column.layer)[unit].b
            yield _circle(column.x, y, f"{bias.label} = {bias.data:.4g}")
    for k, note in enumerate(column.notes):
        yield _text(column.x, foot + _LINE * k, note, "note" if k else "title")


def _circle(x: float, y: float, name: str) -> str:
    return f'<circle cx="{x:g}" cy="{y:g}" r="{_CIRCLE}"><title>{escape(name)}</title></circle>'


def _text(x: float, y: float, text: str, kind: str = "note") -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(text)}</text>'
