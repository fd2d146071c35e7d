"""The digit feature network: what it reads, and which files and images it refuses."""

from helpers.data.worlds.digits import draw_digits
from helpers.measure import digit_network
from helpers.measure.digit_network import (
    digit_features,
    digit_probs,
    load_digit_network,
    make_digit_network,
    save_weights,
)
from helpers.measure.samples import fid

import numpy as np
import pytest


@pytest.fixture(scope="module")
def digits():
    drawn = draw_digits(1000, seed=12345)
    return drawn.images.astype("float32") / 255, drawn.labels


def test_shipped_weights_are_small_and_read_drawn_digits(digits):
    images, labels = digits
    assert digit_network.WEIGHTS.stat().st_size < 1_000_000  # bytes
    probs = digit_probs(images)
    assert probs.shape == (1000, 10) and probs.dtype == np.float32
    np.testing.assert_allclose(probs.sum(axis=1), 1, rtol=1e-5)
    assert np.mean(probs.argmax(axis=1) == labels) > 0.95


def test_features_are_finite_nonnegative_and_one_row_an_image(digits):
    features = digit_features(digits[0][:30])
    assert features.shape == (30, digit_network.NUM_FEATURES)
    assert features.dtype == np.float32
    assert np.all(np.isfinite(features)) and features.min() >= 0


def test_features_do_not_depend_on_the_batch(digits):
    images = digits[0][:23]
    np.testing.assert_allclose(
        digit_features(images), digit_features(images, batch_size=10), atol=1e-5
    )


def test_probabilities_are_the_softmax_of_the_logits(digits):
    images = digits[0][:5]
    logits = load_digit_network().predict(images, verbose=0)[1].astype("float64")
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(digit_probs(images), expected, atol=1e-5)


def test_fid_grows_with_damage(digits):
    images, _ = digits
    clean, rest = digit_features(images[:500]), images[500:]
    noise = np.random.default_rng(0).uniform(size=rest.shape).astype("float32")
    distances = [
        fid(clean, digit_features((1 - damage) * rest + damage * noise))
        for damage in (0, 0.1, 0.2, 0.4)
    ]
    assert distances == sorted(distances) and distances[-1] > 10 * distances[0]


def test_fid_sees_a_missing_class(digits):
    images, labels = digits
    features = digit_features(images)
    real, fake, fake_labels = features[:500], features[500:], labels[500:]
    assert fid(real, fake[fake_labels != 0]) > fid(real, fake)


def test_weights_survive_the_file(tmp_path, digits):
    network = make_digit_network()
    path = tmp_path / "weights.npz"
    save_weights(network, path)
    again = load_digit_network(path)
    for saved, loaded in zip(network.weights, again.weights, strict=True):
        np.testing.assert_allclose(loaded.numpy(), saved.numpy(), rtol=1e-3, atol=1e-6)
    assert not again.trainable_weights


def test_network_is_loaded_once():
    assert load_digit_network() is load_digit_network()


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="No digit network at .*gone.npz"):
        load_digit_network(tmp_path / "gone.npz")


def flip(content, position):
    damaged = bytearray(content)
    damaged[int(position * len(content))] ^= 0xFF
    return bytes(damaged)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"no archive",
        lambda content: content[: len(content) // 2],
        lambda content: flip(content, 0.3),
        lambda content: flip(content, 0.5),
        lambda content: flip(content, 0.1),
    ],
)
def test_broken_weights_are_named(tmp_path, damage):
    path = tmp_path / "broken.npz"
    path.write_bytes(damage(digit_network.WEIGHTS.read_bytes()))
    with pytest.raises(ValueError, match="broken.npz cannot be read as weights"):
        load_digit_network(path)


def test_a_single_array_is_no_weights(tmp_path):
    path = tmp_path / "broken.npz"
    with open(path, "wb") as stream:
        np.save(stream, np.zeros(3))
    with pytest.raises(ValueError, match="broken.npz cannot be read as weights"):
        load_digit_network(path)


def test_other_weights_are_refused(tmp_path):
    with np.load(digit_network.WEIGHTS, allow_pickle=False) as file:
        weights = dict(file)
    name = next(iter(weights))
    for change in ({name: weights[name][..., :-1]}, {"more": np.zeros(1)}):
        path = tmp_path / f"{len(change[next(iter(change))])}.npz"
        np.savez(path, **(weights | change))
        with pytest.raises(ValueError, match="other weights"):
            load_digit_network(path)


def test_pickles_are_never_opened(tmp_path):
    path = tmp_path / "pickled.npz"
    np.savez(path, logits=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="pickled.npz cannot be read as weights"):
        load_digit_network(path)


@pytest.mark.parametrize("measure", [digit_features, digit_probs])
@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 28, 28, 1), "float32"), r"\(N, 28, 28\), got \(2, 28, 28, 1\)"),
        (np.zeros((2, 784), "float32"), r"\(N, 28, 28\)"),
        (np.zeros((28, 28), "float32"), r"\(N, 28, 28\)"),
        (np.zeros((2, 27, 28), "float32"), r"\(N, 28, 28\), got \(2, 27, 28\)"),
        (np.zeros((0, 28, 28), "float32"), r"\(N, 28, 28\)"),
        (np.zeros((2, 28, 28), "uint8"), "divide by 255"),
        (np.full((2, 28, 28), 1.01, "float32"), r"\[0, 1\], got values from 1.01"),
        (np.full((2, 28, 28), -0.01, "float32"), r"\[0, 1\]"),
        (np.full((2, 28, 28), np.nan, "float32"), r"\[0, 1\], got values from nan"),
    ],
)
def test_images_in_another_form_are_refused(measure, images, message):
    with pytest.raises(ValueError, match=message):
        measure(images)
