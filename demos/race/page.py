"""The frames of the playground while it learns: how many a second a browser shows, and what one costs our own script.

It takes 2-16-16-1 on 200 points in a headless Chromium, through Playwright (``pip install playwright``). Such a browser
has no graphics card and paints on the processor, which other programs use too: the script's own time tells more. Run it
with ``python -m demos.race.page``.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

import nn

NETWORK = "#Hidden%20layers=16,16"

# Each function that the page has called before a frame is timed, and so is each frame that the browser shows.
_MEASURE = """seconds => new Promise((done) => {
    const native = window.requestAnimationFrame.bind(window);
    const [work, shown] = [[], []];
    window.requestAnimationFrame = (act) => native((now) => {
        const begun = performance.now();
        act(now);
        work.push(performance.now() - begun);
    });
    const before = playground.state().epoch;
    playground.play();
    const watch = (now) => {
        shown.push(now);
        if (now - shown[0] < 1000 * seconds) return native(watch);
        window.requestAnimationFrame = native;
        playground.pause();
        done([work, shown, playground.state().epoch - before]);
    };
    native(watch);
})"""


class Frames(NamedTuple):
    """Milliseconds of script in each frame that learned, and between the frames shown; how many epochs were learned."""

    work: np.ndarray
    intervals: np.ndarray
    epochs: int

    def __str__(self) -> str:
        half, most = np.quantile(self.work, [0.5, 0.95])
        interval = np.median(self.intervals)
        return (
            f"script: {half:.1f} ms a frame (median), {most:.1f} ms (95 %)\n"
            f"shown:  {1000 / self.intervals.mean():.0f} frames a second, every {interval:.1f} ms (median)\n"
            f"learned: {self.epochs} epochs in {self.intervals.sum() / 1000:.1f} s"
        )


def browser() -> str | None:
    """The path of the Chromium that is installed; None where there is none, which Playwright may have."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def frames(seconds: float) -> Frames:
    """The frames of the page while it learns for so many seconds; ModuleNotFoundError without Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        chromium = playwright.chromium.launch(executable_path=browser(), args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1366, "height": 900})
        path = Path(folder) / "playground.html"
        nn.playground(path=path, show=False)
        page.goto(path.as_uri() + NETWORK)
        work, shown, epochs = page.evaluate(_MEASURE, seconds)
        chromium.close()
    return Frames(np.array(work), np.diff(shown), epochs)


def main(arguments: list[str] | None = None) -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(prog="python -m demos.race.page", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long the page learns (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        print(frames(options.seconds))
    except ModuleNotFoundError as error:
        sys.exit(f"{error}: pip install playwright, and playwright install chromium where there is none")


if __name__ == "__main__":
    main()
