"""The page in a real browser: every way of moving, what is shown at each step, and that nothing else happens."""

import re

import pytest

import nn
from autograd import Value, draw, sigmoid, stepper
from autograd.drawing.page import write_page
from autograd.notation.symbols import short_number
from tests.chromium import needs_chromium
from tests.drawing.passes import HOSTILE, gates

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = needs_chromium


def shared():
    """A graph with a node used several times, constants, an n-ary node and a gradient from before."""
    x, w = Value(0.5, "x"), Value(-1.5, "w")
    (w * 3).backward()
    h = (x * x + 2 * x).tanh()
    h.label = "h"
    return sigmoid(h * w + h) - x


@pytest.fixture
def show(chromium, tmp_path):
    """Opens the page of a stepper; at the end, nothing may have been complained about or asked of the network."""
    contexts, complaints, requests = [], [], []

    def open_page(subject, **options):
        path = tmp_path / f"{len(contexts)}.html"
        subject.save(path)
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: requests.append(request.url) if request.url != path.as_uri() else None)
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert requests == []


def table(page):
    """Name, data, gradient and state of every node in the table."""
    rows = page.locator("#known tr").all()
    return [[cell.strip() for cell in row.locator("th, td").all_inner_texts()] for row in rows]


def gradients(page):
    return {name: gradient for name, _, gradient, _ in table(page)}


def place(page):
    """Where the page says it is, three times."""
    words, value = page.locator("#place").inner_text(), int(page.locator("#scrubber").input_value())
    assert page.locator("#scrubber").get_attribute("aria-valuetext") == words
    assert f"step {max(value, 1)} of" in words
    return value


def current_edges(page):
    return [element.get_attribute("id") for element in page.locator(".edge.current").all()]


def shown_gradient(grad):
    return "–" if grad is None else short_number(grad)


# What is shown


def test_it_opens_before_the_first_step(show):
    page = show(gates().stepper())
    assert page.locator("#place").inner_text() == "Before step 1 of 4"
    assert place(page) == 0
    assert set(gradients(page).values()) == {"–"}
    assert current_edges(page) == []
    assert "No gradient has been calculated yet" in page.locator("#sentence").inner_text()
    assert page.title() == "Backpropagation of f, step by step"


def test_gradients_of_an_earlier_pass_are_named_as_such(show):
    f = gates()
    f.backward()
    page = show(f.stepper())
    assert gradients(page)["q"] == "-4"
    assert (
        page.locator("#sentence").inner_text().startswith("The gradients shown are from an earlier pass: leaves will")
    )


@pytest.mark.parametrize("output", [Value(3.0, "x"), Value(3.0).detach()])
def test_a_pass_without_steps_says_so(show, output):
    page = show(output.stepper())
    assert page.locator("#place").inner_text() == "No steps"
    assert page.locator("#sentence").inner_text().startswith("The graph has no edge along which")
    page.keyboard.press("ArrowRight")
    assert page.locator("#place").inner_text() == "No steps"


@pytest.mark.parametrize("make", [gates, shared])
def test_every_step_shows_what_the_stepper_tells(show, make):
    f = make()
    page = show(f.stepper())
    s = f.stepper()
    position = {node: k for k, node in enumerate(s.order)}
    names = {node: s.equations.name(node).text for node in s.nodes}
    assert gradients(page) == {name: shown_gradient(node.grad) for node, name in names.items()}
    for step in s:
        page.keyboard.press("ArrowRight")
        assert place(page) == step.number
        assert page.locator("#sentence").inner_text() == " ".join(step.explain().split())
        assert gradients(page) == {name: shown_gradient(node.grad) for node, name in names.items()}
        assert current_edges(page) == [f"edge{position[step.node]}_{step.operand}"]
        assert page.locator("#upstream").inner_text() == short_number(step.upstream)
        assert page.locator("#local").inner_text() == short_number(step.local)
        assert page.locator("#contribution").inner_text() == short_number(step.contribution)
        assert page.locator("#formula math").count() == 1
        done = {f"node{position[node]}" for node in s.nodes if s.complete(node)}
        assert {e.get_attribute("id") for e in page.locator(".node.complete").all()} == done
        assert [row[3].startswith("done") for row in table(page)] == [s.complete(node) for node in s.nodes]
    assert page.locator("#next").get_attribute("aria-disabled") == "true"


