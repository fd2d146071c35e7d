"""Figures of several runs."""

from helpers.page.panels import plot_bands, plot_plane

import numpy as np


def test_a_band_reaches_from_the_lowest_to_the_highest_run():
    runs = {"a": [[0.0, 1.0], [2.0, 3.0]]}
    label = {"xlabel": "x", "ylabel": "y", "title": "t"}
    axes = plot_bands({"one": runs, "two": runs}, x=[0, 1], **label)
    assert [ax.get_title(loc="left") or ax.get_title() for ax in axes] == ["one", "two"]
    for ax in axes:
        assert ax.lines[0].get_ydata().tolist() == [1.0, 2.0]
        heights = ax.collections[0].get_paths()[0].vertices[:, 1]
        assert (heights.min(), heights.max()) == (0.0, 3.0)


def test_a_plane_holds_a_marked_curve_and_dots():
    curve, dots = np.array([[0.0, 1.0], [1.0, 0.5]]), {"a": [[0.5, 0.5]] * 3}
    label = {"xlabel": "x", "ylabel": "y", "title": "t"}
    [ax] = plot_plane({"one": (curve, dots)}, curve_name="c", marks=["1", "2"], **label)
    assert [text.get_text() for text in ax.texts] == ["1", "2"]
    assert len(ax.collections[0].get_offsets()) == 3
