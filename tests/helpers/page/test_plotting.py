from helpers.page.plotting import (
    COLORS,
    plot_curves,
    plot_heatmap,
    plot_latent,
    set_style,
)

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

LABELS = {"xlabel": "x", "ylabel": "y", "title": "t"}


def drawn(ax):
    """The array shown on the Axes, with NaN where nothing is drawn."""
    return np.ma.filled(ax.images[0].get_array().astype(float), np.nan)


def test_curves_hold_the_values_and_count_from_one():
    ax = plot_curves({"loss": [3.0, 2.0, 1.5]}, **LABELS)
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [3.0, 2.0, 1.5])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "y")


def test_a_legend_appears_with_the_second_curve():
    assert plot_curves({"a": [1, 2]}, **LABELS).get_legend() is None
    legend = plot_curves({"a": [1, 2], "b": [1]}, **LABELS).get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]


@pytest.mark.parametrize(
    ("curves", "x", "message"),
    [
        ({}, None, "at least one"),
        ({"a": [[1, 2]]}, None, "one axis"),
        ({"a": [1, 2, 3]}, [0, 1], "at least 3 points"),
    ],
)
def test_unfit_curves_are_refused(curves, x, message):
    with pytest.raises(ValueError, match=message):
        plot_curves(curves, x=x, **LABELS)


def test_integer_labels_are_classes_named_at_their_medians():
    z = np.array([[0, 0], [2, 0], [1, 0], [5, 5]])
    ax = plot_latent(z, np.array([3, 3, 3, 9]), title="t")
    places = {text.get_text(): text.get_position() for text in ax.texts}
    assert places == {"3": (1, 0), "9": (5, 5)}


def test_names_of_classes_at_one_place_are_moved_apart():
    z = np.array([[0, 0], [10, 20], [4, 8], [4, 8], [4, 8.1]])
    ax = plot_latent(z, np.arange(5), title="t")
    places = np.array([text.get_position() for text in ax.texts]) / [10, 20]
    np.testing.assert_array_equal(places[:2], [[0, 0], [1, 1]])
    apart = np.linalg.norm(places[:, None] - places, axis=-1) + np.eye(5)
    assert apart.min() > 0.06
    assert np.all(np.abs(places[2:] - 0.4) < 0.1)  # still near where they belong


def test_float_labels_get_a_colour_bar():
    z = np.random.default_rng(0).normal(size=(9, 2))
    ax = plot_latent(z, np.linspace(-1, 1, 9), title="t", label_name="slant")
    assert not ax.texts
    assert ax.figure.axes[-1].get_ylabel() == "slant"


@pytest.mark.parametrize(
    ("z", "labels"), [(np.zeros((4, 3)), np.zeros(4)), (np.zeros((4, 2)), np.zeros(3))]
)
def test_unfit_codes_are_refused(z, labels):
    with pytest.raises(ValueError, match="must have shape"):
        plot_latent(z, labels, title="t")


def test_a_heatmap_shows_the_matrix_on_the_given_scale():
    matrix = np.arange(6.0).reshape(2, 3)
    ax = plot_heatmap(matrix, value_range=(0, 10), fmt=".0f", **LABELS)
    np.testing.assert_array_equal(drawn(ax), matrix)
    assert ax.images[0].get_clim() == (0, 10)
    assert [text.get_text() for text in ax.texts] == list("012345")


def test_a_heatmap_refuses_what_its_scale_cannot_show():
    with pytest.raises(ValueError, match="must lie in"):
        plot_heatmap(np.ones((2, 2)), value_range=(0, 0.5), **LABELS)
    with pytest.raises(ValueError, match="num_rows, num_columns"):
        plot_heatmap(np.ones(4), value_range=(0, 1), **LABELS)


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: plot_curves({"a": [1, 2]}, ax=ax, **LABELS),
        lambda ax: plot_latent(np.zeros((3, 2)), np.arange(3), ax=ax, title="t"),
        lambda ax: plot_heatmap(np.ones((2, 2)), value_range=(0, 2), ax=ax, **LABELS),
    ],
)
def test_a_plot_stays_on_its_axes_or_makes_a_figure_that_fits_the_page(draw):
    _, ax = plt.subplots()
    assert draw(ax) is ax
    own = draw(None)
    assert own.figure is not ax.figure
    assert own.figure.get_figwidth() <= 8


def test_the_style_uses_the_palette():
    with mpl.rc_context():
        set_style()
        assert tuple(mpl.rcParams["axes.prop_cycle"].by_key()["color"]) == COLORS
    assert len(set(COLORS)) == 8
