#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws docs/curves/*.svg from the lines that measure_packing printed.

    tests/bench/draw_curves.py [docs/curves]

Needs the Python package matplotlib. alpha.jsonl and gamma.jsonl: accuracy and packing efficiency
over alpha and over conflicts per row; data.jsonl: accuracy over the share of the training data, for
the packed pretrained network and for one trained from scratch.
"""
import json
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot, ticker  # noqa: E402

matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "colonnade", "font.family": "sans-serif",
                            "axes.spines.top": False, "axes.grid": True, "grid.alpha": 0.3, "legend.frameon": False})
SOURCE_IMAGES = 50_000  # CIFAR-10's training set, of which the shares are taken


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def figure():
    fig, axes = pyplot.subplots(figsize=(6.4, 3.8), layout="constrained")
    return fig, axes


def save(fig, path):
    fig.savefig(path, metadata={"Date": None, "Creator": None})
    pyplot.close(fig)


def percent(axes, label):
    axes.set_ylabel(label)
    axes.yaxis.set_major_formatter(ticker.PercentFormatter(decimals=0))


def draw_accuracy_and_efficiency(folder, key, label):
    lines = sorted(read(folder / f"{key}.jsonl"), key=lambda line: line[key])
    fig, axes = figure()
    steps = range(len(lines))
    axes.set_xticks(steps, [f"{line[key]:g}" for line in lines])
    axes.set_xlabel(label)
    percent(axes, "accuracy, 8 bits")
    axes.axhline(lines[0]["dense"], color="0.5", linestyle=":", label="dense, float")
    axes.errorbar(steps, [line["integer"] for line in lines], [line["interval"] for line in lines], color="C0",
                  marker="o", capsize=3, label="accuracy (left)")
    right = axes.twinx()
    right.grid(False)
    right.plot(steps, [line["efficiency"] for line in lines], color="C1", marker="s", linestyle="--",
               label="packing efficiency (right)")
    right.set_ylim(0, 105)
    percent(right, "packing efficiency")
    fig.legend(loc="upper center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    fig.get_layout_engine().set(rect=(0, 0, 1, 0.92))
    save(fig, folder / f"{key}.svg")


def draw_data(folder):
    lines = sorted(read(folder / "data.jsonl"), key=lambda line: line["images"])
    fig, axes = figure()
    axes.axhline(lines[0]["dense"], color="0.5", linestyle=":", label="dense, float, all data")
    for scratch, name, style in ((False, "pretrained, packed", "C0o-"), (True, "from scratch, packed", "C3s--")):
        chosen = [line for line in lines if line["scratch"] == scratch]
        axes.plot([100 * line["images"] / SOURCE_IMAGES for line in chosen], [line["integer"] for line in chosen], style,
                  label=name)
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    axes.set_xticks([1, 2.5, 5, 10, 20], ["1 %", "2.5 %", "5 %", "10 %", "20 %"])
    axes.set_xlabel("share of the training data")
    percent(axes, "accuracy, 8 bits")
    axes.legend(loc="best")
    save(fig, folder / "data.svg")


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "docs/curves")
    draw_accuracy_and_efficiency(folder, "alpha", "alpha: columns per group, at most")
    draw_accuracy_and_efficiency(folder, "gamma", "gamma: conflicts per row of a group, at most on average")
    draw_data(folder)


if __name__ == "__main__":
    main()