def test_gradients_fill_in_within_the_picture(show):
    page = show(gates().stepper())
    grad, data = page.locator("#node2 text.grad"), page.locator("#node2 text.data")
    assert (data.text_content(), grad.text_content()) == ("3", "–")
    page.click("#next")
    assert grad.text_content() == "-4"
    page.click("#back")
    assert grad.text_content() == "–"


def test_the_current_nodes_are_outlined(show):
    page = show(gates().stepper())
    page.click("#next")
    page.click("#next")  # from f to z

    def centre(selector):
        box = page.locator(selector).bounding_box()
        return pytest.approx((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), abs=4)

    assert centre(".halo.upstream") == centre("#node4").expected
    assert centre(".halo.contribution") == centre("#node3").expected
    visible = page.locator(".tag[visibility=visible]").all_text_contents()
    assert sorted(visible) == ["receives", "upstream"]


def test_the_forward_pass_fills_in_values(show):
    page = show(gates().stepper(forward=True))
    assert page.locator("#place").inner_text() == "Before step 1 of 6"
    assert [row[1] for row in table(page)] == ["-2", "5", "–", "-4", "–"]
    assert page.locator("#node4 text.data").text_content() == "–"
    page.click("#next")
    assert page.locator("#place").inner_text() == "Forward pass, step 1 of 6"
    assert [row[1] for row in table(page)] == ["-2", "5", "3", "-4", "–"]
    assert current_edges(page) == ["edge2_0", "edge2_1"]
    assert "q = x + y" in page.locator("#sentence").inner_text()
    assert not page.locator("#product").is_visible()
    page.click("#next")
    assert page.locator("#node4 text.data").text_content() == "-12"
    page.click("#next")
    assert page.locator("#place").inner_text() == "Backward pass, step 3 of 6"
    assert gradients(page)["q"] == "-4"


def test_the_forward_pass_can_be_put_first_and_left_out(show):
    page = show(gates().stepper())
    page.check("#forward")
    assert page.locator("#place").inner_text() == "Before step 1 of 6"
    assert page.locator("#scrubber").get_attribute("max") == "6"
    page.uncheck("#forward")
    page.click("#last")
    assert page.locator("#place").inner_text() == "Backward pass, step 4 of 4"


# Moving


def test_buttons(show):
    page = show(gates().stepper())
    for button, expected in [
        ("next", 1),
        ("next", 2),
        ("back", 1),
        ("last", 4),
        ("next", 4),
        ("first", 0),
        ("back", 0),
    ]:
        page.click(f"#{button}", force=True)  # also where it says that it does nothing
        assert place(page) == expected


STATE = """() => [
    document.getElementById("known").innerText,
    picture.textContent,
    [...picture.querySelectorAll("[class]")].map((element) => element.getAttribute("class")),
    [...picture.querySelectorAll("[visibility]")].map((element) => element.getAttribute("visibility")),
    document.querySelector(".columns").innerText,
]"""


def test_every_place_is_the_same_by_every_way(show):
    page = show(shared().stepper())
    states = [page.evaluate(STATE)]
    length = int(page.locator("#scrubber").get_attribute("max"))
    for _ in range(length):
        page.keyboard.press("ArrowRight")
        states.append(page.evaluate(STATE))
    for k in [*reversed(range(length)), length, 3, 0, 5]:
        page.evaluate("k => board.go(k)", k)
        assert page.evaluate(STATE) == states[k]
    assert len({str(state) for state in states}) == length + 1


FOCUSABLE = [
    "body",
    "#picture",
    "#zoom-in",
    "#zoom-out",
    "#fit",
    "#first",
    "#back",
    "#play",
    "#next",
    "#last",
    "#scrubber",
    "#speed",
    "#forward",
    "#language",
]


def test_arrow_keys_move_exactly_one_step_wherever_the_focus_is(show):
    page = show(gates().stepper())
    for selector in [*FOCUSABLE, "#formula", "#table"]:
        page.evaluate("selector => document.querySelector(selector).focus()", selector)
        for key, expected in [
            ("Right", 1),
            ("Right", 2),
            ("Left", 1),
            ("Right", 2),
            ("Left", 1),
            ("Left", 0),
            ("Left", 0),
        ]:
            page.keyboard.press(f"Arrow{key}")
            assert place(page) == expected, selector
    page.click("#last")
    page.keyboard.press("ArrowRight")
    assert place(page) == 4


