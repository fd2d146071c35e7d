"""What lesson 01 and its further page claim about their own definitions."""

from helpers.lessons import load

import keras
import numpy as np
import pytest


@pytest.fixture(scope="module")
def lesson():
    return load("01_autoencoder")


@pytest.fixture(scope="module")
def further():
    return load("further/01_autoencoder")


def some_images(num_images=64, *, seed=0):
    return np.random.default_rng(seed).random((num_images, 784), dtype="float32")


def small_run(**changes):
    run = {"learning_rate": 1e-3, "num_epochs": 2, "batch_size": 16, "seed": 0}
    return run | changes


def test_the_cross_entropy_is_a_mean_in_nats_per_pixel(lesson):
    x, p = some_images(3, seed=1), 0.1 + 0.8 * some_images(3, seed=2)
    expected = np.mean(-x * np.log(p) - (1 - x) * np.log(1 - p))
    found = float(lesson.binary_crossentropy(x, p))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_squared_error_is_a_mean_over_pixels_and_images(lesson):
    x, p = some_images(3, seed=1), some_images(3, seed=2)
    found = float(lesson.mean_squared_error(x, p))
    np.testing.assert_allclose(found, np.mean((x - p) ** 2), rtol=1e-5)


def test_saying_one_half_costs_ln_2_and_a_copy_of_uniform_noise_one_half(lesson):
    x = some_images(500)
    half = float(lesson.binary_crossentropy(x, np.full_like(x, 0.5)))
    np.testing.assert_allclose(half, np.log(2), rtol=1e-5)
    np.testing.assert_allclose(float(lesson.binary_crossentropy(x, x)), 0.5, atol=2e-3)


@pytest.mark.parametrize("hidden_units", [(), (7,), (9, 5)])
def test_encoder_and_decoder_are_the_two_layers_and_fit_together(lesson, hidden_units):
    model = lesson.make_autoencoder(3, hidden_units=hidden_units)
    encoder, decoder = model.layers
    images = some_images(5)
    codes = encoder(images)
    assert codes.shape == (5, 3)
    expected = keras.ops.convert_to_numpy(decoder(codes))
    assert expected.shape == (5, 784) and expected.min() > 0 and expected.max() < 1
    np.testing.assert_allclose(model.predict(images, verbose=0), expected, rtol=1e-4)
    assert len(encoder.layers) == len(decoder.layers) == len(hidden_units) + 1


def test_a_code_without_activation_can_be_negative_and_with_relu_cannot(lesson):
    keras.utils.set_random_seed(0)
    signs = []
    for activation in (None, "relu"):
        model = lesson.make_autoencoder(16, code_activation=activation)
        signs.append(model.layers[0].predict(some_images(), verbose=0).min() < 0)
    assert signs == [True, False]


def test_training_lowers_the_loss_and_gives_one_number_an_epoch(lesson):
    keras.utils.set_random_seed(0)
    images = np.repeat(some_images(4), 16, axis=0)
    model = lesson.make_autoencoder(8)
    run = small_run(num_epochs=5, learning_rate=1e-2)
    losses = lesson.fit_autoencoder(
        model, images, loss_fn=lesson.mean_squared_error, **run
    )
    assert len(losses) == 5 and losses[-1] < losses[0]


def test_each_epoch_shows_every_image_once_in_an_order_that_the_seed_draws(lesson):
    images = np.zeros((64, 784), "float32")
    images[:, 0] = np.arange(64) / 64

    def seen_with(seed):
        seen = []

        def note(batch, rng):
            seen.append(batch[:, 0] * 64)
            return batch

        lesson.fit_autoencoder(
            lesson.make_autoencoder(2),
            images,
            loss_fn=lesson.mean_squared_error,
            corrupt=note,
            **small_run(seed=seed),
        )
        return np.concatenate(seen)[:128]  # Keras may fetch a batch more than it uses

    first = seen_with(0)
    for epoch in (first[:64], first[64:]):
        np.testing.assert_array_equal(np.sort(epoch), np.arange(64))
    assert (first[:64] != first[64:]).any()
    np.testing.assert_array_equal(first, seen_with(0))
    assert (first != seen_with(1)).any()


