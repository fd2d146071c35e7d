import json
import signal
import subprocess
import sys

from helpers.train.checkpoint import Checkpoint
from helpers.train.loop import TrainingDiverged, batches, train

import keras
import numpy as np
import pytest
from keras import ops

NUMPY = ops.convert_to_numpy


def test_batches_hold_each_row_at_most_once_and_keep_rows_together():
    x, y = np.arange(10), np.arange(10) * 3
    found = list(batches(x, y, batch_size=3, rng=np.random.default_rng(0)))
    assert [len(a) for a, _ in found] == [3, 3, 3]
    rows = np.concatenate([a for a, _ in found])
    assert len(set(rows)) == 9 and not np.array_equal(rows, np.arange(9))
    np.testing.assert_array_equal(np.concatenate([b for _, b in found]), rows * 3)


def test_batches_without_rng_keep_the_order():
    found = list(batches(np.arange(4), batch_size=2, rng=None))
    np.testing.assert_array_equal(found, [[[0, 1]], [[2, 3]]])


@pytest.mark.parametrize("batch_size", [0, 5])
def test_batch_size_out_of_range_is_named(batch_size):
    with pytest.raises(ValueError, match=rf"in \[1, 4\], got {batch_size}"):
        next(batches(np.zeros(4), batch_size=batch_size, rng=None))


def test_unequal_lengths_are_named():
    with pytest.raises(ValueError, match=r"one length, got \[2, 3\]"):
        next(batches(np.zeros(2), np.zeros(3), batch_size=1, rng=None))


def test_history_is_the_mean_over_the_batches_of_an_epoch():
    results = iter([1.0, 3.0, (10.0, {"extra": 2.0}), (20.0, {"extra": 4.0})])
    history = train(
        lambda _: next(results),
        lambda epoch: [(0,), (1,)],
        num_epochs=2,
        evaluate=lambda: {"validation": 7},
    )
    assert history == {"loss": [2.0, 15.0], "validation": [7.0, 7.0], "extra": [3.0]}


def test_no_batch_is_an_error():
    with pytest.raises(ValueError, match="no batch"):
        train(lambda: 0.0, lambda epoch: [], num_epochs=1)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_divergence_names_the_step_and_puts_the_last_good_weights_back(tmp_path, bad):
    value = keras.Variable(0.0)
    losses = iter([1.0, 1.0, 1.0, bad, 1.0, 1.0])

    def step():
        value.assign(value + 1)
        return next(losses)

    checkpoint = Checkpoint(tmp_path / "run.npz", [value], every_seconds=0)
    with pytest.raises(TrainingDiverged, match="step 2 of epoch 2.*after 1 epochs"):
        train(step, lambda epoch: [(), ()], num_epochs=3, checkpoint=checkpoint)
    assert float(NUMPY(value)) == 2.0
    assert not checkpoint.path.exists()  # another try is another run


def test_weights_that_became_nan_while_the_loss_was_finite_are_not_good(
    tmp_path, capsys
):
    value, good = keras.Variable(0.0), iter([1.0, 2.0, float("nan"), 4.0])

    def step():
        loss = float(NUMPY(value))  # of the weights before this step
        value.assign(next(good))
        return loss

    checkpoint = Checkpoint(tmp_path / "run.npz", [value], every_seconds=0)
    with pytest.raises(TrainingDiverged, match="step 1 of epoch 4.*after 2 epochs"):
        train(step, lambda epoch: [()], num_epochs=4, checkpoint=checkpoint)
    assert "No checkpoint after epoch 3" in capsys.readouterr().out
    assert float(NUMPY(value)) == 2.0


@pytest.mark.parametrize("has_checkpoint", [False, True])
def test_divergence_promises_no_weights_that_were_not_kept(tmp_path, has_checkpoint):
    (tmp_path / "file").write_text("not a folder")
    value = keras.Variable(0.0)
    checkpoint = Checkpoint(tmp_path / "file" / "run.npz", [value], every_seconds=0)

    def step():
        value.assign(float("nan"))
        return value

    with pytest.raises(TrainingDiverged, match="those of the failed run") as error:
        train(
            step,
            lambda epoch: [()],
            num_epochs=1,
            checkpoint=checkpoint if has_checkpoint else None,
        )
    assert "epochs" not in str(error.value)


