"""Drawn digits: what the factors promise is what the images show."""

from helpers.data.worlds import digits
from helpers.data.worlds.digits import draw_digits

import numpy as np
import pytest

NUM_IMAGES = 3000


@pytest.fixture(scope="module")
def drawn():
    return draw_digits(NUM_IMAGES, seed=1)


@pytest.fixture(scope="module")
def moments(drawn):
    """Mass, centre and covariance of each image's ink: (n,), (n, 2), (n, 2, 2)."""
    ink = drawn.images / 255.0
    mass = ink.sum(axis=(1, 2))
    pixels = np.stack(np.meshgrid(np.arange(28), np.arange(28)), axis=-1)  # x, y
    centre = np.einsum("nij,ijc->nc", ink, pixels) / mass[:, None]
    apart = pixels - centre[:, None, None]
    covariance = np.einsum("nij,nijc,nijd->ncd", ink, apart, apart)
    return mass, centre, covariance / mass[:, None, None]


def correlation(a, b):
    return np.corrcoef(a, b)[0, 1]


def test_shapes_types_and_ranges(drawn):
    assert drawn.images.shape == (NUM_IMAGES, 28, 28)
    assert drawn.images.dtype == drawn.labels.dtype == np.uint8
    assert drawn.images.min() == 0 and drawn.images.max() == 255
    assert drawn.labels.shape == (NUM_IMAGES,)
    assert set(drawn.labels) == set(range(10))
    for name in ("slant", "thickness", "size", "shift_x", "shift_y", "style"):
        assert name in drawn.factors
    for values in drawn.factors.values():
        assert values.shape == (NUM_IMAGES,) and values.dtype == np.float32
        assert np.all(np.isfinite(values)) and values.std() > 0


def test_digits_are_equally_likely(drawn):
    counts = np.bincount(drawn.labels, minlength=10)
    standard_error = np.sqrt(NUM_IMAGES * 0.1 * 0.9)
    assert np.all(np.abs(counts - NUM_IMAGES / 10) < 4 * standard_error)


def test_ways_of_writing_are_as_frequent_as_listed(drawn):
    shares = {}
    for row in digits.WAYS.strip().splitlines():
        digit, _, share, _ = row.split(maxsplit=3)
        shares.setdefault(int(digit), []).append(int(share) / 100)
    assert set(shares) == set(range(10))
    for digit, expected in shares.items():
        assert sum(expected) == pytest.approx(1) and len(expected) >= 3
        style = drawn.factors["style"][drawn.labels == digit].astype(int)
        found = np.bincount(style, minlength=len(expected)) / len(style)
        deviation = np.sqrt(np.multiply(expected, np.subtract(1, expected)))
        assert np.all(np.abs(found - expected) < 4 * deviation / np.sqrt(len(style)))


def test_the_same_seed_draws_the_same_digits_whatever_their_number(drawn):
    few = draw_digits(digits.CHUNK_SIZE + 7, seed=1)
    n = len(few.images)
    np.testing.assert_array_equal(few.images, drawn.images[:n])
    np.testing.assert_array_equal(few.labels, drawn.labels[:n])
    for name, values in few.factors.items():
        np.testing.assert_array_equal(values, drawn.factors[name][:n])


def test_chunks_and_seeds_differ(drawn):
    n = digits.CHUNK_SIZE
    assert np.any(drawn.labels[:n] != drawn.labels[n : 2 * n])
    assert np.any(drawn.labels[:n] != draw_digits(n, seed=2).labels)


def test_no_images_can_be_asked_for():
    none = draw_digits(0, seed=0)
    assert none.images.shape == (0, 28, 28) and none.labels.shape == (0,)
    assert all(values.shape == (0,) for values in none.factors.values())


def test_mass_is_centred_where_the_shifts_say(drawn, moments):
    _, centre, _ = moments
    shifts = np.stack([drawn.factors["shift_x"], drawn.factors["shift_y"]], axis=-1)
    np.testing.assert_allclose(centre.mean(axis=0), 14, atol=0.1)
    assert np.mean(np.abs(centre - 14 - shifts)) < 0.25  # pixels: crossings share ink