def test_arrow_keys_of_the_browser_stay_its_own(show):
    page = show(gates().stepper())
    for modifier in ("Alt", "Control", "Shift", "Meta"):
        page.evaluate(
            f"dispatchEvent(new KeyboardEvent('keydown', {{key: 'ArrowRight', {modifier.lower()[:4]}Key: true}}))"
        )
    page.keyboard.press("Shift+ArrowRight")
    assert place(page) == 0


def test_the_scrubber(show):
    page = show(gates().stepper())
    page.focus("#scrubber")
    for key, expected in [("End", 4), ("Home", 0), ("ArrowUp", 1), ("ArrowUp", 2), ("ArrowDown", 1)]:
        page.keyboard.press(key)
        assert place(page) == expected
    box = page.locator("#scrubber").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert place(page) == 2
    assert gradients(page) == {"x": "–", "y": "–", "q": "-4", "z": "3", "f": "1"}


def test_playing(show):
    page = show(gates().stepper())
    page.select_option("#speed", label="very fast")
    page.click("#play")
    assert page.locator("#play-label").inner_text() == "Pause"
    assert page.locator("#sentence").get_attribute("aria-live") == "off"
    playwright.expect(page.locator("#play-label")).to_have_text("Play")
    assert place(page) == 4
    assert page.locator("#sentence").get_attribute("aria-live") == "polite"
    page.select_option("#speed", label="slow")
    page.click("#play")  # from the end, it begins anew
    assert place(page) == 0
    page.keyboard.press("ArrowRight")
    assert page.locator("#play-label").inner_text() == "Play"
    assert place(page) == 1


def test_home_and_end_go_to_the_ends_wherever_the_focus_is(show):
    page = show(gates().stepper())
    for selector in [*FOCUSABLE, "#formula", "#table"]:
        page.evaluate("selector => document.querySelector(selector).focus()", selector)
        page.keyboard.press("End")
        assert place(page) == 4, selector
        page.keyboard.press("Home")
        assert place(page) == 0, selector


# The picture in its frame


def network():
    model = nn.MLP(2, [4, 1], activation="tanh", seed=1)
    return nn.mse_loss(model([Value(1.0, "x0"), Value(2.0, "x1")]), 0.5)


def inside(page, selector):
    """Whether an element is in view within the frame of the picture."""
    return page.evaluate(
        """selector => {
            const [frame, box] = [picture, document.querySelector(selector)].map((e) => e.getBoundingClientRect());
            const across = box.left >= frame.left && box.right <= frame.right;
            return across && box.top >= frame.top && box.bottom <= frame.bottom;
        }""",
        selector,
    )


SIZES = [{"width": 1280, "height": 800}, {"width": 390, "height": 844}]


@pytest.mark.parametrize("viewport", SIZES)
@pytest.mark.parametrize("make", [lambda: gates().stepper(), lambda: network().stepper(), lambda: draw(network())])
def test_the_whole_graph_fits_the_window_at_first(show, viewport, make):
    page = show(make(), viewport=viewport)
    assert inside(page, ".graph")
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    frame = page.locator("#picture").bounding_box()
    assert frame["y"] + frame["height"] <= viewport["height"]


@pytest.mark.parametrize("viewport", SIZES)
def test_the_node_that_receives_is_always_in_view_and_can_be_read(show, viewport):
    s = network().stepper()
    page = show(s, viewport=viewport, reduced_motion="reduce")
    for step in s:
        page.keyboard.press("ArrowRight")
        current = page.locator("#picture [aria-current]").evaluate_all("nodes => nodes.map((node) => node.ariaLabel)")
        assert set(current) == {s.names[step.node], s.names[step.parent]}
        assert inside(page, f"[aria-current][aria-label='{s.names[step.parent]}']")
        assert page.evaluate("13 * board.scale") >= 10
    page.keyboard.press("Home")
    assert inside(page, ".graph")
    assert page.locator("[aria-current]").count() == 0


def scale(page):
    return page.evaluate("board.scale")