def test_fewer_epochs_than_are_done_is_an_error_and_more_are_not(tmp_path, capsys):
    value = keras.Variable(0.0)
    checkpoint = Checkpoint(tmp_path / "run.npz", [value], every_seconds=0)

    def step():
        value.assign(value + 1)
        return 1.0

    def run(num_epochs):
        return train(
            step, lambda epoch: [()], num_epochs=num_epochs, checkpoint=checkpoint
        )

    value.assign(7.0)
    checkpoint.save(7, {"loss": [1.0] * 7})
    value.assign(0.0)
    with pytest.raises(ValueError, match="after 7 epochs, this run shall have 5"):
        run(5)
    assert float(NUMPY(value)) == 0.0
    assert len(run(9)["loss"]) == 9
    assert float(NUMPY(value)) == 9.0
    assert "Resuming at epoch 8 of 9" in capsys.readouterr().out


def test_a_run_killed_after_its_last_epoch_says_that_nothing_is_left(tmp_path, capsys):
    checkpoint = Checkpoint(tmp_path / "run.npz", [keras.Variable(0.0)])
    checkpoint.save(2, {"loss": [2.0, 1.0]})
    history = train(None, None, num_epochs=2, checkpoint=checkpoint)
    assert history == {"loss": [2.0, 1.0]}
    assert "after the last of 2 epochs" in capsys.readouterr().out


RUN = """
import json, os, signal, sys
from helpers.train.checkpoint import Checkpoint
from helpers.train.loop import batches, train
from helpers.train.step import gradient_step
import keras
import numpy as np
from keras import layers, ops

path, kill_at, settings = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
rate, batch_size = settings["rate"], settings["batch_size"]
keras.utils.set_random_seed(0)
dropout = layers.Dropout(0.3, seed=1)
model = keras.Sequential([layers.Dense(4), dropout, layers.Dense(1)])
model.build((None, 3))
optimizer = keras.optimizers.Adam(rate)
noise = keras.random.SeedGenerator(2)

def loss_fn(x, y):
    shift = keras.random.normal((), seed=noise)
    return ops.mean(ops.square(model(x, training=True) - y + 0.1 * shift))

step = gradient_step(loss_fn, train=[model], uses=[noise], optimizer=optimizer)
data = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")

def epoch_batches(epoch):
    if epoch == kill_at:
        os.kill(os.getpid(), signal.SIGKILL)
    rng = np.random.default_rng([0, epoch])
    return batches(data[:, :3], data[:, 3:], batch_size=batch_size, rng=rng)

checkpoint = Checkpoint(
    path,
    [model, optimizer, noise],
    settings={"batch_size": batch_size},
    every_seconds=0,
)
history = train(step, epoch_batches, num_epochs=5, checkpoint=checkpoint)
weights = [w.tolist() for w in model.get_weights()]
print(json.dumps([history, weights]))
"""


def run_to(path, kill_at, *, rate=0.01, batch_size=8):
    settings = json.dumps({"rate": rate, "batch_size": batch_size})
    command = [sys.executable, "-c", RUN, str(path), str(kill_at), settings]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_killed_run_resumes_to_the_result_of_an_unbroken_one(tmp_path):
    killed = run_to(tmp_path / "killed.npz", kill_at=3)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "killed.npz").exists()
    other = run_to(tmp_path / "killed.npz", kill_at=-1, rate=0.03, batch_size=4)
    assert other.returncode == 1 and other.stdout == ""
    assert "Adam.learning_rate: 0.01 there, 0.03 here" in other.stderr
    assert "batch_size: 8 there, 4 here" in other.stderr
    resumed = run_to(tmp_path / "killed.npz", kill_at=-1)
    message, resumed = resumed.stdout.splitlines()
    assert "Resuming at epoch 4 of 5" in message
    unbroken = run_to(tmp_path / "unbroken.npz", kill_at=-1)
    assert json.loads(resumed) == json.loads(unbroken.stdout)
    assert len(json.loads(resumed)[0]["loss"]) == 5
    assert list(tmp_path.iterdir()) == []  # done: nothing is left behind
