"""What lesson 02 and its further page claim about their own definitions."""

import math

from helpers.lessons import load
from helpers.measure.likelihood import bernoulli_nll, gaussian_kl

import keras
import numpy as np
import pytest
from keras import ops

tensorflow_only = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the tape is TensorFlow's"
)


@pytest.fixture(scope="module")
def lesson():
    return load("02_vae")


@pytest.fixture(scope="module")
def further():
    return load("further/02_vae")


def small_vae(lesson, **options):
    keras.utils.set_random_seed(0)
    networks = lesson.make_encoder(2, (8,)), lesson.make_decoder(2, (8,))
    return lesson.VAE(*networks, seed=0, **options)


def images(num_images=32):
    return np.random.default_rng(0).random((num_images, 784), dtype="float32")


def test_probabilities_of_all_small_images_sum_to_one(lesson):
    bits = (np.arange(512)[:, None] >> np.arange(9)) % 2 == 1
    z = np.array([-1.7, 0.0, 2.2])
    total = sum(lesson.toy_likelihood(image, z) for image in bits)
    np.testing.assert_allclose(total, 1)
    assert lesson.toy_decoder(z).shape == (3, 9)


def test_the_normal_density_has_its_area_and_its_width(lesson):
    z = np.linspace(-20, 20, 4_001)
    density = lesson.normal_density(z, mean=1.0, std=2.0) * 0.01
    assert density.sum() == pytest.approx(1)
    assert ((z - 1) ** 2 * density).sum() == pytest.approx(4, rel=1e-6)


def test_the_kl_term_is_that_of_the_helpers(lesson):
    mean, log_var = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    np.testing.assert_allclose(
        lesson.kl_to_prior(mean, log_var), gaussian_kl(mean, log_var), rtol=1e-5
    )
    assert not np.any(lesson.kl_to_prior(np.zeros((1, 3)), np.zeros((1, 3))))


@pytest.mark.parametrize("beta", [1.0, 3.0])
def test_the_loss_is_reconstruction_plus_beta_times_kl(lesson, beta):
    vae, x = small_vae(lesson, beta=beta), images()
    z_mean, z_log_var, logits = y_pred = vae(x)
    nll, kl = bernoulli_nll(x, logits), gaussian_kl(z_mean, z_log_var)
    expected = float(ops.mean(nll) + beta * ops.mean(kl))
    assert float(vae.compute_loss(x=x, y_pred=y_pred)) == pytest.approx(expected)
    assert float(vae.reconstruction_loss.result()) == pytest.approx(
        float(ops.mean(nll))
    )
    assert float(vae.kl_loss.result()) == pytest.approx(float(ops.mean(kl)), rel=1e-4)


def test_the_code_is_the_mean_plus_standard_deviations_of_noise(lesson):
    vae = small_vae(lesson)
    vae.decoder = lambda z: z
    x = np.repeat(images(1), 20_000, axis=0)
    z_mean, z_log_var, z = (ops.convert_to_numpy(part) for part in vae(x))
    std = np.exp(0.5 * z_log_var[0])
    noise = (z - z_mean) / std
    np.testing.assert_allclose(noise.mean(axis=0), 0, atol=0.04)
    np.testing.assert_allclose(noise.std(axis=0), 1, atol=0.03)


@tensorflow_only
def test_fit_and_the_tape_move_the_weights_alike(lesson):
    import tensorflow as tf

    vae, x = small_vae(lesson), images()
    vae(x)
    start, seed = vae.get_weights(), ops.convert_to_numpy(vae.noise_seed.state)
    vae.compile(optimizer=keras.optimizers.SGD(0.01))
    vae.fit(x, epochs=1, batch_size=32, verbose=0, shuffle=False)
    by_fit = vae.get_weights()
    vae.set_weights(start)
    vae.noise_seed.state.assign(seed)
    with tf.GradientTape() as tape:
        loss = vae.compute_loss(x=x, y_pred=vae(x))
    gradients = tape.gradient(loss, vae.trainable_variables)
    keras.optimizers.SGD(0.01).apply(gradients, vae.trainable_variables)
    moved = 0
    for old, fitted, taped in zip(start, by_fit, vae.get_weights(), strict=True):
        np.testing.assert_allclose(fitted, taped, rtol=1e-4, atol=1e-6)
        moved += not np.array_equal(old, taped)
    assert moved == len(start)


