"""A pass as a moving picture: a GIF with a frame before the first step and one for each step."""

from io import BytesIO

from .step_pictures import PassPictures

MOST_FRAMES = 300
_WIDEST = 1600  # pixels of a frame
_STEP, _ENDS = 1500, 3000  # milliseconds for which a step is shown, and the first and the last frame
_COLOURS = 128


def animation(pictures: PassPictures) -> bytes:
    """The GIF of a pass, which repeats without end.

    Raises ImportError without Pillow, ValueError for more than 300 frames.
    """
    try:
        from PIL import Image
    except ImportError:
        raise ImportError("saving a GIF needs Pillow: pip install Pillow") from None
    count = len(pictures.steps) + 1
    if count > MOST_FRAMES:
        raise ValueError(
            f"the GIF would have {count:,} frames, more than {MOST_FRAMES}: save a page (f.html), which shows any "
            "step at once, or step through a part: stepper(inner_node)"
        )
    pngs = (pictures.picture(taken)._picture("png") for taken in range(count))
    frames = [Image.open(BytesIO(png)).convert("RGBA") for png in pngs]
    width, height = max(frame.width for frame in frames), max(frame.height for frame in frames)
    zoom = min(1.0, _WIDEST / width)
    for k, frame in enumerate(frames):
        whole = Image.new("RGBA", (width, height), "white")
        whole.alpha_composite(frame)
        frames[k] = whole.convert("RGB").resize((round(width * zoom), round(height * zoom)), Image.Resampling.LANCZOS)
    palette = frames[-1].quantize(_COLOURS)  # one for all frames: what does not change keeps its colour
    first, *rest = (frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames)
    durations = [_ENDS, *[_STEP] * (count - 2), _ENDS][:count]
    file = BytesIO()
    first.save(file, "GIF", save_all=True, append_images=rest, duration=durations, loop=0)
    return file.getvalue()