def test_buttons_and_keys_zoom(show):
    for page in (show(network().stepper()), show(draw(network()))):
        whole = scale(page)
        page.get_by_role("button", name="Zoom in").click()
        assert scale(page) == pytest.approx(1.25 * whole)
        page.keyboard.press("+")
        page.keyboard.press("+")
        page.keyboard.press("-")
        assert scale(page) == pytest.approx(1.25**3 * 0.8 * whole)
        page.get_by_role("button", name="Zoom out").click()
        page.get_by_role("button", name="Fit").click()
        assert scale(page) == whole
        assert inside(page, ".graph")
        page.keyboard.press("=")
        page.keyboard.press("0")
        assert scale(page) == whole
        for _ in range(30):
            page.keyboard.press("-")
        assert scale(page) == pytest.approx(whole)  # nobody needs it smaller
        for _ in range(30):
            page.keyboard.press("+")
        assert scale(page) == 4


def test_the_wheel_zooms_at_the_pointer_and_the_mouse_drags(show):
    page = show(network().stepper())
    for _ in range(8):
        page.keyboard.press("+")
    frame = page.locator("#picture").bounding_box()
    x, y = frame["x"] + 0.3 * frame["width"], frame["y"] + 0.6 * frame["height"]

    def under(x, y):
        """The point of the picture, in its own units, at a point of the screen."""
        return page.evaluate(
            """([x, y]) => {
                const { left, top } = board.graph.getBoundingClientRect();
                return [(x - left) / board.scale, (y - top) / board.scale];
            }""",
            [x, y],
        )

    point, before = under(x, y), scale(page)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -60)
    page.mouse.wheel(0, -60)
    page.wait_for_function(f"board.scale > {1.3 * before}")
    assert under(x, y) == pytest.approx(point, abs=3)
    page.mouse.down()
    page.mouse.move(x - 70, y - 40, steps=4)
    page.mouse.up()
    assert under(x - 70, y - 40) == pytest.approx(point, abs=3)


def test_two_fingers_zoom(show):
    page = show(network().stepper(), viewport=SIZES[1], has_touch=True)
    before = scale(page)
    box = page.locator("#picture").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = page.context.new_cdp_session(page)

    def touch(kind, *offsets):
        points = [{"x": x + dx, "y": y, "id": k} for k, dx in enumerate(offsets)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", -20, 20)
    touch("touchMove", -40, 40)
    touch("touchMove", -60, 60)
    touch("touchEnd")
    assert scale(page) == pytest.approx(3 * before, rel=0.05)


def test_who_zooms_keeps_that_size_while_stepping(show):
    page = show(network().stepper(), reduced_motion="reduce")
    for _ in range(4):
        page.keyboard.press("+")
    own = scale(page)
    page.keyboard.press("ArrowRight")
    assert scale(page) == own
    page.keyboard.press("0")
    whole = scale(page)
    page.keyboard.press("ArrowRight")
    assert scale(page) == whole


def test_names_break_between_words_alone(show):
    page = show(network().stepper())
    header = page.locator("#known th", has_text="layers.0.neurons.3.w.0")
    assert header.locator("wbr").count() == 6
    assert header.inner_text() == "layers.0.neurons.3.w.0"


def test_gradients_of_an_earlier_pass_look_different(show):
    f = gates()
    f.backward()
    page = show(f.stepper())

    def old():
        return {node.get_attribute("id") for node in page.locator(".node.old").all()}

    assert old() == {f"node{k}" for k in range(5)}
    assert page.locator("#node0 text", has_text="old grad").count() == 1
    assert [row[3] for row in table(page)] == ["earlier pass"] * 5
    style = "getComputedStyle(document.querySelector('#node0 .grad')).fontStyle"
    assert page.evaluate(style) == "italic"
    page.keyboard.press("End")
    assert old() == set()
    assert page.evaluate(style) == "normal"
    page.keyboard.press("ArrowLeft")
    assert old() == {"node1"}
    assert page.locator("#node1 text", has_text="old grad").count() == 1


class Cell:
    """A stepper as a notebook shows it: among other things, in a page of its own policy."""

    def __init__(self, subject):
        self.subject = subject

    def save(self, path):
        path.write_text(f"<!doctype html><meta charset=utf-8><p>out</p>{self.subject._repr_html_()}", encoding="utf-8")


def test_the_page_is_alive_in_a_notebook(show):
    page = show(Cell(gates("权重").stepper()))
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="Next").click()
    assert frame.locator("#place").inner_text() == "Backward pass, step 1 of 4"
    assert frame.locator("#known tr").nth(2).inner_text().split() == ["权重", "3", "-4", "done", "✓"]
    frame.get_by_role("button", name="Zoom in").click()


