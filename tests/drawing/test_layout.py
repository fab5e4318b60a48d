"""From DOT text to a picture: which engine runs, how long it may take, and the formats that libraries write."""

import re
import struct
import sys
from importlib import metadata

import pytest

from autograd import Value, draw, sin
from autograd.drawing import layout
from autograd.drawing.layout import LayoutError

from .test_draw import Picture, gates


@pytest.fixture
def no_dot(monkeypatch, tmp_path):
    """A machine on which nobody installed Graphviz; returns the only folder on its PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def without_bundled_engine(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", missing)


def install_dot(folder, script):
    program = folder / "dot"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_a_picture_needs_no_dot_on_the_path(no_dot):
    assert len(Picture(draw(gates())).nodes) == 5


def test_the_system_dot_takes_over(no_dot, monkeypatch):
    without_bundled_engine(monkeypatch)
    install_dot(no_dot, "echo '<svg>system</svg>'")
    assert "system" in draw(gates()).svg


def test_an_engine_that_fails_is_replaced(no_dot, monkeypatch):
    install_dot(no_dot, "echo '<svg>system</svg>'")
    monkeypatch.setattr(layout, "_bundled_program", lambda: str(no_dot / "missing"))
    assert "system" in draw(gates()).svg


def test_the_engine_can_be_chosen(no_dot):
    install_dot(no_dot, "echo '<svg>system</svg>'")
    assert "system" in draw(gates(), engine="system").svg
    assert "system" not in draw(gates(), engine="bundled").svg
    assert "system" not in draw(gates()).svg


def test_without_an_engine_the_error_hands_over_the_text(no_dot, monkeypatch):
    without_bundled_engine(monkeypatch)
    drawing = draw(gates())
    with pytest.raises(LayoutError, match=r"pip install graphviz-pure.*PATH.*\.dot") as error:
        _ = drawing.svg
    assert error.value.dot == drawing.dot
    assert drawing.dot.startswith("digraph")
    drawing.save(no_dot / "graph.dot")
    assert (no_dot / "graph.dot").read_text(encoding="utf-8") == drawing.dot


def test_the_reason_of_a_failing_engine_is_in_the_error(no_dot):
    install_dot(no_dot, "echo 'out of paper' >&2; exit 3")
    with pytest.raises(LayoutError, match="status 3: out of paper"):
        _ = draw(gates(), engine="system").svg


# PNG and PDF


@pytest.fixture
def no_font(monkeypatch):
    """A system on which no font is installed."""
    import resvg_py
    import typst

    render, compile_ = resvg_py.svg_to_bytes, typst.compile
    monkeypatch.setattr(resvg_py, "svg_to_bytes", lambda **options: render(**options, skip_system_fonts=True))
    monkeypatch.setattr(
        typst, "compile", lambda source, **options: compile_(source, **options, ignore_system_fonts=True)
    )


def without(monkeypatch, library):
    """Let the import of a library fail."""
    monkeypatch.setitem(sys.modules, library, None)


def pixels(png):
    return struct.unpack(">II", png[16:24])


def test_a_png_has_twice_the_usual_resolution(tmp_path):
    drawing = draw(gates())
    drawing.save(tmp_path / "graph.png")
    width, height = map(float, re.search(r'svg width="(\d+)pt" height="(\d+)pt"', drawing.svg).groups())
    assert pixels((tmp_path / "graph.png").read_bytes()) == pytest.approx((width * 192 / 72, height * 192 / 72), abs=2)


def test_a_png_of_a_large_graph_can_still_be_opened(monkeypatch):
    monkeypatch.setattr(layout, "_PIXELS", 100_000)
    width, height = pixels(layout.lay_out(draw(gates()).dot, "png"))
    assert 95_000 < width * height <= 100_500


def test_a_pdf_is_one_page_of_lines_and_letters(no_dot):
    drawing = draw(gates())
    pdf = layout.lay_out(drawing.dot, "pdf")
    page = re.search(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    width, height = re.search(r'svg width="(\d+)pt" height="(\d+)pt"', drawing.svg).groups()
    assert float(page[1]) == pytest.approx(float(width), abs=0.01)
    assert float(page[2]) == pytest.approx(float(height), abs=0.01)
    assert b"/Font" in pdf
    assert b"/DCTDecode" not in pdf
    assert pdf.count(b"/Subtype /Image") + pdf.count(b"/Subtype/Image") == 0
    assert pdf == layout.lay_out(drawing.dot, "pdf")


def test_a_page_of_a_pdf_is_no_larger_than_readers_show(monkeypatch):
    monkeypatch.setattr(layout, "_PAGE", 100.0)
    page = re.search(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", layout.lay_out(draw(gates()).dot, "pdf"))
    assert float(page[1]) == pytest.approx(100, abs=0.01)
    assert float(page[2]) < 100


@pytest.mark.parametrize("form", ["png", "pdf"])
def test_a_letter_that_no_font_has_is_named_with_the_way_out(form, monkeypatch):
    import matplotlib
    import resvg_py

    fonts = [f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf"]
    render = resvg_py.svg_to_bytes
    monkeypatch.setattr(
        resvg_py, "svg_to_bytes", lambda **options: render(**options, skip_system_fonts=True, font_files=fonts)
    )
    with pytest.warns(UserWarning, match=rf"no font.*'中'.*{form}.*fonts-noto-cjk.*\.svg"):
        assert layout.lay_out(draw(Value(1.0, "中β")).dot, form)


@pytest.mark.parametrize("form", ["png", "pdf"])
def test_without_any_font_latin_greek_and_mathematics_are_drawn(form, no_font):
    assert layout._probe("x") == layout._probe(" ")
    assert len(layout.lay_out(draw(gates()).dot, form)) > 5000  # "∂f/∂q = z = -4"
    with pytest.warns(UserWarning, match="no font.*'中'"):
        layout.lay_out(draw(Value(1.0, "中")).dot, form)


@pytest.mark.parametrize(("form", "library"), [("png", "resvg_py"), ("pdf", "typst")])
def test_without_the_library_the_system_dot_takes_over(form, library, no_dot, monkeypatch):
    without(monkeypatch, library)
    dot = draw(gates()).dot
    with pytest.raises(LayoutError, match=rf"pip install {library.replace('_', '-')}'.*graphviz\.org.*\.svg") as error:
        layout.lay_out(dot, form)
    assert error.value.dot == dot
    install_dot(no_dot, "echo system $1")
    assert layout.lay_out(dot, form) == f"system -T{form}\n".encode()


def test_a_library_that_fails_gives_its_reason(no_dot, monkeypatch):
    monkeypatch.setitem(layout._CONVERTERS, "pdf", lambda svg: b"%d" % int(svg))
    with pytest.raises(LayoutError, match=r"could not be saved as \.pdf: invalid literal"):
        layout.lay_out(draw(gates()).dot, "pdf")


# Large graphs


def uses_of_one_leaf(n):
    x = y = Value(1.0, "x")
    for k in range(n):
        y = y + x if k % 2 else sin(y)
    return draw(y).dot


def test_ranks_that_arrows_cross_are_counted():
    x, y = Value(1.0, "x"), Value(2.0, "y")
    assert layout._crossings(draw(x * y).dot) == 2
    assert layout._crossings(draw(sin(sin(x)) * x).dot) == 2 + 1 + 3
    assert layout._crossings(draw(sin(sin(x)) * y).dot) == 2 + 1 + 1  # y is beside its only use
    assert layout._crossings(draw(x).dot) == 0


def test_a_leaf_with_many_far_uses_is_laid_out_quickly(monkeypatch):
    commands = []
    monkeypatch.setattr(layout, "_run", lambda command, dot: commands.append(command) or b"<svg/>")
    layout.lay_out(uses_of_one_leaf(20), "svg")
    layout.lay_out(uses_of_one_leaf(150), "svg")
    assert ["-Gsplines=line" in command for command in commands] == [False, True]


@pytest.mark.slow
@pytest.mark.parametrize("n", [150, 499])
def test_each_arrow_of_such_a_graph_is_drawn(n):
    svg = layout.lay_out(uses_of_one_leaf(n), "svg").decode()
    assert svg.count('class="edge"') == n + n // 2
