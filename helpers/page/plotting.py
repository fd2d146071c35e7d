"""Figures: the course's style, curves, maps of codes, and heat maps.

Every `plot_*` function draws on one Axes and returns it; it never shows or saves the
figure. Without `ax` it makes a new figure of a fitting size, at most 8 inches wide.
"""

from helpers.page.alt_text import add_alt_texts
from helpers.page.exercises import greet_unsolved

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

# Okabe and Ito's palette, which colour-blind readers can tell apart.
COLORS = (
    "#0072B2",  # blue
    "#D55E00",  # vermillion
    "#009E73",  # green
    "#CC79A7",  # purple
    "#E69F00",  # orange
    "#56B4E9",  # sky blue
    "#F0E442",  # yellow
    "#000000",  # black
)
# Ten classes need two more; a class's name on the map does the rest.
CLASS_COLORS = (*COLORS, "#999999", "#882255")

MAX_WIDTH = 8.0  # inches


def set_style():
    """Set the course's Matplotlib style: palette, quiet axes, tight layout, 100 dpi.

    In a notebook each figure is stored with its description as alternative text, and an
    exercise that is not done yet says so in a line.
    """
    add_alt_texts()
    greet_unsolved()
    mpl.rcParams.update(
        {
            "axes.axisbelow": True,
            "axes.grid": True,
            "axes.prop_cycle": mpl.cycler(color=COLORS),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlelocation": "left",
            "axes.titlesize": "medium",
            "figure.constrained_layout.use": True,
            "figure.dpi": 100,
            "figure.figsize": (6.4, 3.2),
            "grid.alpha": 0.3,
            "image.cmap": "viridis",
            "legend.frameon": False,
        }
    )