@pytest.mark.parametrize("make", [lambda: gates().stepper(), lambda: network().stepper()])
def test_a_cell_that_is_hidden_at_first_is_as_one_that_is_not(show, make):
    page = show(Cell(make()))
    page.evaluate("document.querySelector('iframe').style.display = 'none'")
    page.evaluate("document.querySelector('iframe').srcdoc += ' '")  # loads the page again
    page.wait_for_timeout(300)
    page.evaluate("document.querySelector('iframe').style.display = 'block'")
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="Next").click()
    assert frame.locator("svg.graph").bounding_box()["width"] > 300
    halo = frame.locator(".halo.contribution").bounding_box()
    boxes = [node.bounding_box() for node in frame.locator("[aria-current]").all()]
    assert any(halo["x"] < box["x"] + 10 < box["x"] + box["width"] - 10 < halo["x"] + halo["width"] for box in boxes), (
        halo,
        boxes,
    )


# Parts that open and close


def wide():
    return nn.mse_loss(nn.MLP(2, [16, 16, 1], activation="tanh", seed=0)([Value(1.0, "x0"), Value(-0.5, "x1")]), 1.0)


def boxes(page):
    """The titles of the boxes that are shown, of parts alone."""
    return page.locator(".node.closed:visible").evaluate_all("nodes => nodes.map((node) => node.ariaLabel)")


@pytest.mark.parametrize("viewport", SIZES)
def test_layers_and_neurons_open_and_close(show, viewport):
    s = wide().stepper()
    page = show(s, viewport=viewport, reduced_motion="reduce")
    assert boxes(page) == ["layers.0", "layers.1", "layers.2"]  # of 484 nodes
    assert inside(page, ".graph")
    layer = page.get_by_role("button", name="layers.1", exact=True)
    assert layer.get_attribute("aria-expanded") == "false"
    layer.focus()
    page.keyboard.press("Enter")
    assert boxes(page) == ["layers.0", *(f"neurons.{k}" for k in range(16)), "layers.2"]
    assert page.evaluate("document.activeElement.ariaExpanded") == "true"
    page.get_by_role("button", name="neurons.3", exact=True).focus()
    page.keyboard.press("Enter")
    names = page.locator(".node:not(.closed):visible").evaluate_all("nodes => nodes.map((node) => node.ariaLabel)")
    assert next(name for name in names if name.startswith("layers.")) == "layers.1.neurons.3.w.0"
    assert len(names) == 2 + 3 + 16 + 1 + 2
    page.keyboard.press("Enter")
    page.get_by_role("button", name="layers.1", exact=True).focus()
    page.keyboard.press(" ")
    assert boxes(page) == ["layers.0", "layers.1", "layers.2"]
    page.locator("[aria-label='layers.1'].closed text").first.click(force=True)
    assert len(boxes(page)) == 2 + 16


@pytest.mark.parametrize("viewport", SIZES)
def test_what_receives_is_in_view_whatever_is_open(show, viewport):
    s = wide().stepper()
    page = show(s, viewport=viewport, reduced_motion="reduce")
    s.run()
    for name in (None, "layers.1", "neurons.0"):
        if name:
            page.get_by_role("button", name=name, exact=True).focus()
            page.keyboard.press("Enter")
        for k in (1, 5, 19, 40, 100, 300, len(s)):
            page.evaluate("k => board.go(k)", k)
            assert inside(page, ".halo.contribution")
            assert page.locator("[aria-current]").count() in (1, 2)
    shown = page.locator("[aria-label='layers.2'].closed text.grad").all_text_contents()
    assert shown[-1] == f"{s.nodes[-3].grad:.4g}"


def test_rows_of_a_card_show_the_state(show):
    s = network().stepper()
    page = show(s)
    first = next(step for step in s if s.names[step.parent] == "layers.1.neurons.0.w.1")
    row = page.locator("g[aria-label='layers.1.neurons.0.w.1'] text.grad").first
    assert row.text_content() == "–"
    page.evaluate("k => board.go(k)", first.number)
    assert row.text_content() == f"{first.total:.4g}"
    assert current_edges(page) == []  # a weight is part of its neuron: no arrow
    page.keyboard.press("Home")
    assert row.text_content() == "–"


