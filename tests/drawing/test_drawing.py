"""A `Drawing` in a notebook, and when it does its work."""

import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from autograd import draw
from autograd.engine.value import constant
from tests.drawing.graphs import Picture, chain, gates


def test_a_drawing_keeps_the_numbers_of_its_time():
    f = gates()
    drawing = draw(f)
    f.backward()
    assert "–" in drawing.svg


def test_a_notebook_shows_the_picture():
    f = gates()
    drawing = draw(f)
    assert drawing._repr_svg_() == drawing.svg
    assert drawing._repr_mimebundle_(include=None, exclude=None)["image/svg+xml"] == drawing.svg
    assert f._repr_mimebundle_(include=None, exclude=None) == {"text/plain": repr(f), "image/svg+xml": drawing.svg}
    assert f._repr_svg_() == drawing.svg


def test_a_wide_picture_fits_the_cell_of_a_notebook():
    drawing = draw(chain(30))
    shown, whole = (ET.fromstring(svg) for svg in (drawing._repr_svg_(), drawing.svg))
    size = [[float(svg.get(name).removesuffix("pt")) for name in ("width", "height")] for svg in (shown, whole)]
    assert size[0][0] == 640 < size[1][0]
    assert size[0][1] / size[0][0] == pytest.approx(size[1][1] / size[1][0], rel=0.05)
    assert shown.get("viewBox") == whole.get("viewBox")


def test_a_notebook_shows_the_text_of_a_large_graph():
    y = chain(500)
    assert y._repr_mimebundle_() == {"text/plain": repr(y)}
    assert chain(499)._repr_svg_() is not None


def test_a_constant_is_shown_too():
    assert Picture(draw(constant(2.5))).nodes == {"node0": ["2.5"]}


def test_importing_loads_no_drawing_library():
    code = "import autograd, sys; print(*{'graphviz', 'subprocess', 'numpy', 'importlib.metadata'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []


def test_a_picture_is_never_wider_than_its_place():
    root = ET.fromstring(draw(gates()).svg)
    assert root.get("viewBox")
    assert root.get("style") == "max-width:100%;height:auto"
