"""What a stepper writes: the page as a file, and pictures of its steps."""

import json
import re
import xml.etree.ElementTree as ET
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
import nn
from autograd import Value, expand, sigmoid, stepper
from autograd.drawing.page import page
from autograd.drawing.step_pictures import PassPictures
from autograd.engine import functions
from autograd.notation.mathml import mathml
from autograd.notation.symbols import latex_text, short_number
from autograd.rules import table
from autograd.stepping.recording import record_pass

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


# The page


def test_the_page_needs_nothing_but_itself():
    text = page(gates().stepper())
    names = {name for _, attributes in Reader(text).elements for name in attributes}
    assert not names & {"src", "href", "xlink:href", "srcset", "action", "style"}
    assert not {name for name in names if name.startswith("on")}
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|import\(", text)
    assert set(re.findall(r"\w+://[^\"]+", text)) == {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1998/Math/MathML",
    }  # names of languages, not addresses


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


def test_no_less_than_sign_stands_in_the_data():
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


def test_the_page_begins_before_the_first_step_wherever_the_stepper_stands():
    f = gates()
    s = f.stepper()
    s.run()
    text = page(s)
    assert text == page(gates().stepper())
    assert s.done


def test_what_leaves_held_is_shown_from_the_beginning():
    x = Value(3.0, "x")
    (x * x).backward()
    data = data_of(page((x * 2).stepper()))
    assert data["nodes"][0]["grad"] == ["6", "6"]
    assert data["backward"][0]["total"] == ["8", "8"]


@pytest.mark.parametrize("position", [0, 1, 3, 6])
def test_saving_leaves_the_stepper_and_every_gradient_as_they_are(tmp_path, position):
    f = gates()
    s = f.stepper(forward=True)
    for _ in range(position):
        s.step()
    before = [node.grad for node in s.order]
    s.save(tmp_path / "f.html")
    s.save(tmp_path / "f.svg")
    s._repr_mimebundle_()
    assert (s.position, [node.grad for node in s.order]) == (position, before)
    s.run()
    assert [node.grad for node in s.order] == [-4, -4, -4, 3, 1]


@pytest.mark.parametrize("make", [lambda: Value(3.0, "x"), gates, lambda: Value(3.0).detach()])
def test_saving_before_the_first_step_leaves_a_pass_that_has_begun(tmp_path, make):
    s = make().stepper()
    s.until(s.output) if s.nodes else s.run()
    before = s.output.grad, s.done, s.complete(s.output)
    s.save(tmp_path / "f.html")
    s._repr_mimebundle_()
    assert (s.output.grad, s.done, s.complete(s.output)) == before
    s.reset()
    assert s.output.grad is None


@pytest.mark.parametrize("make", [gates, neuron, lambda: expand(neuron())])
def test_small_graphs_make_small_pages(make):
    assert len(page(make().stepper()).encode()) < 60_000


def test_a_small_network_stays_below_100_kb():
    model = nn.MLP(2, [3, 1], seed=1)
    assert len(page(nn.hinge_loss(model([1.0, 2.0]), 1.0).stepper()).encode()) < 100_000


@pytest.mark.parametrize("output", [Value(3.0, "x"), Value(3.0).detach(), Value(2.0) * 3, Value(1.0, "x") * Value(0.0)])
def test_the_smallest_graphs_have_pages(output):
    assert len(data_of(page(output.stepper()))["backward"]) == len(output.stepper())


def chain(steps):
    x = Value(1.0, "x")
    for _ in range(steps // 2):
        x = x * x
    return x


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
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
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
    css = resources.files("autograd.drawing").joinpath("assets", "page.css").read_text()
    dark = css[css.index(".graph text[fill") :]
    for name, colour in set(re.findall(r'(fill|stroke)="(#\w+)"', picture)):
        assert f'{name}="{colour}"' in dark or colour in ("#808080", "#6b7280", *_BADGES), (name, colour)


_BADGES = ("#374151", "#166534", "#5b21b6")  # grounds of white letters


def test_a_label_of_many_lines_hides_neither_data_nor_gradient():
    text = page(gates("first\nsecond\nthird\nfourth").stepper())
    root = ET.fromstring(text[text.index('<svg class="graph"') : text.index("</svg>\n</div>") + 6])
    node = next(e for e in root.iter("g") if e.get("id") == "node2")
    assert [t.text for t in node.iter("text") if t.get("class")] == ["3", "-4"]


# Formulas


def leaves(tree):
    for child in tree[1:]:
        if isinstance(child, str):
            yield tree[0], child
        else:
            yield from leaves(child)


def every_operation():
    x, y = Value(0.5, "x"), Value(0.25, "net_1")
    for name, row in table.TABLE.items():
        if row.variadic:
            yield name, [x, y, x, y]
        else:
            yield name, [x, y, x][: len(row.operands)]


@pytest.mark.parametrize(("name", "operands"), list(every_operation()))
def test_every_operation_reads_as_mathml(name, operands):
    f = autograd.engine.value.apply(table.TABLE[name], tuple(operands))
    for step in f.stepper(forward=True):
        for tag, text in leaves(mathml(step.latex)):
            assert tag in ("mi", "mn", "mo", "mtext")
            assert not set(text) & set("\\{}$") or (tag, text) == ("mo", "{")


def test_cases_read_as_a_table():
    tree = mathml(r"\begin{cases} 1 & \text{if } x > 0 \\ -x & \text{else} \end{cases}")
    no_break = "\N{NO-BREAK SPACE}"
    assert tree == (
        "math",
        (
            "mrow",
            ("mo", "{"),
            (
                "mtable",
                (
                    "mtr",
                    ("mtd", ("mn", "1")),
                    ("mtd", ("mtext", f"if{no_break}"), ("mi", "x"), ("mo", ">"), ("mn", "0")),
                ),
                ("mtr", ("mtd", ("mo", "−"), ("mi", "x")), ("mtd", ("mtext", "else"))),
            ),
        ),
    )


def test_a_sign_belongs_to_its_number():
    minus = ("mo", "−")
    assert mathml("a = -4") == ("math", ("mi", "a"), ("mo", "="), ("mrow", minus, ("mn", "4")))
    assert mathml("a - 4") == ("math", ("mi", "a"), minus, ("mn", "4"))
    assert mathml(r"\left(-4\right)") == (
        "math",
        ("mrow", ("mo", "("), ("mrow", minus, ("mn", "4")), ("mo", ")")),
    )


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1))
@settings(max_examples=200)
def test_any_name_survives(name):
    (leaf,) = leaves(mathml(rf"\mathrm{{{latex_text(name)}}}"))
    assert leaf[1] == name


