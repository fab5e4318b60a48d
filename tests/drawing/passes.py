"""Graphs to step through, and readers of their pages and pictures."""

import json
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

from autograd import Value, sigmoid

HOSTILE = "</script><script>alert(1)"


def gates(label="q"):
    """(x + y) * z at -2, 5, -4."""
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    q = x + y
    q.label = label
    return q * z


def neuron():
    w0, x0, w1, x1, w2 = (Value(v, n) for v, n in [(2, "w0"), (-1, "x0"), (-3, "w1"), (-2, "x1"), (-3, "w2")])
    return sigmoid(w0 * x0 + w1 * x1 + w2)


class Reader(HTMLParser):
    """The elements of a page, and the texts of its style and scripts."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.code = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.code = tag in ("style", "script")
        if self.code:
            self.texts.append((tag, ""))

    def handle_endtag(self, tag):
        self.code = False

    def handle_data(self, text):
        if self.code:
            tag, before = self.texts.pop()
            self.texts.append((tag, before + text))

    def find(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def data_of(text):
    return json.loads(next(t for tag, t in Reader(text).texts if tag == "script" and t.startswith("{")))


def chain(steps):
    x = Value(1.0, "x")
    for _ in range(steps // 2):
        x = x * x
    return x


def texts(svg):
    root = ET.fromstring(svg)
    return {
        group.get("id"): [(t.get("x"), t.get("y"), t.text) for t in group.iter("{http://www.w3.org/2000/svg}text")]
        for group in root.iter("{http://www.w3.org/2000/svg}g")
        if group.get("class") in ("node", "edge")
    }
