"""The GIF of a pass: its frames are the pictures of the steps."""

import sys
from io import BytesIO

import numpy as np
import pytest

from autograd import Value
from autograd.drawing.step_pictures import PassPictures
from tests.drawing.passes import chain, gates

Image = pytest.importorskip("PIL.Image")


def frames(path):
    with Image.open(path) as gif:
        for k in range(gif.n_frames):
            gif.seek(k)
            yield gif.convert("RGB"), gif.info["duration"]


def distance(a, b):
    """The mean difference of two images' grey levels."""
    grey, other = (np.asarray(image.convert("L"), dtype=int) for image in (a, b))
    return np.abs(grey - other).mean()


def test_there_is_a_frame_before_the_first_step_and_one_for_each(tmp_path):
    s = gates().stepper()
    s.step(2)
    s.save(tmp_path / "f.gif")
    assert s.position == 2
    shown = list(frames(tmp_path / "f.gif"))
    assert len(shown) == 5
    assert [duration for _, duration in shown] == [3000, 1500, 1500, 1500, 3000]
    pictures = PassPictures(gates().stepper())
    for taken, (frame, _) in enumerate(shown):
        with Image.open(BytesIO(pictures.picture(taken)._picture("png"))) as picture:
            whole = Image.new("RGB", picture.size, "white")
            whole.paste(picture, mask=picture.getchannel("A"))
        whole = whole.resize(frame.size)
        nearest = min(range(5), key=lambda k: distance(shown[k][0], whole))
        assert nearest == taken


def test_a_graph_without_steps_has_one_frame(tmp_path):
    Value(2.0, "x").stepper().save(tmp_path / "f.gif")
    assert len(list(frames(tmp_path / "f.gif"))) == 1


def test_too_many_frames_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"301 frames, more than 300: save a page \(f\.html\)"):
        chain(300).stepper().save(tmp_path / "f.gif")
    assert not list(tmp_path.iterdir())


def test_without_pillow_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match="pip install Pillow"):
        gates().stepper().save(tmp_path / "f.gif")