def test_a_drag_that_begins_on_a_layer_opens_nothing(show):
    page = show(wide().stepper())
    for _ in range(6):
        page.keyboard.press("+")
    box = page.locator("[aria-label='layers.1'].closed").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 30, y - 20, steps=3)
    page.mouse.up()
    assert len(boxes(page)) == 3


# Pictures


def test_a_picture_has_a_page_without_steps(show):
    page = show(draw(gates()))
    assert page.title() == "Computation graph"
    assert page.get_by_role("button").all_inner_texts() == ["+", "−", "Fit"]
    assert page.locator("#node2 text").all_text_contents() == ["+", "q", "data", "3", "grad", "–"]
    page.keyboard.press("ArrowRight")


@pytest.mark.parametrize("viewport", SIZES)
def test_layers_of_a_picture_open_and_close(show, viewport):
    loss = wide()
    weight = next(node for node in loss.stepper().order if node.label == "layers.1.neurons.3.w.0")
    page = show(draw(loss), viewport=viewport, reduced_motion="reduce")
    assert boxes(page) == ["layers.0", "layers.1", "layers.2"]
    assert inside(page, ".graph")
    page.get_by_role("button", name="layers.1", exact=True).focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.ariaExpanded") == "true"
    assert len(boxes(page)) == 18
    shown = page.locator("g[aria-label='layers.1.neurons.3.w.0'] text.data")
    assert shown.text_content() == f"{weight.data:.4g}"
    page.keyboard.press(" ")
    assert boxes(page) == ["layers.0", "layers.1", "layers.2"]
    page.keyboard.press("+")
    page.get_by_role("button", name="Fit").click()
    assert inside(page, ".graph")


@pytest.mark.parametrize(
    ("collapse", "shown"),
    [
        (True, ["layers.0", "layers.1", "loss"]),
        ("neurons", ["neurons.0", "neurons.1", "neurons.2", "neurons.3", "layers.1", "loss"]),
    ],
)
def test_a_picture_opens_as_it_was_drawn(show, collapse, shown):
    assert boxes(show(draw(network(), collapse=collapse))) == shown


def test_a_picture_that_runs_another_way_stays_as_it_is_drawn(show):
    page = show(draw(network(), collapse=True, rankdir="TB"))
    assert page.locator("[aria-expanded]").count() == 0
    assert page.locator(".node").count() == 5  # two inputs, two layers, and the loss


def test_the_page_of_a_picture_has_the_numbers_of_the_time_it_was_drawn(show):
    loss = network()
    picture = draw(loss, collapse="neurons")
    weight = next(node for node in loss.stepper().order if node.label == "layers.1.neurons.0.w.2")
    before = weight.data
    loss.backward()
    weight.data = 7.0
    row = show(picture).locator("g[aria-label='layers.1.neurons.0.w.2']")
    assert row.locator("text.data").text_content() == f"{before:.4g}"
    assert row.locator("text.grad").text_content() == "–"


# For everyone


def test_everything_is_reached_by_tab_in_the_order_it_is_seen(show):
    page = show(gates().stepper())
    page.keyboard.press("ArrowRight")
    reached = []
    for _ in range(15):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.className"))
    order = [
        "language",
        "picture",
        "zoom-in",
        "zoom-out",
        "fit",
        "first",
        "back",
        "play",
        "next",
        "last",
        "scrubber",
        "speed",
        "forward",
        "formula",
        "table",
    ]
    assert reached == order


def test_everything_has_a_name_for_a_screen_reader(show):
    page = show(gates().stepper())
    page.click("#next")
    tree = page.locator("body").aria_snapshot()
    for line in (
        'heading "Backpropagation of f, step by step" [level=1]',
        'region "Picture of the graph"',
        'group "Graph of f: 5 nodes"',
        'group "q"',
        'region "Steps"',
        'button "First"',
        'button "Next"',
        'slider "Step"',
        'combobox "Speed"',
        'combobox "Language"',
        'checkbox "Forward pass first"',
        'table "Values and gradients"',
        'rowheader "q"',
    ):
        assert line in tree
    live = page.locator("[aria-live]")
    assert live.get_attribute("aria-live") == "polite"
    assert live.get_attribute("id") == "sentence"


