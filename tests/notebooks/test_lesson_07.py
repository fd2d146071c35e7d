"""What lesson 07 and its further page claim about their own definitions."""

from helpers.lessons import load

import keras
import numpy as np
import pytest


@pytest.fixture(scope="module")
def lesson():
    return load("07_diffusion")


def some_points(num_points=40, *, seed=0):
    return np.random.default_rng(seed).standard_normal((num_points, 2))


TIMES = pytest.mark.parametrize("t", [0.0, 0.1, 0.5, 0.9, 1.0])


def test_noise_is_mixed_in_along_a_straight_line(lesson):
    x, noise = some_points(seed=1), some_points(seed=2)
    np.testing.assert_allclose(lesson.add_noise(x, noise, 0.0), x)
    np.testing.assert_allclose(lesson.add_noise(x, noise, 1.0), noise)
    np.testing.assert_allclose(
        lesson.add_noise(x, noise, 0.25), 0.75 * x + 0.25 * noise
    )
    t = np.linspace(0, 1, len(x))[:, None]
    np.testing.assert_allclose(
        lesson.add_noise(x, noise, t)[[0, -1]], [x[0], noise[-1]]
    )


@pytest.mark.parametrize("t", [-0.01, 1.01, np.nan, np.array([[0.5], [2.0]])])
def test_a_time_outside_0_to_1_is_refused(lesson, t):
    x = some_points(2)
    for call in (
        lambda: lesson.add_noise(x, x, t),
        lambda: lesson.split(x, x, t),
        lambda: lesson.exact(lesson.WORLD, x, t),
    ):
        with pytest.raises(ValueError, match=r"times must lie in \[0, 1\], got"):
            call()


def test_noise_of_another_shape_is_refused(lesson):
    with pytest.raises(ValueError, match=r"shape \(4, 2\), got \(3, 2\)"):
        lesson.add_noise(some_points(4), some_points(3), 0.5)


@TIMES
def test_split_undoes_the_mixing(lesson, t):
    x, noise = some_points(seed=1), some_points(seed=2)
    found = lesson.split(lesson.add_noise(x, noise, t), noise - x, t)
    np.testing.assert_allclose(found, [x, noise], atol=1e-12)


def grid(lesson, num=161, reach=6.0):
    side = np.linspace(-reach, reach, num)
    points = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    return points, (side[1] - side[0]) ** 2


@TIMES
def test_the_density_of_the_world_sums_to_one(lesson, t):
    points, cell = grid(lesson)
    density = np.exp(lesson.exact(lesson.WORLD, points, t)["log_density"])
    np.testing.assert_allclose(density.sum() * cell, 1, rtol=1e-4)


