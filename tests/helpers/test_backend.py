import os
import signal
import subprocess
import sys

from helpers import backend
from helpers.files import ROOT

import keras
import numpy as np
import psutil
import pytest
from keras import ops

NOISE = 'import os\nos.write(2, b"a line of the backend\\n")\n'
GRANDCHILD = """\
import subprocess, sys
command = [sys.executable, "-c", "import time; time.sleep(100)"]
own = subprocess.Popen(command, stdout=subprocess.DEVNULL)
print(own.pid, flush=True)
"""


@pytest.fixture
def start(tmp_path):
    """Return a function that starts a process where Keras's start is as given."""
    (tmp_path / "tensorflow.py").touch()
    children = []

    def run(source, *, then=""):
        (tmp_path / "keras.py").write_text(
            "import types\nops = types.SimpleNamespace(zeros=len)\n" + source, "utf-8"
        )
        paths = os.pathsep.join([str(tmp_path), str(ROOT)])
        done = subprocess.run(
            [sys.executable, "-c", f"from helpers import backend\n{then}"],
            env=os.environ | {"PYTHONPATH": paths},
            cwd=tmp_path,
            capture_output=True,
            timeout=60,
            text=True,
        )
        children.extend(map(int, done.stdout.split()))
        return done

    yield run
    for child in children:
        os.kill(child, signal.SIGKILL)


def test_a_good_start_shows_nothing_and_what_comes_later_is_shown(start):
    done = start(NOISE, then="import os; os.write(2, b'later')")
    assert (done.returncode, done.stderr) == (0, "later")


def test_a_start_that_raises_an_error_shows_what_the_backend_wrote(start):
    done = start(NOISE + "raise ImportError('no such library')")
    assert done.returncode == 1
    assert done.stderr.startswith("a line of the backend\nTraceback")
    assert "ImportError: no such library" in done.stderr


def test_a_start_that_crashes_shows_what_the_backend_wrote(start):
    done = start(NOISE + "os.abort()")
    assert done.returncode == -signal.SIGABRT
    assert "a line of the backend\n" in done.stderr


@pytest.mark.parametrize("end, told", [("", ""), ("os.abort()", "a line of")])
def test_a_process_that_the_backend_leaves_behind_delays_nothing(start, end, told):
    done = start(NOISE + GRANDCHILD + end)
    assert done.stdout and told in done.stderr
    assert bool(done.stderr) == bool(told)


def test_the_backend_is_the_one_that_was_asked_for():
    name = os.environ.get("KERAS_BACKEND", "tensorflow")
    assert backend.backend_name() == name
    package = type(ops.zeros((1,))).__module__.split(".")[0]
    assert package.startswith(name)  # JAX's arrays are of the package jaxlib


def test_the_speed_of_products_counts_the_fastest_of_those_after_the_first(
    monkeypatch,
):
    # a product of 1,024 rows takes 2 * 1,024³ = 2.147 billion operations
    seconds = [0.001, 0.5, 0.25, 0.125, 0.25, 0.5]
    ticks = iter([tick for end in seconds for tick in (0.0, end)])
    monkeypatch.setattr(backend.time, "perf_counter", lambda: next(ticks))
    monkeypatch.setattr(backend, "has_gpu", lambda: False)
    assert backend.product_gflops() == pytest.approx(2.147483648 / 0.125)


def test_the_device_is_named_by_its_cores_where_there_is_no_gpu(monkeypatch):
    monkeypatch.setattr(backend, "has_gpu", lambda: False)
    monkeypatch.setattr(backend, "num_cores", lambda: 3)
    assert backend.device_name() == "3 CPU cores"


def test_a_gpu_is_named(monkeypatch):
    monkeypatch.setattr(backend, "has_gpu", lambda: True)
    assert backend.device_name() == "GPU"


def test_peak_memory_grows_with_what_is_held_and_does_not_fall():
    before = backend.peak_mib()
    held_mib = psutil.Process().memory_info().rss // 2**20
    more = np.ones((before - held_mib + 200) * 2**20, dtype="uint8")
    during = backend.peak_mib()
    assert more[-1] == 1
    assert 150 <= during - before <= 250  # 200 above the peak, as far as pages go
    del more
    assert during <= backend.peak_mib() < backend.memory_mib()


def test_versions_name_python_and_what_is_installed():
    found = backend.versions()
    assert {"python", "keras", "numpy"} <= found.keys()
    assert found["keras"] == keras.__version__ and found["numpy"] == np.__version__


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
