"""The tensor helpers' tests and every lesson, under JAX and under torch."""

import importlib.util
import os
import subprocess
import sys

import pytest

from helpers.paths import NOTEBOOKS, ROOT

TENSOR_TESTS = (
    *("test_training.py", "test_checkpoint.py", "test_likelihood.py"),
    *("test_metrics.py", "test_digit_network.py", "test_generation.py"),
    "test_recurrent.py",
)
NOTEBOOK_PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
NOTEBOOK_PATHS += sorted((NOTEBOOKS / "solutions").glob("*.ipynb"))
HOW = {"jax": "uv sync --inexact --group jax", "torch": "see CONTRIBUTING.md"}

pytestmark = pytest.mark.backends


@pytest.fixture(params=["jax", "torch"])
def backend(request):
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed: {HOW[request.param]}")
    return request.param


def run_pytest(backend, path):
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-m", "", str(path)]
    environment = os.environ | {"KERAS_BACKEND": backend}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.mark.parametrize("name", TENSOR_TESTS)
def test_tensor_helpers(backend, name):
    run_pytest(backend, ROOT / "tests" / name)


@pytest.mark.parametrize(
    "path", NOTEBOOK_PATHS, ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_lessons(backend, path):
    run_pytest(backend, path)
