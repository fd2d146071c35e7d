"""What lesson 03 and its further page claim about their own definitions."""

from functools import partial

from helpers.lessons import load
from helpers.train.checkpoint import Checkpoint
from helpers.train.loop import TrainingDiverged
from helpers.train.step import gradient_step

import keras
import numpy as np
import pytest
from keras import layers, ops

tensorflow_only = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the tape is TensorFlow's"
)


@pytest.fixture(scope="module")
def lesson():
    return load("03_gan")


@pytest.fixture(scope="module")
def further():
    return load("further/03_gan")


def small_pair(lesson, latent_dim=4):
    keras.utils.set_random_seed(0)
    return [
        lesson.make_generator(latent_dim, (8,), slope=0.2),
        lesson.make_discriminator((8,), slope=0.2),
    ]


def images(num_images=32):
    return np.random.default_rng(0).random((num_images, 784), dtype="float32")


def noise(num_images=32, latent_dim=4):
    rng = np.random.default_rng(1)
    return rng.standard_normal((num_images, latent_dim), dtype="float32")


def weights_of(model):
    return [np.array(w) for w in model.get_weights()]


def constant_discriminator(logit):
    """Return a discriminator that gives every image the same logit."""
    linear = keras.Sequential([keras.Input((784,)), layers.Dense(1)])
    linear.set_weights([np.zeros((784, 1)), np.array([logit])])
    return linear


def test_losses_of_a_guessing_discriminator_are_those_of_equilibrium(lesson):
    pair = [small_pair(lesson)[0], constant_discriminator(0.0)]
    loss_of_generator, loss_of_discriminator = lesson.make_losses(pair)
    loss, values = loss_of_discriminator(images(), noise())
    assert float(loss) == pytest.approx(np.log(4))
    assert float(values["discriminator"]) == pytest.approx(np.log(4))
    assert float(loss_of_generator(noise())) == pytest.approx(np.log(2))


@pytest.mark.parametrize("logit", [-3.0, 0.5, 2.0])
def test_losses_on_logits_are_those_on_probabilities(lesson, logit):
    pair = [small_pair(lesson)[0], constant_discriminator(logit)]
    loss_of_generator, loss_of_discriminator = lesson.make_losses(pair)
    D = 1 / (1 + np.exp(-logit))
    loss = float(loss_of_discriminator(images(), noise())[0])
    assert loss == pytest.approx(-np.log(D) - np.log(1 - D), rel=1e-5)
    assert float(loss_of_generator(noise())) == pytest.approx(-np.log(D), rel=1e-5)


def test_losses_stay_finite_for_extreme_logits(lesson):
    for logit in (-1e4, 1e4):
        pair = [small_pair(lesson)[0], constant_discriminator(logit)]
        loss_of_generator, loss_of_discriminator = lesson.make_losses(pair)
        assert float(loss_of_discriminator(images(), noise())[0]) == 1e4
        assert float(loss_of_generator(noise())) == max(-logit, 0)


def test_the_penalty_of_a_linear_discriminator_is_its_squared_weights(lesson):
    linear = keras.Sequential([keras.Input((784,)), layers.Dense(1)])
    pair, batch = [small_pair(lesson)[0], linear], (images(), noise())
    loss, values = lesson.make_losses(pair, penalty=3.0)[1](*batch)
    kernel = ops.convert_to_numpy(linear.layers[0].kernel)
    paid = float(loss) - float(values["discriminator"])
    assert paid == pytest.approx(1.5 * np.sum(kernel**2), rel=1e-3)
    plain, _ = lesson.make_losses(pair)[1](*batch)
    assert float(values["discriminator"]) == pytest.approx(float(plain))


@pytest.mark.parametrize("pace", [0, 1, 3])
def test_a_generator_moves_pace_times_a_turn(lesson, pace):
    pair = small_pair(lesson)
    before = [weights_of(player) for player in pair]
    adams = [keras.optimizers.SGD(0.1) for _ in pair]
    options = {"batch_size": 8, "num_steps": 2, "seed": 0}
    batches, snapshots = lesson.make_batches(images(), 4, **options), []
    run = {"optimizers": adams, "snapshots": snapshots, "num_epochs": 2}
    history = lesson.play(pair, lesson.make_losses(pair), batches, pace=pace, **run)
    assert [int(adam.iterations) for adam in adams] == [4 * pace, 4]
    moved = [
        any(not np.array_equal(a, b) for a, b in zip(old, weights_of(p), strict=True))
        for old, p in zip(before, pair, strict=True)
    ]
    assert moved == [pace > 0, True]
    assert len(snapshots) == 2 and len(history["discriminator"]) == 2
    for kept, now in zip(snapshots[-1], weights_of(pair[0]), strict=True):
        np.testing.assert_array_equal(kept, now)


def test_a_replay_shows_each_snapshot_and_leaves_the_generator_as_it_was(lesson):
    generator = small_pair(lesson)[0]
    now = weights_of(generator)
    halved = [w / 2 for w in now]
    first, second = lesson.replay(generator, [now, halved], noise())
    np.testing.assert_allclose(first, generator.predict(noise(), verbose=0), atol=1e-6)
    assert np.abs(first - second).max() > 1e-3
    for old, new in zip(now, weights_of(generator), strict=True):
        np.testing.assert_array_equal(old, new)


