"""A run of several phases under one checkpoint, such as likelihood and then rounds."""

import dataclasses
import time
from collections.abc import Callable

from helpers.train.loop import train

import numpy as np


@dataclasses.dataclass(frozen=True)
class Phase:
    """A part of a run.

    Attributes:
        name: str.
        num_epochs: int >= 1.
        play: function of the epoch of the whole run (0, 1, …) that plays it and returns
            a loss or a dict of metrics. Draw what is random in it from that number, so
            that a run that goes on sees what it would have seen.
        begin: function without arguments, called before the phase's first epoch, or
            `None`.
    """

    name: str
    num_epochs: int
    play: Callable
    begin: Callable | None = None


def play_phases(phases, *, evaluate, evaluate_every, checkpoint, description="Phases"):
    """Play phases one after the other; a killed run goes on where it was.

    Args:
        phases: list of `Phase`. Their epochs are those of one training run.
        evaluate: function of the epochs done that returns a dict of floats. It is
            called after the first epoch, every `evaluate_every`, at each phase's end.
        evaluate_every: int >= 1.
        checkpoint: `helpers.train.checkpoint.Checkpoint` of all that the run changes.
        description: str. Stands beside the bar.

    Returns:
        dict of lists, as `helpers.train.loop.train` gives it: what was evaluated, with
        `epoch` (those done at that time), and the `seconds` of each epoch.
    """
    ends = np.cumsum([phase.num_epochs for phase in phases])
    clock = {}

    def step(epoch):
        clock.update(done=epoch + 1, start=time.perf_counter())
        number = int(np.searchsorted(ends, epoch, side="right"))
        phase = phases[number]
        if phase.begin and epoch == ends[number] - phase.num_epochs:
            phase.begin()
        return phase.play(epoch)

    def measure():
        done, found = clock["done"], {}
        if done % evaluate_every == 0 or done in (1, *ends):
            found = {"epoch": done} | evaluate(done)
        return found | {"seconds": time.perf_counter() - clock["start"]}

    def epoch_batches(epoch):
        yield (epoch,)  # one batch: what an epoch plays with follows from its number

    return train(
        step,
        epoch_batches,
        num_epochs=int(ends[-1]),
        checkpoint=checkpoint,
        evaluate=measure,
        description=description,
    )


def parts_of_run(run):
    """Cut the curve of a run into its phases.

    Args:
        run: dict with `phases`, a list of `[name, num_epochs]`, and `curve`, a dict of
            lists with `epoch` among them.

    Returns:
        dict of a phase's name to a dict of arrays: `epoch`, counted from 0 at the
        phase's start, and the measures. The first entry is where the first phase ended.
    """
    curve = {name: np.asarray(values) for name, values in run["curve"].items()}
    at, parts, end = curve["epoch"], {}, 0
    first = run["phases"][0][1]
    for name, num_epochs in run["phases"]:
        inside = (at > end) & (at <= end + num_epochs)
        keep = np.flatnonzero(inside)
        if end:
            keep = np.append(np.flatnonzero(at == first), keep)
        parts[name] = {key: values[keep] for key, values in curve.items()}
        parts[name]["epoch"] = at[keep] - end
        if end:
            parts[name]["epoch"][0] = 0
        end += num_epochs
    return parts
