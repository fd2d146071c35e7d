"""Figures of several runs side by side: means with bands, and dots beside a curve."""

from helpers.page.plotting import COLORS

import matplotlib.pyplot as plt
import numpy as np


def plot_bands(panels, *, x, xlabel, ylabel, title, quantiles=(0, 1)):
    """Draw the mean of runs as a line and their range as a band, panel by panel.

    Args:
        panels: dict of a panel's title to dict of name to runs,
            float `(num_runs, num_points)`.
        x: numbers, `(num_points,)`.
        xlabel, ylabel, title: strings.
        quantiles: the ends of the band; by default the lowest and the highest run.

    Returns:
        The Axes, an array; all panels have one scale.
    """
    figure, axes = _make_axes(len(panels), height=3.6, sharey=True)
    for ax, (name, runs_by_name) in zip(axes, panels.items(), strict=True):
        for color, (label, runs) in zip(COLORS, runs_by_name.items(), strict=False):
            runs = np.asarray(runs)
            low, high = np.quantile(runs, quantiles, axis=0)
            ax.plot(x, runs.mean(axis=0), color=color, label=label)
            ax.fill_between(x, low, high, color=color, alpha=0.15)
        ax.set(title=name, xlabel=xlabel)
    axes[0].set_ylabel(ylabel)
    _finish(figure, axes, title)
    return axes


def plot_plane(panels, *, xlabel, ylabel, title, curve_name, marks):
    """Draw dots of several kinds beside a curve with marks, panel by panel.

    Args:
        panels: dict of a panel's title to `(curve, dots)`: a float `(num_marks, 2)`
            and a dict of name to float `(num_dots, 2)`.
        xlabel, ylabel, title: strings.
        curve_name: str. Names the curve in the legend.
        marks: one string per point of the curve.

    Returns:
        The Axes, an array.
    """
    figure, axes = _make_axes(len(panels), height=4.2)
    for ax, (name, (curve, dots)) in zip(axes, panels.items(), strict=True):
        ax.plot(*np.transpose(curve), "k.-", label=curve_name, zorder=1)
        for mark, point in zip(marks, curve, strict=True):
            ax.annotate(mark, point, (5, 3), textcoords="offset points", size=8)
        for color, (label, points) in zip(COLORS, dots.items(), strict=False):
            ax.scatter(*np.transpose(points), color=color, label=label, zorder=2, s=18)
        ax.set(title=name, xlabel=xlabel)
    axes[0].set_ylabel(ylabel)
    _finish(figure, axes, title)
    return axes


def _make_axes(num_panels, *, height, **options):
    size = (9 if num_panels > 1 else 6.4, height)
    options |= {"figsize": size, "layout": "constrained"}
    figure, axes = plt.subplots(1, num_panels, **options)
    return figure, np.atleast_1d(axes)


def _finish(figure, axes, title):
    for ax in axes:
        ax.set_label(f"{len(ax.lines)} lines, {len(ax.collections)} bands or clouds")
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3)
    figure.suptitle(title)
