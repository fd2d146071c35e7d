"""The tensor helpers' tests and every lesson, under JAX and under torch."""

import importlib.util
import os
import subprocess
import sys

from helpers import catalogue
from helpers.files import ROOT

import pytest
from imports import import_graph, imported, reachable

EXECUTED = ("lesson", "further", "solution")
# JAX compiles in three quarters of the time, and nothing here runs for long.
QUICKLY = "--xla_backend_optimization_level=0"
HOW = {"jax": "uv sync --inexact --group jax", "torch": "see CONTRIBUTING.md"}


def uses_keras(source):
    """Return whether a source imports Keras, by itself or by modules of helpers."""
    names = reachable(imported(source), import_graph("helpers"))
    return any(name.split(".")[0] == "keras" for name in names)


TENSOR_TESTS = sorted(
    path
    for path in (ROOT / "tests" / "helpers").rglob("test_*.py")
    if uses_keras(path.read_text("utf-8"))
)


@pytest.fixture(params=["jax", "torch"])
def backend(request):
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed: {HOW[request.param]}")
    return request.param


def run_pytest(backend, path):
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-m", "", str(path)]
    environment = os.environ | {"KERAS_BACKEND": backend, "XLA_FLAGS": QUICKLY}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.mark.backends
@pytest.mark.parametrize("path", TENSOR_TESTS, ids=lambda path: path.stem)
def test_tensor_helpers(backend, path):
    run_pytest(backend, path)


@pytest.mark.backends
@pytest.mark.parametrize("page", catalogue.pages(*EXECUTED), ids=lambda page: page.name)
def test_pages(backend, page):
    run_pytest(backend, page.path)


@pytest.mark.parametrize(
    "source, uses",
    [
        ("from keras import ops", True),
        ("from helpers.train.step import gradient_step", True),
        ("def test():\n    from helpers import lessons", True),
        ("from helpers.files import ROOT\nplace = ROOT / '.keras'", False),
    ],
)
def test_a_test_of_tensors_is_found_by_what_it_imports(source, uses):
    assert uses_keras(source) is uses
