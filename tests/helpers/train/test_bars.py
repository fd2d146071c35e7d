"""A bar moves within an epoch, and says at its end what was done."""

import io

from helpers.train import bars
from helpers.train.loop import train

import keras
import numpy as np
import pytest


class Recorder(bars.tqdm):
    """A bar that keeps where it was and what it said."""

    made = []

    def __init__(self, **options):
        super().__init__(**options, file=io.StringIO(), mininterval=0)
        self.places, self.told = [], []
        Recorder.made.append(self)

    def update(self, n=1):
        super().update(n)
        self.places.append(self.n)

    def set_postfix_str(self, s="", refresh=True):
        super().set_postfix_str(s, refresh)
        self.told.append(s)


@pytest.fixture
def clock(monkeypatch):
    """Two bars' tqdm and clock; the clock stands unless it is moved."""
    now = [0.0]
    monkeypatch.setattr(bars.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(bars, "tqdm", Recorder)
    monkeypatch.setattr(Recorder, "made", [])
    return now


def test_the_first_epoch_counts_steps_and_later_ones_move_the_bar(clock):
    def step():
        clock[0] += 0.3
        return 2.0

    train(step, lambda epoch: [()] * 4, num_epochs=3)
    [bar] = Recorder.made
    assert bar.told[:2] == ["step 2", "step 4"]
    np.testing.assert_allclose(bar.places[:6], [1, 1.25, 1.5, 1.75, 2, 2])
    assert bar.n == 3 and "loss=2" in str(bar) and "epoch 3.0 of 3" in str(bar)
    assert bar.leave


def test_a_short_training_leaves_no_line(clock):
    train(lambda: 1.0, lambda epoch: [()], num_epochs=2)
    [bar] = Recorder.made
    assert not bar.leave


def test_no_epoch_is_no_bar(clock):
    assert train(None, None, num_epochs=0) == {}


def test_a_resumed_run_begins_where_it_was(clock):
    bar = bars.EpochBar("Training", num_epochs=4, first_epoch=3)
    assert bar.bar.n == 3
    bar.step()
    bar.end_epoch({"loss": 1.0})
    assert bar.bar.n == 4
    bar.close()


def test_a_failing_run_closes_its_bar(clock):
    def step():
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        train(step, lambda epoch: [()], num_epochs=2)
    assert Recorder.made[0].disable  # closed


def test_fit_moves_the_same_bar_by_the_step(clock):
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(loss="mse", optimizer="sgd")
    x = np.zeros((8, 3), "float32")
    model.fit(x, x[:, :1], batch_size=2, epochs=2, verbose=0, callbacks=[bars.FitBar()])
    [bar] = Recorder.made
    np.testing.assert_allclose(sorted(set(bar.places)), np.arange(1, 9) / 4)
    assert "loss=0" in str(bar)
