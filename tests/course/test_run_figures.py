"""Figures of a run are stored small: what `shrink_png` keeps and what it gives up."""

import io

from course.run import shrink_png

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image


@pytest.fixture(autouse=True)
def own_style():
    with mpl.rc_context({"backend": "agg"}):
        yield


def some_curves():
    ax = Figure(figsize=(6.4, 3.2), dpi=100).add_subplot()
    ax.plot([1, 2, 3], [1, 3, 2], marker="o", color="#0072B2", label="a")
    ax.plot([1, 2, 3], [2, 2, 5], marker="o", color="#D55E00", label="b")
    ax.legend()
    return ax


def as_png(figure):
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def pixels_of(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=float)


def test_a_shrunk_figure_has_the_same_size_and_nearly_the_same_colours():
    before = as_png(some_curves().figure)
    after = shrink_png(before)
    assert len(after) < 0.5 * len(before)
    difference = np.abs(pixels_of(after) - pixels_of(before))
    assert difference.mean() < 0.5  # of 255
    assert difference.max() < 64


def test_grey_levels_survive_where_the_palette_holds_them():
    ramp = Image.fromarray(np.tile(np.arange(0, 256, 2, dtype="uint8"), (9, 1)))
    file = io.BytesIO()
    ramp.save(file, "png")
    after = shrink_png(file.getvalue())
    np.testing.assert_array_equal(pixels_of(after), pixels_of(file.getvalue()))


def test_shrinking_never_makes_a_file_larger():
    once = shrink_png(as_png(some_curves().figure))
    assert len(shrink_png(once)) <= len(once)