def test_training_lowers_the_loss_and_repeats_with_its_seed(lesson):
    x = np.repeat(np.round(images(4)), 32, axis=0)
    options = {"learning_rate": 1e-2, "num_epochs": 4, "batch_size": 32}
    first, second = (
        lesson.fit_vae(small_vae(lesson), x, shuffle=False, **options) for _ in range(2)
    )
    assert first["loss"][-1] < 0.95 * first["loss"][0]
    np.testing.assert_allclose(first["loss"], second["loss"], rtol=1e-5)


def test_the_test_loss_counts_each_image_once(lesson):
    vae, x = small_vae(lesson), images(10)
    vae.compile()
    z_mean, z_log_var, _ = vae(x)
    vae.evaluate(x, batch_size=4, verbose=0)  # batches of 4, 4 and 2
    expected = float(ops.mean(gaussian_kl(z_mean, z_log_var)))
    assert float(vae.kl_loss.result()) == pytest.approx(expected, rel=1e-4)


def test_fresh_bits_use_each_image_once_an_epoch_and_follow_the_grey(further):
    x = np.repeat(np.arange(8, dtype="float32")[:, None] / 7, 784, axis=1)
    bits = further.FreshBits(x, batch_size=2, seed=0)
    assert len(bits) == 4
    for _ in range(2):
        epoch = np.concatenate([bits[i][0] for i in range(len(bits))])
        assert set(np.unique(epoch)) == {0.0, 1.0}
        shares = np.sort(epoch.mean(axis=1))
        error = np.sqrt(x[:, 0] * (1 - x[:, 0]) / 784)
        assert np.all(np.abs(shares - x[:, 0]) <= 4 * error)
        bits.on_epoch_end()


def test_bits_are_drawn_anew_each_time(further):
    x = np.full((2, 784), 0.5, "float32")
    bits = further.FreshBits(x, batch_size=2, seed=0)
    assert not np.array_equal(bits[0][0], bits[0][0])


def test_many_importance_weights_find_the_likelihood(lesson, further):
    keras.utils.set_random_seed(0)
    encoder = lesson.make_encoder(1, (4,), num_inputs=9)
    vae = lesson.VAE(encoder, lesson.make_decoder(1, (4,), num_pixels=9), seed=0)
    x = np.array([[0, 0, 1, 1, 0, 0, 0, 1, 0]], "float32")
    z = np.linspace(-8, 8, 3_201, dtype="float32")
    nll = bernoulli_nll(np.repeat(x, len(z), axis=0), vae.decoder(z[:, None]))
    density = lesson.normal_density(z) * np.exp(-ops.convert_to_numpy(nll))
    truth = -math.log(density.sum() * (z[1] - z[0]))
    noise = np.random.default_rng(0).standard_normal((20_000, 1, 1), dtype="float32")
    log_w = ops.convert_to_numpy(further.log_weights(vae, x, noise))
    assert log_w.shape == (20_000, 1)
    assert further.nll_from(log_w, 20_000) == pytest.approx(truth, abs=0.02)
    assert further.nll_from(log_w, 1) > truth


def test_weights_behind_tiny_logarithms_are_averaged(further):
    two = np.log([[1.0], [3.0]]) - 1_000
    assert further.nll_from(two, 2) == pytest.approx(1_000 - math.log(2))
    assert further.nll_from(two, 1) == pytest.approx(1_000 - math.log(3) / 2)


def test_a_class_is_ten_numbers_behind_the_pixels(further):
    x = images(3)
    xy = further.with_class(x, np.array([0, 9, 4]))
    np.testing.assert_array_equal(xy[:, :784], x)
    assert xy[:, 784:].argmax(axis=1).tolist() == [0, 9, 4]
    assert xy[:, 784:].sum() == 3 and xy.dtype == np.float32


