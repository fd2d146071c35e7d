import gzip
import hashlib

from helpers.data.fetch import Unavailable
from helpers.data.images import load_digits
from helpers.data.sources import FILES

import numpy as np
import pytest


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
    (tmp_path / "fashion-mnist").mkdir()
    names = [name for name in FILES if name.startswith("fashion-mnist/")]
    for name, array in zip(names, arrays.values(), strict=True):
        header = bytes([0, 0, 8, array.ndim])
        header += np.array(array.shape, ">u4").tobytes()
        with gzip.open(tmp_path / name, "wb", compresslevel=0) as file:
            file.write(header + array.tobytes())
    for name in ("mnist.npz", *names):
        expect(tmp_path, name, monkeypatch)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    return arrays


def expect(folder, name, monkeypatch):
    """Let the course expect the file as it is in a folder."""
    sha256 = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    monkeypatch.setitem(FILES[name], "sha256", sha256)


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
    expect(tmp_path, "mnist.npz", monkeypatch)
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
