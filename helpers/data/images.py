"""Image sets: real ones where they can be had, drawn digits where they cannot."""

import dataclasses
import gzip

from helpers.data.sources import FILES, fetch_file, load_source
from helpers.data.worlds.digits import draw_digits

import numpy as np

DIGITS = tuple("0123456789")
FASHION = (
    *("T-shirt", "trouser", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
)


@dataclasses.dataclass(frozen=True)
class ImageSet:
    """Images with their classes, split into a training and a test part.

    Attributes:
        x_train, x_test: float32, `(num_images, 28, 28)`, in [0, 1]. 0 is background.
        y_train, y_test: int64, `(num_images,)`, in [0, 9].
        source: `"mnist"`, `"fashion"` or `"drawn"`.
        class_names: 10 str.
        factors_train, factors_test: dict of float32 `(num_images,)` with the true
            slant, thickness, … of drawn digits; `None` for real images.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    source: str
    class_names: tuple
    factors_train: dict | None = None
    factors_test: dict | None = None


def load_digits(source="auto", *, num_train=60_000, num_test=10_000, seed=0):
    """Load 28×28 images of ten classes.

    Args:
        source: `"mnist"`, `"fashion"` (Fashion-MNIST), `"drawn"` (made on the spot), or
            `"auto"`: MNIST where it can be had, else drawn digits, saying so.
        num_train, num_test: int. How many images to return, the first ones of each
            part; 60,000 and 10,000 at most for the real sets.
        seed: int. Seed of the drawn digits; real images do not depend on it.

    Returns:
        `ImageSet`.

    Raises:
        ValueError: unknown source, or a number of images out of range.
        Unavailable: a real set was asked for by name and cannot be had.

    MNIST: LeCun et al. (1998). Fashion-MNIST: Xiao et al. (2017), arXiv:1708.07747.
    """
    limits = (None, None) if source == "drawn" else (60_000, 10_000)
    for name, count, limit in zip(
        ("num_train", "num_test"), (num_train, num_test), limits, strict=True
    ):
        if count < 1 or (limit and count > limit):
            upper = f" and at most {limit}" if limit else ""
            raise ValueError(f"{name} must be at least 1{upper}, got {count}.")

    def mnist():
        return _cut(_read_mnist(), num_train, num_test, "mnist", DIGITS)

    def fashion():
        return _cut(_read_fashion(), num_train, num_test, "fashion", FASHION)

    def drawn():
        return _draw(num_train, num_test, seed)

    return load_source(
        source,
        {"mnist": mnist, "fashion": fashion, "drawn": drawn},
        notice="MNIST is not here, so these digits are drawn.",
    )


def _cut(arrays, num_train, num_test, source, class_names):
    """Make an `ImageSet` of the first images of each part."""
    x_train, y_train, x_test, y_test = arrays
    return ImageSet(
        x_train=_scale(x_train[:num_train]),
        y_train=y_train[:num_train].astype("int64"),
        x_test=_scale(x_test[:num_test]),
        y_test=y_test[:num_test].astype("int64"),
        source=source,
        class_names=class_names,
    )


def _scale(images):
    """Turn uint8 grey values 0…255 into float32 in [0, 1]."""
    return images.astype("float32") / 255


def _draw(num_train, num_test, seed):
    drawn = draw_digits(num_train + num_test, seed=seed)
    images, labels = _scale(drawn.images), drawn.labels.astype("int64")
    return ImageSet(
        x_train=images[:num_train],
        y_train=labels[:num_train],
        x_test=images[num_train:],
        y_test=labels[num_train:],
        source="drawn",
        class_names=DIGITS,
        factors_train={name: v[:num_train] for name, v in drawn.factors.items()},
        factors_test={name: v[num_train:] for name, v in drawn.factors.items()},
    )


def _read_mnist():
    with np.load(fetch_file("mnist.npz"), allow_pickle=False) as file:
        return [file[key] for key in ("x_train", "y_train", "x_test", "y_test")]


def _read_fashion():
    """Read the four files in the order in which `FILES` has them."""
    names = [name for name in FILES if name.startswith("fashion-mnist/")]
    return [_read_idx(fetch_file(name)) for name in names]


def _read_idx(path):
    """Read an IDX file: 3 bytes of type, 1 of rank, 4 for each length, then uint8."""
    with gzip.open(path) as file:
        content = file.read()
    rank = content[3]
    shape = np.frombuffer(content, ">u4", count=rank, offset=4)
    return np.frombuffer(content, "uint8", offset=4 + 4 * rank).reshape(shape)