def test_the_conditional_loss_charges_for_pixels_alone(further):
    keras.utils.set_random_seed(0)
    vae = further.make_conditional(2, (8,), seed=0)
    xy = further.with_class(images(), np.arange(32) % 10)
    z_mean, z_log_var, logits = y_pred = vae(xy)
    assert tuple(logits.shape) == (32, 784)
    expected = ops.mean(bernoulli_nll(xy[:, :784], logits))
    expected += ops.mean(gaussian_kl(z_mean, z_log_var))
    found = vae.compute_loss(x=xy, y_pred=y_pred)
    assert float(found) == pytest.approx(float(expected), rel=1e-5)


def test_neighbours_come_before_their_pixel_and_are_the_image_s_own(further):
    x = np.arange(1, 785, dtype="float32")[None]  # each pixel holds its number
    seen = ops.convert_to_numpy(further.earlier_neighbours(x, 2))[0]
    assert seen.shape == (784, 12)
    own = np.arange(1, 785)[:, None]
    assert np.all(seen < own)
    assert sorted(seen[5 * 28 + 9]) == [
        1 + row * 28 + column
        for row, column in [(3, c) for c in range(7, 12)]
        + [(4, c) for c in range(7, 12)]
        + [(5, 7), (5, 8)]
    ]
    assert not seen[0].any()  # the first pixel has none


def strong_vae(lesson, further, **options):
    keras.utils.set_random_seed(0)
    networks = lesson.make_encoder(3, (8,)), lesson.make_decoder(3, (8,))
    earlier = further.EarlierPixels(reach=1, units=4)
    return further.StrongVAE(*networks, earlier=earlier, seed=0, **options)


def test_a_later_pixel_changes_no_earlier_logit(further):
    keras.utils.set_random_seed(0)
    earlier = further.EarlierPixels(reach=1, units=4)
    x = np.zeros((2, 784), "float32")
    x[1, 400] = 1.0
    earlier(x)
    earlier.far.assign(np.ones((784, 784), "float32"))
    logits = ops.convert_to_numpy(earlier(x))
    changed = np.flatnonzero(np.abs(logits[1] - logits[0]) > 1e-7)
    assert changed.tolist() == list(range(401, 784))


def test_the_strong_decoder_adds_the_logits_of_code_and_earlier_pixels(lesson, further):
    vae, x = strong_vae(lesson, further), np.round(images(4))
    z_mean, _, logits = vae(x)
    seen = []
    vae.decoder = lambda z: seen.append(z) or ops.zeros((4, 784))
    np.testing.assert_allclose(vae(x)[2], vae.earlier(x), atol=1e-6)
    assert tuple(seen[0].shape) == tuple(z_mean.shape)
    assert np.abs(ops.convert_to_numpy(logits - vae.earlier(x))).max() > 1e-3


def test_fit_trains_all_parts_of_the_strong_model(lesson, further):
    vae, x = strong_vae(lesson, further), images(64)
    vae(x[:1])
    before = vae.get_weights()
    further.fit_bits(vae, x, num_epochs=2, learning_rate=1e-2, batch_size=16, seed=0)
    after = vae.get_weights()
    assert all(
        np.abs(new - old).max() > 0 for old, new in zip(before, after, strict=True)
    )
    assert float(vae.num_steps) == 8


def test_warm_up_and_free_bits_change_what_the_code_costs(lesson, further):
    x = np.round(images())
    for options, cost in (
        ({}, lambda rates, step: rates.sum()),
        ({"num_warmup": 4}, lambda rates, step: step / 4 * rates.sum()),
        ({"free_nats": 0.5}, lambda rates, step: np.maximum(rates, 0.5).sum()),
    ):
        vae = strong_vae(lesson, further, **options)
        for step in (1, 2):
            z_mean, z_log_var, logits = y_pred = vae(x)
            pairs = zip(
                ops.convert_to_numpy(z_mean).T,
                ops.convert_to_numpy(z_log_var).T,
                strict=True,
            )
            rates = np.array(
                [float(ops.mean(gaussian_kl(m[:, None], v[:, None]))) for m, v in pairs]
            )
            nll = float(ops.mean(bernoulli_nll(x, logits)))
            found = float(vae.compute_loss(x=x, y_pred=y_pred, training=True))
            assert found == pytest.approx(nll + cost(rates, step), rel=1e-5)