def plot_curves(curves, *, x=None, ax=None, xlabel, ylabel, title):
    """Draw one line per named series, with a legend where there are two or more.

    Args:
        curves: dict of name to numbers, each `(num_points,)`; lengths may differ.
        x: numbers, as many as the longest series, or `None` for 1, 2, 3, ...
        ax: Matplotlib Axes to draw on, or `None` for a new figure.
        xlabel, ylabel: axis labels with their units.
        title: what the figure shows, in words.

    Returns:
        The Axes.

    Raises:
        ValueError: there is no series, one is not one-dimensional, or `x` is too short.
    """
    if not curves:
        raise ValueError("curves must hold at least one series, got none.")
    curves = {name: np.asarray(values) for name, values in curves.items()}
    for name, values in curves.items():
        if values.ndim != 1:
            raise ValueError(
                f"series {name!r} must have one axis, got shape {values.shape}."
            )
    longest = max(len(values) for values in curves.values())
    x = np.arange(1, longest + 1) if x is None else np.asarray(x)
    if len(x) < longest:
        raise ValueError(f"x must have at least {longest} points, got {len(x)}.")
    if ax is None:
        _, ax = plt.subplots(layout="constrained")
    for name, values in curves.items():
        marker = "o" if len(values) <= 12 else None
        ax.plot(x[: len(values)], values, marker=marker, markersize=4, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set_title(title)
    if x.dtype.kind in "iu":
        ax.xaxis.get_major_locator().set_params(integer=True)
    if len(curves) > 1:
        ax.legend()
    return ax


def plot_latent(z, labels, *, ax=None, title, label_name=None, names=None):
    """Scatter two-dimensional codes, coloured by class or by a continuous factor.

    Args:
        z: float, `(num_points, 2)`.
        labels: `(num_points,)`. Integers are classes, each with a colour and its name
            at its median, or beside it where names would lie on one another; floats
            are a factor, drawn with a colour bar.
        ax: Matplotlib Axes to draw on, or `None` for a new figure.
        title: what the figure shows, in words.
        label_name: what the labels are, with the unit; names the colour bar.
        names: strings indexed by class, or `None` to write the integers.

    Returns:
        The Axes.

    Raises:
        ValueError: `z` is not `(num_points, 2)` or `labels` not `(num_points,)`.
    """
    z, labels = np.asarray(z), np.asarray(labels)
    if z.ndim != 2 or z.shape[1] != 2:
        raise ValueError(f"z must have shape (num_points, 2), got {z.shape}.")
    if labels.shape != z.shape[:1]:
        raise ValueError(f"labels must have shape {z.shape[:1]}, got {labels.shape}.")
    if ax is None:
        _, ax = plt.subplots(figsize=(5.2, 4.6), layout="constrained")
    points = {"s": 5, "linewidths": 0, "alpha": 0.6, "rasterized": True}
    if labels.dtype.kind in "iub":
        colors = np.array(CLASS_COLORS)[labels.astype(int) % len(CLASS_COLORS)]
        ax.scatter(*z.T, c=colors, **points)
        box = {"boxstyle": "round,pad=0.2", "facecolor": "white", "alpha": 0.8}
        classes = np.unique(labels)
        medians = np.stack([np.median(z[labels == label], axis=0) for label in classes])
        for label, (x, y) in zip(classes, _spread(medians, z), strict=True):
            text = str(label) if names is None else names[label]
            ax.text(x, y, text, ha="center", va="center", bbox=box)
    else:
        drawn = ax.scatter(*z.T, c=labels, cmap="viridis", **points)
        bar = ax.figure.colorbar(drawn, ax=ax, label=label_name or "")
        bar.solids.set_alpha(1)
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    ax.set_label(f"{len(z)} points")
    ax.set_title(title)
    return ax


def _spread(centres, z, *, gap=0.07):
    """Move centres apart until any two differ by `gap` of the extent of `z`."""
    extent = np.maximum(np.ptp(z, axis=0), 1e-12)
    rank = np.arange(len(centres))[:, None]
    shift = np.zeros(centres.shape)  # as a part of the extent
    for _ in range(200):
        places = centres / extent + shift
        apart = places[:, None] - places  # (num_centres, num_centres, 2)
        apart = apart + 1e-9 * (rank - rank.T)[..., None]  # equal ones part, too
        distance = np.linalg.norm(apart, axis=-1, keepdims=True)
        push = apart * np.maximum(gap - distance, 0) / np.maximum(distance, 1e-12)
        if not push.any():
            break
        shift = shift + push.sum(axis=1) / 2
    return centres + shift * extent


def plot_heatmap(matrix, *, ax=None, value_range, xlabel, ylabel, title, fmt=None):
    """Draw a matrix as coloured cells, row 0 at the top, with a colour bar.

    Args:
        matrix: numbers, `(num_rows, num_columns)`. NaN cells stay white.
        ax: Matplotlib Axes to draw on, or `None` for a new figure.
        value_range: `(low, high)`, the ends of the colour scale. With `low == -high`
            the scale is white at zero.
        xlabel, ylabel: axis labels.
        title: what the figure shows, in words.
        fmt: format of the number written in each cell, as ".2f", or `None` for none.

    Returns:
        The Axes.

    Raises:
        ValueError: `matrix` does not have two axes, or a value is outside the range.
    """
    matrix = np.asarray(matrix, dtype=float)
    if matrix.ndim != 2 or not matrix.size:
        raise ValueError(
            f"matrix must have shape (num_rows, num_columns), got {matrix.shape}."
        )
    low, high = check_drawable(matrix[~np.isnan(matrix)], value_range, "matrix")
    num_rows, num_columns = matrix.shape
    if ax is None:
        width = min(MAX_WIDTH, max(3.0, 0.42 * num_columns + 1.8))
        height = min(6.5, max(2.2, 0.42 * num_rows + 1.0))
        _, ax = plt.subplots(figsize=(width, height), layout="constrained")
    cmap = "RdBu_r" if low == -high else "viridis"
    drawn = ax.imshow(matrix, vmin=low, vmax=high, cmap=cmap, aspect="auto")
    ax.figure.colorbar(drawn, ax=ax)
    ax.grid(False)
    for axis, count in ((ax.xaxis, num_columns), (ax.yaxis, num_rows)):
        if count <= 12:
            axis.set_ticks(range(count))
        axis.set_tick_params(length=0)
    if fmt is not None:
        for (row, column), value in np.ndenumerate(matrix):
            if not np.isnan(value):
                red, green, blue, _ = drawn.cmap(drawn.norm(value))
                is_light = 0.3 * red + 0.6 * green + 0.1 * blue > 0.5
                color = "black" if is_light else "white"
                text = format(value, fmt)
                ax.text(column, row, text, ha="center", va="center", color=color)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set_label(f"a table of {num_rows} by {num_columns} coloured cells")
    ax.set_title(title)
    return ax


def check_drawable(values, value_range, name):
    """Return `value_range`, or raise a ValueError where a value lies outside it."""
    low, high = value_range
    if not low < high:
        raise ValueError(f"value_range must be (low, high), got {value_range}.")
    if not np.all(np.isfinite(values)):
        raise ValueError(f"{name} must be finite, got NaN or infinity.")
    if values.size and (values.min() < low or values.max() > high):
        raise ValueError(
            f"{name} must lie in [{low}, {high}], got [{values.min():g}, "
            f"{values.max():g}]. Give the range that the data have, or scale them."
        )
    return low, high
