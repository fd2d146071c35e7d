"""The training loop: mini-batches, epochs, a progress bar, and a clear end.

Lesson 02 writes the loop around a step out in full.
"""

import contextlib
import math

from helpers.backend import ops
from helpers.train.bars import EpochBar

import numpy as np

CHECK_EVERY = 50  # steps between looks at the loss: a look waits for the device


class TrainingDiverged(ValueError):
    """The loss became NaN or infinite."""


def batches(*arrays, batch_size, rng):
    """Yield shuffled mini-batches, each image at most once; the rest is left out.

    Args:
        arrays: one or more arrays of equal length `(num_examples, …)`.
        batch_size: int in [1, num_examples].
        rng: `numpy.random.Generator`, or `None` to keep the order.

    Yields:
        tuple with `(batch_size, …)` of each array.

    Raises:
        ValueError: arrays of unequal length, or a batch larger than the set.
    """
    lengths = {len(array) for array in arrays}
    if len(lengths) != 1:
        raise ValueError(f"arrays must have one length, got {sorted(lengths)}.")
    num_examples = lengths.pop()
    if not 1 <= batch_size <= num_examples:
        raise ValueError(
            f"batch_size must be in [1, {num_examples}], got {batch_size}."
        )
    order = np.arange(num_examples)
    if rng is not None:
        rng.shuffle(order)
    for start in range(0, num_examples - batch_size + 1, batch_size):
        rows = order[start : start + batch_size]
        yield tuple(array[rows] for array in arrays)


def train(
    step,
    epoch_batches,
    *,
    num_epochs,
    checkpoint=None,
    evaluate=None,
    description="Training",
):
    """Run a step over all batches of all epochs, with a progress bar.

    Args:
        step: function of a batch that trains once and returns the loss, `(loss,
            metrics)` or a dict of metrics, all scalars; from `gradient_step`, or one
            that calls several of those.
        epoch_batches: function of the epoch (0, 1, …) that yields tuples of arrays.
            Draw what is random in it from `np.random.default_rng([SEED, epoch])`, so
            that a resumed run sees the batches that it would have seen.
        num_epochs: int ≥ 0.
        checkpoint: `helpers.train.checkpoint.Checkpoint`, or `None`. Saved as the
            epochs go, restored at the start, removed at the end. A printed line says so
            where a run goes on.
        evaluate: function without arguments that returns a dict of floats, called after
            each epoch, or `None`.
        description: str. Stands beside the bar.

    Returns:
        dict of lists with one float an epoch: the mean over the epoch's batches of the
        `loss` and of each metric, and what `evaluate` returned.

    Raises:
        TrainingDiverged: a metric is NaN or infinite. Names the epoch and the step, and
            says what the weights are: where there is a checkpoint, it is put back, and
            removed, since the same run would diverge again.
        ValueError: there is no batch, or the checkpoint is of another run.
    """
    first_epoch, history = 0, {}
    if checkpoint:
        first_epoch, history = checkpoint.restore(num_epochs=num_epochs)
        checkpoint.save(first_epoch, history)
    bar = EpochBar(description, num_epochs=num_epochs, first_epoch=first_epoch)
    with contextlib.closing(bar):
        for epoch in range(first_epoch, num_epochs):
            try:
                means = _run_epoch(step, epoch_batches(epoch), epoch, bar)
            except TrainingDiverged as error:
                raise TrainingDiverged(f"{error} {_weights(checkpoint)}") from None
            means |= evaluate() if evaluate else {}
            for name, value in means.items():
                history.setdefault(name, []).append(float(value))
            bar.end_epoch(means)
            if checkpoint:
                checkpoint.save(epoch + 1, history)
    if checkpoint:
        checkpoint.remove()
    return history


def _run_epoch(step, batch_iterator, epoch, bar):
    """Return dict of the mean of each metric over one epoch."""
    sums, waiting, num_steps = {}, [], 0

    def add_up():
        for number, metrics in waiting:
            for name, value in metrics.items():
                value = float(ops.convert_to_numpy(value))
                if not math.isfinite(value):
                    raise TrainingDiverged(
                        f"{name} is {value} at step {number} of epoch {epoch + 1}."
                    )
                sums[name] = sums.get(name, 0.0) + value
        waiting.clear()

    for batch in batch_iterator:
        num_steps += 1
        waiting.append((num_steps, _named(step(*batch))))
        bar.step()
        if len(waiting) == CHECK_EVERY:
            add_up()
    add_up()
    if not num_steps:
        raise ValueError("epoch_batches yielded no batch.")
    return {name: total / num_steps for name, total in sums.items()}


def _weights(checkpoint):
    """Put the checkpoint back, if there is one, and say what the weights are."""
    if checkpoint and checkpoint.path.exists():
        epoch, _ = checkpoint.restore()
        checkpoint.remove()
        return f"The weights are those after {epoch} epochs."
    return (
        "There is no checkpoint: the weights are those of the failed run. Build the "
        "model anew."
    )


def _named(result):
    """Turn what a step returns into a dict of scalars."""
    if isinstance(result, dict):
        return result
    if isinstance(result, tuple):
        loss, metrics = result
        return {"loss": loss, **metrics}
    return {"loss": result}
