"""`draw`: its options, the same text for the same graph, limits, layout engines, files."""

import os
import pickle
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograd import Value, draw, expand, scope, sigmoid, total
from autograd.engine.backward import topological_order
from tests.drawing.graphs import Picture, chain, gates
from tests.replaced import replaced


def test_drawing_changes_nothing():
    f = gates()
    f.backward()
    before = [(n.data, n.grad, n.label, n.parents, n.local_grads) for n in topological_order(f)]
    for options in ({}, {"expand": True}, {"collapse": True}, {"labels": {"anything": f}}):
        draw(f, **options)
    assert [(n.data, n.grad, n.label, n.parents, n.local_grads) for n in topological_order(f)] == before


# Options


def test_labels_name_values_without_a_label_of_their_own():
    first, second, named = Value(1.0), Value(2.0), Value(3.0, "own")
    w = [Value(4.0), [Value(5.0)]]
    _hidden = Value(6.0)
    out = total([first, second, named, *w[:1], *w[1], _hidden])
    picture = Picture(draw(out, labels=locals()))
    titles = [texts[0] for texts in picture.nodes.values()]
    assert titles == ["first", "second", "own", "w[0]", "w[1][0]", "v1", "total"]  # the last as the steps call it
    assert picture.nodes["node6"][1] == "out"


def test_labels_must_be_a_dict():
    with pytest.raises(TypeError, match=r"locals\(\)"):
        draw(Value(1.0), labels=["x"])


def test_labels_that_contain_themselves_end():
    loop = [Value(1.0)]
    loop.append(loop)
    assert "loop[0]" in draw(loop[0], labels=locals()).dot


def test_format_of_numbers():
    f = gates()
    f.backward()
    picture = Picture(draw(f, format=".2f"))
    assert picture.nodes["node4"][-3:] == ["-12.00", "grad", "1.00"]
    assert picture.edges["edge4_0"] == ["∂f/∂q = z = -4.00"]
    with pytest.raises(ValueError, match=r"'%d' is not a format"):
        draw(f, format="%d")


def test_local_derivatives_can_be_left_out():
    assert set(map(tuple, Picture(draw(gates(), local_grads=False)).edges.values())) == {()}


@pytest.mark.parametrize("option", [{"rankdir": "up"}, {"engine": "neato"}, {"format": "4q"}, {"format": 3}])
def test_unknown_options_are_refused(option):
    (value,) = option.values()
    with pytest.raises(ValueError, match=repr(value)):
        draw(gates(), **option)


def test_a_plain_number_cannot_be_drawn():
    with pytest.raises(TypeError, match=r"float 3\.0"):
        draw(3.0)


def test_expand_draws_the_primitives_with_the_same_gradients():
    w, x = Value(2.0, "w"), Value(-1.0, "x")
    f = sigmoid(w * x)
    f.backward()
    fused, written = Picture(draw(f)), Picture(draw(f, expand=True))
    assert fused.nodes["node3"][0] == "sigmoid"
    assert [texts[0] for texts in written.nodes.values() if not texts[0].isdecimal()] == [
        "w",
        "x",
        "*",
        "neg",
        "exp",
        "+",
        "/",
    ]
    assert [t for t in written.nodes.values() if t[0] == "w"] == [t for t in fused.nodes.values() if t[0] == "w"]
    again = expand(f)
    again.backward()  # what a backward pass through the primitives gives, inner nodes included
    inner = [format(node.grad, ".4g") for node in topological_order(again) if node.parents]
    assert [texts[-1] for texts in written.nodes.values() if texts[0] in ["*", "neg", "exp", "+", "/"]] == inner


def test_expand_without_a_gradient_shows_none():
    f = sigmoid(Value(1.0, "x"))
    assert {texts[-1] for texts in Picture(draw(f, expand=True)).nodes.values() if "grad" in texts} == {"–"}


# The same graph, the same text


def test_the_same_graph_gives_the_same_text():
    assert draw(gates()).dot == draw(gates()).dot
    f = gates()
    assert draw(f).svg == draw(f).svg
    assert f"{id(f)}" not in draw(f).dot + draw(f).svg


def test_a_copied_graph_gives_the_same_text():
    f = gates()
    f.backward()
    assert draw(pickle.loads(pickle.dumps(f))).dot == draw(f).dot


def test_other_processes_give_the_same_text():
    code = (
        "from autograd import Value, draw, scope\n"
        "with scope('a'): w = [Value(k, f'w{k}') for k in range(5)]\n"
        "with scope('b'): y = sum(w) * w[0] * w[2]\n"
        "print(draw(y, labels=locals()).svg + draw(y, collapse=True).svg)"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in (1, 2)
    }
    assert len(texts) == 1


