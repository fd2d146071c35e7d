from helpers import backend

import keras
import numpy as np
import pytest


def test_the_backend_is_the_one_that_keras_uses():
    assert backend.backend_name() == keras.config.backend()


def test_the_device_is_named_by_its_cores_where_there_is_no_gpu(monkeypatch):
    monkeypatch.setattr(backend, "has_gpu", lambda: False)
    monkeypatch.setattr(backend, "num_cores", lambda: 3)
    assert backend.device_name() == "3 CPU cores"


def test_a_gpu_is_named(monkeypatch):
    monkeypatch.setattr(backend, "has_gpu", lambda: True)
    assert backend.device_name() == "GPU"


def test_peak_memory_grows_with_what_is_held_and_does_not_fall():
    before = backend.peak_mib()
    held = np.ones(400 * 2**20, dtype="uint8")  # 400 MiB
    during = backend.peak_mib()
    assert held.nbytes == 400 * 2**20
    assert during >= before
    del held
    assert backend.peak_mib() >= during
    assert 0 < during < backend.memory_mib()


def test_versions_name_python_and_what_is_installed():
    found = backend.versions()
    assert {"python", "keras", "numpy"} <= found.keys()
    assert found["keras"] == keras.__version__ and found["numpy"] == np.__version__


def test_processor_flags_are_those_that_the_system_lists(tmp_path):
    listing = tmp_path / "cpuinfo"
    listing.write_text("processor\t: 0\nflags\t\t: fpu avx2 amx_bf16\n", "utf-8")
    assert backend.processor_flags(listing) == {"fpu", "avx2", "amx_bf16"}
    assert backend.processor_flags(tmp_path / "no such file") == set()


@pytest.mark.parametrize(
    ("flags", "dtype"),
    [
        ({"avx2"}, "float32"),
        ({"avx2", "avx512_bf16"}, "bfloat16"),
        ({"amx_bf16"}, "bfloat16"),
    ],
)
def test_precision_follows_the_processor(monkeypatch, flags, dtype):
    monkeypatch.setattr(backend, "processor_flags", lambda: flags)
    monkeypatch.setattr(backend, "backend_name", lambda: "tensorflow")
    monkeypatch.setattr(backend, "has_gpu", lambda: False)
    assert backend.fast_product_dtype() == dtype
    monkeypatch.setattr(backend, "backend_name", lambda: "jax")
    assert backend.fast_product_dtype() == "float32"
