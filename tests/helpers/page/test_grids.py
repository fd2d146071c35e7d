from helpers.page.grids import plot_images, plot_manifold, plot_rows

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest


def drawn(ax):
    """The array shown on the Axes, with NaN where nothing is drawn."""
    return np.ma.filled(ax.images[0].get_array().astype(float), np.nan)


def some_images(num_images, *, height=5, width=4):
    return np.random.default_rng(0).uniform(0, 1, (num_images, height, width))


@pytest.mark.parametrize("num_images", [1, 2, 5, 7, 16])
@pytest.mark.parametrize("num_columns", [1, 3, 4, 20])
def test_every_image_is_drawn_once_in_reading_order(num_images, num_columns):
    images = some_images(num_images)
    shown = drawn(plot_images(images, value_range=(0, 1), num_columns=num_columns))
    columns = min(num_columns, num_images)
    rows = -(-num_images // columns)  # ceiling
    assert shown.shape == (rows * 6 - 1, columns * 5 - 1)  # a gap of one pixel
    for index, image in enumerate(images):
        top, left = index // columns * 6, index % columns * 5
        np.testing.assert_array_equal(shown[top : top + 5, left : left + 4], image)
    assert np.isfinite(shown).sum() == images.size


def test_the_grey_scale_is_the_given_range_whatever_the_images_hold():
    for scale in (0.1, 1.0):
        ax = plot_images(scale * some_images(3), value_range=(-1, 2))
        assert ax.images[0].get_clim() == (-1, 2)


def test_a_last_axis_of_one_channel_changes_nothing():
    images = some_images(3)
    flat = drawn(plot_images(images, value_range=(0, 1)))
    deep = drawn(plot_images(images[..., None], value_range=(0, 1)))
    np.testing.assert_array_equal(flat, deep)


def test_titles_stand_above_their_images():
    ax = plot_images(some_images(3), value_range=(0, 1), titles=["a", "b", "c"])
    assert [text.get_text() for text in ax.texts] == ["a", "b", "c"]
    xs = [text.get_position()[0] for text in ax.texts[:2]]
    assert xs[1] - xs[0] == 5  # one image and one gap


def test_row_titles_label_the_rows():
    ax = plot_images(
        some_images(4), value_range=(0, 1), num_columns=2, row_titles=["up", "down"]
    )
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["up", "down"]


@pytest.mark.parametrize("bad", [-0.01, 1.01])
def test_images_outside_the_range_are_refused(bad):
    images = some_images(2)
    images[1, 2, 3] = bad
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\]"):
        plot_images(images, value_range=(0, 1))


def test_value_range_is_required():
    with pytest.raises(TypeError, match="value_range"):
        plot_images(some_images(2))


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        (np.zeros((28, 28)), {}, "shape"),
        (np.zeros((0, 28, 28)), {}, "at least one"),
        (np.zeros((2, 8, 8, 3)), {}, "shape"),
        (np.full((1, 2, 2), np.nan), {}, "finite"),
        (np.zeros((2, 3, 3)), {"num_columns": 0}, "num_columns"),
        (np.zeros((2, 3, 3)), {"titles": ["one"]}, "titles must hold 2"),
        (np.zeros((2, 3, 3)), {"row_titles": ["a", "b"]}, "row_titles must hold 1"),
        (np.zeros((2, 3, 3)), {"value_range": (1, 0)}, "value_range"),
    ],
)
def test_unfit_images_are_refused(images, options, message):
    with pytest.raises(ValueError, match=message):
        plot_images(images, **{"value_range": (0, 1)} | options)


def test_a_manifold_has_no_gaps_and_keeps_rows_and_columns():
    images = np.arange(6)[:, None, None] * np.ones((1, 3, 4)) / 5
    ax = plot_manifold(images, grid_shape=(2, 3), value_range=(0, 1))
    expected = np.kron(np.arange(6).reshape(2, 3) / 5, np.ones((3, 4)))
    np.testing.assert_allclose(drawn(ax), expected)


def test_a_manifold_must_be_filled():
    with pytest.raises(ValueError, match="holds 6 images, got 5"):
        plot_manifold(some_images(5), grid_shape=(2, 3), value_range=(0, 1))


def test_each_row_is_drawn_whole_under_its_name_flat_or_square():
    digits = some_images(6, height=28, width=28)
    rows = {"real": digits[:3], "copies": digits[3:].reshape(3, 784)}
    ax = plot_rows(rows, title="t")
    same = {"num_columns": 3, "row_titles": ["real", "copies"], "title": "t"}
    expected = plot_images(digits, value_range=(0, 1), **same)
    np.testing.assert_array_equal(drawn(ax), drawn(expected))
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["real", "copies"]
    assert ax.get_title(loc=mpl.rcParams["axes.titlelocation"]) == "t"


def test_rows_share_one_grey_scale_from_black_at_0_to_white_at_1():
    digits = some_images(2, height=28, width=28)
    assert plot_rows({"a": digits}).images[0].get_clim() == (0, 1)
    scaled = plot_rows({"a": digits, "b": -digits}, value_range=(-1, 1))
    assert scaled.images[0].get_clim() == (-1, 1)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({}, "at least one row"),
        ({"a": np.zeros((2, 28, 28)), "b": np.zeros((3, 28, 28))}, "'b' holds 3"),
        ({"a": np.zeros((28, 28))}, r"'a' must have shape .* got \(28, 28\)"),
        ({"a": np.zeros((2, 783))}, r"got \(2, 783\)"),
        ({"a": np.zeros(784)}, r"got \(784,\)"),
        ({"a": np.zeros((0, 784))}, "at least one"),
        ({"a": np.full((2, 784), np.nan)}, "finite"),
        ({"a": np.full((2, 784), 1.5)}, "must lie in"),
    ],
)
def test_unfit_rows_are_refused(rows, message):
    with pytest.raises(ValueError, match=message):
        plot_rows(rows)


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: plot_images(some_images(2), value_range=(0, 1), ax=ax),
        lambda ax: plot_rows({"a": np.zeros((20, 784))}, ax=ax),
        lambda ax: plot_manifold(
            some_images(2), grid_shape=(1, 2), value_range=(0, 1), ax=ax
        ),
    ],
)
def test_a_grid_stays_on_its_axes_or_makes_a_figure_that_fits_the_page(draw):
    _, ax = plt.subplots()
    assert draw(ax) is ax
    own = draw(None)
    assert own.figure is not ax.figure
    assert own.figure.get_figwidth() <= 8
