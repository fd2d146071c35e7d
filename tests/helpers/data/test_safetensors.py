import json

from helpers.data.safetensors import read_safetensors

import numpy as np
import pytest


def write_safetensors(path, arrays, *, change=None, metadata=None):
    """Write float32 arrays as the format's description says; `change` the header."""
    header, parts, start = {}, [], 0
    for name, array in arrays.items():
        parts.append(np.asarray(array, "<f4").tobytes())
        end = start + len(parts[-1])
        header[name] = {
            "dtype": "F32",
            "shape": array.shape,
            "data_offsets": [start, end],
        }
        start = end
    if metadata:
        header["__metadata__"] = metadata
    text = json.dumps(header if change is None else change(header)).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(parts))
    return path


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {
        "a": rng.normal(size=(3, 4)).astype("float32"),
        "b.c": rng.normal(size=(5,)).astype("float32"),
        "empty": np.zeros((0, 2), "float32"),
    }


def test_the_arrays_come_back(tmp_path, arrays):
    path = write_safetensors(tmp_path / "x.safetensors", arrays, metadata={"by": "me"})
    found = read_safetensors(path)
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == "float32"


@pytest.mark.parametrize("keep", [0, 7, 8, 60, -1])
def test_a_truncated_file_is_refused_and_named(tmp_path, arrays, keep):
    path = write_safetensors(tmp_path / "cut.safetensors", arrays)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match="cut.safetensors"):
        read_safetensors(path)


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 some archive, which is no safetensors file",
        (4).to_bytes(8, "little") + b"[1] " + b"rest",
        (9).to_bytes(8, "little") + b'{"a": {}}',
        (4).to_bytes(8, "little") + b"\xff\xfe\xfd\xfc",
    ],
)
def test_a_foreign_file_is_refused_and_named(tmp_path, content):
    path = tmp_path / "other.bin"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="other.bin is no"):
        read_safetensors(path)


def test_a_shape_that_does_not_fit_its_bytes_is_named(tmp_path, arrays):
    def change(header):
        header["a"]["shape"] = [3, 5]
        return header

    path = write_safetensors(tmp_path / "x.safetensors", arrays, change=change)
    with pytest.raises(ValueError, match=r"a of shape \(3, 5\).*60 bytes.*has 48"):
        read_safetensors(path)


def test_an_unknown_dtype_is_named(tmp_path, arrays):
    def change(header):
        header["b.c"]["dtype"] = "F8"
        return header

    path = write_safetensors(tmp_path / "x.safetensors", arrays, change=change)
    with pytest.raises(ValueError, match="b.c has dtype 'F8'"):
        read_safetensors(path)