def test_digits_are_as_large_as_size_says_and_inside_the_image(drawn):
    has_ink = drawn.images > 127
    rows, columns = has_ink.any(axis=2).sum(axis=1), has_ink.any(axis=1).sum(axis=1)
    larger = np.maximum(rows, columns)  # digits have no empty row or column inside
    error = larger - drawn.factors["size"]
    assert np.mean(np.abs(error)) < 1 and np.mean(np.abs(error) > 3) < 0.01
    border = np.ones((28, 28), bool)
    border[1:-1, 1:-1] = False
    touches = (drawn.images[:, border] > 127).any(axis=1)
    assert touches.mean() < 0.05  # MNIST: 0.015


def test_plain_ones_lean_by_their_slant(drawn, moments):
    """The ink of a straight line has cov(x, y) / var(y) = its lean, y pointing down."""
    _, _, covariance = moments
    plain = (drawn.labels == 1) & (drawn.factors["style"] == 0)
    lean = -covariance[:, 0, 1] / covariance[:, 1, 1]
    slant = drawn.factors["slant"]
    assert correlation(lean[plain], slant[plain]) > 0.85
    for digit in range(10):
        mine = drawn.labels == digit
        assert correlation(lean[mine], slant[mine]) > 0.5, digit


def test_plain_ones_are_as_broad_as_their_pen(drawn, moments):
    """Mass over length is the breadth of a straight line; its ends are round."""
    mass, _, _ = moments
    plain = (drawn.labels == 1) & (drawn.factors["style"] == 0)
    thickness, size = drawn.factors["thickness"][plain], drawn.factors["size"][plain]
    slant = drawn.factors["slant"][plain]
    length = (size - thickness) * np.hypot(1, slant)  # of the middle line
    breadth = mass[plain] / (length + thickness * np.pi / 4)
    assert correlation(breadth, thickness) > 0.95
    assert np.median(np.abs(breadth / thickness - 1)) < 0.1


def test_edges_are_soft_and_interiors_solid(drawn):
    inked = drawn.images[drawn.images > 0]
    assert 0.2 < np.mean(inked > 250) < 0.8
    grey = (inked > 25) & (inked < 230)
    assert 0.2 < np.mean(grey) < 0.7
    levels = np.histogram(inked[grey], bins=8)[0]
    assert levels.min() > 0.5 * levels.mean()  # no level is left out: antialiased


def test_no_two_images_are_alike(drawn):
    assert len(np.unique(drawn.images.reshape(NUM_IMAGES, -1), axis=0)) == NUM_IMAGES


def test_corners_share_a_point_and_lifted_pens_do_not():
    points, runs = digits._parse_line("0,0 10,0 | 5,5 0,10 ; 3,3 4,4")
    assert points.shape == (6, 2)
    assert runs == [[0, 1], [1, 2, 3], [4, 5]]


def test_curve_weights_pass_through_the_points_and_keep_straight_lines_straight():
    points, runs = digits._parse_line("0,0 30,0 60,0 | 60,100 ; 0,50 40,50")
    weights = digits._curve_weights(points, runs, len(points))
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-5)  # moves with a shift
    begins, ends = (weights @ points).reshape(2, digits.NUM_PIECES, 2)
    length = np.linalg.norm(ends - begins, axis=1).sum()
    assert length == pytest.approx(60 + 100 + 40, rel=1e-5)
    corners = np.concatenate([begins, ends])
    for point in points[[0, 2, 3, 4, 5]]:
        assert np.linalg.norm(corners - point, axis=1).min() < 1e-4


def test_ink_of_a_straight_line_is_cut_at_half_its_width():
    x = np.arange(-20, 48, 0.5, dtype="float32")
    middles = np.stack([x, np.full_like(x, 14)], axis=-1)[None]  # through row 14
    ink = np.full((1, len(x)), 0.5, "float32")
    half_width = np.full((1, 1, 1), 2.25, "float32")
    image = digits._ink(middles, ink, half_width)[0] / 255
    edge = (2.25 - np.abs(np.arange(28) - 14)) / digits.EDGE + 0.5  # linear
    np.testing.assert_allclose(
        image, np.clip(edge, 0, 1)[:, None] * np.ones(28), atol=0.02
    )


@pytest.mark.parametrize("value", [-1, 2.5, "3", None, True])
@pytest.mark.parametrize("name", ["num_images", "seed"])
def test_wrong_arguments_are_named(name, value):
    arguments = {"num_images": 1, "seed": 0, name: value}
    with pytest.raises(ValueError, match=f"{name} must be an integer >= 0"):
        draw_digits(arguments["num_images"], seed=arguments["seed"])


def test_numpy_integers_serve():
    draw_digits(np.int64(3), seed=np.uint32(0))
