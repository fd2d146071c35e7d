"""What lesson 03 claims about its own definitions."""

from helpers.lessons import load
from helpers.train.loop import TrainingDiverged
from helpers.train.step import gradient_step

import keras
import numpy as np
import pytest
from keras import ops

tensorflow_only = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the tape is TensorFlow's"
)


@pytest.fixture(scope="module")
def lesson():
    return load("03_gan")


def small_pair(lesson, latent_dim=4, activation=None):
    keras.utils.set_random_seed(0)
    return [
        lesson.make_generator(latent_dim, (8,), slope=0.2),
        lesson.make_discriminator((8,), slope=0.2, activation=activation),
    ]


def images(num_images=32):
    return np.random.default_rng(0).random((num_images, 784), dtype="float32")


def noise(num_images=32, latent_dim=4):
    rng = np.random.default_rng(1)
    return rng.standard_normal((num_images, latent_dim), dtype="float32")


def weights_of(model):
    return [np.array(w) for w in model.get_weights()]


@tensorflow_only
@pytest.mark.parametrize("player", [0, 1], ids=["generator", "discriminator"])
@pytest.mark.parametrize("kind", ["beginner", "logits"])
def test_the_tape_and_gradient_step_give_the_same_gradients(lesson, player, kind):
    pair = small_pair(lesson, activation="sigmoid" if kind == "beginner" else None)
    if kind == "beginner":
        losses = lesson.make_beginner_losses(*pair)
    else:
        losses = lesson.make_losses(pair)
    batch = (noise(),) if player == 0 else (images(), noise())
    model, start = pair[player], weights_of(pair[player])
    lesson.tape_step(losses[player], model, keras.optimizers.SGD(1.0), *batch)
    by_tape = weights_of(model)
    model.set_weights(start)
    sgd = keras.optimizers.SGD(1.0)
    gradient_step(losses[player], train=[model], uses=pair, optimizer=sgd)(*batch)
    for old, tape, helper in zip(start, by_tape, weights_of(model), strict=True):
        assert np.abs(tape - old).max() > 0
        np.testing.assert_allclose(tape - old, helper - old, rtol=1e-3, atol=1e-6)


@tensorflow_only
def test_a_step_of_one_player_leaves_the_other_as_it_is(lesson):
    pair = small_pair(lesson)
    losses, start = lesson.make_losses(pair), [weights_of(m) for m in pair]
    lesson.tape_step(losses[0], pair[0], keras.optimizers.SGD(1.0), noise())
    for old, new in zip(start[1], weights_of(pair[1]), strict=True):
        np.testing.assert_array_equal(old, new)


def test_losses_of_a_guessing_discriminator_are_those_of_equilibrium(lesson):
    zero = ops.zeros((5, 1))
    assert float(lesson.discriminator_loss(zero, zero)) == pytest.approx(np.log(4))
    assert float(lesson.non_saturating_loss(zero)) == pytest.approx(np.log(2))
    assert float(lesson.minimax_loss(zero)) == pytest.approx(-np.log(2))


def test_losses_stay_finite_for_extreme_logits(lesson):
    logits = ops.array([[1e4], [-1e4]])
    assert np.isfinite(float(lesson.discriminator_loss(logits, -logits)))
    assert float(lesson.non_saturating_loss(-1e4 * ops.ones((1, 1)))) == 1e4


def test_losses_on_logits_and_on_probabilities_agree(lesson):
    pair = small_pair(lesson)
    with_probs = keras.Sequential([pair[1], keras.layers.Activation("sigmoid")])
    on_logits, on_probs = (
        lesson.make_losses(pair),
        lesson.make_beginner_losses(pair[0], with_probs),
    )
    for player, batch in enumerate([(noise(),), (images(), noise())]):
        first, second = (kind[player](*batch) for kind in (on_logits, on_probs))
        if player == 1:
            first, second = first[0], second[0]
        assert float(first) == pytest.approx(float(second), rel=1e-4)


def test_the_penalty_of_a_linear_discriminator_is_its_squared_weights(lesson):
    generator = small_pair(lesson)[0]
    linear = keras.Sequential([keras.Input((784,)), keras.layers.Dense(1)])
    pair = [generator, linear]
    with_penalty = lesson.make_losses(pair, penalty=3.0)[1]
    without = lesson.make_losses(pair)[1]
    batch = images(), noise()
    paid = float(with_penalty(*batch)[0]) - float(without(*batch)[0])
    kernel = ops.convert_to_numpy(linear.layers[0].kernel)
    assert paid == pytest.approx(1.5 * np.sum(kernel**2), rel=1e-3)


