"""Train the digit feature network and write `data/digit_network.npz`.

Run from the course's folder; it takes a few minutes on two cores and needs MNIST:

    uv run python data/make_digit_network.py
    uv run python data/make_digit_network.py --mnist-only

The second trains on MNIST alone and writes no weights: it measures how well such a
network reads drawn digits, which tells how like MNIST they are.
"""

import argparse
import os
import tempfile

from course import results
from helpers import ledger
from helpers.budget import course_seed
from helpers.data.images import load_digits
from helpers.measure.digit_network import (
    load_digit_network,
    make_digit_network,
    save_weights,
)
from helpers.train.loop import batches, train
from helpers.train.step import gradient_step

import keras
import numpy as np
from keras import ops

NUM_EPOCHS = 8
BATCH_SIZE = 128
LEARNING_RATE = 3e-3  # at its height; rises over the first epoch, then falls to 0
WEIGHT_DECAY = 1e-4
NUM_DRAWN = 20_000


def main():
    """Train, measure on both test sets, record, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mnist-only", action="store_true")
    options = parser.parse_args()
    seed = course_seed()
    keras.utils.set_random_seed(seed)
    mnist = load_digits("mnist")
    drawn = load_digits("drawn", num_train=NUM_DRAWN, seed=seed)
    x, y = mnist.x_train, mnist.y_train
    if not options.mnist_only:
        x = np.concatenate([x, drawn.x_train])
        y = np.concatenate([y, drawn.y_train])

    network = train_network(x, y, num_epochs=NUM_EPOCHS, seed=seed)
    if not options.mnist_only:
        save_weights(network)
        network = load_digit_network()  # as shipped, in half precision
    on_mnist = accuracy(network, mnist.x_test, mnist.y_test)
    on_drawn = accuracy(network, drawn.x_test, drawn.y_test)
    print(f"test accuracy: MNIST {on_mnist:.4f}, drawn digits {on_drawn:.4f}")
    if options.mnist_only:
        record("drawn_digits_read_by_mnist_classifier", on_drawn, source="drawn")
    else:
        record("digit_features_accuracy", on_mnist, source="mnist")


def record(metric, value, *, source):
    """Record a figure and add it to the ledger, as `course run` does for lessons."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COURSE_LEDGER"] = pending = f"{folder}/rows.jsonl"
        ledger.record("helpers", metric, value, unit="fraction", source=source)
        results.add(results.read_pending(pending))


def train_network(x, y, *, num_epochs, seed):
    """Train a network on images `(N, 28, 28)` in [0, 1] and labels `(N,)`."""
    network = make_digit_network()
    steps_per_epoch = len(x) // BATCH_SIZE
    optimizer = keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=0.0,
            warmup_target=LEARNING_RATE,
            warmup_steps=steps_per_epoch,
            decay_steps=(num_epochs - 1) * steps_per_epoch,
        ),
        weight_decay=WEIGHT_DECAY,
    )

    def loss_fn(images, labels):
        _, logits = network(images, training=True)
        return ops.mean(
            keras.losses.sparse_categorical_crossentropy(
                labels, logits, from_logits=True
            )
        )

    def epoch_batches(epoch):
        rng = np.random.default_rng([seed, epoch])
        for images, labels in batches(x, y, batch_size=BATCH_SIZE, rng=rng):
            yield augment(images, rng=rng), labels

    step = gradient_step(loss_fn, train=[network], optimizer=optimizer)
    history = train(step, epoch_batches, num_epochs=num_epochs)
    print("training loss, nats:", *(f"{loss:.4f}" for loss in history["loss"]))
    return network


def augment(images, *, rng):
    """Shift, turn, shear and scale each image a little, at random."""
    n = len(images)
    angle, shear = rng.normal(0, 0.12, (2, n))  # radians, ratio
    scale_x, scale_y = rng.normal(1, 0.06, (2, n))
    cos, sin = np.cos(angle), np.sin(angle)
    a, b = scale_x * cos, scale_x * (shear - sin)  # x of the source, by x and y
    c, d = scale_y * sin, scale_y * cos  # y of the source
    shift_x, shift_y = rng.normal(0, 1.0, (2, n))  # pixels
    shift_x += 14 * (1 - a - b)  # turn about the middle
    shift_y += 14 * (1 - c - d)
    zero = np.zeros(n)
    transforms = np.stack([a, b, shift_x, c, d, shift_y, zero, zero], axis=-1)
    return ops.image.affine_transform(
        images[..., None], transforms.astype("float32"), data_format="channels_last"
    )[..., 0]


def accuracy(network, x, y):
    """Return the fraction of images that the network names as labelled."""
    _, logits = network.predict(x, batch_size=500, verbose=0)
    return np.mean(logits.argmax(axis=-1) == y)


if __name__ == "__main__":
    main()
