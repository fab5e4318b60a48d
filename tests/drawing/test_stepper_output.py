"""The stepper saved to files and shown in notebooks, and left as it was."""

import pytest

import nn
from autograd import Value
from tests.drawing.passes import chain, gates


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
def test_saving_before_the_first_step_leaves_a_pass_that_has_started(tmp_path, make):
    s = make().stepper()
    s.until(s.output) if s.nodes else s.run()
    before = s.output.grad, s.done, s.complete(s.output)
    s.save(tmp_path / "f.html")
    s._repr_mimebundle_()
    assert (s.output.grad, s.done, s.complete(s.output)) == before
    s.reset()
    assert s.output.grad is None


def test_pictures_of_all_steps(tmp_path):
    f = gates()
    s = f.stepper()
    s.save(tmp_path / "new" / "steps" / "*.svg")
    written = sorted((tmp_path / "new" / "steps").iterdir())
    assert [path.name for path in written] == ["01.svg", "02.svg", "03.svg", "04.svg"]
    assert "step 2 of 4, backward: f = q·z" in written[1].read_text()
    assert f.grad is None


def test_numbers_have_as_many_digits_as_the_last(tmp_path):
    chain(10).stepper().save(tmp_path / "step *.dot")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert (names[0], names[-1], len(names)) == ("step 01.dot", "step 10.dot", 10)


def test_one_picture_is_that_of_the_current_step(tmp_path):
    f = gates()
    s = f.stepper()
    s.step()
    s.save(tmp_path / "now.dot")
    assert "step 1 of 4" in (tmp_path / "now.dot").read_text()
    s.save(str(tmp_path / "now.PNG"))
    assert (tmp_path / "now.PNG").read_bytes().startswith(b"\x89PNG")


def test_a_notebook_shows_the_picture_of_the_current_step():
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


def test_a_notebook_shows_the_page_in_a_frame():
    s = gates().stepper()
    s.step()
    html = s._repr_mimebundle_()["text/html"]
    assert html == s._repr_html_()
    assert html.count("<") == 2  # the frame; the page is text within its attribute
    assert "before the first step" not in html
    assert s.position == 1


@pytest.mark.slow
def test_a_notebook_shows_a_network_as_a_page_of_which_layers_open():
    model = nn.MLP(2, [16, 16, 1], seed=0)
    bundle = model([1.0, 2.0]).stepper()._repr_mimebundle_()
    assert bundle.keys() == {"text/plain", "text/html"}
    assert bundle["text/html"].startswith("<iframe ")