@pytest.mark.parametrize("make", [gates, network])
def test_the_page_speaks_english_and_chinese(show, make):
    page = show(make().stepper(), locale="zh-CN")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    assert page.title() == page.locator("h1").inner_text() == "f 的反向传播：一步一步看"
    page.get_by_role("button", name="下一步").click()
    assert page.locator("#sentence").inner_text().startswith("运算 *（积）：f = ")
    assert page.locator("#place").inner_text().startswith("反向传播，第 1 步，共 ")
    assert page.locator(".tag[visibility=visible]").first.text_content() == "上游梯度"
    left = page.evaluate(
        """() => {
            const walk = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
            const own = "#known, svg.graph, script, noscript, #language, [lang=en], .name, .number, #sentence, math";
            const texts = [];
            while (walk.nextNode()) if (!walk.currentNode.parentElement.closest(own)) texts.push(walk.currentNode.data);
            const named = [...document.querySelectorAll("main [aria-label]:not(svg, svg *, #language)")];
            return [...texts, ...named.map((part) => part.ariaLabel)].filter((text) => /[a-z]/i.test(text));
        }"""
    )
    assert left == []
    page.get_by_role("combobox", name="Language").select_option("English")
    assert page.evaluate("document.documentElement.lang") == "en"
    assert place(page) == 1
    assert page.locator("#sentence").inner_text().startswith("Operation * (product): f = ")
    page.get_by_role("button", name="Next").click()
    assert page.locator(".tag[visibility=visible]").first.text_content() == "upstream"


@pytest.mark.parametrize("make", [lambda: wide().stepper(), lambda: draw(network()), lambda: draw(gates())])
def test_the_words_in_the_boxes_follow_the_language(show, make):
    page = show(make(), locale="zh-CN")
    words = page.locator("svg.graph [data-word]")
    said = set(words.all_text_contents())
    assert {"数值", "梯度"} <= said
    assert not [text for text in said if re.match("data|grad|old|input|weight|bias|sum|param|oper|outputs", text)]
    assert page.locator("svg.graph").get_attribute("aria-label").startswith(("f 的计算图：", "计算图"))
    page.get_by_role("combobox", name="Language").select_option("English")
    assert {"data", "grad"} <= set(words.all_text_contents())
    assert page.evaluate("document.documentElement.lang") == "en"


def test_a_label_that_is_a_word_of_the_page_stays_what_it_is(show):
    page = show(gates("data").stepper(), locale="zh-CN")
    assert page.locator("#node2 text").all_text_contents()[:3] == ["+", "data", "数值"]


def test_the_command_may_choose_the_language(show):
    class Chinese:
        def save(self, path):
            write_page(gates().stepper(), path, "zh_CN")

    assert show(Chinese()).title() == "f 的反向传播：一步一步看"


def brightness(page, selector, name):
    colour = page.evaluate("([s, n]) => getComputedStyle(document.querySelector(s))[n]", [selector, name])
    channels = [int(c) / 255 for c in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]  # relative luminance of WCAG 2.2