def test_the_target_stays_clean_where_the_input_is_spoilt(lesson):
    """A model that gives back its input has the squared error of what was spoilt."""
    copy = keras.Sequential(
        [keras.Input((784,)), keras.layers.Dense(784, kernel_initializer="identity")]
    )
    images = some_images()
    losses = lesson.fit_autoencoder(
        copy,
        images,
        loss_fn=lesson.mean_squared_error,
        corrupt=lambda batch, rng: batch + np.float32(0.5),
        **small_run(num_epochs=1, learning_rate=1e-9),
    )
    np.testing.assert_allclose(losses, [0.25], rtol=1e-4)


def test_noise_is_fresh_stays_in_range_and_leaves_the_images_alone(lesson):
    images, rng = some_images(), np.random.default_rng(0)
    before = images.copy()
    one, other = (lesson.add_noise(images, rng, noise_std=0.5) for _ in range(2))
    np.testing.assert_array_equal(images, before)
    assert one.dtype == np.float32 and one.min() == 0 and one.max() == 1
    assert (one != other).mean() > 0.5
    np.testing.assert_array_equal(lesson.add_noise(images, rng, noise_std=0.0), images)


def test_pairs_have_exactly_the_correlation_asked_for(lesson):
    for rho in (0.95, 0.0, -0.5):
        pairs = lesson.make_pairs(rho, num_pairs=100, rng=np.random.default_rng(0))
        expected = [[1, rho], [rho, 1]]
        np.testing.assert_allclose(pairs.T @ pairs / 100, expected, atol=1e-12)


def test_gradient_descent_finds_the_first_principal_component(lesson):
    rng = np.random.default_rng(0)
    pairs = lesson.make_pairs(-0.8, num_pairs=100, rng=rng)
    start = rng.standard_normal((2, 2)) / 2
    encoder, decoder = lesson.train_pair(pairs, encoder=start[0], decoder=start[1])
    line = np.linalg.eigh(pairs.T @ pairs)[1][:, -1]
    expected = np.outer(line, line)  # the projection on that line
    np.testing.assert_allclose(np.outer(encoder, decoder), expected, atol=1e-3)


def test_each_recipe_for_codes_has_the_moments_that_it_promises(lesson):
    rng = np.random.default_rng(0)
    mixing = np.array([[1.0, 0.9, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 3.0]])
    codes = rng.standard_normal((5_000, 3)) @ mixing + [1, 2, 3]
    drawn = lesson.draw_codes(codes, num_samples=20_000, rng=rng)
    assert list(drawn) == ["box", "independent", "full Gaussian"]
    covariance, std = np.cov(codes.T), codes.std(axis=0)
    error = 0.05 * np.outer(std, std)
    for name, expected in (
        ("independent", np.diag(std**2)),
        ("full Gaussian", covariance),
    ):
        assert np.all(
            np.abs(drawn[name].mean(axis=0) - codes.mean(axis=0)) < 0.05 * std
        )
        assert np.all(np.abs(np.cov(drawn[name].T) - expected) < error)
    low, high = codes.min(axis=0), codes.max(axis=0)
    assert np.all((drawn["box"] >= low) & (drawn["box"] <= high))
    middle = np.abs(drawn["box"].mean(axis=0) - (low + high) / 2)
    assert np.all(middle < 0.02 * (high - low))


def test_the_floor_on_noise_lies_between_a_copy_and_ignorance(further):
    assert further.one_pixel_each(0) == pytest.approx(np.log(2))
    assert further.one_pixel_each(784) == pytest.approx(0.5)
    assert further.one_pixel_each(32) < further.one_pixel_each(31)


def test_the_loop_by_hand_counts_epochs_and_evaluates_after_each(further):
    calls = []
    step_losses = iter([1.0, 3.0, 5.0, 9.0])

    def step(batch):
        return next(step_losses)

    found = further.train_by_hand(
        step,
        some_images(8),
        num_epochs=2,
        batch_size=4,
        rng=np.random.default_rng(0),
        evaluate=lambda: calls.append(0) or len(calls),
    )
    assert found == ([2.0, 7.0], [1, 2])


def test_the_convolutional_autoencoder_has_the_shapes_of_the_dense_one(further):
    encoder, decoder = further.make_convolutional(6).layers
    codes = encoder(some_images(3))
    images = keras.ops.convert_to_numpy(decoder(codes))
    assert codes.shape == (3, 6) and images.shape == (3, 784)
    assert images.min() >= 0 and images.max() <= 1