# The rehearsal


def test_a_rehearsal_knows_every_gradient_on_the_way():
    f = neuron()
    record = record_pass(f.stepper())
    s = f.stepper()
    for steps in range(len(s) + 1):
        assert record.gradients(steps) == {node: node.grad for node in s.nodes}
        s.step()


# Pictures


def test_pictures_of_all_steps(tmp_path):
    f = gates()
    s = f.stepper()
    s.save(tmp_path / "new" / "steps" / "*.svg")
    written = sorted((tmp_path / "new" / "steps").iterdir())
    assert [path.name for path in written] == ["01.svg", "02.svg", "03.svg", "04.svg"]
    assert "step 2 of 4, backward: f = q·z" in written[1].read_text()
    assert f.grad is None


def test_numbers_have_as_many_digits_as_the_last(tmp_path):
    chain(100).stepper().save(tmp_path / "step *.dot")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert (names[0], names[-1], len(names)) == ("step 001.dot", "step 100.dot", 100)


def texts(svg):
    root = ET.fromstring(svg)
    return {
        group.get("id"): [(t.get("x"), t.get("y"), t.text) for t in group.iter("{http://www.w3.org/2000/svg}text")]
        for group in root.iter("{http://www.w3.org/2000/svg}g")
        if group.get("class") in ("node", "edge")
    }