def test_threads_draw_at_once():
    pictures = [gates() for _ in range(8)]
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda f: draw(f).svg, pictures))) == 1


# Large graphs


def test_too_many_nodes_is_an_error_that_says_what_to_do():
    with pytest.raises(ValueError, match=r"501 nodes.*max_nodes=500.*collapse=True.*larger max_nodes"):
        draw(chain(500))
    assert draw(chain(499)).dot.count("tooltip") == 500 + 499
    assert draw(chain(500), max_nodes=501).dot


def test_too_many_arrows_are_an_error_too():
    x = Value(1.0, "x")
    with pytest.raises(ValueError, match=r"2 nodes and 503 arrows.*max_nodes=500.*collapse=True"):
        draw(total([x] * 503))
    assert total([x] * 503)._repr_svg_() is None
    with scope("sum"):
        y = total([x] * 503)
    assert draw(y, collapse=True).dot.count("->") == 1
    assert draw(total([x] * 30), max_nodes=30).dot.count("->") == 30


def test_collapsing_brings_a_graph_below_the_limit():
    with scope("deep"):
        y = chain(1000)
    assert len(Picture(draw(y * 2, collapse=True)).nodes) == 3


def test_a_chain_of_ten_thousand_nodes_needs_no_recursion():
    y = chain(10_000)
    with pytest.raises(ValueError, match="10001 nodes"):
        draw(y)
    assert y._repr_svg_() is None
    with scope("deep"):
        y = chain(10_000)
    assert len(Picture(draw(y, collapse=True)).nodes) == 1


# Files

MAGIC = {
    "svg": b"<?xml",
    "dot": b"digraph",
    "png": b"\x89PNG\r\n\x1a\n",
    "pdf": b"%PDF-1.",
    "html": b"<!doctype html>",
}


@pytest.mark.parametrize("suffix", MAGIC)
def test_the_suffix_chooses_the_format(suffix, tmp_path):
    drawing = draw(gates())
    for path in (tmp_path / f"graph.{suffix}", str(tmp_path / f"GRAPH.{suffix.upper()}")):
        drawing.save(path)
        with open(path, "rb") as file:
            assert file.read().startswith(MAGIC[suffix])
    assert len(os.listdir(tmp_path)) == 2


def test_the_page_holds_the_picture_and_needs_no_network(tmp_path):
    drawing = draw(gates())
    drawing.save(tmp_path / "graph.html")
    page = (tmp_path / "graph.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 1
    assert "<?xml" not in page
    assert not re.search(r'(src|href)="', page)


@pytest.mark.parametrize("name", ["graph.gif", "graph", "graph.svg.gz", ".svg"])
def test_another_suffix_is_an_error_that_names_those_there_are(name, tmp_path):
    with pytest.raises(ValueError, match=rf"'{re.escape(name)}'.*\.svg, \.dot, \.png, \.pdf, \.html"):
        draw(gates()).save(tmp_path / name)
    assert not os.listdir(tmp_path)


def test_a_file_that_cannot_be_written_is_an_error_that_names_it(tmp_path):
    drawing = draw(gates())
    with pytest.raises(FileNotFoundError, match=r"missing.graph\.dot"):
        drawing.save(tmp_path / "missing" / "graph.dot")
    (tmp_path / "folder.dot").mkdir()
    with pytest.raises(OSError, match=r"cannot be written.*folder\.dot"):
        drawing.save(tmp_path / "folder.dot")
    assert os.listdir(tmp_path) == ["folder.dot"]


def test_a_name_as_long_as_a_name_may_be(tmp_path):
    path = tmp_path / ("图" * 83 + ".dot")  # 253 bytes; the name of a file may have 255
    draw(gates()).save(path)
    assert os.listdir(tmp_path) == [path.name]


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "graph.dot"
    path.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("autograd.files.os", replaced(os, replace=full))
    with pytest.raises(OSError, match="No space left on device"):
        draw(gates()).save(path)
    assert os.listdir(tmp_path) == ["graph.dot"]
    assert path.read_text() == "old"


# Notebooks


def test_a_notebook_without_an_engine_shows_the_text(monkeypatch):
    monkeypatch.setattr("autograd.drawing.layout._PROGRAMS", {})
    f = gates()
    assert f._repr_mimebundle_() == {"text/plain": repr(f)}
