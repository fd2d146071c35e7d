"""Phases under one checkpoint: in order, and whole after a kill."""

from helpers.train.checkpoint import Checkpoint
from helpers.train.phases import Phase, parts_of_run, play_phases

import keras
import numpy as np
import pytest


class Killed(Exception):
    pass


def play(path, *, killed_after=None):
    """Add 1 in each epoch of the first phase, double in the second; begin at 10."""
    value, seen = keras.Variable(0.0), []

    def count(epoch):
        if killed_after is not None and epoch == killed_after:
            raise Killed
        seen.append(epoch)
        value.assign(value + 1.0)
        return {"loss": 0.0}

    def double(epoch):
        count(epoch)
        value.assign(2.0 * (value - 1.0))
        return {"loss": 0.0}

    phases = [
        Phase("count", 3, count),
        Phase("double", 2, double, begin=lambda: value.assign(10.0)),
    ]
    history = play_phases(
        phases,
        evaluate=lambda done: {"value": float(value)},
        evaluate_every=2,
        checkpoint=Checkpoint(path, [value], every_seconds=0),
    )
    return history, seen


def test_phases_come_in_order_and_are_measured_at_their_ends(tmp_path):
    history, seen = play(tmp_path / "run.npz")
    assert seen == [0, 1, 2, 3, 4]
    assert history["epoch"] == [1, 2, 3, 4, 5]
    assert history["value"] == [1, 2, 3, 20, 40]
    assert len(history["seconds"]) == 5


@pytest.mark.parametrize("killed_after", [1, 3, 4])
def test_a_killed_run_goes_on_as_if_nothing_happened(tmp_path, killed_after):
    path = tmp_path / "run.npz"
    with pytest.raises(Killed):
        play(path, killed_after=killed_after)
    history, seen = play(path)
    assert seen == list(range(killed_after, 5))
    assert history["value"] == [1, 2, 3, 20, 40]


def test_a_run_is_cut_into_its_phases():
    run = {
        "phases": [["a", 2], ["b", 2], ["c", 1]],
        "curve": {"epoch": [1, 2, 3, 4, 5], "nll": [9, 8, 7, 6, 5]},
    }
    parts = parts_of_run(run)
    assert parts["a"]["epoch"].tolist() == [1, 2]
    assert parts["b"]["nll"].tolist() == [8, 7, 6]
    assert parts["b"]["epoch"].tolist() == [0, 1, 2]
    assert parts["c"]["nll"].tolist() == [8, 5]
    assert np.array(run["curve"]["epoch"]).tolist() == [1, 2, 3, 4, 5]