PAIRS = [
    (("body", "color"), ("body", "backgroundColor")),
    (("#sentence", "color"), (".explained", "backgroundColor")),
    ((".place", "color"), ("body", "backgroundColor")),
    (("h2", "color"), (".explained", "backgroundColor")),
    ((".factor.upstream", "color"), (".explained", "backgroundColor")),
    ((".factor.local", "color"), (".explained", "backgroundColor")),
    ((".factor.contribution", "color"), (".explained", "backgroundColor")),
    ((".complete-mark", "color"), (".explained", "backgroundColor")),
    (("button", "color"), ("button", "backgroundColor")),
    (("#node0 text.data", "fill"), ("#node0 path", "fill")),
    (("#node0 text.grad", "fill"), ("#node0 path", "fill")),
    (("#node2 text.grad", "fill"), ("#node2 polygon", "fill")),
    (("#node4 text.data", "fill"), ("#node4 polygon", "fill")),
    (("#node4 text.grad", "fill"), ("#node4 polygon", "fill")),
    ((".edge text", "fill"), (".picture", "backgroundColor")),
    ((".edge.current text", "fill"), (".picture", "backgroundColor")),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_by_day_and_by_night(show, scheme):
    page = show(gates().stepper(), color_scheme=scheme)
    page.click("#next")
    assert (brightness(page, "body", "backgroundColor") < 0.1) == (scheme == "dark")
    assert (brightness(page, "#node2 polygon", "fill") < 0.1) == (scheme == "dark")
    for text, ground in PAIRS:
        low, high = sorted((brightness(page, *text), brightness(page, *ground)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground)


def test_nothing_sticks_out_on_a_phone(show):
    page = show(shared().stepper(), viewport={"width": 360, "height": 740})
    for _ in range(4):
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
    letters = page.evaluate("document.querySelector('#node0 text.data').getBoundingClientRect().height")
    assert letters >= 11
    for button in ("first", "back", "play", "next", "last"):
        box = page.locator(f"#{button}").bounding_box()
        assert box["height"] >= 44
        assert box["width"] >= 44


def test_a_large_picture_follows_the_step(show):
    x = Value(1.0, "x")
    f = x
    for _ in range(12):
        f = f * 2
    page = show(f.stepper(), viewport={"width": 400, "height": 740}, reduced_motion="reduce")
    for _ in range(12):
        page.keyboard.press("ArrowRight")
        frame = page.locator("#picture").bounding_box()
        hand = page.locator(".halo.upstream").bounding_box()
        assert frame["x"] <= hand["x"]
        assert hand["x"] + hand["width"] <= frame["x"] + frame["width"]


def test_motion_is_left_out_where_it_is_not_wanted(show):
    moving, still = show(gates().stepper()), show(gates().stepper(), reduced_motion="reduce")
    for page, expected in ((moving, "flow"), (still, "none")):
        page.click("#next")
        animation = "getComputedStyle(document.querySelector('.edge.current path')).animationName"
        assert page.evaluate(animation) == expected


def test_without_javascript_the_picture_is_there_and_the_page_says_why_nothing_moves(show):
    page = show(gates().stepper(), java_script_enabled=False)
    assert page.locator("#node2 text.data").text_content() == "3"
    assert "needs JavaScript" in page.content()
    w = Value(1.0, "w")
    page = show((w * 0.333333 + w * 0.666667).stepper(), java_script_enabled=False)
    assert page.locator("#node0 text.grad").text_content() == "1"  # not the 0.6667 on the way, which is wider
    assert "table" not in page.locator("noscript").inner_text()


# Safety


@pytest.mark.parametrize("label", [HOSTILE, "<img src=x onerror=alert(1)>", "权重", "\"'&amp;"])
def test_a_hostile_label_is_shown_and_not_run(show, label):
    page = show(gates(label).stepper())
    page.click("#next")
    assert page.evaluate("document.scripts.length") == 2
    assert label in gradients(page)
    assert label in page.locator("#sentence").inner_text()
    assert page.locator("#picture").inner_text().count("alert(1)") <= 1


def test_the_policy_forbids_what_the_page_does_not_bring(chromium, tmp_path):
    gates().stepper().save(tmp_path / "f.html")
    context = chromium.new_context()
    page = context.new_page()
    page.goto((tmp_path / "f.html").as_uri())
    forbidden = page.evaluate(
        """async () => {
            const seen = [];
            document.addEventListener("securitypolicyviolation", (event) => seen.push(event.effectiveDirective));
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            document.body.insertAdjacentHTML("beforeend", "<p style='color: red' id='styled'>text</p>");
            document.body.insertAdjacentHTML("beforeend", "<img src='https://example.invalid/x.png'>");
            await fetch("https://example.invalid/").catch(() => null);
            await new Promise((resolve) => setTimeout(resolve, 100));
            return [window.ran, seen.sort()];
        }"""
    )
    context.close()
    assert forbidden == [None, ["connect-src", "img-src", "script-src-elem", "style-src-attr"]]


def test_the_longest_page_that_is_allowed(show):
    x = Value(1.0, "x")
    f = x
    for _ in range(1000):
        f = f * f
    page = show(f.stepper())
    assert page.locator("#scrubber").get_attribute("max") == "2000"
    page.click("#last")
    assert place(page) == 2000
    page.keyboard.press("ArrowLeft")
    assert place(page) == 1999
    assert stepper(f).position == 0
