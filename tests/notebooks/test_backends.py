"""The tensor helpers' tests and every lesson, under JAX and under torch."""

import importlib.util
import os
import subprocess
import sys

from helpers import catalogue
from helpers.files import ROOT

import pytest

EXECUTED = ("lesson", "further", "solution")
TENSOR_TESTS = sorted(
    path
    for path in (ROOT / "tests" / "helpers").rglob("test_*.py")
    if "keras" in path.read_text("utf-8")
)
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


@pytest.mark.parametrize("path", TENSOR_TESTS, ids=lambda path: path.stem)
def test_tensor_helpers(backend, path):
    run_pytest(backend, path)


@pytest.mark.parametrize("page", catalogue.pages(*EXECUTED), ids=lambda page: page.name)
def test_pages(backend, page):
    run_pytest(backend, page.path)