def test_batches_repeat_with_their_seed_and_differ_between_epochs(lesson):
    options = {"batch_size": 4, "num_steps": 2, "seed": 5}
    first, again = (lesson.make_batches(images(), 3, **options) for _ in range(2))
    for a, b, other in zip(first(0), again(0), first(1), strict=True):
        assert [len(part) for part in a] == [4, 4, 4]
        for x, y in zip(a, b, strict=True):
            np.testing.assert_array_equal(x, y)
        assert not np.array_equal(a[1], other[1])
        assert not np.array_equal(a[1], a[2])  # each player has noise of its own


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (images() * 255, r"must lie in \[0, 1\]"),
        (images() - 0.5, r"must lie in \[0, 1\]"),
        (np.full((9, 784), np.nan, "float32"), r"must lie in \[0, 1\], got nan"),
    ],
)
def test_images_out_of_range_stop_at_the_door(lesson, x, message):
    with pytest.raises(ValueError, match=message):
        lesson.make_batches(x, 4, batch_size=8, num_steps=1, seed=0)


def test_the_pairs_have_the_widths_of_their_settings(lesson):
    generator, discriminator = lesson.make_pair(lesson.START)
    assert generator.count_params() == 101 * 128 + 129 * 784
    assert discriminator.count_params() == 785 * 128 + 129
    generator, discriminator = lesson.make_pair(lesson.GOOD)
    assert generator.input_shape == (None, lesson.GOOD["noise"])
    normalised = sum(isinstance(x, layers.BatchNormalization) for x in generator.layers)
    assert normalised == len(lesson.GOOD["generator"])
    assert not any(
        isinstance(x, layers.BatchNormalization) for x in discriminator.layers
    )


@pytest.mark.parametrize("side", [3, 4])
def test_the_convolutional_pair_makes_and_judges_images(lesson, side):
    generator = lesson.make_conv_generator(5, 16, (4, 2), side=side)
    fakes = ops.convert_to_numpy(generator(noise(3, 5)))
    assert fakes.shape == (3, 784) and fakes.min() >= 0 and fakes.max() <= 1
    assert lesson.make_conv_discriminator(16, (4, 2))(fakes).shape == (3, 1)


def test_the_average_of_weights_that_a_short_training_keeps_is_put_in_place(lesson):
    settings = lesson.START | {"noise": 4, "generator": (8,), "discriminator": (8,)}
    settings |= {"batch_size": 8, "average": 0.5, "batch_norm": True}
    keras.utils.set_random_seed(0)
    pair = lesson.make_pair(settings)
    run = {"num_epochs": 2, "num_steps": 1, "seed": 0}
    snapshots = []
    adam, _ = lesson.train_pair(pair, images(), settings, snapshots=snapshots, **run)
    lesson.use_average(pair[0], adam, noise(80))
    expected = (snapshots[0][0] + snapshots[1][0]) / 2  # it starts after step 1
    np.testing.assert_allclose(weights_of(pair[0])[0], expected, atol=1e-6)
    means = pair[0].layers[1].moving_mean
    assert np.abs(ops.convert_to_numpy(means)).max() > 0


def test_real_images_are_nearer_to_real_ones_than_noise(lesson):
    from helpers.data.images import load_digits
    from helpers.measure.digit_network import digit_features

    digits = load_digits("drawn", num_train=200, num_test=200, seed=0)
    features = digit_features(digits.x_test)
    real = lesson.measure(digits.x_train.reshape(-1, 784), features)
    other = lesson.measure(images(200), features)
    assert real["FID"] < other["FID"] and real["class KL"] < other["class KL"]
    assert real["classes"] == 10


@tensorflow_only
@pytest.mark.parametrize("player", [0, 1], ids=["generator", "discriminator"])
def test_the_tape_and_gradient_step_give_the_same_gradients(lesson, further, player):
    pair = small_pair(lesson)
    losses = lesson.make_losses(pair, penalty=0.5)
    batch = (noise(),) if player == 0 else (images(), noise())
    model, other = pair[player], weights_of(pair[1 - player])
    sgd = partial(keras.optimizers.SGD, 1.0)
    tape = partial(further.tape_step, losses[player], model, sgd())
    by_tape = further.changes_by(tape, model, batch)
    step = gradient_step(losses[player], train=[model], uses=pair, optimizer=sgd())
    for a, b in zip(by_tape, further.changes_by(step, model, batch), strict=True):
        assert np.abs(a).max() > 0
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6)
    for old, new in zip(other, weights_of(pair[1 - player]), strict=True):
        np.testing.assert_array_equal(old, new)


