"""The digit feature network: what image metrics see of a digit.

A small convolutional classifier of MNIST and drawn digits, trained by
`data/make_digit_network.py`; its weights lie in `data/digit_network.npz`. The features
are its last layer but one: 96 pattern detectors, averaged over the image.
"""

import functools

from helpers.backend import keras
from helpers.files import DATA

import numpy as np
from keras import layers

WEIGHTS = DATA / "digit_network.npz"
NUM_FEATURES = 96


def make_digit_network():
    """Make the network, untrained.

    Returns:
        `keras.Model` from float32 `(batch, 28, 28)` in [0, 1] to a pair: features
        `(batch, 96)`, at least 0, and logits `(batch, 10)`.
    """
    images = keras.Input((28, 28), name="images")
    x = layers.Reshape((28, 28, 1), name="channel")(images)
    x = _convolve(x, 32, 5, name="strokes", strides=2)  # (batch, 14, 14, 32)
    x = _convolve(x, 48, 3, name="bends")  # (batch, 14, 14, 48)
    x = layers.MaxPooling2D(name="pool")(x)  # (batch, 7, 7, 48)
    x = _convolve(x, 64, 3, name="parts")  # (batch, 7, 7, 64)
    x = _convolve(x, NUM_FEATURES, 3, name="digits")  # (batch, 7, 7, 96)
    features = layers.GlobalAveragePooling2D(name="features")(x)  # (batch, 96)
    logits = layers.Dense(10, name="logits")(features)
    return keras.Model(images, [features, logits], name="digit_network")


def _convolve(x, filters, kernel_size, *, name, strides=1):
    """Convolve, normalise over the batch, rectify."""
    x = layers.Conv2D(
        filters, kernel_size, strides, padding="same", use_bias=False, name=name
    )(x)
    x = layers.BatchNormalization(name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def save_weights(network, path=WEIGHTS):
    """Write the network's weights to an `.npz` file, in half precision."""
    weights = {v.path: v.numpy().astype("float16") for v in network.weights}
    np.savez_compressed(path, **weights)


@functools.cache
def load_digit_network(path=WEIGHTS):
    """Load the trained network; once, so the caller must not train it.

    Args:
        path: `Path` of a file that `save_weights` wrote.

    Returns:
        `keras.Model`, as in `make_digit_network`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file does not hold the weights of this network.
    """
    remedy = "Take it from the course's repository, or run data/make_digit_network.py."
    if not path.exists():
        raise FileNotFoundError(f"No digit network at {path}. {remedy}")
    network = make_digit_network()
    shapes = {v.path: tuple(v.shape) for v in network.weights}
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            weights = dict(file)
    except Exception as error:  # broken archives fail in many ways
        raise ValueError(
            f"{path} cannot be read as weights ({error}). {remedy}"
        ) from None
    if {name: value.shape for name, value in weights.items()} != shapes:
        raise ValueError(
            f"{path} holds other weights than the digit network's. {remedy}"
        )
    for variable in network.weights:
        variable.assign(weights[variable.path].astype("float32"))
    network.trainable = False
    return network


def digit_features(images, *, batch_size=500):
    """Describe each image by the network's features.

    Args:
        images: float, `(N, 28, 28)`, in [0, 1], white on black.
        batch_size: int >= 1. Images that pass through the network at once.

    Returns:
        float32, `(N, 96)`.

    Raises:
        ValueError: `images` is empty, or has another shape, type or range.
    """
    return _run(images, batch_size)[0]


def digit_probs(images, *, batch_size=500):
    """Classify images.

    Args:
        images: float, `(N, 28, 28)`, in [0, 1], white on black.
        batch_size: int >= 1. Images that pass through the network at once.

    Returns:
        float32, `(N, 10)`. Probability of each digit; rows sum to 1.

    Raises:
        ValueError: `images` is empty, or has another shape, type or range.
    """
    logits = _run(images, batch_size)[1]
    probs = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return probs / probs.sum(axis=-1, keepdims=True)


def _run(images, batch_size):
    images = keras.ops.convert_to_numpy(images)
    if images.ndim != 3 or images.shape[1:] != (28, 28) or not len(images):
        raise ValueError(f"images must have shape (N, 28, 28), got {images.shape}.")
    if not np.issubdtype(images.dtype, np.floating):
        raise ValueError(
            f"images must be float in [0, 1], got {images.dtype}: divide by 255 first?"
        )
    low, high = images.min(), images.max()
    if not (low >= 0 and high <= 1):  # NaN fails too
        raise ValueError(
            f"images must lie in [0, 1], got values from {low:.8g} to {high:.8g}."
        )
    network = load_digit_network()
    return network.predict(images.astype("float32"), batch_size=batch_size, verbose=0)
