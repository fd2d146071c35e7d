"""Figures of images: grids, rows, and maps edge to edge.

As all `plot_*` functions, these draw on one Axes and return it; they never show or save
the figure.
"""

import math

from helpers.page.plotting import MAX_WIDTH, check_drawable

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

TILE = 0.72  # inches, the width of one image in a grid


def plot_images(
    images,
    *,
    value_range,
    num_columns=None,
    titles=None,
    row_titles=None,
    ax=None,
    title=None,
):
    """Draw grey images in a grid, row by row.

    Args:
        images: numbers, `(num_images, height, width)`, or with a last axis of 1.
        value_range: `(low, high)`, the values drawn black and white. Required, so that
            two figures can be compared; a value outside it is an error.
        num_columns: int >= 1. By default at most 10, and as square as can be.
        titles: one string per image, drawn above it, or `None`.
        row_titles: one string per row of the grid, drawn to its left, or `None`.
        ax: Matplotlib Axes to draw on, or `None` for a new figure.
        title: string above the whole grid, or `None`.

    Returns:
        The Axes.

    Raises:
        ValueError: the images are not of that shape, there are none, a value is not
            finite or lies outside `value_range`, or titles are too few or too many.
    """
    images = _check_images(images, value_range)
    num_images, height, width = images.shape
    if num_columns is None:
        num_columns = min(num_images, max(1, min(10, math.ceil(num_images**0.5))))
    if num_columns < 1:
        raise ValueError(f"num_columns must be at least 1, got {num_columns}.")
    num_columns = min(num_columns, num_images)
    num_rows = math.ceil(num_images / num_columns)
    _check_count("titles", titles, num_images)
    _check_count("row_titles", row_titles, num_rows)

    gap = max(1, round(0.08 * width))
    head = round(0.45 * height) if titles is not None else 0
    step_y, step_x = height + head + gap, width + gap
    canvas = np.full((num_rows * step_y - gap, num_columns * step_x - gap), np.nan)
    for index, image in enumerate(images):
        top = index // num_columns * step_y + head
        left = index % num_columns * step_x
        canvas[top : top + height, left : left + width] = image

    ax = _image_axes(canvas, tile_width=width, ax=ax)
    _show(canvas, value_range, ax)
    ax.set_label(f"{num_images} grey images, {num_columns} in a row")
    for index, text in enumerate(titles if titles is not None else ()):
        x = index % num_columns * step_x + (width - 1) / 2
        y = index // num_columns * step_y + head - 0.08 * height
        ax.text(x, y, text, ha="center", va="bottom", fontsize="small")
    if row_titles is not None:
        centres = np.arange(num_rows) * step_y + head + (height - 1) / 2
        ax.set_yticks(centres, labels=row_titles)
    if title is not None:
        ax.set_title(title)
    return ax


def plot_rows(rows, *, value_range=(0, 1), title=None, ax=None):
    """Draw named rows of grey images one below another, as `plot_images` does.

    Args:
        rows: dict of name to numbers, each `(num_images, 28, 28)` or, flat,
            `(num_images, 784)`; every row holds as many images as the first.
        value_range: `(low, high)`, the values drawn black and white.
        title: string above all rows, or `None`.
        ax: Matplotlib Axes to draw on, or `None` for a new figure.

    Returns:
        The Axes.

    Raises:
        ValueError: there is no row, one has another shape, or as in `plot_images`.
    """
    if not rows:
        raise ValueError("rows must hold at least one row of images, got none.")
    images = []
    for name, row in rows.items():
        row = np.asarray(row)
        if row.shape[1:] not in ((28, 28), (784,)):
            raise ValueError(
                f"row {name!r} must have shape (num_images, 28, 28) or "
                f"(num_images, 784), got {row.shape}."
            )
        images.append(row.reshape(-1, 28, 28))
    num_images = len(images[0])
    for name, row in zip(rows, images, strict=True):
        if len(row) != num_images:
            raise ValueError(
                f"every row must hold {num_images} images, as the first does; "
                f"row {name!r} holds {len(row)}."
            )
    return plot_images(
        np.concatenate(images),  # (num_rows * num_images, 28, 28)
        value_range=value_range,
        num_columns=max(1, num_images),
        row_titles=list(rows),
        title=title,
        ax=ax,
    )


def plot_manifold(images, *, grid_shape, value_range, ax=None, title=None):
    """Draw images edge to edge, row by row, as the map of a two-dimensional latent.

    Args:
        images: numbers, `(rows * columns, height, width)` or with a last axis of 1.
        grid_shape: `(rows, columns)`.
        value_range: `(low, high)`, the values drawn black and white.
        ax: Matplotlib Axes to draw on, or `None` for a new figure.
        title: string above the map, or `None`.

    Returns:
        The Axes.

    Raises:
        ValueError: the images do not fill the grid, or as in `plot_images`.
    """
    images = _check_images(images, value_range)
    num_rows, num_columns = grid_shape
    num_images, height, width = images.shape
    if num_rows * num_columns != num_images:
        raise ValueError(
            f"grid_shape {tuple(grid_shape)} holds {num_rows * num_columns} images, "
            f"got {num_images}."
        )
    canvas = images.reshape(num_rows, num_columns, height, width)
    canvas = canvas.swapaxes(1, 2).reshape(num_rows * height, num_columns * width)
    if ax is None:
        size = 5.0 / max(num_rows, num_columns)  # inches, so the longer side is 5
        _, ax = plt.subplots(
            figsize=(num_columns * size, num_rows * size + 0.4),
            layout="constrained",
        )
    _show(canvas, value_range, ax)
    ax.set_label(f"a map of {num_rows} by {num_columns} grey images, edge to edge")
    if title is not None:
        ax.set_title(title)
    return ax


def _check_images(images, value_range):
    images = np.asarray(images)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]  # (num_images, height, width)
    if images.ndim != 3 or not images.size:
        raise ValueError(
            "images must have shape (num_images, height, width) and hold at least one, "
            f"got shape {images.shape}."
        )
    check_drawable(images, value_range, "images")
    return images


def _check_count(name, texts, expected):
    if texts is not None and len(texts) != expected:
        raise ValueError(f"{name} must hold {expected} strings, got {len(texts)}.")


def _image_axes(canvas, *, tile_width, ax):
    if ax is not None:
        return ax
    inches = min(TILE / tile_width, MAX_WIDTH / canvas.shape[1])  # a pixel
    size = (max(1.5, canvas.shape[1] * inches), canvas.shape[0] * inches + 0.1)
    return plt.subplots(figsize=size, layout="constrained")[1]


def _show(canvas, value_range, ax):
    low, high = value_range
    cmap = mpl.colormaps["gray"].with_extremes(bad=(0, 0, 0, 0))  # gaps are see-through
    ax.imshow(
        canvas, vmin=low, vmax=high, cmap=cmap, interpolation="nearest", aspect="equal"
    )
    ax.grid(False)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