def test_the_slopes_of_both_generator_losses_are_those_of_the_text(further):
    sigmoid = 1 / (1 + np.exp(-np.array([-3.0, 0.0, 2.0])))
    expected = {"minimax_loss": -sigmoid, "non_saturating_loss": sigmoid - 1}
    for name, slopes in expected.items():
        logits = keras.Variable(np.array([-3.0, 0.0, 2.0], "float32"))
        loss = partial(getattr(further, name), logits)
        sgd = keras.optimizers.SGD(1.0)
        gradient_step(loss, train=[logits], optimizer=sgd)()
        change = ops.convert_to_numpy(logits) - [-3.0, 0.0, 2.0]
        np.testing.assert_allclose(change, -slopes / 3, atol=1e-6)  # a mean of three


def test_smoothed_labels_one_and_zero_are_the_plain_loss(lesson, further):
    pair, batch = small_pair(lesson), (images(), noise())
    smoothed = partial(further.make_smoothed_losses, pair, penalty=0.0)
    plain, _ = lesson.make_losses(pair)[1](*batch)
    assert float(smoothed(labels=(1, 0))[1](*batch)[0]) == pytest.approx(float(plain))
    nearly, _ = smoothed(labels=(1, 1e-9))[1](*batch)
    assert float(nearly) == pytest.approx(float(plain), rel=1e-5)
    half = smoothed(labels=(0.9, 0.1))[1]
    assert float(half(*batch)[0]) > 2 * 0.325  # two entropies of a label of 0.9


def test_a_spectral_discriminator_has_no_layer_steeper_than_one(further):
    keras.utils.set_random_seed(0)
    model = further.make_discriminator((8,), slope=0.2, spectral=True)
    for _ in range(50):
        model(images(), training=True)
    for layer in model.layers:
        if isinstance(layer, layers.SpectralNormalization):
            kernel = ops.convert_to_numpy(layer.layer.kernel)
            largest = np.linalg.svd(kernel, compute_uv=False)[0]
            assert largest == pytest.approx(1, abs=0.02)


def test_a_critic_pays_for_the_slope_on_the_line_between_real_and_fake(further):
    linear = keras.Sequential([keras.Input((784,)), layers.Dense(1)])
    w = ops.convert_to_numpy(linear.layers[0].kernel)
    real, fake = images(8), images(16)[8:]
    weights = np.random.default_rng(2).random((8, 1), dtype="float32")
    loss = float(further.critic_loss(linear, real, fake, weights))
    expected = ((fake - real) @ w).mean() + 10 * (np.linalg.norm(w) - 1) ** 2
    assert loss == pytest.approx(expected, rel=1e-3)


def test_a_conditional_pair_hands_the_class_on_to_the_discriminator(lesson, further):
    settings = lesson.GOOD | {"noise": 4, "generator": (8,), "discriminator": (8,)}
    generator, discriminator = further.make_conditional_pair(settings)
    wishes = np.eye(10, dtype="float32")[:3]
    pairs = generator(np.concatenate([noise(3), wishes], axis=1))
    np.testing.assert_array_equal(ops.convert_to_numpy(pairs)[:, 784:], wishes)
    assert discriminator(pairs).shape == (3, 1)


def test_a_diverged_game_stops_with_the_step_and_the_last_good_weights(
    lesson, tmp_path
):
    pair = small_pair(lesson)
    batches = lesson.make_batches(images(), 4, batch_size=8, num_steps=9, seed=0)
    wild, start = [keras.optimizers.SGD(1e30) for _ in pair], weights_of(pair[1])
    checkpoint = Checkpoint(tmp_path / "wild.npz", [*pair, *wild])
    run = {"optimizers": wild, "num_epochs": 2, "checkpoint": checkpoint}
    with pytest.raises(TrainingDiverged, match="step .* of epoch 1.*after 0 epochs"):
        lesson.play(pair, lesson.make_losses(pair), batches, **run)
    for old, new in zip(start, weights_of(pair[1]), strict=True):
        np.testing.assert_array_equal(old, new)


def test_the_nearest_image_of_an_image_is_itself(further):
    x = images()
    rows, distances = further.nearest(x[[7, 3]], x)
    assert rows.tolist() == [7, 3]
    np.testing.assert_allclose(distances, 0, atol=5e-2)


def test_phases_tell_a_checkerboard_from_even_noise(further):
    even = np.random.default_rng(0).normal(size=(400, 28, 28))
    board = np.ones((28, 28))
    board[::2, ::2] = 3.0  # one phase of four varies three times as much
    assert further.checkerboard(even.reshape(-1, 784)) < 0.02
    expected = np.std([3, 1, 1, 1]) / np.mean([3, 1, 1, 1])
    found = further.checkerboard((even * board).reshape(-1, 784))
    assert found == pytest.approx(expected, rel=0.05)


def test_the_ridge_reads_off_a_linear_factor(further):
    inputs = np.random.default_rng(0).normal(size=(200, 5))
    targets = inputs @ np.arange(5.0) + 2
    predict = further.fit_ridge(inputs[:100], targets[:100], strength=1e-6)
    np.testing.assert_allclose(predict(inputs[100:]), targets[100:], atol=1e-4)


def test_walks_in_z_keep_the_ends_and_the_length(further):
    a, b = np.array([3.0, 0.0]), np.array([0.0, 3.0])
    path = further.interpolate(a, b, 5)
    np.testing.assert_allclose(path[[0, -1]], [a, b], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), 3, rtol=1e-6)
