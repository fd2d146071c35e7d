"""Progress bars that move within an epoch and leave a closing line."""

import time

from helpers import backend  # noqa: F401  (starts Keras)

import keras
from tqdm.auto import tqdm

EVERY = 0.5  # seconds between two looks at a bar whose epoch has no known length
WORTH_A_LINE = 1.0  # seconds; a shorter training leaves nothing behind
FORMAT = (
    "{desc}: {percentage:3.0f}%|{bar}| epoch {n:.1f} of {total} [{elapsed}{postfix}]"
)


class EpochBar:
    """A bar over epochs that knows of the steps within one.

    In the first epoch the number of steps may be unknown: then the bar says at which
    step it is. Later it moves by fractions of an epoch. Where the training took a
    second or more, its last state stays: epochs, time and means.

    Args:
        description: str. Stands beside the bar.
        num_epochs: int ≥ 0. All epochs, those before `first_epoch` among them.
        first_epoch: int. How many epochs are done already.
        num_steps: int, steps of an epoch, or `None` where that is not known.
    """

    def __init__(self, description, *, num_epochs, first_epoch=0, num_steps=None):
        self.num_steps, self.num_done, self.epoch = num_steps, 0, first_epoch
        self.start = self.last_look = time.monotonic()
        self.bar = tqdm(
            total=num_epochs,
            initial=first_epoch,
            desc=description,
            bar_format=FORMAT,
            leave=False,
            disable=num_epochs == 0,
        )

    def step(self):
        """Say that a step is done."""
        self.num_done += 1
        if self.num_steps:
            self._move_to(self.epoch + min(self.num_done / self.num_steps, 1))
        elif time.monotonic() - self.last_look >= EVERY:
            self.last_look = time.monotonic()
            self.bar.set_postfix_str(f"step {self.num_done}")

    def end_epoch(self, means):
        """Say that an epoch is done, and what its means were: dict of floats."""
        self.epoch += 1
        self.num_steps, self.num_done = self.num_done or self.num_steps, 0
        told = {name: f"{value:.4g}" for name, value in means.items()}
        self.bar.set_postfix(told, refresh=False)
        self._move_to(self.epoch)
        self.bar.refresh()

    def close(self):
        """End the bar. Its line stays where the training took a second or more."""
        self.bar.leave = time.monotonic() - self.start >= WORTH_A_LINE
        self.bar.close()

    def _move_to(self, place):
        self.bar.update(place - self.bar.n)


class FitBar(keras.callbacks.Callback):
    """The same bar for Keras's `fit`: `fit(…, verbose=0, callbacks=[FitBar()])`.

    Args:
        description: str. Stands beside the bar.
    """

    def __init__(self, description="Training"):
        super().__init__()
        self.description, self.bar = description, None

    def on_train_begin(self, logs=None):
        self.bar = EpochBar(
            self.description,
            num_epochs=self.params["epochs"],
            num_steps=self.params.get("steps"),
        )

    def on_train_batch_end(self, batch, logs=None):
        self.bar.step()

    def on_epoch_end(self, epoch, logs=None):
        self.bar.end_epoch(logs or {})

    def on_train_end(self, logs=None):
        self.bar.close()
