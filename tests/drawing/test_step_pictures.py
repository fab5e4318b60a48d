"""Pictures of single steps: one layout, the gradients so far, the current step marked."""

import re
import xml.etree.ElementTree as ET

from autograd import Value, stepper
from autograd.drawing.step_pictures import PassPictures
from tests.drawing.passes import gates, texts


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


def test_a_picture_of_a_step_shows_the_gradients_so_far_and_the_current_step():
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


def test_gradients_of_an_earlier_pass_look_different_and_say_so():
    f = gates()
    f.backward()
    before, after = picture(f, 0), picture(f, 2)
    assert "old gradients are from an earlier pass" in before.svg
    shown = {name: [t[2] for t in group] for name, group in texts(before.svg).items()}
    assert all("old grad" in shown[f"node{k}"] for k in range(5))
    shown = {name: [t[2] for t in group] for name, group in texts(after.svg).items()}
    # z has received; q and f start again, x and y are leaves that will add to what they have
    assert [shown[f"node{k}"][-2] for k in range(5)] == ["old grad", "old grad", "grad", "grad", "grad"]
    assert "from an earlier pass" in after.svg
    assert "old" not in picture(gates(), 0).svg
