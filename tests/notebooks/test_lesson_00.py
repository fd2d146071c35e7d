"""What lesson 00 claims about its own definitions."""

from helpers.lessons import load

import numpy as np
import pytest


@pytest.fixture(scope="module")
def lesson():
    return load("00_start_here")


def all_images(height, width):
    """Return every bool image of a size, `(2**(height * width), height, width)`."""
    numbers = np.arange(2 ** (height * width))[:, None]
    bits = numbers >> np.arange(height * width) & 1
    return bits.astype(bool).reshape(-1, height, width)


def some_images(num_images=200, *, seed=0, shape=(5, 4)):
    return np.random.default_rng(seed).random((num_images, *shape)) < 0.4


def test_a_pixel_is_on_as_often_as_its_grey_value_says(lesson):
    grey = np.broadcast_to(np.linspace(0, 1, 5, dtype="float32"), (20_000, 1, 5))
    bits = lesson.binarise(grey, rng=np.random.default_rng(0))
    assert bits.dtype == bool
    error = np.sqrt(grey[0] * (1 - grey[0]) / len(grey))
    assert np.all(np.abs(bits.mean(axis=0) - grey[0]) <= 4 * error)


def test_independent_pixels_give_all_images_together_the_probability_1(lesson):
    on_probs = lesson.count_pixels(some_images(shape=(2, 3)))
    nats = lesson.negative_log_likelihood(all_images(2, 3), on_probs)
    np.testing.assert_allclose(np.exp(-nats).sum(), 1)


def test_a_table_for_each_class_gives_all_images_together_the_probability_1(lesson):
    tables = [lesson.count_pixels(some_images(seed=s, shape=(2, 3))) for s in (1, 2)]
    joint = lesson.log_joint(all_images(2, 3), [0.3, 0.7], tables)
    np.testing.assert_allclose(np.exp(joint).sum(axis=0), [0.3, 0.7])


@pytest.mark.parametrize("count", [2, 6, 12])
def test_neighbours_give_all_images_together_the_probability_1(lesson, count):
    neighbours = lesson.NEIGHBOURS[:count]
    table = lesson.count_surroundings(some_images(), neighbours)
    images = all_images(3, 3)
    on_probs = table[lesson.surroundings(images, neighbours)]
    nats = lesson.negative_log_likelihood(images, on_probs)
    np.testing.assert_allclose(np.exp(-nats).sum(), 1)


def test_every_neighbour_comes_earlier_in_reading_order_and_is_within_reach(lesson):
    assert len(set(lesson.NEIGHBOURS)) == 12
    assert all((row, column) < (0, 0) for row, column in lesson.NEIGHBOURS)
    assert all(row >= -3 and abs(column) <= 3 for row, column in lesson.NEIGHBOURS)


def test_bit_k_of_a_surrounding_is_neighbour_k(lesson):
    images = some_images(3)
    numbers = lesson.surroundings(images, lesson.NEIGHBOURS)
    padded = np.pad(images, ((0, 0), (3, 0), (3, 3)))
    for k, (down, right) in enumerate(lesson.NEIGHBOURS):
        for row in range(5):
            for column in range(4):
                expected = padded[:, 3 + row + down, 3 + column + right]
                found = numbers[:, row, column] >> k & 1
                np.testing.assert_array_equal(found, expected)


def test_a_surrounding_never_seen_is_on_with_probability_one_half(lesson):
    table = lesson.count_surroundings(np.zeros((1, 3, 3), bool), lesson.NEIGHBOURS[:2])
    np.testing.assert_allclose(table, [1 / 11, 0.5, 0.5, 0.5])


def test_samples_follow_the_table(lesson):
    neighbours, table = lesson.NEIGHBOURS[:2], np.array([0.2, 0.6, 0.3, 0.9])
    rng = np.random.default_rng(0)
    samples = lesson.sample_pixel_by_pixel(60, table, neighbours, rng=rng)
    assert samples.shape == (60, 28, 28) and samples.dtype == bool
    numbers = lesson.surroundings(samples, neighbours)
    for number, on_prob in enumerate(table):
        drawn = samples[numbers == number]
        error = np.sqrt(on_prob * (1 - on_prob) / len(drawn))
        assert abs(drawn.mean() - on_prob) < 4 * error


def test_the_share_of_images_seen_before_is_counted_exactly(lesson):
    known = all_images(2, 2)[[0, 3, 9]]
    asked = all_images(2, 2)[[3, 3, 4, 9, 15]]
    assert lesson.share_seen(known, asked) == 3 / 5
    assert lesson.share_seen(asked[:1], np.ones((2, 2, 2), bool)) == 0
