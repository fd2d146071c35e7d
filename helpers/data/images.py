"""Image sets: real ones where they can be had, drawn digits where they cannot."""

import dataclasses
import gzip

from helpers.data.fetch import Unavailable, fetch
from helpers.data.worlds.digits import draw_digits

import numpy as np

KERAS_DATA = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
MNIST_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
FASHION_SHA256 = {
    "train-images-idx3-ubyte.gz": (
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
    ),
    "train-labels-idx1-ubyte.gz": (
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
    ),
    "t10k-images-idx3-ubyte.gz": (
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
    ),
}
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
    loaders = {"mnist": _load_mnist, "fashion": _load_fashion}
    if source not in ("auto", "drawn", *loaders):
        raise ValueError(
            f"source must be 'auto', 'mnist', 'fashion' or 'drawn', got {source!r}."
        )
    limits = (None, None) if source == "drawn" else (60_000, 10_000)
    for name, count, limit in zip(
        ("num_train", "num_test"), (num_train, num_test), limits, strict=True
    ):
        if count < 1 or (limit and count > limit):
            upper = f" and at most {limit}" if limit else ""
            raise ValueError(f"{name} must be at least 1{upper}, got {count}.")
    if source == "auto":
        try:
            parts, source = _load_mnist(), "mnist"
        except Unavailable as error:
            print(f"MNIST is not here, so these digits are drawn. {error}")
            source = "drawn"
    elif source in loaders:
        parts = loaders[source]()
    if source == "drawn":
        return _draw(num_train, num_test, seed)
    x_train, y_train, x_test, y_test = parts
    return ImageSet(
        x_train=_scale(x_train[:num_train]),
        y_train=y_train[:num_train].astype("int64"),
        x_test=_scale(x_test[:num_test]),
        y_test=y_test[:num_test].astype("int64"),
        source=source,
        class_names=FASHION if source == "fashion" else DIGITS,
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


def _load_mnist():
    path = fetch("mnist.npz", url=KERAS_DATA + "mnist.npz", sha256=MNIST_SHA256)
    with np.load(path, allow_pickle=False) as file:
        return [file[key] for key in ("x_train", "y_train", "x_test", "y_test")]


def _load_fashion():
    return [
        _read_idx(fetch(f"fashion-mnist/{name}", url=KERAS_DATA + name, sha256=sha256))
        for name, sha256 in FASHION_SHA256.items()
    ]


def _read_idx(path):
    """Read an IDX file: 3 bytes of type, 1 of rank, 4 for each length, then uint8."""
    with gzip.open(path) as file:
        content = file.read()
    rank = content[3]
    shape = np.frombuffer(content, ">u4", count=rank, offset=4)
    return np.frombuffer(content, "uint8", offset=4 + 4 * rank).reshape(shape)