def test_batches_repeat_with_their_seed_and_differ_between_epochs(lesson):
    options = {"batch_size": 4, "num_steps": 2, "seed": 5}
    first, again = (lesson.make_batches(images(), 3, **options) for _ in range(2))
    for a, b, other in zip(first(0), again(0), first(1), strict=True):
        assert [len(part) for part in a] == [4, 4, 4]
        for x, y in zip(a, b, strict=True):
            np.testing.assert_array_equal(x, y)
        assert not np.array_equal(a[1], other[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"latent_dim": 0}, "latent_dim must be at least 1, got 0"),
        ({"x": images() * 255}, r"must lie in \[0, 1\]"),
        ({"x": images() - 0.5}, r"must lie in \[0, 1\]"),
        ({"x": np.full((9, 784), np.nan, "float32")}, r"must lie in \[0, 1\], got nan"),
        ({"x": images().reshape(-1, 28, 28)}, r"\(N, 784\), got \(32, 28, 28\)"),
        ({"batch_size": 33}, r"batch_size must be in \[1, 32\], got 33"),
    ],
)
def test_bad_input_stops_at_the_door(lesson, change, message):
    options = {"x": images(), "latent_dim": 4, "batch_size": 8} | change
    with pytest.raises(ValueError, match=message):
        lesson.make_batches(**options, num_steps=1, seed=0)


def test_a_generator_without_noise_is_an_error(lesson):
    with pytest.raises(ValueError, match="latent_dim must be at least 1, got 0"):
        lesson.make_generator(0, (8,), slope=0.2)


def test_a_diverged_game_stops_with_the_step_and_the_last_good_weights(
    lesson, tmp_path
):
    pair = small_pair(lesson)
    epoch_batches = lesson.make_batches(images(), 4, batch_size=8, num_steps=9, seed=0)
    optimizers = [keras.optimizers.SGD(1e30) for _ in pair]
    start = weights_of(pair[1])
    with pytest.raises(TrainingDiverged, match="step .* of epoch 1.*after 0 epochs"):
        lesson.play(
            pair,
            lesson.make_losses(pair),
            epoch_batches,
            optimizers=optimizers,
            num_epochs=2,
            jit_compile=False,
            path=tmp_path / "wild.npz",
        )
    for old, new in zip(start, weights_of(pair[1]), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("num_images", [1, 30, 50, 125])
def test_a_compiled_generator_makes_an_image_of_each_row_of_noise(lesson, num_images):
    generator = small_pair(lesson)[0]
    z = noise(num_images)
    found = lesson.compile_generator(generator)(z)
    expected = ops.convert_to_numpy(generator(z, training=False))
    assert found.shape == (num_images, 784)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_rate_of_adam_falls_to_a_twentieth_along_a_cosine(lesson):
    settings = {"learning_rate": 4e-3, "decay": True, "beta_1": 0.0, "beta_2": 0.99}
    adam = lesson.make_adam(settings | {"average": 0.9}, 100, ratio=2.0)
    for step, share in ((0, 1), (50, 0.525), (100, 0.05), (200, 0.05)):
        adam.iterations.assign(step)
        assert float(adam.learning_rate) == pytest.approx(8e-3 * share)


def test_the_nearest_image_of_an_image_is_itself(lesson):
    x = images()
    rows, distances = lesson.nearest(x[[7, 3]], x)
    assert rows.tolist() == [7, 3]
    np.testing.assert_allclose(distances, 0, atol=5e-2)


def test_phases_tell_a_checkerboard_from_even_noise(lesson):
    noise = np.random.default_rng(0).normal(size=(400, 28, 28))
    board = np.ones((28, 28))
    board[::2, ::2] = 3.0  # one phase of four varies three times as much
    assert lesson.checkerboard(noise.reshape(-1, 784)) < 0.02
    expected = np.std([3, 1, 1, 1]) / np.mean([3, 1, 1, 1])
    found = lesson.checkerboard((noise * board).reshape(-1, 784))
    assert found == pytest.approx(expected, rel=0.05)


def test_the_ridge_reads_off_a_linear_factor(lesson):
    inputs = np.random.default_rng(0).normal(size=(200, 5))
    targets = inputs @ np.arange(5.0) + 2
    predict = lesson.fit_ridge(inputs[:100], targets[:100], strength=1e-6)
    np.testing.assert_allclose(predict(inputs[100:]), targets[100:], atol=1e-4)


def test_walks_in_z_keep_the_ends_and_the_length(lesson):
    a, b = np.array([3.0, 0.0]), np.array([0.0, 3.0])
    path = lesson.interpolate(a, b, 5)
    np.testing.assert_allclose(path[[0, -1]], [a, b], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), 3, rtol=1e-6)
