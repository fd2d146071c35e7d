import gzip
import hashlib

import numpy as np
import pytest

from helpers import data
from helpers.data import batches, load_digits
from helpers.fetch import Unavailable


@pytest.fixture
def nothing_here(tmp_path, monkeypatch):
    """A machine without any real data."""
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("COURSE_OFFLINE", "1")


@pytest.fixture
def classroom(tmp_path, monkeypatch):
    """A classroom folder with small real-format files whose sums the module expects."""
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.integers(0, 256, (60_000, 28, 28), dtype="uint8"),
        "y_train": rng.integers(0, 10, 60_000, dtype="uint8"),
        "x_test": rng.integers(0, 256, (10_000, 28, 28), dtype="uint8"),
        "y_test": rng.integers(0, 10, 10_000, dtype="uint8"),
    }
    np.savez(tmp_path / "mnist.npz", **arrays)
    monkeypatch.setattr(data, "MNIST_SHA256", sha256_of(tmp_path / "mnist.npz"))
    (tmp_path / "fashion-mnist").mkdir()
    sums = {}
    for name, array in zip(data.FASHION_SHA256, arrays.values(), strict=True):
        path = tmp_path / "fashion-mnist" / name
        header = bytes([0, 0, 8, array.ndim])
        header += np.array(array.shape, ">u4").tobytes()
        with gzip.open(path, "wb", compresslevel=0) as file:
            file.write(header + array.tobytes())
        sums[name] = sha256_of(path)
    monkeypatch.setattr(data, "FASHION_SHA256", sums)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    return arrays


def sha256_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("source", ["auto", "mnist", "fashion"])
def test_real_images_come_scaled_and_in_order(classroom, source):
    digits = load_digits(source, num_train=50, num_test=20)
    expected = classroom["x_train"][:50].astype("float32") / 255
    np.testing.assert_array_equal(digits.x_train, expected)
    np.testing.assert_array_equal(digits.y_test, classroom["y_test"][:20])
    assert digits.x_test.shape == (20, 28, 28)
    assert digits.x_test.dtype == "float32" and digits.y_test.dtype == "int64"
    assert digits.source == ("fashion" if source == "fashion" else "mnist")
    assert len(digits.class_names) == 10 and digits.factors_train is None


def test_without_any_data_digits_are_drawn_and_it_says_so(nothing_here, capsys):
    digits = load_digits(num_train=30, num_test=10, seed=1)
    assert digits.source == "drawn"
    assert digits.x_train.shape == (30, 28, 28) and digits.x_test.shape == (10, 28, 28)
    assert 0 <= digits.x_train.min() < digits.x_train.max() <= 1
    assert all(len(values) == 30 for values in digits.factors_train.values())
    told = capsys.readouterr().out
    assert told.count("\n") == 1 and "drawn" in told and "COURSE_DATA" in told


def test_drawn_digits_depend_on_the_seed_alone(nothing_here):
    same = [load_digits("drawn", num_train=20, num_test=5, seed=s) for s in (1, 1, 2)]
    np.testing.assert_array_equal(same[0].x_train, same[1].x_train)
    assert not np.array_equal(same[0].x_train, same[2].x_train)


@pytest.mark.parametrize("source", ["mnist", "fashion"])
def test_a_set_asked_for_by_name_is_never_replaced(nothing_here, source):
    with pytest.raises(Unavailable, match="COURSE_DATA"):
        load_digits(source)


def test_a_pickle_in_the_archive_is_not_loaded(classroom, tmp_path, monkeypatch):
    np.savez(tmp_path / "mnist.npz", x_train=np.array([{"a": 1}], dtype=object))
    monkeypatch.setattr(data, "MNIST_SHA256", sha256_of(tmp_path / "mnist.npz"))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        load_digits("mnist")


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"source": "minst"}, "got 'minst'"),
        ({"num_train": 0}, "num_train must be at least 1 and at most 60000, got 0"),
        ({"num_test": 10_001}, "num_test .* at most 10000, got 10001"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        load_digits(**arguments)


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
