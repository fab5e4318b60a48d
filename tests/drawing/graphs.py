"""Graphs to draw, and a reader of their pictures."""

import xml.etree.ElementTree as ET

from autograd import Value, dot, scope, tanh

SVG = "{http://www.w3.org/2000/svg}"


TITLE = "{http://www.w3.org/1999/xlink}title"


class Picture:
    """The texts of an SVG picture by the ids of its nodes, edges and frames."""

    def __init__(self, drawing):
        self.root = ET.fromstring(drawing.svg)
        self.elements = {k: self.find(k) for k in ("node", "edge", "cluster")}
        self.nodes, self.edges, self.frames = (
            {name: [t.text for t in e.iter(f"{SVG}text")] for name, e in elements.items()}
            for elements in self.elements.values()
        )

    def find(self, kind):
        return {e.get("id"): e for e in self.root.iter(f"{SVG}g") if e.get("class") == kind}

    def tip(self, name):
        """The tooltip of a node or an edge."""
        for elements in self.elements.values():
            if name in elements:
                return next(e.get(TITLE) for e in elements[name].iter() if e.get(TITLE) is not None)
        raise KeyError(name)

    def arrowhead(self, name):
        """The point of an arrow, with y growing downwards."""
        arrow = self.elements["edge"][name].find(f".//{SVG}polygon").get("points").split()
        return tuple(map(float, arrow[1].split(",")))


def gates():
    """(x + y) * z at -2, 5, -4."""
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    q = x + y
    q.label = "q"
    f = q * z
    f.label = "f"
    return f


def layer(name, inputs, n_outputs=2):
    """A layer by hand: parameters made in scopes of one name, calculated with in others; returns it as a function."""
    weights = []
    with scope(name):
        for k in range(n_outputs):
            with scope(f"neuron {k}"):
                weights.append(([Value(0.1 * (j + k), f"w{j}") for j in range(inputs)], Value(0.0, "b")))

    def call(xs):
        out = []
        with scope(name):
            for k, (w, b) in enumerate(weights):
                with scope(f"neuron {k}"):
                    out.append(tanh(dot(w, xs, b)))
        return out

    return call


def chain(n):
    x = Value(0.5, "x")
    for _ in range(n):
        x = x.tanh()
    return x