@TIMES
def test_the_score_is_the_slope_of_the_log_density(lesson, t):
    x = some_points()
    score = lesson.exact(lesson.WORLD, x, t)["score"]
    for axis, move in enumerate(1e-5 * np.eye(2)):
        ahead, behind = (
            lesson.exact(lesson.WORLD, x + m, t)["log_density"] for m in (move, -move)
        )
        slope = (ahead - behind) / 2e-5
        np.testing.assert_allclose(score[:, axis], slope, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("t", [0.2, 0.5, 0.8])
def test_the_velocity_carries_the_density_along(lesson, t):
    """The continuity equation: dp/dt + div(p v) = 0."""
    x, move = some_points(), 1e-5

    def density(x, t):
        return np.exp(lesson.exact(lesson.WORLD, x, t)["log_density"])

    def flow(x, axis):
        velocity = lesson.exact(lesson.WORLD, x, t)["velocity"]
        return density(x, t) * velocity[:, axis]

    change = (density(x, t + move) - density(x, t - move)) / (2 * move)
    outflow = sum(
        (flow(x + m, axis) - flow(x - m, axis)) / (2 * move)
        for axis, m in enumerate(move * np.eye(2))
    )
    assert np.abs(change).max() > 0.01
    np.testing.assert_allclose(change, -outflow, atol=1e-6)


@pytest.mark.parametrize("t", [0.3, 0.7])
def test_the_clean_part_is_the_mean_of_what_may_have_led_there(lesson, t):
    rng = np.random.default_rng(0)
    examples, x = lesson.draw_points(lesson.WORLD, 200_000, rng), some_points(8)
    for point, clean in zip(x, lesson.exact(lesson.WORLD, x, t)["clean"], strict=True):
        squares = np.sum((point - (1 - t) * examples) ** 2, axis=1)
        weights = np.exp(-squares / (2 * t**2))
        mean = weights @ examples / weights.sum()
        np.testing.assert_allclose(clean, mean, atol=0.05)


@TIMES
def test_velocity_noise_clean_part_and_score_are_one_thing(lesson, t):
    x = some_points()
    parts = lesson.exact(lesson.WORLD, x, t)
    clean, noise = lesson.split(x, parts["velocity"], t)
    np.testing.assert_allclose(clean, parts["clean"], atol=1e-9)
    np.testing.assert_allclose(noise, parts["noise"], atol=1e-9)
    np.testing.assert_allclose(noise, -t * parts["score"], atol=1e-9)


def test_drawn_points_have_the_weights_of_the_clouds(lesson):
    x = lesson.draw_points(lesson.WORLD, 20_000, np.random.default_rng(0))
    assert x.shape == (20_000, 2) and x.dtype == np.float32
    squares = np.sum((x[:, None] - lesson.WORLD["means"]) ** 2, axis=-1)
    shares = np.bincount(squares.argmin(axis=1), minlength=5) / len(x)
    np.testing.assert_allclose(shares, lesson.WORLD["weights"], atol=0.015)


@pytest.mark.parametrize("sampler", ["sample_euler", "sample_noisy"])
def test_both_samplers_come_back_to_the_clouds(lesson, sampler):
    rng = np.random.default_rng(0)
    options = {"num_steps": 100} | ({"rng": rng} if sampler == "sample_noisy" else {})
    x = getattr(lesson, sampler)(
        lambda x, t: lesson.exact(lesson.WORLD, x, t)["velocity"],
        rng.standard_normal((4_000, 2)),
        **options,
    )
    distances = np.linalg.norm(x[:, None] - lesson.WORLD["means"], axis=-1)
    shares = np.bincount(distances.argmin(axis=1), minlength=5) / len(x)
    np.testing.assert_allclose(shares, lesson.WORLD["weights"], atol=0.04)
    spread = np.sqrt(np.mean(distances.min(axis=1) ** 2) / 2)
    np.testing.assert_allclose(spread, lesson.WORLD["std"], rtol=0.15)


def test_one_step_of_euler_is_the_mean_of_all_data(lesson):
    x = lesson.sample_euler(
        lambda x, t: lesson.exact(lesson.WORLD, x, t)["velocity"],
        some_points(),
        num_steps=1,
    )
    mean = lesson.WORLD["weights"] @ lesson.WORLD["means"]
    np.testing.assert_allclose(x, np.tile(mean, (len(x), 1)), atol=1e-9)


def test_without_churn_the_noisy_sampler_is_euler(lesson):
    def velocity(x, t):
        return np.sin(x) + t

    x = some_points()
    calm = lesson.sample_euler(velocity, x, num_steps=7)
    rng = np.random.default_rng(0)
    noisy = lesson.sample_noisy(velocity, x, num_steps=7, rng=rng, churn=0.0)
    np.testing.assert_allclose(noisy, calm)


@pytest.mark.parametrize("num_steps", [0, -3])
def test_a_number_of_steps_below_one_is_refused(lesson, num_steps):
    x = some_points(2)
    with pytest.raises(ValueError, match=f"at least 1, got {num_steps}"):
        lesson.sample_euler(lambda x, t: x, x, num_steps=num_steps)


def test_pairs_lie_on_the_way_from_an_example_to_noise_at_all_times(lesson):
    x = some_points(30).astype("float32")
    pairs = lesson.make_pairs(x, batch_size=20, rng=np.random.default_rng(0))
    for _ in range(3):
        (x_t, t), velocity = next(pairs)
        assert {a.dtype for a in (x_t, t, velocity)} == {np.dtype("float32")}
        clean, _ = lesson.split(x_t, velocity, t)
        nearest = np.abs(clean[:, None] - x).max(axis=-1).min(axis=1)
        np.testing.assert_allclose(nearest, 0, atol=1e-5)
        np.testing.assert_array_equal(np.floor(t[:, 0] * 20), np.arange(20))


@pytest.mark.parametrize("drop_rate", [0.0, 0.3, 1.0])
def test_the_class_is_withheld_as_often_as_asked(lesson, drop_rate):
    x = np.repeat(np.arange(10, dtype="float32"), 100)[:, None]
    labels = x[:, 0].astype(int)
    pairs = lesson.make_pairs(
        x,
        labels=labels,
        drop_rate=drop_rate,
        batch_size=1_000,
        rng=np.random.default_rng(0),
    )
    (x_t, t, classes), velocity = next(pairs)
    is_known = classes.sum(axis=1) == 1
    assert classes.dtype == np.float32 and set(np.unique(classes)) <= {0, 1}
    assert abs(np.mean(~is_known) - drop_rate) < 0.06
    clean, _ = lesson.split(x_t, velocity, t)
    found = classes.argmax(axis=1)[is_known]
    np.testing.assert_allclose(clean[is_known, 0], found, atol=1e-4)


def test_a_batch_larger_than_the_data_is_refused(lesson):
    x = some_points(5).astype("float32")
    pairs = lesson.make_pairs(x, batch_size=6, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"\[1, 5\], got 6"):
        next(pairs)


def small_network(lesson, num_classes=0):
    keras.utils.set_random_seed(0)
    return lesson.make_velocity_network(
        2, units=16, num_blocks=2, num_classes=num_classes
    )


def test_the_network_listens_to_time_and_to_the_class(lesson):
    x = some_points(3).astype("float32")
    plain = lesson.make_velocity(small_network(lesson))
    assert plain(x, 0.5).shape == x.shape
    assert np.abs(plain(x, 0.2) - plain(x, 0.8)).max() > 1e-3
    network = small_network(lesson, num_classes=10)
    three, five = (
        lesson.make_class_velocity(network, lesson.one_hot(np.full(3, k)))(x, 0.5)
        for k in (3, 5)
    )
    assert np.abs(three - five).max() > 1e-3


def test_training_comes_nearer_to_the_exact_velocity(lesson):
    rng = np.random.default_rng(0)
    points, network = (
        lesson.draw_points(lesson.WORLD, 2_000, rng),
        small_network(lesson),
    )
    x = lesson.add_noise(points, rng.standard_normal(points.shape), 0.7)
    target = lesson.exact(lesson.WORLD, x, 0.7)["velocity"]
    velocity = lesson.make_velocity(network)
    before = np.mean((velocity(x, 0.7) - target) ** 2)
    pairs = lesson.make_pairs(points, batch_size=256, rng=rng)
    losses = lesson.fit_velocity(network, pairs, num_steps=400, learning_rate=1e-2)
    after = np.mean((velocity(x, 0.7) - target) ** 2)
    assert len(losses) == 20 and losses[-1] < losses[0]
    assert after < 0.1 * before


def test_guidance_goes_beyond_the_class_by_its_strength(lesson):
    network = small_network(lesson, num_classes=10)
    x, classes = some_points(4).astype("float32"), lesson.one_hot(np.arange(4))
    without = lesson.make_class_velocity(network, np.zeros_like(classes))(x, 0.4)
    steps = [
        lesson.make_class_velocity(network, classes, strength=w)(x, 0.4) - without
        for w in (0.0, 1.0, 2.5)
    ]
    np.testing.assert_allclose(steps[1], 2 * steps[0], atol=1e-5)
    np.testing.assert_allclose(steps[2], 3.5 * steps[0], atol=1e-5)


@pytest.mark.parametrize("strength", [-0.1, np.inf, np.nan])
def test_a_strength_that_is_negative_or_not_finite_is_refused(lesson, strength):
    network = small_network(lesson, num_classes=10)
    with pytest.raises(ValueError, match=f"finite and at least 0, got {strength}"):
        lesson.make_class_velocity(
            network, lesson.one_hot(np.arange(2)), strength=strength
        )


@pytest.mark.parametrize("shape", [(3, 2), (4, 3)])
def test_codes_of_another_width_or_number_are_refused(lesson, shape):
    network = small_network(lesson, num_classes=10)
    velocity = lesson.make_class_velocity(network, lesson.one_hot(np.arange(4)))
    with pytest.raises(ValueError, match=rf"shape \(4, 2\), got \({shape[0]}, "):
        velocity(np.zeros(shape), 0.5)


def test_editing_from_time_0_changes_nothing_and_from_time_1_forgets_all(lesson):
    codes, noise = some_points(seed=1), some_points(seed=2)

    def velocity(x, t):
        return lesson.exact(lesson.WORLD, x, t)["velocity"]

    kept = lesson.edit(velocity, codes, noise, start=0.0, num_steps=5)
    np.testing.assert_allclose(kept, codes)
    anew = lesson.edit(velocity, codes, noise, start=1.0, num_steps=5)
    expected = lesson.sample_euler(velocity, noise, num_steps=5)
    np.testing.assert_allclose(anew, expected)


def test_editing_from_a_time_outside_0_to_1_is_refused(lesson):
    x = some_points(2)
    with pytest.raises(ValueError, match="got 1.5"):
        lesson.edit(lambda x, t: x, x, x, start=1.5, num_steps=5)


def fill(lesson, is_known, image):
    return lesson.fill_in(
        lambda x, t: x,
        image,
        is_known,
        some_points(3),
        encode=lambda images: images[:, :2],
        decode=lambda codes: np.repeat(codes, 4, axis=1),
        num_steps=4,
        rng=np.random.default_rng(0),
    )


def test_filling_in_keeps_what_is_known(lesson):
    image = np.linspace(0, 1, 8)
    is_known = np.arange(8) < 5
    filled = fill(lesson, is_known, image)
    assert filled.shape == (3, 8)
    np.testing.assert_allclose(filled[:, :5], np.tile(image[:5], (3, 1)))
    assert np.abs(filled[:, 5:] - image[5:]).max() > 0


def test_a_mask_of_another_shape_is_refused(lesson):
    with pytest.raises(ValueError, match=r"shape \(8,\), got \(7,\)"):
        fill(lesson, np.ones(7, dtype=bool), np.zeros(8))


def test_the_code_model_normalises_and_hides_its_noise_at_inference(lesson):
    keras.utils.set_random_seed(0)
    encoder, decoder, both = lesson.make_code_model(
        3, hidden_units=(8,), code_noise=0.5
    )
    x = np.random.default_rng(0).random((64, 784), dtype="float32")
    codes = keras.ops.convert_to_numpy(encoder(10 * x, training=True))
    np.testing.assert_allclose(codes.std(axis=0), 1, atol=0.05)
    expected = lesson.apply(decoder, lesson.apply(encoder, x))
    np.testing.assert_allclose(lesson.apply(both, x), expected, atol=1e-5)


@pytest.fixture(scope="module")
def further():
    return load("further/07_diffusion")


def test_the_divergence_of_a_linear_velocity_is_its_trace(further):
    matrix = np.array([[2.0, -1.0], [5.0, 0.5]])
    found = further.divergence(lambda x, t: x @ matrix.T, some_points(), 0.5)
    np.testing.assert_allclose(found, 2.5, rtol=1e-6)


def test_the_likelihood_of_points_that_move_away_from_0_is_known(further):
    """With v = x a point ends at e x, and space has grown by e along each axis."""
    x = some_points()
    found = further.log_likelihood(lambda x, t: x, x, num_steps=100)
    expected = -0.5 * np.sum((np.e * x) ** 2 + np.log(2 * np.pi), axis=1) + 2
    np.testing.assert_allclose(found, expected, atol=1e-2)


def test_the_likelihood_along_the_exact_velocity_is_the_density_of_the_world(further):
    x = further.lesson.draw_points(further.WORLD, 50, np.random.default_rng(0))
    x = x.astype("float64")
    found = further.log_likelihood(
        lambda x, t: further.exact(further.WORLD, x, t)["velocity"], x, num_steps=100
    )
    expected = further.exact(further.WORLD, x, 0)["log_density"]
    np.testing.assert_allclose(found, expected, atol=0.05)


def test_the_error_of_heun_falls_with_the_square_of_the_step(further):
    x = some_points(5)
    errors = [
        np.abs(further.sample_heun(lambda x, t: x, x, num_steps=n) - x / np.e).max()
        for n in (10, 20)
    ]
    assert 3.5 < errors[0] / errors[1] < 4.5


def test_retimed_pairs_have_their_times_and_lie_on_the_way(further):
    x = some_points(30).astype("float32")
    pairs = further.retimed_pairs(
        x, batch_size=20, rng=np.random.default_rng(0), retime=np.square
    )
    (x_t, t), velocity = next(pairs)
    np.testing.assert_array_equal(np.floor(np.sqrt(t[:, 0]) * 20), np.arange(20))
    clean, _ = further.lesson.split(x_t, velocity, t)
    nearest = np.abs(clean[:, None] - x).max(axis=-1).min(axis=1)
    np.testing.assert_allclose(nearest, 0, atol=1e-5)


def test_the_network_on_pixels_listens_to_time_and_class(further):
    keras.utils.set_random_seed(0)
    unet = further.make_unet((4, 8))
    x = np.random.default_rng(0).standard_normal((2, 784), dtype="float32")
    found = [
        unet.predict_on_batch(
            [x, np.full((2, 1), t, "float32"), further.one_hot([k, k])]
        )
        for t, k in ((0.2, 3), (0.8, 3), (0.2, 5))
    ]
    assert found[0].shape == (2, 784)
    assert np.abs(found[0] - found[1]).max() > 1e-4
    assert np.abs(found[0] - found[2]).max() > 1e-4


CODES = {"latent_dim": 3, "hidden_units": (8,), "code_noise": 0.1}
DENSE = {"units": 8, "num_blocks": 1, "num_classes": 10}
GAN = {"noise": 4, "units": 8, "filters": (4, 4)}
DENSE_GAN = {"noise": 4, "generator": (8,), "discriminator": (8,), "slope": 0.2}
DENSE_GAN |= {"batch_norm": True, "penalty": 0.5, "beta_1": 0.0}
DENSE_GAN |= {"learning_rate": 1e-3, "batch_size": 64, "average": 0.9}


@pytest.mark.parametrize(
    ("family", "settings", "sizes", "names"),
    [
        ("train_vae", CODES, {"num_epochs": 1}, {"VAE"}),
        ("train_dense_gan", DENSE_GAN, {"num_steps": 2}, {"dense GAN"}),
        ("train_gan", GAN, {"num_steps": 2}, {"DCGAN"}),
        (
            "train_diffusion",
            (CODES, DENSE),
            {"num_epochs": 1, "num_steps": 20},
            {"Gaussian codes", "diffusion, no class", "diffusion, class"},
        ),
    ],
)
def test_each_family_trains_by_its_lesson_and_samples_images(
    further, family, settings, sizes, names
):
    """The families are made of lessons 01 to 03: this holds what is used of them."""
    rng = np.random.default_rng(0)
    x, y = rng.random((300, 784), dtype="float32"), rng.integers(0, 10, 300)
    samplers = getattr(further, family)(x, y, settings, seed=0, **sizes)
    assert set(samplers) == names
    for sample in samplers.values():
        images = sample(3, np.random.default_rng(1))
        assert images.shape == (3, 784)
        assert images.min() >= 0 and images.max() <= 1
        np.testing.assert_allclose(sample(3, np.random.default_rng(1)), images)
