"""The script that trains the digit feature network, on a few drawn digits."""

import importlib.util
import re

from course import results
from helpers.data.images import load_digits
from helpers.files import DATA
from helpers.measure.digit_network import digit_probs

import numpy as np
import pytest
from keras import ops


@pytest.fixture(scope="module")
def script():
    path = DATA / "make_digit_network.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def digits():
    return load_digits("drawn", num_train=512, num_test=1, seed=3)


def test_augmented_digits_differ_and_are_still_read(script, digits):
    rng = np.random.default_rng(0)
    images = ops.convert_to_numpy(script.augment(digits.x_train, rng=rng))
    assert images.shape == digits.x_train.shape
    assert images.min() >= 0 and images.max() <= 1
    changed = np.abs(images - digits.x_train).max(axis=(1, 2))
    assert np.all(changed > 0.1)
    read = digit_probs(images).argmax(axis=1)
    assert np.mean(read == digits.y_train) > 0.95


def test_training_lowers_the_loss(script, digits, capsys):
    script.train_network(digits.x_train, digits.y_train, num_epochs=3, seed=0)
    told = capsys.readouterr().out
    losses = [float(x) for x in re.search("nats: (.*)", told)[1].split()]
    assert len(losses) == 3
    assert losses[-1] < losses[0] < 3  # the mean of the first epoch, near ln 10


def test_accuracy_is_the_fraction_read_as_labelled(script):
    class Network:
        def predict(self, x, **_):
            return None, np.eye(10)[[3, 1, 4, 1]]

    assert script.accuracy(Network(), None, np.array([3, 1, 4, 5])) == 3 / 4


def test_a_figure_goes_to_the_ledger(script, tmp_path, monkeypatch):
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results.json")
    monkeypatch.setenv("COURSE_LEDGER", "")  # put back what the script changes
    script.record("digit_features_accuracy", 0.75, source="mnist")
    [row] = results.load()
    assert (row["lesson"], row["metric"]) == ("helpers", "digit_features_accuracy")
    assert (row["value"], row["unit"], row["source"]) == (0.75, "fraction", "mnist")
