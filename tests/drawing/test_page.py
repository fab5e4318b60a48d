"""The page as a file: it needs nothing but itself, labels are text, the data are the steps."""

import os
import re
import xml.etree.ElementTree as ET
from base64 import b64encode
from hashlib import sha256
from importlib import resources

import pytest

import nn
from autograd import Value, expand, primitive, stepper
from autograd.drawing.page import page
from autograd.notation.symbols import short_number
from tests.drawing.passes import HOSTILE, Reader, chain, data_of, gates, neuron
from tests.replaced import replaced


def test_the_page_needs_nothing_but_itself():
    text = page(gates().stepper())
    names = {name for _, attributes in Reader(text).elements for name in attributes}
    assert not names & {"src", "href", "xlink:href", "srcset", "action", "style"}
    assert not {name for name in names if name.startswith("on")}
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|import\(", text)
    assert not re.search(r"\w+://", text)  # also no name of a language, which would look like an address


def test_the_policy_allows_the_pages_own_style_and_script_alone():
    reader = Reader(page(gates().stepper()))
    policy = next(a["content"] for a in reader.find("meta") if a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    code = [t for tag, t in reader.texts if not (tag == "script" and t.startswith("{"))]
    hashes = [f"'sha256-{b64encode(sha256(t.encode()).digest()).decode()}'" for t in code]
    assert rules == {
        "default-src": "'none'",
        "style-src": hashes[0],
        "script-src": hashes[1],
        "base-uri": "'none'",
        "form-action": "'none'",
    }


@pytest.mark.parametrize("label", [HOSTILE, "<b>&\"'|{}", "]]>-->", "@data@", "权重 w", "a\nb", "\\1", "${x}", "&lt;"])
def test_labels_are_text(label):
    text = page(gates(label).stepper())
    reader = Reader(text)
    assert [tag for tag, _ in reader.elements if tag in ("script", "b")] == ["script", "script"]
    assert data_of(text)["nodes"][2]["name"] == label.replace("\n", "\\n")


def test_no_less_than_sign_is_in_the_data():
    text = page(gates(HOSTILE).stepper())
    assert "<" not in next(t for tag, t in Reader(text).texts if t.startswith("{"))


def test_the_data_are_the_steps():
    f = neuron()
    data = data_of(page(f.stepper()))
    steps = list(f.stepper())
    position = {node: k for k, node in enumerate(stepper(f).order)}
    assert [s["sentence"] for s in data["backward"]] == [step.explain() for step in steps]
    assert [(s["node"], s["operand"], s["parent"]) for s in data["backward"]] == [
        (position[step.node], step.operand, position[step.parent]) for step in steps
    ]
    assert [s["total"][0] for s in data["backward"]] == [short_number(step.total) for step in steps]
    evaluations = [step for step in neuron().stepper(forward=True) if step.phase == "forward"]
    assert [s["sentence"] for s in data["forward"]] == [step.explain() for step in evaluations]


def test_the_page_begins_as_the_stepper_does():
    assert data_of(page(gates().stepper()))["beginForward"] is False
    assert data_of(page(gates().stepper(forward=True)))["beginForward"] is True


def test_the_page_begins_before_the_first_step_whatever_the_state_of_the_stepper():
    f = gates()
    s = f.stepper()
    s.run()
    text = page(s)
    assert text == page(gates().stepper())
    assert s.done


def test_what_leaves_had_is_shown_from_the_beginning():
    x = Value(3.0, "x")
    (x * x).backward()
    data = data_of(page((x * 2).stepper()))
    assert data["nodes"][0]["grad"] == ["6", "6"]
    assert data["backward"][0]["total"] == ["8", "8"]


@pytest.mark.parametrize("make", [gates, neuron, lambda: expand(neuron())])
def test_small_graphs_make_small_pages(make):
    # Of which the style and the script are 35,000, and each sentence is there in English and in Chinese.
    assert len(page(make().stepper()).encode()) < 80_000


def test_a_small_network_stays_below_130_kb():
    # It has each neuron twice, as a card and as nodes, and the script that opens and closes them.
    model = nn.MLP(2, [3, 1], seed=1)
    assert len(page(nn.hinge_loss(model([1.0, 2.0]), 1.0).stepper()).encode()) < 130_000


@pytest.mark.parametrize("output", [Value(3.0, "x"), Value(3.0).detach(), Value(2.0) * 3, Value(1.0, "x") * Value(0.0)])
def test_the_smallest_graphs_have_pages(output):
    assert len(data_of(page(output.stepper()))["backward"]) == len(output.stepper())


def test_too_many_steps_are_refused_before_any_work(tmp_path):
    with pytest.raises(ValueError, match=r"2,002 steps, more than 2,000: collapse .* expand less"):
        chain(2002).stepper().save(tmp_path / "f.html")
    assert list(tmp_path.iterdir()) == []


def test_a_pass_that_ends_in_nan_is_refused_and_taken_back(tmp_path):
    x, y = Value(0.0, "x"), Value(0.0, "y")
    f = x.sqrt() * y.sqrt()
    s = f.stepper()
    with pytest.raises(ValueError, match="becomes NaN on the edge"):
        s.save(tmp_path / "f.html")
    assert s.position == 0
    assert [node.grad for node in s.order] == [None] * 5
    assert s._repr_mimebundle_().keys() == {"text/plain"}


def test_the_page_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    s = gates().stepper()
    target = tmp_path / "f.html"
    target.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("autograd.files.os", replaced(os, replace=full))
    with pytest.raises(OSError, match="No space left"):
        s.save(target)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["f.html"]


def test_a_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        gates().stepper().save(tmp_path / "missing" / "f.html")


def test_the_same_graph_makes_the_same_page():
    assert page(neuron().stepper()) == page(neuron().stepper())


def test_every_colour_of_the_picture_has_one_for_the_dark():
    model = nn.MLP(2, [2, 1], seed=1)
    text = page(nn.hinge_loss(model([1.0, Value(2.0, "x")]), 1.0).stepper())
    picture = text[text.index('<svg class="graph"') : text.index("</main>")]
    css = resources.files("autograd.drawing").joinpath("assets", "board.css").read_text()
    dark = css[css.index(".graph text[fill") :]
    for name, colour in set(re.findall(r'(fill|stroke)="(#\w+)"', picture)):
        assert f'{name}="{colour}"' in dark or colour in ("#808080", "#6b7280", *_BADGES), (name, colour)


_BADGES = ("#374151", "#166534", "#5b21b6")  # grounds of white letters


def test_a_label_of_many_lines_hides_neither_data_nor_gradient():
    text = page(gates("first\nsecond\nthird\nfourth").stepper())
    root = ET.fromstring(text[text.index('<svg class="graph"') : text.index("</svg>\n</div>") + 6])
    node = next(e for e in root.iter("g") if e.get("id") == "node2")
    assert [t.text for t in node.iter("text") if t.get("class")] == ["3", "-4"]


def test_operations_of_the_users_own(own_operations):
    cube = primitive("cube", value=lambda m, x: x * x * x, partials=lambda m, out, x: (3.0 * x * x,))
    data = data_of(page(cube(Value(2.0, "x")).stepper()))
    assert "∂f/∂x = 3·x·x = 3·2·2 = 12" in data["backward"][0]["sentence"]
