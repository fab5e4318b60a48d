"""The picture of the race: a panel for each kind of work, a bar for each contestant, all on one scale of time."""

import math

from demos.page import COLORS
from demos.race.clock import written

GREY = "#a8a8a8"


def chart(panels: dict[str, dict[str, float]], path: str) -> None:
    """Bars of the seconds in each panel, the shortest on top, each with its figure; ours are blue."""
    from matplotlib.figure import Figure

    heights = [len(times) for times in panels.values()]
    figure = Figure(figsize=(8, 0.32 * sum(heights) + 0.5 * len(panels) + 0.6), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1, hspace=0.04)
    rows = figure.subplots(len(panels), sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (title, times) in zip(rows, panels.items(), strict=True):
        names = sorted(times, key=times.__getitem__, reverse=True)
        ours = [name.startswith("ours") for name in names]
        weights = ["bold" if own else "normal" for own in ours]
        bars = axes.barh(
            names,
            [times[name] * 1e6 for name in names],
            height=0.72,
            color=[COLORS[0] if own else GREY for own in ours],
        )
        figures = axes.bar_label(bars, [written(times[name]) for name in names], padding=5)
        for label, text, weight in zip(axes.get_yticklabels(), figures, weights, strict=True):
            label.set_weight(weight)
            text.set(weight=weight, va="center_baseline")
            text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1.5})  # over the lines of the grid
        axes.set_title(title, loc="left", weight="bold", fontsize=11, pad=8)
        axes.set_xscale("log")
        axes.spines[:].set_visible(False)
        axes.tick_params(which="both", length=0)
        axes.tick_params(axis="x", labelbottom=True, labelcolor="#555555")
        axes.grid(axis="x", color="#dddddd")
        axes.set_axisbelow(True)
        axes.margins(y=0.02)
    microseconds = [seconds * 1e6 for times in panels.values() for seconds in times.values()]
    decade = 10.0 ** math.floor(math.log10(min(microseconds) / 1.5))  # no bar is too short to be seen
    rows[-1].set_xlim(decade, max(microseconds) * (max(microseconds) / decade) ** 0.16)  # and its figure has room
    rows[-1].xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    rows[-1].set_xlabel("time in µs, on a logarithmic scale: shorter is faster", color="#555555")
    figure.savefig(path)
