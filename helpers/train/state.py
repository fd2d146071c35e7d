"""Copies of what learning changes, to come back to a point of a training run."""

from helpers.backend import ops

import numpy as np


def get_state(player):
    """Return a copy of the values of `player.variables`, a list of NumPy arrays."""
    return [np.array(ops.convert_to_numpy(v.value)) for v in player.variables]


def set_state(player, state):
    """Put back a state from `get_state`.

    Raises:
        ValueError: the state is of another number of variables.
    """
    for variable, value in zip(player.variables, state, strict=True):
        variable.assign(value)


def follow(slow, fast, *, rate):
    """Move the weights of one network towards those of another of the same shape.

    Args:
        slow, fast: networks with `weights`; `slow` is changed.
        rate: float in [0, 1]. The share that `slow` keeps of itself; 0 copies `fast`.
    """
    for weight, target in zip(slow.weights, fast.weights, strict=True):
        weight.assign(rate * weight.value + (1 - rate) * target.value)
