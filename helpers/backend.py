"""Start Keras, and say what it runs on.

TensorFlow writes to file descriptor 2 while it is imported and while it finds its
devices, whatever the environment says. A page that imports helpers before `keras` keeps
those lines off its first cell; where the start fails, they are shown after all.
"""

import contextlib
import importlib.metadata
import logging
import os
import platform
import subprocess
import sys
import tempfile
import time

from helpers.processor import num_cores, processor_flags

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")  # no INFO lines later on either

PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy")
DONE = b"\0"  # what the start says when it ends; a crash says nothing

# Runs beside the start, with what is held back as its descriptor 1. A crash of the
# backend ends this process before it could show anything, so another one must do it.
WITNESS = f"""
import os
if os.read(0, 1) != {DONE!r}:
    os.lseek(1, 0, os.SEEK_SET)
    while piece := os.read(1, 65536):
        os.write(2, piece)
"""


@contextlib.contextmanager
def hold_back_stderr():
    """Hold back what a `with` block writes to file descriptor 2, and drop it.

    Where the block raises an error, or the whole process crashes in it, all of it is
    shown.
    """
    kept = os.dup(2)
    # A notebook's kernel reads descriptor 2 itself; the terminal outlives a crash.
    terminal = getattr(sys.stderr, "_original_stdstream_copy", None) or kept
    command = [sys.executable, "-I", "-S", "-c", WITNESS]
    with (
        tempfile.TemporaryFile("a+b") as held,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=held,
            stderr=terminal,
            start_new_session=True,  # Ctrl-C is for the start, not for the witness
        ) as witness,
    ):
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.write(witness.stdin.fileno(), DONE)


with hold_back_stderr():
    import keras
    from keras import ops

    with contextlib.suppress(ImportError):
        import tensorflow  # noqa: F401  (Keras imports it later on any backend)

    ops.zeros((1,))  # starts the device, which is when the lines appear

# Lessons compile a graph for each setting on purpose; TensorFlow would warn of it. Only
# now, since its import sets the level.
logging.getLogger("tensorflow").setLevel(logging.ERROR)


def backend_name():
    """Return what Keras computes with: `"tensorflow"`, `"jax"` or `"torch"`."""
    return keras.backend.backend()


def has_gpu():
    """Return whether the Keras backend sees a GPU."""
    if backend_name() == "torch":
        import torch

        return torch.cuda.is_available()
    try:
        return bool(keras.distribution.list_devices("gpu"))
    except RuntimeError:  # JAX's way of saying none
        return False


def device_name():
    """Return what computes here, such as `"2 CPU cores"` or `"GPU"`."""
    if has_gpu():
        return "GPU"
    return f"{num_cores()} CPU cores"


def fast_product_dtype():
    """Return the precision in which matrix products should be computed here.

    Returns:
        `"bfloat16"` where the processor has instructions for it that TensorFlow uses
        (`avx512_bf16` or `amx_bf16`), else `"float32"`. JAX and PyTorch gain nothing
        from them here.

    It asks the processor and times nothing, so the same machine always answers the
    same, and a run repeats to the digit.
    """
    uses_them = backend_name() == "tensorflow" and not has_gpu()
    fast = uses_them and processor_flags() & {"avx512_bf16", "amx_bf16"}
    return "bfloat16" if fast else "float32"


def product_gflops():
    """Return the speed of float32 matrix products here, in GFLOP/s.

    It tells how fast a machine is, so that times from two machines can be compared. Two
    square matrices of 1,024 rows (4,096 on a GPU) are multiplied once to start and five
    times to measure; the fastest counts, since other work on the machine can only slow
    it down. A product of n rows takes 2 n³ operations.

    It uses the threads and the precision of products that the page has set for its
    backend. Takes well under a second.
    """
    num_rows = 4096 if has_gpu() else 1024
    matrix = ops.full((num_rows, num_rows), 0.5, dtype="float32")
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        product = ops.matmul(matrix, matrix)
        ops.convert_to_numpy(product[0, 0])  # waits for the product
        seconds.append(time.perf_counter() - start)
    return 2 * num_rows**3 / min(seconds[1:]) / 1e9


def memory_mib():
    """Return the machine's memory in MiB."""
    import psutil

    return psutil.virtual_memory().total // 2**20


def peak_mib():
    """Return the largest memory that this process has held so far, in MiB."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        import psutil

        return psutil.Process().memory_info().peak_wset // 2**20
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // 2**20


def versions():
    """Return dict of name to version: Python and the packages that matter here."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
