"""The figures: agreement over time steps, latent activity, accuracy against firing rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ffcl.figures import COLOURS, MARKERS
from ffcl_reproduce.agreement import Agreement

Points = NDArray[np.float64]


def agreement_figure(found: Sequence[Agreement]) -> Figure:
    """Cosine between spiking and analog update over the time steps of a presentation."""
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, probability in zip(panels, ("sigmoid", "symmetric"), strict=True):
        curves = list(dict.fromkeys((a.encoding, a.leak) for a in found))
        for number, (encoding, leak) in enumerate(curves):
            chosen = [a for a in found if (a.encoding, a.leak, a.probability) == (encoding, leak, probability)]
            axes.errorbar(
                [a.steps for a in chosen],
                [a.cosine for a in chosen],
                yerr=[a.deviation for a in chosen],
                color=COLOURS[number],
                marker=MARKERS[number],
                markersize=5,
                linewidth=1.4,
                capsize=2,
                label=f"{_ENCODING[encoding]}, leak {leak:g}",
            )
        axes.set_xscale("log", base=2)
        axes.set_xticks([a.steps for a in chosen], [str(a.steps) for a in chosen])
        axes.minorticks_off()
        axes.axhline(1.0, color="#999999", linewidth=0.8, zorder=0)
        axes.set_ylim(-1.05, 1.05)
        axes.set_xlabel("time steps a sample is shown")
        axes.set_title(f"{probability} probability")
    panels[0].set_ylabel("cosine(spiking update, analog update)")
    panels[1].legend(loc="lower right", fontsize=9)
    figure.suptitle("The spiking three-factor update approaches the analog gradient", fontsize=10)
    return figure


_ENCODING = {"current": "constant current", "bernoulli": "Bernoulli spikes"}


def activity_figure(means: Mapping[str, Points]) -> Figure:
    """Mean activity of each neuron in each class, a panel a configuration; neurons sorted by preferred class."""
    rows, columns = _grid(len(means))
    figure = Figure(figsize=(4.0 * columns, 2.5 * rows + 0.4), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).flat
    for axes, (name, activity) in zip(panels, means.items(), strict=False):
        scaled = activity / max(float(activity.max()), 1e-12)
        order = np.lexsort((-scaled.max(0), scaled.argmax(0)))
        image = axes.imshow(scaled[:, order], aspect="auto", cmap="magma", vmin=0, vmax=1, interpolation="nearest")
        axes.grid(visible=False)
        axes.set_title(name, fontsize=9)
        axes.set_yticks(range(len(scaled)), [str(c) for c in range(len(scaled))], fontsize=7)
        axes.tick_params(axis="x", labelsize=7)
    for axes in list(figure.axes)[len(means) :]:
        axes.set_visible(False)
    figure.supylabel("class", fontsize=9)
    figure.supxlabel("neuron, sorted by the class it answers most", fontsize=9)
    figure.colorbar(image, ax=figure.axes, label="mean activity / largest", pad=0.01)
    return figure


def embedding_figure(embeddings: Mapping[str, tuple[Points, NDArray[np.int64]]]) -> Figure:
    """The activity in two dimensions, coloured by class, a panel a configuration."""
    rows, columns = _grid(len(embeddings))
    figure = Figure(figsize=(3.6 * columns, 3.4 * rows + 0.3), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).flat
    for axes, (name, (points, y)) in zip(panels, embeddings.items(), strict=False):
        for c in np.unique(y):
            axes.scatter(*points[y == c].T, s=3, color=TEN[int(c) % len(TEN)], label=str(c), linewidths=0)
        axes.set_title(name, fontsize=9)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.grid(visible=False)
    for axes in list(figure.axes)[len(embeddings) :]:
        axes.set_visible(False)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", markerscale=4, fontsize=9, title="class")
    return figure


# Ten classes need ten colours: Tableau's, in matplotlib's order.
TEN = ("#4E79A7", "#F28E2B", "#E15759", "#76B7B2", "#59A14F", "#EDC948", "#B07AA1", "#FF9DA7", "#9C755F", "#79706E")


def trade_off_figure(curves: Mapping[str, Sequence[tuple[float, float, str]]], marks: Mapping[str, float]) -> Figure:
    """Accuracy (%) against firing rate, each point labelled by its rate penalty; ``marks`` are published values."""
    figure = Figure(figsize=(7.6, 4.6), layout="constrained")
    axes = figure.subplots()
    for number, (name, points) in enumerate(curves.items()):
        rates, accuracies = [p[0] for p in points], [p[1] for p in points]
        axes.plot(rates, accuracies, color=COLOURS[number], marker=MARKERS[number], label=name)
        for rate, accuracy, label in points:
            axes.annotate(label, (rate, accuracy), textcoords="offset points", xytext=(5, -10), fontsize=7)
    for number, (name, accuracy) in enumerate(marks.items()):
        axes.axhline(accuracy, color="#777777", linewidth=0.9, linestyle=("--", ":")[number % 2], label=name)
    axes.set_xscale("log")
    axes.set_xlabel("firing rate of the layer under the right label (spikes a neuron and step)")
    axes.set_ylabel("test accuracy (%)")
    axes.set_title("Accuracy against firing rate; at each point its rate penalty")
    axes.legend(fontsize=8, loc="center right", bbox_to_anchor=(1.0, 0.48))
    return figure


def _grid(n: int) -> tuple[int, int]:
    columns = min(n, 3)
    return -(-n // columns), columns
