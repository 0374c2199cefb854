"""Plot the results of `make bench-peers` as SVG; runs on the packages of the peers."""

import json
import statistics
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

mpl.use("svg")
mpl.rcParams.update(
    {"svg.hashsalt": "shortorder", "font.family": "sans-serif", "font.size": 10, "axes.grid": True}
)
COLORS = {"creates": "#2563a8", "reads": "#d9822b"}


def main(results: Path, file: Path) -> None:
    """Plot a bar for each contender, with the range of its rounds, in one chart for each kind."""
    found = json.loads(results.read_text())
    figure, charts = plt.subplots(1, 2, figsize=(10, 0.5 * len(found) + 1), sharey=True)
    for chart, what in zip(charts, COLORS, strict=True):
        names = [one["name"] for one in found]
        rates = [one[what] for one in found]
        middle = [statistics.median(own) for own in rates]
        ranges = [
            [at - min(own) for at, own in zip(middle, rates, strict=True)],
            [max(own) - at for at, own in zip(middle, rates, strict=True)],
        ]
        chart.barh(names, middle, xerr=ranges, color=COLORS[what], ecolor="#555", zorder=2)
        chart.set_xlabel(f"{what} a second, 16 connections")
        chart.xaxis.set_major_formatter("{x:,.0f}")
    charts[0].invert_yaxis()  # which the other one shares
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