def test_pictures_of_one_pass_have_one_layout(tmp_path):
    x = Value(0.5, "x")
    f = (x.tanh() * 100).exp() * x
    f.stepper(forward=True).save(tmp_path / "*.svg")
    pictures = [path.read_text() for path in sorted(tmp_path.iterdir())]
    places = [{name: [t[:2] for t in group] for name, group in texts(svg).items()} for svg in pictures]
    assert all(place == places[0] for place in places)
    assert len({re.search('viewBox="[^"]+"', svg)[0] for svg in pictures}) == 1


def picture(f, taken):
    return PassPictures(stepper(f)).picture(taken)


def test_a_picture_of_a_step_shows_the_gradients_so_far_and_what_is_in_hand():
    f = gates()
    shown = {name: [t[2] for t in group] for name, group in texts(picture(f, 2).svg).items()}
    assert shown["node2"] == ["+", "q", "data", "3", "grad", "-4"]
    assert shown["node3"] == ["z", "data", "-4", "grad", "3"]
    assert shown["node0"] == ["x", "data", "-2", "grad", "–"]
    assert shown["node4"] == ["*", "f", "data", "-12", "grad", "1"]
    dot = picture(f, 2).dot
    marked = [line.split()[0] for line in dot.splitlines() if "penwidth=6" in line]
    assert marked == ["node3", "node4"]
    assert [line.split("[")[0].split() for line in dot.splitlines() if "penwidth=5" in line] == [
        ["node3:e", "->", "node4:operand1:w"]
    ]
    assert 'style="rounded,filled,dashed"' in dot  # told apart without colour
    assert f.grad is None


def test_both_lines_of_a_caption_begin_at_its_left():
    lines = ET.fromstring(picture(gates(), 2).svg).iter("{http://www.w3.org/2000/svg}text")
    caption = [line.get("x") for line in lines if "step 2 of 4" in line.text or "z.grad: 0" in line.text]
    assert len(caption) == 2
    assert len(set(caption)) == 1


def test_the_picture_before_the_first_step_marks_nothing():
    dot = picture(gates(), 0).dot
    assert "before the first step" in dot
    assert "penwidth=6" not in dot
    assert "penwidth=5" not in dot


def test_values_appear_in_the_forward_pass():
    s = gates().stepper(forward=True)
    s.step()
    shown = {name: [t[2] for t in group] for name, group in texts(s._repr_svg_()).items()}
    assert shown["node2"][3] == "3"
    assert shown["node4"][3] == "–"


def test_one_picture_is_that_of_the_step_in_hand(tmp_path):
    f = gates()
    s = f.stepper()
    s.step()
    s.save(tmp_path / "now.dot")
    assert "step 1 of 4" in (tmp_path / "now.dot").read_text()
    s.save(str(tmp_path / "now.PNG"))
    assert (tmp_path / "now.PNG").read_bytes().startswith(b"\x89PNG")


def test_a_notebook_shows_the_picture_of_the_step_in_hand():
    s = gates().stepper()
    s.step()
    bundle = s._repr_mimebundle_()
    assert bundle["text/plain"] == str(s)
    assert "step 1 of 4" in bundle["image/svg+xml"]


def test_a_notebook_shows_a_large_graph_as_text():
    s = chain(1000).stepper()
    assert s._repr_mimebundle_().keys() == {"text/plain"}


@pytest.mark.parametrize("name", ["f.txt", "f", "*.html", "*.gif", ".svg"])
def test_other_files_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"cannot save a pass as .*steps/\*\.svg"):
        gates().stepper().save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_series_of_a_graph_too_large_to_draw_makes_no_folder(tmp_path):
    with pytest.raises(ValueError, match="more than max_nodes=500"):
        chain(1200).stepper().save(tmp_path / "steps" / "*.svg")
    assert list(tmp_path.iterdir()) == []


def test_operations_of_the_users_own(own_operations):
    cube = functions.primitive("cube", value=lambda m, x: x * x * x, partials=lambda m, out, x: (3.0 * x * x,))
    data = data_of(page(cube(Value(2.0, "x")).stepper()))
    assert "∂f/∂x = 3·x·x = 3·2·2 = 12" in data["backward"][0]["sentence"]
