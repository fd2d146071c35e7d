"""The learning rate over a training run: up in a short warm-up, then down."""

from helpers.backend import keras, ops

from keras.optimizers import schedules


def warmup_decay(peak, *, num_steps, num_warmup=0, final=0.0, shape="cosine"):
    """Return a learning rate that rises in a line, then falls to the end of training.

    Step `num_warmup` has the rate `peak`, step `num_steps` and all after it have
    `final`. With a warm-up the first step, number 0, has the rate 0.

    Args:
        peak: float > 0. The largest learning rate.
        num_steps: int >= 1. Optimizer steps of the whole run, warm-up included.
        num_warmup: int in [0, num_steps). Steps in which the rate rises.
        final: float in [0, peak]. The learning rate at the end.
        shape: `"cosine"`, half a period of a cosine, or `"linear"`, a straight line.

    Returns:
        `keras.optimizers.schedules.LearningRateSchedule` for an optimizer's
        `learning_rate`. It can be saved with the optimizer.

    Raises:
        ValueError: an argument is out of range.

    Cosine: Loshchilov and Hutter (2017), arXiv:1608.03983. Warm-up: Goyal et al.
    (2017), arXiv:1706.02677.
    """
    if not peak > 0:
        raise ValueError(f"peak must be > 0, got {peak}.")
    if num_steps < 1:
        raise ValueError(f"num_steps must be at least 1, got {num_steps}.")
    if not 0 <= num_warmup < num_steps:
        raise ValueError(f"num_warmup must be in [0, {num_steps}), got {num_warmup}.")
    if not 0 <= final <= peak:
        raise ValueError(f"final must be in [0, {peak}], got {final}.")
    peak, final, num_decay = float(peak), float(final), num_steps - num_warmup
    if shape == "cosine":
        decay = schedules.CosineDecay(peak, num_decay, alpha=final / peak)
    elif shape == "linear":
        decay = schedules.PolynomialDecay(peak, num_decay, end_learning_rate=final)
    else:
        raise ValueError(f"shape must be 'cosine' or 'linear', got {shape!r}.")
    return LinearWarmup(peak, num_warmup, decay) if num_warmup else decay


@keras.saving.register_keras_serializable(package="helpers")
class LinearWarmup(schedules.LearningRateSchedule):
    """A rise in a line from 0 to `peak`, and then another schedule from its start.

    Keras has a warm-up for the cosine alone. Made by `warmup_decay`.
    """

    def __init__(self, peak, num_warmup, decay):
        self.peak, self.num_warmup, self.decay = peak, num_warmup, decay

    def __call__(self, step):
        """Return the learning rate of a step, 0 for the first."""
        step = ops.cast(step, "float32")
        rising = self.peak * step / self.num_warmup
        falling = self.decay(ops.maximum(step - self.num_warmup, 0.0))
        return ops.where(step < self.num_warmup, rising, falling)

    def get_config(self):
        """Return what `from_config` needs."""
        decay = keras.saving.serialize_keras_object(self.decay)
        return {"peak": self.peak, "num_warmup": self.num_warmup, "decay": decay}

    @classmethod
    def from_config(cls, config):
        """Make the schedule again from `get_config`."""
        decay = keras.saving.deserialize_keras_object(config["decay"])
        return cls(config["peak"], config["num_warmup"], decay)
